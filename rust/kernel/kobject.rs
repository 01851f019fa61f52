// SPDX-License-Identifier: GPL-2.0

//! Directories and files of sysfs that are made of kobjects.
//!
//! A directory is a Rust struct, a file is a field of it, and a family of numbered subdirectories
//! is a field with an element type. [`#[sysfs_dir]`](macro@sysfs_dir) turns such a struct into a
//! [`Directory`]; the rest of this module is what the expansion is made of:
//!
//! | type            | what it is                                                            |
//! |-----------------|-----------------------------------------------------------------------|
//! | [`Dir`]         | the owner of one directory; dropping it removes the directory          |
//! | [`Node`]        | the kobject together with its data, as a file's methods see it         |
//! | [`File`]        | one file of a directory: name, mode, how to show and to store           |
//! | [`Input`]       | what was written to a file                                            |
//! | [`Stored`]      | what a write returns: the count, or an error number                   |
//! | [`Value`]       | the value that a file holds, read and written whole                     |
//! | [`Children`]    | the numbered subdirectories that a `nr` file makes and removes          |
//! | [`Sequence`]    | the numbered subdirectories that the code sets one after the other      |
//! | [`Locked`]      | data that only the holder of the tree's lock can reach                  |
//! | [`Info`]        | a description of the tree, for documentation and tests                  |
//!
//! # Lifetime of a node
//!
//! The data of a directory lives in the same allocation as its kobject, and is dropped exactly
//! once, by the `release` of the kobject, when the last reference to the kobject is gone.
//!
//! While a directory is visible, its files run their methods on a shared reference to the data.
//! Removal unlinks the directory with everything below it from sysfs and waits until all the
//! methods that run in it have returned ("drains" them). After that nothing can reach the data
//! but the owner. A file that a process keeps open gives `ENODEV` from then on.
//!
//! A method that waited for a lock whose holder removes the directory of the method would wait
//! forever. The lock of a tree ([`TreeLock`]) can therefore only be tried for, and a file that
//! does not get it fails with `EBUSY`.
//!
//! # What is not supported
//!
//! Binary attributes, named attribute groups, uevents, namespaces, polling, and kobjects that
//! belong to a `kset`.
//!
//! # Examples
//!
//! ```
//! use kernel::{
//!     kobject::{
//!         self,
//!         sysfs_dir,
//!         tree_lock,
//!         Dir,
//!         TreeLock, //
//!     },
//!     prelude::*, //
//! };
//!
//! tree_lock! {
//!     /// Serialises the changes of the example's tree.
//!     enum ExampleLock;
//! }
//!
//! #[sysfs_dir]
//! struct Range {
//!     /// The smallest size in bytes.
//!     #[attr(rw, default = 1)]
//!     min: usize,
//!
//!     /// The largest size in bytes.
//!     #[attr(rw, default = 100)]
//!     max: usize,
//! }
//!
//! #[sysfs_dir(lock = ExampleLock)]
//! struct Example {
//!     /// Writing N makes the directories 0 to N-1.
//!     #[children(nr = "nr_ranges")]
//!     ranges: [Range],
//!
//!     /// A range that is always there.
//!     #[dir(max = 50)]
//!     limits: Range,
//! }
//!
//! let parent = kobject::mm_kobj().ok_or(ENODEV)?;
//! let example = Dir::<Example>::publish(parent, c"rust_doctest")?;
//! assert_eq!(example.limits.min.get(), 1);
//! assert_eq!(example.limits.max.get(), 50);
//!
//! let mut guard = ExampleLock::try_lock()?;
//! example.ranges.resize(example.kobject(), &mut guard, 3)?;
//! assert_eq!(example.ranges.list(&guard).len(), 3);
//! assert!(ExampleLock::try_lock().is_err_and(|e| e == EBUSY));
//! drop(guard);
//!
//! // The directory, and everything below it, goes with its owner.
//! drop(example);
//! # Ok::<(), Error>(())
//! ```
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use crate::{
    bindings,
    types::Opaque, //
};

mod children;
mod dir;
mod emitter;
mod file;
mod info;
mod input;
mod lock;
mod sequence;
#[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
mod tests;
mod value;

pub use self::{
    children::Children,
    dir::{
        Dir,
        Directory,
        Node, //
    },
    emitter::Emitter,
    file::{
        File,
        FileList,
        Stored, //
    },
    info::{
        DirInfo,
        FileInfo,
        Info,
        Kind,
        Overrides, //
    },
    input::Input,
    lock::{
        Locked,
        TreeGuard,
        TreeLock, //
    },
    sequence::Sequence,
    value::{
        parse,
        AttrCell,
        AttrValue,
        Value, //
    },
};
pub use crate::tree_lock;
pub use kobject_macros::{
    sysfs_dir,
    Keyword, //
};

/// A kobject that somebody else owns, such as the parent of a directory.
///
/// # Invariants
///
/// The kobject is initialised, and stays so for as long as a reference to this type lives.
#[repr(transparent)]
pub struct Kobject(Opaque<bindings::kobject>);

// SAFETY: The functions that take a `&Kobject` only pass it on to the C side as a parent, which C
// code does from any thread.
unsafe impl Send for Kobject {}

// SAFETY: As above; the C side does its own locking.
unsafe impl Sync for Kobject {}

impl Kobject {
    /// Makes a reference from a C pointer.
    ///
    /// # Safety
    ///
    /// `ptr` must point to an initialised kobject that outlives `'a`.
    pub unsafe fn from_raw<'a>(ptr: *mut bindings::kobject) -> &'a Self {
        // SAFETY: `Kobject` is a transparent wrapper, and the caller promises that the kobject is
        // initialised for `'a`. INVARIANT: Likewise.
        unsafe { &*ptr.cast() }
    }

    /// Returns the C pointer.
    pub fn as_ptr(&self) -> *mut bindings::kobject {
        self.0.get()
    }
}

/// Returns the kobject of `/sys/kernel/mm`, the parent of what the memory management shows, or
/// `None` before it was made or if making it failed.
pub fn mm_kobj() -> Option<&'static Kobject> {
    // SAFETY: `mm_kobj` is written once, by an initcall that runs before there is any user of this
    // function on another CPU, and it is only read here.
    let ptr = unsafe { bindings::mm_kobj };

    // SAFETY: A non-null `mm_kobj` was made by `kobject_create_and_add()` and is never put.
    (!ptr.is_null()).then(|| unsafe { Kobject::from_raw(ptr) })
}
