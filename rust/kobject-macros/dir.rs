// SPDX-License-Identifier: GPL-2.0

//! Please see [`crate::sysfs_dir`]. Here a struct becomes a model of the directory, with all that
//! can be wrong about it reported; `expand` makes code of the model.

use std::ffi::CString;

use proc_macro2::TokenStream;
use syn::{
    ext::IdentExt,
    parse2,
    spanned::Spanned,
    Attribute,
    Error,
    Expr,
    Field,
    Fields,
    Ident,
    ItemStruct,
    LitCStr,
    LitStr,
    Path,
    Result,
    Type, //
};

use crate::{
    args::{
        combine,
        Alias,
        Args, //
    },
    expand, //
};

/// A directory.
pub(crate) struct Dir {
    pub(crate) item: ItemStruct,
    pub(crate) doc: String,
    pub(crate) entries: Vec<Entry>,
}

/// A field, and what it is in the directory.
pub(crate) struct Entry {
    pub(crate) ident: Ident,
    pub(crate) field: Field,
    pub(crate) doc: String,
    pub(crate) kind: EntryKind,
}

pub(crate) enum EntryKind {
    Attr(Attr),
    Dir {
        name: LitStr,
        ty: Type,
        overrides: Vec<(Ident, Expr)>,
    },
    Children(Children),
    State {
        init: Option<Expr>,
    },
}

/// A file that holds a value.
pub(crate) struct Attr {
    pub(crate) names: Names,
    pub(crate) writable: bool,
    /// What the field holds.
    pub(crate) held: Held,
    /// What the file holds, if the field does not tell.
    pub(crate) kind: Option<Expr>,
    pub(crate) default: Option<Expr>,
    pub(crate) parse: Option<Expr>,
    pub(crate) show: Option<Expr>,
    pub(crate) store: Option<Expr>,
}

/// What the field of a file holds.
pub(crate) enum Held {
    /// Nothing: the methods do everything.
    Nothing,
    /// A value of this type.
    Value(Type),
    /// Something of this type that keeps, shows and takes the value itself.
    Cell(Type),
}

/// Numbered subdirectories.
pub(crate) struct Children {
    /// The file that makes them, unless the code does.
    pub(crate) names: Option<Names>,
    pub(crate) ty: Type,
    pub(crate) lock: Path,
    pub(crate) max: Option<Expr>,
    pub(crate) check: Option<Expr>,
    pub(crate) init: Option<Expr>,
}

/// The names of a file.
pub(crate) struct Names {
    pub(crate) name: LitStr,
    pub(crate) aliases: Vec<Alias>,
}

const ROLES: [&str; 4] = ["attr", "dir", "children", "state"];
const ROLES_TEXT: &str = "`#[attr(...)]`, `#[dir]`, `#[children(...)]` or `#[state]`";

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

/// Returns the first paragraph of the doc comment among `attrs`, in one line.
fn doc_of(attrs: &[Attribute]) -> String {
    let mut lines = Vec::new();

    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        let Ok(meta) = attr.meta.require_name_value() else {
            continue;
        };
        if let Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(line),
            ..
        }) = &meta.value
        {
            let line = line.value().trim().to_string();
            if line.is_empty() && !lines.is_empty() {
                break;
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
    }
    lines.join(" ")
}

/// Takes our attribute out of those of a field.
fn take_role(field: &mut Field) -> Result<Attribute> {
    let is_role = |attr: &Attribute| ROLES.iter().any(|role| attr.path().is_ident(role));
    let (mut roles, rest): (Vec<_>, Vec<_>) = field.attrs.drain(..).partition(is_role);

    field.attrs = rest;
    if let Some(second) = roles.get(1) {
        return Err(Error::new_spanned(
            second,
            format!("a field is one thing: {ROLES_TEXT}"),
        ));
    }
    roles.pop().ok_or_else(|| {
        Error::new(
            field.ident.span(),
            format!("the field needs one of {ROLES_TEXT}"),
        )
    })
}

/// Returns the name of a file that `args` gives, or else that of the field.
fn names_of(args: &mut Args, name: Option<LitStr>, ident: &Ident) -> Names {
    Names {
        name: name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span())),
        aliases: args.aliases(),
    }
}

/// Makes a file of a field that has `#[attr(...)]`.
fn attr(mut args: Args, ident: &Ident, ty: &Type) -> Result<EntryKind> {
    let name = args.string("name");
    let names = names_of(&mut args, name, ident);
    let writable = match (args.flag("rw"), args.flag("ro")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => {
            args.error(Error::new(
                args.span(),
                "`attr` needs the mode: `rw` or `ro`",
            ));
            false
        }
        (Some(_), Some(ro)) => {
            args.error(Error::new_spanned(ro, "a file is either `rw` or `ro`"));
            false
        }
    };
    let attr = Attr {
        names,
        writable,
        held: match (args.flag("cell"), ty) {
            (Some(cell), Type::Tuple(tuple)) if tuple.elems.is_empty() => {
                args.error(Error::new_spanned(cell, "a `cell` needs a type"));
                Held::Nothing
            }
            (None, Type::Tuple(tuple)) if tuple.elems.is_empty() => Held::Nothing,
            (Some(_), ty) => Held::Cell(ty.clone()),
            (None, ty) => Held::Value(ty.clone()),
        },
        kind: args.expr("kind"),
        default: args.expr("default"),
        parse: args.expr("parse"),
        show: args.expr("show"),
        store: args.expr("store"),
    };

    if let Some(store) = attr.store.as_ref().or(attr.parse.as_ref()) {
        if !writable {
            args.error(Error::new_spanned(store, "an `ro` file is not written to"));
        }
    }
    if let (Some(parse), Some(_)) = (&attr.parse, &attr.store) {
        args.error(Error::new_spanned(
            parse,
            "`store` does the parsing, `parse` would not be used",
        ));
    }
    if let (Held::Cell(_), Some(parse)) = (&attr.held, &attr.parse) {
        args.error(Error::new_spanned(
            parse,
            "a `cell` does the parsing itself",
        ));
    }
    if let (Held::Cell(_) | Held::Value(_), Some(kind)) = (&attr.held, &attr.kind) {
        args.error(Error::new_spanned(kind, "the type tells the `kind`"));
    }
    if let Held::Nothing = attr.held {
        if attr.show.is_none() {
            args.error(Error::new_spanned(
                ty,
                "a file without a value needs `show = ...`",
            ));
        }
        if writable && attr.store.is_none() {
            args.error(Error::new_spanned(
                ty,
                "an `rw` file without a value needs `store = ...`",
            ));
        }
        if let Some(unused) = attr.default.as_ref().or(attr.parse.as_ref()) {
            args.error(Error::new_spanned(
                unused,
                "a file without a value has neither a `default` nor a parser",
            ));
        }
    }

    args.finish(
        "attr",
        "`rw`, `ro`, `cell`, `kind`, `default`, `parse`, `show`, `store`, `name` and `alias(...)`",
    )?;
    Ok(EntryKind::Attr(attr))
}

