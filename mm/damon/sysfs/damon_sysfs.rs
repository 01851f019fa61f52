// SPDX-License-Identifier: GPL-2.0

//! The sysfs interface of DAMON, below `/sys/kernel/mm/damon/`.
//!
//! The modules are named after the directories:
//!
//! ```text
//! damon/admin/kdamonds/                    kdamonds
//!   <K>/                                   kdamonds, refresh_ms
//!     contexts/<C>/                        contexts
//!       monitoring_attrs/                  monitoring_attrs
//!       targets/<T>/regions/<R>/           targets
//!       schemes/<S>/                       schemes
//! damon/users/<U>/                         users
//!   kdamonds/                              kdamonds and so on, and what grant allows
//! ```
//!
//! # Locking
//!
//! The lock of the tree is held to make and remove numbered directories, during each command that
//! is written to a `state` file, and while the path of a memory cgroup is written. A write that
//! does not get it at once fails with `EBUSY`. All other files hold values that are read and
//! written whole, without a lock, and no file needs the lock to be read.
//!
//! The files are described in [`sysfs-kernel-mm-damon`].
//!
//! [`sysfs-kernel-mm-damon`]: srctree/Documentation/ABI/testing/sysfs-kernel-mm-damon

// A refusal of a command has its reason in itself, so that it is told without memory, too.
#![allow(clippy::result_large_err)]

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
use kernel::kobject::Subtree;
use kernel::{
    kobject::{
        mm_kobj,
        sysfs_dir,
        Root,
        Subdir, //
    },
    prelude::*,
    sync::SetOnce, //
};

mod contexts;
mod grant;
mod kdamonds;
mod memcg_path;
mod monitoring_attrs;
mod refresh_ms;
mod refusal;
#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
mod region_counts;
mod schemes;
mod targets;
#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
mod tests;
mod ul_range;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod users;

use kdamonds::Kdamonds;

/// The root of the interface.
#[sysfs_dir]
pub(crate) struct Damon {
    /// What the administrator of the system uses.
    #[dir]
    pub(crate) admin: Subdir<Admin>,

    /// What users who are not root may do.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    #[tree]
    pub(crate) users: Subtree<users::Users>,
}

/// What the administrator of the system uses.
#[sysfs_dir]
pub(crate) struct Admin {
    /// The monitoring threads.
    #[dir]
    pub(crate) kdamonds: Subdir<Kdamonds>,
}

/// The tree, which stays until the system goes down.
pub(crate) static ROOT: SetOnce<Root<Damon>> = SetOnce::new();

/// Shows the interface.
///
/// Fails with `ENOENT` if there is no `/sys/kernel/mm`, and as [`Root::publish`] does.
fn init() -> Result {
    let root = Root::<Damon>::publish(mm_kobj().ok_or(ENOENT)?, c"damon")?;

    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    root.users.replace(
        &root,
        &mut root.try_lock()?.held(),
        c"users",
        Root::new(())?,
    )?;
    ROOT.populate(root);
    Ok(())
}

kernel::subsys_initcall!(damon_sysfs, init);
