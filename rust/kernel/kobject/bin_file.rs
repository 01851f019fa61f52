// SPDX-License-Identifier: GPL-2.0

//! The binary files of directories, and the C functions behind them.

use crate::{
    bindings,
    error::from_result,
    ffi,
    prelude::*,
    str::CStr, //
};
use core::slice;

use super::{
    file::attribute,
    Dir,
    Directory, //
};

/// Fills a buffer with what a file has from an offset on, and returns how many bytes that are.
type Read<T> = fn(&Dir<T>, u64, &mut [u8]) -> Result<usize>;

/// Takes what user space wrote to a file at an offset.
type Write<T> = fn(&Dir<T>, u64, &[u8]) -> Result;

/// One binary file of the directories of type `T`: user space reads and writes parts of it.
///
/// # Invariants
///
/// `attr` is the first field, so that a pointer to it is a pointer to the file.
#[repr(C)]
pub struct BinFile<T: Directory> {
    attr: bindings::bin_attribute,
    read: Option<Read<T>>,
    write: Option<Write<T>>,
}

impl<T: Directory> BinFile<T> {
    /// Describes a file of the mode `MODE`, which is checked when this is compiled, and of `size`
    /// bytes; zero if that is not known.
    pub const fn new<const MODE: u16>(
        name: &'static CStr,
        size: usize,
        read: Option<Read<T>>,
        write: Option<Write<T>>,
    ) -> Self {
        let mut attr: bindings::bin_attribute = pin_init::zeroed();

        attr.attr = attribute::<MODE>(name);
        attr.size = size;
        attr.read = Some(read_from::<T>);
        attr.write = Some(write_to::<T>);
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self { attr, read, write }
    }

    /// Reads from the file of `dir`.
    pub(super) fn read(&self, dir: &Dir<T>, pos: u64, buf: &mut [u8]) -> Result<usize> {
        let len = self.read.ok_or(EIO)?(dir, pos, buf)?;

        Ok(len.min(buf.len()))
    }
}

/// Reads from a binary file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `bin_attribute` of an entry of `T::BIN_FILES`.
/// - `buf` must be valid for writes of `count` bytes.
unsafe extern "C" fn read_from<T: Directory>(
    _file: *mut bindings::file,
    kobj: *mut bindings::kobject,
    attr: *const bindings::bin_attribute,
    buf: *mut ffi::c_char,
    pos: bindings::loff_t,
    count: usize,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which is there until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: A pointer to an attribute of `T::BIN_FILES` is one to the file, which is static.
    let file = unsafe { &*attr.cast::<BinFile<T>>() };

    // SAFETY: `buf` is valid for writes of `count` bytes.
    unsafe { buf.write_bytes(0, count) };
    // SAFETY: The bytes were just initialized, and only we use them meanwhile.
    let buf = unsafe { slice::from_raw_parts_mut(buf, count) };

    from_result(|| {
        Ok(isize::try_from(file.read(
            dir,
            u64::try_from(pos)?,
            buf,
        )?)?)
    })
}

/// Writes to a binary file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `bin_attribute` of an entry of `T::BIN_FILES`.
/// - `buf` must be valid for reads of `count` bytes, which nobody changes meanwhile.
unsafe extern "C" fn write_to<T: Directory>(
    _file: *mut bindings::file,
    kobj: *mut bindings::kobject,
    attr: *const bindings::bin_attribute,
    buf: *mut ffi::c_char,
    pos: bindings::loff_t,
    count: usize,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which is there until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: A pointer to an attribute of `T::BIN_FILES` is one to the file, which is static.
    let file = unsafe { &*attr.cast::<BinFile<T>>() };
    // SAFETY: `buf` is valid for reads of `count` bytes, which stay as they are.
    let buf = unsafe { slice::from_raw_parts(buf, count) };

    from_result(|| {
        file.write.ok_or(EIO)?(dir, u64::try_from(pos)?, buf)?;
        Ok(isize::try_from(count)?)
    })
}
