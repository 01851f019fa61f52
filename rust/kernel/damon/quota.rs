// SPDX-License-Identifier: GPL-2.0

//! Quotas of schemes, and goals for tuning them.

use crate::{
    bindings,
    memcg::MemcgId,
    prelude::*, //
};
use core::ptr::NonNull;

/// What a [`Goal`] measures.
///
/// A node or memory cgroup that does not exist counts as having no memory in use.
///
/// Corresponds to the C `enum damos_quota_goal_metric`, with the parameters of each metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_quota_goal_metric")]
pub enum GoalMetric {
    /// A value that the user measures, in units of the user.
    ///
    /// See [`OnKdamond::commit_goals`](super::OnKdamond::commit_goals) for how to update it.
    UserInput {
        /// The current value.
        current: usize,
    },
    /// Time that some tasks of the system wait for memory (PSI), in microseconds, since the last
    /// reset of the quota.
    SomeMemPsiUs,
    /// Ratio of used to all memory of a node, in basis points (1/10,000).
    NodeMemUsedBp {
        /// The node.
        nid: i32,
    },
    /// Ratio of free to all memory of a node, in basis points.
    NodeMemFreeBp {
        /// The node.
        nid: i32,
    },
    /// Ratio of memory of a node that a memory cgroup uses, in basis points.
    NodeMemcgUsedBp {
        /// The node.
        nid: i32,
        /// The memory cgroup.
        memcg: MemcgId,
    },
    /// Ratio of memory of a node that a memory cgroup does not use, in basis points.
    NodeMemcgFreeBp {
        /// The node.
        nid: i32,
        /// The memory cgroup.
        memcg: MemcgId,
    },
    /// Ratio of the active to the whole LRU lists, in basis points.
    ActiveMemBp,
    /// Ratio of the inactive to the whole LRU lists, in basis points.
    InactiveMemBp,
    /// Ratio of the memory that fits into the scheme and is on a node, to all that fits, in basis
    /// points.
    ///
    /// Only contexts with [`OpsId::Paddr`](super::OpsId::Paddr) can be started with it.
    NodeEligibleMemBp {
        /// The node.
        nid: i32,
    },
}

impl GoalMetric {
    /// Returns the C value.
    fn into_raw(self) -> bindings::damos_quota_goal_metric {
        match self {
            Self::UserInput { .. } => bindings::damos_quota_goal_metric_DAMOS_QUOTA_USER_INPUT,
            Self::SomeMemPsiUs => bindings::damos_quota_goal_metric_DAMOS_QUOTA_SOME_MEM_PSI_US,
            Self::NodeMemUsedBp { .. } => {
                bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_USED_BP
            }
            Self::NodeMemFreeBp { .. } => {
                bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEM_FREE_BP
            }
            Self::NodeMemcgUsedBp { .. } => {
                bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_USED_BP
            }
            Self::NodeMemcgFreeBp { .. } => {
                bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_MEMCG_FREE_BP
            }
            Self::ActiveMemBp => bindings::damos_quota_goal_metric_DAMOS_QUOTA_ACTIVE_MEM_BP,
            Self::InactiveMemBp => bindings::damos_quota_goal_metric_DAMOS_QUOTA_INACTIVE_MEM_BP,
            Self::NodeEligibleMemBp { .. } => {
                bindings::damos_quota_goal_metric_DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP
            }
        }
    }

    /// Returns the node and the memory cgroup, if the metric has any.
    fn nid_and_memcg(self) -> Option<(i32, u64)> {
        match self {
            Self::NodeMemUsedBp { nid }
            | Self::NodeMemFreeBp { nid }
            | Self::NodeEligibleMemBp { nid } => Some((nid, 0)),
            Self::NodeMemcgUsedBp { nid, memcg } | Self::NodeMemcgFreeBp { nid, memcg } => {
                Some((nid, memcg.into_raw()))
            }
            Self::UserInput { .. }
            | Self::SomeMemPsiUs
            | Self::ActiveMemBp
            | Self::InactiveMemBp => None,
        }
    }
}

/// A goal for the automatic tuning of a quota.
///
/// Corresponds to the C `struct damos_quota_goal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_quota_goal")]
pub struct Goal {
    /// What is measured.
    pub metric: GoalMetric,
    /// The value of the metric to achieve; not zero.
    pub target_value: usize,
}

