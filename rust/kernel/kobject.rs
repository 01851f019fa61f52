// SPDX-License-Identifier: GPL-2.0

//! Directories and files of sysfs that are made of kobjects.
//!
//! A directory is a Rust struct, a file is a field of it, and a family of numbered subdirectories
//! is a field of it, too. [`#[sysfs_dir]`](macro@sysfs_dir) turns such a struct into a
//! [`DirData`]; the rest of this module is what the expansion is made of:
//!
//! | type            | what it is                                                            |
//! |-----------------|-----------------------------------------------------------------------|
//! | [`Root`]        | the owner of a tree; dropping it removes the tree                       |
//! | [`Dir`]         | a kobject together with its data, as the methods of files see it        |
//! | [`Subdir`]      | a directory that is always there below another one                      |
//! | [`Children`]    | the numbered subdirectories that a `nr` file makes and removes          |
//! | [`Sequence`]    | the numbered subdirectories that the code sets one after the other      |
//! | [`File`]        | one file: name, mode, how to show and to store                          |
//! | [`Detached`]    | what the method of a file is given that may remove its directory        |
//! | [`Value`]       | the value that a file holds, read and written whole                     |
//! | [`Output`]      | what one read of a file shows                                           |
//! | [`Tree`]        | what the directories of a tree share: its lock                          |
//! | [`Held`]        | the proof that the lock of a tree is held                               |
//! | [`Locked`]      | data that only the holder of the tree's lock can reach                  |
//! | [`Setup`]       | what the data of a new directory is made from                           |
//! | [`Policy`]      | what a user may do with a tree that was delegated to him                |
//! | [`Subtree`]     | a tree that lies in a directory of another one                          |
//! | [`Group`]       | the owner of a group of files of a kobject of somebody else             |
//! | [`Kobject`]     | a kobject of anybody, which is reference counted                        |
//!
//! # Lifetime of a directory
//!
//! The data of a directory lives in the same allocation as its kobject. It is dropped by the owner
//! of the directory; the allocation goes with the last reference to the kobject.
//!
//! While a directory is visible, its files run their methods on a shared reference to the data.
//! Removal unlinks the directory with everything below it from sysfs and waits until all the
//! methods that run in it have returned ("drains" them). A file that a process keeps open gives
//! `ENODEV` from then on.
//!
//! # Locking
//!
//! sysfs lets nobody add a directory below one that is being removed. So each tree has a lock, a
//! mutex, and all that makes or removes directories of the tree takes an exclusive borrow of the
//! proof that it is held, [`Held`]; dropping a [`Root`] takes the lock itself. What a tree lies
//! below outlives it: it is a kobject that is never removed, a device that owns the tree, or a
//! directory of another tree, which removes the [`Subtree`]s below a directory before that.
//!
//! A method that waited for a lock whose holder removes the directory of the method would wait
//! forever. The lock of a tree can therefore only be tried for, and a file that does not get it
//! fails with `EBUSY`. Lockdep has a class for the locks of each type of tree, and one for each
//! file.
//!
//! # Modules
//!
//! A tree can be that of a module. When its [`Root`] is dropped, no code of the module is needed
//! any more: the data is gone, and so are the methods. The `Root` belongs into the structure that
//! [`module!`](macro@crate::prelude::module) names; a tree that is leaked instead is removed from
//! sysfs when the module goes.
//!
//! To show a tree or a group of a module therefore waits for the notifiers of modules. It is not
//! for code that these call, which has KUnit suites of modules among it, nor for methods of files.
//!
//! # What is supported, and what is not
//!
//! | of sysfs                                   | here                                        |
//! |--------------------------------------------|---------------------------------------------|
//! | directories, also numbered and nested ones | [`Root`], `#[dir]`, `#[children]`           |
//! | modes                                      | to read and write, at least for the owner   |
//! | owner and group                            | of a tree, [`Root::new_owned`]              |
//! | files that only their owner writes to      | of a tree, [`Root::delegate`]               |
//! | `is_visible`                               | of a file, `visible = ...`                  |
//! | binary files                               | `#[bin]`, but no `mmap()`                   |
//! | polling (`sysfs_notify()`)                 | `notify`, and [`Dir::notify`]               |
//! | directories of a device                    | [`Root::add_to_device`]                     |
//! | files of a device                          | `#[sysfs_group]`, [`Group::add_to_device`]  |
//! | files of a kobject that is never removed   | `#[sysfs_group]`, [`Group::new`]            |
//! | files of any other kobject                 | no: nothing says when it is removed         |
//! | a file that removes its own directory      | `detached`, which is given a [`Detached`]   |
//! | a method that removes what it lies below   | no: it waits for itself; lockdep tells      |
//! | symbolic links, uevents, ksets, namespaces | no; no event is sent for a directory        |
//!
//! # Examples
//!
//! ```
//! use kernel::{
//!     kobject::{
//!         self,
//!         sysfs_dir,
//!         Children,
//!         Root,
//!         Subdir,
//!         Value, //
//!     },
//!     prelude::*, //
//! };
//!
//! #[sysfs_dir]
//! struct Range {
//!     /// The smallest size in bytes.
//!     #[attr(rw, default = 1)]
//!     min: Value<usize>,
//!
//!     /// The largest size in bytes.
//!     #[attr(rw, default = 100)]
//!     max: Value<usize>,
//! }
//!
//! #[sysfs_dir]
//! struct Example {
//!     /// Writing N makes the directories 0 to N-1.
//!     #[children(nr = "nr_ranges")]
//!     ranges: Children<Range>,
//!
//!     /// A range that is always there.
//!     #[dir(max = 50)]
//!     limits: Subdir<Range>,
//! }
//!
//! let parent = kobject::mm_kobj().ok_or(ENODEV)?;
//! let example = Root::<Example>::publish(parent, c"rust_doctest")?;
//! assert_eq!(example.limits.min.get(), 1);
//! assert_eq!(example.limits.max.get(), 50);
//!
//! let mut guard = example.try_lock()?;
//! let held = &mut guard.held();
//! example.ranges.resize(&example, held, 3, |range| range.min.set(2))?;
//! assert_eq!(example.ranges.list(held)?.len(), 3);
//! assert!(example.try_lock().is_err_and(|e| e == EBUSY));
//! drop(guard);
//!
//! // The directory, and everything below it, goes with its owner; also while a program writes to
//! // its files.
//! drop(example);
//! # Ok::<(), Error>(())
//! ```
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::{
    bindings,
    device::Device,
    sync::aref::AlwaysRefCounted,
    types::Opaque, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

mod attribute;
mod calls;
mod data;
mod dir;
mod file;
mod group;
#[cfg(CONFIG_RUST_KOBJECT_INFO)]
mod info;
mod locked;
mod module;
mod numbered;
mod output;
mod policy;
mod subtree;
mod tables;
#[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
mod tests;
mod tree;
mod value;

#[cfg(CONFIG_RUST_KOBJECT_INFO)]
pub use self::info::{
    DirInfo,
    FileInfo,
    HasInfo,
    Info,
    Overrides, //
};
pub use self::{
    data::DirData,
    dir::{
        Dir,
        Subdir, //
    },
    file::{
        Detached,
        File,
        FileOps, //
    },
    group::{
        Group,
        GroupData, //
    },
    locked::Locked,
    numbered::{
        Children,
        Numbered,
        Sequence, //
    },
    output::Output,
    policy::Policy,
    subtree::Subtree,
    tree::{
        Held,
        Owner,
        Root,
        Setup,
        Tree,
        TreeGuard, //
    },
    value::{
        parse,
        AttrValue,
        Attribute,
        NoValue,
        Value, //
    },
};
pub use kobject_macros::{
    sysfs_dir,
    sysfs_group,
    Keyword, //
};

/// A kobject of anybody.
///
/// # Invariants
///
/// The kobject is initialized, and there as long as it is referred to.
#[repr(transparent)]
pub struct Kobject(Opaque<bindings::kobject>);

// SAFETY: The last reference to a kobject may be given back by any thread.
unsafe impl Send for Kobject {}

// SAFETY: A shared kobject is only passed on to the C side, which does its own locking.
unsafe impl Sync for Kobject {}

impl Kobject {
    /// Makes a reference from a C pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must point to an initialized kobject to which there is a reference for all of `'a`.
    pub unsafe fn from_raw<'a>(ptr: *mut bindings::kobject) -> &'a Self {
        // SAFETY: `Kobject` is a transparent wrapper, and the caller promises that the kobject
        // stays. INVARIANT: Likewise.
        unsafe { &*ptr.cast::<Self>() }
    }

    /// Returns the kobject as the C side wants it.
    pub fn as_raw(&self) -> *mut bindings::kobject {
        self.0.get()
    }
}

// SAFETY: A kobject is there until the last reference is given back.
unsafe impl AlwaysRefCounted for Kobject {
    fn inc_ref(&self) {
        // SAFETY: That we are referred to shows that there is a reference.
        unsafe { bindings::kobject_get(self.as_raw()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The caller gives up a reference to the kobject that this is transparent for.
        unsafe { bindings::kobject_put(obj.cast().as_ptr()) };
    }
}

impl AsRef<Kobject> for Device {
    fn as_ref(&self) -> &Kobject {
        // SAFETY: The kobject is part of the device.
        let kobj = unsafe { &raw mut (*self.as_raw()).kobj };

        // SAFETY: References to a device are references to its kobject.
        unsafe { Kobject::from_raw(kobj) }
    }
}

/// A kobject that is never removed, such as that of `/sys/kernel`.
///
/// # Invariants
///
/// The kobject is never removed from sysfs.
#[repr(transparent)]
pub struct Permanent(Kobject);

impl Permanent {
    /// Makes a reference from a C pointer, unless that is null.
    ///
    /// # Safety
    ///
    /// `ptr` must be null, or point to an initialized kobject that nobody removes or frees.
    pub unsafe fn from_raw(ptr: *mut bindings::kobject) -> Option<&'static Self> {
        // SAFETY: `Permanent` is a transparent wrapper, and the caller promises that the kobject
        // stays. INVARIANT: Likewise.
        unsafe { ptr.cast::<Self>().as_ref() }
    }
}

impl Deref for Permanent {
    type Target = Kobject;

    fn deref(&self) -> &Kobject {
        &self.0
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
