// SPDX-License-Identifier: GPL-2.0

//! The tables of directories for the C side, and the functions in them.

use crate::{
    bindings,
    error::from_result,
    ffi,
    prelude::*, //
};
use core::{
    marker::PhantomData,
    ptr, //
};

use super::{
    module::Module,
    Dir,
    Directory,
    File, //
};

/// What the C side calls to store what was written to a file.
type Store = unsafe extern "C" fn(
    *mut bindings::kobject,
    *mut bindings::attribute,
    *const ffi::c_char,
    usize,
) -> isize;

/// The type of the kobjects of a type of directories.
///
/// # Invariants
///
/// - `ktype` is the first field, so that a pointer to it is a pointer to this.
/// - `store` is [`store`], and `module` is [`tree_module`], for the type of directories.
#[repr(C)]
struct DirType {
    ktype: bindings::kobj_type,
    store: Store,
    module: unsafe fn(*mut bindings::kobject) -> Module,
}

/// The type of the kobjects of directories whose data is gone.
pub(super) const GONE: *const bindings::kobj_type = &raw const GONE_TYPE.0;

/// Lets tables be shared.
#[repr(transparent)]
struct Shared(bindings::kobj_type);

// SAFETY: Nobody writes to it.
unsafe impl Sync for Shared {}

static GONE_TYPE: Shared = Shared({
    let mut ktype: bindings::kobj_type = pin_init::zeroed();

    ktype.release = Some(release);
    ktype
});

/// Returns the module that the code of the directories of type `T` belongs to.
pub(super) fn module<T: Directory>() -> Module {
    Module::of(show::<T> as *const ())
}

/// The C tables of the directories of type `T`.
pub(super) struct Tables<T: Directory>(PhantomData<T>);

impl<T: Directory> Tables<T> {
    const SYSFS_OPS: &'static bindings::sysfs_ops = &bindings::sysfs_ops {
        show: Some(show::<T>),
        store: Some(if has_detached(T::FILES) {
            store_with_module
        } else {
            store::<T>
        }),
    };

    const GROUP: &'static bindings::attribute_group = &{
        let mut group: bindings::attribute_group = pin_init::zeroed();

        assert!(ends_with_none(T::FILES) && ends_with_none(T::BIN_FILES));
        group.__bindgen_anon_1.is_visible = Some(is_visible::<T>);
        // CAST: An `Option<&File<_>>` is a pointer to a `File<_>`, or null, and that is a pointer
        // to its `attribute`. The array ends with a null pointer: see above.
        group.__bindgen_anon_2.attrs_const = T::FILES.as_ptr().cast();
        // CAST: Likewise.
        group.bin_attrs = T::BIN_FILES.as_ptr().cast();
        group
    };

    const GROUPS: &'static [*const bindings::attribute_group; 2] = &[Self::GROUP, ptr::null()];

    // INVARIANT: The functions are those for `T`, and `ktype` is the first field.
    const TYPE: &'static DirType = &{
        let mut ktype: bindings::kobj_type = pin_init::zeroed();

        ktype.release = Some(release);
        ktype.sysfs_ops = Self::SYSFS_OPS;
        // CAST: The C side only reads the array.
        ktype.default_groups = Self::GROUPS.as_ptr().cast_mut();
        ktype.get_ownership = Some(get_ownership::<T>);
        DirType {
            ktype,
            store: store::<T>,
            module: tree_module::<T>,
        }
    };

    /// Returns the `kobj_type` of the directories of type `T`.
    pub(super) fn ktype() -> *const bindings::kobj_type {
        &raw const Self::TYPE.ktype
    }
}

/// Tells whether the last entry of a list, and only that one, is `None`.
pub(super) const fn ends_with_none<F>(files: &[Option<&F>]) -> bool {
    let mut nr = 0;

    while nr < files.len() && files[nr].is_some() {
        nr += 1;
    }
    nr + 1 == files.len()
}

