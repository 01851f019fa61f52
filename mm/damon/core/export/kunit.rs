// SPDX-License-Identifier: GPL-2.0

//! Functions that the KUnit tests of `core.c` call, where they are static.
//!
//! Some tests hand in objects that are on their stack, and of which they set only what they need.

use super::{
    borrow,
    context,
    errno,
    from_c, //
};
use crate::{
    attrs::Conversion,
    commit,
    filter,
    merge,
    model::{
        Dests,
        Filter,
        Goal,
        Mut,
        Owned,
        Quota,
        Region,
        RegionCursor,
        RegionPool,
        Scheme,
        Target, //
    },
    mvsum,
    probes::{
        damon_has_probe_weights,
        Weights, //
    },
    quota,
    regions,
    split, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*, //
};

/// Returns a cursor at a region of a target.
///
/// # Safety
///
/// The region must be in the list of the target, which nothing else changes during the lifetime
/// that the caller chooses.
unsafe fn cursor_at<'a>(
    t: *mut bindings::damon_target,
    r: *mut bindings::damon_region,
) -> RegionCursor<'a> {
    // SAFETY: By the function's contract.
    unsafe { RegionCursor::from_raw(NonNull::new_unchecked(t), NonNull::new_unchecked(r)) }
}

/// See [`Regions::push()`](crate::model::Regions::push).
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_add_region(
    r: *mut bindings::damon_region,
    t: *mut bindings::damon_target,
) {
    // SAFETY: By the function's contract.
    let (mut target, region): (Mut<'_, Target>, _) = unsafe { (borrow(t), from_c(r)) };
    target.regions_mut().push(region);
}

/// Frees a region that is in no list.
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_free_region(r: *mut bindings::damon_region) {
    // SAFETY: By the function's contract.
    drop::<Owned<Region>>(unsafe { from_c(r) });
}

/// Removes a region from its target and frees it.
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_destroy_region(
    r: *mut bindings::damon_region,
    t: *mut bindings::damon_target,
) {
    // SAFETY: By the function's contract.
    drop(unsafe { cursor_at(t, r) }.remove());
}

/// See [`RegionCursor::is_last()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_is_last_region(
    r: *mut bindings::damon_region,
    t: *mut bindings::damon_target,
) -> bool {
    // SAFETY: By the function's contract.
    unsafe { cursor_at(t, r) }.is_last()
}

/// See [`mvsum::damon_mvsum()`].
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_mvsum(
    current_nr: usize,
    last_nr: usize,
    left_window_bp: usize,
) -> usize {
    mvsum::damon_mvsum(current_nr, last_nr, left_window_bp)
}

/// See [`Conversion::convert()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_update_monitoring_result(
    r: *mut bindings::damon_region,
    old_attrs: *mut bindings::damon_attrs,
    new_attrs: *mut bindings::damon_attrs,
    aggregating: bool,
    ctx: *mut bindings::damon_ctx,
) {
    // SAFETY: By the function's contract.
    let (region, old, new, ctx) = unsafe {
        (
            Region::from_raw(r),
            old_attrs.read(),
            new_attrs.read(),
            context(ctx),
        )
    };
    Conversion::new(&old, &new, ctx.probes().iter().count(), aggregating).convert(region);
}

/// See [`commit::damon_commit_target_regions()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_commit_target_regions(
    dst: *mut bindings::damon_target,
    src: *mut bindings::damon_target,
    src_min_region_sz: usize,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src) = unsafe { (borrow(dst), Target::from_raw(src)) };
    errno(commit::damon_commit_target_regions(
        &mut dst,
        src,
        src_min_region_sz,
    ))
}

/// See [`regions::damon_apply_min_nr_regions()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_apply_min_nr_regions(ctx: *mut bindings::damon_ctx) -> usize {
    // SAFETY: By the function's contract.
    regions::damon_apply_min_nr_regions(&mut unsafe { context(ctx) }, None)
}

/// See [`merge::damon_merge_two_regions()`].
///
/// # Safety
///
/// The contract of [`export`](super), and `r` must follow `l`.
#[export]
pub(crate) unsafe extern "C" fn damon_merge_two_regions(
    t: *mut bindings::damon_target,
    _l: *mut bindings::damon_region,
    r: *mut bindings::damon_region,
) {
    // SAFETY: By the function's contract.
    merge::damon_merge_two_regions(&mut unsafe { cursor_at(t, r) }, &mut RegionPool::new());
}

/// See [`merge::damon_merge_regions_of()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_merge_regions_of(
    t: *mut bindings::damon_target,
    thres: u32,
    sz_limit: usize,
    ctx: *mut bindings::damon_ctx,
    count_age: bool,
) {
    // SAFETY: By the function's contract.
    let (mut target, ctx) = unsafe { (borrow(t), context(ctx)) };
    merge::damon_merge_regions_of(
        &mut target,
        thres,
        sz_limit,
        damon_has_probe_weights(&ctx)
            .then(|| Weights::of(&ctx))
            .as_ref(),
        count_age,
        &mut RegionPool::new(),
        &mut 0,
    );
}

/// See [`RegionCursor::split_at()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_split_region_at(
    t: *mut bindings::damon_target,
    r: *mut bindings::damon_region,
    sz_r: usize,
) -> i32 {
    // SAFETY: By the function's contract.
    errno(unsafe { cursor_at(t, r) }.split_at(sz_r, &mut RegionPool::new()))
}

