// SPDX-License-Identifier: GPL-2.0

//! The arguments of our attributes: `flag`, `key = expression`, `alias("name", cfg(...))`.

use proc_macro2::Span;
use syn::{
    ext::IdentExt,
    parenthesized,
    parse::{
        Parse,
        ParseStream,
        Parser, //
    },
    punctuated::Punctuated,
    token,
    Attribute,
    Error,
    Expr,
    ExprLit,
    Ident,
    Lit,
    LitInt,
    LitStr,
    Meta,
    Result,
    Token,
    Type, //
};

/// A second name of a file.
pub(crate) struct Alias {
    pub(crate) name: LitStr,
    /// When the name exists: what stands in `cfg(...)`.
    pub(crate) cfg: Option<Meta>,
}

impl Parse for Alias {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.parse()?;
        let mut cfg = None;

        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            let key: Ident = input.parse()?;
            if key != "cfg" {
                return Err(Error::new_spanned(
                    key,
                    "expected `cfg(...)` after the name of an alias",
                ));
            }
            let content;
            parenthesized!(content in input);
            cfg = Some(content.parse()?);
        }
        if !input.is_empty() {
            return Err(input.error("expected `alias(\"name\")` or `alias(\"name\", cfg(...))`"));
        }
        Ok(Self { name, cfg })
    }
}

/// What an argument is, besides its name.
enum Value {
    Flag,
    Expr(Expr),
    Type(Type),
    Alias(Alias),
}

/// One argument.
struct Arg {
    key: Ident,
    value: Value,
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Expr(input.parse()?)
        } else if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            if key != "alias" {
                return Err(Error::new_spanned(
                    &key,
                    format!("`{key}` takes no parentheses"),
                ));
            }
            Value::Alias(content.parse()?)
        } else {
            Value::Flag
        };

        Ok(Self { key, value })
    }
}

/// An argument of the macro itself, which is a type or a string.
struct TypeArg(Arg);

impl Parse for TypeArg {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) && input.peek2(LitStr) {
            input.parse::<Token![=]>()?;
            Value::Expr(input.parse()?)
        } else if input.parse::<Option<Token![=]>>()?.is_some() {
            Value::Type(input.parse().map_err(|e| {
                Error::new(e.span(), format!("`{key}` needs a type: `{key} = Type`"))
                //
            })?)
        } else {
            Value::Flag
        };

        Ok(Self(Arg { key, value }))
    }
}

/// The arguments of one attribute, from which those that are known are taken one by one.
pub(crate) struct Args {
    args: Vec<Arg>,
    errors: Vec<Error>,
    span: Span,
}

impl Args {
    /// Parses the arguments of `attr`, of which there may be none.
    pub(crate) fn of(attr: &Attribute) -> Result<Self> {
        let span = attr
            .path()
            .get_ident()
            .map_or_else(Span::call_site, Ident::span);
        let args = match &attr.meta {
            Meta::Path(_) => Vec::new(),
            Meta::List(list) => Self::parse(list.parse_args_with(Self::parser)?),
            Meta::NameValue(meta) => {
                return Err(Error::new_spanned(
                    meta,
                    "expected `#[name]` or `#[name(...)]`",
                ))
            }
        };

        Ok(Self {
            args,
            errors: Vec::new(),
            span,
        })
    }

    /// Parses the arguments of the attribute macro itself.
    pub(crate) fn of_macro(tokens: proc_macro2::TokenStream) -> Result<Self> {
        Ok(Self {
            args: Punctuated::<TypeArg, Token![,]>::parse_terminated
                .parse2(tokens)?
                .into_iter()
                .map(|arg| arg.0)
                .collect(),
            errors: Vec::new(),
            span: Span::call_site(),
        })
    }

    fn parser(input: ParseStream<'_>) -> Result<Punctuated<Arg, Token![,]>> {
        Punctuated::parse_terminated(input)
    }

    fn parse(args: Punctuated<Arg, Token![,]>) -> Vec<Arg> {
        args.into_iter().collect()
    }

    /// Where the attribute is.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Takes the first argument called `key`; more of them are an error.
    fn take(&mut self, key: &str) -> Option<Arg> {
        let mut found = None;
        let mut rest = Vec::new();

        for arg in self.args.drain(..) {
            if arg.key != key {
                rest.push(arg);
            } else if found.is_none() {
                found = Some(arg);
            } else {
                self.errors.push(Error::new_spanned(
                    &arg.key,
                    format!("`{key}` is given more than once"),
                ));
            }
        }
        self.args = rest;
        found
    }

