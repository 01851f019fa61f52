// SPDX-License-Identifier: GPL-2.0

//! What describes directories.

use crate::{
    prelude::*,
    sync::LockClassKey, //
};

#[cfg(CONFIG_RUST_KOBJECT_INFO)]
use super::Info;
use super::{
    Dir,
    File,
    Held,
    Setup, //
};

/// The data of a directory. [`#[sysfs_dir]`](macro@super::sysfs_dir) implements it.
pub trait DirData: Sized + Send + Sync + 'static {
    /// What is needed to make one.
    type Args;

    /// The files of the directory. The last entry, and only that one, is `None`.
    const FILES: &'static [Option<&'static File<Dir<Self>>>];

    /// The binary files of the directory. The last entry, and only that one, is `None`.
    const BIN_FILES: &'static [Option<&'static File<Dir<Self>>>] = &[None];

    /// What the directory contains.
    #[cfg(CONFIG_RUST_KOBJECT_INFO)]
    const INFO: &'static Info;

    /// Returns what lockdep knows the locks of trees by that have this at the top.
    fn lock_class() -> Pin<&'static LockClassKey>;

    /// Makes the data of a new directory, with the subdirectories that are always there.
    fn new(setup: &Setup<'_, Self::Args>) -> impl PinInit<Self, Error>;

    /// Shows the subdirectories of `dir`, whose data this is.
    fn add_dirs(dir: &Dir<Self>, held: &mut Held<'_>) -> Result;

    /// Removes the subdirectories, the numbered ones too.
    fn remove_dirs(&self, held: &mut Held<'_>) -> Result;
}
