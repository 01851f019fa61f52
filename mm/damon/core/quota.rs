// SPDX-License-Identifier: GPL-2.0

//! Quotas of schemes: what they come to, charging them, and whom they serve first.

use crate::{
    filter::damos_core_filter_out,
    goal::damos_quota_score,
    pass::Pass,
    prelude::*, //
};
use kernel::time::msecs_to_jiffies;

/// The score of a goal that is achieved.
const GOAL_SCORE: usize = BP;

/// Returns whether a quota limits anything.
pub(crate) fn damos_quota_is_set(quota: &Quota) -> bool {
    quota.esz() != 0 || quota.sz() != 0 || quota.ms() != 0 || !quota.goals().is_empty()
}

/// Returns whether no region fits into what is left of a quota.
pub(crate) fn damos_quota_is_full(quota: &Quota, min_region_sz: usize) -> bool {
    if !damos_quota_is_set(quota) {
        return false;
    }
    // Actions are applied to whole regions.
    quota
        .esz()
        .checked_sub(quota.charged_sz())
        .is_none_or(|left| left == 0 || left < min_region_sz)
}

/// Charges what an action was tried on, and a part only for where it failed.
pub(crate) fn damos_charge_quota(quota: &Quota, sz_region: usize, sz_applied: usize) {
    // Operations can apply an action to more than the region, which costs no more than that.
    let failed = sz_region
        .checked_sub(sz_applied)
        .and_then(|sz_failed| {
            mult_frac(
                sz_failed,
                usize::from_safe_cast(quota.fail_charge_num()),
                usize::from_safe_cast(quota.fail_charge_denom()),
            )
        })
        .map(|charge| charge.wrapping_add(sz_applied));
    quota.set_charged_sz(quota.charged_sz().wrapping_add(failed.unwrap_or(sz_region)));
}

/// Lets schemes that have left a target half way begin with the first region.
pub(crate) fn forget_charge_target(schemes: List<'_, Scheme>, target: &Target) {
    for quota in schemes.iter().map(Scheme::quota) {
        if quota.is_charge_target(target) {
            quota.clear_charge_from();
        }
    }
}

/// Returns whether a region, or its beginning, was already charged before the quota was full.
///
/// In the latter case the region is split, so that the rest is the next region.
pub(crate) fn damos_skip_charged_region(
    cursor: &mut RegionCursor<'_>,
    quota: &Quota,
    min_region_sz: usize,
) -> bool {
    let mut skip = false;
    if quota.has_charge_target() {
        if !quota.is_charge_target(cursor.target()) {
            return true;
        }
        skip = skip_charged_part(cursor, quota.charge_addr_from(), min_region_sz);
    }
    if cursor.is_last() {
        quota.clear_charge_from();
    }
    skip
}

/// The part of [`damos_skip_charged_region()`] for regions of the target that was left half way.
fn skip_charged_part(
    cursor: &mut RegionCursor<'_>,
    charge_addr_from: usize,
    min_region_sz: usize,
) -> bool {
    let Some(region) = cursor.current() else {
        return false;
    };
    let start = region.start();
    if charge_addr_from == 0 || charge_addr_from <= start {
        return false;
    }
    if region.end() <= charge_addr_from {
        return true;
    }
    let mut sz_to_skip = align_down(charge_addr_from.wrapping_sub(start), min_region_sz);
    if sz_to_skip == 0 {
        if region.sz() <= min_region_sz {
            return true;
        }
        sz_to_skip = min_region_sz;
    }
    // Without memory, all of the region waits for the next window.
    let _ = cursor.split_at(sz_to_skip);
    true
}

/// Returns the next input of a feedback loop that is to get the score 10,000.
///
/// The input and the score are assumed to be proportional:
/// `next = last * (1 + (goal - score) / goal)`. An input is never below 10,000, from which the loop
/// could not come back.
pub(crate) fn damon_feed_loop_next_input(last_input: usize, score: usize) -> usize {
    const MIN_INPUT: usize = 10_000;

    if score == GOAL_SCORE {
        return last_input;
    }
    if score >= GOAL_SCORE * 2 {
        return MIN_INPUT;
    }

    let diff = score.abs_diff(GOAL_SCORE);
    // `diff` is not zero, see above.
    let compensation = if last_input < usize::MAX.checked_div(diff).unwrap_or(0) {
        last_input.wrapping_mul(diff) / GOAL_SCORE
    } else {
        (last_input / GOAL_SCORE).wrapping_mul(diff)
    };
    if score > GOAL_SCORE {
        last_input.wrapping_sub(compensation).max(MIN_INPUT)
    } else {
        last_input.saturating_add(compensation)
    }
}

