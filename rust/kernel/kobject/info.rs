// SPDX-License-Identifier: GPL-2.0

//! A description of a tree, from which documentation and tests are made.

use crate::{
    prelude::*,
    sync::{
        static_lock_class,
        Arc, //
    }, //
};
use core::ptr;

use super::{
    module::Module,
    Children,
    DirData,
    Output,
    Owner,
    Sequence,
    Setup,
    Subdir,
    Tree, //
};

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
    /// What the file holds: `uint`, `keyword:off|on`, `nr`, `custom`.
    pub kind: &'static str,
    /// The most numbered subdirectories that the file makes, if there is a bound.
    pub max: Option<i32>,
    /// Shows the value in a new directory; `None` if the methods of the file decide.
    pub default: Option<fn(&Setup<'_>, &mut Output<'_>) -> Result>,
    /// The documentation of the file.
    pub doc: &'static str,
}

impl FileInfo {
    /// Shows the value in a new directory; nothing if the methods of the file decide.
    pub fn show_default(&self, out: &mut Output<'_>) -> Result {
        let tree = Arc::pin_init(
            Tree::init::<Self>(
                Owner::default(),
                None,
                Module::of(ptr::null()),
                static_lock_class!(),
            ),
            GFP_KERNEL,
        )?;

        self.default
            .map_or(Ok(()), |show| show(&Setup::new(&tree, ()), out))
    }
}

/// The values in a new directory that differ from what its type says, by the name of the file.
pub type Overrides = &'static [(&'static CStr, fn(&mut Output<'_>) -> Result)];

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

/// The type of a field that stands for directories.
pub trait HasInfo {
    /// The data of the directories.
    type Data: DirData;

    /// What the directories contain.
    const INFO: &'static Info = Self::Data::INFO;
}

impl<T: DirData> HasInfo for Subdir<T> {
    type Data = T;
}

impl<T: DirData<Args = ()>> HasInfo for Children<T> {
    type Data = T;
}

impl<T: DirData<Args = ()>> HasInfo for Sequence<T> {
    type Data = T;
}
