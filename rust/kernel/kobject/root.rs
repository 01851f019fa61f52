// SPDX-License-Identifier: GPL-2.0

//! The directories at the top of trees.

use crate::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    devres,
    prelude::*,
    str::CStr,
    sync::Arc,
    types::Opaque, //
};
use core::ops::Deref;

use super::{
    file::Tables,
    subdir::Name,
    Dir,
    Directory,
    Owner,
    Subdir,
    Tree, //
};

/// A kobject that is never removed, such as that of `/sys/kernel`.
///
/// # Invariants
///
/// The kobject is initialised, and is never removed from sysfs.
#[repr(transparent)]
pub struct Permanent(Opaque<bindings::kobject>);

// SAFETY: The kobject is only passed on to the C side as a parent, which C code does from any
// thread.
unsafe impl Send for Permanent {}

// SAFETY: The C side does its own locking.
unsafe impl Sync for Permanent {}

impl Permanent {
    /// Makes a reference from a C pointer, unless that is null.
    ///
    /// # Safety
    ///
    /// `ptr` must be null, or point to an initialised kobject that nobody removes or frees.
    pub unsafe fn from_raw(ptr: *mut bindings::kobject) -> Option<&'static Self> {
        // SAFETY: `Permanent` is a transparent wrapper, and the caller promises that the kobject
        // stays. INVARIANT: Likewise.
        unsafe { ptr.cast::<Self>().as_ref() }
    }
}

/// Returns the kobject of `/sys/kernel`, or `None` before it was made.
pub fn kernel_kobj() -> Option<&'static Permanent> {
    // SAFETY: `kernel_kobj` is written once, by an initcall that runs before any other code on
    // another CPU can use it, and only read here.
    let ptr = unsafe { bindings::kernel_kobj };

    // SAFETY: A non-null `kernel_kobj` was made by `kobject_create_and_add()` and is never put.
    unsafe { Permanent::from_raw(ptr) }
}

/// Returns the kobject of `/sys/kernel/mm`, or `None` before it was made or if that failed.
pub fn mm_kobj() -> Option<&'static Permanent> {
    // SAFETY: `mm_kobj` is written once, by an initcall that runs before any other code on another
    // CPU can use it, and only read here.
    let ptr = unsafe { bindings::mm_kobj };

    // SAFETY: A non-null `mm_kobj` was made by `kobject_create_and_add()` and is never put.
    unsafe { Permanent::from_raw(ptr) }
}

/// The owner of a tree: of the directory at the top of it, and of all below.
///
/// Dropping it removes the tree: waits for the lock of the tree and for the methods of its files,
/// and, if the code is that of a module, until all the directories are released. Must not be
/// dropped by a method of a file of the tree, which would wait for itself.
pub struct Root<T: Directory> {
    dir: Subdir<T>,
    // Dropped after `dir`.
    releases: Releases,
}

/// Waits, when it is dropped, for what was given up before.
struct Releases(Arc<Tree>);

impl Drop for Releases {
    fn drop(&mut self) {
        self.0.wait_for_releases();
    }
}

impl<T: Directory> Root<T> {
    /// Makes a tree that is not in sysfs yet, with files that belong to root.
    ///
    /// Fails with `ENOMEM`, and as the data of the directory does.
    pub fn new(args: T::Args) -> Result<Self> {
        Self::new_owned(args, Owner::default())
    }

    /// Makes a tree that is not in sysfs yet, with files that belong to `owner`.
    ///
    /// Fails as [`Root::new`] does.
    pub fn new_owned(args: T::Args, owner: Owner) -> Result<Self> {
        let module = Tables::<T>::module();
        let tree = Tree::new(owner, !module.is_null())?;
        let releases = Releases(tree.clone());
        let root = Self {
            dir: Subdir::new_in(&tree, args)?,
            releases,
        };

        #[cfg(CONFIG_MODULES)]
        if !module.is_null() {
            // SAFETY: The kobject is that at the top of the tree.
            unsafe { super::module::watch(module, root.dir.kobj(), &tree) }?;
        }
        Ok(root)
    }

    /// Makes a tree and shows it as `name` below `parent`.
    ///
    /// Fails as [`Root::new`] and [`Root::add`] do.
    pub fn publish(parent: &'static Permanent, name: &CStr) -> Result<Self>
    where
        T: Directory<Args = ()>,
    {
        let root = Self::new(())?;

        root.add(parent, name)?;
        Ok(root)
    }

    /// Shows the tree as `name` below `parent`.
    ///
    /// Works once, and fails with `EEXIST` after that, and if there is something of that name;
    /// with `EINVAL` if `name` cannot be one, and with `ENOMEM`. Nothing can be seen after a
    /// failure.
    pub fn add(&self, parent: &'static Permanent, name: &CStr) -> Result {
        let mut guard = self.releases.0.lock();

        // SAFETY: By the invariant of `Permanent` the parent is never removed, and so neither is
        // what it lies below.
        unsafe {
            self.dir
                .add_to(parent.0.get(), &mut guard.held(), Name::Text(name))
        }
    }

    /// Shows the tree as `name` in the directory of a device, which owns the tree from then on,
    /// and removes it when its driver is unbound.
    ///
    /// Fails as [`Root::add`] does.
    pub fn add_to_device(self, dev: &Device<Bound>, name: &CStr) -> Result {
        let mut guard = self.releases.0.lock();

        // SAFETY: The kobject of the device is initialised. The device is bound to its driver, and
        // is not removed before it is unbound.
        unsafe {
            self.dir.add_to(
                &raw mut (*dev.as_raw()).kobj,
                &mut guard.held(),
                Name::Text(name),
            )
        }?;
        drop(guard);
        devres::register(dev, self, GFP_KERNEL)
    }

    /// Removes the tree from sysfs.
    pub(super) fn remove(&self) {
        let mut guard = self.releases.0.lock();

        // That fails only for the lock of another tree.
        let _ = self.dir.remove(&mut guard.held());
    }
}

impl<T: Directory> Deref for Root<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        &self.dir
    }
}

impl<T: Directory> Drop for Root<T> {
    fn drop(&mut self) {
        self.remove();
        #[cfg(CONFIG_MODULES)]
        super::module::forget(self.tree());
    }
}