impl Goal {
    /// Adds the goal to a C quota.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the target value is zero.
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// # Safety
    ///
    /// `quota` must point to a valid `struct damos_quota` that nobody else accesses during this
    /// call, and whose owner destroys the goals in its list.
    pub(super) unsafe fn add_to(self, quota: *mut bindings::damos_quota) -> Result {
        // DAMON divides by it.
        if self.target_value == 0 {
            return Err(EINVAL);
        }

        // SAFETY: Always safe to call from a context that can sleep; returns null or a new goal.
        let goal =
            unsafe { bindings::damos_new_quota_goal(self.metric.into_raw(), self.target_value) };
        let goal = NonNull::new(goal).ok_or(ENOMEM)?;
        let current_value = if let GoalMetric::UserInput { current } = self.metric {
            current
        } else {
            0
        };

        // SAFETY: `goal` is valid, and nobody else knows it.
        unsafe { (*goal.as_ptr()).current_value = current_value };
        if let Some((nid, memcg_id)) = self.metric.nid_and_memcg() {
            // SAFETY: `goal` is valid, and nobody else knows it. `damos_new_quota_goal()` uses the
            // union for other metrics only.
            unsafe {
                (*goal.as_ptr()).__bindgen_anon_1.__bindgen_anon_1 =
                    bindings::damos_quota_goal__bindgen_ty_1__bindgen_ty_1 { nid, memcg_id }
            };
        }

        // SAFETY: By the safety requirements, `quota` is valid and nobody else accesses it. The
        // goal is new, hence not in a list, and we pass the ownership of it to the quota.
        unsafe { bindings::damos_add_quota_goal(quota, goal.as_ptr()) };
        Ok(())
    }
}

/// How a quota is tuned to achieve its [`Goal`]s.
///
/// Corresponds to the C `enum damos_quota_goal_tuner`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damos_quota_goal_tuner")]
pub enum GoalTuner {
    /// Aims at a quota that is consistent in the long term.
    #[default]
    Consist,
    /// Uses the whole quota until the goal is achieved, and none as long as it is.
    Temporal,
}

impl GoalTuner {
    /// Returns the C value.
    fn into_raw(self) -> bindings::damos_quota_goal_tuner {
        match self {
            Self::Consist => bindings::damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_CONSIST,
            Self::Temporal => bindings::damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_TEMPORAL,
        }
    }
}

/// Limits to how much a scheme does.
///
/// The default has no limit.
///
/// Corresponds to the public part of the C `struct damos_quota`, without the goals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damos_quota")]
pub struct Quota {
    /// Time after that the use of the quota starts at zero again, in milliseconds.
    pub reset_interval_ms: usize,
    /// Maximum time to spend on the action in a [`reset_interval_ms`](Self::reset_interval_ms), in
    /// milliseconds; zero for no limit.
    pub ms: usize,
    /// Maximum size of the memory to apply the action to in a
    /// [`reset_interval_ms`](Self::reset_interval_ms), in bytes; zero for no limit.
    pub sz: usize,
    /// How the quota is tuned, if the scheme has goals.
    pub goal_tuner: GoalTuner,
    /// Numerator of the part that is charged for memory to that the action could not be applied.
    pub fail_charge_num: u32,
    /// Denominator of that part; zero charges such memory fully.
    pub fail_charge_denom: u32,
    /// Weight of the size of a region when the regions are prioritized.
    pub weight_sz: u32,
    /// Weight of the access frequency.
    pub weight_nr_accesses: u32,
    /// Weight of the age.
    pub weight_age: u32,
}

impl Quota {
    /// Returns a C quota without goals, for `damon_new_scheme()`.
    pub(super) fn to_raw(self) -> bindings::damos_quota {
        let mut raw: bindings::damos_quota = pin_init::zeroed();

        raw.reset_interval = self.reset_interval_ms;
        raw.ms = self.ms;
        raw.sz = self.sz;
        raw.goal_tuner = self.goal_tuner.into_raw();
        raw.fail_charge_num = self.fail_charge_num;
        raw.fail_charge_denom = self.fail_charge_denom;
        raw.weight_sz = self.weight_sz;
        raw.weight_nr_accesses = self.weight_nr_accesses;
        raw.weight_age = self.weight_age;
        raw
    }
}
