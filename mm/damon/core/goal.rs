// SPDX-License-Identifier: GPL-2.0

//! Goals that quotas are tuned for: how far each is achieved.

use crate::{
    pass::Pass,
    prelude::*, //
};

/// Returns a part of a whole in 1/10,000, or `default` if there is no whole.
fn bp_of(part: usize, whole: usize, default: usize) -> usize {
    mult_frac(part, BP, whole).unwrap_or(default)
}

/// Sets the time that tasks have waited for memory since the last time.
/// Corresponds to `damos_set_psi_current_val()`.
fn set_psi_current_value(goal: &Goal, scheme: &Scheme) {
    let now = environment::some_mem_psi_total();
    let last = goal.last_psi_total();
    goal.set_last_psi_total(now);
    let value = if last != u64::MAX {
        // CAST: The value is an `unsigned long` in C.
        now.wrapping_sub(last) as usize
    } else if scheme.quota().goal_tuner() == Some(GoalTuner::Consist) || scheme.quota().esz() == 0 {
        // There is nothing to compare with yet. The goal has no effect this time, or the same
        // as the last time.
        goal.target_value()
    } else {
        0
    };
    goal.set_current_value(value);
}

/// Returns the used or the free part of memory, of which `amounts` are used and there in all.
///
/// Corresponds to `damos_get_node_mem_bp()` and `damos_get_node_memcg_used_bp()`.
fn used_or_free_bp(amounts: Option<(usize, usize)>, used: bool) -> usize {
    if !cfg!(CONFIG_NUMA) {
        return 0;
    }
    let (none, nonsense) = if used { (0, BP) } else { (BP, 0) };
    let Some((sz_used, total)) = amounts else {
        return none;
    };
    match total.checked_sub(sz_used) {
        Some(sz_free) if total != 0 => bp_of(if used { sz_used } else { sz_free }, total, 0),
        _ => nonsense,
    }
}

fn node_mem_bp(nid: i32, used: bool) -> usize {
    let mem = environment::node_mem(nid);
    used_or_free_bp(
        mem.map(|(total, free)| (total.wrapping_sub(free), total)),
        used,
    )
}

fn node_memcg_bp(nid: i32, memcg_id: u64, used: bool) -> usize {
    let total = || environment::node_mem(nid).map_or(0, |(total, _)| total);
    let sz_used = environment::node_memcg_used(nid, memcg_id);
    used_or_free_bp(sz_used.map(|sz_used| (sz_used, total())), used)
}

/// Returns how much of the memory that a scheme is for is on a node.
/// Corresponds to `damos_get_node_eligible_mem_bp()`.
fn node_eligible_mem_bp(parts: &Parts<'_>, pass: &Pass, scheme: &Scheme, nid: i32) -> usize {
    if pass.ops_id != Some(OpsId::Paddr) || !environment::node_online(nid) {
        return 0;
    }
    let pattern = scheme.pattern();
    let mut bytes = environment::NodeBytes::default();
    for target in parts.targets.as_list().iter() {
        for region in target.regions().iter() {
            if pass.access(region).matches(&pattern) {
                bytes.add(region.start(), region.end(), pass.addr_unit, nid);
            }
        }
    }
    bytes.bp_on_node()
}

/// Corresponds to `damos_get_in_active_mem_bp()`.
fn in_active_mem_bp(active: bool) -> usize {
    let (sz_active, sz_inactive) = environment::lru_pages();
    let total = sz_active.wrapping_add(sz_inactive).max(1);
    // CAST: It is an `unsigned int` in C.
    let bp = bp_of(if active { sz_active } else { sz_inactive }, total, 0) as u32;
    bp as usize
}

/// Corresponds to `damos_set_quota_goal_current_value()`.
fn set_current_value(parts: &Parts<'_>, pass: &Pass, scheme: &Scheme, goal: &Goal) {
    let Some(metric) = goal.metric() else {
        return;
    };
    let value = match metric {
        // It is the user who sets this one.
        GoalMetric::UserInput => return,
        GoalMetric::SomeMemPsiUs => return set_psi_current_value(goal, scheme),
        GoalMetric::NodeMemUsedBp => node_mem_bp(goal.nid(), true),
        GoalMetric::NodeMemFreeBp => node_mem_bp(goal.nid(), false),
        GoalMetric::NodeMemcgUsedBp => node_memcg_bp(goal.nid(), goal.memcg_id(), true),
        GoalMetric::NodeMemcgFreeBp => node_memcg_bp(goal.nid(), goal.memcg_id(), false),
        GoalMetric::ActiveMemBp => in_active_mem_bp(true),
        GoalMetric::InactiveMemBp => in_active_mem_bp(false),
        GoalMetric::NodeEligibleMemBp => node_eligible_mem_bp(parts, pass, scheme, goal.nid()),
    };
    goal.set_current_value(value);
}

/// Returns how far the goals of a scheme are achieved, in 1/10,000.
///
/// That is the goal which is achieved most, because it makes the scheme do the least. A goal whose
/// target is zero is achieved.
pub(crate) fn damos_quota_score(parts: &Parts<'_>, pass: &Pass, scheme: &Scheme) -> usize {
    let mut highest_score = 0;
    for goal in scheme.quota().goals().iter() {
        set_current_value(parts, pass, scheme, goal);
        let score = bp_of(goal.current_value(), goal.target_value(), BP);
        highest_score = highest_score.max(score);
    }
    highest_score
}
