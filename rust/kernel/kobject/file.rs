// SPDX-License-Identifier: GPL-2.0

//! The files of a directory, and the C functions behind them.

use crate::{
    bindings,
    error::from_result,
    ffi,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr, //
    }, //
};
use core::marker::PhantomData;

use super::{
    Directory,
    Emitter,
    Input,
    Node, //
};

/// Shows a file of a node.
type Show<T> = fn(&Node<T>, &mut Emitter<'_>) -> Result;

/// Takes what user space wrote to a file of a node. sysfs ends it with a NUL.
type Store<T> = fn(&Node<T>, Input<'_>) -> Stored;

/// What a write returns: how many bytes were written, or an error number.
///
/// The function of each file makes it by itself, so that the one that sysfs calls can end with a
/// jump to that: a write of a number takes so little time that a second return is seen in it.
///
/// # Invariants
///
/// A negative value is a negated error number.
#[repr(transparent)]
pub struct Stored(isize);

impl Stored {
    /// Calls `store`, which takes all of `input` or fails.
    #[inline]
    pub fn with(input: Input<'_>, store: impl FnOnce() -> Result) -> Self {
        // INVARIANT: `from_result()` gives the negated number of an error, or else the count.
        Self(from_result(|| {
            store()?;
            Ok(input.count())
        }))
    }

    /// Returns what user space sees of the write.
    #[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
    pub(super) fn to_result(&self) -> Result<usize> {
        crate::error::to_result(ffi::c_int::try_from(self.0)?)?;
        Ok(usize::try_from(self.0)?)
    }
}

/// One file of the directories of type `T`.
///
/// # Invariants
///
/// `attr` is the first field, so that a pointer to it is a pointer to the file.
#[repr(C)]
pub struct File<T: Directory> {
    attr: bindings::attribute,
    show: Option<Show<T>>,
    store: Option<Store<T>>,
}

impl<T: Directory> File<T> {
    /// Describes a file. One without `show` or `store` fails reads or writes with `EIO`.
    pub const fn new(
        name: &'static CStr,
        mode: u16,
        show: Option<Show<T>>,
        store: Option<Store<T>>,
    ) -> Self {
        let mut attr: bindings::attribute = pin_init::zeroed();

        attr.name = as_char_ptr_in_const_context(name);
        attr.mode = mode;

        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self { attr, show, store }
    }

    /// Shows the file of `node`.
    pub(super) fn show(&self, node: &Node<T>, out: &mut Emitter<'_>) -> Result {
        self.show.ok_or(EIO)?(node, out)
    }

    /// Stores what was written to the file of `node`.
    #[inline]
    pub(super) fn store(&self, node: &Node<T>, input: Input<'_>) -> Stored {
        match self.store {
            Some(store) => store(node, input),
            None => Stored::with(input, || Err(EIO)),
        }
    }

    /// Describes the same file under a second name.
    pub const fn alias(&self, name: &'static CStr) -> Self {
        Self::new(name, self.attr.mode, self.show, self.store)
    }
}

/// The files of a directory type.
///
/// # Invariants
///
/// The last entry of the slice, and only that one, is `None`.
pub struct FileList<T: Directory>(&'static [Option<&'static File<T>>]);

impl<T: Directory> FileList<T> {
    /// Makes the list from `files`, which ends with one `None`.
    ///
    /// Anything else is a compile-time error, since lists are made in constants.
    pub const fn new(files: &'static [Option<&'static File<T>>]) -> Self {
        let mut i = 0;

        assert!(!files.is_empty(), "the list ends with `None`");
        while i < files.len() {
            assert!(
                files[i].is_none() == (i == files.len() - 1),
                "the last entry, and only that one, is `None`"
            );
            i += 1;
        }

        // INVARIANT: Just checked.
        Self(files)
    }

    /// Finds the file called `name`.
    #[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
    pub(super) fn find(&self, name: &CStr) -> Option<&'static File<T>> {
        use crate::str::CStrExt as _;

        self.0.iter().copied().flatten().find(|file| {
            // SAFETY: The name of a file was made of a static `CStr`.
            let this = unsafe { CStr::from_char_ptr(file.attr.name) };

            this == name
        })
    }
}

/// The C tables of the directories of type `T`.
pub(super) struct Tables<T: Directory>(PhantomData<T>);

impl<T: Directory> Tables<T> {
    const SYSFS_OPS: &'static bindings::sysfs_ops = &bindings::sysfs_ops {
        show: Some(show::<T>),
        store: Some(store::<T>),
    };

    // Without `default_groups`, which `kobject_del()` removes file by file before it removes the
    // directory with all that is in it.
    const KTYPE: &'static bindings::kobj_type = &{
        let mut ktype: bindings::kobj_type = pin_init::zeroed();

        ktype.release = Some(super::dir::release::<T>);
        ktype.sysfs_ops = Self::SYSFS_OPS;
        ktype
    };

    /// Returns the `kobj_type` of the directories of type `T`.
    pub(super) fn ktype() -> *const bindings::kobj_type {
        Self::KTYPE
    }

    /// Returns the files of the directories of type `T`, as an array that a null pointer ends.
    pub(super) fn attributes() -> *const *const bindings::attribute {
        // CAST: An `Option<&File<T>>` is a pointer to a `File<T>`, or null, and by the invariant
        // of `File` that is a pointer to its `attribute`. By the invariant of `FileList` the
        // array ends with a null pointer.
        T::FILES.0.as_ptr().cast()
    }
}

/// Shows a file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a published [`Node<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller initialised.
unsafe extern "C" fn show<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    page: *mut ffi::c_char,
) -> isize {
    // SAFETY: `kobj` is the kobject of a node, which lives until its files are inactive.
    let node = unsafe { Node::<T>::from_kobj(kobj) };
    // SAFETY: By the invariant of `File`, a pointer to an `attribute` of `T::FILES`, all of which
    // are static, is a pointer to the file.
    let file = unsafe { &*attr.cast::<File<T>>() };
    // SAFETY: `page` is valid for `PAGE_SIZE` initialised bytes, which only we write meanwhile.
    let page = unsafe { &mut *page.cast::<[u8; PAGE_SIZE]>() };

    from_result(|| {
        let mut out = Emitter::new(page);

        file.show(node, &mut out)?;
        Ok(isize::try_from(out.as_bytes().len())?)
    })
}

/// Stores what was written to a file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a published [`Node<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `buf` must point to `count` bytes with a NUL behind them that nobody changes meanwhile.
unsafe extern "C" fn store<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const ffi::c_char,
    count: usize,
) -> isize {
    // SAFETY: `kobj` is the kobject of a node, which lives until its files are inactive.
    let node = unsafe { Node::<T>::from_kobj(kobj) };
    // SAFETY: By the invariant of `File`, a pointer to an `attribute` of `T::FILES`, all of which
    // are static, is a pointer to the file.
    let file = unsafe { &*attr.cast::<File<T>>() };
    // SAFETY: `buf` has `count` bytes and a NUL, which stay as they are.
    let input = unsafe { Input::from_raw_parts(buf, count) };

    file.store(node, input).0
}
