// SPDX-License-Identifier: GPL-2.0

//! Tracepoints.
//!
//! C header: [`include/trace/events/damon.h`](srctree/include/trace/events/damon.h)

use crate::model::{
    Object,
    Region,
    Scheme, //
};

/// The declarations, whose arguments are pointers.
mod raw {
    use kernel::{
        bindings,
        ffi::{
            c_uint,
            c_ulong, //
        },
        tracepoint::declare_trace, //
    };

    declare_trace! {
        /// # Safety
        ///
        /// `stat` must be valid.
        pub(super) unsafe fn damos_stat_after_apply_interval(
            context_idx: c_uint, scheme_idx: c_uint, stat: *mut bindings::damos_stat,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn damos_esz(context_idx: c_uint, scheme_idx: c_uint, esz: c_ulong);
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damos_before_apply(
            context_idx: c_uint, scheme_idx: c_uint, target_idx: c_uint,
            r: *mut bindings::damon_region, nr_accesses: c_uint, nr_regions: c_uint,
            do_trace: bool,
        );
        /// # Safety
        ///
        /// Always safe to call.
        pub(super) unsafe fn damon_monitor_intervals_tune(sample_us: c_ulong);
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damon_region_aggregated(
            target_id: c_uint, r: *mut bindings::damon_region, nr_regions: c_uint,
            nr_probes: c_uint,
        );
        /// # Safety
        ///
        /// `r` must be valid.
        pub(super) unsafe fn damon_aggregated(
            target_id: c_uint, r: *mut bindings::damon_region, nr_regions: c_uint,
        );
    }
}

/// Defines a function that tells whether a tracepoint is enabled.
macro_rules! enabled {
    ($(#[$meta:meta])* $name:ident, $tracepoint:ident) => {
        $(#[$meta])*
        #[inline]
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
    };
}

enabled! {
    /// Corresponds to `trace_damon_aggregated_enabled()`.
    damon_aggregated_enabled, __tracepoint_damon_aggregated
}
enabled! {
    /// Corresponds to `trace_damon_region_aggregated_enabled()`.
    damon_region_aggregated_enabled, __tracepoint_damon_region_aggregated
}
enabled! {
    /// Corresponds to `trace_damos_before_apply_enabled()`.
    damos_before_apply_enabled, __tracepoint_damos_before_apply
}
/// Returns whether the results of an aggregation interval are traced.
pub(crate) fn aggregated_enabled() -> bool {
    damon_aggregated_enabled() || damon_region_aggregated_enabled()
}

/// The index of a context. A kdamond has one only.
const CONTEXT_IDX: u32 = 0;

/// What a scheme has done until the end of an apply interval.
#[inline]
pub(crate) fn damos_stat_after_apply_interval(scheme_idx: u32, scheme: &Scheme) {
    let mut stat = scheme.stat();
    // SAFETY: The statistics are on the stack.
    unsafe { raw::damos_stat_after_apply_interval(CONTEXT_IDX, scheme_idx, &mut stat) };
}

/// The effective quota of a scheme.
#[inline]
pub(crate) fn damos_esz(scheme_idx: u32, esz: usize) {
    // SAFETY: The tracepoint takes any numbers, and no pointers.
    unsafe { raw::damos_esz(CONTEXT_IDX, scheme_idx, esz) };
}

/// A region that a scheme is going to be applied to.
#[inline]
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
#[inline]
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
#[inline]
pub(crate) fn damon_aggregated(target_id: u32, region: &Region, nr_regions: u32) {
    // SAFETY: The region is valid as long as the reference, and no other thread uses it.
    unsafe { raw::damon_aggregated(target_id, region.as_ptr(), nr_regions) };
}
