// SPDX-License-Identifier: GPL-2.0

//! Tuning of the intervals, so that a wanted part of all accesses is seen.

use crate::{
    attrs::damon_set_attrs,
    prelude::*,
    quota::damon_feed_loop_next_input, //
};

/// Returns the part of the wanted accesses that was seen, in 1/10,000.
fn damon_get_intervals_score(ctx: &Context<'_>) -> usize {
    let attrs = ctx.raw_attrs();
    let mut max_access_events: usize = 0;
    let mut access_events: usize = 0;
    for region in ctx.regions() {
        let sz = region.sz();
        max_access_events = max_access_events.wrapping_add(sz.wrapping_mul(attrs.aggr_samples));
        access_events = access_events
            .wrapping_add(sz.wrapping_mul(usize::from_safe_cast(region.nr_accesses())));
    }
    let target_access_events =
        (max_access_events.wrapping_mul(attrs.intervals_goal.access_bp) / BP).max(1);
    // The divisor is not zero.
    mult_frac(access_events, BP, target_access_events).unwrap_or(0)
}

/// Returns by how much to multiply the intervals, in 1/10,000.
fn damon_get_intervals_adaptation_bp(ctx: &Context<'_>) -> usize {
    let score_bp = damon_get_intervals_score(ctx);
    let adaptation_bp = damon_feed_loop_next_input(100_000_000, score_bp) / BP;
    // It is from 1 to 20,000. Intervals are halved at most.
    if adaptation_bp <= BP {
        BP / 2 + adaptation_bp / 2
    } else {
        adaptation_bp
    }
}

/// Sets new intervals, if others are better.
pub(crate) fn kdamond_tune_intervals(ctx: &mut Context<'_>) {
    let adaptation_bp = damon_get_intervals_adaptation_bp(ctx);
    if adaptation_bp == BP {
        return;
    }
    let mut attrs = ctx.raw_attrs();
    let goal = attrs.intervals_goal;
    attrs.sample_interval = (attrs.sample_interval.wrapping_mul(adaptation_bp) / BP)
        .min(goal.max_sample_us)
        .max(goal.min_sample_us);
    attrs.aggr_interval = attrs.sample_interval.wrapping_mul(attrs.aggr_samples);
    trace::damon_monitor_intervals_tune(attrs.sample_interval);
    // Attributes that are not valid leave the old ones as they are.
    let _ = damon_set_attrs(ctx, attrs);
}
