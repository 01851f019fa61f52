// SPDX-License-Identifier: GPL-2.0

//! `quotas/`: how much a scheme does.

use kernel::{
    damon::{
        Goal as DamonGoal,
        GoalMetric,
        GoalTuner as DamonGoalTuner,
        Quota, //
    },
    kobject::{
        parse,
        sysfs_dir,
        AttrValue,
        Children,
        Dir,
        Held,
        Keyword,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

use crate::{
    grant::Grant,
    memcg_path::MemcgPath,
    refusal::{
        Outcome,
        Refusal,
        Refuse, //
    }, //
};

/// Parses an `unsigned long`; whatever is wrong with it is `EINVAL`.
fn parse_ulong(input: &CStr) -> Result<usize> {
    parse::ulong(input).map_err(|_| EINVAL)
}

/// Parses an `unsigned int`; whatever is wrong with it is `EINVAL`.
fn parse_uint(input: &CStr) -> Result<u32> {
    parse::uint(input).map_err(|_| EINVAL)
}

/// How the kernel tunes a quota for goals.
#[derive(Clone, Copy, Keyword)]
enum GoalTuner {
    /// By a feedback loop.
    Consist,
    /// As much as possible until the goals are achieved.
    Temporal,
}

/// How much a scheme does.
#[sysfs_dir]
pub(super) struct Quotas {
    /// For how long the action may be applied in an interval, in milliseconds; 0 means no limit.
    #[attr(admin_rw, parse = parse_ulong)]
    ms: Value<usize>,

    /// To how much memory the action may be applied in an interval; 0 means no limit.
    #[attr(admin_rw, parse = parse_ulong)]
    bytes: Value<usize>,

    /// The length of the interval in milliseconds.
    #[attr(admin_rw, parse = parse_ulong)]
    reset_interval_ms: Value<usize>,

    /// What these and the goals come to in bytes, as of the last update.
    #[attr(admin_ro)]
    pub(super) effective_bytes: Value<usize>,

    /// How the kernel tunes the quota for the goals.
    #[attr(admin_rw, default = GoalTuner::Consist)]
    goal_tuner: Value<GoalTuner>,

    /// With `fail_charge_denom`, the part of memory to which the action could not be applied that
    /// counts as used: the numerator.
    #[attr(admin_rw, parse = parse_uint)]
    fail_charge_num: Value<u32>,

    /// The denominator; 0 means that all of it counts.
    #[attr(admin_rw, parse = parse_uint)]
    fail_charge_denom: Value<u32>,

    /// What comes first if the quota is not enough for all.
    #[dir]
    weights: Subdir<Weights>,

    /// What the quota is tuned for.
    #[dir]
    goals: Subdir<Goals>,
}

impl Quotas {
    pub(super) fn quota(&self) -> Quota {
        Quota {
            reset_interval_ms: self.reset_interval_ms.get(),
            ms: self.ms.get(),
            sz: self.bytes.get(),
            goal_tuner: match self.goal_tuner.get() {
                GoalTuner::Consist => DamonGoalTuner::Consist,
                GoalTuner::Temporal => DamonGoalTuner::Temporal,
            },
            fail_charge_num: self.fail_charge_num.get(),
            fail_charge_denom: self.fail_charge_denom.get(),
            weight_sz: self.weights.sz_permil.get(),
            weight_nr_accesses: self.weights.nr_accesses_permil.get(),
            weight_age: self.weights.age_permil.get(),
        }
    }

    /// Returns the goals; one without a target value is none.
    ///
    /// Fails with `EINVAL` if one of them names no memory cgroup, and with `ENOMEM`.
    pub(super) fn goals(&self, held: &Held<'_>) -> Outcome<KVec<DamonGoal>> {
        let mut goals = KVec::new();

        for (i, dir) in self.goals.goals.list(held)?.iter().enumerate() {
            let target_value = dir.target_value.get();

            if target_value != 0 {
                let metric = dir.metric(held).at_number(i).at("goals").at("quotas")?;
                goals.push(
                    DamonGoal {
                        metric,
                        target_value,
                    },
                    GFP_KERNEL,
                )?;
            }
        }
        Ok(goals)
    }
}

impl Quotas {
    /// Says which goal it is, if there is one, that only [`OpsId::Paddr`] has.
    ///
    /// [`OpsId::Paddr`]: kernel::damon::OpsId::Paddr
    pub(super) fn refuse_goal(&self, held: &Held<'_>) -> Option<Refusal> {
        let goals = self.goals.goals.list(held).ok()?;
        let refused = goals.iter().position(|goal| {
            let metric = goal.target_metric.get();

            goal.target_value.get() != 0 && matches!(metric, TargetMetric::NodeEligibleMemBp)
        })?;

        Some(
            Refusal::invalid("only paddr has this")
                .at("target_metric")
                .at_number(refused)
                .at("goals"),
        )
    }
}

/// What comes first if the quota is not enough for all, in per mille.
#[sysfs_dir]
struct Weights {
    /// How much the size of a region counts.
    #[attr(admin_rw)]
    sz_permil: Value<u32>,

    /// How much the accesses of a region count.
    #[attr(admin_rw)]
    nr_accesses_permil: Value<u32>,

    /// How much the age of a region counts.
    #[attr(admin_rw)]
    age_permil: Value<u32>,
}

/// What a quota is tuned for.
#[sysfs_dir]
struct Goals {
    /// Writing N makes the directories 0 to N-1, one for each goal, with default values.
    #[children(nr = "nr_goals", admin_rw, limit = Self::limit)]
    goals: Children<Goal>,
}

impl Goals {
    fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_parts)
    }
}

