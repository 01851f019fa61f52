// SPDX-License-Identifier: GPL-2.0

//! Functions to start and stop kdamonds, and to ask them for something.
//!
//! Other threads than the kdamond may call these for a context that is running.

use super::{
    context,
    errno, //
};
use crate::{
    commit::damon_new_test_ctx,
    kdamond,
    model::{
        init_walk,
        Call,
        CurrentKdamond,
        Shared,
        Startable,
        Waited, //
    },
    running, //
};
use core::{
    ffi::c_void,
    ptr::NonNull,
    slice, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Returns what other threads may use of a context.
///
/// # Safety
///
/// `ctx` must be valid during the lifetime that the caller chooses.
unsafe fn shared<'a>(ctx: *mut bindings::damon_ctx) -> Shared<'a> {
    // SAFETY: By the function's contract.
    unsafe { Shared::from_raw(NonNull::new_unchecked(ctx)) }
}

/// Returns the contexts of an array.
///
/// # Safety
///
/// `ctxs` must point to `nr_ctxs` contexts, which must be valid during the lifetime that the caller
/// chooses.
unsafe fn shared_all<'a>(
    ctxs: *mut *mut bindings::damon_ctx,
    nr_ctxs: i32,
) -> impl Iterator<Item = Shared<'a>> + Clone {
    let ctxs: &'a [*mut bindings::damon_ctx] = match usize::try_from(nr_ctxs) {
        // SAFETY: By the function's contract.
        Ok(nr_ctxs) if nr_ctxs != 0 => unsafe { slice::from_raw_parts(ctxs, nr_ctxs) },
        _ => &[],
    };
    // SAFETY: By the function's contract.
    ctxs.iter().map(|&ctx| unsafe { shared(ctx) })
}

/// The function of a kdamond.
///
/// # Safety
///
/// `data` must be a context, which nothing else uses exclusively until the function returns or the
/// context has no kdamond any more.
#[export]
pub(crate) unsafe extern "C" fn damon_core_kdamond_fn(data: *mut c_void) -> i32 {
    // SAFETY: By the function's contract.
    kdamond::kdamond_fn(unsafe { CurrentKdamond::from_raw(NonNull::new_unchecked(data.cast())) });
    0
}

/// Starts a group of contexts.
///
/// # Safety
///
/// `ctxs` must point to `nr_ctxs` contexts. Those of them that are not running must not be used
/// otherwise, until they have ended.
#[export]
pub(crate) unsafe extern "C" fn damon_start(
    ctxs: *mut *mut bindings::damon_ctx,
    nr_ctxs: i32,
    exclusive: bool,
) -> i32 {
    // SAFETY: By the function's contract.
    let ctxs = unsafe { shared_all(ctxs, nr_ctxs) };
    // SAFETY: By the function's contract.
    let ctxs = ctxs.map(|ctx| unsafe { Startable::from_raw(ctx.as_raw()) });
    let trial = |ctx: Startable<'_>| {
        // SAFETY: By the function's contract; this is called for contexts that are not running.
        let ctx = unsafe { context(ctx.shared().as_raw().as_ptr()) };
        damon_new_test_ctx(&ctx).map(drop)
    };
    errno(running::damon_start(ctxs, exclusive, trial))
}

/// Stops contexts.
///
/// # Safety
///
/// `ctxs` must point to `nr_ctxs` contexts.
#[export]
pub(crate) unsafe extern "C" fn damon_stop(ctxs: *mut *mut bindings::damon_ctx, nr_ctxs: i32) {
    // SAFETY: By the function's contract.
    running::damon_stop(unsafe { shared_all(ctxs, nr_ctxs) });
}

/// Returns whether a context has a kdamond.
///
/// # Safety
///
/// `ctx` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damon_is_running(ctx: *mut bindings::damon_ctx) -> bool {
    // SAFETY: By the function's contract.
    running::damon_is_running(unsafe { shared(ctx) })
}

/// Returns the process id of the kdamond of a context, or a negative error number if it has none.
///
/// # Safety
///
/// `ctx` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damon_kdamond_pid(ctx: *mut bindings::damon_ctx) -> i32 {
    // SAFETY: By the function's contract.
    running::damon_kdamond_pid(unsafe { shared(ctx) }).unwrap_or(EINVAL.to_errno())
}

/// Returns how many contexts are running.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_nr_running_ctxs() -> i32 {
    i32::try_from(running::damon_nr_running_ctxs()).unwrap_or(i32::MAX)
}

/// Calls a function on the kdamond of a context.
///
/// If the current thread is killed while it waits, the call is withdrawn, and this returns
/// `-EINTR`. When this returns, the kdamond does not use a control that is not repeated, and
/// never will.
///
/// # Safety
///
/// `ctx` must be valid and have been started. `control` must be valid, and be in use for no other
/// call; one that is repeated must stay valid until it is canceled.
#[export]
pub(crate) unsafe extern "C" fn damon_call(
    ctx: *mut bindings::damon_ctx,
    control: *mut bindings::damon_call_control,
) -> i32 {
    // SAFETY: A caller passes a pointer to a control that is valid, hence not null.
    let control = unsafe { NonNull::new_unchecked(control) };
    // SAFETY: The context is valid until this returns: who may free it is who calls this.
    let ctx = unsafe { shared(ctx) };
    // SAFETY: A repeated control stays valid until it is canceled. Of others, only this function
    // lets the caller go on, when the kdamond is through with it.
    let call = unsafe { Call::from_raw(control) };
    call.init();
    // Once it is added, a repeated call belongs to the kdamond.
    let repeated = call.is_repeated();
    if ctx.calls().push(call) {
        if repeated {
            return 0;
        }
        // SAFETY: It was added just now, is not repeated, and only this waits for it.
        match unsafe { ctx.calls().wait(control) } {
            Waited::Handled => return 0,
            Waited::Withdrawn => return EINTR.to_errno(),
            Waited::Canceled => {}
        }
    }
    // The caller may free the context when this fails.
    running::wait_until_ended(ctx);
    ECANCELED.to_errno()
}

/// Calls functions for each region that the schemes of a context are applied to.
///
/// If the current thread is killed while it waits, the walk is withdrawn, and this returns
/// `-EINTR`. When this returns, the kdamond does not use the control, and never will.
///
/// # Safety
///
/// `ctx` must be valid and have been started. `control` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damos_walk(
    ctx: *mut bindings::damon_ctx,
    control: *mut bindings::damos_walk_control,
) -> i32 {
    // SAFETY: A caller passes a control that is valid.
    unsafe { init_walk(control) };
    // SAFETY: The context is valid until this returns: who may free it is who calls this.
    let walk = unsafe { shared(ctx) }.walk();
    // SAFETY: The control stays valid until this returns, which is after the kdamond is through
    // with it.
    if let Err(err) = unsafe { walk.lock().request(control) } {
        return err.to_errno();
    }
    // SAFETY: It was requested just now, and only this waits for it.
    match unsafe { walk.wait(control) } {
        Waited::Handled => 0,
        Waited::Canceled => ECANCELED.to_errno(),
        Waited::Withdrawn => EINTR.to_errno(),
    }
}
