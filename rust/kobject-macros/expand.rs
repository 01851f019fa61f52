// SPDX-License-Identifier: GPL-2.0

//! Makes code of the model of a directory. Please see [`crate::sysfs_dir`] for what comes out.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    ext::IdentExt,
    Ident,
    LitStr,
    Result, //
};

use crate::{
    dir::{
        c_string,
        Dir, //
    },
    expand_file::{
        bin_code,
        file_code,
        init_value,
        nr_code,
        own,
        some_if,
        Files, //
    },
    field::{
        cfgs_of,
        Entry,
        EntryKind,
        File,
        Init, //
    }, //
};

/// Returns the description of the subdirectories that `entry` is, if it is any.
fn dir_info(entry: &Entry) -> Result<Option<TokenStream>> {
    let Entry {
        cfgs, doc, field, ..
    } = entry;
    let ty = &field.ty;
    let [dir, out] = ["dir", "out"].map(own);
    let (name, overrides) = match &entry.kind {
        EntryKind::Dir {
            name, overrides, ..
        } => {
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
        EntryKind::File(_) | EntryKind::Bin(_) | EntryKind::Tree | EntryKind::State(_) => {
            return Ok(None)
        }
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
        EntryKind::File(File {
            has_value: false, ..
        })
        | EntryKind::Bin(_) => quote!(#[allow(dead_code)]),
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
        EntryKind::Children(_) | EntryKind::Tree => quote!(<#ty>::new(#setup)),
        EntryKind::Bin(_) => init_value(&Init::Default, ty, setup),
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
    let mut files = Files::of(match &dir.group {
        Some(_) => quote!(Self),
        None => quote!(::kernel::kobject::Dir<Self>),
    });
    let mut dirs_info = TokenStream::new();
    let mut bin_files = TokenStream::new();
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
            EntryKind::Dir {
                name, privileged, ..
            } => {
                let name = c_string(name)?;
                let added = quote!(#this.#field.add(#this, #held, #name)?;);
                add.extend(match privileged {
                    true => quote!(#(#cfgs)* if !#this.is_delegated() { #added }),
                    false => quote!(#(#cfgs)* #added),
                });
                remove.extend(quote!(#(#cfgs)* self.#field.remove(#held)?;));
            }
            EntryKind::Bin(bin) => {
                bin_files.extend(bin_code(entry, bin, &files.of, dir.group.is_some())?)
            }
            EntryKind::Tree => remove.extend(quote!(#(#cfgs)* self.#field.remove(#held)?;)),
            EntryKind::State(_) => {}
        }
        dirs_info.extend(dir_info(entry)?);
    }
    let Files {
        of,
        consts,
        list,
        info,
        ..
    } = files;
    if !bin_files.is_empty() {
        bin_files = quote! {
            const BIN_FILES: &'static [::core::option::Option<
                &'static ::kernel::kobject::File<#of>,
            >] = &[#bin_files ::core::option::Option::None];
        };
    }
    let fields = dir.entries.iter().map(field_code);
    let inits = dir.entries.iter().map(|entry| init_code(entry, &setup));
    let args = match &dir.args {
        Some(args) => quote!(#args),
        None => quote!(()),
    };

    let common = quote! {
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
    };
    let files = quote! {
        type Args = #args;

        const FILES: &'static [::core::option::Option<
            &'static ::kernel::kobject::File<#of>,
        >] = &[#list ::core::option::Option::None];

        #bin_files
    };
    let init = quote! {
        ::kernel::prelude::try_pin_init!(Self { #(#inits)* }? ::kernel::error::Error)
    };

    if let Some(name) = &dir.group {
        let name = name.as_ref().map(c_string).transpose()?;
        let name = some_if(name.is_some(), quote!(#name));

        return Ok(quote! {
            #common

            #(#cfgs)*
            impl ::kernel::kobject::GroupData for #ident {
                const NAME: ::core::option::Option<&'static ::kernel::str::CStr> = #name;

                #files

                #[allow(unused_variables)]
                fn new(
                    #setup: &Self::Args,
                ) -> impl ::kernel::prelude::PinInit<Self, ::kernel::error::Error> {
                    #init
                }
            }
        });
    }

    Ok(quote! {
        #common

        #(#cfgs)*
        impl ::kernel::kobject::DirData for #ident {
            #files

            #[cfg(CONFIG_RUST_KOBJECT_INFO)]
            const INFO: &'static ::kernel::kobject::Info = &::kernel::kobject::Info {
                doc: #doc,
                files: &[#info],
                dirs: &[#dirs_info],
            };

            fn lock_class() -> ::core::pin::Pin<&'static ::kernel::sync::LockClassKey> {
                ::kernel::sync::static_lock_class!()
            }

            #[allow(unused_variables)]
            fn new(
                #setup: &::kernel::kobject::Setup<'_, Self::Args>,
            ) -> impl ::kernel::prelude::PinInit<Self, ::kernel::error::Error> {
                #init
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
