// SPDX-License-Identifier: GPL-2.0

//! `watermarks/`: when a scheme is active.

use kernel::{
    damon::{
        Watermarks as DamonWatermarks, //
        WmarkMetric,
    },
    kobject::{
        sysfs_dir,
        Keyword,
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
    }, //
};

/// What the watermarks are compared with.
#[derive(Clone, Copy, Keyword)]
enum Metric {
    /// Nothing: the scheme is always active.
    None,
    /// The free memory of the system, per thousand.
    FreeMemRate,
}

/// When a scheme is active.
#[sysfs_dir]
pub(super) struct Watermarks {
    /// What the watermarks are compared with.
    #[attr(admin_rw, default = Metric::None)]
    metric: Value<Metric>,

    /// How often that is done, in microseconds.
    #[attr(admin_rw)]
    interval_us: Value<usize>,

    /// Above this the scheme becomes inactive.
    #[attr(admin_rw)]
    high: Value<usize>,

    /// Below this, but not below `low`, the scheme becomes active.
    #[attr(admin_rw)]
    mid: Value<usize>,

    /// Below this the scheme becomes inactive.
    #[attr(admin_rw)]
    low: Value<usize>,
}

impl Watermarks {
    /// Checks that they are not compared more often than is allowed.
    ///
    /// Fails with `EINVAL`.
    pub(super) fn check(&self, grant: Grant<'_>) -> Outcome {
        let (interval, limit) = (self.interval_us.get(), grant.limits().min_sample_us);

        match self.metric.get() {
            Metric::FreeMemRate if interval < limit => {
                let reason = Reason::Below("interval_us", interval, "the limit", limit);

                Err(Refusal::new(EINVAL, reason))
            }
            Metric::FreeMemRate | Metric::None => Ok(()),
        }
    }

    pub(super) fn watermarks(&self) -> DamonWatermarks {
        DamonWatermarks {
            metric: match self.metric.get() {
                Metric::None => WmarkMetric::None,
                Metric::FreeMemRate => WmarkMetric::FreeMemRate,
            },
            interval_us: self.interval_us.get(),
            high: self.high.get(),
            mid: self.mid.get(),
            low: self.low.get(),
        }
    }
}
