// SPDX-License-Identifier: GPL-2.0

//! Merging of neighbouring regions whose accesses are about the same.

use crate::{
    prelude::*,
    probes::*, //
};

const NO_HITS: ProbeHits = [0; MAX_PROBES];

/// Merges the region at the cursor into the one before, and goes there.
// Otherwise this is a call for each region that is merged away, because there are two callers.
#[inline(always)]
pub(crate) fn damon_merge_two_regions(cursor: &mut RegionCursor<'_>) {
    let (Some(l), Some(r)) = (cursor.prev(), cursor.current()) else {
        return;
    };
    let (sz_l, sz_r) = (l.sz(), r.sz());
    let average = |l, r| weighted_average(l, sz_l, r, sz_r);

    l.set_nr_accesses(average(l.nr_accesses(), r.nr_accesses()));
    l.set_age(average(l.age(), r.age()));
    let (l_hits, r_hits) = (l.probe_hits(), r.probe_hits());
    // Most of the time there are no probes, hence no hits.
    if l_hits != NO_HITS || r_hits != NO_HITS {
        let mut hits = l_hits;
        for (hit, r_hit) in hits.iter_mut().zip(r_hits) {
            // CAST: C truncates as well.
            *hit = average(u32::from(*hit), u32::from(r_hit)) as u8;
        }
        l.set_probe_hits(hits);
    }
    cursor.merge_back();
}

/// Which regions are merged, and what is found out meanwhile.
pub(crate) struct Merging {
    /// By how much the scores of two regions may differ.
    pub(crate) thres: u32,
    /// The size of a merged region at most.
    pub(crate) sz_limit: usize,
    /// What the hits of probes count, if they are the scores. Otherwise the accesses are.
    pub(crate) weights: Option<Weights>,
    /// Whether this is the first time in the current aggregation interval.
    pub(crate) count_age: bool,
    /// The size of the largest region that was seen.
    pub(crate) max_sz: usize,
}

impl Merging {
    /// Returns how to merge the regions of a context whose scores differ by `thres` at most.
    pub(crate) fn new(ctx: &Context<'_>, thres: u32, sz_limit: usize) -> Self {
        Self {
            thres,
            sz_limit,
            weights: damon_has_probe_weights(ctx).then(|| Weights::of(ctx)),
            count_age: true,
            max_sz: 0,
        }
    }

    /// Returns what a region is compared by: its score in the current aggregation interval, and the
    /// one in the last.
    fn scores(&self, region: &Region) -> (u32, u32) {
        match &self.weights {
            None => (region.nr_accesses(), region.last_nr_accesses()),
            Some(weights) => (
                weights.sum(region.probe_hits()),
                weights.sum(region.last_probe_hits()),
            ),
        }
    }

    /// Updates the ages of the regions of a target, and merges neighbours that are alike.
    pub(crate) fn damon_merge_regions_of(&mut self, mut cursor: RegionCursor<'_>) {
        while let Some(region) = cursor.current() {
            cursor.load_next();
            let (this, last) = self.scores(region);
            if self.count_age {
                let changed = this.abs_diff(last) > self.thres || (this == 0) != (last == 0);
                let age = if changed {
                    0
                } else {
                    region.age().wrapping_add(1)
                };
                region.set_age(age);
            }

            let mut sz = region.sz();
            if let Some(prev) = cursor.prev() {
                let both = prev.sz().wrapping_add(sz);
                if prev.end() == region.start()
                    && this.abs_diff(self.scores(prev).0) <= self.thres
                    && both <= self.sz_limit
                {
                    sz = both;
                    damon_merge_two_regions(&mut cursor);
                }
            }
            self.max_sz = self.max_sz.max(sz);
            cursor.move_next();
        }
    }
}

/// Merges regions at the end of an aggregation interval.
///
/// If there are more than there may be, for example because the limit has been lowered, it merges
/// with a higher and higher threshold.
///
/// Returns the size of the largest region.
#[inline(never)]
pub(crate) fn kdamond_merge_regions(
    ctx: &mut Context<'_>,
    threshold: u32,
    sz_limit: usize,
) -> usize {
    let attrs = ctx.raw_attrs();
    // CAST: C truncates as well.
    let max_thres = (attrs.aggr_interval / attrs.sample_interval.max(1)) as u32;
    let mut merging = Merging::new(ctx, threshold, sz_limit);
    let mut parts = ctx.parts();
    loop {
        merging.max_sz = 0;
        let mut nr_regions: u32 = 0;
        for mut target in parts.targets.iter_mut() {
            merging.damon_merge_regions_of(target.cursor(&mut parts.private.pool));
            nr_regions = nr_regions.wrapping_add(target.nr_regions());
        }
        merging.count_age = false;
        if usize::from_safe_cast(nr_regions) <= attrs.max_nr_regions || max_thres <= merging.thres {
            return merging.max_sz;
        }
        merging.thres = if merging.thres < max_thres / 2 {
            merging.thres.wrapping_mul(2).max(1)
        } else {
            max_thres
        };
    }
}
