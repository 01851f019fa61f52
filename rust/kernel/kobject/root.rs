// SPDX-License-Identifier: GPL-2.0

//! The directories at the top of trees.

use crate::{
    device::{
        Bound,
        Device, //
    },
    devres,
    prelude::*,
    sync::aref::ARef, //
};
use core::ops::Deref;

use super::{
    module::Watch,
    tables::InDir,
    Dir,
    DirData,
    Kobject,
    Owner,
    Permanent,
    Subdir,
    Tree, //
};

/// The owner of a tree: of the directory at the top of it, and of all below.
///
/// Dropping it removes the tree: waits for the lock of the tree and for the methods of its files.
/// Must not be dropped by a method of a file of the tree, which would wait for itself.
pub struct Root<T: DirData> {
    dir: Subdir<T>,
    /// Removes a tree that its module has leaked.
    _watch: Option<Pin<KBox<Watch>>>,
}

impl<T: DirData> Root<T> {
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
        let module = InDir::<T>::module();
        let dir = Subdir::<T>::new_in(&Tree::new(owner, module, T::lock_class())?, args)?;
        let user: ARef<Dir<T>> = (&*dir).into();

        Ok(Self {
            dir,
            _watch: Watch::new(module, move || user.remove_from_sysfs())?,
        })
    }

    /// Makes a tree and shows it as `name` below `parent`.
    ///
    /// Fails as [`Root::new`] and [`Root::add`] do.
    pub fn publish(parent: &'static Permanent, name: &CStr) -> Result<Self>
    where
        T: DirData<Args = ()>,
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
        // SAFETY: A permanent kobject is never removed, and so neither is what it lies below.
        unsafe { self.add_to(parent, name) }
    }

    /// Shows the tree as `name` in the directory of a device, which owns the tree from then on,
    /// and removes it when its driver is unbound.
    ///
    /// Fails as [`Root::add`] does.
    pub fn add_to_device(self, dev: &Device<Bound>, name: &CStr) -> Result {
        // SAFETY: The device is bound to its driver, and is not removed before it is unbound.
        unsafe { self.add_to(<Device as AsRef<Kobject>>::as_ref(dev), name) }?;
        devres::register(dev, self, GFP_KERNEL)
    }

    /// Does what [`Root::add`] does, below any kobject.
    ///
    /// # Safety
    ///
    /// Nobody may remove `parent`, or what it lies below, as long as there is the tree.
    unsafe fn add_to(&self, parent: &Kobject, name: &CStr) -> Result {
        let mut guard = self.tree().lock();

        // SAFETY: The caller's promise.
        unsafe { self.dir.add_to(parent, &mut guard.held(), name) }
    }
}

impl<T: DirData> Deref for Root<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        &self.dir
    }
}

impl<T: DirData> Drop for Root<T> {
    fn drop(&mut self) {
        self.remove_from_sysfs();
    }
}
