// SPDX-License-Identifier: GPL-2.0

//! Goals that the quota of a scheme is tuned for.

use crate::prelude::*;

numbered! {
    /// What a goal is about, `enum damos_quota_goal_metric`.
    GoalMetric: damos_quota_goal_metric {
        /// A number that the user writes.
        UserInput = damos_quota_goal_metric_DAMOS_QUOTA_USER_INPUT,
        /// Microseconds in which some task waited for memory.
        SomeMemPsiUs = damos_quota_goal_metric_DAMOS_QUOTA_SOME_MEM_PSI_US,
        /// Used memory of a node.
        NodeMemUsedBp = damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_USED_BP,
        /// Free memory of a node.
        NodeMemFreeBp = damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_FREE_BP,
        /// Memory of a node that a memory cgroup uses.
        NodeMemcgUsedBp = damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_USED_BP,
        /// Memory of a node that a memory cgroup does not use.
        NodeMemcgFreeBp = damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_FREE_BP,
        /// Active part of the memory in LRU lists.
        ActiveMemBp = damos_quota_goal_metric_DAMOS_QUOTA_ACTIVE_MEM_BP,
        /// Inactive part of the memory in LRU lists.
        InactiveMemBp = damos_quota_goal_metric_DAMOS_QUOTA_INACTIVE_MEM_BP,
        /// Part of the memory that the scheme applies to which is on a node.
        NodeEligibleMemBp = damos_quota_goal_metric_DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP,
    }
}

object! {
    /// A goal, `struct damos_quota_goal`.
    ///
    /// The fields that depend on the metric share their place. All metrics but the pressure use
    /// the node and the memory cgroup, and the pressure uses its last total, which is [`u64::MAX`]
    /// if it was not looked at yet.
    Goal: damos_quota_goal
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for Goal {
    const LINK: usize = offset_of!(bindings::damos_quota_goal, list);
}

impl Goal {
    /// Allocates a goal. What is not given is zero. Corresponds to `damos_new_quota_goal()`.
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

    fields! {
        bindings::damos_quota_goal_metric: raw_metric = metric;
        usize: target_value, current_value;
        i32: nid = __bindgen_anon_1.__bindgen_anon_1.nid;
        u64: memcg_id = __bindgen_anon_1.__bindgen_anon_1.memcg_id,
            last_psi_total = __bindgen_anon_1.last_psi_total;
    }

    /// The metric, or [`None`] if its number is none of a metric.
    pub(crate) fn metric(&self) -> Option<GoalMetric> {
        GoalMetric::from_raw(self.raw_metric())
    }
}
