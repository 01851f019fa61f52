// SPDX-License-Identifier: GPL-2.0

//! Functions for contexts and operations.

use crate::{
    attrs,
    commit,
    prelude::*, //
};

exports! {
    /// Initializes what `damon_init()` leaves to Rust.
    ///
    /// To be called once, before any other function here.
    fn damon_core_init() -> i32 {
        // SAFETY: The caller promises that this is the first call of a function here.
        unsafe { init_running() };
        0
    }

    /// Returns whether DAMON can be used.
    fn damon_initialized() -> bool {
        // SAFETY: The pointer is set once, before there are other threads that use DAMON.
        !unsafe { bindings::damon_region_cache }.is_null()
    }

    /// Returns whether operations are registered for `id`.
    fn damon_is_registered_ops(id: bindings::damon_ops_id) -> bool {
        OpsId::from_raw(id).is_some_and(|id| registered_ops(id).is_some())
    }

    /// Registers operations, which must be valid, and whose functions must do what
    /// `struct damon_operations` says.
    fn damon_register_ops(ops: *mut bindings::damon_operations) -> Result {
        // SAFETY: The caller promises that the pointer is valid.
        let ops = unsafe { ops.read() };
        // SAFETY: The caller promises that the functions do what they have to.
        register_ops(unsafe { OpsSet::new(ops) })
    }

    /// Selects the operations of a context.
    fn damon_select_ops(ctx: Context<'_>, id: bindings::damon_ops_id) -> Result {
        OpsId::from_raw(id).ok_or(EINVAL).and_then(|id| ctx.select_ops(id))
    }

    /// Allocates a context with the default attributes.
    fn damon_new_ctx() -> *mut bindings::damon_ctx {
        OwnedContext::new().map_or(ptr::null_mut(), OwnedContext::into_raw)
    }

    /// Frees a context, which must not be running, and everything in it.
    fn damon_destroy_ctx(ctx: *mut bindings::damon_ctx) {
        // SAFETY: The caller promises that the context is valid, and gives it away.
        drop(NonNull::new(ctx).map(|ctx| unsafe { OwnedContext::from_raw(ctx) }));
    }

    /// Sets the attributes of a context.
    fn damon_set_attrs(ctx: Context<'_>, attrs: *mut Attrs) -> Result {
        // SAFETY: The caller promises that the pointer is valid.
        let new = unsafe { attrs.read() };
        attrs::damon_set_attrs(&mut ctx, new).map(|aggr_samples| {
            // SAFETY: The caller promises that the pointer is valid.
            unsafe { (*attrs).aggr_samples = aggr_samples };
        })
    }

    /// Commits the parameters of a context to another one.
    fn damon_commit_ctx(old_ctx: Context<'_>, new_ctx: Context<'_>) -> Result {
        commit::damon_commit_ctx(&mut old_ctx, &new_ctx)
    }
}
