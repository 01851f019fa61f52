// SPDX-License-Identifier: GPL-2.0

//! Directories and files of sysfs that are made of kobjects.
//!
//! A directory is a Rust struct, a file is a field of it, and a family of numbered subdirectories
//! is a field of it, too. [`#[sysfs_dir]`](macro@sysfs_dir) turns such a struct into a
//! [`Directory`]; the rest of this module is what the expansion is made of:
//!
//! | type            | what it is                                                            |
//! |-----------------|-----------------------------------------------------------------------|
//! | [`Root`]        | the owner of a tree; dropping it removes the tree                       |
//! | [`Dir`]         | a kobject together with its data, as the methods of files see it        |
//! | [`Subdir`]      | a directory that is always there below another one                      |
//! | [`Children`]    | the numbered subdirectories that a `nr` file makes and removes          |
//! | [`Sequence`]    | the numbered subdirectories that the code sets one after the other      |
//! | [`File`]        | one file of a directory: name, mode, how to show and to store           |
//! | [`Value`]       | the value that a file holds, read and written whole                     |
//! | [`Output`]      | what one read of a file shows                                           |
//! | [`Tree`]        | what the directories of a tree share: its lock                          |
//! | [`Held`]        | the proof that the lock of a tree is held                               |
//! | [`Locked`]      | data that only the holder of the tree's lock can reach                  |
//! | [`Setup`]       | what the data of a new directory is made from                           |
//!
//! # Lifetime of a directory
//!
//! The data of a directory lives in the same allocation as its kobject, and is dropped exactly
//! once, by the `release` of the kobject, when the last reference to the kobject is gone.
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
//! below outlives it: it is a kobject that is never removed, or a device that owns the tree.
//!
//! A method that waited for a lock whose holder removes the directory of the method would wait
//! forever. The lock of a tree can therefore only be tried for, and a file that does not get it
//! fails with `EBUSY`.
//!
//! # Modules
//!
//! A tree can be that of a module. Dropping its [`Root`] then waits until all the directories are
//! released, so that no code of the module is needed any more. The `Root` belongs into the
//! structure that [`module!`](macro@crate::prelude::module) names; a tree that is leaked instead
//! is removed from sysfs when the module goes.
//!
//! # What is supported, and what is not
//!
//! | of sysfs                                   | here                                           |
//! |--------------------------------------------|------------------------------------------------|
//! | directories, also numbered and nested ones | [`Root`], `#[dir]`, `#[children]`              |
//! | modes                                      | all that `VERIFY_OCTAL_PERMISSIONS()` takes    |
//! | owner and group                            | of a tree, [`Root::new_owned`]                 |
//! | `is_visible`                               | of a file, `visible = ...`                     |
//! | directories of a device                    | [`Root::add_to_device`]                        |
//! | files in the directory of somebody else    | no: make a directory                           |
//! | binary files, symbolic links               | no                                             |
//! | polling (`sysfs_notify()`)                 | `notify`, and [`Dir::notify`]                  |
//! | uevents, ksets, namespaces                 | no; no event is sent for a directory           |
//! | a file that removes its own directory      | no: it would wait for itself                   |
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

mod children;
mod dir;
mod file;
#[cfg(CONFIG_RUST_KOBJECT_INFO)]
mod info;
mod kind;
#[cfg(CONFIG_MODULES)]
mod module;
mod output;
mod root;
mod sequence;
mod subdir;
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
    children::Children,
    dir::{
        Dir,
        Directory, //
    },
    file::{
        File,
        FileList, //
    },
    kind::Kind,
    output::Output,
    root::{
        kernel_kobj,
        mm_kobj,
        Permanent,
        Root, //
    },
    sequence::Sequence,
    subdir::Subdir,
    tree::{
        Held,
        Locked,
        Owner,
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
    Keyword, //
};
