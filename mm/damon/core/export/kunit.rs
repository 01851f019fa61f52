// SPDX-License-Identifier: GPL-2.0

//! Functions that the KUnit tests of `core.c` call, where they are static.
//!
//! Some tests hand in objects that are on their stack, and of which they set only what they need.
//! A region is in the list of the target that it is handed in with.

use super::Returned;
use crate::{
    attrs::Conversion,
    commit,
    filter,
    merge,
    model::{
        Attrs,
        Context,
        Dests,
        Filter,
        Goal,
        Mut,
        Object,
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
use core::ptr;
use kernel::prelude::*;

/// Returns a cursor at a region.
fn cursor_at<'a>(target: &'a mut Mut<'_, Target>, region: &Region) -> RegionCursor<'a> {
    let mut cursor = target.cursor();
    cursor.move_to(region);
    cursor
}

exports! {
    /// Adds a region to a target, behind the others.
    fn damon_add_region(r: Owned<Region>, t: Mut<'_, Target>) {
        let mut cursor = t.cursor();
        cursor.move_to(ptr::null());
        cursor.insert_before(r);
    }

    /// Frees a region that is in no list.
    fn damon_free_region(r: Owned<Region>) {
        drop(r);
    }

    /// Removes a region from its target and frees it.
    fn damon_destroy_region(r: &Region, t: Mut<'_, Target>) {
        drop(cursor_at(&mut t, r).remove());
    }

    /// See [`RegionCursor::is_last()`].
    fn damon_is_last_region(r: &Region, t: Mut<'_, Target>) -> bool {
        cursor_at(&mut t, r).is_last()
    }

    /// See [`mvsum::damon_mvsum()`].
    fn damon_mvsum(current_nr: usize, last_nr: usize, left_window_bp: usize) -> usize {
        mvsum::damon_mvsum(current_nr, last_nr, left_window_bp)
    }

    /// See [`Conversion::convert()`].
    fn damon_update_monitoring_result(
        r: &Region, old: *mut Attrs, new: *mut Attrs, aggregating: bool, ctx: Context<'_>,
    ) {
        // SAFETY: The caller promises that both pointers are valid.
        let (old, new) = unsafe { (&*old, &*new) };
        Conversion::new(old, new, ctx.probes().iter().count(), aggregating).convert(r);
    }

    /// See [`commit::damon_commit_target_regions()`].
    fn damon_commit_target_regions(
        dst: Mut<'_, Target>, src: &Target, src_min_region_sz: usize,
    ) -> Result {
        commit::damon_commit_target_regions(&mut dst, src, src_min_region_sz)
    }

    /// See [`regions::damon_apply_min_nr_regions()`].
    fn damon_apply_min_nr_regions(ctx: Context<'_>) -> usize {
        regions::damon_apply_min_nr_regions(&mut ctx, None)
    }

    /// See [`merge::damon_merge_two_regions()`]. `r` follows `l`.
    fn damon_merge_two_regions(t: Mut<'_, Target>, _l: &Region, r: &Region) {
        let mut cursor = cursor_at(&mut t, r);
        merge::damon_merge_two_regions(&mut cursor, &mut RegionPool::new());
    }

    /// See [`merge::damon_merge_regions_of()`].
    fn damon_merge_regions_of(
        t: Mut<'_, Target>, thres: u32, sz_limit: usize, ctx: Context<'_>, count_age: bool,
    ) {
        let weights = damon_has_probe_weights(&ctx).then(|| Weights::of(&ctx));
        let (weights, pool) = (weights.as_ref(), &mut RegionPool::new());
        merge::damon_merge_regions_of(&mut t, thres, sz_limit, weights, count_age, pool, &mut 0);
    }

    /// See [`RegionCursor::split_at()`].
    fn damon_split_region_at(t: Mut<'_, Target>, r: &Region, sz_r: usize) -> Result {
        cursor_at(&mut t, r).split_at(sz_r, &mut RegionPool::new())
    }

    /// See [`split::damon_split_regions_of()`].
    fn damon_split_regions_of(
        ctx: Context<'_>, t: Mut<'_, Target>, nr_subs: i32, min_region_sz: usize,
    ) {
        let nr_subs = u32::try_from(nr_subs).unwrap_or(0);
        let (random, pool) = (&mut ctx.parts().random, &mut RegionPool::new());
        split::damon_split_regions_of(&mut t, nr_subs, min_region_sz, random, pool);
    }

    /// See [`split::kdamond_reset_aggregated()`].
    fn kdamond_reset_aggregated(c: Context<'_>) {
        split::kdamond_reset_aggregated(&mut c);
    }

    /// See [`split::kdamond_split_regions()`].
    fn kdamond_split_regions(ctx: Context<'_>) {
        split::kdamond_split_regions(&mut ctx);
    }

    /// Frees a filter that is in no list.
    fn damos_free_filter(f: Owned<Filter>) {
        drop(f);
    }

    /// See [`filter::damos_filter_match()`].
    fn damos_filter_match(
        ctx: Option<Context<'_>>, t: Mut<'_, Target>, r: &Region, filter: &Filter,
        min_region_sz: usize, err: *mut i32,
    ) -> bool {
        let target_idx = ctx.map_or(0, |ctx| {
            ctx.targets().iter().take_while(|target| !target.is(t.as_ptr())).count()
        });
        let target_idx = i32::try_from(target_idx).unwrap_or(i32::MAX);
        let mut cursor = cursor_at(&mut t, r);
        let pool = &mut RegionPool::new();
        let result =
            filter::damos_filter_match(filter, &mut cursor, target_idx, min_region_sz, pool);
        // SAFETY: The caller promises that the pointer is valid.
        unsafe { err.write(result.map(drop).into_c()) };
        result.unwrap_or(false)
    }

    /// See [`filter::damos_set_filters_default_reject()`].
    fn damos_set_filters_default_reject(s: &Scheme) {
        filter::damos_set_filters_default_reject(s);
    }

    /// See [`commit::damos_commit_quota_goal()`].
    fn damos_commit_quota_goal(dst: &Goal, src: &Goal) -> Result {
        commit::damos_commit_quota_goal(dst, src)
    }

    /// See [`commit::damos_commit_quota()`].
    fn damos_commit_quota(dst: Mut<'_, Quota>, src: &Quota) -> Result {
        commit::damos_commit_quota(&mut dst, src)
    }

    /// See [`commit::damos_commit_filter()`].
    fn damos_commit_filter(dst: &Filter, src: &Filter) {
        commit::damos_commit_filter(dst, src);
    }

    /// Commits migration destinations.
    fn damos_commit_dests(dst: Mut<'_, Dests>, src: &Dests) -> Result {
        dst.commit(src)
    }

    /// See [`commit::damos_commit()`].
    fn damos_commit(dst: Mut<'_, Scheme>, src: &Scheme) -> Result {
        commit::damos_commit(&mut dst, src)
    }

    /// See [`quota::damon_feed_loop_next_input()`].
    fn damon_feed_loop_next_input(last_input: usize, score: usize) -> usize {
        quota::damon_feed_loop_next_input(last_input, score)
    }
}
