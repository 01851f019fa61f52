// SPDX-License-Identifier: GPL-2.0

//! Merging of neighbouring regions whose accesses are about the same.

use crate::{
    math::weighted_average,
    model::{
        Context,
        Mut,
        Parts,
        ProbeHits,
        Region,
        RegionCursor,
        RegionPool,
        Target,
        MAX_PROBES, //
    },
    probes::{
        damon_has_probe_weights,
        Weights, //
    },
    sanity,
};

/// What regions are compared by.
trait Score {
    /// The score in the current aggregation interval.
    fn score(&self, region: &Region) -> u32;

    /// The score in the last aggregation interval.
    fn last_score(&self, region: &Region) -> u32;
}

/// The accesses.
struct Accesses;

impl Score for Accesses {
    #[inline]
    fn score(&self, region: &Region) -> u32 {
        region.nr_accesses()
    }

    #[inline]
    fn last_score(&self, region: &Region) -> u32 {
        region.last_nr_accesses()
    }
}

/// The weighted sum of the hits of probes.
impl Score for Weights {
    #[inline]
    fn score(&self, region: &Region) -> u32 {
        self.sum(region.probe_hits())
    }

    #[inline]
    fn last_score(&self, region: &Region) -> u32 {
        self.sum(region.last_probe_hits())
    }
}

const NO_HITS: ProbeHits = [0; MAX_PROBES];

/// Merges the region at the cursor into the one before, and goes there.
///
/// Corresponds to `damon_merge_two_regions()`.
// Otherwise this is a call for each region that is merged away, because there are two callers.
#[inline(always)]
pub(crate) fn damon_merge_two_regions(cursor: &mut RegionCursor<'_>, pool: &mut RegionPool) {
    let (Some(l), Some(r)) = (cursor.prev(), cursor.current()) else {
        return;
    };
    let (sz_l, sz_r) = (l.sz(), r.sz());

    l.set_nr_accesses(weighted_average(
        l.nr_accesses(),
        sz_l,
        r.nr_accesses(),
        sz_r,
    ));
    l.set_age(weighted_average(l.age(), sz_l, r.age(), sz_r));
    let (l_hits, r_hits) = (l.probe_hits(), r.probe_hits());
    // Most of the time there are no probes, hence no hits.
    if l_hits != NO_HITS || r_hits != NO_HITS {
        let mut hits = l_hits;
        for (hit, r_hit) in hits.iter_mut().zip(r_hits) {
            // CAST: C truncates as well.
            *hit = weighted_average(u32::from(*hit), sz_l, u32::from(r_hit), sz_r) as u8;
        }
        l.set_probe_hits(hits);
    }
    sanity::verify_merge(l, r);
    cursor.merge_back(pool);
}

/// Updates the ages of the regions of a target, and merges those that `score` finds alike.
#[inline]
fn merge_regions_of<S: Score>(
    target: &mut Mut<'_, Target>,
    thres: u32,
    sz_limit: usize,
    score: &S,
    count_age: bool,
    pool: &mut RegionPool,
    max_sz: &mut usize,
) {
    let mut cursor = target.cursor();
    while let Some(region) = cursor.current() {
        cursor.load_next();
        let this = score.score(region);
        if count_age {
            let last = score.last_score(region);
            let changed = this.abs_diff(last) > thres || (this == 0) != (last == 0);
            region.set_age(if changed {
                0
            } else {
                region.age().wrapping_add(1)
            });
        }

        let sz = region.sz();
        let mut merged_sz = sz;
        if let Some(prev) = cursor.prev() {
            let both = prev.sz().wrapping_add(sz);
            if prev.end() == region.start()
                && this.abs_diff(score.score(prev)) <= thres
                && both <= sz_limit
            {
                merged_sz = both;
                damon_merge_two_regions(&mut cursor, pool);
            }
        }
        *max_sz = (*max_sz).max(merged_sz);
        cursor.move_next();
    }
}

/// Updates the ages of the regions of a target, and merges neighbours that are alike.
///
/// - `thres` is by how much the scores of two regions may differ to be merged.
/// - `sz_limit` is the size of a merged region at most.
/// - `count_age` tells whether this is the first time in the current aggregation interval.
/// - `max_sz` becomes the size of the largest region, if that is larger.
///
/// Corresponds to `damon_merge_regions_of()`.
pub(crate) fn damon_merge_regions_of(
    target: &mut Mut<'_, Target>,
    thres: u32,
    sz_limit: usize,
    weights: Option<&Weights>,
    count_age: bool,
    pool: &mut RegionPool,
    max_sz: &mut usize,
) {
    match weights {
        None => merge_regions_of(target, thres, sz_limit, &Accesses, count_age, pool, max_sz),
        Some(weights) => {
            merge_regions_of(target, thres, sz_limit, weights, count_age, pool, max_sz);
        }
    }
}

/// Merges regions at the end of an aggregation interval.
///
/// If there are more than there may be, for example because the limit has been lowered, it merges
/// with a higher and higher threshold.
///
/// Returns the size of the largest region.
///
/// Corresponds to `kdamond_merge_regions()`.
#[inline(never)]
pub(crate) fn kdamond_merge_regions(
    ctx: &mut Context<'_>,
    mut threshold: u32,
    sz_limit: usize,
) -> usize {
    let attrs = ctx.raw_attrs();
    // CAST: C truncates as well.
    let max_thres = (attrs.aggr_interval / attrs.sample_interval.max(1)) as u32;
    let weights = damon_has_probe_weights(ctx).then(|| Weights::of(ctx));
    let Parts {
        mut targets,
        private,
        ..
    } = ctx.parts();
    let mut count_age = true;
    loop {
        let mut max_sz = 0;
        let mut nr_regions: u32 = 0;
        for mut target in targets.iter_mut() {
            damon_merge_regions_of(
                &mut target,
                threshold,
                sz_limit,
                weights.as_ref(),
                count_age,
                &mut private.pool,
                &mut max_sz,
            );
            nr_regions = nr_regions.wrapping_add(target.nr_regions());
        }
        count_age = false;
        // CAST: `usize` has at least 32 bits.
        if nr_regions as usize <= attrs.max_nr_regions || max_thres <= threshold {
            return max_sz;
        }
        threshold = if threshold < max_thres / 2 {
            threshold.wrapping_mul(2).max(1)
        } else {
            max_thres
        };
    }
}
