// SPDX-License-Identifier: GPL-2.0

//! `monitoring_attrs/`: how accurate and how expensive the monitoring is.

use kernel::{
    damon,
    kobject::{
        sysfs_dir,
        Subdir,
        Value, //
    }, //
};

use crate::ul_range::UlRange;

mod probes;

use self::probes::Probes;

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
    #[dir]
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
    #[attr(rw, default = 5_000)]
    sample_us: Value<usize>,

    /// How often the samples are summed up, in microseconds.
    #[attr(rw, default = 100_000)]
    aggr_us: Value<usize>,

    /// How often the regions follow changes of the address space, in microseconds.
    #[attr(rw, default = 60_000_000)]
    update_us: Value<usize>,

    /// What the kernel tunes the first two intervals for.
    #[dir]
    intervals_goal: Subdir<IntervalsGoal>,
}

/// What the kernel tunes the sampling and the aggregation interval for.
#[sysfs_dir]
struct IntervalsGoal {
    /// The ratio of observed accesses to aim at, in basis points.
    #[attr(rw)]
    access_bp: Value<usize>,

    /// The number of aggregations to achieve that within; 0 means no tuning.
    #[attr(rw)]
    aggrs: Value<usize>,

    /// The shortest sampling interval to use, in microseconds.
    #[attr(rw)]
    min_sample_us: Value<usize>,

    /// The longest sampling interval to use, in microseconds.
    #[attr(rw)]
    max_sample_us: Value<usize>,
}
