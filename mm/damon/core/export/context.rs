// SPDX-License-Identifier: GPL-2.0

//! Functions for contexts and operations.

use super::{
    context,
    errno, //
};
use crate::{
    attrs, commit,
    model::{
        init_running,
        register_ops,
        registered_ops,
        OpsId,
        OpsSet,
        OwnedContext, //
    },
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Initializes what `damon_init()` leaves to Rust.
///
/// # Safety
///
/// Must be called once, before any other function here.
#[export]
pub(crate) unsafe extern "C" fn damon_core_init() -> i32 {
    // SAFETY: By the function's contract.
    unsafe { init_running() };
    0
}

/// Returns whether DAMON can be used.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_initialized() -> bool {
    // SAFETY: The pointer is set once, before there are other threads that use DAMON.
    !unsafe { bindings::damon_region_cache }.is_null()
}

/// Returns whether operations are registered for `id`.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_is_registered_ops(id: bindings::damon_ops_id) -> bool {
    OpsId::from_raw(id).is_ok_and(|id| registered_ops(id).is_some())
}

/// Registers operations.
///
/// # Safety
///
/// `ops` must be valid, and its functions must do what `struct damon_operations` says.
#[export]
pub(crate) unsafe extern "C" fn damon_register_ops(ops: *mut bindings::damon_operations) -> i32 {
    // SAFETY: By the function's contract.
    errno(register_ops(unsafe { OpsSet::new(ops.read()) }))
}

/// Selects the operations of a context.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_select_ops(
    ctx: *mut bindings::damon_ctx,
    id: bindings::damon_ops_id,
) -> i32 {
    // SAFETY: By the function's contract.
    let mut ctx = unsafe { context(ctx) };
    errno(OpsId::from_raw(id).and_then(|id| ctx.select_ops(id)))
}

/// Allocates a context with the default attributes.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_new_ctx() -> *mut bindings::damon_ctx {
    OwnedContext::new().map_or(ptr::null_mut(), OwnedContext::into_raw)
}

/// Frees a context and everything in it.
///
/// # Safety
///
/// The contract of this module, and the context must not be running.
#[export]
pub(crate) unsafe extern "C" fn damon_destroy_ctx(ctx: *mut bindings::damon_ctx) {
    // SAFETY: By the function's contract.
    drop(unsafe { OwnedContext::from_raw(NonNull::new_unchecked(ctx)) });
}

/// Sets the attributes of a context.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_set_attrs(
    ctx: *mut bindings::damon_ctx,
    attrs: *mut bindings::damon_attrs,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut ctx, new) = unsafe { (context(ctx), attrs.read()) };
    match attrs::damon_set_attrs(&mut ctx, new) {
        Ok(aggr_samples) => {
            // SAFETY: By the function's contract, the attributes are valid for writes.
            unsafe { (*attrs).aggr_samples = aggr_samples };
            0
        }
        Err(err) => err.to_errno(),
    }
}

/// Commits the parameters of a context to another one.
///
/// # Safety
///
/// The contract of this module, for both contexts.
#[export]
pub(crate) unsafe extern "C" fn damon_commit_ctx(
    old_ctx: *mut bindings::damon_ctx,
    new_ctx: *mut bindings::damon_ctx,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src) = unsafe { (context(old_ctx), context(new_ctx)) };
    errno(commit::damon_commit_ctx(&mut dst, &src))
}
