// SPDX-License-Identifier: GPL-2.0

//! The files of directories and groups.

use crate::{
    bindings,
    error::from_result,
    ffi,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr,
        CStrExt as _, //
    }, //
};
use core::ptr;

use super::Output;

/// What a file does. It belongs to a `D`: a [`Dir`](super::Dir), or the data of a group.
pub struct FileOps<D: 'static> {
    /// Shows the file.
    pub show: Option<fn(&D, &mut Output<'_>) -> Result>,
    /// Takes what user space wrote: a string that ends with the first NUL.
    pub store: Option<fn(&D, &CStr) -> Result>,
    /// Tells, when the directory or the group is shown, whether it has the file.
    pub visible: Option<fn(&D) -> bool>,
    /// Whether a write that succeeds wakes who polls the file. Not for one that is `detached`.
    pub notify: bool,
    /// Whether `store` may remove the directory. Not for files of groups.
    pub detached: bool,
}

impl<D> FileOps<D> {
    /// A file that does nothing.
    pub const NONE: Self = Self {
        show: None,
        store: None,
        visible: None,
        notify: false,
        detached: false,
    };
}

/// One file of what `D` is the data of.
///
/// # Invariants
///
/// `attr` is the first field, so that a pointer to it is a pointer to the file.
#[repr(C)]
pub struct File<D: 'static> {
    pub(super) attr: bindings::attribute,
    pub(super) ops: FileOps<D>,
}

/// Tells whether C's `VERIFY_OCTAL_PERMISSIONS()` takes a mode, and `sysfs_create_group()` too.
const fn is_valid_mode(mode: u16) -> bool {
    let (user, group, other) = (mode >> 6 & 7, mode >> 3 & 7, mode & 7);

    // Who is less close to the file may not read more, or write more; others write nothing, and
    // nobody executes it.
    mode & !0o664 == 0 && user & 4 >= group & 4 && group & 4 >= other & 4 && user & 2 >= group & 2
}

/// Returns the attribute of a file, whose mode is checked when this is compiled.
pub(super) const fn attribute<const MODE: u16>(name: &'static CStr) -> bindings::attribute {
    const { assert!(is_valid_mode(MODE), "invalid mode of a file of sysfs") };

    let mut attr: bindings::attribute = pin_init::zeroed();

    attr.name = as_char_ptr_in_const_context(name);
    attr.mode = MODE;
    attr
}

impl<D> File<D> {
    /// Describes a file of the mode `MODE`, which is checked when this is compiled. One without
    /// `show` or `store` fails reads or writes with `EIO`.
    pub const fn new<const MODE: u16>(name: &'static CStr, ops: FileOps<D>) -> Self {
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self {
            attr: attribute::<MODE>(name),
            ops,
        }
    }

    /// Describes the same file under a second name.
    pub const fn alias(&self, name: &'static CStr) -> Self {
        let mut attr = self.attr;

        attr.name = as_char_ptr_in_const_context(name);

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
            _ => self.attr.mode,
        }
    }

    /// Shows the file in a page, as `show` of attributes does.
    ///
    /// # Safety
    ///
    /// `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller has initialized.
    pub(super) unsafe fn show_in(&self, data: &D, page: *mut ffi::c_char) -> isize {
        // SAFETY: `page` is valid for `PAGE_SIZE` initialized bytes, which only we write meanwhile.
        let page = unsafe { &mut *page.cast::<[u8; PAGE_SIZE]>() };

        from_result(|| {
            let mut out = Output::new(page);

            self.show(data, &mut out)?;
            Ok(isize::try_from(out.as_bytes().len())?)
        })
    }

    /// Stores what was written, as `store` of attributes does. Then wakes who polls the file, which
    /// is in the group `group` of `kobj`, or in its directory.
    ///
    /// # Safety
    ///
    /// - `buf` must point to `count` bytes with a NUL behind them that nobody changes meanwhile.
    /// - `kobj` must be that of the file, and alive.
    pub(super) unsafe fn store_from(
        &self,
        data: &D,
        kobj: *mut bindings::kobject,
        group: Option<&CStr>,
        buf: *const ffi::c_char,
        count: usize,
    ) -> isize {
        // SAFETY: `buf` is a string that ends with a NUL, and stays as it is.
        let input = unsafe { CStr::from_char_ptr(buf) };

        from_result(|| {
            self.store(data, input)?;
            if self.ops.notify && !self.ops.detached {
                let group = group.map_or(ptr::null(), |name| name.as_char_ptr());

                // SAFETY: The kobject is alive, and not removed while the method of its file runs.
                unsafe { bindings::sysfs_notify(kobj, group, self.attr.name) };
            }
            Ok(isize::try_from(count)?)
        })
    }
}