/// Returns the quota that goals come to.
fn tune_esz_bp(quota: &Quota, tuner: GoalTuner, score: usize) -> usize {
    match tuner {
        // Corresponds to `damos_goal_tune_esz_bp_consist()`.
        GoalTuner::Consist => damon_feed_loop_next_input(quota.esz_bp().max(BP), score),
        // Corresponds to `damos_goal_tune_esz_bp_temporal()`.
        GoalTuner::Temporal if score >= GOAL_SCORE => 0,
        GoalTuner::Temporal => match quota.sz() {
            0 => usize::MAX,
            sz => sz.checked_mul(BP).unwrap_or(usize::MAX),
        },
    }
}

/// Sets what the limits of size and time and the goals come to.
fn damos_set_effective_quota(parts: &Parts<'_>, pass: &Pass, scheme: &Scheme) {
    /// What is assumed before anything was measured.
    const DEFAULT_THROUGHPUT: usize = PAGE_SIZE * 1024;

    let quota = scheme.quota();
    let (ms, sz) = (quota.ms(), quota.sz());
    if ms == 0 && quota.goals().is_empty() {
        quota.set_esz(sz);
        return;
    }

    let mut esz = usize::MAX;
    if !quota.goals().is_empty() {
        if let Some(tuner) = quota.goal_tuner() {
            let score = damos_quota_score(parts, pass, scheme);
            quota.set_esz_bp(tune_esz_bp(quota, tuner, score));
        }
        esz = quota.esz_bp() / BP;
    }
    if ms != 0 {
        // Address units per millisecond.
        let throughput = mult_frac(
            quota.total_charged_sz(),
            1_000_000,
            quota.total_charged_ns(),
        )
        .unwrap_or(DEFAULT_THROUGHPUT);
        esz = esz.min(throughput.wrapping_mul(ms).max(pass.min_region_sz));
    }
    if sz != 0 {
        esz = esz.min(sz);
    }
    quota.set_esz(esz);
}

/// Begins a new window for charges if it is time, and finds for which regions the quota is.
pub(crate) fn damos_adjust_quota(
    parts: &mut Parts<'_>,
    pass: &Pass,
    scheme: &Scheme,
    scheme_idx: u32,
) {
    let quota = scheme.quota();
    if !damos_quota_is_set(quota) {
        return;
    }

    let now = environment::jiffies();
    if quota.total_charged_sz() == 0 && quota.charged_from() == 0 {
        // The first window.
        quota.set_charged_from(now);
        damos_set_effective_quota(parts, pass, scheme);
        trace::damos_esz(scheme_idx, quota.esz());
    }

    // CAST: C truncates as well.
    let window = msecs_to_jiffies(quota.reset_interval() as u32);
    let from = quota.charged_from();
    if !time_after_eq(now, from) || time_after_eq(now, from.wrapping_add(window)) {
        // A new window.
        if damos_quota_is_full(quota, pass.min_region_sz) {
            scheme.set_qt_exceeds(scheme.qt_exceeds().wrapping_add(1));
        }
        quota.set_total_charged_sz(quota.total_charged_sz().wrapping_add(quota.charged_sz()));
        quota.set_charged_from(now);
        quota.set_charged_sz(0);
        let last_esz = quota.esz();
        damos_set_effective_quota(parts, pass, scheme);
        if quota.esz() != last_esz {
            trace::damos_esz(scheme_idx, quota.esz());
        }
    }

    if parts.ops.has_scheme_score() {
        set_min_score(parts, pass, scheme);
    }
}

/// Finds the lowest score of regions that the quota is for, if those of high scores come first.
fn set_min_score(parts: &mut Parts<'_>, pass: &Pass, scheme: &Scheme) {
    let Parts {
        ops,
        targets,
        private,
        ..
    } = parts;
    let (pattern, min_region_sz) = (scheme.pattern(), pass.min_region_sz);
    let histogram = &mut private.score_histogram;
    *histogram = [0; SCORES];
    let mut max_score = 0;
    for (target_idx, mut target) in (0..).zip(targets.iter_mut()) {
        let mut cursor = target.cursor(&mut private.pool);
        while let Some(region) = cursor.current() {
            if pass.access(region).matches(&pattern)
                && !damos_core_filter_out(scheme, &mut cursor, target_idx, min_region_sz)
            {
                if let Some(region) = cursor.current() {
                    // Operations have to keep to the range.
                    let score = ops.scheme_score(region, scheme).unwrap_or(0);
                    let score = usize::try_from(score).unwrap_or(0).min(SCORES - 1);
                    if let Some(sz) = histogram.get_mut(score) {
                        *sz = sz.wrapping_add(region.sz());
                    }
                    max_score = max_score.max(score);
                }
            }
            cursor.move_next();
        }
    }

    let esz = scheme.quota().esz();
    let mut sz: usize = 0;
    let mut min_score = 0;
    for score in (0..=max_score).rev() {
        sz = sz.wrapping_add(histogram.get(score).copied().unwrap_or(0));
        min_score = score;
        if sz >= esz {
            break;
        }
    }
    // CAST: Scores are below 100.
    scheme.quota().set_min_score(min_score as u32);
}
