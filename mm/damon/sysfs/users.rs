// SPDX-License-Identifier: GPL-2.0

//! `users/`: what users who are not root may do.
//!
//! ```text
//! damon/users/<U>/
//!   uid                     whose it is
//!   limits/                 how much he may have
//!   kdamonds/               a tree of its own, with the nodes of admin/kdamonds/
//! ```
//!
//! What is different in that tree is said where its nodes are: `privileged` leaves something out,
//! and [`Grant`](crate::grant::Grant) tells about limits and values.
//!
//! # Locking
//!
//! This tree has a lock, and each of those of the users has. No method of a file of a user's tree
//! takes that of this tree, so that users do not keep root from anything. To remove a user's tree
//! takes both, after what its lock may be held for was ended.

use kernel::{
    kobject::{
        sysfs_dir,
        Children,
        Dir,
        Held,
        NoValue,
        Output,
        Owner,
        Root,
        Subdir,
        Subtree,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

use core::fmt::Write;

mod given;

pub(crate) use self::given::{
    Given,
    MaybeKdamonds, //
};
use crate::{
    grant,
    kdamonds::Kdamonds, //
};

/// What users may do.
#[sysfs_dir]
pub(crate) struct Users {
    /// Writing N makes the directories 0 to N-1, one for each user, which nobody has. What there
    /// was is taken away from who has it.
    #[children(nr = "nr_users", admin_rw)]
    pub(crate) users: Children<User>,
}

/// What one user may do.
#[sysfs_dir]
pub(crate) struct User {
    /// The number of the user who has it, or -1 for nobody. Writing it takes it away from who has
    /// it, and gives a new `kdamonds` to the user.
    #[file(admin_rw, kind = "int", show = Self::show_uid, store = Self::store_uid)]
    uid: NoValue,

    /// How much the user may have.
    #[dir]
    pub(crate) limits: Subdir<Limits>,

    /// What he has.
    #[tree]
    pub(crate) kdamonds: Subtree<Kdamonds>,

    /// The user, or `NOBODY`.
    #[state(init = Value::new(NOBODY))]
    owner: Value<u32>,
}

/// No user has this number, in any namespace.
const NOBODY: u32 = u32::MAX;

impl User {
    /// Shows who has it: -1 as well for users whom the namespace of the reader does not have.
    pub(crate) fn show_uid(&self, out: &mut Output<'_>) -> Result {
        let owner = match self.owner.get() {
            NOBODY => None,
            uid => Owner { uid, gid: 0 }.uid_here(),
        };

        match owner {
            Some(uid) => writeln!(out, "{uid}")?,
            None => out.bytes(b"-1\n"),
        }
        Ok(())
    }

    /// Gives it to another user, or to nobody.
    ///
    /// Fails with `EINVAL` for what is not a number of a user in the namespace of the writer, and
    /// with `EBUSY` if somebody else changes it; nothing changes then. After `ENOMEM`, nobody has
    /// it.
    pub(crate) fn store_uid(self: &Dir<Self>, input: &CStr) -> Result {
        let owner = match kernel::kobject::parse::word(input) {
            b"-1" => None,
            _ => {
                let uid = kernel::kobject::parse::uint(input).map_err(|_| EINVAL)?;

                Some(Owner::from_uid(uid).ok_or(EINVAL)?)
            }
        };
        let mut guard = self.try_lock()?;

        self.give(&mut guard.held(), owner)
    }

    /// Gives it to a user, or to nobody, with the lock held.
    pub(crate) fn give(self: &Dir<Self>, held: &mut Held<'_>, owner: Option<Owner>) -> Result {
        self.owner.set(NOBODY);
        self.kdamonds.remove(held)?;
        let Some(owner) = owner else {
            return Ok(());
        };
        let given = Given::new(&self.limits)?;
        let kdamonds = Root::<Kdamonds>::delegate((), owner, given.clone())?;

        given.set_kdamonds(&kdamonds);
        self.kdamonds.replace(self, held, c"kdamonds", kdamonds)?;
        self.owner.set(owner.uid);
        Ok(())
    }
}

/// How much a user may have.
#[sysfs_dir]
pub(crate) struct Limits {
    /// How many kdamonds.
    #[attr(rw, default = 1)]
    pub(crate) max_kdamonds: Value<u32>,

    /// How many targets, of each kdamond.
    #[attr(rw, default = 16)]
    pub(crate) max_targets: Value<u32>,

    /// How many regions, of all targets of each kdamond.
    #[attr(rw, default = 1_000)]
    pub(crate) max_regions: Value<u32>,

    /// How many schemes, of each kdamond.
    #[attr(rw, default = 4)]
    pub(crate) max_schemes: Value<u32>,

    /// The shortest sampling interval, in microseconds.
    #[attr(rw, default = 5_000)]
    pub(crate) min_sample_us: Value<usize>,
}

impl Limits {
    /// Returns what the files say.
    fn get(&self) -> grant::Limits {
        let number = |value: &Value<u32>| i32::try_from(value.get()).unwrap_or(i32::MAX);

        grant::Limits {
            max_kdamonds: number(&self.max_kdamonds),
            max_targets: number(&self.max_targets),
            max_regions: number(&self.max_regions),
            max_schemes: number(&self.max_schemes),
            max_parts: i32::MAX,
            min_sample_us: self.min_sample_us.get(),
        }
    }
}
