// SPDX-License-Identifier: GPL-2.0

//! What files hold, for documentation and tests.

#[cfg(CONFIG_RUST_KOBJECT_INFO)]
use crate::fmt;
use crate::str::CStr;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An `unsigned long`.
    Ulong,
    /// An `unsigned long` other than zero.
    NonZeroUlong,
    /// An `unsigned int`.
    Uint,
    /// An `int`.
    Int,
    /// `Y` or `N`.
    Bool,
    /// One of these words.
    Keyword(&'static [&'static CStr]),
    /// Any of these words, each in a line.
    Keywords(&'static [&'static CStr]),
    /// Any text.
    Text,
    /// The number of numbered subdirectories, up to a bound if there is one.
    Nr(Option<i32>),
    /// What the methods of the file make of it.
    Custom,
}

/// Writes what follows the name of the kind, too: `keyword:off|on`, `nr:4`.
#[cfg(CONFIG_RUST_KOBJECT_INFO)]
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, words) = match self {
            Self::Ulong => ("ulong", None),
            Self::NonZeroUlong => ("nonzero-ulong", None),
            Self::Uint => ("uint", None),
            Self::Int => ("int", None),
            Self::Bool => ("bool", None),
            Self::Keyword(words) => ("keyword", Some(words)),
            Self::Keywords(words) => ("keywords", Some(words)),
            Self::Text => ("text", None),
            Self::Nr(Some(max)) => return write!(f, "nr:{max}"),
            Self::Nr(None) => ("nr", None),
            Self::Custom => ("custom", None),
        };

        f.write_str(name)?;
        for (i, word) in words.into_iter().copied().flatten().enumerate() {
            f.write_str(if i == 0 { ":" } else { "|" })?;
            f.write_str(word.to_str().map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}
