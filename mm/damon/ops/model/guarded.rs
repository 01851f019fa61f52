// SPDX-License-Identifier: GPL-2.0

//! What is needed for virtual address spaces that a user looks at.

use super::{
    Context,
    Region,
    Target, //
};
use crate::guarded;
use core::{
    ops::Range,
    ptr, //
};
use kernel::{
    bindings,
    damon::{
        guard::{
            Checked,
            Look,
            Visible, //
        },
        Viewer, //
    },
    page::PAGE_SIZE,
    pid::Pid,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

/// The ranges around the two largest gaps of an address space.
type ThreeRegions = [bindings::damon_addr_range; 3];

impl<'a> Context<'a> {
    /// The user that the context is for.
    pub(crate) fn viewer(&self) -> Option<&'a Viewer> {
        // SAFETY: The context is valid for `'a`, and it is its kdamond that runs operations.
        unsafe { Viewer::of_context(self.0.get()) }
    }

    /// Sets the regions of targets to what `find` returns for them, if it does.
    pub(crate) fn set_regions(&mut self, mut find: impl FnMut(&Target) -> Option<ThreeRegions>) {
        for target in self.targets().iter() {
            let Some(mut ranges) = find(target) else {
                continue;
            };
            // Without memory, monitoring goes on with what there is.
            // SAFETY: The target is valid, and only this thread uses it. Nothing has borrowed its
            // regions: `find` has returned, and we borrow the context exclusively.
            let _ = unsafe {
                bindings::damon_set_regions(target.0.get(), ranges.as_mut_ptr(), 3, PAGE_SIZE)
            };
        }
    }
}

impl Target {
    /// Calls `f` with the process, if the user may look at it now.
    ///
    /// What he may not look at is let go of: the target is [gone](Self::is_alive) from then on.
    pub(crate) fn look<R>(&self, viewer: &Viewer, f: impl FnOnce(&Checked<'_>) -> R) -> Option<R> {
        // SAFETY: The target has a reference to its pid, if it has one, until it is let go of.
        let pid = unsafe { Pid::from_raw((*self.0.get()).pid) }?;
        // It may be let go of while `f` runs.
        let pid: ARef<Pid> = pid.into();
        match viewer.look(&pid, f) {
            Look::Seen(found) => Some(found),
            Look::NotNow => None,
            Look::Refused => {
                self.let_go();
                None
            }
        }
    }

    /// Lets go of the process.
    fn let_go(&self) {
        // SAFETY: Nobody but this thread uses the target.
        let pid = unsafe { ptr::replace(&raw mut (*self.0.get()).pid, ptr::null_mut()) };
        // SAFETY: The target had a reference to it, which is given back here.
        unsafe { bindings::put_pid(pid) };
    }
}

/// A scheme, `struct damos`.
pub(crate) struct Scheme<'a>(&'a Opaque<bindings::damos>);

impl Scheme<'_> {
    /// Returns whether its action does nothing but count.
    pub(crate) fn only_counts(&self) -> bool {
        // SAFETY: The scheme is valid, and nobody but this thread uses it.
        unsafe { (*self.0.get()).action == bindings::damos_action_DAMOS_STAT }
    }

    /// Returns whether it has filters that operations handle.
    pub(crate) fn has_filter(&self) -> bool {
        // SAFETY: The scheme is valid, and nobody but this thread uses it.
        unsafe { bindings::damos_ops_has_filter(self.0.get()) }
    }
}

/// Returns whether somebody wants the current kdamond to end.
pub(crate) fn should_stop() -> bool {
    // SAFETY: Always safe to call.
    unsafe { bindings::damon_core_should_stop() }
}

/// Returns the regions that an address space is monitored with, unless it is being changed.
pub(crate) fn three_regions(checked: &Checked<'_>) -> Option<ThreeRegions> {
    let mut regions: ThreeRegions = pin_init::zeroed();
    checked.with_areas_locked(|mm| {
        // SAFETY: The address space has users, and its areas are locked.
        let err = unsafe { bindings::damon_ops_va_three_regions(mm, regions.as_mut_ptr()) };
        (err == 0).then_some(regions)
    })?
}

