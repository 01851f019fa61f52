// SPDX-License-Identifier: GPL-2.0

//! Please see [`crate::sysfs_dir`]. Here a struct becomes a model of the directory, with all that
//! can be wrong about it reported; `expand` makes code of the model.

use std::ffi::CString;

use proc_macro2::{
    Span,
    TokenStream, //
};
use quote::quote;
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
    LitInt,
    LitStr,
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
    /// The type of what is needed to make one.
    pub(crate) args: Option<Type>,
    pub(crate) doc: String,
    pub(crate) entries: Vec<Entry>,
}

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
    },
    Children(Children),
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
}

/// The mode of a file.
pub(crate) struct Mode {
    pub(crate) bits: LitInt,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// Numbered subdirectories.
pub(crate) struct Children {
    /// The file that makes them, unless the code does.
    pub(crate) names: Option<Names>,
    pub(crate) mode: Mode,
    pub(crate) max: Option<Expr>,
    pub(crate) check: Option<Expr>,
    pub(crate) init: Option<Expr>,
}

/// The names of a file.
pub(crate) struct Names {
    pub(crate) name: LitStr,
    pub(crate) aliases: Vec<Alias>,
}

const ROLES: [&str; 5] = ["attr", "file", "dir", "children", "state"];
const ROLES_TEXT: &str =
    "`#[attr(...)]`, `#[file(...)]`, `#[dir]`, `#[children(...)]` or `#[state]`";

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

/// Returns what is wrong with the mode of a file, as `VERIFY_OCTAL_PERMISSIONS()` in C has it.
fn wrong_mode(mode: u16) -> Option<&'static str> {
    let (user, group, other) = (mode >> 6 & 7, mode >> 3 & 7, mode & 7);

    if mode > 0o777 {
        Some("a mode has no other bits than 0o777")
    } else if mode & 0o666 == 0 {
        Some("nobody can use the file")
    } else if other & 2 != 0 {
        Some("a file is not writable for all")
    } else if user & 4 < group & 4 || group & 4 < other & 4 || user & 2 < group & 2 {
        Some("the owner may do what the group may, and the group what others may")
    } else {
        None
    }
}

impl Mode {
    /// Takes the mode of a file out of its arguments.
    fn take(args: &mut Args, default: Option<&str>) -> Self {
        let words = [("rw", "0o600"), ("ro", "0o400"), ("wo", "0o200")];
        let mut given: Vec<(Span, LitInt)> = words
            .into_iter()
            .filter_map(|(word, bits)| {
                let word = args.flag(word)?;
                Some((word.span(), LitInt::new(bits, Span::call_site())))
            })
            .collect();
        if let Some(bits) = args.int("mode") {
            given.push((bits.span(), bits));
        }
        if let Some((second, _)) = given.get(1) {
            args.error(Error::new(*second, "a file has one mode"));
        }

        let (span, bits) = given.into_iter().next().unwrap_or_else(|| {
            if default.is_none() {
                args.error(Error::new(
                    args.span(),
                    "a file needs a mode: `rw`, `ro`, `wo` or `mode = 0o...`",
                ));
            }
            let bits = LitInt::new(default.unwrap_or("0o600"), Span::call_site());
            (args.span(), bits)
        });
        let value = bits.base10_parse().unwrap_or(u16::MAX);
        if let Some(wrong) = wrong_mode(value) {
            args.error(Error::new(span, wrong));
        }
        Self {
            bits,
            readable: value & 0o444 != 0,
            writable: value & 0o222 != 0,
        }
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
        "`rw`, `ro`, `wo`, `mode`, `default`, `init`, `parse`, `show`, `store`, `visible`, \
         `notify`, `name` and `alias(...)`",
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
        "`rw`, `ro`, `wo`, `mode`, `kind`, `show`, `store`, `visible`, `notify`, \
         `name` and `alias(...)`",
    )?;
    Ok(EntryKind::File(file))
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
}

/// Makes numbered subdirectories of a field that has `#[children(...)]`.
fn children(mut args: Args, ident: &Ident) -> Result<EntryKind> {
    let names = args
        .string("nr")
        .map(|nr| names_of(&mut args, Some(nr), ident));
    let children = Children {
        mode: if names.is_some() {
            Mode::take(&mut args, Some("0o600"))
        } else {
            Mode {
                bits: LitInt::new("0", Span::call_site()),
                readable: false,
                writable: false,
            }
        },
        names,
        max: args.expr("max"),
        check: args.expr("check"),
        init: args.expr("init"),
    };

    if children.names.is_none() {
        for unused in [&children.max, &children.check, &children.init]
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
        "`nr`, `rw`, `ro`, `wo`, `mode`, `max`, `check`, `init` and `alias(...)`",
    )?;
    Ok(EntryKind::Children(children))
}

/// Finds out what a field is in the directory.
fn entry(mut field: Field) -> Result<Entry> {
    let Some(ident) = field.ident.clone() else {
        return Err(Error::new_spanned(&field, "a field needs a name"));
    };
    let role = take_role(&mut field)?;
    let mut args = Args::of(&role)?;

    let kind = if role.path().is_ident("attr") {
        attr(args, &ident)?
    } else if role.path().is_ident("file") {
        file(args, &ident)?
    } else if role.path().is_ident("children") {
        children(args, &ident)?
    } else if role.path().is_ident("dir") {
        let overrides = args.rest();
        args.finish("dir", "`field = value`")?;
        EntryKind::Dir {
            name: LitStr::new(&ident.unraw().to_string(), ident.span()),
            overrides,
        }
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
    fn names(&self) -> Vec<&LitStr> {
        match &self.kind {
            EntryKind::File(File { names, .. })
            | EntryKind::Children(Children {
                names: Some(names), ..
            }) => std::iter::once(&names.name)
                .chain(names.aliases.iter().map(|alias| &alias.name))
                .collect(),
            EntryKind::Dir { name, .. } => vec![name],
            EntryKind::Children(Children { names: None, .. }) | EntryKind::State(_) => Vec::new(),
        }
    }
}

/// Tells whether two lists of conditions are the same, word for word.
fn same_cfgs(some: &[Attribute], others: &[Attribute]) -> bool {
    let [some, others] = [some, others].map(|cfgs| quote!(#(#cfgs)*).to_string());

    some == others
}

/// Returns the `#[cfg(...)]` among attributes.
pub(crate) fn cfgs_of(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect()
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

    let mut item: ItemStruct = parse2(item).map_err(|e| {
        Error::new(e.span(), "`sysfs_dir` makes a directory of a struct") //
    })?;
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

    expand::expand(Dir {
        doc: doc_of(&item.attrs),
        args: of,
        item,
        entries,
    })
}
