// SPDX-License-Identifier: GPL-2.0

//! Makes code of the model of a directory. Please see [`crate::sysfs_dir`] for what comes out.

use proc_macro2::TokenStream;
use quote::{
    format_ident,
    quote, //
};
use syn::{
    ext::IdentExt,
    Ident,
    LitStr,
    Meta,
    Result, //
};

use crate::dir::{
    c_string,
    Attr,
    Children,
    Dir,
    Entry,
    EntryKind,
    Held,
    Names, //
};

/// One name of a file, as the tables have it.
struct FileName<'a> {
    name: &'a LitStr,
    alias_of: Option<&'a LitStr>,
    cfg: Option<&'a Meta>,
}

/// Lists the names of a file.
fn file_names(names: &Names) -> impl Iterator<Item = FileName<'_>> {
    std::iter::once(FileName {
        name: &names.name,
        alias_of: None,
        cfg: None,
    })
    .chain(names.aliases.iter().map(|alias| FileName {
        name: &alias.name,
        alias_of: Some(&names.name),
        cfg: alias.cfg.as_ref(),
    }))
}

/// Returns the name of the constant that is the file called `name`.
fn file_const(name: &LitStr) -> Ident {
    let clean: String = name
        .value()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();

    format_ident!("__FILE_{}", clean, span = name.span())
}

/// What a file of the directory needs in the tables.
struct FileCode<'a> {
    names: &'a Names,
    doc: &'a str,
    writable: bool,
    show: TokenStream,
    store: TokenStream,
    kind: TokenStream,
    default: TokenStream,
}

