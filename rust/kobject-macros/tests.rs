// SPDX-License-Identifier: GPL-2.0

//! Host tests, run by `make rusttest`.

use proc_macro2::{
    Delimiter,
    TokenStream,
    TokenTree, //
};
use std::str::FromStr;

use crate::{
    dir::{
        sysfs_dir,
        sysfs_group, //
    },
    keyword::keyword, //
};

fn tokens(source: &str) -> TokenStream {
    TokenStream::from_str(source).expect("the source of a test has balanced brackets")
}

/// Writes the tokens with one space between them.
///
/// Leaves out the commas before closing brackets, which rustfmt adds and removes as it breaks
/// lines.
fn normalise(tokens: TokenStream, out: &mut String) {
    let mut tokens = tokens.into_iter().peekable();

    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("( ", ") "),
                    Delimiter::Brace => ("{ ", "} "),
                    Delimiter::Bracket => ("[ ", "] "),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                normalise(group.stream(), out);
                out.push_str(close);
            }
            TokenTree::Punct(punct) if punct.as_char() == ',' && tokens.peek().is_none() => {}
            token => {
                out.push_str(&token.to_string());
                out.push(' ');
            }
        }
    }
}

/// Compares an expansion with what is expected, token by token.
#[track_caller]
fn assert_expansion(expansion: TokenStream, golden: &str) {
    let source = expansion.to_string();
    let [mut found, mut expected] = [String::new(), String::new()];

    normalise(expansion, &mut found);
    normalise(tokens(golden), &mut expected);
    assert!(
        found == expected,
        "the expansion is now\n\n{source}\n\nand was expected to be\n\n{golden}\n"
    );
}

/// Checks that an expansion fails with these errors, each at these tokens.
#[track_caller]
fn assert_errors(result: syn::Result<TokenStream>, expected: &[(&str, &str)]) {
    let found: Vec<(String, String)> = match result {
        Ok(expansion) => panic!("no error, but\n\n{expansion}\n"),
        Err(errors) => errors
            .into_iter()
            .map(|e| (e.span().source_text().unwrap_or_default(), e.to_string()))
            .collect(),
    };
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(text, message)| (text.as_str(), message.as_str()))
        .collect();

    assert_eq!(found, expected);
}

/// Expands a struct with the given fields.
fn fields(source: &str) -> syn::Result<TokenStream> {
    sysfs_dir(
        TokenStream::new(),
        tokens(&format!("struct Dir {{ {source} }}")),
    )
}

#[test]
fn directory() {
    let expansion = sysfs_dir(
        tokens("args = (u32, &'static Basket)"),
        tokens(include_str!("golden/dir.in")),
    );

    assert_expansion(
        expansion.expect("the directory is valid"),
        include_str!("golden/dir.out"),
    );
}

#[test]
fn directory_with_conditions() {
    let expansion = sysfs_dir(TokenStream::new(), tokens(include_str!("golden/cfg.in")));

    assert_expansion(
        expansion.expect("the directory is valid"),
        include_str!("golden/cfg.out"),
    );
}

#[test]
fn directory_of_trees_that_are_delegated() {
    let expansion = sysfs_dir(
        TokenStream::new(),
        tokens(include_str!("golden/delegated.in")),
    );

    assert_expansion(
        expansion.expect("the directory is valid"),
        include_str!("golden/delegated.out"),
    );
}

#[test]
fn words_for_modes() {
    for (word, mode) in [
        ("rw", "0o644"),
        ("ro", "0o444"),
        ("wo", "0o200"),
        ("admin_rw", "0o600"),
        ("admin_ro", "0o400"),
    ] {
        let expansion = fields(&format!("#[attr({word})] a: V")).expect("the mode is valid");

        assert!(expansion
            .to_string()
            .contains(&format!("new :: < {mode} >")));
    }
}