/// What a goal is about.
#[derive(Clone, Copy, Keyword)]
enum TargetMetric {
    /// A number that the user measures.
    UserInput,
    /// The pressure stall time of the system's memory, in microseconds.
    SomeMemPsiUs,
    /// The used memory of a node, in basis points.
    NodeMemUsedBp,
    /// The free memory of a node, in basis points.
    NodeMemFreeBp,
    /// The memory of a node that a memory cgroup uses, in basis points.
    NodeMemcgUsedBp,
    /// The memory of a node that a memory cgroup does not use, in basis points.
    NodeMemcgFreeBp,
    /// The memory on active LRU lists, in basis points.
    ActiveMemBp,
    /// The memory on inactive LRU lists, in basis points.
    InactiveMemBp,
    /// The memory of a node that the scheme is for, in basis points.
    NodeEligibleMemBp,
}

/// What a quota is tuned for.
#[sysfs_dir]
struct Goal {
    /// What the goal is about.
    #[attr(admin_rw, default = TargetMetric::UserInput, store = Self::store_metric)]
    target_metric: Value<TargetMetric>,

    /// What it should be; 0 means that there is no goal.
    #[attr(admin_rw)]
    target_value: Value<usize>,

    /// What it is, for user_input.
    #[attr(admin_rw)]
    current_value: Value<usize>,

    /// The number of the node.
    #[attr(admin_rw)]
    nid: Value<i32>,

    /// The memory cgroup.
    #[attr(admin_rw, privileged, init = |setup| MemcgPath::new(setup)?)]
    path: MemcgPath,
}

impl Goal {
    /// Takes a metric, unless it is about memory cgroups and the tree is that of a user.
    fn store_metric(self: &Dir<Self>, input: &CStr) -> Result {
        let new = TargetMetric::parse(input)?;

        Grant::of(self).check(!matches!(
            new,
            TargetMetric::NodeMemcgUsedBp | TargetMetric::NodeMemcgFreeBp
        ))?;
        self.target_metric.set(new);
        Ok(())
    }

    /// Returns what the goal is about. Fails with `EINVAL` if it names no memory cgroup.
    fn metric(&self, held: &Held<'_>) -> Outcome<GoalMetric> {
        let nid = self.nid.get();

        Ok(match self.target_metric.get() {
            TargetMetric::UserInput => GoalMetric::UserInput {
                current: self.current_value.get(),
            },
            TargetMetric::SomeMemPsiUs => GoalMetric::SomeMemPsiUs,
            TargetMetric::NodeMemUsedBp => GoalMetric::NodeMemUsedBp { nid },
            TargetMetric::NodeMemFreeBp => GoalMetric::NodeMemFreeBp { nid },
            TargetMetric::NodeMemcgUsedBp => GoalMetric::NodeMemcgUsedBp {
                nid,
                memcg: self.path.find(held).at("path")?,
            },
            TargetMetric::NodeMemcgFreeBp => GoalMetric::NodeMemcgFreeBp {
                nid,
                memcg: self.path.find(held).at("path")?,
            },
            TargetMetric::ActiveMemBp => GoalMetric::ActiveMemBp,
            TargetMetric::InactiveMemBp => GoalMetric::InactiveMemBp,
            TargetMetric::NodeEligibleMemBp => GoalMetric::NodeEligibleMemBp { nid },
        })
    }
}