/// Marks what an address of an area maps as not accessed, whatever that is.
pub(crate) fn mkold_in(area: &Visible<'_>, addr: usize) {
    if (area.start()..area.end()).contains(&addr) {
        // SAFETY: The area is locked as it says, and the address is in it.
        unsafe { bindings::damon_ops_va_mkold_area(area.as_ptr(), addr, area.mmap_locked()) };
    }
}

/// Returns whether what an address of an area maps was accessed, whatever that is.
pub(crate) fn young_in(area: &Visible<'_>, addr: usize) -> bool {
    (area.start()..area.end()).contains(&addr) && {
        // SAFETY: The area is locked as it says, and the address is in it.
        unsafe { bindings::damon_ops_va_young_area(area.as_ptr(), addr, area.mmap_locked()) }
    }
}

/// Adds how many bytes of a range of an area pass the filters of a scheme.
pub(crate) fn stat_in(
    area: &Visible<'_>,
    range: Range<usize>,
    scheme: &mut Scheme<'_>,
    sz_filter_passed: &mut usize,
) {
    if area.start() <= range.start && range.start < range.end && range.end <= area.end() {
        // SAFETY: The area is locked as it says, and the range is in it. The scheme is valid, and
        // borrowed exclusively.
        unsafe {
            bindings::damon_ops_va_stat_area(
                area.as_ptr(),
                range.start,
                range.end,
                area.mmap_locked(),
                scheme.0.get(),
                sz_filter_passed,
            )
        };
    }
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
unsafe extern "C" fn init(ctx: *mut bindings::damon_ctx) {
    // SAFETY: The kdamond that calls has the context for itself until this function returns, which
    // the `Context` does not outlive.
    guarded::init(unsafe { Context::from_raw(ctx) });
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
unsafe extern "C" fn update(ctx: *mut bindings::damon_ctx) {
    // SAFETY: The kdamond that calls has the context for itself until this function returns, which
    // the `Context` does not outlive.
    guarded::update(unsafe { Context::from_raw(ctx) });
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
unsafe extern "C" fn prepare_access_checks(ctx: *mut bindings::damon_ctx) {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    guarded::prepare_access_checks(unsafe { Context::from_raw(ctx) });
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
unsafe extern "C" fn check_accesses(ctx: *mut bindings::damon_ctx) -> c_uint {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    guarded::check_accesses(unsafe { Context::from_raw(ctx) })
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists. The others must be
/// valid, and belong to it; `sz_filter_passed` must be valid for reads and writes.
unsafe extern "C" fn apply_scheme(
    ctx: *mut bindings::damon_ctx,
    target: *mut bindings::damon_target,
    region: *mut bindings::damon_region,
    scheme: *mut bindings::damos,
    sz_filter_passed: *mut usize,
) -> usize {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which nothing here outlives.
    let ctx = unsafe { Context::from_raw(ctx) };
    // SAFETY: The target is in the context, which keeps it until we return. `Target` is a
    // transparent wrapper.
    let target = unsafe { &*target.cast::<Target>() };
    // SAFETY: The region is in the target, which keeps it until we return. `Region` is a
    // transparent wrapper.
    let region = unsafe { &*region.cast::<Region>() };
    // SAFETY: The scheme is in the context, which keeps it until we return. `Opaque` is a
    // transparent wrapper.
    let mut scheme = Scheme(unsafe { &*scheme.cast() });
    // SAFETY: The number is the caller's own, who does not use it until we return.
    let sz_filter_passed = unsafe { &mut *sz_filter_passed };

    guarded::apply_scheme(ctx, target, region, &mut scheme, sz_filter_passed)
}

/// Makes operations for processes those of a user.
///
/// # Safety
///
/// `ops` must be operations for processes, valid for reads and writes.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_guard(ops: *mut bindings::damon_operations) {
    // SAFETY: The caller promises that they are valid.
    let ops = unsafe { &mut *ops };
    // Those for fixed ranges have neither.
    if ops.init.is_some() {
        ops.init = Some(init);
    }
    if ops.update.is_some() {
        ops.update = Some(update);
    }
    ops.prepare_access_checks = Some(prepare_access_checks);
    ops.check_accesses = Some(check_accesses);
    ops.apply_probes = None;
    ops.apply_scheme = Some(apply_scheme);
}
