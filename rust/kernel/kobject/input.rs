// SPDX-License-Identifier: GPL-2.0

//! What is written to files.

use crate::{
    ffi,
    str::{
        CStr,
        CStrExt as _, //
    }, //
};
use core::marker::PhantomData;

/// What user space wrote to a file: a string that ends with the first NUL.
///
/// Unlike a [`CStr`], it has not been searched for its end: most files hold numbers or words, and
/// parsing them finds it anyway.
///
/// # Invariants
///
/// `ptr` is that of a NUL-terminated string that nobody changes for `'a`. `count` is at most
/// `isize::MAX`.
///
/// # Examples
///
/// ```
/// use kernel::kobject::{
///     parse,
///     Input, //
/// };
///
/// let input = Input::from(c"42\n");
/// assert_eq!(parse::ulong(input), Ok(42));
/// assert_eq!(input.to_c_str(), c"42\n");
/// ```
#[derive(Clone, Copy)]
pub struct Input<'a> {
    ptr: *const ffi::c_char,
    /// How many bytes were written.
    count: usize,
    _string: PhantomData<&'a CStr>,
}

impl<'a> Input<'a> {
    /// Takes a string of the C side, for which `count` bytes were written.
    ///
    /// # Safety
    ///
    /// `ptr` must point to `count` bytes with a NUL behind them that nobody changes for `'a`.
    #[inline]
    pub(super) unsafe fn from_raw_parts(ptr: *const ffi::c_char, count: usize) -> Self {
        // INVARIANT: The caller promises the string; and nothing in memory has more bytes than
        // `isize::MAX`.
        Self {
            ptr,
            count,
            _string: PhantomData,
        }
    }

    /// Returns the pointer as the C side wants it.
    #[inline]
    pub(super) fn as_char_ptr(self) -> *const ffi::c_char {
        self.ptr
    }

    /// Returns how many bytes were written, which is what a write returns.
    #[inline]
    pub(super) fn count(self) -> isize {
        // CAST: By the invariant it fits.
        self.count as isize
    }

    /// Looks for the end of the string.
    #[inline]
    pub fn to_c_str(self) -> &'a CStr {
        // SAFETY: By the invariant, this is a NUL-terminated string that stays as it is for `'a`.
        unsafe { CStr::from_char_ptr(self.ptr) }
    }
}

impl<'a> From<&'a CStr> for Input<'a> {
    #[inline]
    fn from(string: &'a CStr) -> Self {
        // INVARIANT: A `CStr` is NUL-terminated, and borrowed for `'a`; and no slice has more bytes
        // than `isize::MAX`.
        Self {
            ptr: string.as_char_ptr(),
            count: string.count_bytes(),
            _string: PhantomData,
        }
    }
}
