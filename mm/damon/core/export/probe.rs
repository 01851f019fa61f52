// SPDX-License-Identifier: GPL-2.0

//! Functions for probes and their filters.

use super::{
    borrow,
    context,
    from_c,
    into_c, //
};
use crate::model::{
    del,
    Mut,
    Owned,
    Probe,
    ProbeFilter, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Allocates a filter for a probe.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_new_filter(
    type_: bindings::damon_filter_type,
    matching: bool,
    allow: bool,
) -> *mut bindings::damon_filter {
    into_c(ProbeFilter::new(type_, matching, allow))
}

/// Adds a filter to a probe.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_add_filter(
    probe: *mut bindings::damon_probe,
    f: *mut bindings::damon_filter,
) {
    // SAFETY: By the function's contract.
    let (mut probe, filter): (Mut<'_, Probe>, _) = unsafe { (borrow(probe), from_c(f)) };
    probe.filters_mut().push(filter);
}

/// Removes a filter from its probe and frees it.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_destroy_filter(f: *mut bindings::damon_filter) {
    // SAFETY: By the function's contract; a link that is in no list is a list of its own.
    unsafe { del(&raw mut (*f).list) };
    // SAFETY: By the function's contract, and it is in no list now.
    drop::<Owned<ProbeFilter>>(unsafe { from_c(f) });
}

/// Allocates a probe without filters.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_new_probe() -> *mut bindings::damon_probe {
    into_c(Probe::new())
}

/// Adds a probe to a context.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_add_probe(
    ctx: *mut bindings::damon_ctx,
    probe: *mut bindings::damon_probe,
) {
    // SAFETY: By the function's contract.
    let (mut ctx, probe) = unsafe { (context(ctx), from_c(probe)) };
    ctx.probes_mut().push(probe);
}