/// See [`split::damon_split_regions_of()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damon_split_regions_of(
    ctx: *mut bindings::damon_ctx,
    t: *mut bindings::damon_target,
    nr_subs: i32,
    min_region_sz: usize,
) {
    // SAFETY: By the function's contract.
    let (mut ctx, mut target) = unsafe { (context(ctx), borrow(t)) };
    let mut parts = ctx.parts();
    split::damon_split_regions_of(
        &mut target,
        u32::try_from(nr_subs).unwrap_or(0),
        min_region_sz,
        &mut parts.random,
        &mut parts.private.pool,
    );
}

/// See [`split::kdamond_reset_aggregated()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn kdamond_reset_aggregated(c: *mut bindings::damon_ctx) {
    // SAFETY: By the function's contract.
    split::kdamond_reset_aggregated(&mut unsafe { context(c) });
}

/// See [`split::kdamond_split_regions()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn kdamond_split_regions(ctx: *mut bindings::damon_ctx) {
    // SAFETY: By the function's contract.
    split::kdamond_split_regions(&mut unsafe { context(ctx) });
}

/// Frees a filter that is in no list.
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damos_free_filter(f: *mut bindings::damos_filter) {
    // SAFETY: By the function's contract.
    drop::<Owned<Filter>>(unsafe { from_c(f) });
}

/// See [`filter::damos_filter_match()`].
///
/// # Safety
///
/// The contract of [`export`](super), except that `ctx` can be null for a filter that is not about
/// targets, and `filter` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damos_filter_match(
    ctx: *mut bindings::damon_ctx,
    t: *mut bindings::damon_target,
    r: *mut bindings::damon_region,
    filter: *mut bindings::damos_filter,
    min_region_sz: usize,
    err: *mut i32,
) -> bool {
    let target_idx = if ctx.is_null() {
        0
    } else {
        // SAFETY: By the function's contract, and it is not null.
        let ctx = unsafe { context(ctx) };
        let before = ctx.targets().iter().take_while(|target| !target.is(t));
        i32::try_from(before.count()).unwrap_or(i32::MAX)
    };
    // SAFETY: By the function's contract.
    let (filter, mut cursor) = unsafe { (Filter::from_raw(filter), cursor_at(t, r)) };
    let result = filter::damos_filter_match(
        filter,
        &mut cursor,
        target_idx,
        min_region_sz,
        &mut RegionPool::new(),
    );
    // SAFETY: By the function's contract.
    unsafe { err.write(errno(result.map(drop))) };
    result.unwrap_or(false)
}

/// See [`filter::damos_set_filters_default_reject()`].
///
/// # Safety
///
/// The contract of [`export`](super), except that only the lists of filters must be valid.
#[export]
pub(crate) unsafe extern "C" fn damos_set_filters_default_reject(s: *mut bindings::damos) {
    // SAFETY: By the function's contract.
    filter::damos_set_filters_default_reject(unsafe { Scheme::from_raw(s) });
}

/// See [`commit::damos_commit_quota_goal()`].
///
/// # Safety
///
/// `dst` and `src` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damos_commit_quota_goal(
    dst: *mut bindings::damos_quota_goal,
    src: *mut bindings::damos_quota_goal,
) -> i32 {
    // SAFETY: By the function's contract.
    let (dst, src) = unsafe { (Goal::from_raw(dst), Goal::from_raw(src)) };
    errno(commit::damos_commit_quota_goal(dst, src))
}

/// See [`commit::damos_commit_quota()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damos_commit_quota(
    dst: *mut bindings::damos_quota,
    src: *mut bindings::damos_quota,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src) = unsafe { (borrow(dst), Quota::from_raw(src)) };
    errno(commit::damos_commit_quota(&mut dst, src))
}

/// See [`commit::damos_commit_filter()`].
///
/// # Safety
///
/// `dst` and `src` must be valid.
#[export]
pub(crate) unsafe extern "C" fn damos_commit_filter(
    dst: *mut bindings::damos_filter,
    src: *mut bindings::damos_filter,
) {
    // SAFETY: By the function's contract.
    let (dst, src) = unsafe { (Filter::from_raw(dst), Filter::from_raw(src)) };
    commit::damos_commit_filter(dst, src);
}

/// Commits migration destinations.
///
/// # Safety
///
/// `dst` and `src` must be valid, and their arrays null or allocated with `kmalloc()`.
#[export]
pub(crate) unsafe extern "C" fn damos_commit_dests(
    dst: *mut bindings::damos_migrate_dests,
    src: *mut bindings::damos_migrate_dests,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src): (Mut<'_, Dests>, Mut<'_, Dests>) = unsafe { (borrow(dst), borrow(src)) };
    errno(dst.commit(&src))
}

/// See [`commit::damos_commit()`].
///
/// # Safety
///
/// The contract of [`export`](super).
#[export]
pub(crate) unsafe extern "C" fn damos_commit(
    dst: *mut bindings::damos,
    src: *mut bindings::damos,
) -> i32 {
    // SAFETY: By the function's contract.
    let (mut dst, src) = unsafe { (borrow(dst), Scheme::from_raw(src)) };
    errno(commit::damos_commit(&mut dst, src))
}

/// See [`quota::damon_feed_loop_next_input()`].
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_feed_loop_next_input(
    last_input: usize,
    score: usize,
) -> usize {
    quota::damon_feed_loop_next_input(last_input, score)
}
