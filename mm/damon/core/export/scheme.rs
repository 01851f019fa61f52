// SPDX-License-Identifier: GPL-2.0

//! Functions for schemes, and their filters and goals.

use super::{
    borrow,
    context,
    errno,
    from_c,
    into_c, //
};
use crate::{
    commit,
    model::{
        del,
        Filter,
        Goal,
        Mut,
        Owned,
        Quota,
        Scheme, //
    },
    pass::damos_set_next_apply_sis, //
};
use core::slice;
use kernel::{
    bindings,
    prelude::*, //
};

/// Allocates a filter.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damos_new_filter(
    type_: bindings::damos_filter_type,
    matching: bool,
    allow: bool,
) -> *mut bindings::damos_filter {
    into_c(Filter::new(type_, matching, allow))
}

/// Returns whether the operations handle filters of this type, not the core.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damos_filter_for_ops(type_: bindings::damos_filter_type) -> bool {
    Filter::for_ops(type_)
}

/// Adds a filter to a scheme.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damos_add_filter(
    s: *mut bindings::damos,
    f: *mut bindings::damos_filter,
) {
    // SAFETY: By the function's contract.
    let (mut scheme, filter): (Mut<'_, Scheme>, Owned<Filter>) = unsafe { (borrow(s), from_c(f)) };
    if Filter::for_ops(filter.raw_type()) {
        scheme.ops_filters_mut().push(filter);
    } else {
        scheme.core_filters_mut().push(filter);
    }
}

/// Removes a filter from its scheme and frees it.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damos_destroy_filter(f: *mut bindings::damos_filter) {
    // SAFETY: By the function's contract; a link that is in no list is a list of its own.
    unsafe { del(&raw mut (*f).list) };
    // SAFETY: By the function's contract, and it is in no list now.
    drop::<Owned<Filter>>(unsafe { from_c(f) });
}

/// Allocates a goal.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damos_new_quota_goal(
    metric: bindings::damos_quota_goal_metric,
    target_value: usize,
) -> *mut bindings::damos_quota_goal {
    into_c(Goal::new(metric, target_value))
}

/// Adds a goal to a quota.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damos_add_quota_goal(
    q: *mut bindings::damos_quota,
    g: *mut bindings::damos_quota_goal,
) {
    // SAFETY: By the function's contract.
    let (mut quota, goal): (Mut<'_, Quota>, _) = unsafe { (borrow(q), from_c(g)) };
    quota.goals_mut().push(goal);
}

/// Removes a goal from its quota and frees it.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damos_destroy_quota_goal(goal: *mut bindings::damos_quota_goal) {
    // SAFETY: By the function's contract; a link that is in no list is a list of its own.
    unsafe { del(&raw mut (*goal).list) };
    // SAFETY: By the function's contract, and it is in no list now.
    drop::<Owned<Goal>>(unsafe { from_c(goal) });
}

/// Commits the goals of a quota to another one.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damos_commit_quota_goals(
    dst: *mut bindings::damos_quota,
    src: *mut bindings::damos_quota,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src) = unsafe { (borrow(dst), Quota::from_raw(src)) };
    errno(commit::damos_commit_quota_goals(&mut dst, src))
}

/// Allocates a scheme without filters, goals and destinations.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_new_scheme(
    pattern: *mut bindings::damos_access_pattern,
    action: bindings::damos_action,
    apply_interval_us: usize,
    quota: *mut bindings::damos_quota,
    wmarks: *mut bindings::damos_watermarks,
    target_nid: i32,
) -> *mut bindings::damos {
    // SAFETY: By the function's contract.
    let (pattern, quota) = unsafe { (pattern.read(), Quota::from_raw(quota)) };
    // SAFETY: By the function's contract. Callers need not set whether it is activated.
    let wmarks = unsafe {
        bindings::damos_watermarks {
            metric: (*wmarks).metric,
            interval: (*wmarks).interval,
            high: (*wmarks).high,
            mid: (*wmarks).mid,
            low: (*wmarks).low,
            activated: true,
        }
    };
    into_c(Scheme::new(
        &pattern,
        action,
        apply_interval_us,
        quota,
        &wmarks,
        target_nid,
    ))
}

/// Adds a scheme to a context.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_add_scheme(
    ctx: *mut bindings::damon_ctx,
    s: *mut bindings::damos,
) {
    // SAFETY: By the function's contract.
    let (mut ctx, scheme) = unsafe { (context(ctx), from_c(s)) };
    ctx.schemes_mut().push(scheme);
    if let Some(scheme) = ctx.schemes().last() {
        damos_set_next_apply_sis(scheme, &ctx);
    }
}

/// Removes a scheme from its context and frees it.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_destroy_scheme(s: *mut bindings::damos) {
    // SAFETY: By the function's contract; a link that is in no list is a list of its own.
    unsafe { del(&raw mut (*s).list) };
    // SAFETY: By the function's contract, and it is in no list now.
    drop::<Owned<Scheme>>(unsafe { from_c(s) });
}

/// Replaces the schemes of a context.
///
/// # Safety
///
/// The contract of this module, and `schemes` must point to `nr_schemes` schemes.
#[export]
pub(crate) unsafe extern "C" fn damon_set_schemes(
    ctx: *mut bindings::damon_ctx,
    schemes: *mut *mut bindings::damos,
    nr_schemes: isize,
) {
    // SAFETY: By the function's contract.
    unsafe { context(ctx) }.schemes_mut().clear();
    let schemes: &[*mut bindings::damos] = match usize::try_from(nr_schemes) {
        Ok(nr_schemes) if nr_schemes != 0 => {
            // SAFETY: By the function's contract.
            unsafe { slice::from_raw_parts(schemes, nr_schemes) }
        }
        _ => &[],
    };
    for &scheme in schemes {
        // SAFETY: By the function's contract.
        unsafe { damon_add_scheme(ctx, scheme) };
    }
}
