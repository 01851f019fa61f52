// SPDX-License-Identifier: GPL-2.0

//! `monitoring_attrs/`: how accurate and how expensive the monitoring is.

use kernel::{
    damon::{
        self,
        OpsId, //
    },
    kobject::{
        sysfs_dir,
        Held,
        Subdir,
        Value, //
    },
    prelude::*, //
};

use crate::{
    grant::Grant,
    refusal::{
        Outcome,
        Reason,
        Refusal, //
    },
    ul_range::UlRange, //
};

mod probes;

use self::probes::Probes;

/// The smallest number of regions that monitoring is possible with.
const MIN_NR_REGIONS: usize = 3;

/// How accurate and how expensive the monitoring is.
#[sysfs_dir]
pub(crate) struct MonitoringAttrs {
    /// How often something is done.
    #[dir]
    intervals: Subdir<Intervals>,

    /// The bounds of the number of regions of a target.
    #[dir(min = 10, max = 1000)]
    nr_regions: Subdir<UlRange>,

    /// What to find out about regions besides accesses.
    #[dir(privileged)]
    pub(crate) probes: Subdir<Probes>,
}

impl MonitoringAttrs {
    /// Returns what the files say. Whether that is valid is found out by who uses it.
    pub(crate) fn attrs(&self) -> damon::Attrs {
        let intervals = &self.intervals;
        let goal = &intervals.intervals_goal;

        damon::Attrs {
            sample_interval: intervals.sample_us.get(),
            aggr_interval: intervals.aggr_us.get(),
            ops_update_interval: intervals.update_us.get(),
            intervals_goal: damon::IntervalsGoal {
                access_bp: goal.access_bp.get(),
                aggrs: goal.aggrs.get(),
                min_sample_us: goal.min_sample_us.get(),
                max_sample_us: goal.max_sample_us.get(),
            },
            min_nr_regions: self.nr_regions.min.get(),
            max_nr_regions: self.nr_regions.max.get(),
        }
    }

    /// Changes the defaults to what is allowed.
    pub(crate) fn fit(&self, grant: Grant<'_>) {
        let Some(limits) = grant.of_user() else {
            return;
        };
        let max = usize::try_from(limits.max_regions).unwrap_or(0);
        let (intervals, numbers) = (&self.intervals, &self.nr_regions);

        numbers.max.set(numbers.max.get().min(max));
        numbers.min.set(numbers.min.get().min(max));
        for interval in [&intervals.sample_us, &intervals.aggr_us] {
            interval.set(interval.get().max(limits.min_sample_us));
        }
    }

    /// Checks that the files say what is allowed.
    ///
    /// Fails with `EINVAL`.
    pub(crate) fn check(&self, grant: Grant<'_>) -> Outcome {
        let Some(limits) = grant.of_user() else {
            return Ok(());
        };
        let (attrs, limit) = (self.attrs(), limits.min_sample_us);
        let (sample, goal) = (attrs.sample_interval, &attrs.intervals_goal);
        let max = usize::try_from(limits.max_regions).unwrap_or(0);

        if attrs.max_nr_regions > max {
            let reason = Reason::Below("the limit", max, "max", attrs.max_nr_regions);
            return Err(Refusal::new(EINVAL, reason).at("nr_regions"));
        }
        if sample < limit {
            let reason = Reason::Below("sample_us", sample, "the limit", limit);
            return Err(Refusal::new(EINVAL, reason).at("intervals"));
        }
        if goal.aggrs != 0 && goal.min_sample_us < limit {
            let reason = Reason::Below("min_sample_us", goal.min_sample_us, "the limit", limit);
            return Err(Refusal::new(EINVAL, reason)
                .at("intervals_goal")
                .at("intervals"));
        }
        Ok(())
    }

    /// Says which of the files it is that `damon_set_attrs()` does not like.
    pub(crate) fn refuse(&self, errno: Error, attrs: &damon::Attrs) -> Refusal {
        let (min, max) = (attrs.min_nr_regions, attrs.max_nr_regions);
        let (sample, aggr) = (attrs.sample_interval, attrs.aggr_interval);
        let goal = &attrs.intervals_goal;
        let (names, reason): (&[_], _) = if min < MIN_NR_REGIONS {
            let reason = Reason::Below("the number", min, "the least possible", MIN_NR_REGIONS);

            (&["min", "nr_regions"], reason)
        } else if max < min {
            (&["nr_regions"], Reason::Below("max", max, "min", min))
        } else if aggr < sample {
            let reason = Reason::Below("aggr_us", aggr, "sample_us", sample);

            (&["intervals"], reason)
        } else if goal.aggrs == 0 {
            (&[], Reason::Errno)
        } else {
            let names = &["intervals_goal", "intervals"];
            let (least, most) = (goal.min_sample_us, goal.max_sample_us);

            if most < least {
                let reason = Reason::Below("max_sample_us", most, "min_sample_us", least);

                (names, reason)
            } else if sample < least {
                let reason = Reason::Below("sample_us", sample, "min_sample_us", least);

                (names, reason)
            } else {
                let reason = Reason::Below("max_sample_us", most, "sample_us", sample);

                (names, reason)
            }
        };

        names
            .iter()
            .fold(Refusal::new(errno, reason), |refusal, name| {
                refusal.at(name)
            })
    }

    /// Says which probe it is, if there is one, whose weight is not valid with `ops` and these
    /// intervals.
    pub(crate) fn refuse_weight(&self, ops: OpsId, held: &Held<'_>) -> Option<Refusal> {
        let attrs = self.attrs();
        let samples = attrs.aggr_interval / attrs.sample_interval.max(1);

        Some(self.probes.refuse_weight(ops, samples, held)?.at("probes"))
    }

    /// Writes the intervals that the kernel tunes to their files.
    pub(crate) fn update_tuned(&self, attrs: &damon::Attrs) {
        self.intervals.sample_us.set(attrs.sample_interval);
        self.intervals.aggr_us.set(attrs.aggr_interval);
    }
}

/// How often something is done.
#[sysfs_dir]
struct Intervals {
    /// How often accesses are sampled, in microseconds.
    #[attr(admin_rw, default = 5_000)]
    sample_us: Value<usize>,

    /// How often the samples are summed up, in microseconds.
    #[attr(admin_rw, default = 100_000)]
    aggr_us: Value<usize>,

    /// How often the regions follow changes of the address space, in microseconds.
    #[attr(admin_rw, default = 60_000_000)]
    update_us: Value<usize>,

    /// What the kernel tunes the first two intervals for.
    #[dir]
    intervals_goal: Subdir<IntervalsGoal>,
}

/// What the kernel tunes the sampling and the aggregation interval for.
#[sysfs_dir]
struct IntervalsGoal {
    /// The ratio of observed accesses to aim at, in basis points.
    #[attr(admin_rw)]
    access_bp: Value<usize>,

    /// The number of aggregations to achieve that within; 0 means no tuning.
    #[attr(admin_rw)]
    aggrs: Value<usize>,

    /// The shortest sampling interval to use, in microseconds.
    #[attr(admin_rw)]
    min_sample_us: Value<usize>,

    /// The longest sampling interval to use, in microseconds.
    #[attr(admin_rw)]
    max_sample_us: Value<usize>,
}
