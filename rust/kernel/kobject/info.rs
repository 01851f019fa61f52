// SPDX-License-Identifier: GPL-2.0

//! A description of a tree, from which documentation and tests are made.

use crate::{
    fmt,
    prelude::*,
    str::CStr, //
};

use super::Emitter;

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

/// Describes a directory.
#[derive(Clone, Copy)]
pub struct Info {
    /// The documentation of the directory.
    pub doc: &'static str,
    /// The files of the directory, second names included.
    pub files: &'static [FileInfo],
    /// The subdirectories of the directory.
    pub dirs: &'static [DirInfo],
}

/// Describes a file.
#[derive(Clone, Copy)]
pub struct FileInfo {
    /// The name of the file.
    pub name: &'static CStr,
    /// The first name of the file if `name` is a second one.
    pub alias_of: Option<&'static CStr>,
    /// The permission bits.
    pub mode: u16,
    /// What the file holds.
    pub kind: Kind,
    /// Shows the value in a new directory; `None` if the methods of the file decide.
    pub default: Option<fn(&mut Emitter<'_>) -> Result>,
    /// The documentation of the file.
    pub doc: &'static str,
}

/// The values in a new directory that differ from what its type says, by the name of the file.
pub type Overrides = &'static [(&'static CStr, fn(&mut Emitter<'_>) -> Result)];

/// Describes a subdirectory, or a family of numbered ones.
#[derive(Clone, Copy)]
pub struct DirInfo {
    /// The name of the directory; `None` for the numbered ones.
    pub name: Option<&'static CStr>,
    /// What is in it.
    pub info: &'static Info,
    /// The values that are different from those in `info`.
    pub overrides: Overrides,
    /// The documentation of the directory, as its parent tells it.
    pub doc: &'static str,
}
