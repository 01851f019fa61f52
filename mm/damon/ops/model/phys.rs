// SPDX-License-Identifier: GPL-2.0

//! What is needed for the physical address space.

use super::{
    Context,
    Region,
    Target, //
};
use crate::paddr;
use core::{
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    interop::list::{
        clist_create,
        CList, //
    },
    mm::folio::Folio,
    page::PAGE_SHIFT,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

/// A list of probes.
pub(crate) type Probes = CList<Probe, { offset_of!(bindings::damon_probe, list) }>;

impl Context<'_> {
    /// The probes.
    pub(crate) fn probes(&self) -> &Probes {
        // SAFETY: The context is valid. Its list of probes has been initialized, links the `list`
        // of each probe, and does not change meanwhile, as only this thread uses it.
        unsafe {
            clist_create!(
                &raw mut (*self.0.get()).probes,
                Probe,
                bindings::damon_probe,
                list
            )
        }
    }

    /// How many bytes a step of an address of a region stands for.
    pub(crate) fn addr_unit(&self) -> usize {
        // SAFETY: The context is valid, and nobody but this thread uses it.
        unsafe { (*self.0.get()).addr_unit }
    }

    /// The weighted sum of the hits of probes that a region has.
    pub(crate) fn probe_hits_wsum(&self, region: &Region) -> u32 {
        // SAFETY: The context and the region are valid as long as they are borrowed, and nobody but
        // this thread, which only reads their probes and hits here, uses them.
        unsafe { bindings::damon_probe_hits_wsum(region.0.get(), false, self.0.get()) }
    }
}

impl Target {
    /// How many regions there are.
    pub(crate) fn nr_regions(&self) -> usize {
        // SAFETY: Nobody but this thread uses the target. CAST: No `usize` has fewer bits.
        unsafe { (*self.0.get()).nr_regions as usize }
    }
}

impl Region {
    /// Counts a hit of the probe of this number, as far as there is room for it.
    pub(crate) fn add_probe_hit(&self, nr: usize) {
        // SAFETY: Only this thread uses the region, and no function here returns a reference to
        // these numbers or calls others while it has one: this is the only one.
        let hits = unsafe { &mut (*self.0.get()).probe_hits };
        if let Some(hits) = hits.get_mut(nr) {
            *hits = hits.wrapping_add(1);
        }
    }
}

/// A question about memory, `struct damon_probe`.
///
/// # Invariants
///
/// Only this thread uses the probe.
#[repr(transparent)]
pub(crate) struct Probe(Opaque<bindings::damon_probe>);

impl Probe {
    /// Returns whether memory, or an address without, passes the filters.
    pub(crate) fn passes(&self, folio: Option<&Folio>) -> bool {
        let folio = folio.map_or(ptr::null_mut(), Folio::as_ptr);
        // SAFETY: The probe is borrowed from its list. A folio that is borrowed has a reference,
        // and none is allowed as well.
        unsafe { bindings::damon_ops_pa_filter_pass(folio, self.0.get()) }
    }
}

/// Returns the folio of a page frame, if it is on a list of least recently used memory.
pub(crate) fn folio_of(pfn: usize) -> Option<ARef<Folio>> {
    // SAFETY: Any number is allowed.
    let folio = NonNull::new(unsafe { bindings::damon_get_folio(pfn) })?;
    // SAFETY: The folio has a reference, which is ours now.
    Some(unsafe { ARef::from_raw(folio.cast()) })
}

/// Returns the page frame of an address of a region.
///
/// Corresponds to `damon_pa_phys_addr()`.
pub(crate) fn pfn_of(addr: usize, addr_unit: usize) -> usize {
    let addr = addr as bindings::phys_addr_t;
    // CAST: Page frames have numbers of this type.
    (addr.wrapping_mul(addr_unit as bindings::phys_addr_t) >> PAGE_SHIFT) as usize
}

/// Begins to load from memory what [`folio_of`] will look at.
pub(crate) fn prefetch_folio_of(pfn: usize) {
    // SAFETY: Any number is allowed.
    unsafe { bindings::pfn_prefetch(pfn) };
}

/// Marks memory as not accessed. This may sleep, and takes locks of page tables.
pub(crate) fn folio_mkold(folio: &ARef<Folio>) {
    // SAFETY: We have a reference to the folio.
    unsafe { bindings::damon_ops_folio_mkold(folio.as_ptr()) };
}

/// Returns whether memory was accessed. This may sleep, and takes locks of page tables.
pub(crate) fn folio_young(folio: &ARef<Folio>) -> bool {
    // SAFETY: We have a reference to the folio.
    unsafe { bindings::damon_ops_folio_young(folio.as_ptr()) }
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_pa_prepare_access_checks(ctx: *mut bindings::damon_ctx) {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    paddr::prepare_access_checks(unsafe { Context::from_raw(ctx) });
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_pa_check_accesses(
    ctx: *mut bindings::damon_ctx,
) -> c_uint {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    paddr::check_accesses(unsafe { Context::from_raw(ctx) })
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_pa_apply_probes(
    ctx: *mut bindings::damon_ctx,
    set_samples: bool,
    return_max_wsum: bool,
) -> c_uint {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    let ctx = unsafe { Context::from_raw(ctx) };
    paddr::apply_probes(ctx, set_samples, return_max_wsum)
}