/// The names of constants do not come from those of files, which may differ in little.
#[test]
fn names_that_look_alike() {
    let source = "#[attr(rw)] ab: V, #[attr(rw, name = \"a-b\")] b: V, \
                  #[attr(rw, name = \"a_b\", alias(\"A_B\"))] c: V, \
                  #[attr(rw, name = \"größe\")] d: V, #[attr(rw)] r#type: V";
    let expansion = fields(source).expect("the names differ").to_string();

    for nr in 0..6 {
        assert_eq!(
            expansion.matches(&format!("const __FILE_{nr} :")).count(),
            1
        );
    }
    for name in ["ab", "a-b", "a_b", "A_B", "größe", "type"] {
        assert!(expansion.contains(&format!("c\"{name}\"")), "{name}");
    }
}

#[test]
fn directory_without_anything() {
    let expansion = sysfs_dir(TokenStream::new(), tokens("struct Empty {}"));

    assert_expansion(
        expansion.expect("the directory is valid"),
        include_str!("golden/empty.out"),
    );
}

#[test]
fn group() {
    let expansion = sysfs_group(
        tokens("name = \"lamp\", args = u32"),
        tokens(include_str!("golden/group.in")),
    );

    assert_expansion(
        expansion.expect("the group is valid"),
        include_str!("golden/group.out"),
    );
}

#[test]
fn errors_of_groups() {
    let text = "a group has files and state, but no directories, and no `detached` or \
                `privileged` files";
    let fields = "#[dir] a: D, #[children] b: C, #[bin(ro, read = f)] c: NoValue, \
                  #[file(wo, store = f, detached)] d: NoValue, #[attr(ro)] e: V, \
                  #[attr(ro, privileged)] f: V, #[tree] g: T";

    assert_errors(
        sysfs_group(
            tokens("name = \"a/b\""),
            tokens(&format!("struct Group {{ {fields} }}")),
        ),
        &[
            ("a", text),
            ("b", text),
            ("d", text),
            ("f", text),
            ("g", text),
            ("\"a/b\"", "\"a/b\" cannot be the name of a file"),
        ],
    );
    assert_errors(
        sysfs_group(tokens("name = 3"), tokens("struct Group {}")),
        &[("3", "`name` needs a type: `name = Type`")],
    );
}

#[test]
fn keywords() {
    assert_expansion(
        keyword(tokens(include_str!("golden/keyword.in"))).expect("the enum is valid"),
        include_str!("golden/keyword.out"),
    );
}

#[test]
fn errors_of_the_macro() {
    let dir = || tokens("struct Dir {}");

    assert_errors(
        sysfs_dir(tokens("arg = A"), dir()),
        &[(
            "arg",
            "unknown argument `arg` of `sysfs_dir`, valid ones are `args`",
        )],
    );
    assert_errors(
        sysfs_dir(tokens("args"), dir()),
        &[("args", "`args` needs a type: `args = Type`")],
    );
    assert_errors(
        sysfs_dir(tokens("args = 3"), dir()),
        &[("3", "`args` needs a type: `args = Type`")],
    );
    assert_errors(
        sysfs_dir(tokens("args = A, args = B"), dir()),
        &[("args", "`args` is given more than once")],
    );
    assert_errors(
        sysfs_dir(TokenStream::new(), tokens("struct Dir where u8: Copy {}")),
        &[("where u8: Copy", "a directory has no `where` clause")],
    );
    assert_errors(
        sysfs_dir(TokenStream::new(), tokens("enum Dir { A }")),
        &[("enum", "a directory or a group is made of a struct")],
    );
    assert_errors(
        sysfs_dir(TokenStream::new(), tokens("struct Dir<T> { a: T }")),
        &[("<T>", "a directory has no generic parameters")],
    );
    assert_errors(
        sysfs_dir(TokenStream::new(), tokens("struct Dir(u32);")),
        &[("(u32)", "a directory is a struct with named fields")],
    );
    assert_errors(
        sysfs_dir(TokenStream::new(), tokens("struct Dir;")),
        &[("Dir", "a directory is a struct with named fields")],
    );
}