/// Tells whether one of the files is `detached`.
const fn has_detached<D>(files: &[Option<&'static File<D>>]) -> bool {
    let mut nr = 0;

    while nr < files.len() {
        if let Some(file) = files[nr] {
            if file.ops.detached {
                return true;
            }
        }
        nr += 1;
    }
    false
}

/// Frees a directory whose last reference is gone. No code of a module is needed for that.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir`] that nobody uses any more. This is the contract of the
/// `release` of a `kobj_type`.
unsafe extern "C" fn release(kobj: *mut bindings::kobject) {
    // SAFETY: The kobject is at the start of what a `KBox` has allocated and given up. The last
    // `Kept` has dropped what is in it.
    unsafe { bindings::kfree(kobj.cast()) };
}

/// Returns the module of the tree of a directory.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir<T>`], which is alive.
unsafe fn tree_module<T: Directory>(kobj: *mut bindings::kobject) -> Module {
    // SAFETY: `kobj` is the kobject of a directory, which is alive.
    unsafe { Dir::<T>::from_kobj(kobj) }.tree().module
}

/// Tells whom a directory and its files belong to.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir<T>`], which is alive, and `uid` and `gid` must be valid
/// for writes.
unsafe extern "C" fn get_ownership<T: Directory>(
    kobj: *const bindings::kobject,
    uid: *mut bindings::kuid_t,
    gid: *mut bindings::kgid_t,
) {
    // SAFETY: `kobj` is the kobject of a directory, which is alive.
    let owner = unsafe { Dir::<T>::from_kobj(kobj.cast_mut()) }.tree().owner;

    // SAFETY: `uid` is valid for a write.
    unsafe { (*uid).val = owner.uid };
    // SAFETY: `gid` is valid for a write.
    unsafe { (*gid).val = owner.gid };
}

/// Returns the mode of a file, or 0 if the directory does not have it.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], which is alive.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
unsafe extern "C" fn is_visible<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    _nr: ffi::c_int,
) -> bindings::umode_t {
    // SAFETY: `kobj` is the kobject of a directory, which is alive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: A pointer to an `attribute` of `T::FILES` is one to the file, which is static.
    let file = unsafe { &*attr.cast::<File<Dir<T>>>() };

    file.visible_mode(dir)
}

/// Shows a file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller has initialized.
unsafe extern "C" fn show<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    page: *mut ffi::c_char,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which is there until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: A pointer to an `attribute` of `T::FILES` is one to the file, which is static.
    let file = unsafe { &*attr.cast::<File<Dir<T>>>() };

    // SAFETY: The caller's promise.
    unsafe { file.show_in(dir, page) }
}

/// Stores what was written to a file. One that is `detached` may remove the directory.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `buf` must point to `count` bytes with a NUL behind them that nobody changes meanwhile.
unsafe extern "C" fn store<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const ffi::c_char,
    count: usize,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which is there until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: A pointer to an `attribute` of `T::FILES` is one to the file, which is static.
    let file = unsafe { &*attr.cast::<File<Dir<T>>>() };

    if !file.ops.detached {
        // SAFETY: The caller's promise.
        return unsafe { file.store_from(dir, kobj, None, buf, count) };
    }

    let dir = dir.keep();
    // SAFETY: We are in a method of this file. From here on, `dir` is what keeps it alive.
    let node = unsafe { bindings::sysfs_break_active_protection(kobj, attr) };
    if node.is_null() {
        // CAST: The numbers of errors are small.
        return ENODEV.to_errno() as isize;
    }
    // SAFETY: The caller's promise. The kobject is alive as long as `dir`.
    let result = unsafe { file.store_from(&dir, kobj, None, buf, count) };

    // SAFETY: This undoes what was done above.
    unsafe { bindings::sysfs_unbreak_active_protection(node) };
    result
}

/// Does what [`store`] does for a type of directories that has `detached` files, with the module
/// of its code in use: whoever removes the directory does not wait for the method.
///
/// # Safety
///
/// That of [`store`].
unsafe extern "C" fn store_with_module(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const ffi::c_char,
    count: usize,
) -> isize {
    // SAFETY: The type of the kobject of a directory is the first field of a `DirType`.
    let ty = unsafe { &*(*kobj).ktype.cast::<DirType>() };
    // SAFETY: `module` is that for the type of the directory, whose files are active.
    let module = unsafe { (ty.module)(kobj) };

    from_result(|| {
        // SAFETY: The module is there: it waits for the files to be inactive before it goes.
        unsafe {
            module.with(|| {
                // SAFETY: `store` is that for the type of the directory.
                Ok((ty.store)(kobj, attr, buf, count))
            })
        }
    })
}
