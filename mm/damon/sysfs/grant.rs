// SPDX-License-Identifier: GPL-2.0

//! What is allowed in a tree.
//!
//! In the tree of the administrator that is everything. The directories below `users/` have the
//! same nodes, which ask here what they may be used for.

use kernel::{
    damon,
    kobject::{
        Dir,
        DirData, //
    },
    pid::Pid,
    prelude::*,
    sync::aref::ARef,
    task, //
};

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
use crate::users::Given;
use crate::{
    kdamonds::Kdamonds,
    ROOT, //
};

/// The most filters, goals and nodes to migrate to that a user has in a directory.
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
const MAX_PARTS: i32 = 32;

/// How much there may be of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Kdamonds.
    pub(crate) max_kdamonds: i32,
    /// Targets of a context.
    pub(crate) max_targets: i32,
    /// Regions of all targets of a context.
    pub(crate) max_regions: i32,
    /// Schemes of a context.
    pub(crate) max_schemes: i32,
    /// Filters, goals and nodes to migrate to, each.
    pub(crate) max_parts: i32,
    /// How short the sampling interval may be, in microseconds.
    pub(crate) min_sample_us: usize,
}

impl Limits {
    /// No limits.
    const NONE: Self = Self {
        max_kdamonds: i32::MAX,
        max_targets: i32::MAX,
        max_regions: i32::MAX,
        max_schemes: i32::MAX,
        max_parts: i32::MAX,
        min_sample_us: 0,
    };
}

/// Tells whether there are more than `max` of something.
pub(crate) fn exceeds(nr: usize, max: i32) -> bool {
    !i32::try_from(nr).is_ok_and(|nr| nr <= max)
}

/// What is allowed in a tree.
#[derive(Clone, Copy)]
pub(crate) struct Grant<'a> {
    /// What the user was given whose tree it is; nothing in that of the administrator.
    given: Option<&'a Given>,
}

/// What users are given: there are none.
#[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
pub(crate) enum Given {}

impl<'a> Grant<'a> {
    /// Returns what is allowed in the tree that a directory is in.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn of<T: DirData>(dir: &'a Dir<T>) -> Self {
        Self {
            given: dir.tree().policy(),
        }
    }

    /// Returns what is allowed in the tree that a directory is in: everything.
    #[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
    pub(crate) fn of<T: DirData>(_dir: &'a Dir<T>) -> Self {
        Self { given: None }
    }

    /// Fails with `EINVAL` unless it is the tree of the administrator, or something is for `all`.
    pub(crate) fn check(self, all: bool) -> Result {
        match self.given {
            Some(_) if !all => Err(EINVAL),
            _ => Ok(()),
        }
    }

    /// Fails with `ENODEV` if the tree is about to be removed.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn check_given(self) -> Result {
        match self.given {
            Some(given) if given.is_revoked() => Err(ENODEV),
            _ => Ok(()),
        }
    }

    /// Fails with `ENODEV` if the tree is about to be removed, which it never is.
    #[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
    pub(crate) fn check_given(self) -> Result {
        Ok(())
    }

    /// Returns how much there may be of something.
    pub(crate) fn limits(self) -> Limits {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(given) = self.given {
            return Limits {
                max_parts: MAX_PARTS,
                ..given.limits()
            };
        }
        Limits::NONE
    }

    /// Returns the limits, if there are any.
    pub(crate) fn of_user(self) -> Option<Limits> {
        self.given.map(|_| self.limits())
    }

    /// Returns for whom a command is executed that the current task has written.
    ///
    /// Fails with `ENOMEM`.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn caller(self) -> Result<Caller<'a>> {
        let guest = match self.given {
            Some(given) => Some(given.guest()?),
            None => None,
        };

        Ok(Caller { grant: self, guest })
    }

    /// Returns for whom a command is executed that the current task has written.
    #[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
    pub(crate) fn caller(self) -> Result<Caller<'a>> {
        Ok(Caller { grant: self })
    }

    /// Returns how to find the directory of kdamonds at any time, for who does not keep it.
    pub(crate) fn kdamonds(self) -> KdamondsRef {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(given) = self.given {
            return KdamondsRef::User(given.kdamonds());
        }
        KdamondsRef::Admin
    }
}

/// For whom a command is executed.
pub(crate) struct Caller<'a> {
    grant: Grant<'a>,
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    guest: Option<damon::Guest>,
}

impl<'a> Caller<'a> {
    /// Returns what is allowed.
    pub(crate) fn grant(&self) -> Grant<'a> {
        self.grant
    }

    /// Makes a context.
    pub(crate) fn new_context(&self) -> Result<damon::Context> {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(guest) = &self.guest {
            return damon::Context::for_guest(guest.clone());
        }
        damon::Context::new()
    }

    /// Finds a process. Fails with `EINVAL` if there is none, or if it is nothing for a user.
    pub(crate) fn find(&self, nr: task::Pid) -> Result<ARef<Pid>> {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(guest) = &self.guest {
            return guest.viewer.find(nr);
        }
        Pid::find(nr)
    }

    /// Calls `f`, and lets the memory for that be charged to the user, if there is one.
    pub(crate) fn pay_for<R>(&self, f: impl FnOnce() -> R) -> R {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(guest) = &self.guest {
            return guest.viewer.pay_for(f);
        }
        f()
    }
}

/// How to find a directory of kdamonds.
pub(crate) enum KdamondsRef {
    /// That of the administrator.
    Admin,
    /// That of a user, as long as he has it.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    User(kernel::sync::Arc<crate::users::MaybeKdamonds>),
}

impl KdamondsRef {
    /// Calls `f` with the directory. Fails with `ENOENT` if there is none, and as `f` does.
    pub(crate) fn with(&self, f: impl FnOnce(&Dir<Kdamonds>) -> Result) -> Result {
        match self {
            Self::Admin => f(&ROOT.as_ref().ok_or(ENOENT)?.admin.kdamonds),
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            Self::User(kdamonds) => f(&*kdamonds.get().ok_or(ENOENT)?),
        }
    }
}