#[test]
fn errors_of_roles() {
    assert_errors(
        fields("a: u32, #[serde] b: u32, #[attr(rw)] c: u32"),
        &[
            (
                "a",
                "the field needs one of `#[attr(...)]`, `#[file(...)]`, `#[bin(...)]`, `#[dir]`, \
                 `#[children(...)]`, `#[tree]` or `#[state]`",
            ),
            (
                "b",
                "the field needs one of `#[attr(...)]`, `#[file(...)]`, `#[bin(...)]`, `#[dir]`, \
                 `#[children(...)]`, `#[tree]` or `#[state]`",
            ),
        ],
    );
    assert_errors(
        fields("#[attr(rw)] #[dir] a: u32"),
        &[(
            "#[dir]",
            "a field is one thing: `#[attr(...)]`, `#[file(...)]`, `#[bin(...)]`, `#[dir]`, \
             `#[children(...)]`, `#[tree]` or `#[state]`",
        )],
    );
    assert_errors(
        fields("#[cfg_attr(A, cfg(B))] #[attr(rw)] a: u32"),
        &[(
            "#[cfg_attr(A, cfg(B))]",
            "nobody looks into `cfg_attr` here: write `#[cfg(...)]`",
        )],
    );
    assert_errors(
        fields("#[attr = 3] a: u32"),
        &[("attr = 3", "expected `#[name]` or `#[name(...)]`")],
    );
}

