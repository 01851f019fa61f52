// SPDX-License-Identifier: GPL-2.0

//! What the model has for kdamonds of users who are not root.

use crate::prelude::*;
use core::ffi::c_void;
use kernel::alloc::Flags;

/// What is known of the context of a user, `struct damon_core_guest`.
pub(crate) type Guest = bindings::damon_core_guest;

/// The kdamonds of users that are running.
///
/// # Invariants
///
/// Each of the contexts is one that a kdamond runs on.
pub(crate) struct Guests(KVec<(NonNull<bindings::damon_ctx>, usize)>);

// SAFETY: The pointers are only used under the lock of running contexts, by any thread.
unsafe impl Send for Guests {}

impl Guests {
    /// None are running.
    pub(crate) const fn new() -> Self {
        Self(KVec::new())
    }

    /// How many are running.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes room for one more.
    pub(crate) fn reserve(&mut self) -> Result {
        Ok(self.0.reserve(1, GFP_KERNEL)?)
    }

    /// Notes that the kdamond of a context has begun, which belongs to `owner`.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there was [no room made](Self::reserve) for it.
    ///
    /// # Safety
    ///
    /// The context must have a kdamond, which is [removed](Self::remove) before it has none.
    pub(super) unsafe fn push(
        &mut self,
        ctx: NonNull<bindings::damon_ctx>,
        owner: usize,
    ) -> Result {
        // INVARIANT: The caller's promise.
        self.0
            .push_within_capacity((ctx, owner))
            .map_err(|_| ENOMEM)
    }

    /// Notes that the kdamond of a context ends. Returns whether it is one of a user.
    pub(crate) fn remove(&mut self, ctx: Shared<'_>) -> bool {
        let is_it = |(other, _): &(NonNull<_>, usize)| *other == ctx.as_raw();
        let nr = self.0.iter().position(is_it);

        nr.is_some_and(|nr| self.0.remove(nr).is_ok())
    }

    /// Returns one of those that belong to `owner`, or any.
    fn first(&self, owner: Option<usize>) -> Option<NonNull<bindings::damon_ctx>> {
        self.0
            .iter()
            .find(|(_, of)| owner.is_none_or(|owner| owner == *of))
            .map(|(ctx, _)| *ctx)
    }
}

/// Returns how to stop one of the kdamonds that belong to `owner`, or to any user.
pub(crate) fn stop_guest(running: &mut RunningGuard, owner: Option<usize>) -> Option<Stopping> {
    let ctx = running.guests.first(owner)?;

    // SAFETY: By the invariant of `Guests` the context has a kdamond. It is not freed before the
    // kdamond is off it, for which that takes the lock whose guard is borrowed.
    unsafe { Shared::from_raw(ctx) }.stop(running)
}

impl Startable<'_> {
    /// Makes a kdamond of a user, and waits until it has begun; see
    /// [`run_kdamond()`](Self::run_kdamond).
    pub(crate) fn run_guest(self, nr: i32, owner: usize, running: &mut RunningGuard) -> Result {
        running.guests.reserve()?;
        self.run_kdamond(nr, running)?;
        // SAFETY: The kdamond was made just now. To end it takes the lock, under which it is
        // removed before it is off its context.
        unsafe { running.guests.push(self.shared().as_raw(), owner) }
    }
}

impl Ctx {
    /// The user, if it is the context of one.
    pub(crate) fn guest(&self) -> Option<Guest> {
        self.guest.get()
    }

    /// Notes that the context is that of a user.
    pub(crate) fn set_guest(&self, guest: Guest) {
        self.guest.set(Some(guest));
    }

    /// What the operations of a user's context want to know, or null.
    pub(crate) fn viewer(&self) -> *mut c_void {
        self.guest().map_or(ptr::null_mut(), |guest| guest.viewer)
    }

    /// Lets what the current kdamond allocates for this context be charged to its user, if it is
    /// the context of one.
    pub(crate) fn begin_charging(&self) {
        if let Some(guest) = self.guest() {
            // SAFETY: The cgroup is there as long as the context, which outlives the kdamond; that
            // ends this before it ends.
            unsafe { bindings::damon_core_charge(guest.memcg) };
        }
    }

    /// Ends what [`begin_charging()`](Self::begin_charging) has begun.
    pub(crate) fn end_charging(&self) {
        if self.guest().is_some() {
            // SAFETY: Nobody is always there to be charged.
            unsafe { bindings::damon_core_charge(ptr::null_mut()) };
        }
    }
}

/// How to allocate: what is done for a user is charged to him.
pub(super) fn gfp() -> Flags {
    // SAFETY: Always safe to call.
    if unsafe { bindings::damon_core_is_charged() } {
        GFP_KERNEL_ACCOUNT
    } else {
        GFP_KERNEL
    }
}
