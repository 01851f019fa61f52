// SPDX-License-Identifier: GPL-2.0

//! Monitoring attributes.

use crate::bindings;

/// A goal for the automatic tuning of the monitoring intervals.
///
/// DAMON tunes [`Attrs::sample_interval`] and [`Attrs::aggr_interval`], keeping their ratio, aiming
/// at the given part of the theoretical maximum of accesses being observed.
///
/// The tuning is off, and the rest ignored, if [`aggrs`](Self::aggrs) is zero; which is the
/// default.
///
/// Corresponds to the C `struct damon_intervals_goal`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damon_intervals_goal")]
pub struct IntervalsGoal {
    /// Ratio of observed access events to aim at, in basis points (1/10,000).
    pub access_bp: usize,
    /// Number of aggregations within which to achieve [`access_bp`](Self::access_bp).
    pub aggrs: usize,
    /// Minimum of the resulting sampling interval, in microseconds.
    pub min_sample_us: usize,
    /// Maximum of the resulting sampling interval, in microseconds.
    pub max_sample_us: usize,
}

/// Attributes that control the accuracy and the overhead of the monitoring.
///
/// All intervals are in microseconds. Which values go together is checked where they are
/// [set](super::Context::set_attrs).
///
/// Corresponds to the C `struct damon_attrs`.
///
/// # Examples
///
/// ```
/// use kernel::damon::Attrs;
///
/// let attrs = Attrs::default();
/// assert_eq!(attrs.sample_interval, 5_000);
/// assert_eq!(attrs.aggr_interval, 100_000);
/// assert_eq!(attrs.ops_update_interval, 60_000_000);
/// assert_eq!(attrs.min_nr_regions, 10);
/// assert_eq!(attrs.max_nr_regions, 1_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damon_attrs")]
pub struct Attrs {
    /// Time between two samplings of the accesses, in microseconds.
    ///
    /// Zero samples as often as possible, and counts as one in calculations.
    pub sample_interval: usize,
    /// Time between two aggregations of the samples, in microseconds.
    ///
    /// Not less than [`sample_interval`](Self::sample_interval).
    pub aggr_interval: usize,
    /// Time between two updates of the operations, for example for new mappings of a process, in
    /// microseconds.
    pub ops_update_interval: usize,
    /// Goal of the automatic tuning of the intervals.
    ///
    /// If the tuning is on, [`sample_interval`](Self::sample_interval) must be in the range of the
    /// goal.
    pub intervals_goal: IntervalsGoal,
    /// Minimum number of adaptive monitoring regions; three or more.
    pub min_nr_regions: usize,
    /// Maximum number of adaptive monitoring regions.
    ///
    /// Not less than [`min_nr_regions`](Self::min_nr_regions).
    pub max_nr_regions: usize,
}

/// The attributes of a new context: sample each 5 milliseconds, aggregate each 100 milliseconds,
/// update the operations each minute, 10 to 1,000 regions, no automatic tuning.
impl Default for Attrs {
    fn default() -> Self {
        Self {
            sample_interval: 5_000,
            aggr_interval: 100_000,
            ops_update_interval: 60_000_000,
            intervals_goal: IntervalsGoal::default(),
            min_nr_regions: 10,
            max_nr_regions: 1_000,
        }
    }
}

impl Attrs {
    /// Copies the public part of a C `struct damon_attrs`.
    pub(super) fn from_raw(attrs: &bindings::damon_attrs) -> Self {
        let goal = &attrs.intervals_goal;

        Self {
            sample_interval: attrs.sample_interval,
            aggr_interval: attrs.aggr_interval,
            ops_update_interval: attrs.ops_update_interval,
            intervals_goal: IntervalsGoal {
                access_bp: goal.access_bp,
                aggrs: goal.aggrs,
                min_sample_us: goal.min_sample_us,
                max_sample_us: goal.max_sample_us,
            },
            min_nr_regions: attrs.min_nr_regions,
            max_nr_regions: attrs.max_nr_regions,
        }
    }

    /// Returns a C `struct damon_attrs` for `damon_set_attrs()`.
    pub(super) fn to_raw(self) -> bindings::damon_attrs {
        let goal = &self.intervals_goal;

        bindings::damon_attrs {
            sample_interval: self.sample_interval,
            aggr_interval: self.aggr_interval,
            ops_update_interval: self.ops_update_interval,
            intervals_goal: bindings::damon_intervals_goal {
                access_bp: goal.access_bp,
                aggrs: goal.aggrs,
                min_sample_us: goal.min_sample_us,
                max_sample_us: goal.max_sample_us,
            },
            min_nr_regions: self.min_nr_regions,
            max_nr_regions: self.max_nr_regions,
            // Private to the core: zero asks `damon_set_attrs()` to calculate it.
            aggr_samples: 0,
        }
    }
}
