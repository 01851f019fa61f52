// SPDX-License-Identifier: GPL-2.0

//! The files of directories and groups.

use crate::{
    bindings,
    prelude::*,
    str::as_char_ptr_in_const_context, //
};
use core::ops::Deref;

use super::{
    calls,
    tables::InDir,
    Dir,
    DirData,
    Held,
    Output, //
};

/// Fills a buffer with what a binary file has from an offset on, and returns how many bytes that
/// are.
type Read<D> = fn(&D, u64, &mut [u8]) -> Result<usize>;

/// Takes what user space wrote to a binary file at an offset.
type Write<D> = fn(&D, u64, &[u8]) -> Result;

/// What a file does. It belongs to a `D`: a [`Dir`], or the data of a group.
pub struct FileOps<D: 'static> {
    /// Shows the file.
    pub show: Option<fn(&D, &mut Output<'_>) -> Result>,
    /// Takes what user space wrote: a string that ends with the first NUL.
    pub store: Option<fn(&D, &CStr) -> Result>,
    /// Does what `store` does, and may remove the directory. Not for files of groups.
    pub detached: Option<fn(&Detached<'_, D>, &CStr) -> Result>,
    /// Reads from a binary file.
    pub read: Option<Read<D>>,
    /// Writes to a binary file.
    pub write: Option<Write<D>>,
    /// How many bytes a binary file has; zero if that is not known.
    pub size: usize,
    /// Tells, when the directory or the group is shown, whether it has the file.
    pub visible: Option<fn(&D) -> bool>,
    /// Whether a `store` that succeeds wakes who polls the file.
    pub notify: bool,
}

impl<D> FileOps<D> {
    /// A file that does nothing.
    pub const NONE: Self = Self {
        show: None,
        store: None,
        detached: None,
        read: None,
        write: None,
        size: 0,
        visible: None,
        notify: false,
    };
}

/// What a method that may remove the directory of its file is given: nobody who removes the
/// directory waits for it.
pub struct Detached<'a, D>(&'a D);

impl<'a, D> Detached<'a, D> {
    pub(super) fn new(of: &'a D) -> Self {
        Self(of)
    }
}

impl<T: DirData> Detached<'_, Dir<T>> {
    /// Removes the directory, with all that is below it, from sysfs, and waits for the methods of
    /// the other files. Does nothing if it cannot be seen. Its owner stays, and drops the data.
    ///
    /// Fails with `EINVAL` if it is the lock of another tree that is held.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        self.0.remove(held)
    }
}

impl<D> Deref for Detached<'_, D> {
    type Target = D;

    fn deref(&self) -> &D {
        self.0
    }
}

/// One file of what `D` is the data of.
///
/// # Invariants
///
/// `attr` is the first field, so that a pointer to it, or to the `attribute` at its start, is a
/// pointer to the file.
#[repr(C)]
pub struct File<D: 'static> {
    pub(super) attr: bindings::bin_attribute,
    pub(super) ops: FileOps<D>,
}

/// Tells whether C's `VERIFY_OCTAL_PERMISSIONS()` takes a mode, and `sysfs_create_group()` too.
const fn is_valid_mode(mode: u16) -> bool {
    let (user, group, other) = (mode >> 6 & 7, mode >> 3 & 7, mode & 7);

    // Who is less close to the file may not read more, or write more; others write nothing, and
    // nobody executes it.
    mode & !0o664 == 0 && user & 4 >= group & 4 && group & 4 >= other & 4 && user & 2 >= group & 2
}

impl<D> File<D> {
    /// Describes a file of the mode `MODE`, which is checked when this is compiled. One without
    /// `show` or `store` fails reads or writes with `EIO`.
    pub const fn new<const MODE: u16>(name: &'static CStr, ops: FileOps<D>) -> Self {
        const { assert!(is_valid_mode(MODE), "invalid mode of a file of sysfs") };

        let mut attr: bindings::bin_attribute = pin_init::zeroed();

        attr.attr.name = as_char_ptr_in_const_context(name);
        attr.attr.mode = MODE;
        attr.size = ops.size;
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self { attr, ops }
    }

    /// Describes the same file under a second name.
    pub const fn alias(&self, name: &'static CStr) -> Self {
        let mut attr = self.attr;

        attr.attr.name = as_char_ptr_in_const_context(name);
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self {
            attr,
            ops: FileOps { ..self.ops },
        }
    }

    /// Shows the file.
    pub(super) fn show(&self, data: &D, out: &mut Output<'_>) -> Result {
        self.ops.show.ok_or(EIO)?(data, out)
    }

    /// Stores what was written.
    pub(super) fn store(&self, data: &D, input: &CStr) -> Result {
        self.ops.store.ok_or(EIO)?(data, input)
    }

    /// Returns the mode of the file, or 0 if it is not there, as `is_visible` of groups does.
    pub(super) fn visible_mode(&self, data: &D) -> bindings::umode_t {
        match self.ops.visible {
            Some(visible) if !visible(data) => 0,
            _ => self.attr.attr.mode,
        }
    }
}

impl<T: DirData> File<Dir<T>> {
    /// Turns the description into that of a binary file of a directory.
    pub const fn binary(mut self) -> Self {
        self.attr.read = Some(calls::read::<InDir<T>>);
        self.attr.write = Some(calls::write::<InDir<T>>);
        self
    }
}
