// SPDX-License-Identifier: GPL-2.0

//! The modes of files: words for the usual ones, and any other that sysfs takes.

use proc_macro2::Span;
use syn::{
    Error,
    LitInt, //
};

use crate::args::Args;

/// The mode of a file.
pub(crate) struct Mode {
    pub(crate) bits: LitInt,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Mode {
    /// Takes the mode of a file out of its arguments.
    pub(crate) fn take(args: &mut Args, default: Option<&str>) -> Self {
        let words = [
            ("rw", "0o644"),
            ("ro", "0o444"),
            ("wo", "0o200"),
            ("admin_rw", "0o600"),
            ("admin_ro", "0o400"),
        ];
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
                    "a file needs a mode, such as `rw`, `ro`, `wo` or `mode = 0o...`",
                ));
            }
            let bits = LitInt::new(default.unwrap_or("0o644"), Span::call_site());
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

/// Returns what is wrong with the mode of a file, as `VERIFY_OCTAL_PERMISSIONS()` in C has it.
fn wrong_mode(mode: u16) -> Option<&'static str> {
    let (user, group, other) = (mode >> 6 & 7, mode >> 3 & 7, mode & 7);

    if mode & !0o666 != 0 {
        Some("a mode has no other bits than 0o666")
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
