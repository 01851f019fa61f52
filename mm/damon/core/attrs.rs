// SPDX-License-Identifier: GPL-2.0

//! Attributes of the monitoring, and what changes with them.

use crate::{
    pass::damos_set_next_apply_sis,
    prelude::*, //
};

/// The fewest regions that a user can ask for.
const MIN_NR_REGIONS: usize = 3;

/// Returns how many samples there are in an aggregation interval.
pub(crate) fn damon_nr_samples_per_aggr(attrs: &Attrs) -> u32 {
    let nr_samples = attrs.aggr_interval / attrs.sample_interval.max(1);
    u32::try_from(nr_samples).unwrap_or(u32::MAX).max(1)
}

/// Returns whether two sets of attributes have the same values for users.
pub(crate) fn damon_attrs_equals(a: &Attrs, b: &Attrs) -> bool {
    let (goal_a, goal_b) = (&a.intervals_goal, &b.intervals_goal);
    a.sample_interval == b.sample_interval
        && a.aggr_interval == b.aggr_interval
        && a.ops_update_interval == b.ops_update_interval
        && a.min_nr_regions == b.min_nr_regions
        && a.max_nr_regions == b.max_nr_regions
        && goal_a.access_bp == goal_b.access_bp
        && goal_a.aggrs == goal_b.aggrs
        && goal_a.min_sample_us == goal_b.min_sample_us
        && goal_a.max_sample_us == goal_b.max_sample_us
}

/// Corresponds to `damon_valid_intervals_goal()`.
fn damon_valid_intervals_goal(attrs: &Attrs) -> bool {
    let goal = &attrs.intervals_goal;
    // Without a number of aggregations, there is no tuning.
    goal.aggrs == 0
        || (goal.min_sample_us <= attrs.sample_interval
            && attrs.sample_interval <= goal.max_sample_us)
}

/// Converts monitoring results from old attributes to new ones.
///
/// Counts and ages are in samples and aggregation intervals. When these get another length, the
/// numbers have to change so that the times stay.
pub(crate) struct Conversion<'a> {
    old: &'a Attrs,
    new: &'a Attrs,
    old_nr_samples: u32,
    new_nr_samples: u32,
    nr_probes: usize,
    aggregating: bool,
}

impl<'a> Conversion<'a> {
    /// `aggregating` tells that the counts of the current aggregation interval are incomplete. They
    /// begin at zero again.
    pub(crate) fn new(old: &'a Attrs, new: &'a Attrs, nr_probes: usize, aggregating: bool) -> Self {
        Self {
            old,
            new,
            old_nr_samples: damon_nr_samples_per_aggr(old),
            new_nr_samples: damon_nr_samples_per_aggr(new),
            nr_probes,
            aggregating,
        }
    }

    /// Converts a number of samples by way of its part of all samples in 1/10,000.
    /// Corresponds to `damon_nr_samples_for_new_attrs()`.
    fn nr_samples(&self, nr: u32) -> u32 {
        // The divisor is not zero.
        let bp = mult_frac_u32(nr, 10_000, self.old_nr_samples).unwrap_or(0);
        bp.wrapping_mul(self.new_nr_samples) / 10_000
    }

    fn probe_hits(&self, mut hits: ProbeHits) -> ProbeHits {
        for hit in hits.iter_mut().take(self.nr_probes.min(MAX_PROBES)) {
            *hit = u8::try_from(self.nr_samples(u32::from(*hit))).unwrap_or(u8::MAX);
        }
        hits
    }

    /// Corresponds to `damon_age_for_new_attrs()`.
    fn age(&self, age: u32) -> u32 {
        // CAST: `usize` has at least 32 bits, and C truncates as well.
        (age as usize)
            .wrapping_mul(self.old.aggr_interval)
            .checked_div(self.new.aggr_interval)
            .map_or(age, |age| age as u32)
    }

    /// Converts the results of a region. Corresponds to `damon_update_monitoring_result()`.
    pub(crate) fn convert(&self, region: &Region) {
        region.set_last_probe_hits(self.probe_hits(region.last_probe_hits()));
        region.set_last_nr_accesses(self.nr_samples(region.last_nr_accesses()));
        if self.aggregating {
            let mut hits = region.probe_hits();
            hits.iter_mut()
                .take(self.nr_probes)
                .for_each(|hit| *hit = 0);
            region.set_probe_hits(hits);
            region.set_nr_accesses(0);
        } else {
            region.set_probe_hits(self.probe_hits(region.probe_hits()));
            region.set_nr_accesses(self.nr_samples(region.nr_accesses()));
        }
        region.set_age(self.age(region.age()));
    }
}

/// Corresponds to `damon_update_monitoring_results()`.
fn damon_update_monitoring_results(ctx: &Context<'_>, new: &Attrs, aggregating: bool) {
    let old = ctx.raw_attrs();
    // There is nothing to convert to or from an interval of zero.
    let has_zero = |attrs: &Attrs| attrs.sample_interval == 0 || attrs.aggr_interval == 0;
    if has_zero(&old) || has_zero(new) {
        return;
    }
    let conversion = Conversion::new(&old, new, ctx.probes().iter().count(), aggregating);
    for region in ctx.regions() {
        conversion.convert(region);
    }
}

/// Sets the attributes of a context, and converts monitoring results and schedules to them.
///
/// Returns how many samples the new intervals have, which stays when they are tuned.
///
/// # Errors
///
/// [`EINVAL`] if the attributes are not valid: an aggregation interval is at least a sampling
/// interval, there are at least three regions, and not more at least than at most; the sampling
/// interval is within the range of the tuning goal.
pub(crate) fn damon_set_attrs(ctx: &mut Context<'_>, mut attrs: Attrs) -> Result<usize> {
    if !damon_valid_intervals_goal(&attrs)
        || attrs.min_nr_regions < MIN_NR_REGIONS
        || attrs.min_nr_regions > attrs.max_nr_regions
        || attrs.sample_interval > attrs.aggr_interval
    {
        return Err(EINVAL);
    }

    let sample_interval = attrs.sample_interval.max(1);
    let passed = ctx.passed_sample_intervals();
    let aggregating = passed < ctx.next_aggregation_sis();
    // It is kept when intervals are tuned.
    if attrs.aggr_samples == 0 {
        attrs.aggr_samples = attrs.aggr_interval / sample_interval;
    }
    ctx.set_next_aggregation_sis(passed.wrapping_add(attrs.aggr_interval / sample_interval));
    ctx.set_next_ops_update_sis(passed.wrapping_add(attrs.ops_update_interval / sample_interval));
    damon_update_monitoring_results(ctx, &attrs, aggregating);
    ctx.set_raw_attrs(attrs);
    for scheme in ctx.schemes().iter() {
        damos_set_next_apply_sis(scheme, ctx);
    }
    Ok(attrs.aggr_samples)
}
