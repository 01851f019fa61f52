// SPDX-License-Identifier: GPL-2.0

//! Please see [`crate::sysfs_dir`]. Here a struct becomes a model of the directory, with all that
//! can be wrong about it reported; `expand` makes code of the model.

use std::ffi::CString;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    parse2,
    spanned::Spanned,
    Attribute,
    Error,
    Fields,
    ItemStruct,
    LitCStr,
    LitStr,
    Result,
    Type, //
};

use crate::{
    args::{
        combine,
        Args, //
    },
    expand,
    field::{
        doc_of,
        entry,
        Entry,
        EntryKind, //
    }, //
};

/// A directory, or a group.
pub(crate) struct Dir {
    /// The name of the group, if it has one; `None` for a directory.
    pub(crate) group: Option<Option<LitStr>>,
    pub(crate) item: ItemStruct,
    /// The type of what is needed to make one.
    pub(crate) args: Option<Type>,
    pub(crate) doc: String,
    pub(crate) entries: Vec<Entry>,
}

/// Returns a string as the C string literal that generated code has.
pub(crate) fn c_string(string: &LitStr) -> Result<LitCStr> {
    let c_string = CString::new(string.value())
        .map_err(|_| Error::new(string.span(), "a name has no NUL character"))?;

    Ok(LitCStr::new(&c_string, string.span()))
}

/// Checks that a file or directory can have this name.
fn check_name(name: &LitStr) -> Result<()> {
    let value = name.value();

    if value.is_empty() || value == "." || value == ".." || value.contains(['/', '\0']) {
        return Err(Error::new(
            name.span(),
            format!(
                "\"{}\" cannot be the name of a file",
                value.escape_default()
            ),
        ));
    }
    Ok(())
}

/// Tells whether two lists of conditions are the same, word for word.
fn same_cfgs(some: &[Attribute], others: &[Attribute]) -> bool {
    let [some, others] = [some, others].map(|cfgs| quote!(#(#cfgs)*).to_string());

    some == others
}

/// Checks that the files and directories have valid and different names.
fn check_names(entries: &[Entry]) -> Result<()> {
    let mut errors = Vec::new();
    let mut seen: Vec<(String, &[Attribute])> = Vec::new();

    for (name, cfgs) in entries
        .iter()
        .flat_map(|entry| entry.names().into_iter().map(|name| (name, &*entry.cfgs)))
    {
        // Of two fields with conditions there may be one at a time.
        let is_same = |(other, others): &(String, &[Attribute])| {
            *other == name.value()
                && (cfgs.is_empty() || others.is_empty() || same_cfgs(cfgs, others))
        };

        if let Err(error) = check_name(name) {
            errors.push(error);
        } else if seen.iter().any(is_same) {
            errors.push(Error::new(
                name.span(),
                format!("the directory has two entries called \"{}\"", name.value()),
            ));
        }
        seen.push((name.value(), cfgs));
    }
    combine(errors)
}

pub(crate) fn sysfs_dir(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut args = Args::of_macro(args)?;
    let of = args.ty("args");

    args.finish("sysfs_dir", "`args`")?;
    expand::expand(model(item, of, None)?)
}

pub(crate) fn sysfs_group(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut args = Args::of_macro(args)?;
    let (of, name) = (args.ty("args"), args.string("name"));

    args.finish("sysfs_group", "`args` and `name`")?;
    let dir = model(item, of, Some(name))?;
    let mut errors = Vec::new();
    for entry in &dir.entries {
        match &entry.kind {
            EntryKind::File(file) if !file.detached && !file.privileged => {}
            EntryKind::Bin(_) | EntryKind::State(_) => {}
            _ => errors.push(Error::new(
                entry.ident.span(),
                "a group has files and state, but no directories, and no `detached` or \
                 `privileged` files",
            )),
        }
    }
    if let Some(Some(name)) = &dir.group {
        errors.extend(check_name(name).err());
    }
    combine(errors)?;
    expand::expand(dir)
}

/// Makes a model of a struct.
fn model(item: TokenStream, args: Option<Type>, group: Option<Option<LitStr>>) -> Result<Dir> {
    let mut item: ItemStruct = parse2(item)
        .map_err(|e| Error::new(e.span(), "a directory or a group is made of a struct"))?;
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "a directory has no generic parameters",
        ));
    }
    if let Some(clause) = &item.generics.where_clause {
        return Err(Error::new_spanned(
            clause,
            "a directory has no `where` clause",
        ));
    }
    let fields = match &mut item.fields {
        Fields::Named(fields) => std::mem::take(&mut fields.named),
        other => {
            return Err(Error::new(
                if other.is_empty() {
                    item.ident.span()
                } else {
                    other.span()
                },
                "a directory is a struct with named fields",
            ))
        }
    };

    let mut entries = Vec::new();
    let mut errors = Vec::new();
    for field in fields {
        match entry(field) {
            Ok(entry) => entries.push(entry),
            Err(error) => errors.push(error),
        }
    }
    combine(errors)?;
    check_names(&entries)?;

    Ok(Dir {
        group,
        doc: doc_of(&item.attrs),
        args,
        item,
        entries,
    })
}
