// SPDX-License-Identifier: GPL-2.0

//! The types of the kobjects of directories.

use crate::{
    bindings,
    error::from_result,
    prelude::*,
    sync::aref::ARef, //
};
use core::{
    marker::PhantomData,
    ptr, //
};

use super::{
    calls::{
        self,
        Place, //
    },
    dir::Head,
    module::Module,
    Detached,
    Dir,
    DirData,
    File, //
};

/// Directories, as the place of their files.
pub(super) struct InDir<T>(PhantomData<T>);

// SAFETY: The kobject is passed as it is. A pointer to the attribute of an entry of `T::FILES` or
// `T::BIN_FILES` is one to the file, which is static.
unsafe impl<T: DirData> Place for InDir<T> {
    type Of = bindings::kobject;
    type Attr = bindings::attribute;
    type Data = Dir<T>;

    unsafe fn check_writer(kobj: *mut bindings::kobject) -> Result {
        // SAFETY: Methods run as long as the directory of the kobject has its owner.
        unsafe { Head::from_kobj(kobj) }.tree.check_writer()
    }

    fn kobj(of: *mut bindings::kobject) -> *mut bindings::kobject {
        of
    }

    unsafe fn find<'a>(
        kobj: *mut bindings::kobject,
        attr: *const bindings::attribute,
    ) -> (&'a File<Dir<T>>, &'a Dir<T>) {
        // SAFETY: The attribute is that of a file in the tables of `T`, as the caller promises.
        let file = unsafe { &*attr.cast::<File<Dir<T>>>() };

        // SAFETY: The kobject is at the start of the `repr(C)` structure, which is there: files are
        // shown, and their methods run, as long as it has its owner.
        (file, unsafe { &*kobj.cast::<Dir<T>>() })
    }
}

/// The type of the kobjects of directories.
///
/// # Invariants
///
/// - `ktype` is the first field, so that a pointer to it is a pointer to this.
/// - `store` is [`store_detached`] for the data of the directories, if some of their files are.
#[repr(C)]
struct DirType {
    ktype: bindings::kobj_type,
    store: unsafe extern "C" fn(
        *mut bindings::kobject,
        *mut bindings::attribute,
        *const c_char,
        usize,
    ) -> isize,
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

impl<T: DirData> InDir<T> {
    const SYSFS_OPS: &'static bindings::sysfs_ops = &bindings::sysfs_ops {
        show: Some(calls::show::<Self>),
        store: Some(if has_detached(T::FILES) {
            store_with_module
        } else {
            calls::store::<Self>
        }),
    };

    const GROUP: &'static bindings::attribute_group = &{
        assert!(ends_with_none(T::FILES) && ends_with_none(T::BIN_FILES));
        // CAST: An `Option<&File<_>>` is a pointer to a `File<_>`, or null, and that is a pointer
        // to its attribute. The arrays end with a null pointer: see above.
        calls::group::<Self>(T::FILES.as_ptr().cast(), T::BIN_FILES.as_ptr().cast())
    };

    const GROUPS: &'static [*const bindings::attribute_group; 2] = &[Self::GROUP, ptr::null()];

    // INVARIANT: The function is the one for `T`, and `ktype` is the first field.
    const TYPE: &'static DirType = &{
        let mut ktype: bindings::kobj_type = pin_init::zeroed();

        ktype.release = Some(release);
        ktype.sysfs_ops = Self::SYSFS_OPS;
        // CAST: The C side only reads the array.
        ktype.default_groups = Self::GROUPS.as_ptr().cast_mut();
        ktype.get_ownership = Some(get_ownership);
        DirType {
            ktype,
            store: if has_detached(T::FILES) {
                store_detached::<T>
            } else {
                calls::store::<Self>
            },
        }
    };

    /// Returns the type of the kobjects of directories with the data `T`.
    pub(super) fn ktype() -> *const bindings::kobj_type {
        &raw const Self::TYPE.ktype
    }

    /// Returns the module that the code of these directories belongs to.
    pub(super) fn module() -> Module {
        Module::of(calls::show::<Self> as *const ())
    }
}