#[test]
fn errors_of_attr() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "#[attr] a: u32",
            &[(
                "attr",
                "a file needs a mode, such as `rw`, `ro`, `wo` or `mode = 0o...`",
            )],
        ),
        ("#[attr(rw, ro)] a: u32", &[("ro", "a file has one mode")]),
        (
            "#[attr(wo, admin_rw)] a: u32",
            &[("admin_rw", "a file has one mode")],
        ),
        ("#[attr(rw = 1)] a: u32", &[("rw", "`rw` takes no value")]),
        (
            "#[attr(rw, rw)] a: u32",
            &[("rw", "`rw` is given more than once")],
        ),
        (
            "#[attr(rw, initial = 3)] a: u32",
            &[(
                "initial",
                "unknown argument `initial` of `attr`, valid ones are `rw`, `ro`, `wo`, \
                 `admin_rw`, `admin_ro`, `mode`, `default`, `init`, `parse`, `show`, `store`, \
                 `visible`, `privileged`, `notify`, `name` and `alias(...)`",
            )],
        ),
        (
            "#[attr(rw, default)] a: u32",
            &[("default", "`default` needs a value: `default = ...`")],
        ),
        (
            "#[attr(rw, default = 1, default = 2)] a: u32",
            &[("default", "`default` is given more than once")],
        ),
        (
            "#[attr(rw, name = 3)] a: u32",
            &[("3", "`name` needs a string: `name = \"...\"`")],
        ),
        (
            "#[attr(rw, show(a))] a: u32",
            &[("show", "`show` takes no parentheses")],
        ),
        (
            "#[attr(ro, store = f)] a: u32",
            &[("f", "the file is not written to")],
        ),
        (
            "#[attr(ro, parse = f)] a: u32",
            &[("f", "the file is not written to")],
        ),
        (
            "#[attr(rw, parse = f, store = g)] a: u32",
            &[("f", "`store` does the parsing, `parse` would not be used")],
        ),
        (
            "#[attr(wo, show = f)] a: u32",
            &[("f", "the file is not read")],
        ),
        (
            "#[attr(rw, default = 1, init = 2)] a: u32",
            &[("2", "a field starts in one way")],
        ),
        (
            "#[attr(rw, init = |a, b| 1)] a: u32",
            &[(
                "|a, b| 1",
                "what makes a field is given the `Setup`: `|setup| ...`",
            )],
        ),
        (
            "#[attr(mode = rw)] a: u32",
            &[
                ("rw", "`mode` needs a number: `mode = 0o644`"),
                (
                    "attr",
                    "a file needs a mode, such as `rw`, `ro`, `wo` or `mode = 0o...`",
                ),
            ],
        ),
        (
            "#[attr(rw, mode = 0o600)] a: u32",
            &[("0o600", "a file has one mode")],
        ),
        (
            "#[attr(mode = 0o10600)] a: u32",
            &[("0o10600", "a mode has no other bits than 0o666")],
        ),
        (
            "#[attr(mode = 0o666)] a: u32",
            &[("0o666", "a file is not writable for all")],
        ),
        (
            "#[attr(mode = 0o111)] a: u32",
            &[("0o111", "a mode has no other bits than 0o666")],
        ),
        (
            "#[attr(mode = 0)] a: u32",
            &[("0", "nobody can use the file")],
        ),
        (
            "#[attr(mode = 0o460)] a: u32, #[attr(mode = 0o604)] b: u32",
            &[
                (
                    "0o460",
                    "the owner may do what the group may, and the group what others may",
                ),
                (
                    "0o604",
                    "the owner may do what the group may, and the group what others may",
                ),
            ],
        ),
        (
            "#[file(ro)] a: NoValue",
            &[(
                "file",
                "a file without a value that is read needs `show = ...`",
            )],
        ),
        (
            "#[file(rw, show = f)] a: NoValue",
            &[(
                "file",
                "a file without a value that is written to needs `store = ...`",
            )],
        ),
        (
            "#[file(ro, show = f, default = 7)] a: NoValue",
            &[(
                "default",
                "unknown argument `default` of `file`, valid ones are `rw`, `ro`, `wo`, \
                 `admin_rw`, `admin_ro`, `mode`, `kind`, `show`, `store`, `visible`, \
                 `privileged`, `notify`, `detached`, `name` and `alias(...)`",
            )],
        ),
        (
            "#[file(wo, store = f, notify, detached)] a: NoValue",
            &[("file", "a `detached` file is written to, and not polled")],
        ),
        (
            "#[attr(rw, notify, alias(\"b\"), alias(\"c\"))] a: u32",
            &[(
                "\"b\"",
                "a file that is polled has one name: who polls another would not be woken",
            )],
        ),
        (
            "#[file(ro, show = f, detached)] a: NoValue",
            &[("file", "a `detached` file is written to, and not polled")],
        ),
        (
            "#[bin(rw, read = f)] a: NoValue, #[bin(ro, read = f, write = g)] b: NoValue",
            &[
                (
                    "bin",
                    "the mode of the file and `write = ...` do not go together",
                ),
                (
                    "g",
                    "the mode of the file and `write = ...` do not go together",
                ),
            ],
        ),
        (
            "#[bin(ro, read = f, alias(\"b\"), notify)] a: NoValue",
            &[
                ("\"b\"", "a binary file has one name"),
                (
                    "notify",
                    "unknown argument `notify` of `bin`, valid ones are `rw`, `ro`, `wo`, \
                     `admin_rw`, `admin_ro`, `mode`, `size`, `read`, `write`, `visible` and `name`",
                ),
            ],
        ),
        (
            "#[attr(rw, alias)] a: u32",
            &[("alias", "`alias` needs a name: `alias(\"name\")`")],
        ),
        (
            "#[attr(rw, alias(\"b\", fcg(X)))] a: u32",
            &[("fcg", "expected `cfg(...)` after the name of an alias")],
        ),
        (
            "#[attr(rw, alias(\"b\", cfg(X), 1))] a: u32",
            &[(
                ",",
                "expected `alias(\"name\")` or `alias(\"name\", cfg(...))`",
            )],
        ),
        // Several errors are reported together.
        (
            "#[attr(oops, name = 3)] a: u32, #[attr(ro, store = f)] b: u32",
            &[
                ("3", "`name` needs a string: `name = \"...\"`"),
                (
                    "attr",
                    "a file needs a mode, such as `rw`, `ro`, `wo` or `mode = 0o...`",
                ),
                (
                    "oops",
                    "unknown argument `oops` of `attr`, valid ones are `rw`, `ro`, `wo`, \
                 `admin_rw`, `admin_ro`, `mode`, `default`, `init`, `parse`, `show`, `store`, \
                 `visible`, `privileged`, `notify`, `name` and `alias(...)`",
                ),
                ("f", "the file is not written to"),
            ],
        ),
    ];

    for (source, expected) in cases {
        assert_errors(fields(source), expected);
    }
}

