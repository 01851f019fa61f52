// SPDX-License-Identifier: GPL-2.0

//! Please see [`crate::keyword`].

use proc_macro2::{
    Literal,
    TokenStream, //
};
use quote::quote;
use syn::{
    ext::IdentExt,
    parse2,
    Data,
    DeriveInput,
    Error,
    Fields,
    Ident,
    LitStr,
    Result,
    Variant, //
};

use crate::args::combine;

/// Returns `OffWhite` as `off_white`.
fn snake_case(ident: &Ident) -> String {
    let mut out = String::new();

    for (i, c) in ident.unraw().to_string().chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// Returns the word that a variant stands for.
fn word_of(variant: &Variant) -> Result<LitStr> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            &variant.fields,
            "a keyword has no fields",
        ));
    }

    let mut attrs = variant
        .attrs
        .iter()
        .filter(|attr| attr.path().is_ident("keyword"));

    let word = match attrs.next() {
        Some(attr) => attr.parse_args().map_err(|e| {
            Error::new(e.span(), "`keyword` needs the word: `#[keyword(\"word\")]`")
        })?,
        None => LitStr::new(&snake_case(&variant.ident), variant.ident.span()),
    };

    match attrs.next() {
        Some(second) => Err(Error::new_spanned(second, "a variant has one `keyword`")),
        None => Ok(word),
    }
}

pub(crate) fn keyword(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = parse2(item)?;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "`Keyword` can only be derived for an enum",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "an enum of keywords has no generic parameters",
        ));
    }

    if let Some(clause) = &input.generics.where_clause {
        return Err(Error::new_spanned(
            clause,
            "an enum of keywords has no `where` clause",
        ));
    }

    let mut errors = Vec::new();
    let mut words: Vec<LitStr> = Vec::new();
    for variant in &data.variants {
        match word_of(variant) {
            Ok(word) if words.iter().any(|other| other.value() == word.value()) => {
                errors.push(Error::new(
                    word.span(),
                    format!("two variants have the word \"{}\"", word.value()),
                ));
            }
            Ok(word) if word.value().is_empty() || word.value().contains(['\n', '\0']) => {
                errors.push(Error::new(
                    word.span(),
                    "a keyword is not empty, and has neither a newline nor a NUL character",
                ));
            }
            Ok(word) => words.push(word),
            Err(error) => errors.push(error),
        }
    }
    combine(errors)?;

    let Some(first) = data.variants.first().map(|v| &v.ident) else {
        return Err(Error::new_spanned(
            &input.ident,
            "an enum of keywords needs a variant",
        ));
    };

    let ident = &input.ident;
    let variants: Vec<_> = data.variants.iter().map(|v| &v.ident).collect();
    let numbers: Vec<_> = (0u32..)
        .take(variants.len())
        .map(Literal::u32_suffixed)
        .collect();
    let words_in_bytes = words
        .iter()
        .map(|word| Literal::byte_string(word.value().as_bytes()));
    let lines = words.iter().map(|word| {
        Literal::byte_string(format!("{}\n", word.value()).as_bytes()) //
    });
    let all_words: Vec<_> = words.iter().map(LitStr::value).collect();
    let kind = format!("keyword:{}", all_words.join("|"));

    Ok(quote! {
        impl ::kernel::kobject::AttrValue for #ident {
            type Repr = u32;

            const KIND: &'static str = #kind;

            fn into_repr(self) -> u32 {
                match self {
                    #(Self::#variants => #numbers,)*
                }
            }

            fn from_repr(repr: u32) -> Self {
                #(
                    if repr == #numbers {
                        return Self::#variants;
                    }
                )*
                // `into_repr()` gives nothing else.
                Self::#first
            }

            fn parse(input: &::kernel::str::CStr) -> ::kernel::error::Result<Self> {
                match ::kernel::kobject::parse::word(input) {
                    #(#words_in_bytes => ::core::result::Result::Ok(Self::#variants),)*
                    _ => ::core::result::Result::Err(::kernel::error::code::EINVAL),
                }
            }

            fn emit(
                self,
                out: &mut ::kernel::kobject::Output<'_>,
            ) -> ::kernel::error::Result {
                match self {
                    #(Self::#variants => out.bytes(#lines),)*
                }
                ::core::result::Result::Ok(())
            }
        }
    })
}
