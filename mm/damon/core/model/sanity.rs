// SPDX-License-Identifier: GPL-2.0

//! The checks of `CONFIG_DAMON_DEBUG_SANITY`.
//!
//! Each one warns once. Without the option, nothing is left of them.

use crate::prelude::*;

/// Whether the checks are made.
const ENABLED: bool = cfg!(CONFIG_DAMON_DEBUG_SANITY);

/// Warns once if a condition is met.
macro_rules! warn_once {
    ($cond:expr, $($message:tt)*) => {
        if ENABLED && $cond {
            kernel::pr_warn_once!($($message)*);
            ::kernel::do_once_lite! {
                kernel::warn_on!(true);
            }
        }
    };
}

/// Corresponds to `damon_verify_new_region()`.
pub(crate) fn verify_new_region(start: usize, end: usize) {
    warn_once!(start >= end, "start {} >= end {}\n", start, end);
}

/// Corresponds to `damon_verify_del_region()`.
pub(crate) fn verify_del_region(target: &Target) {
    warn_once!(target.nr_regions() == 0, "t->nr_regions == 0\n");
}

/// Corresponds to `damon_verify_merge_two_regions()`.
pub(crate) fn verify_merge(l: &Region, r: &Region) {
    warn_once! {
        l.start() >= l.end(),
        "l: {}-{}, r: {}-{}\n", l.start(), l.end(), r.start(), r.end()
    }
}

/// Corresponds to `damon_verify_split_region_at()`.
pub(crate) fn verify_split(region: &Region, sz: usize) {
    warn_once! {
        sz == 0 || sz >= region.sz(),
        "sz_r: {} r: {}-{} ({})\n", sz, region.start(), region.end(), region.sz()
    }
}

/// Corresponds to `damon_verify_ctx()`.
pub(crate) fn verify_ctx(ctx: &Context<'_>) {
    if !ENABLED {
        return;
    }
    for target in ctx.targets().iter() {
        let mut prev_end = 0;
        let mut nr_regions: u32 = 0;
        for region in target.regions().iter() {
            let (start, end) = (region.start(), region.end());
            warn_once!(start >= end, "region start ({}) >= end ({})\n", start, end);
            warn_once!(
                prev_end > start,
                "region overlap ({} > {})\n",
                prev_end,
                start
            );
            prev_end = end;
            nr_regions = nr_regions.wrapping_add(1);
        }
        warn_once! {
            target.nr_regions() != nr_regions,
            "nr_regions mismatch: {} != {}\n", target.nr_regions(), nr_regions
        }
    }
}