#[test]
fn errors_of_names() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "#[attr(rw, name = \"\")] a: u32",
            &[("\"\"", "\"\" cannot be the name of a file")],
        ),
        (
            "#[attr(rw, name = \"..\")] a: u32",
            &[("\"..\"", "\"..\" cannot be the name of a file")],
        ),
        (
            "#[attr(rw, name = \"a/b\")] a: u32",
            &[("\"a/b\"", "\"a/b\" cannot be the name of a file")],
        ),
        (
            "#[attr(rw, name = \"a\\0\")] a: u32",
            &[("\"a\\0\"", "\"a\\u{0}\" cannot be the name of a file")],
        ),
        (
            "#[attr(rw)] a: u32, #[attr(rw, alias(\"a\"))] b: u32",
            &[("\"a\"", "the directory has two entries called \"a\"")],
        ),
        (
            "#[cfg(A)] #[attr(rw, name = \"n\")] a: V, #[cfg(A)] #[attr(rw, name = \"n\")] b: V, \
             #[attr(rw, name = \"n\")] c: V",
            &[
                ("\"n\"", "the directory has two entries called \"n\""),
                ("\"n\"", "the directory has two entries called \"n\""),
            ],
        ),
        (
            "#[dir] nr: D, #[children(nr = \"nr\")] b: C",
            &[("\"nr\"", "the directory has two entries called \"nr\"")],
        ),
    ];

    for (source, expected) in cases {
        assert_errors(fields(source), expected);
    }
}

#[test]
fn errors_of_directories() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "#[dir(min)] a: D",
            &[("min", "`min` needs a value: `min = ...`")],
        ),
        (
            "#[dir(privileged = 1)] a: D",
            &[("privileged", "`privileged` takes no value")],
        ),
        (
            "#[tree(name)] a: T",
            &[(
                "name",
                "unknown argument `name` of `tree`, valid ones are none",
            )],
        ),
        (
            "#[children(limit = f)] a: C",
            &[("f", "without `nr` there is no file that makes directories")],
        ),
        (
            "#[dir(min = 1, min = 2)] a: D",
            &[("min", "`min` is given more than once")],
        ),
        (
            "#[children(max = 3)] a: C",
            &[("3", "without `nr` there is no file that makes directories")],
        ),
        (
            "#[children(nr = \"nr\", mode = 0o666)] a: C",
            &[("0o666", "a file is not writable for all")],
        ),
        (
            "#[children(nr = \"nr\", min = 1)] a: C",
            &[(
                "min",
                "unknown argument `min` of `children`, valid ones are `nr`, `rw`, `ro`, `wo`, \
                 `admin_rw`, `admin_ro`, `mode`, `max`, `limit`, `check`, `init` and `alias(...)`",
            )],
        ),
        (
            "#[state(with = 1)] a: u32",
            &[(
                "with",
                "unknown argument `with` of `state`, valid ones are `init` and `pin_init`",
            )],
        ),
    ];

    for (source, expected) in cases {
        assert_errors(fields(source), expected);
    }
}

#[test]
fn errors_of_keywords() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (
            "struct K;",
            &[("K", "`Keyword` can only be derived for an enum")],
        ),
        ("enum K {}", &[("K", "an enum of keywords needs a variant")]),
        (
            "enum K<T> { A }",
            &[("<T>", "an enum of keywords has no generic parameters")],
        ),
        ("enum K { A(u32) }", &[("(u32)", "a keyword has no fields")]),
        (
            "enum K { #[keyword(3)] A }",
            &[("3", "`keyword` needs the word: `#[keyword(\"word\")]`")],
        ),
        (
            "enum K { #[keyword(\"a\")] #[keyword(\"b\")] A }",
            &[("#[keyword(\"b\")]", "a variant has one `keyword`")],
        ),
        (
            "enum K where u8: Copy { A }",
            &[(
                "where u8: Copy",
                "an enum of keywords has no `where` clause",
            )],
        ),
        (
            "enum K { #[keyword(\"\")] A, #[keyword(\"b\\n\")] B }",
            &[
                (
                    "\"\"",
                    "a keyword is not empty, and has neither a newline nor a NUL character",
                ),
                (
                    "\"b\\n\"",
                    "a keyword is not empty, and has neither a newline nor a NUL character",
                ),
            ],
        ),
        (
            "enum K { A, #[keyword(\"a\")] B }",
            &[("\"a\"", "two variants have the word \"a\"")],
        ),
    ];

    for (source, expected) in cases {
        assert_errors(keyword(tokens(source)), expected);
    }
}
