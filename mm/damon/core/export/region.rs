// SPDX-License-Identifier: GPL-2.0

//! Functions for targets and their regions.

use super::{
    borrow,
    context,
    errno,
    from_c,
    into_c, //
};
use crate::{
    model::{
        del,
        AddrRange,
        Mut,
        Parts,
        Region,
        Target, //
    },
    mvsum::Window,
    probes::Weights,
    regions, //
};
use core::slice;
use kernel::{
    bindings,
    num::casts::FromSafeCast,
    prelude::*, //
};

/// Allocates a region of the addresses from `start` to before `end`.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call once DAMON is initialized.
#[export]
pub(crate) unsafe extern "C" fn damon_new_region(
    start: usize,
    end: usize,
) -> *mut bindings::damon_region {
    into_c(Region::new(start, end))
}

/// Returns the accesses to a region in the last aggregation interval, up to now.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_nr_accesses_mvsum(
    r: *mut bindings::damon_region,
    ctx: *mut bindings::damon_ctx,
) -> u32 {
    // SAFETY: By the function's contract.
    let (region, ctx) = unsafe { (Region::from_raw(r), context(ctx)) };
    Window::of(&ctx).nr_accesses(region)
}

/// Returns the hits of a probe in the last aggregation interval, up to now.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_probe_hits_mvsum(
    probe_idx: i32,
    r: *mut bindings::damon_region,
    ctx: *mut bindings::damon_ctx,
) -> u8 {
    // SAFETY: By the function's contract.
    let (region, ctx) = unsafe { (Region::from_raw(r), context(ctx)) };
    usize::try_from(probe_idx).map_or(0, |probe| Window::of(&ctx).probe_hits(region, probe))
}

/// Returns the weighted sum of the hits of all probes in the last aggregation interval, or in the
/// current one so far.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_probe_hits_wsum(
    r: *mut bindings::damon_region,
    last: bool,
    ctx: *mut bindings::damon_ctx,
) -> u32 {
    // SAFETY: By the function's contract.
    let (region, ctx) = unsafe { (Region::from_raw(r), context(ctx)) };
    Weights::of(&ctx).sum(if last {
        region.last_probe_hits()
    } else {
        region.probe_hits()
    })
}

/// Fits the regions of a target to address ranges.
///
/// # Safety
///
/// The contract of this module, and `ranges` must point to `nr_ranges` ranges.
#[export]
pub(crate) unsafe extern "C" fn damon_set_regions(
    t: *mut bindings::damon_target,
    ranges: *mut bindings::damon_addr_range,
    nr_ranges: u32,
    min_region_sz: usize,
) -> i32 {
    let ranges: &[AddrRange] = if nr_ranges == 0 {
        &[]
    } else {
        // SAFETY: By the function's contract.
        unsafe { slice::from_raw_parts(ranges, usize::from_safe_cast(nr_ranges)) }
    };
    // SAFETY: By the function's contract.
    let mut target: Mut<'_, Target> = unsafe { borrow(t) };
    errno(regions::damon_set_regions(
        &mut target.regions_mut(),
        ranges,
        min_region_sz,
    ))
}

/// Sets the regions of a target to an address range, or to all system RAM if both are zero.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_set_region_system_rams_default(
    t: *mut bindings::damon_target,
    start: *mut usize,
    end: *mut usize,
    addr_unit: usize,
    min_region_sz: usize,
) -> i32 {
    // SAFETY: By the function's contract.
    let given = unsafe {
        AddrRange {
            start: *start,
            end: *end,
        }
    };
    // SAFETY: By the function's contract.
    let mut target: Mut<'_, Target> = unsafe { borrow(t) };
    let store = |range: AddrRange| {
        // SAFETY: By the function's contract.
        unsafe {
            *start = range.start;
            *end = range.end;
        }
    };
    errno(regions::damon_set_region_system_rams_default(
        &mut target,
        given,
        addr_unit,
        min_region_sz,
        store,
    ))
}

/// Counts an access to a region, if there was one.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_update_region_access_rate(
    r: *mut bindings::damon_region,
    accessed: bool,
) {
    // SAFETY: By the function's contract.
    let region = unsafe { Region::from_raw(r) };
    region.set_nr_accesses(region.nr_accesses().wrapping_add(u32::from(accessed)));
}

/// Allocates a target without regions.
///
/// Returns null if there is no memory.
///
/// # Safety
///
/// Always safe to call.
#[export]
pub(crate) unsafe extern "C" fn damon_new_target() -> *mut bindings::damon_target {
    into_c(Target::new())
}

/// Adds a target to a context.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_add_target(
    ctx: *mut bindings::damon_ctx,
    t: *mut bindings::damon_target,
) {
    // SAFETY: By the function's contract.
    let (mut ctx, target) = unsafe { (context(ctx), from_c(t)) };
    ctx.targets_mut().push(target);
}

/// Returns whether a context has no targets.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_targets_empty(ctx: *mut bindings::damon_ctx) -> bool {
    // SAFETY: By the function's contract.
    unsafe { context(ctx) }.targets().is_empty()
}

/// Frees a target that is in no context.
///
/// # Safety
///
/// The contract of this module, and the target must be in no list.
#[export]
pub(crate) unsafe extern "C" fn damon_free_target(t: *mut bindings::damon_target) {
    // SAFETY: By the function's contract.
    drop::<crate::model::Owned<Target>>(unsafe { from_c(t) });
}

/// Removes a target from its context and frees it.
///
/// `ctx` is null if the target is in no context.
///
/// # Safety
///
/// The contract of this module. A target that is in no context must be in no list.
#[export]
pub(crate) unsafe extern "C" fn damon_destroy_target(
    t: *mut bindings::damon_target,
    ctx: *mut bindings::damon_ctx,
) {
    if !ctx.is_null() {
        // SAFETY: By the function's contract, and it is not null.
        let mut ctx = unsafe { context(ctx) };
        let Parts {
            ops, mut targets, ..
        } = ctx.parts();
        let mut cursor = targets.cursor();
        while let Some(target) = cursor.current() {
            if target.is(t) {
                ops.destroy_target(&mut cursor);
                return;
            }
            cursor.move_next();
        }
        return;
    }
    // SAFETY: By the function's contract; a link that is in no list is a list of its own.
    unsafe { del(&raw mut (*t).list) };
    // SAFETY: By the function's contract, and it is in no list now.
    drop(unsafe { from_c::<Target, _>(t) });
}

/// Returns how many regions a target has.
///
/// # Safety
///
/// The contract of this module.
#[export]
pub(crate) unsafe extern "C" fn damon_nr_regions(t: *mut bindings::damon_target) -> u32 {
    // SAFETY: By the function's contract.
    unsafe { Target::from_raw(t) }.nr_regions()
}
