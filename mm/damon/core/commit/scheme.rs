// SPDX-License-Identifier: GPL-2.0

//! Committing schemes.

use super::commit_list;
use crate::{
    filter::damos_set_filters_default_reject,
    pass::damos_set_next_apply_sis,
    prelude::*, //
};
use kernel::bindings::NUMA_NO_NODE;

/// Corresponds to `damos_commit_quota_goal()`.
pub(crate) fn damos_commit_quota_goal(dst: &Goal, src: &Goal) -> Result {
    if src.target_value() == 0 {
        return Err(EINVAL);
    }
    dst.set_raw_metric(src.raw_metric());
    dst.set_target_value(src.target_value());
    // Corresponds to `damos_commit_quota_goal_union()`.
    match src.metric() {
        Some(GoalMetric::UserInput) => dst.set_current_value(src.current_value()),
        Some(GoalMetric::SomeMemPsiUs) => dst.set_last_psi_total(u64::MAX),
        Some(
            GoalMetric::NodeMemUsedBp | GoalMetric::NodeMemFreeBp | GoalMetric::NodeEligibleMemBp,
        ) => dst.set_nid(src.nid()),
        Some(GoalMetric::NodeMemcgUsedBp | GoalMetric::NodeMemcgFreeBp) => {
            dst.set_nid(src.nid());
            dst.set_memcg_id(src.memcg_id());
        }
        Some(GoalMetric::ActiveMemBp | GoalMetric::InactiveMemBp) | None => (),
    }
    Ok(())
}

/// Commits the goals of a quota, for example of a running scheme.
///
/// # Errors
///
/// - [`EINVAL`] if a target value is zero.
/// - [`ENOMEM`] if there is no memory.
pub(crate) fn damos_commit_quota_goals(dst: &mut Mut<'_, Quota>, src: &Quota) -> Result {
    commit_list(
        &mut dst.goals_mut(),
        src.goals(),
        |dst, src| damos_commit_quota_goal(dst, src),
        |src| {
            let new = Goal::new(src.raw_metric(), src.target_value())?;
            damos_commit_quota_goal(&new, src)?;
            Ok(new)
        },
    )
}

/// Corresponds to `damos_commit_quota()`.
pub(crate) fn damos_commit_quota(dst: &mut Mut<'_, Quota>, src: &Quota) -> Result {
    // In this order, in case that the goals are refused.
    dst.set_reset_interval(src.reset_interval());
    dst.set_ms(src.ms());
    dst.set_sz(src.sz());
    damos_commit_quota_goals(dst, src)?;
    dst.copy_limits(src);
    dst.set_raw_goal_tuner(src.raw_goal_tuner());
    Ok(())
}

/// Corresponds to `damos_commit_filter()`.
pub(crate) fn damos_commit_filter(dst: &Filter, src: &Filter) {
    dst.set_raw_type(src.raw_type());
    dst.set_matching(src.matching());
    dst.set_allow(src.allow());
    dst.copy_arg(src);
}

/// Corresponds to `damos_commit_core_filters()` and `damos_commit_ops_filters()`.
fn commit_filters(dst: &mut ListMut<'_, Filter>, src: List<'_, Filter>) -> Result {
    commit_list(
        dst,
        src,
        |dst, src| {
            damos_commit_filter(dst, src);
            Ok(())
        },
        |src| {
            let new = Filter::new(src.raw_type(), src.matching(), src.allow())?;
            new.copy_arg(src);
            Ok(new)
        },
    )
}

/// Commits a scheme.
pub(crate) fn damos_commit(dst: &mut Mut<'_, Scheme>, src: &Scheme) -> Result {
    dst.set_pattern(src.pattern());
    dst.set_action(src.action());
    dst.set_apply_interval_us(src.apply_interval_us());
    damos_commit_quota(&mut dst.quota_mut(), src.quota())?;
    dst.set_wmarks(src.wmarks());
    dst.set_target_nid(src.target_nid());
    dst.dests_mut().commit(src.dests())?;
    commit_filters(&mut dst.core_filters_mut(), src.core_filters())?;
    commit_filters(&mut dst.ops_filters_mut(), src.ops_filters())?;
    damos_set_filters_default_reject(dst);
    dst.set_max_nr_snapshots(src.max_nr_snapshots());
    Ok(())
}

fn new_scheme(src: &Scheme) -> Result<Owned<Scheme>> {
    let mut new = Scheme::new(
        &src.pattern(),
        src.action(),
        src.apply_interval_us(),
        src.quota(),
        &src.wmarks(),
        NUMA_NO_NODE,
    )?;
    damos_commit(&mut new.as_mut(), src)?;
    Ok(new)
}

/// Corresponds to `damon_commit_schemes()`.
pub(super) fn damon_commit_schemes(dst: &mut Context<'_>, src: &Context<'_>) -> Result {
    let kept = dst.schemes().iter().count();
    commit_list(
        &mut dst.schemes_mut(),
        src.schemes(),
        damos_commit,
        new_scheme,
    )?;
    for scheme in dst.schemes().iter().skip(kept) {
        damos_set_next_apply_sis(scheme, dst);
    }
    Ok(())
}
