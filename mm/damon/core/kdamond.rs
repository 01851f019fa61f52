// SPDX-License-Identifier: GPL-2.0

//! The thread that monitors.

use crate::{
    apply::kdamond_apply_schemes,
    call::*,
    environment::kdamond_usleep,
    filter::damos_set_filters_default_reject,
    merge::kdamond_merge_regions,
    pass::damos_set_next_apply_sis,
    prelude::*,
    probes::damon_has_probe_weights,
    regions::damon_apply_min_nr_regions,
    running::*,
    split::kdamond_reset_and_split_regions,
    tune::kdamond_tune_intervals,
    walk::damos_walk_cancel,
    watermark::kdamond_wait_activation, //
};

/// Corresponds to `kdamond_init_ctx()`.
fn kdamond_init_ctx(ctx: &mut Context<'_>) {
    let attrs = ctx.raw_attrs();
    let sample_interval = attrs.sample_interval.max(1);
    let next_aggregation_sis = attrs.aggr_interval / sample_interval;
    ctx.set_passed_sample_intervals(0);
    ctx.set_next_aggregation_sis(next_aggregation_sis);
    ctx.set_next_ops_update_sis(attrs.ops_update_interval / sample_interval);
    ctx.set_next_intervals_tune_sis(next_aggregation_sis.wrapping_mul(attrs.intervals_goal.aggrs));
    for scheme in ctx.schemes().iter() {
        damos_set_next_apply_sis(scheme, ctx);
        damos_set_filters_default_reject(scheme);
    }
}

/// Takes a sample of all regions.
///
/// `aggregated` tells whether it is the last one of an aggregation interval. Returns the highest
/// score of a region then, to find the threshold for merging.
fn sample(ctx: &mut Context<'_>, access_check_disabled: bool, aggregated: bool) -> u32 {
    let mut max_score = 0;
    if !access_check_disabled {
        max_score = ctx.check_accesses().unwrap_or(0);
    }
    // Without probes, the operations would look at all regions for nothing. Further hits than fit
    // into the counters of the regions are not counted. If hits are what regions are merged by,
    // the number of samples is limited.
    if !ctx.probes().is_empty()
        && (access_check_disabled || samples_of_interval(ctx) <= usize::from(u8::MAX))
    {
        let return_max_wsum = aggregated && access_check_disabled;
        if let Some(max_wsum) = ctx.apply_probes(access_check_disabled, return_max_wsum) {
            if return_max_wsum {
                max_score = max_wsum;
            }
        }
    }
    max_score
}

/// Returns how many samples of the current aggregation interval were taken, with the current one.
///
/// The interval began when its end was set, from when on the counters of regions are of it.
fn samples_of_interval(ctx: &Context<'_>) -> usize {
    let attrs = ctx.raw_attrs();
    let began = ctx
        .next_aggregation_sis()
        .wrapping_sub(attrs.aggr_interval / attrs.sample_interval.max(1));
    ctx.passed_sample_intervals().wrapping_sub(began)
}

/// Handles requests while monitoring pauses.
///
/// Returns whether to go on.
fn pause(ctx: &mut Context<'_>) -> bool {
    while ctx.pause() {
        damos_walk_cancel(ctx);
        kdamond_usleep(ctx.raw_attrs().sample_interval);
        // This is how the pause can end.
        kdamond_call(ctx);
        if kdamond_need_stop(ctx) || ctx.maybe_corrupted() {
            return false;
        }
    }
    true
}

/// Ends an aggregation interval that was to end at `next_aggregation_sis`.
#[inline(never)]
fn end_aggregation(ctx: &mut Context<'_>, next_aggregation_sis: usize) {
    let attrs = ctx.raw_attrs();
    let next_tune_sis = ctx.next_intervals_tune_sis();
    if attrs.intervals_goal.aggrs != 0
        && time_after_eq(ctx.passed_sample_intervals(), next_tune_sis)
    {
        // A call may have moved it. New attributes would then be taken for ones that come in the
        // middle of an interval, and reset the results too early.
        ctx.set_next_aggregation_sis(next_aggregation_sis);
        ctx.set_next_intervals_tune_sis(
            next_tune_sis.wrapping_add(attrs.aggr_samples.wrapping_mul(attrs.intervals_goal.aggrs)),
        );
        kdamond_tune_intervals(ctx);
    }
    let attrs = ctx.raw_attrs();
    ctx.set_next_aggregation_sis(
        next_aggregation_sis.wrapping_add(attrs.aggr_interval / attrs.sample_interval.max(1)),
    );
    kdamond_reset_and_split_regions(ctx);
}

/// Monitors until it is time to end.
fn main_loop(ctx: &mut Context<'_>) {
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    crate::guest::bound_regions(ctx);
    let mut sz_limit = damon_apply_min_nr_regions(ctx, None);
    while !kdamond_need_stop(ctx) {
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        crate::guest::bound_regions(ctx);
        // A call can change these. Then they count from the next iteration on.
        let next_aggregation_sis = ctx.next_aggregation_sis();
        let next_ops_update_sis = ctx.next_ops_update_sis();
        let sample_interval = ctx.raw_attrs().sample_interval;
        let access_check_disabled = damon_has_probe_weights(ctx);

        if kdamond_wait_activation(ctx).is_err() {
            return;
        }
        if !access_check_disabled {
            ctx.prepare_access_checks();
        }
        kdamond_usleep(sample_interval);
        let passed = ctx.passed_sample_intervals().wrapping_add(1);
        ctx.set_passed_sample_intervals(passed);
        let aggregated = time_after_eq(passed, next_aggregation_sis);

        let max_score = sample(ctx, access_check_disabled, aggregated);
        if aggregated {
            let max_sz = kdamond_merge_regions(ctx, max_score / 10, sz_limit);
            sz_limit = damon_apply_min_nr_regions(ctx, Some(max_sz));
        }

        // Calls and schemes come after merging, which leaves less for them to do.
        kdamond_call(ctx);
        if ctx.maybe_corrupted() || !pause(ctx) {
            return;
        }
        if ctx.schemes().is_empty() {
            damos_walk_cancel(ctx);
        } else {
            kdamond_apply_schemes(ctx);
        }

        if aggregated {
            end_aggregation(ctx, next_aggregation_sis);
        }
        if time_after_eq(passed, next_ops_update_sis) {
            let attrs = ctx.raw_attrs();
            ctx.set_next_ops_update_sis(
                next_ops_update_sis
                    .wrapping_add(attrs.ops_update_interval / attrs.sample_interval.max(1)),
            );
            ctx.ops_update();
        }
    }
}

/// Monitors a context, and leaves it without targets.
pub(crate) fn kdamond_fn(mut kdamond: CurrentKdamond) {
    environment::debug_kdamond(true);
    let ctx = &mut kdamond.context();
    ctx.shared().calls().set_obsolete(false);
    ctx.shared().walk().set_obsolete(false);
    kdamond.complete_started();

    let ctx = &mut kdamond.context();
    kdamond_init_ctx(ctx);
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    ctx.begin_charging();
    ctx.ops_init();
    main_loop(ctx);

    ctx.destroy_targets();
    ctx.parts().private.pool.shrink(0);
    kdamond_cancel_calls(ctx);
    ctx.shared().walk().set_obsolete(true);
    damos_walk_cancel(ctx);
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    ctx.end_charging();
    environment::debug_kdamond(false);
    ended(kdamond);
}
