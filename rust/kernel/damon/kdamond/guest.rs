// SPDX-License-Identifier: GPL-2.0

//! Contexts and kdamonds of users who are not root.

use super::{
    super::{
        stop::Stop,
        Context,
        Guest,
        OnKdamond,
        OpsId, //
    },
    Exclusivity,
    Kdamond, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*, //
};

impl Context {
    /// Creates a context for a user.
    ///
    /// Its operations look only at what the user may look at: see [`guard`](super::super::guard).
    /// Its kdamond runs beside shared ones, which do not notice, and is stopped when an exclusive
    /// one starts.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     damon::{
    ///         Context,
    ///         Exclusivity,
    ///         Guest,
    ///         GuestKey,
    ///         OpsId,
    ///         Viewer, //
    ///     },
    ///     sync::Arc, //
    /// };
    ///
    /// let guest = Guest {
    ///     viewer: Viewer::current()?,
    ///     key: Arc::new(GuestKey::new()?, GFP_KERNEL)?,
    ///     max_nr_regions: 100,
    /// };
    /// let mut ctx = Context::for_guest(guest.clone())?;
    /// // The physical memory is not his.
    /// assert_eq!(ctx.select_ops(OpsId::Paddr), Err(EINVAL));
    /// ctx.select_ops(OpsId::Vaddr)?;
    /// assert_eq!(ctx.start(Exclusivity::Exclusive).err(), Some(EINVAL));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn for_guest(guest: Guest) -> Result<Self> {
        let mut ctx = Self::new()?;

        ctx.guest = Some(guest);
        Ok(ctx)
    }

    /// Checks that the context may have these operations.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it is that of a user, and the operations are not for processes.
    pub(in super::super) fn check_guest(&self, ops: OpsId) -> Result {
        match &self.guest {
            Some(_) if !ops.has_pid() => Err(EINVAL),
            _ => Ok(()),
        }
    }

    /// Replaces the operations by those for users, if it is the context of one.
    pub(in super::super) fn guard_ops(&mut self) {
        if self.guest.is_some() {
            // SAFETY: By the type invariants, the context is valid, and nobody else accesses it.
            let ops = unsafe { &raw mut (*self.as_ptr()).ops };

            // SAFETY: The operations were selected just now, and are those for processes.
            unsafe { bindings::damon_ops_guard(ops) };
        }
    }

    /// Starts the context of a user; see [`Context::start`].
    pub(super) fn start_guest(self, guest: Guest, exclusivity: Exclusivity) -> Result<Kdamond> {
        if exclusivity == Exclusivity::Exclusive {
            return Err(EINVAL);
        }
        let ctx = self.into_owned_ctx();
        let stop = Stop::new()?;
        let mut raw = guest.raw();

        // SAFETY: The context is valid and has not been started, by the type invariants of
        // `Context`. If this fails then no kdamond runs on it. `guest` outlives it in any case.
        to_result(unsafe { bindings::damon_core_start_guest(ctx.as_ptr(), &raw mut raw) })?;
        // INVARIANT: The context was started just now, and has no more probes than a `Context`.
        let kdamond = Kdamond {
            ctx,
            repeated_calls: KVec::new(),
            stop,
            stopping: false,
            guest: Some(guest),
        };

        kdamond.join_current();
        Ok(kdamond)
    }
}

impl Kdamond {
    /// Lets the kernel thread run in the control groups of the current task, as far as they allow
    /// it, and not before it.
    fn join_current(&self) {
        // SAFETY: The context is valid as long as `self` is. The function takes the lock itself.
        let task = unsafe { bindings::damon_kdamond(self.as_ptr()) };

        if !task.is_null() {
            // What does not allow it does not keep the thread from running.
            // SAFETY: The task is valid, because a reference to it was counted for us.
            let _ = unsafe { bindings::damon_kdamond_join(task) };
            // SAFETY: This gives the reference back.
            unsafe { bindings::put_task_struct(task) };
        }
    }
}

impl OnKdamond<'_> {
    /// Checks that a context may be committed.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it is that of a user, and ours is not, or the other way around.
    pub(in super::super) fn check_guest(&self, new: &Context) -> Result {
        // SAFETY: By the type invariants, our context is valid, and we are on its kdamond.
        let viewer = unsafe { bindings::damon_core_viewer(self.as_ptr()) };

        if viewer.is_null() == new.guest.is_some() {
            return Err(EINVAL);
        }
        Ok(())
    }
}
