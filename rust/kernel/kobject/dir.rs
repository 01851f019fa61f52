// SPDX-License-Identifier: GPL-2.0

//! Directories: kobjects with their data, and their owners.

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    str::{
        CStr,
        CStrExt as _, //
    },
    sync::atomic::{
        ordering,
        AtomicFlag, //
    },
    types::Opaque, //
};
use core::{
    cell::UnsafeCell,
    ops::Deref,
    ptr::NonNull, //
};

use super::{
    file::Tables,
    FileList,
    Info,
    Kobject, //
};

/// The type of the data of a directory.
/// [`#[sysfs_dir]`](macro@super::sysfs_dir) implements it.
pub trait Directory: Sized + Send + Sync + 'static {
    /// The files of the directory.
    const FILES: FileList<Self>;

    /// What the directory contains.
    const INFO: &'static Info;

    /// Makes the data of a new directory with the default values of its files.
    ///
    /// Fails with `ENOMEM` if there is no memory for the subdirectories.
    fn new() -> Result<Self>;

    /// Shows the subdirectories, below `parent`, the kobject of the directory itself.
    fn add_dirs(&self, parent: &Kobject) -> Result;

    /// Removes the subdirectories, the numbered ones too.
    fn remove_dirs(&mut self);
}

/// The kobject of a directory together with its data.
///
/// # Invariants
///
/// - `kobj` is initialised, its type is the one that `Tables` has for `T`, and the node was
///   allocated by a [`KBox`].
/// - `next` is reached only by who has exclusive access to the [`Dir`] of the node.
#[repr(C)]
pub struct Node<T: Directory> {
    kobj: Opaque<bindings::kobject>,
    /// Set by whoever shows the directory; there is one chance.
    added: AtomicFlag,
    /// The directory behind this one in a `Sequence`.
    next: UnsafeCell<Option<Dir<T>>>,
    data: T,
}

impl<T: Directory> Node<T> {
    /// Returns the kobject, the parent of what is made below this directory.
    pub fn kobject(&self) -> &Kobject {
        // SAFETY: By the invariant of `Node`, the kobject is initialised for as long as `self`.
        unsafe { Kobject::from_raw(self.kobj.get()) }
    }

    /// Shows a file as a read of it does.
    #[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
    pub(super) fn show(&self, name: &CStr, out: &mut super::Emitter<'_>) -> Result {
        T::FILES.find(name).ok_or(ENOENT)?.show(self, out)
    }

    /// Stores a string as a write of it does, and returns how many bytes were written.
    #[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
    pub(super) fn store(&self, name: &CStr, input: &CStr) -> Result<usize> {
        let file = T::FILES.find(name).ok_or(ENOENT)?;

        file.store(self, input.into()).to_result()
    }

    /// Returns the node of a kobject.
    ///
    /// # Safety
    ///
    /// `kobj` must be the kobject of a `Node<T>` that outlives `'a`, and nobody may have exclusive
    /// access to its data meanwhile.
    pub(super) unsafe fn from_kobj<'a>(kobj: *mut bindings::kobject) -> &'a Self {
        // SAFETY: `kobj` is the first field of the `repr(C)` node, which lives for `'a` and is
        // only shared meanwhile.
        unsafe { &*kobj.cast::<Self>() }
    }
}

impl<T: Directory> Deref for Node<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

/// Frees a node whose last reference is gone.
///
/// # Safety
///
/// `kobj` must be the kobject of a `Node<T>` that nobody uses any more. This is the contract of
/// the `release` of a `kobj_type`.
pub(super) unsafe extern "C" fn release<T: Directory>(kobj: *mut bindings::kobject) {
    // SAFETY: By the invariant of `Node` it was allocated by a `KBox`, `Dir::new()` gave that up,
    // and `release` is called once. `kobj` is the first field of the node.
    drop(unsafe { KBox::from_raw(kobj.cast::<Node<T>>()) });
}

/// The owner of a directory.
///
/// Dropping it removes the directory and all that is below it, waits for the methods of their
/// files, and gives up the reference to the kobject. Must not be dropped by a method of a file of
/// the directory or below, which would wait for itself.
///
/// # Invariants
///
/// `node` points to a node of which this owns one reference. The data is reached only through
/// this `Dir` and, while the directory is in sysfs, by the methods of its files.
pub struct Dir<T: Directory> {
    node: NonNull<Node<T>>,
}

// SAFETY: A `Dir` owns its data, and the kobject may be removed by any thread.
unsafe impl<T: Directory> Send for Dir<T> {}

// SAFETY: A shared `Dir` gives shared access to the data, which is `Sync`, and to the kobject,
// whose functions do their own locking.
unsafe impl<T: Directory> Sync for Dir<T> {}

