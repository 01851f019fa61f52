// SPDX-License-Identifier: GPL-2.0

//! The structures of DAMON as types that safe code can use, and the functions between C and Rust.
//!
//! C headers: [`include/linux/damon.h`](srctree/include/linux/damon.h), and `hand-over.h`, which is
//! beside this file.

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
pub(crate) mod guarded;
#[cfg(CONFIG_DAMON_PADDR)]
pub(crate) mod phys;
#[cfg(CONFIG_DAMON_VADDR)]
pub(crate) mod virt;

use core::mem::offset_of;
use kernel::{
    bindings,
    interop::list::{
        clist_create,
        CList, //
    },
    types::Opaque, //
};

/// A context, of which the operations run.
///
/// # Invariants
///
/// The context is valid for `'a`. Only this thread uses it and its lists, which do not change.
pub(crate) struct Context<'a>(&'a Opaque<bindings::damon_ctx>);

/// The random numbers of a context.
///
/// # Invariants
///
/// As for [`Context`].
pub(crate) struct Random<'a>(&'a Opaque<bindings::damon_ctx>);

/// A list of targets.
pub(crate) type Targets = CList<Target, { offset_of!(bindings::damon_target, list) }>;

/// A list of regions.
pub(crate) type Regions = CList<Region, { offset_of!(bindings::damon_region, list) }>;

impl<'a> Context<'a> {
    /// # Safety
    ///
    /// `ctx` must be valid, and for the lifetime that the caller chooses no other thread may use
    /// it, and nothing may change its lists.
    unsafe fn from_raw(ctx: *mut bindings::damon_ctx) -> Self {
        // SAFETY: The context is valid, as the caller promises.
        Self(unsafe { &*ctx.cast() })
    }

    /// The targets.
    pub(crate) fn targets(&self) -> &Targets {
        // SAFETY: The context is valid. Its list of targets was initialized, links the `list` of
        // each target, and does not change meanwhile, as only this thread uses it.
        unsafe {
            clist_create!(
                &raw mut (*self.0.get()).adaptive_targets,
                Target,
                bindings::damon_target,
                list
            )
        }
    }

    /// The random numbers.
    pub(crate) fn random(&mut self) -> Random<'a> {
        Random(self.0)
    }
}

impl Random<'_> {
    /// Returns one of the addresses of a region.
    #[inline]
    pub(crate) fn address_in(&mut self, region: &Region) -> usize {
        // SAFETY: The context is valid for the lifetime of `self`, and only this thread uses it, so
        // that nothing else draws random numbers of it at the same time.
        unsafe { bindings::damon_rand(self.0.get(), region.start(), region.end()) }
    }
}

/// A process, or the physical memory, `struct damon_target`.
///
/// # Invariants
///
/// Only this thread uses the target and its list of regions, which does not change.
#[repr(transparent)]
pub(crate) struct Target(Opaque<bindings::damon_target>);

impl Target {
    /// The regions.
    pub(crate) fn regions(&self) -> &Regions {
        // SAFETY: The target is borrowed. Its list of regions has been initialized, links the
        // `list` of each region, and does not change meanwhile, as only this thread uses it.
        unsafe {
            clist_create!(
                &raw mut (*self.0.get()).regions_list,
                Region,
                bindings::damon_region,
                list
            )
        }
    }
}

/// A range of addresses and what is known about accesses to it, `struct damon_region`.
///
/// # Invariants
///
/// Only this thread uses the region.
#[repr(transparent)]
pub(crate) struct Region(Opaque<bindings::damon_region>);

impl Region {
    #[inline]
    pub(crate) fn start(&self) -> usize {
        // SAFETY: Nobody but this thread uses the region.
        unsafe { (*self.0.get()).ar.start }
    }

    #[inline]
    pub(crate) fn end(&self) -> usize {
        // SAFETY: Nobody but this thread uses the region.
        unsafe { (*self.0.get()).ar.end }
    }

    /// The address that is looked at.
    #[inline]
    pub(crate) fn sampling_addr(&self) -> usize {
        // SAFETY: Nobody but this thread uses the region.
        unsafe { (*self.0.get()).sampling_addr }
    }

    /// Sets [`sampling_addr`](Self::sampling_addr).
    #[inline]
    pub(crate) fn set_sampling_addr(&self, addr: usize) {
        // SAFETY: Nobody but this thread uses the region, which may hence write to it.
        unsafe { (*self.0.get()).sampling_addr = addr }
    }

    /// Counts an access if there was one, and returns how many there were.
    ///
    /// Corresponds to `damon_update_region_access_rate()`.
    #[inline]
    pub(crate) fn update_access_rate(&self, accessed: bool) -> u32 {
        // SAFETY: Only this thread uses the region, and no function here returns a reference to
        // this number or calls others while it has one: this is the only one.
        let nr_accesses = unsafe { &mut (*self.0.get()).nr_accesses };
        *nr_accesses = nr_accesses.wrapping_add(accessed.into());
        *nr_accesses
    }
}

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
pub(crate) use self::guarded::Scheme;

/// Lets other threads have their turn, if they wait for it.
pub(crate) fn cond_resched() {
    // SAFETY: Always safe to call. In a context that cannot sleep it is a mistake that the kernel
    // reports.
    unsafe { bindings::cond_resched() };
}