/// Tells whether the last entry of a list, and only that one, is `None`.
const fn ends_with_none<F>(files: &[Option<&F>]) -> bool {
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
        if matches!(files[nr], Some(file) if file.ops.detached.is_some()) {
            return true;
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
    // user has dropped what is in it.
    unsafe { bindings::kfree(kobj.cast()) };
}

/// Tells whom a directory and its files belong to.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir`], which is alive, and `uid` and `gid` must be valid for
/// writes.
unsafe extern "C" fn get_ownership(
    kobj: *const bindings::kobject,
    uid: *mut bindings::kuid_t,
    gid: *mut bindings::kgid_t,
) {
    // SAFETY: `kobj` is the kobject of a directory, which is alive.
    let owner = unsafe { Head::from_kobj(kobj) }.tree.owner;

    // SAFETY: `uid` is valid for a write.
    unsafe { (*uid).val = owner.uid };
    // SAFETY: `gid` is valid for a write.
    unsafe { (*gid).val = owner.gid };
}

/// Stores what was written to a file. One that is `detached` may remove the directory; there is
/// none before the module has come.
///
/// # Safety
///
/// That of [`calls::store`] for [`InDir<T>`].
unsafe extern "C" fn store_detached<T: DirData>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The file is active, until we end that below.
    let (file, dir) = unsafe { InDir::<T>::find(kobj, attr) };
    let Some(method) = file.ops.detached else {
        // SAFETY: The attribute is that of a file of `T`, which is active until we return, and
        // there is a NUL behind the `count` bytes of `buf`: the caller promises both.
        return unsafe { calls::store::<InDir<T>>(kobj, attr, buf, count) };
    };
    // SAFETY: This is code of the module, and runs because `store_with_module` keeps it.
    let has_come = unsafe { dir.tree().module.check_has_come() };
    if let Err(e) = has_come.and_then(|()| dir.tree().check_writer()) {
        // CAST: The numbers of errors are small.
        return e.to_errno() as isize;
    }
    let dir: ARef<Dir<T>> = dir.into();

    // SAFETY: We are in a method of this file. From here on, `dir` is what keeps it alive.
    let node = unsafe { bindings::sysfs_break_active_protection(kobj, attr) };
    if node.is_null() {
        // CAST: The numbers of errors are small.
        return ENODEV.to_errno() as isize;
    }
    // SAFETY: `buf` is a string that ends with a NUL, and stays as it is.
    let input = unsafe { CStr::from_char_ptr(buf) };
    let result = from_result(|| {
        method(&Detached::new(&dir), input)?;
        Ok(isize::try_from(count)?)
    });

    // SAFETY: This undoes what was done above.
    unsafe { bindings::sysfs_unbreak_active_protection(node) };
    result
}

/// Does what [`store_detached`] does, with the module of the directory in use: whoever removes the
/// directory does not wait for the method.
///
/// # Safety
///
/// That of [`calls::store`] for the directories of the kobject's type.
unsafe extern "C" fn store_with_module(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The type of the kobject of a directory is the first field of a `DirType`.
    let ty = unsafe { &*(*kobj).ktype.cast::<DirType>() };
    // SAFETY: `kobj` is the kobject of a directory, whose files are active.
    let module = unsafe { Head::from_kobj(kobj) }.tree.module;

    // SAFETY: `store` is that for the type of the directory.
    let store = || unsafe { (ty.store)(kobj, attr, buf, count) };

    // SAFETY: The module is there as long as the file is active: it waits for that before it goes.
    let result = unsafe { module.with(store) };

    // CAST: The numbers of errors are small.
    result.unwrap_or_else(|e| e.to_errno() as isize)
}
