// SPDX-License-Identifier: GPL-2.0

//! Parameters of schemes.

use super::Quota;
use crate::bindings;

/// What a scheme does with the memory that fits.
///
/// Which actions have an effect depends on the [operations](super::OpsId).
///
/// Corresponds to the C `enum damos_action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_action")]
pub enum Action {
    /// `madvise()` with `MADV_WILLNEED`.
    WillNeed,
    /// `madvise()` with `MADV_COLD`.
    Cold,
    /// Reclaim.
    Pageout,
    /// `madvise()` with `MADV_HUGEPAGE`.
    HugePage,
    /// `madvise()` with `MADV_NOHUGEPAGE`.
    NoHugePage,
    /// `madvise()` with `MADV_COLLAPSE`.
    Collapse,
    /// Prioritize on the LRU lists.
    LruPrio,
    /// Deprioritize on the LRU lists.
    LruDeprio,
    /// Migrate to other nodes, the hottest first.
    MigrateHot,
    /// Migrate to other nodes, the coldest first.
    MigrateCold,
    /// Nothing but count for the [statistics](super::Stat).
    Stat,
}

impl Action {
    /// Returns the C value.
    pub(super) fn into_raw(self) -> bindings::damos_action {
        match self {
            Self::WillNeed => bindings::damos_action_DAMOS_WILLNEED,
            Self::Cold => bindings::damos_action_DAMOS_COLD,
            Self::Pageout => bindings::damos_action_DAMOS_PAGEOUT,
            Self::HugePage => bindings::damos_action_DAMOS_HUGEPAGE,
            Self::NoHugePage => bindings::damos_action_DAMOS_NOHUGEPAGE,
            Self::Collapse => bindings::damos_action_DAMOS_COLLAPSE,
            Self::LruPrio => bindings::damos_action_DAMOS_LRU_PRIO,
            Self::LruDeprio => bindings::damos_action_DAMOS_LRU_DEPRIO,
            Self::MigrateHot => bindings::damos_action_DAMOS_MIGRATE_HOT,
            Self::MigrateCold => bindings::damos_action_DAMOS_MIGRATE_COLD,
            Self::Stat => bindings::damos_action_DAMOS_STAT,
        }
    }
}

/// The regions that fit into a scheme.
///
/// All limits are inclusive. Nothing fits if a minimum is larger than its maximum.
///
/// Corresponds to the C `struct damos_access_pattern`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_access_pattern")]
pub struct AccessPattern {
    /// Minimum size, in units of the core addresses.
    pub min_sz_region: usize,
    /// Maximum size, in units of the core addresses.
    pub max_sz_region: usize,
    /// Minimum number of samplings, in an aggregation, that found an access.
    pub min_nr_accesses: u32,
    /// Maximum number of samplings, in an aggregation, that found an access.
    pub max_nr_accesses: u32,
    /// Minimum age, in aggregations.
    pub min_age_region: u32,
    /// Maximum age, in aggregations.
    pub max_age_region: u32,
}

impl AccessPattern {
    /// The pattern that each region has.
    pub const ANY: Self = Self {
        min_sz_region: 0,
        max_sz_region: usize::MAX,
        min_nr_accesses: 0,
        max_nr_accesses: u32::MAX,
        min_age_region: 0,
        max_age_region: u32::MAX,
    };

    /// Returns the C structure.
    pub(super) fn to_raw(self) -> bindings::damos_access_pattern {
        bindings::damos_access_pattern {
            min_sz_region: self.min_sz_region,
            max_sz_region: self.max_sz_region,
            min_nr_accesses: self.min_nr_accesses,
            max_nr_accesses: self.max_nr_accesses,
            min_age_region: self.min_age_region,
            max_age_region: self.max_age_region,
        }
    }
}

/// What [`Watermarks`] measure.
///
/// Corresponds to the C `enum damos_wmark_metric`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damos_wmark_metric")]
pub enum WmarkMetric {
    /// Nothing: the scheme is always active.
    #[default]
    None,
    /// Free memory of the system, per thousand.
    FreeMemRate,
}

/// When a scheme is active.
///
/// It is inactive while the metric is above the high or below the low watermark, and becomes active
/// when the metric is between the low and the middle one. If all schemes of a context are inactive
/// then the monitoring pauses too.
///
/// Corresponds to the public part of the C `struct damos_watermarks`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damos_watermarks")]
pub struct Watermarks {
    /// What is measured.
    pub metric: WmarkMetric,
    /// Time between two checks while the scheme is inactive, in microseconds.
    pub interval_us: usize,
    /// High watermark, in units of the metric.
    pub high: usize,
    /// Middle watermark.
    pub mid: usize,
    /// Low watermark.
    pub low: usize,
}

impl Watermarks {
    /// Returns the C structure.
    pub(super) fn to_raw(self) -> bindings::damos_watermarks {
        bindings::damos_watermarks {
            metric: match self.metric {
                WmarkMetric::None => bindings::damos_wmark_metric_DAMOS_WMARK_NONE,
                WmarkMetric::FreeMemRate => bindings::damos_wmark_metric_DAMOS_WMARK_FREE_MEM_RATE,
            },
            interval: self.interval_us,
            high: self.high,
            mid: self.mid,
            low: self.low,
            // Private to the core.
            activated: false,
        }
    }
}

/// Parameters of a scheme: what to do (DAMOS) with memory that is accessed in some way.
///
/// Filters, goals and destinations are [added](super::Context::add_scheme) later.
///
/// Corresponds to the parameters of the C function `damon_new_scheme()`.
///
/// # Examples
///
/// ```
/// use kernel::damon::{
///     AccessPattern,
///     Action,
///     Quota,
///     Scheme, //
/// };
///
/// // Reclaim what was not accessed for 10 aggregations, 1 MiB each second at most.
/// let scheme = Scheme {
///     pattern: AccessPattern {
///         max_nr_accesses: 0,
///         min_age_region: 10,
///         ..AccessPattern::ANY
///     },
///     quota: Quota {
///         reset_interval_ms: 1_000,
///         sz: 1 << 20,
///         ..Quota::default()
///     },
///     ..Scheme::new(Action::Pageout)
/// };
/// assert_eq!(scheme.apply_interval_us, 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos")]
pub struct Scheme {
    /// The regions that fit.
    pub pattern: AccessPattern,
    /// What to do with them.
    pub action: Action,
    /// Time between two applications of the action, in microseconds.
    ///
    /// Zero for the [aggregation interval](super::Attrs::aggr_interval).
    pub apply_interval_us: usize,
    /// Limits to how much is done.
    pub quota: Quota,
    /// When the scheme is active.
    pub watermarks: Watermarks,
    /// The node to migrate to, if there are no other
    /// [destinations](super::SchemeMut::set_dests).
    ///
    /// Nothing is migrated to a node that does not exist, for example one with a negative number.
    pub target_nid: i32,
}

impl Scheme {
    /// Returns the parameters of a scheme that applies `action` to all regions, in each
    /// aggregation, without limit, and knows no node to migrate to.
    pub fn new(action: Action) -> Self {
        Self {
            pattern: AccessPattern::ANY,
            action,
            apply_interval_us: 0,
            quota: Quota::default(),
            watermarks: Watermarks::default(),
            target_nid: bindings::NUMA_NO_NODE,
        }
    }
}
