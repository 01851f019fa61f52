// SPDX-License-Identifier: GPL-2.0

//! Splitting of regions, so that differences of accesses within them can be found.
//!
//! Before it, at the end of an aggregation interval, the counters of each region are reset. Both is
//! done in one walk.

use crate::prelude::*;

/// Resets the counters of a region.
fn reset_aggregated(region: &Region) {
    region.set_last_nr_accesses(region.nr_accesses());
    region.set_nr_accesses(0);
    region.set_last_probe_hits(region.probe_hits());
    region.set_probe_hits(Default::default());
}

/// Returns at which size to split a region: 10 to 90 percent of it.
///
/// Returns [`None`] if that comes to nothing or to all of it.
fn random_sub_sz(random: &mut Random<'_>, sz: usize, min_region_sz: usize) -> Option<usize> {
    let sz_sub = align_down(random.one_to_nine().wrapping_mul(sz) / 10, min_region_sz);
    (sz_sub != 0 && sz_sub < sz).then_some(sz_sub)
}

/// Splits each region of a target into at most `nr_subs` ones of random sizes.
///
/// With `reset`, the counters of each are reset before.
pub(crate) fn damon_split_regions_of(
    mut cursor: RegionCursor<'_>,
    reset: bool,
    nr_subs: u32,
    min_region_sz: usize,
    random: &mut Random<'_>,
) {
    let too_small = min_region_sz.wrapping_mul(2);
    while let Some(region) = cursor.current() {
        cursor.load_next();
        if reset {
            reset_aggregated(region);
        }
        let mut sz_region = region.sz();
        let mut steps: u32 = 1;
        for _ in 1..nr_subs {
            if sz_region <= too_small {
                break;
            }
            let Some(sz_sub) = random_sub_sz(random, sz_region, min_region_sz) else {
                continue;
            };
            // Without memory, monitoring goes on with what there is.
            if cursor.split_at(sz_sub).is_ok() {
                steps = steps.wrapping_add(1);
            }
            sz_region = sz_sub;
        }
        for _ in 0..steps {
            cursor.move_next();
        }
    }
}

/// Splits one in every `split_step` regions into two, another one each time.
///
/// With `reset`, the counters of all regions are reset on the way.
/// Corresponds to `damon_damon_split_some_regions()`.
fn damon_split_some_regions(ctx: &mut Context<'_>, reset: bool, split_step: usize) {
    let min_region_sz = ctx.min_region_sz();
    let Parts {
        mut targets,
        private,
        mut random,
        ..
    } = ctx.parts();
    // How many regions are left until the next one to split.
    let mut left = private.rotation.checked_rem(split_step).unwrap_or(0);
    private.rotation = private.rotation.wrapping_add(1);
    for mut target in targets.iter_mut() {
        let mut cursor = target.cursor(&mut private.pool);
        while let Some(region) = cursor.current() {
            cursor.load_next();
            if reset {
                reset_aggregated(region);
            }
            let sz = region.sz();
            if let Some(one_less) = left.checked_sub(1) {
                left = one_less;
            } else {
                left = split_step.wrapping_sub(1);
                if sz >= min_region_sz.wrapping_mul(2)
                    && random_sub_sz(&mut random, sz, min_region_sz)
                        .is_some_and(|sz_sub| cursor.split_at(sz_sub).is_ok())
                {
                    cursor.move_next();
                }
            }
            cursor.move_next();
        }
    }
}

/// How regions are split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Plan {
    /// There are as many as there may be.
    Not,
    /// One in so many is split into two.
    Some(usize),
    /// All are split into so many.
    All(u32),
}

impl Plan {
    /// Returns how to split, given how many regions there are now and were last time.
    fn new(nr_regions: usize, last_nr_regions: usize, max_nr_regions: usize) -> Self {
        if nr_regions >= max_nr_regions {
            return Self::Not;
        }
        if nr_regions > max_nr_regions / 2 {
            // The divisor is not zero, see above.
            let left = max_nr_regions.wrapping_sub(nr_regions);
            return Self::Some(max_nr_regions.checked_div(left).unwrap_or(1));
        }
        // The same number as before may mean that the accesses differ in the middle of regions.
        if last_nr_regions == nr_regions && nr_regions < max_nr_regions / 3 {
            Self::All(3)
        } else {
            Self::All(2)
        }
    }
}

/// Splits regions, unless there are as many as there may be.
///
/// With `reset`, the counters of all regions are reset on the way.
pub(crate) fn kdamond_split_regions(ctx: &mut Context<'_>, reset: bool) {
    let nr_regions = ctx.targets().iter().fold(0, |sum: usize, target| {
        sum.wrapping_add(usize::from_safe_cast(target.nr_regions()))
    });
    let max_nr_regions = ctx.raw_attrs().max_nr_regions;
    let min_region_sz = ctx.min_region_sz();
    let mut parts = ctx.parts();
    let last_nr_regions = mem::replace(&mut parts.private.last_nr_regions, nr_regions);
    match Plan::new(nr_regions, last_nr_regions, max_nr_regions) {
        Plan::Not if reset => ctx.regions().for_each(reset_aggregated),
        Plan::Not => (),
        Plan::Some(split_step) => damon_split_some_regions(ctx, reset, split_step),
        Plan::All(nr_subs) => {
            for mut target in parts.targets.iter_mut() {
                let cursor = target.cursor(&mut parts.private.pool);
                damon_split_regions_of(cursor, reset, nr_subs, min_region_sz, &mut parts.random);
            }
        }
    }
}

/// Resets the counters of all regions.
pub(crate) fn kdamond_reset_aggregated(ctx: &mut Context<'_>) {
    let nr_probes = trace::damon_region_aggregated_enabled()
        .then(|| u32::try_from(ctx.probes().iter().count()).unwrap_or(u32::MAX))
        .unwrap_or(0);
    for (target_id, target) in (0..).zip(ctx.targets().iter()) {
        for region in target.regions().iter() {
            trace::damon_aggregated(target_id, region, target.nr_regions());
            trace::damon_region_aggregated(target_id, region, target.nr_regions(), nr_probes);
            reset_aggregated(region);
        }
    }
}

/// Resets the counters of all regions and splits them.
/// Corresponds to `kdamond_reset_aggregated()` and `kdamond_split_regions()`, in one walk unless
/// the results are traced.
pub(crate) fn kdamond_reset_and_split_regions(ctx: &mut Context<'_>) {
    let traced = trace::aggregated_enabled();
    if traced {
        kdamond_reset_aggregated(ctx);
    }
    kdamond_split_regions(ctx, !traced);
    // What merging freed and splitting did not need would be needed only if there were more and
    // more regions.
    let private = ctx.parts().private;
    private.pool.shrink(private.last_nr_regions / 8);
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_split)]
mod tests {
    use super::*;

    #[test]
    fn plans() {
        for (nr, last, max, plan) in [
            (0, 0, 0, Plan::Not),
            (1_000, 0, 1_000, Plan::Not),
            (1_001, 0, 1_000, Plan::Not),
            (999, 0, 1_000, Plan::Some(1_000)),
            (501, 0, 1_000, Plan::Some(2)),
            (500, 500, 1_000, Plan::All(2)),
            (333, 333, 1_000, Plan::All(2)),
            (332, 332, 1_000, Plan::All(3)),
            (332, 331, 1_000, Plan::All(2)),
            (0, 0, 1_000, Plan::All(3)),
        ] {
            assert_eq!(Plan::new(nr, last, max), plan);
        }
    }
}
