// SPDX-License-Identifier: GPL-2.0

//! Makes code of the model of a directory. Please see [`crate::sysfs_dir`] for what comes out.

use proc_macro2::{
    Span,
    TokenStream, //
};
use quote::{
    format_ident,
    quote, //
};
use syn::{
    ext::IdentExt,
    Expr,
    Ident,
    LitStr,
    Result,
    Type, //
};

use crate::dir::{
    c_string,
    cfgs_of,
    Children,
    Dir,
    Entry,
    EntryKind,
    File,
    Init,
    Mode,
    Names, //
};

/// Returns a name that only the generated code knows.
fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// What a file of the directory needs in the tables.
struct FileCode<'a> {
    names: &'a Names,
    mode: &'a Mode,
    visible: Option<&'a Expr>,
    notifies: bool,
    show: TokenStream,
    store: TokenStream,
    kind: TokenStream,
    default: TokenStream,
}

/// Returns `code` as an `Option`, if it is wanted.
fn some_if(wanted: bool, code: TokenStream) -> TokenStream {
    if wanted {
        quote!(::core::option::Option::Some(#code))
    } else {
        quote!(::core::option::Option::None)
    }
}

/// Returns what `expr` gives. A closure is given `setup`, in line, so that `?` works in it.
fn with_setup(expr: &Expr, setup: &Ident) -> TokenStream {
    match expr {
        Expr::Closure(closure) => {
            let (input, body) = (closure.inputs.first(), &closure.body);
            quote!({
                let #input = #setup;
                #body
            })
        }
        expr => quote!(#expr),
    }
}

/// Returns how a field starts that is not made in place.
fn init_value(init: &Init, ty: &Type, setup: &Ident) -> TokenStream {
    match init {
        Init::Default => quote!(<#ty as ::core::default::Default>::default()),
        Init::Holding(value) => quote!(<#ty>::new(#value)),
        Init::Value(expr) | Init::InPlace(expr) => with_setup(expr, setup),
    }
}

/// Returns the code of a file.
fn file_code<'a>(entry: &Entry, file: &'a File, has_args: bool) -> FileCode<'a> {
    let (ident, ty) = (&entry.ident, &entry.field.ty);
    let [dir, out, input, setup] = ["dir", "out", "input", "setup"].map(own);
    let attribute = quote!(<#ty as ::kernel::kobject::Attribute>);
    let show = match &file.show {
        Some(show) => quote!(|#dir, #out| (#show)(#dir, #out)),
        None => quote!(|#dir, #out| #attribute::show(&#dir.#ident, #out)),
    };
    let store = match (&file.store, &file.parse) {
        (Some(store), _) => quote!(|#dir, #input| (#store)(#dir, #input)),
        (None, Some(parse)) => quote!(|#dir, #input| {
            #dir.#ident.set((#parse)(#input)?);
            ::core::result::Result::Ok(())
        }),
        (None, None) => quote!(|#dir, #input| #attribute::store(&#dir.#ident, #input)),
    };
    let needs_setup = matches!(&file.init, Init::Value(Expr::Closure(_)));
    let init = init_value(&file.init, ty, &setup);
    let setup = if needs_setup { setup } else { own("_setup") };

    FileCode {
        names: &file.names,
        mode: &file.mode,
        visible: file.visible.as_ref(),
        notifies: file.notifies,
        show: some_if(file.mode.readable, show),
        store: some_if(file.mode.writable, store),
        kind: match &file.kind {
            Some(kind) => quote!(#kind),
            None if file.has_value => quote!(#attribute::KIND),
            None => quote!(::kernel::kobject::Kind::Custom),
        },
        default: some_if(
            file.has_value && !(needs_setup && has_args),
            quote!(|#setup, #out| #attribute::show(&#init, #out)),
        ),
    }
}

/// Returns the code of the file that makes numbered subdirectories.
fn nr_code<'a>(ident: &Ident, children: &'a Children, names: &'a Names) -> FileCode<'a> {
    let [dir, out, input, held, child] = ["dir", "out", "input", "held", "child"].map(own);
    let max = match &children.max {
        Some(max) => some_if(true, quote!(#max)),
        None => some_if(false, quote!()),
    };
    let check = match &children.check {
        Some(check) => quote!(|#held| (#check)(#dir, #held)),
        None => quote!(|_| ::core::result::Result::Ok(())),
    };
    let init = match &children.init {
        Some(init) => quote!(|#child| (#init)(#dir, #child)),
        None => quote!(|_| ()),
    };

    FileCode {
        names,
        mode: &children.mode,
        visible: None,
        notifies: false,
        show: some_if(
            children.mode.readable,
            quote!(|#dir, #out| #dir.#ident.show_nr(#out)),
        ),
        store: some_if(
            children.mode.writable,
            quote!(|#dir, #input| {
                #dir.#ident.store_nr(#dir, #input, #max, #check, #init)
            }),
        ),
        kind: quote!(::kernel::kobject::Kind::Nr(#max)),
        default: some_if(
            true,
            quote!(|_, #out| ::kernel::kobject::AttrValue::emit(0i32, #out)),
        ),
    }
}

/// The code of the files of a directory.
#[derive(Default)]
struct Files {
    nr: usize,
    consts: TokenStream,
    list: TokenStream,
    info: TokenStream,
}

impl Files {
    /// Adds a file with all its names.
    fn add(&mut self, entry: &Entry, file: &FileCode<'_>) -> Result<()> {
        let FileCode {
            names,
            visible,
            notifies,
            show,
            store,
            kind,
            default,
            ..
        } = file;
        let (cfgs, doc, mode) = (&entry.cfgs, &entry.doc, &file.mode.bits);
        let first = self.next_const();
        let name = c_string(&names.name)?;
        let visible = visible.map(|visible| quote!(.visible_if(#visible)));
        let notifying = notifies.then(|| quote!(.notifying()));
        let new = quote!(
            ::kernel::kobject::File::<Self>::new::<#mode>(#name, #show, #store)
                #visible #notifying
        );
        let info = |name, alias_of| {
            quote!(::kernel::kobject::FileInfo {
                name: #name,
                alias_of: #alias_of,
                mode: #mode,
                kind: #kind,
                default: #default,
                doc: #doc,
            },)
        };

        self.add_name(
            &quote!(#(#cfgs)*),
            &first,
            new,
            info(quote!(#name), some_if(false, quote!())),
        );
        for alias in &names.aliases {
            let ident = self.next_const();
            let second = c_string(&alias.name)?;
            let cfg = alias.cfg.as_ref().map(|cfg| quote!(#[cfg(#cfg)]));

            self.add_name(
                &quote!(#(#cfgs)* #cfg),
                &ident,
                quote!(Self::#first.alias(#second)),
                info(quote!(#second), some_if(true, quote!(#name))),
            );
        }
        Ok(())
    }

    /// Adds one name of a file.
    fn add_name(&mut self, cfg: &TokenStream, ident: &Ident, new: TokenStream, info: TokenStream) {
        let some = some_if(true, quote!(Self::#ident));

        self.consts.extend(quote! {
            #cfg
            const #ident: &'static ::kernel::kobject::File<Self> = &#new;
        });
        self.list.extend(quote!(#cfg #some,));
        self.info.extend(quote!(#cfg #info));
    }

    /// Returns the name of the constant for the next file.
    fn next_const(&mut self) -> Ident {
        let ident = format_ident!("__FILE_{}", self.nr, span = Span::mixed_site());

        self.nr += 1;
        ident
    }
}

/// Returns the description of the subdirectories that `entry` is, if it is any.
fn dir_info(entry: &Entry) -> Result<Option<TokenStream>> {
    let Entry {
        cfgs, doc, field, ..
    } = entry;
    let ty = &field.ty;
    let [dir, out] = ["dir", "out"].map(own);
    let (name, overrides) = match &entry.kind {
        EntryKind::Dir { name, overrides } => {
            let name = c_string(name)?;
            let overrides = overrides
                .iter()
                .map(|(field, value)| {
                    let name = LitStr::new(&field.unraw().to_string(), field.span());
                    let name = c_string(&name)?;
                    Ok(quote!((
                        #name,
                        |#out| {
                            ::kernel::kobject::Value::emit_as(
                                |#dir: &<#ty as ::kernel::kobject::HasInfo>::Data| &#dir.#field,
                                #value,
                                #out,
                            )
                        }
                    )))
                })
                .collect::<Result<Vec<_>>>()?;
            (some_if(true, quote!(#name)), overrides)
        }
        EntryKind::Children(_) => (some_if(false, quote!()), Vec::new()),
        EntryKind::File(_) | EntryKind::State(_) => return Ok(None),
    };

    Ok(Some(quote! {
        #(#cfgs)*
        ::kernel::kobject::DirInfo {
            name: #name,
            info: <#ty as ::kernel::kobject::HasInfo>::INFO,
            overrides: &[#(#overrides),*],
            doc: #doc,
        },
    }))
}

/// Returns the field of the struct.
fn field_code(entry: &Entry) -> TokenStream {
    let field = &entry.field;
    let (attrs, vis, ident, ty) = (&field.attrs, &field.vis, &entry.ident, &field.ty);
    let extra = match &entry.kind {
        EntryKind::State(Init::InPlace(_)) => quote!(#[pin]),
        // It is there for its name and its documentation.
        EntryKind::File(file) if !file.has_value => quote!(#[allow(dead_code)]),
        _ => quote!(),
    };

    quote!(#(#attrs)* #extra #vis #ident: #ty,)
}

/// Returns how the field starts.
fn init_code(entry: &Entry, setup: &Ident) -> TokenStream {
    let (cfgs, ident, ty) = (&entry.cfgs, &entry.ident, &entry.field.ty);
    let value = match &entry.kind {
        EntryKind::State(init @ Init::InPlace(_)) => {
            let value = init_value(init, ty, setup);
            return quote!(#(#cfgs)* #ident <- #value,);
        }
        EntryKind::File(File { init, .. }) | EntryKind::State(init) => init_value(init, ty, setup),
        EntryKind::Dir { overrides, .. } if overrides.is_empty() => {
            quote!(<#ty>::new(#setup, ())?)
        }
        EntryKind::Dir { overrides, .. } => {
            let dir = own("dir");
            let (fields, values): (Vec<_>, Vec<_>) = overrides
                .iter()
                .map(|(field, value)| (field, value))
                .unzip();
            quote!({
                let #dir = <#ty>::new(#setup, ())?;
                #(#dir.#fields.set(#values);)*
                #dir
            })
        }
        EntryKind::Children(_) => quote!(<#ty>::new(#setup)),
    };

    quote!(#(#cfgs)* #ident: #value,)
}

pub(crate) fn expand(dir: Dir) -> Result<TokenStream> {
    let item = &dir.item;
    let (vis, ident, doc) = (&item.vis, &item.ident, &dir.doc);
    let cfgs = cfgs_of(&item.attrs);
    let attrs = item
        .attrs
        .iter()
        .filter(|attr| !attr.path().is_ident("cfg"));
    let [this, held, setup] = ["dir", "held", "setup"].map(own);
    let mut files = Files::default();
    let mut dirs_info = TokenStream::new();
    let mut add = TokenStream::new();
    let mut remove = TokenStream::new();

    for entry in &dir.entries {
        let (cfgs, field) = (&entry.cfgs, &entry.ident);

        match &entry.kind {
            EntryKind::File(file) => {
                files.add(entry, &file_code(entry, file, dir.args.is_some()))?;
            }
            EntryKind::Children(children) => {
                remove.extend(quote!(#(#cfgs)* self.#field.remove(#held)?;));
                if let Some(names) = &children.names {
                    files.add(entry, &nr_code(field, children, names))?;
                }
            }
            EntryKind::Dir { name, .. } => {
                let name = c_string(name)?;
                add.extend(quote!(#(#cfgs)* #this.#field.add(#this, #held, #name)?;));
                remove.extend(quote!(#(#cfgs)* self.#field.remove(#held)?;));
            }
            EntryKind::State(_) => {}
        }
        dirs_info.extend(dir_info(entry)?);
    }
    let Files {
        consts, list, info, ..
    } = files;
    let fields = dir.entries.iter().map(field_code);
    let inits = dir.entries.iter().map(|entry| init_code(entry, &setup));
    let args = match &dir.args {
        Some(args) => quote!(#args),
        None => quote!(()),
    };

    Ok(quote! {
        #(#cfgs)*
        #[::kernel::prelude::pin_data]
        #(#attrs)*
        #vis struct #ident {
            #(#fields)*
        }

        #(#cfgs)*
        impl #ident {
            #consts
        }

        #(#cfgs)*
        impl ::kernel::kobject::Directory for #ident {
            type Args = #args;

            const FILES: ::kernel::kobject::FileList<Self> =
                ::kernel::kobject::FileList::new(&[#list ::core::option::Option::None]);

            #[cfg(CONFIG_RUST_KOBJECT_INFO)]
            const INFO: &'static ::kernel::kobject::Info = &::kernel::kobject::Info {
                doc: #doc,
                files: &[#info],
                dirs: &[#dirs_info],
            };

            #[allow(unused_variables)]
            fn new(
                #setup: &::kernel::kobject::Setup<'_, Self::Args>,
            ) -> impl ::kernel::prelude::PinInit<Self, ::kernel::error::Error> {
                ::kernel::prelude::try_pin_init!(Self { #(#inits)* }? ::kernel::error::Error)
            }

            #[allow(unused_variables)]
            fn add_dirs(
                #this: &::kernel::kobject::Dir<Self>,
                #held: &mut ::kernel::kobject::Held<'_>,
            ) -> ::kernel::error::Result {
                #add
                ::core::result::Result::Ok(())
            }

            #[allow(unused_variables)]
            fn remove_dirs(
                &self,
                #held: &mut ::kernel::kobject::Held<'_>,
            ) -> ::kernel::error::Result {
                #remove
                ::core::result::Result::Ok(())
            }
        }
    })
}
