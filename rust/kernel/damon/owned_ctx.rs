// SPDX-License-Identifier: GPL-2.0

//! Ownership of C monitoring contexts.

use crate::{
    bindings,
    prelude::*, //
};
use core::ptr::NonNull;

/// Owner of a C `struct damon_ctx`.
///
/// # Invariants
///
/// The pointer is to a valid `struct damon_ctx` that `damon_new_ctx()` returned, and this owns it:
/// nobody else but the kdamond of the context, if it runs, accesses it or destroys it.
pub(super) struct OwnedCtx(NonNull<bindings::damon_ctx>);

// SAFETY: A `struct damon_ctx` is plain allocated memory, it belongs to no particular thread.
unsafe impl Send for OwnedCtx {}

// SAFETY: A shared reference only gives the pointer. Whoever dereferences it has to prove that the
// access is not a data race.
unsafe impl Sync for OwnedCtx {}

impl OwnedCtx {
    /// Creates a C context.
    ///
    /// It has not selected operations, has no targets, an `addr_unit` of one and a `min_region_sz`
    /// of a page.
    ///
    /// # Errors
    ///
    /// - [`ENODEV`] if DAMON is not initialized.
    /// - [`ENOMEM`] if there is no memory.
    pub(super) fn new() -> Result<Self> {
        // SAFETY: Always safe to call.
        if !unsafe { bindings::damon_initialized() } {
            return Err(ENODEV);
        }

        // SAFETY: Always safe to call from a context that can sleep.
        let ctx = unsafe { bindings::damon_new_ctx() };

        // INVARIANT: `damon_new_ctx()` returns null, or a valid context that is the caller's.
        NonNull::new(ctx).map(Self).ok_or(ENOMEM)
    }

    /// Takes over a C context.
    ///
    /// # Safety
    ///
    /// `ctx` must point to a valid `struct damon_ctx` that `damon_new_ctx()` returned. From now on
    /// only the new owner, and the kdamond of the context if it runs, may access or destroy it.
    #[cfg(all(CONFIG_DAMON_SYSFS_RUST, CONFIG_DAMON_SYSFS_KUNIT_TEST))]
    pub(super) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the safety requirements.
        Self(ctx)
    }

    /// Returns the pointer to the C context.
    #[inline]
    pub(super) fn as_non_null(&self) -> NonNull<bindings::damon_ctx> {
        self.0
    }

    /// Returns the pointer to the C context.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.0.as_ptr()
    }
}

impl Drop for OwnedCtx {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, we own the context. Its kdamond, if it had one, does not
        // run: it runs only while a `Kdamond` exists, which stops it before it drops this. One that
        // ends by itself may still be on its way out, for which `damon_destroy_ctx()` waits.
        unsafe { bindings::damon_destroy_ctx(self.as_ptr()) };
    }
}