/// Returns the `store` of a file, which does what `body` says.
fn stored(body: TokenStream) -> TokenStream {
    quote!(Some(|this, input| {
        ::kernel::kobject::Stored::with(input, || #body)
    }))
}

/// Returns the code of a file that holds a value.
fn attr_file<'a>(ident: &Ident, attr: &'a Attr, doc: &'a str) -> FileCode<'a> {
    let show = match (&attr.show, &attr.held) {
        (Some(show), _) => quote!(Some(|this, out| (#show)(this, out))),
        (None, Held::Value(ty)) => quote!(Some(
            |this, out| <#ty as ::kernel::kobject::AttrValue>::emit(this.#ident.get(), out)
        )),
        (None, Held::Cell(ty)) => quote!(Some(
            |this, out| <#ty as ::kernel::kobject::AttrCell>::show(&this.#ident, out)
        )),
        (None, Held::Nothing) => quote!(None),
    };
    let store = match (&attr.store, &attr.held) {
        _ if !attr.writable => quote!(None),
        (Some(store), _) => stored(quote!((#store)(this, input))),
        (None, Held::Cell(ty)) => stored(quote!({
            <#ty as ::kernel::kobject::AttrCell>::store(&this.#ident, input)
        })),
        (None, Held::Value(ty)) => {
            let parse = match &attr.parse {
                Some(parse) => quote!((#parse)),
                None => quote!(<#ty as ::kernel::kobject::AttrValue>::parse),
            };
            stored(quote!({
                this.#ident.set(#parse(input)?);
                Ok(())
            }))
        }
        (None, Held::Nothing) => quote!(None),
    };
    let value = default_of(attr);

    FileCode {
        names: &attr.names,
        doc,
        writable: attr.writable,
        show,
        store,
        kind: match (&attr.kind, &attr.held) {
            (Some(kind), _) => quote!(#kind),
            (None, Held::Value(ty)) => quote!(<#ty as ::kernel::kobject::AttrValue>::KIND),
            (None, Held::Cell(ty)) => quote!(<#ty as ::kernel::kobject::AttrCell>::KIND),
            (None, Held::Nothing) => quote!(::kernel::kobject::Kind::Custom),
        },
        default: match &attr.held {
            Held::Value(ty) => quote!(Some(
                |out| <#ty as ::kernel::kobject::AttrValue>::emit(#value, out)
            )),
            Held::Cell(ty) => quote!(Some(
                |out| <#ty as ::kernel::kobject::AttrCell>::show(&#value, out)
            )),
            Held::Nothing => quote!(None),
        },
    }
}

/// Returns what the field of a file holds in a new directory.
fn default_of(attr: &Attr) -> TokenStream {
    match (&attr.default, &attr.held) {
        (Some(default), _) => quote!(#default),
        (None, Held::Value(ty) | Held::Cell(ty)) => {
            quote!(<#ty as ::core::default::Default>::default())
        }
        (None, Held::Nothing) => quote!(()),
    }
}

/// Returns the code of the file that makes numbered subdirectories.
fn nr_file<'a>(
    ident: &Ident,
    children: &'a Children,
    names: &'a Names,
    doc: &'a str,
) -> FileCode<'a> {
    let (max, max_kind) = match &children.max {
        Some(max) => (quote!(Some(#max)), quote!(Some(#max))),
        None => (quote!(None), quote!(None)),
    };
    let check = match &children.check {
        Some(check) => quote!(|guard| (#check)(this, guard)),
        None => quote!(|_guard| Ok(())),
    };
    let init = match &children.init {
        Some(init) => quote!(|child| (#init)(this, child)),
        None => quote!(|_child| ()),
    };

    FileCode {
        names,
        doc,
        writable: true,
        show: quote!(Some(|this, out| this.#ident.show_nr(out))),
        store: stored(quote!({
            this.#ident.store_nr(this.kobject(), input, #max, #check, #init)
        })),
        kind: quote!(::kernel::kobject::Kind::Nr(#max_kind)),
        default: quote!(Some(|out| ::kernel::kobject::AttrValue::emit(0i32, out))),
    }
}

/// Returns the constants of a file, and its entries in the two tables.
fn file_items(file: &FileCode<'_>) -> Result<(TokenStream, TokenStream, TokenStream)> {
    let FileCode {
        doc,
        show,
        store,
        kind,
        default,
        ..
    } = file;
    let mode = if file.writable {
        quote!(0o600)
    } else {
        quote!(0o400)
    };
    let mut consts = TokenStream::new();
    let mut list = TokenStream::new();
    let mut info = TokenStream::new();

    for FileName {
        name,
        alias_of,
        cfg,
    } in file_names(file.names)
    {
        let cfg = cfg.map(|cfg| quote!(#[cfg(#cfg)]));
        let ident = file_const(name);
        let c_name = c_string(name)?;
        let (file, alias_of) = match alias_of {
            Some(first) => {
                let first_ident = file_const(first);
                let first = c_string(first)?;
                (
                    quote!(Self::#first_ident.alias(#c_name)),
                    quote!(Some(#first)),
                )
            }
            None => (
                quote!(::kernel::kobject::File::new(#c_name, #mode, #show, #store)),
                quote!(None),
            ),
        };

        consts.extend(quote! {
            #cfg
            const #ident: &'static ::kernel::kobject::File<Self> = &#file;
        });
        list.extend(quote!(#cfg Some(Self::#ident),));
        info.extend(quote! {
            #cfg
            ::kernel::kobject::FileInfo {
                name: #c_name,
                alias_of: #alias_of,
                mode: #mode,
                kind: #kind,
                default: #default,
                doc: #doc,
            },
        });
    }
    Ok((consts, list, info))
}

/// Returns the description of the subdirectories that `entry` is, if it is any.
fn dir_info(entry: &Entry) -> Result<Option<TokenStream>> {
    let doc = &entry.doc;
    let (name, ty, overrides) = match &entry.kind {
        EntryKind::Dir {
            name,
            ty,
            overrides,
        } => {
            let name = c_string(name)?;
            let overrides = overrides
                .iter()
                .map(|(field, value)| {
                    let name = LitStr::new(&field.unraw().to_string(), field.span());
                    let name = c_string(&name)?;
                    Ok(quote!((
                        #name,
                        |out| {
                            ::kernel::kobject::Value::emit_as(|dir: &#ty| &dir.#field, #value, out)
                        }
                    )))
                })
                .collect::<Result<Vec<_>>>()?;
            (quote!(Some(#name)), ty, overrides)
        }
        EntryKind::Children(Children { ty, .. }) => (quote!(None), ty, Vec::new()),
        EntryKind::Attr(_) | EntryKind::State { .. } => return Ok(None),
    };

    Ok(Some(quote! {
        ::kernel::kobject::DirInfo {
            name: #name,
            info: <#ty as ::kernel::kobject::Directory>::INFO,
            overrides: &[#(#overrides),*],
            doc: #doc,
        },
    }))
}

/// Returns the field of the struct that `entry` becomes, if it becomes one.
fn field_of(entry: &Entry) -> Option<TokenStream> {
    let Entry { ident, field, .. } = entry;
    let attrs = &field.attrs;
    let vis = &field.vis;
    let ty = match &entry.kind {
        EntryKind::Attr(attr) => match &attr.held {
            Held::Nothing => return None,
            Held::Value(ty) => quote!(::kernel::kobject::Value<#ty>),
            Held::Cell(ty) => quote!(#ty),
        },
        EntryKind::Dir { ty, .. } => quote!(::kernel::kobject::Dir<#ty>),
        EntryKind::Children(Children {
            names: Some(_),
            ty,
            lock,
            ..
        }) => quote!(::kernel::kobject::Children<#ty, #lock>),
        EntryKind::Children(Children { ty, lock, .. }) => {
            quote!(::kernel::kobject::Sequence<#ty, #lock>)
        }
        EntryKind::State { .. } => {
            let ty = &field.ty;
            quote!(#ty)
        }
    };

    Some(quote!(#(#attrs)* #vis #ident: #ty,))
}

/// Returns how the field starts.
fn init_of(entry: &Entry) -> Option<TokenStream> {
    let ident = &entry.ident;
    let value = match &entry.kind {
        EntryKind::Attr(attr) => {
            let value = default_of(attr);
            match &attr.held {
                Held::Nothing => return None,
                Held::Value(_) => quote!(::kernel::kobject::Value::new(#value)),
                Held::Cell(_) => value,
            }
        }
        EntryKind::Dir { ty, overrides, .. } if overrides.is_empty() => {
            quote!(::kernel::kobject::Dir::<#ty>::new()?)
        }
        EntryKind::Dir { ty, overrides, .. } => {
            let (fields, values): (Vec<_>, Vec<_>) = overrides
                .iter()
                .map(|(field, value)| (field, value))
                .unzip();
            quote!({
                let dir = ::kernel::kobject::Dir::<#ty>::new()?;
                #(dir.#fields.set(#values);)*
                dir
            })
        }
        EntryKind::State { init: Some(init) } => quote!(#init),
        EntryKind::Children(_) | EntryKind::State { init: None } => {
            quote!(::core::default::Default::default())
        }
    };

    Some(quote!(#ident: #value,))
}

pub(crate) fn expand(dir: Dir) -> Result<TokenStream> {
    let item = &dir.item;
    let (attrs, vis, ident, doc) = (&item.attrs, &item.vis, &item.ident, &dir.doc);
    let mut consts = TokenStream::new();
    let mut list = TokenStream::new();
    let mut file_info = TokenStream::new();
    let mut dirs_info = TokenStream::new();
    let mut add = TokenStream::new();
    let mut remove = TokenStream::new();

    for entry in &dir.entries {
        let field = &entry.ident;
        let file = match &entry.kind {
            EntryKind::Attr(attr) => Some(attr_file(field, attr, &entry.doc)),
            EntryKind::Children(children) => {
                remove.extend(quote!(self.#field.clear();));
                children
                    .names
                    .as_ref()
                    .map(|names| nr_file(field, children, names, &entry.doc))
            }
            EntryKind::Dir { name, .. } => {
                let name = c_string(name)?;
                add.extend(quote!(self.#field.add(parent, #name)?;));
                remove.extend(quote!(self.#field.remove();));
                None
            }
            EntryKind::State { .. } => None,
        };
        if let Some(file) = file {
            let (file_consts, file_list, info) = file_items(&file)?;
            consts.extend(file_consts);
            list.extend(file_list);
            file_info.extend(info);
        }
        dirs_info.extend(dir_info(entry)?);
    }
    let fields = dir.entries.iter().filter_map(field_of);
    let inits = dir.entries.iter().filter_map(init_of);
    let parent = if add.is_empty() {
        quote!(_parent)
    } else {
        quote!(parent)
    };

    Ok(quote! {
        #(#attrs)*
        #vis struct #ident {
            #(#fields)*
        }

        impl #ident {
            #consts
        }

        impl ::kernel::kobject::Directory for #ident {
            const FILES: ::kernel::kobject::FileList<Self> =
                ::kernel::kobject::FileList::new(&[#list None]);

            const INFO: &'static ::kernel::kobject::Info = &::kernel::kobject::Info {
                doc: #doc,
                files: &[#file_info],
                dirs: &[#dirs_info],
            };

            fn new() -> ::kernel::error::Result<Self> {
                Ok(Self {
                    #(#inits)*
                })
            }

            fn add_dirs(
                &self,
                #parent: &::kernel::kobject::Kobject,
            ) -> ::kernel::error::Result {
                #add
                Ok(())
            }

            fn remove_dirs(&mut self) {
                #remove
            }
        }
    })
}
