// SPDX-License-Identifier: GPL-2.0

//! Functions that the KUnit tests of `core.c` call, where they are static.
//!
//! Each hands its arguments to the function that does the work, which mostly has the same name.
//! Some tests hand in objects that are on their stack, and of which they set only what they need.
//! A region is in the list of the target that it is handed in with.

use super::Returned;
use crate::{
    attrs::Conversion,
    commit,
    filter,
    merge,
    mvsum,
    prelude::*,
    quota,
    regions,
    split, //
};

/// Does something with a cursor at a region.
fn at<R>(
    mut target: Mut<'_, Target>,
    region: *const Region,
    f: impl FnOnce(&mut RegionCursor<'_>) -> R,
) -> R {
    let pool = &mut RegionPool::new();
    let mut cursor = target.cursor(pool);
    cursor.move_to(region);
    f(&mut cursor)
}

exports! {
    fn damon_add_region(r: Owned<Region>, t: Mut<'_, Target>) {
        at(t, ptr::null(), |end| end.insert_before(r));
    }

    fn damon_free_region(r: Owned<Region>) {
        drop(r);
    }

    fn damon_destroy_region(r: &Region, t: Mut<'_, Target>) {
        at(t, r, |cursor| drop(cursor.remove()));
    }

    fn damon_is_last_region(r: &Region, t: Mut<'_, Target>) -> bool {
        at(t, r, |cursor| cursor.is_last())
    }

    fn damon_mvsum(current_nr: usize, last_nr: usize, left_window_bp: usize) -> usize {
        mvsum::damon_mvsum(current_nr, last_nr, left_window_bp)
    }

    fn damon_update_monitoring_result(
        r: &Region, old: *mut Attrs, new: *mut Attrs, aggregating: bool, ctx: Context<'_>,
    ) {
        // SAFETY: The caller promises that both pointers are valid.
        let (old, new) = unsafe { (&*old, &*new) };
        Conversion::new(old, new, ctx.probes().iter().count(), aggregating).convert(r);
    }

    fn damon_commit_target_regions(
        dst: Mut<'_, Target>, src: &Target, src_min_region_sz: usize,
    ) -> Result {
        commit::target::damon_commit_target_regions(&mut dst, src, src_min_region_sz)
    }

    fn damon_apply_min_nr_regions(ctx: Context<'_>) -> usize {
        regions::damon_apply_min_nr_regions(&mut ctx, None)
    }

    fn damon_merge_two_regions(t: Mut<'_, Target>, _l: &Region, r: &Region) {
        at(t, r, merge::damon_merge_two_regions);
    }

    fn damon_merge_regions_of(
        t: Mut<'_, Target>, thres: u32, sz_limit: usize, ctx: Context<'_>, count_age: bool,
    ) {
        let mut merging = merge::Merging::new(&ctx, thres, sz_limit);
        merging.count_age = count_age;
        merging.damon_merge_regions_of(t.cursor(&mut RegionPool::new()));
    }

    fn damon_split_region_at(t: Mut<'_, Target>, r: &Region, sz_r: usize) -> Result {
        at(t, r, |cursor| cursor.split_at(sz_r))
    }

    fn damon_split_regions_of(
        ctx: Context<'_>, t: Mut<'_, Target>, nr_subs: i32, min_region_sz: usize,
    ) {
        let nr_subs = u32::try_from(nr_subs).unwrap_or(0);
        let (random, pool) = (&mut ctx.parts().random, &mut RegionPool::new());
        split::damon_split_regions_of(t.cursor(pool), false, nr_subs, min_region_sz, random);
    }

    fn kdamond_reset_aggregated(c: Context<'_>) {
        split::kdamond_reset_aggregated(&mut c);
    }

    fn kdamond_split_regions(ctx: Context<'_>) {
        split::kdamond_split_regions(&mut ctx, false);
    }

    fn damos_free_filter(f: Owned<Filter>) {
        drop(f);
    }

    fn damos_filter_match(
        ctx: Option<Context<'_>>, t: Mut<'_, Target>, r: &Region, filter: &Filter,
        min_region_sz: usize, err: *mut i32,
    ) -> bool {
        let target_idx = ctx.map_or(0, |ctx| {
            ctx.targets().iter().take_while(|target| !target.is(t.as_ptr())).count()
        });
        let target_idx = i32::try_from(target_idx).unwrap_or(i32::MAX);
        let result = at(t, r, |cursor| {
            filter::damos_filter_match(filter, cursor, target_idx, min_region_sz)
        });
        // SAFETY: The caller promises that the pointer is valid.
        unsafe { err.write(result.map(drop).into_c()) };
        result.unwrap_or(false)
    }

    fn damos_set_filters_default_reject(s: &Scheme) {
        filter::damos_set_filters_default_reject(s);
    }

    fn damos_commit_quota_goal(dst: &Goal, src: &Goal) -> Result {
        commit::scheme::damos_commit_quota_goal(dst, src)
    }

    fn damos_commit_quota(dst: Mut<'_, Quota>, src: &Quota) -> Result {
        commit::scheme::damos_commit_quota(&mut dst, src)
    }

    fn damos_commit_filter(dst: &Filter, src: &Filter) {
        commit::scheme::damos_commit_filter(dst, src);
    }

    fn damos_commit_dests(dst: Mut<'_, Dests>, src: &Dests) -> Result {
        dst.commit(src)
    }

    fn damos_commit(dst: Mut<'_, Scheme>, src: &Scheme) -> Result {
        commit::scheme::damos_commit(&mut dst, src)
    }

    fn damon_feed_loop_next_input(last_input: usize, score: usize) -> usize {
        quota::damon_feed_loop_next_input(last_input, score)
    }
}