impl<T: Directory> Dir<T> {
    /// Makes a directory, with its subdirectories, that is not in sysfs yet.
    ///
    /// Fails with `ENOMEM`.
    pub fn new() -> Result<Self> {
        let node = KBox::new(
            Node {
                kobj: Opaque::zeroed(),
                added: AtomicFlag::new(false),
                next: UnsafeCell::new(None),
                data: T::new()?,
            },
            GFP_KERNEL,
        )?;
        let node = NonNull::from(KBox::leak(node));

        // SAFETY: The kobject is zeroed memory that nobody else knows yet, and the `kobj_type` is
        // static and belongs to `Node<T>`.
        unsafe { bindings::kobject_init(Self::kobj_of(node), Tables::<T>::ktype()) };

        // INVARIANT: `kobject_init()` made the reference that we own. The kobject is initialised
        // with the type for `T`, as the invariant of `Node` asks.
        Ok(Self { node })
    }

    /// Makes a directory and shows it, with its subdirectories, as `name` below `parent`.
    ///
    /// Fails with `ENOMEM`, `EEXIST` if there is something of that name, and `ENOENT` if `parent`
    /// is not in sysfs. Nothing is left behind after a failure.
    pub fn publish(parent: &Kobject, name: &CStr) -> Result<Self> {
        let dir = Self::new()?;

        dir.add(parent, name)?;
        Ok(dir)
    }

    /// Makes a directory and shows it, with its subdirectories, under a number below `parent`,
    /// with `init` called before that.
    ///
    /// Fails as [`Dir::publish`] does.
    pub(super) fn publish_nr(parent: &Kobject, nr: i32, init: impl FnOnce(&T)) -> Result<Self> {
        let dir = Self::new()?;

        init(&dir);
        dir.add_nr(parent, nr)?;
        Ok(dir)
    }

    /// Shows the directory, with its subdirectories, under a number below `parent`.
    ///
    /// Works once, as [`Dir::add`] does, and fails as [`Dir::publish`] does.
    pub(super) fn add_nr(&self, parent: &Kobject, nr: i32) -> Result {
        self.claim()?;
        // SAFETY: The kobjects are initialised, ours was not added, and the format asks for an
        // `int`.
        to_result(unsafe {
            bindings::kobject_add(
                Self::kobj_of(self.node),
                parent.as_ptr(),
                c"%d".as_char_ptr(),
                nr,
            )
        })?;
        self.add_content()
    }

    /// Shows the directory, with its subdirectories, as `name` below `parent`.
    ///
    /// Works once, and fails with `EEXIST` after that; otherwise fails as [`Dir::publish`] does.
    pub fn add(&self, parent: &Kobject, name: &CStr) -> Result {
        self.claim()?;
        // SAFETY: The kobjects are initialised, ours was not added, and the format asks for a
        // string.
        to_result(unsafe {
            bindings::kobject_add(
                Self::kobj_of(self.node),
                parent.as_ptr(),
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        self.add_content()
    }

    /// Shows the files and the subdirectories of the directory, which is in sysfs.
    fn add_content(&self) -> Result {
        // SAFETY: The kobject was added, and is that of a `Node<T>`, which the methods of the files
        // are for. The files are static.
        to_result(unsafe {
            bindings::sysfs_create_files(Self::kobj_of(self.node), Tables::<T>::attributes())
        })?;
        self.add_dirs(self.kobject())
    }

    /// Takes the one chance to show the directory.
    fn claim(&self) -> Result {
        if self.added.xchg(true, ordering::Relaxed) {
            return Err(EEXIST);
        }
        Ok(())
    }

    /// Removes the directory, with all that is below it, from sysfs, and waits until nobody uses
    /// any of it. Does nothing the second time, and if the directory was never shown.
    pub fn remove(&mut self) {
        let kobj = Self::kobj_of(self.node);

        // SAFETY: We own a reference to the kobject, and have exclusive access to the `Dir`, so
        // that nobody adds or removes the kobject meanwhile.
        if unsafe { (*kobj).state_in_sysfs() } != 0 {
            // SAFETY: The kobject was added.
            unsafe { bindings::kobject_del(kobj) };
        }

        // SAFETY: By the invariant of `Dir` the data is reached through this `Dir`, to which we
        // have exclusive access, and by methods of files; and `kobject_del()` has waited for
        // those, here and in all that is below.
        unsafe { &mut (*self.node.as_ptr()).data }.remove_dirs();
    }

    /// Returns the place for the directory behind this one.
    pub(super) fn next_mut(&mut self) -> &mut Option<Self> {
        // SAFETY: By the invariant of `Dir` the node is alive, and by that of `Node` nobody else
        // reaches the place while `self` is borrowed exclusively.
        unsafe { &mut *(*self.node.as_ptr()).next.get() }
    }

    /// Returns the kobject of a node as the C side wants it.
    fn kobj_of(node: NonNull<Node<T>>) -> *mut bindings::kobject {
        // CAST: The kobject is the first field of the `repr(C)` node.
        node.as_ptr().cast()
    }
}

impl<T: Directory> Deref for Dir<T> {
    type Target = Node<T>;

    fn deref(&self) -> &Node<T> {
        // SAFETY: By the invariant of `Dir` the node is alive, and only shared while the `Dir` is.
        unsafe { self.node.as_ref() }
    }
}

impl<T: Directory> Drop for Dir<T> {
    fn drop(&mut self) {
        self.remove();
        // SAFETY: We own one reference, and do not use the node after this.
        unsafe { bindings::kobject_put(Self::kobj_of(self.node)) };
    }
}
