// SPDX-License-Identifier: GPL-2.0

//! Moving sums of the accesses to a region.
//!
//! The count of the current aggregation interval is not complete. What is missing is taken from the
//! last interval, in proportion to the time that is left.

use crate::prelude::*;

/// Returns a moving sum.
pub(crate) fn damon_mvsum(current_nr: usize, last_nr: usize, left_window_bp: usize) -> usize {
    // The divisor is not zero.
    current_nr.wrapping_add(mult_frac(last_nr, left_window_bp, BP).unwrap_or(0))
}

/// How much of the current aggregation interval is left.
///
/// It is the same for all regions of a context at a time, hence is computed once for all of them.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    left_bp: usize,
}

impl Window {
    /// Returns what is left now.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        let attrs = ctx.raw_attrs();
        let (passed, next) = (ctx.passed_sample_intervals(), ctx.next_aggregation_sis());
        let of = [attrs.sample_interval, attrs.aggr_interval, passed, next];
        let last = ctx.left_window.get();
        if let (true, Some(left_bp)) = (last.of == of, last.left_bp) {
            return Self { left_bp };
        }
        let left = if time_after_eq(passed, next) {
            0
        } else {
            next.wrapping_sub(passed)
        };
        // Valid attributes make an interval of one sample at least.
        let len = attrs.aggr_interval.max(1) / attrs.sample_interval.max(1);
        let left_bp = mult_frac(left, BP, len).unwrap_or(0);
        ctx.left_window.set(LeftWindow {
            of,
            left_bp: Some(left_bp),
        });
        Self { left_bp }
    }

    /// Returns the accesses to a region in the last aggregation interval, up to now.
    /// Corresponds to `damon_nr_accesses_mvsum()`.
    pub(crate) fn nr_accesses(self, region: &Region) -> u32 {
        if self.left_bp == BP {
            return region.last_nr_accesses();
        }
        if self.left_bp == 0 {
            return region.nr_accesses();
        }
        // CAST: `usize` has at least 32 bits, and C truncates as well.
        damon_mvsum(
            region.nr_accesses() as usize,
            region.last_nr_accesses() as usize,
            self.left_bp,
        ) as u32
    }

    /// Returns the hits of a probe in the last aggregation interval, up to now.
    /// Corresponds to `damon_probe_hits_mvsum()`.
    pub(crate) fn probe_hits(self, region: &Region, probe: usize) -> u8 {
        let hits = region.probe_hits().get(probe).copied().unwrap_or(0);
        let last_hits = region.last_probe_hits().get(probe).copied().unwrap_or(0);
        if self.left_bp == BP {
            return last_hits;
        }
        let sum = damon_mvsum(usize::from(hits), usize::from(last_hits), self.left_bp);
        u8::try_from(sum).unwrap_or(u8::MAX)
    }
}
