// SPDX-License-Identifier: GPL-2.0

//! What one user was given.

use core::any::Any;
use kernel::{
    damon::{
        Guest,
        GuestKey,
        Viewer, //
    },
    kobject::{
        Dir,
        Policy, //
    },
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
};

use super::Limits as LimitsDir;
use crate::{
    grant::Limits,
    kdamonds::Kdamonds, //
};

/// The directory of kdamonds of a user, for those kdamonds: it is gone once he has it no longer.
#[pin_data]
pub(crate) struct MaybeKdamonds {
    #[pin]
    dir: Mutex<Option<ARef<Dir<Kdamonds>>>>,
}

impl MaybeKdamonds {
    /// Starts without the directory.
    fn new() -> Result<Arc<Self>> {
        let init = pin_init!(Self {
            dir <- new_mutex!(None, "damon_sysfs::MaybeKdamonds::dir"),
        });

        Arc::pin_init(init, GFP_KERNEL)
    }

    /// Returns the directory.
    pub(crate) fn get(&self) -> Option<ARef<Dir<Kdamonds>>> {
        self.dir.lock().clone()
    }

    fn set(&self, dir: Option<ARef<Dir<Kdamonds>>>) {
        // What was there is dropped without the lock.
        let _old = core::mem::replace(&mut *self.dir.lock(), dir);
    }
}

/// What one user was given, as long as he has it.
pub(crate) struct Given {
    /// What root writes to, at any time.
    limits: ARef<Dir<LimitsDir>>,
    key: Arc<GuestKey>,
    kdamonds: Arc<MaybeKdamonds>,
    revoked: Atomic<bool>,
}

impl Given {
    /// Returns something to give, with these limits.
    ///
    /// Fails with `ENOMEM`.
    pub(super) fn new(limits: &Dir<LimitsDir>) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                limits: limits.into(),
                key: Arc::new(GuestKey::new()?, GFP_KERNEL)?,
                kdamonds: MaybeKdamonds::new()?,
                revoked: Atomic::new(false),
            },
            GFP_KERNEL,
        )?)
    }

    /// Lets the kdamonds know their directory.
    pub(super) fn set_kdamonds(&self, dir: &Dir<Kdamonds>) {
        self.kdamonds.set(Some(dir.into()));
    }

    /// Returns how to find the directory of the kdamonds.
    pub(crate) fn kdamonds(&self) -> Arc<MaybeKdamonds> {
        self.kdamonds.clone()
    }

    /// Returns how much there may be of something now.
    pub(crate) fn limits(&self) -> Limits {
        self.limits.get()
    }

    /// Returns whether the user has it no longer.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Relaxed)
    }

    /// Returns for whom a context is that the current task asks for.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn guest(&self) -> Result<Guest> {
        Ok(Guest {
            viewer: Viewer::current()?,
            key: self.key.clone(),
            max_nr_regions: usize::try_from(self.limits().max_regions).unwrap_or(0),
        })
    }
}

impl Policy for Given {
    fn as_any(&self) -> &dyn Any {
        self
    }

    /// Ends what commands wait for that have the lock of the tree; others fail from now on. A
    /// kdamond that such a command has just started ends with the directories.
    fn revoke(&self) {
        self.revoked.store(true, Relaxed);
        self.kdamonds.set(None);
        self.key.stop();
    }
}
