// SPDX-License-Identifier: GPL-2.0

//! Goals that the quota of a scheme is tuned for.

use super::{
    Entry,
    Object,
    Owned, //
};
use core::mem::offset_of;
use kernel::{
    bindings,
    prelude::*, //
};

/// What a goal is about, `enum damos_quota_goal_metric`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoalMetric {
    /// A number that the user writes.
    UserInput,
    /// Microseconds in which some task waited for memory.
    SomeMemPsiUs,
    /// Used memory of a node.
    NodeMemUsedBp,
    /// Free memory of a node.
    NodeMemFreeBp,
    /// Memory of a node that a memory cgroup uses.
    NodeMemcgUsedBp,
    /// Memory of a node that a memory cgroup does not use.
    NodeMemcgFreeBp,
    /// Active part of the memory in LRU lists.
    ActiveMemBp,
    /// Inactive part of the memory in LRU lists.
    InactiveMemBp,
    /// Part of the memory that the scheme applies to which is on a node.
    NodeEligibleMemBp,
}

impl GoalMetric {
    /// Returns the metric of this number, or [`None`] if there is none.
    pub(crate) fn from_raw(metric: bindings::damos_quota_goal_metric) -> Option<Self> {
        Some(match metric {
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_USER_INPUT => Self::UserInput,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_SOME_MEM_PSI_US => Self::SomeMemPsiUs,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_USED_BP => Self::NodeMemUsedBp,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_FREE_BP => Self::NodeMemFreeBp,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_USED_BP => {
                Self::NodeMemcgUsedBp
            }
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_FREE_BP => {
                Self::NodeMemcgFreeBp
            }
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_ACTIVE_MEM_BP => Self::ActiveMemBp,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_INACTIVE_MEM_BP => Self::InactiveMemBp,
            bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP => {
                Self::NodeEligibleMemBp
            }
            _ => return None,
        })
    }
}

object! {
    /// A goal, `struct damos_quota_goal`.
    ///
    /// The fields that depend on the metric share their place. All metrics but the pressure use
    /// the node and the memory cgroup, and the pressure uses its last total.
    Goal: damos_quota_goal
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for Goal {
    const LINK: usize = offset_of!(bindings::damos_quota_goal, list);
}

impl Goal {
    /// Allocates a goal. What is not given is zero.
    ///
    /// Corresponds to `damos_new_quota_goal()`.
    pub(crate) fn new(
        metric: bindings::damos_quota_goal_metric,
        target_value: usize,
    ) -> Result<Owned<Self>> {
        let goal = Owned::new(Self::zeroed())?;
        goal.set_raw_metric(metric);
        goal.set_target_value(target_value);
        if goal.metric() == Some(GoalMetric::SomeMemPsiUs) {
            goal.set_last_psi_total(u64::MAX);
        }
        Ok(goal)
    }

    accessors! {
        /// The number of the metric.
        raw_metric, set_raw_metric: bindings::damos_quota_goal_metric = metric;
        /// The value to reach, in the unit of the metric.
        target_value, set_target_value: usize = target_value;
        /// The value now, in the unit of the metric.
        current_value, set_current_value: usize = current_value;
        /// The node, for metrics that are about one.
        nid, set_nid: i32 = __bindgen_anon_1.__bindgen_anon_1.nid;
        /// The memory cgroup, for metrics that are about one.
        memcg_id, set_memcg_id: u64 = __bindgen_anon_1.__bindgen_anon_1.memcg_id;
        /// The total when the pressure was looked at last, or [`u64::MAX`] if it was not yet.
        last_psi_total, set_last_psi_total: u64 = __bindgen_anon_1.last_psi_total;
    }

    /// The metric, or [`None`] if its number is none of a metric.
    pub(crate) fn metric(&self) -> Option<GoalMetric> {
        GoalMetric::from_raw(self.raw_metric())
    }
}
