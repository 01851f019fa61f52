// SPDX-License-Identifier: GPL-2.0

//! The fields of the struct of a directory or a group, and what is said about each of them.

use proc_macro2::Span;
use syn::{
    ext::IdentExt,
    spanned::Spanned,
    Attribute,
    Error,
    Expr,
    Field,
    Ident,
    LitInt,
    LitStr,
    Result, //
};

use crate::{
    args::{
        Alias,
        Args, //
    },
    mode::Mode, //
};

/// A field, and what it is in the directory.
pub(crate) struct Entry {
    pub(crate) ident: Ident,
    pub(crate) field: Field,
    /// When the field exists.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) doc: String,
    pub(crate) kind: EntryKind,
}

pub(crate) enum EntryKind {
    File(File),
    Dir {
        name: LitStr,
        overrides: Vec<(Ident, Expr)>,
        /// Whether it is left out of trees that are delegated.
        privileged: bool,
    },
    Children(Children),
    /// A tree in the directory.
    Tree,
    Bin(BinFile),
    State(Init),
}

/// How a field starts.
pub(crate) enum Init {
    /// As its type does by default.
    Default,
    /// As what holds this value.
    Holding(Expr),
    /// As this.
    Value(Expr),
    /// As what this makes in place.
    InPlace(Expr),
}

/// A file.
pub(crate) struct File {
    pub(crate) names: Names,
    pub(crate) mode: Mode,
    /// Whether the field keeps a value, which it can show and take.
    pub(crate) has_value: bool,
    /// What the file holds, if the field does not tell.
    pub(crate) kind: Option<Expr>,
    pub(crate) init: Init,
    pub(crate) parse: Option<Expr>,
    pub(crate) show: Option<Expr>,
    pub(crate) store: Option<Expr>,
    pub(crate) visible: Option<Expr>,
    /// Whether a write wakes who polls the file.
    pub(crate) notifies: bool,
    /// Whether a write may remove the directory.
    pub(crate) detached: bool,
    /// Whether it is left out of trees that are delegated.
    pub(crate) privileged: bool,
}

/// A binary file.
pub(crate) struct BinFile {
    pub(crate) names: Names,
    pub(crate) mode: Mode,
    pub(crate) size: Option<Expr>,
    pub(crate) read: Option<Expr>,
    pub(crate) write: Option<Expr>,
    pub(crate) visible: Option<Expr>,
}

/// Numbered subdirectories.
pub(crate) struct Children {
    /// The file that makes them, unless the code does.
    pub(crate) names: Option<Names>,
    pub(crate) mode: Mode,
    pub(crate) max: Option<Expr>,
    /// Returns the most that there may be in the tree of the directory.
    pub(crate) limit: Option<Expr>,
    pub(crate) check: Option<Expr>,
    pub(crate) init: Option<Expr>,
}

/// The names of a file.
pub(crate) struct Names {
    pub(crate) name: LitStr,
    pub(crate) aliases: Vec<Alias>,
}

const ROLES: [&str; 7] = ["attr", "file", "bin", "dir", "children", "tree", "state"];
const ROLES_TEXT: &str =
    "`#[attr(...)]`, `#[file(...)]`, `#[bin(...)]`, `#[dir]`, `#[children(...)]`, `#[tree]` or \
     `#[state]`";