    /// Takes the argument `key` without a value.
    pub(crate) fn flag(&mut self, key: &str) -> Option<Ident> {
        let arg = self.take(key)?;

        if !matches!(arg.value, Value::Flag) {
            self.errors.push(Error::new_spanned(
                &arg.key,
                format!("`{key}` takes no value"),
            ));
        }
        Some(arg.key)
    }

    /// Takes the argument `key = expression`.
    pub(crate) fn expr(&mut self, key: &str) -> Option<Expr> {
        let arg = self.take(key)?;

        match arg.value {
            Value::Expr(expr) => Some(expr),
            _ => {
                self.errors.push(Error::new_spanned(
                    &arg.key,
                    format!("`{key}` needs a value: `{key} = ...`"),
                ));
                None
            }
        }
    }

    /// Takes the argument `key = "string"`.
    pub(crate) fn string(&mut self, key: &str) -> Option<LitStr> {
        match self.expr(key)? {
            Expr::Lit(ExprLit {
                lit: Lit::Str(string),
                ..
            }) => Some(string),
            other => {
                self.errors.push(Error::new_spanned(
                    other,
                    format!("`{key}` needs a string: `{key} = \"...\"`"),
                ));
                None
            }
        }
    }

    /// Takes the argument `key = 0o...`.
    pub(crate) fn int(&mut self, key: &str) -> Option<LitInt> {
        match self.expr(key)? {
            Expr::Lit(ExprLit {
                lit: Lit::Int(int), ..
            }) => Some(int),
            other => {
                self.errors.push(Error::new_spanned(
                    other,
                    format!("`{key}` needs a number: `{key} = 0o644`"),
                ));
                None
            }
        }
    }

    /// Takes the argument `key = Type`.
    pub(crate) fn ty(&mut self, key: &str) -> Option<Type> {
        let arg = self.take(key)?;

        match arg.value {
            Value::Type(ty) => Some(ty),
            _ => {
                self.errors.push(Error::new_spanned(
                    &arg.key,
                    format!("`{key}` needs a type: `{key} = Type`"),
                ));
                None
            }
        }
    }

    /// Takes all arguments `alias(...)`.
    pub(crate) fn aliases(&mut self) -> Vec<Alias> {
        let mut aliases = Vec::new();
        let mut rest = Vec::new();

        for arg in self.args.drain(..) {
            match (arg.key == "alias", arg.value) {
                (true, Value::Alias(alias)) => aliases.push(alias),
                (true, _) => self.errors.push(Error::new_spanned(
                    &arg.key,
                    "`alias` needs a name: `alias(\"name\")`",
                )),
                (false, value) => rest.push(Arg {
                    key: arg.key,
                    value,
                }),
            }
        }
        self.args = rest;
        aliases
    }

    /// Takes all that is left, which must be `field = expression`.
    pub(crate) fn rest(&mut self) -> Vec<(Ident, Expr)> {
        let mut rest: Vec<(Ident, Expr)> = Vec::new();

        for arg in self.args.drain(..) {
            match arg.value {
                Value::Expr(_) if rest.iter().any(|(key, _)| *key == arg.key) => self.errors.push(
                    Error::new_spanned(&arg.key, format!("`{}` is given more than once", arg.key)),
                ),
                Value::Expr(expr) => rest.push((arg.key, expr)),
                _ => self.errors.push(Error::new_spanned(
                    &arg.key,
                    format!("`{0}` needs a value: `{0} = ...`", arg.key),
                )),
            }
        }
        rest
    }

    /// Adds an error of the caller's.
    pub(crate) fn error(&mut self, error: Error) {
        self.errors.push(error);
    }

    /// Fails with all that was wrong; what is left is an argument that `attr` does not have.
    pub(crate) fn finish(mut self, attr: &str, valid: &str) -> Result<()> {
        for arg in &self.args {
            self.errors.push(Error::new_spanned(
                &arg.key,
                format!(
                    "unknown argument `{}` of `{attr}`, valid ones are {valid}",
                    arg.key
                ),
            ));
        }
        combine(self.errors)
    }
}

/// Turns several errors into one that reports all of them.
pub(crate) fn combine(errors: Vec<Error>) -> Result<()> {
    match errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    }) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