/// Makes numbered subdirectories of a field that has `#[children(...)]`.
fn children(mut args: Args, ident: &Ident, ty: &Type, lock: Option<&Path>) -> Result<EntryKind> {
    let names = args
        .string("nr")
        .map(|nr| names_of(&mut args, Some(nr), ident));
    let max = args.expr("max");
    let check = args.expr("check");
    let init = args.expr("init");
    let own_lock = args.path("lock");
    let lock = own_lock.as_ref().or(lock);

    if names.is_none() {
        for unused in [&max, &check, &init].into_iter().flatten() {
            args.error(Error::new_spanned(
                unused,
                "without `nr` there is no file that makes directories",
            ));
        }
    }

    let elem = match ty {
        Type::Slice(slice) => Some(&*slice.elem),
        other => {
            args.error(Error::new_spanned(
                other,
                "the type of numbered subdirectories is written as `[Type]`",
            ));
            None
        }
    };
    if lock.is_none() {
        args.error(Error::new(
            args.span(),
            "numbered subdirectories need the lock of the tree: `#[sysfs_dir(lock = ...)]`",
        ));
    }

    args.finish(
        "children",
        "`nr`, `max`, `check`, `init`, `lock` and `alias(...)`",
    )?;
    match (elem, lock) {
        (Some(elem), Some(lock)) => Ok(EntryKind::Children(Children {
            names,
            ty: elem.clone(),
            lock: lock.clone(),
            max,
            check,
            init,
        })),
        _ => Err(Error::new(ident.span(), "incomplete `children`")),
    }
}

/// Finds out what a field is in the directory.
fn entry(mut field: Field, lock: Option<&Path>) -> Result<Entry> {
    let Some(ident) = field.ident.clone() else {
        return Err(Error::new_spanned(&field, "a field needs a name"));
    };
    let role = take_role(&mut field)?;
    let mut args = Args::of(&role)?;
    let ty = field.ty.clone();

    let kind = if role.path().is_ident("attr") {
        attr(args, &ident, &ty)?
    } else if role.path().is_ident("children") {
        children(args, &ident, &ty, lock)?
    } else if role.path().is_ident("dir") {
        let overrides = args.rest();
        args.finish("dir", "`field = value`")?;
        EntryKind::Dir {
            name: LitStr::new(&ident.unraw().to_string(), ident.span()),
            ty,
            overrides,
        }
    } else {
        let init = args.expr("init");
        args.finish("state", "`init`")?;
        EntryKind::State { init }
    };

    Ok(Entry {
        doc: doc_of(&field.attrs),
        ident,
        field,
        kind,
    })
}

impl Entry {
    /// The names of what the field is in sysfs, without and with their conditions.
    fn names(&self) -> Vec<&LitStr> {
        match &self.kind {
            EntryKind::Attr(Attr { names, .. })
            | EntryKind::Children(Children {
                names: Some(names), ..
            }) => std::iter::once(&names.name)
                .chain(names.aliases.iter().map(|alias| &alias.name))
                .collect(),
            EntryKind::Dir { name, .. } => vec![name],
            EntryKind::Children(Children { names: None, .. }) | EntryKind::State { .. } => {
                Vec::new()
            }
        }
    }
}

/// Checks that the files and directories have valid and different names.
fn check_names(entries: &[Entry]) -> Result<()> {
    let mut errors = Vec::new();
    let mut seen: Vec<String> = Vec::new();

    for name in entries.iter().flat_map(Entry::names) {
        if let Err(error) = check_name(name) {
            errors.push(error);
        } else if seen.contains(&name.value()) {
            errors.push(Error::new(
                name.span(),
                format!("the directory has two entries called \"{}\"", name.value()),
            ));
        }
        seen.push(name.value());
    }
    combine(errors)
}

pub(crate) fn sysfs_dir(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut args = Args::of_macro(args)?;
    let lock = args.path("lock");
    args.finish("sysfs_dir", "`lock`")?;

    let mut item: ItemStruct = parse2(item).map_err(|e| {
        Error::new(e.span(), "`sysfs_dir` makes a directory of a struct") //
    })?;
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "a directory has no generic parameters",
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
        match entry(field, lock.as_ref()) {
            Ok(entry) => entries.push(entry),
            Err(error) => errors.push(error),
        }
    }
    combine(errors)?;
    check_names(&entries)?;

    expand::expand(Dir {
        doc: doc_of(&item.attrs),
        item,
        entries,
    })
}