/// Returns the first paragraph of the doc comment among `attrs`, in one line.
pub(crate) fn doc_of(attrs: &[Attribute]) -> String {
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
    if let Some(attr) = field
        .attrs
        .iter()
        .find(|attr| attr.path().is_ident("cfg_attr"))
    {
        return Err(Error::new_spanned(
            attr,
            "nobody looks into `cfg_attr` here: write `#[cfg(...)]`",
        ));
    }
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

/// Takes how a field starts out of its arguments.
fn init_of(args: &mut Args, keys: &[&str]) -> Init {
    let mut given: Vec<(&str, Expr)> = Vec::new();

    for key in keys {
        if let Some(expr) = args.expr(key) {
            given.push((key, expr));
        }
    }
    if let Some((_, second)) = given.get(1) {
        args.error(Error::new_spanned(second, "a field starts in one way"));
    }
    for (_, expr) in &given {
        if let Expr::Closure(closure) = expr {
            if closure.inputs.len() != 1 {
                args.error(Error::new_spanned(
                    closure,
                    "what makes a field is given the `Setup`: `|setup| ...`",
                ));
            }
        }
    }
    match given.into_iter().next() {
        None => Init::Default,
        Some(("default", expr)) => Init::Holding(expr),
        Some(("init", expr)) => Init::Value(expr),
        Some((_, expr)) => Init::InPlace(expr),
    }
}

/// Makes a file of a field that has `#[attr(...)]`.
fn attr(mut args: Args, ident: &Ident) -> Result<EntryKind> {
    let name = args.string("name");
    let names = names_of(&mut args, name, ident);
    let file = File {
        names,
        mode: Mode::take(&mut args, None),
        has_value: true,
        kind: None,
        init: init_of(&mut args, &["default", "init"]),
        parse: args.expr("parse"),
        show: args.expr("show"),
        store: args.expr("store"),
        visible: args.expr("visible"),
        notifies: args.flag("notify").is_some(),
        detached: false,
        privileged: args.flag("privileged").is_some(),
    };

    check_methods(&file, &mut args);
    if let (Some(parse), Some(_)) = (&file.parse, &file.store) {
        args.error(Error::new_spanned(
            parse,
            "`store` does the parsing, `parse` would not be used",
        ));
    }
    args.finish(
        "attr",
        "`rw`, `ro`, `wo`, `admin_rw`, `admin_ro`, `mode`, `default`, `init`, `parse`, `show`, \
         `store`, `visible`, `privileged`, `notify`, `name` and `alias(...)`",
    )?;
    Ok(EntryKind::File(file))
}

/// Makes a file without a value of a field that has `#[file(...)]`.
fn file(mut args: Args, ident: &Ident) -> Result<EntryKind> {
    let name = args.string("name");
    let names = names_of(&mut args, name, ident);
    let file = File {
        names,
        mode: Mode::take(&mut args, None),
        has_value: false,
        kind: args.expr("kind"),
        init: Init::Default,
        parse: None,
        show: args.expr("show"),
        store: args.expr("store"),
        visible: args.expr("visible"),
        notifies: args.flag("notify").is_some(),
        detached: args.flag("detached").is_some(),
        privileged: args.flag("privileged").is_some(),
    };

    check_methods(&file, &mut args);
    if file.mode.readable && file.show.is_none() {
        args.error(Error::new(
            args.span(),
            "a file without a value that is read needs `show = ...`",
        ));
    }
    if file.mode.writable && file.store.is_none() {
        args.error(Error::new(
            args.span(),
            "a file without a value that is written to needs `store = ...`",
        ));
    }
    args.finish(
        "file",
        "`rw`, `ro`, `wo`, `admin_rw`, `admin_ro`, `mode`, `kind`, `show`, `store`, `visible`, \
         `privileged`, `notify`, `detached`, `name` and `alias(...)`",
    )?;
    Ok(EntryKind::File(file))
}

/// Makes a binary file of a field that has `#[bin(...)]`.
fn bin(mut args: Args, ident: &Ident) -> Result<EntryKind> {
    let name = args.string("name");
    let names = names_of(&mut args, name, ident);
    let file = BinFile {
        names,
        mode: Mode::take(&mut args, None),
        size: args.expr("size"),
        read: args.expr("read"),
        write: args.expr("write"),
        visible: args.expr("visible"),
    };

    for alias in &file.names.aliases {
        args.error(Error::new(alias.name.span(), "a binary file has one name"));
    }
    for (key, method, is_wanted) in [
        ("read", &file.read, file.mode.readable),
        ("write", &file.write, file.mode.writable),
    ] {
        if method.is_some() != is_wanted {
            let span = method.as_ref().map_or(args.span(), Spanned::span);
            let text = format!("the mode of the file and `{key} = ...` do not go together");
            args.error(Error::new(span, text));
        }
    }
    args.finish(
        "bin",
        "`rw`, `ro`, `wo`, `admin_rw`, `admin_ro`, `mode`, `size`, `read`, `write`, `visible` and \
         `name`",
    )?;
    Ok(EntryKind::Bin(file))
}

/// Checks that the methods of a file can be called.
fn check_methods(file: &File, args: &mut Args) {
    if let (Some(store), false) = (
        file.store.as_ref().or(file.parse.as_ref()),
        file.mode.writable,
    ) {
        args.error(Error::new_spanned(store, "the file is not written to"));
    }
    if let (Some(show), false) = (&file.show, file.mode.readable) {
        args.error(Error::new_spanned(show, "the file is not read"));
    }
    if let (Some(alias), true) = (file.names.aliases.first(), file.notifies) {
        args.error(Error::new(
            alias.name.span(),
            "a file that is polled has one name: who polls another would not be woken",
        ));
    }
    if file.detached && (file.notifies || !file.mode.writable) {
        args.error(Error::new(
            args.span(),
            "a `detached` file is written to, and not polled",
        ));
    }
}

/// Makes numbered subdirectories of a field that has `#[children(...)]`.
fn children(mut args: Args, ident: &Ident) -> Result<EntryKind> {
    let names = args
        .string("nr")
        .map(|nr| names_of(&mut args, Some(nr), ident));
    let children = Children {
        mode: if names.is_some() {
            Mode::take(&mut args, Some("0o644"))
        } else {
            Mode {
                bits: LitInt::new("0", Span::call_site()),
                readable: false,
                writable: false,
            }
        },
        names,
        max: args.expr("max"),
        limit: args.expr("limit"),
        check: args.expr("check"),
        init: args.expr("init"),
    };

    if children.names.is_none() {
        for unused in [
            &children.max,
            &children.limit,
            &children.check,
            &children.init,
        ]
        .into_iter()
        .flatten()
        {
            args.error(Error::new_spanned(
                unused,
                "without `nr` there is no file that makes directories",
            ));
        }
    }
    args.finish(
        "children",
        "`nr`, `rw`, `ro`, `wo`, `admin_rw`, `admin_ro`, `mode`, `max`, `limit`, `check`, `init` \
         and `alias(...)`",
    )?;
    Ok(EntryKind::Children(children))
}

/// Finds out what a field is in the directory.
pub(crate) fn entry(mut field: Field) -> Result<Entry> {
    let Some(ident) = field.ident.clone() else {
        return Err(Error::new_spanned(&field, "a field needs a name"));
    };
    let role = take_role(&mut field)?;
    let mut args = Args::of(&role)?;

    let kind = if role.path().is_ident("attr") {
        attr(args, &ident)?
    } else if role.path().is_ident("file") {
        file(args, &ident)?
    } else if role.path().is_ident("bin") {
        bin(args, &ident)?
    } else if role.path().is_ident("children") {
        children(args, &ident)?
    } else if role.path().is_ident("dir") {
        let privileged = args.flag("privileged").is_some();
        let overrides = args.rest();
        args.finish("dir", "`privileged` and `field = value`")?;
        EntryKind::Dir {
            name: LitStr::new(&ident.unraw().to_string(), ident.span()),
            overrides,
            privileged,
        }
    } else if role.path().is_ident("tree") {
        args.finish("tree", "none")?;
        EntryKind::Tree
    } else {
        let init = init_of(&mut args, &["init", "pin_init"]);
        args.finish("state", "`init` and `pin_init`")?;
        EntryKind::State(init)
    };

    Ok(Entry {
        doc: doc_of(&field.attrs),
        cfgs: cfgs_of(&field.attrs),
        ident,
        field,
        kind,
    })
}

impl Entry {
    /// The names of what the field is in sysfs.
    pub(crate) fn names(&self) -> Vec<&LitStr> {
        match &self.kind {
            EntryKind::File(File { names, .. })
            | EntryKind::Children(Children {
                names: Some(names), ..
            }) => std::iter::once(&names.name)
                .chain(names.aliases.iter().map(|alias| &alias.name))
                .collect(),
            EntryKind::Dir { name, .. } => vec![name],
            EntryKind::Bin(file) => vec![&file.names.name],
            EntryKind::Children(Children { names: None, .. })
            | EntryKind::Tree
            | EntryKind::State(_) => Vec::new(),
        }
    }
}

/// Returns the `#[cfg(...)]` among attributes.
pub(crate) fn cfgs_of(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect()
}
