// SPDX-License-Identifier: GPL-2.0

//! Tracepoints.
//!
//! C header: [`include/trace/events/damon.h`](srctree/include/trace/events/damon.h)

use crate::prelude::*;

/// The declarations, whose arguments are pointers.
mod raw {
    use crate::prelude::*;
    use kernel::tracepoint::declare_trace;

    declare_trace! {
        /// # Safety
        ///
        /// `stat` must be valid.
        pub(super) unsafe fn damos_stat_after_apply_interval(
            context_idx: u32, scheme_idx: u32, stat: *mut bindings::damos_stat,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn damos_esz(context_idx: u32, scheme_idx: u32, esz: usize);
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damos_before_apply(
            context_idx: u32, scheme_idx: u32, target_idx: u32,
            r: *mut bindings::damon_region, nr_accesses: u32, nr_regions: u32,
            do_trace: bool,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn damon_monitor_intervals_tune(sample_us: usize);
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damon_region_aggregated(
            target_id: u32, r: *mut bindings::damon_region, nr_regions: u32,
            nr_probes: u32,
        );
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damon_aggregated(
            target_id: u32, r: *mut bindings::damon_region, nr_regions: u32,
        );
    }
}

/// Defines functions that tell whether a tracepoint is enabled.
macro_rules! enabled {
    ($($name:ident = $tracepoint:ident;)+) => { $(
        pub(crate) fn $name() -> bool {
            #[cfg(CONFIG_TRACEPOINTS)]
            // SAFETY: This is the static key of a tracepoint.
            return unsafe {
                kernel::jump_label::static_branch_unlikely!(
                    kernel::bindings::$tracepoint,
                    kernel::bindings::tracepoint,
                    key
                )
            };
            #[cfg(not(CONFIG_TRACEPOINTS))]
            false
        }
    )+ };
}

enabled! {
    damon_aggregated_enabled = __tracepoint_damon_aggregated;
    damon_region_aggregated_enabled = __tracepoint_damon_region_aggregated;
    damos_before_apply_enabled = __tracepoint_damos_before_apply;
}

/// Returns whether the results of an aggregation interval are traced.
pub(crate) fn aggregated_enabled() -> bool {
    damon_aggregated_enabled() || damon_region_aggregated_enabled()
}

/// The index of a context. A kdamond has one only.
const CONTEXT_IDX: u32 = 0;

/// What a scheme has done until the end of an apply interval.
pub(crate) fn damos_stat_after_apply_interval(scheme_idx: u32, scheme: &Scheme) {
    let mut stat = scheme.stat();
    // SAFETY: The statistics are on the stack.
    unsafe { raw::damos_stat_after_apply_interval(CONTEXT_IDX, scheme_idx, &mut stat) };
}

/// The effective quota of a scheme.
pub(crate) fn damos_esz(scheme_idx: u32, esz: usize) {
    // SAFETY: The tracepoint takes any numbers, and no pointers.
    unsafe { raw::damos_esz(CONTEXT_IDX, scheme_idx, esz) };
}

/// A region that a scheme is going to be applied to.
pub(crate) fn damos_before_apply(
    scheme_idx: u32,
    target_idx: u32,
    region: &Region,
    nr_accesses: u32,
    nr_regions: u32,
) {
    // SAFETY: The region is valid as long as the reference, and no other thread uses it.
    unsafe {
        raw::damos_before_apply(
            CONTEXT_IDX,
            scheme_idx,
            target_idx,
            region.as_ptr(),
            nr_accesses,
            nr_regions,
            true,
        );
    };
}

/// A new sampling interval, from tuning.
pub(crate) fn damon_monitor_intervals_tune(sample_us: usize) {
    // SAFETY: The tracepoint takes any numbers, and no pointers.
    unsafe { raw::damon_monitor_intervals_tune(sample_us) };
}

/// The probe hits of a region in an aggregation interval.
pub(crate) fn damon_region_aggregated(
    target_id: u32,
    region: &Region,
    nr_regions: u32,
    nr_probes: u32,
) {
    // SAFETY: The region is valid as long as the reference, and no other thread uses it.
    unsafe { raw::damon_region_aggregated(target_id, region.as_ptr(), nr_regions, nr_probes) };
}

/// The accesses to a region in an aggregation interval.
pub(crate) fn damon_aggregated(target_id: u32, region: &Region, nr_regions: u32) {
    // SAFETY: The region is valid as long as the reference, and no other thread uses it.
    unsafe { raw::damon_aggregated(target_id, region.as_ptr(), nr_regions) };
}
