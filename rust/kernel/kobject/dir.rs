// SPDX-License-Identifier: GPL-2.0

//! Directories: kobjects with their data, and their owners.

use crate::{
    bindings,
    prelude::*,
    str::{
        CStr,
        CStrExt as _, //
    },
    sync::Arc,
    types::Opaque, //
};
use core::{
    ops::Deref,
    ptr, //
};

#[cfg(CONFIG_RUST_KOBJECT_INFO)]
use super::Info;
use super::{
    file::DirType,
    FileList,
    Held,
    Setup,
    Tree,
    TreeGuard, //
};

/// The data of a directory. [`#[sysfs_dir]`](macro@super::sysfs_dir) implements it.
pub trait Directory: Sized + Send + Sync + 'static {
    /// What is needed to make one.
    type Args;

    /// The files of the directory.
    const FILES: FileList<Self>;

    /// What the directory contains.
    #[cfg(CONFIG_RUST_KOBJECT_INFO)]
    const INFO: &'static Info;

    /// Makes the data of a new directory, with the subdirectories that are always there.
    fn new(setup: &Setup<'_, Self::Args>) -> impl PinInit<Self, Error>;

    /// Shows the subdirectories of `dir`, whose data this is.
    fn add_dirs(dir: &Dir<Self>, held: &mut Held<'_>) -> Result;

    /// Removes the subdirectories, the numbered ones too.
    fn remove_dirs(&self, held: &mut Held<'_>) -> Result;
}

/// What the directories of all types begin with.
///
/// # Invariants
///
/// `kobj` is the kobject of a [`Dir`] that was allocated by a [`KBox`], and is initialised with
/// the `kobj_type` of a [`DirType`] for the type of that `Dir`.
#[repr(C)]
pub(super) struct Header {
    pub(super) kobj: Opaque<bindings::kobject>,
    pub(super) tree: Arc<Tree>,
}

/// A directory: a kobject together with its data, as the methods of files see it.
///
/// # Invariants
///
/// - A `Dir` is made by [`Subdir`](super::Subdir) alone, in a [`KBox`], and lives until its kobject
///   is released.
/// - The kobject is added and deleted with the lock of the tree held.
#[repr(C)]
#[pin_data]
pub struct Dir<T: Directory> {
    pub(super) header: Header,
    #[pin]
    pub(super) data: T,
}

impl<T: Directory> Dir<T> {
    /// Takes the lock of the tree if nobody holds it, and fails with `EBUSY` otherwise.
    pub fn try_lock(&self) -> Result<TreeGuard<'_>> {
        self.header.tree.try_lock()
    }

    /// Wakes who polls `file`, which has changed.
    ///
    /// Fails with `ENOENT` if the directory is not in sysfs, and with `EINVAL` if it is the lock of
    /// another tree that is held. Does nothing if there is no such file.
    pub fn notify(&self, held: &Held<'_>, file: &CStr) -> Result {
        held.check(self.tree())?;
        if !self.is_in_sysfs() {
            return Err(ENOENT);
        }
        // SAFETY: The kobject was added. As the lock is held, and borrowed, nobody removes it
        // meanwhile.
        unsafe { bindings::sysfs_notify(self.kobj(), ptr::null(), file.as_char_ptr()) };
        Ok(())
    }

    /// Returns the tree that the directory belongs to.
    pub fn tree(&self) -> &Tree {
        &self.header.tree
    }

    /// Returns the tree, to make another directory of it.
    pub(super) fn tree_arc(&self) -> &Arc<Tree> {
        &self.header.tree
    }

    /// Returns the kobject as the C side wants it.
    pub(super) fn kobj(&self) -> *mut bindings::kobject {
        self.header.kobj.get()
    }

    /// Tells whether the directory can be seen. Only for who keeps it from being added or removed.
    pub(super) fn is_in_sysfs(&self) -> bool {
        // SAFETY: The kobject is initialised, and the caller keeps others from writing to it.
        unsafe { (*self.kobj()).state_in_sysfs() != 0 }
    }

    /// Returns the directory of a kobject.
    ///
    /// # Safety
    ///
    /// `kobj` must be the kobject of a `Dir<T>` that outlives `'a`.
    pub(super) unsafe fn from_kobj<'a>(kobj: *mut bindings::kobject) -> &'a Self {
        // SAFETY: The kobject is at the start of the `repr(C)` structure, which lives for `'a` and
        // is only shared until then.
        unsafe { &*kobj.cast::<Self>() }
    }
}

impl<T: Directory> Deref for Dir<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

/// Frees a directory whose last reference is gone.
///
/// # Safety
///
/// `kobj` must be the kobject of a `Dir<T>` that nobody uses any more.
pub(super) unsafe fn free<T: Directory>(kobj: *mut bindings::kobject) {
    // SAFETY: By its invariant the `Dir` was allocated by a `KBox`, which `Subdir::new()` gave up.
    // The kobject is at the start of it.
    drop(unsafe { KBox::from_raw(kobj.cast::<Dir<T>>()) });
}

/// The `release` of all directories, which is not part of any module.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir`] that nobody uses any more. This is the contract of the
/// `release` of a `kobj_type`.
pub(super) unsafe extern "C" fn release(kobj: *mut bindings::kobject) {
    // SAFETY: The kobject is at the start of the `Header` of its directory.
    let header = unsafe { &*kobj.cast::<Header>() };
    let tree = header.tree.clone();
    // SAFETY: By the invariant of `Header`, the type of the kobject is at the start of a `DirType`,
    // which is static.
    let ty = unsafe { &*(*kobj).ktype.cast::<DirType>() };

    // SAFETY: By the invariant of `Header` this is the `free()` for the type of the directory,
    // which nobody uses any more.
    unsafe { (ty.free)(kobj) };
    tree.note_release();
}
