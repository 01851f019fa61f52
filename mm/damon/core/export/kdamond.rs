// SPDX-License-Identifier: GPL-2.0

//! Functions to start and stop kdamonds, and to ask them for something.
//!
//! Other threads than the kdamond may call these for a context that is running.

use super::{
    elements, //
    Argument,
};
use crate::{
    commit::damon_new_test_ctx,
    kdamond,
    prelude::*,
    running, //
};
use core::ffi::c_void;

exports! {
    /// The function of a kdamond, whose data is its context.
    fn damon_core_kdamond_fn(data: *mut c_void) -> i32 {
        // SAFETY: The data is the context that `run_kdamond()` has made this thread for, which
        // nothing else uses exclusively.
        kdamond::kdamond_fn(unsafe { CurrentKdamond::from_c(data.cast()) });
        0
    }

    /// Starts a group of `nr_ctxs` contexts.
    ///
    /// Those of them that are not running must not be used otherwise, until they have ended.
    fn damon_start(ctxs: *mut *mut bindings::damon_ctx, nr_ctxs: i32, exclusive: bool) -> Result {
        // SAFETY: The caller promises that there are that many.
        let ctxs = unsafe { elements(ctxs, nr_ctxs) }.iter();
        // SAFETY: The caller promises that those that are not running are not used otherwise.
        let startable = ctxs.map(|&ctx| unsafe { Startable::from_c(ctx) });
        running::damon_start(startable, exclusive, |ctx| {
            // SAFETY: This is called for contexts that are not running, which belong to this.
            let ctx = unsafe { Context::from_raw(ctx.shared().as_raw().cast()) };
            damon_new_test_ctx(&ctx).map(drop)
        })
    }

    /// Stops `nr_ctxs` contexts.
    fn damon_stop(ctxs: *mut *mut bindings::damon_ctx, nr_ctxs: i32) {
        // SAFETY: The caller promises that there are that many.
        let ctxs = unsafe { elements(ctxs, nr_ctxs) }.iter();
        // SAFETY: The caller promises that the contexts are valid.
        running::damon_stop(ctxs.map(|&ctx| unsafe { Shared::from_c(ctx) }));
    }

    /// Returns whether a context has a kdamond.
    fn damon_is_running(ctx: Shared<'_>) -> bool {
        running::damon_is_running(ctx)
    }

    /// Returns the process id of the kdamond of a context, or a negative error number if it has
    /// none.
    fn damon_kdamond_pid(ctx: Shared<'_>) -> i32 {
        running::damon_kdamond_pid(ctx).unwrap_or(EINVAL.to_errno())
    }

    /// Returns how many contexts are running.
    fn damon_nr_running_ctxs() -> i32 {
        i32::try_from(running::damon_nr_running_ctxs()).unwrap_or(i32::MAX)
    }

    /// Calls a function on the kdamond of a context, which must have been started.
    ///
    /// The control must be in use for no other call. One that is repeated must stay valid until it
    /// is canceled.
    ///
    /// If the current thread is killed while it waits, the call is withdrawn, and this returns
    /// `-EINTR`. When this returns, the kdamond does not use a control that is not repeated, and
    /// never will.
    fn damon_call(ctx: Shared<'_>, control: *mut bindings::damon_call_control) -> Result {
        // SAFETY: The caller promises that the pointer is valid, hence not null.
        let control = unsafe { NonNull::new_unchecked(control) };
        // SAFETY: The caller promises that the control is valid and in use for nothing else, and
        // that a repeated one stays so until it is canceled.
        let result = unsafe { ctx.calls().request(control) };
        if result == Err(ECANCELED) {
            // The caller may free the context when this fails.
            running::wait_until_ended(ctx);
        }
        result
    }

    /// Calls functions for each region that the schemes of a context, which must have been
    /// started, are applied to.
    ///
    /// If the current thread is killed while it waits, the walk is withdrawn, and this returns
    /// `-EINTR`. When this returns, the kdamond does not use the control, and never will.
    fn damos_walk(ctx: Shared<'_>, control: &WalkControl) -> Result {
        ctx.walk().request(control)
    }
}
