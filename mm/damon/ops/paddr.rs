// SPDX-License-Identifier: GPL-2.0

//! Operations for the physical address space.

use crate::{
    block::{
        self,
        Accessed, //
    },
    model::{
        phys::{
            folio_mkold,
            folio_of,
            folio_young,
            pfn_of,
            prefetch_folio_of, //
        },
        Context,
        Target, //
    },
};

/// From how many regions on there is no room in a cache for what describes their pages.
const MANY: usize = 2000;

/// Draws an address of each region, and marks the memory there as not accessed.
///
/// Corresponds to `damon_pa_prepare_access_checks()`.
pub(crate) fn prepare_access_checks(mut ctx: Context<'_>) {
    let addr_unit = ctx.addr_unit();
    let mut random = ctx.random();
    for target in ctx.targets().iter() {
        let ahead = prefetch_of(target, addr_unit);
        block::prepare(target.regions(), &mut random, ahead, |block| {
            for addr in block.addrs() {
                if let Some(folio) = folio_of(pfn_of(*addr, addr_unit)) {
                    folio_mkold(&folio);
                }
            }
        });
    }
}

/// Counts an access for each region whose address was accessed.
///
/// Returns the highest count of a region.
///
/// Corresponds to `damon_pa_check_accesses()`.
pub(crate) fn check_accesses(ctx: Context<'_>) -> u32 {
    let addr_unit = ctx.addr_unit();
    let mut max_nr_accesses = 0;
    for target in ctx.targets().iter() {
        let ahead = prefetch_of(target, addr_unit);
        let max = block::check(target.regions(), ahead, |block| {
            let mut accessed = Accessed::default();
            for (nr, addr) in block.addrs().iter().enumerate() {
                if folio_of(pfn_of(*addr, addr_unit)).is_some_and(|folio| folio_young(&folio)) {
                    accessed.set(nr);
                }
            }
            accessed
        });
        max_nr_accesses = max_nr_accesses.max(max);
    }
    max_nr_accesses
}

/// Returns what begins to load from memory what will be looked at, where that is likely to be there
/// and not in a cache.
fn prefetch_of(target: &Target, addr_unit: usize) -> impl Fn(usize) {
    let is_far = target.nr_regions() >= MANY;
    move |addr| {
        if is_far {
            prefetch_folio_of(pfn_of(addr, addr_unit));
        }
    }
}

/// Asks all probes about an address of each region, and counts their hits.
///
/// The addresses are drawn if `set_samples`. Returns the highest weighted sum of hits that a region
/// has, if `return_max_wsum`.
///
/// Corresponds to `damon_pa_apply_probes()`, but does nothing if there are no probes.
pub(crate) fn apply_probes(mut ctx: Context<'_>, set_samples: bool, return_max_wsum: bool) -> u32 {
    // Addresses are drawn anew only for probes that have a weight.
    if ctx.probes().is_empty() && !set_samples {
        return 0;
    }
    let addr_unit = ctx.addr_unit();
    let mut random = ctx.random();
    let mut max_wsum = 0;
    for target in ctx.targets().iter() {
        block::each(target.regions(), |region| {
            if set_samples {
                region.set_sampling_addr(random.address_in(region));
            }
            let folio = folio_of(pfn_of(region.sampling_addr(), addr_unit));
            for (nr, probe) in ctx.probes().iter().enumerate() {
                if probe.passes(folio.as_deref()) {
                    region.add_probe_hit(nr);
                }
            }
            if return_max_wsum {
                max_wsum = max_wsum.max(ctx.probe_hits_wsum(region));
            }
        });
    }
    max_wsum
}
