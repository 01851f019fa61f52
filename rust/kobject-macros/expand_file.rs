// SPDX-License-Identifier: GPL-2.0

//! Makes the code of files: their methods, and the entries of the tables.

use proc_macro2::{
    Span,
    TokenStream, //
};
use quote::{
    format_ident,
    quote, //
};
use syn::{
    Expr,
    Ident,
    Result,
    Type, //
};

use crate::{
    dir::c_string,
    field::{
        BinFile,
        Children,
        Entry,
        File,
        Init,
        Names, //
    },
    mode::Mode, //
};

/// Returns a name that only the generated code knows.
pub(crate) fn own(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// What a file of the directory needs in the tables.
pub(crate) struct FileCode<'a> {
    names: &'a Names,
    mode: &'a Mode,
    visible: Option<&'a Expr>,
    privileged: bool,
    notifies: bool,
    detached: bool,
    show: TokenStream,
    store: TokenStream,
    kind: TokenStream,
    max: TokenStream,
    default: TokenStream,
}

/// Returns `code` as an `Option`, if it is wanted.
pub(crate) fn some_if(wanted: bool, code: TokenStream) -> TokenStream {
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
pub(crate) fn init_value(init: &Init, ty: &Type, setup: &Ident) -> TokenStream {
    match init {
        Init::Default => quote!(<#ty as ::core::default::Default>::default()),
        Init::Holding(value) => quote!(<#ty>::new(#value)),
        Init::Value(expr) | Init::InPlace(expr) => with_setup(expr, setup),
    }
}

/// Returns the code of a file.
pub(crate) fn file_code<'a>(entry: &Entry, file: &'a File, has_args: bool) -> FileCode<'a> {
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
        privileged: file.privileged,
        notifies: file.notifies,
        detached: file.detached,
        show: some_if(file.mode.readable, show),
        store: some_if(file.mode.writable, store),
        kind: match &file.kind {
            Some(kind) => quote!(#kind),
            None if file.has_value => quote!(#attribute::KIND),
            None => quote!("custom"),
        },
        max: some_if(false, quote!()),
        default: some_if(
            file.has_value && !(needs_setup && has_args),
            quote!(|#setup, #out| #attribute::show(&#init, #out)),
        ),
    }
}

/// Returns the code of the file that makes numbered subdirectories.
pub(crate) fn nr_code<'a>(ident: &Ident, children: &'a Children, names: &'a Names) -> FileCode<'a> {
    let [dir, out, input, held, nr, child] =
        ["dir", "out", "input", "held", "nr", "child"].map(own);
    let max = match &children.max {
        Some(max) => some_if(true, quote!(#max)),
        None => some_if(false, quote!()),
    };
    let check = match (&children.limit, &children.check) {
        (None, None) => quote!(|_, _| ::core::result::Result::Ok(())),
        (None, Some(check)) => quote!(|#held, _| (#check)(#dir, #held)),
        (Some(limit), check) => {
            let check = match check {
                Some(check) => quote!((#check)(#dir, #held)),
                None => quote!(::core::result::Result::Ok(())),
            };
            quote!(|#held, #nr| {
                if #nr > (#limit)(#dir, #held)? {
                    return ::core::result::Result::Err(::kernel::error::code::EINVAL);
                }
                #check
            })
        }
    };
    let init = match &children.init {
        Some(init) => quote!(|#child| (#init)(#dir, #child)),
        None => quote!(|_| ()),
    };

    FileCode {
        names,
        mode: &children.mode,
        visible: None,
        privileged: false,
        notifies: false,
        detached: false,
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
        kind: quote!("nr"),
        max,
        default: some_if(
            true,
            quote!(|_, #out| ::kernel::kobject::AttrValue::emit(0i32, #out)),
        ),
    }
}

/// The code of the files of a directory.
#[derive(Default)]
pub(crate) struct Files {
    /// What the files belong to.
    pub(crate) of: TokenStream,
    nr: usize,
    pub(crate) consts: TokenStream,
    pub(crate) list: TokenStream,
    pub(crate) info: TokenStream,
}

impl Files {
    /// Starts with no files, of what `of` is the type of.
    pub(crate) fn of(of: TokenStream) -> Self {
        Self {
            of,
            ..Self::default()
        }
    }

    /// Adds a file with all its names.
    pub(crate) fn add(&mut self, entry: &Entry, file: &FileCode<'_>) -> Result<()> {
        let FileCode {
            names,
            visible,
            privileged,
            notifies,
            detached,
            show,
            store,
            kind,
            max,
            default,
            ..
        } = file;
        let (cfgs, doc, mode) = (&entry.cfgs, &entry.doc, &file.mode.bits);
        let first = self.next_const();
        let name = c_string(&names.name)?;
        let store = match detached {
            true => quote!(detached: #store),
            false => quote!(store: #store),
        };
        let visible = visible_code(*visible, *privileged);
        let notify = notifies.then(|| quote!(notify: true,));
        let new = quote!(
            ::kernel::kobject::File::new::<#mode>(#name, ::kernel::kobject::FileOps {
                show: #show,
                #store,
                #visible
                #notify
                ..::kernel::kobject::FileOps::NONE
            })
        );
        let info = |name, alias_of| {
            quote!(::kernel::kobject::FileInfo {
                name: #name,
                alias_of: #alias_of,
                mode: #mode,
                kind: #kind,
                max: #max,
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
        let of = &self.of;

        self.consts.extend(quote! {
            #cfg
            const #ident: &'static ::kernel::kobject::File<#of> = &#new;
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

/// Returns the method that tells whether there is a file.
fn visible_code(visible: Option<&Expr>, privileged: bool) -> Option<TokenStream> {
    let dir = own("dir");
    let visible = visible.map(|visible| quote!((#visible)(#dir)));
    let privileged = privileged.then(|| quote!(!#dir.is_delegated()));
    let all = visible
        .into_iter()
        .chain(privileged)
        .reduce(|one, other| quote!(#one && #other))?;
    let method = some_if(true, quote!(|#dir| #all));

    Some(quote!(visible: #method,))
}

/// Returns an entry of the list of binary files.
pub(crate) fn bin_code(
    entry: &Entry,
    bin: &BinFile,
    of: &TokenStream,
    in_group: bool,
) -> Result<TokenStream> {
    let (cfgs, mode) = (&entry.cfgs, &bin.mode.bits);
    let name = c_string(&bin.names.name)?;
    let [dir, pos, buf] = ["dir", "pos", "buf"].map(own);
    let [read, write] = [&bin.read, &bin.write].map(|method| match method {
        Some(method) => some_if(true, quote!(|#dir, #pos, #buf| (#method)(#dir, #pos, #buf))),
        None => some_if(false, quote!()),
    });
    let size = bin.size.as_ref().map(|size| quote!(size: #size,));
    let visible = visible_code(bin.visible.as_ref(), false);
    let binary = (!in_group).then(|| quote!(.binary()));
    let file = quote!(
        &::kernel::kobject::File::<#of>::new::<#mode>(#name, ::kernel::kobject::FileOps {
            read: #read,
            write: #write,
            #size
            #visible
            ..::kernel::kobject::FileOps::NONE
        })
        #binary
    );
    let some = some_if(true, file);

    Ok(quote!(#(#cfgs)* #some,))
}
