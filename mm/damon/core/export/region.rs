// SPDX-License-Identifier: GPL-2.0

//! Functions for targets and their regions.

use super::elements;
use crate::{
    mvsum::Window,
    prelude::*,
    probes::Weights,
    regions, //
};

exports! {
    /// Allocates a region of the addresses from `start` to before `end`.
    fn damon_new_region(start: usize, end: usize) -> Result<Owned<Region>> {
        Region::new(start, end)
    }

    /// Returns the accesses to a region in the last aggregation interval, up to now.
    fn damon_nr_accesses_mvsum(r: &Region, ctx: Context<'_>) -> u32 {
        Window::of(&ctx).nr_accesses(r)
    }

    /// Returns the hits of a probe in the last aggregation interval, up to now.
    fn damon_probe_hits_mvsum(probe_idx: i32, r: &Region, ctx: Context<'_>) -> u8 {
        usize::try_from(probe_idx).map_or(0, |probe| Window::of(&ctx).probe_hits(r, probe))
    }

    /// Returns the weighted sum of the hits of all probes in the last aggregation interval, or in
    /// the current one so far.
    fn damon_probe_hits_wsum(r: &Region, last: bool, ctx: Context<'_>) -> u32 {
        let hits = if last { r.last_probe_hits() } else { r.probe_hits() };
        Weights::of(&ctx).sum(hits)
    }

    /// Fits the regions of a target to `nr_ranges` address ranges.
    fn damon_set_regions(
        t: Mut<'_, Target>, ranges: *mut AddrRange, nr_ranges: u32, min_region_sz: usize,
    ) -> Result {
        // SAFETY: The caller promises that there are that many ranges.
        let ranges = unsafe { elements(ranges, nr_ranges) };
        regions::damon_set_regions(&mut t, ranges, min_region_sz)
    }

    /// Sets the regions of a target to an address range, or to all system RAM if both of its
    /// addresses are zero, which are set then.
    fn damon_set_region_system_rams_default(
        t: Mut<'_, Target>, start: *mut usize, end: *mut usize, addr_unit: usize,
        min_region_sz: usize,
    ) -> Result {
        // SAFETY: The caller promises that the pointer is valid.
        let start = unsafe { &mut *start };
        // SAFETY: The caller promises that the pointer is valid, and of another number.
        let end = unsafe { &mut *end };
        let mut range = AddrRange { start: *start, end: *end };
        let result = regions::damon_set_region_system_rams_default(
            &mut t, &mut range, addr_unit, min_region_sz,
        );
        (*start, *end) = (range.start, range.end);
        result
    }

    /// Counts an access to a region, if there was one.
    fn damon_update_region_access_rate(r: &Region, accessed: bool) {
        r.set_nr_accesses(r.nr_accesses().wrapping_add(u32::from(accessed)));
    }

    /// Allocates a target without regions.
    fn damon_new_target() -> Result<Owned<Target>> {
        Target::new()
    }

    /// Adds a target to a context.
    fn damon_add_target(ctx: Context<'_>, t: Owned<Target>) {
        ctx.targets_mut().push(t);
    }

    /// Returns whether a context has no targets.
    fn damon_targets_empty(ctx: Context<'_>) -> bool {
        ctx.targets().is_empty()
    }

    /// Frees a target that is in no context.
    fn damon_free_target(t: Owned<Target>) {
        drop(t);
    }

    /// Removes a target from its context, if it is in one, and frees it.
    fn damon_destroy_target(t: Mut<'_, Target>, ctx: Option<Context<'_>>) {
        match ctx {
            Some(mut ctx) => {
                let mut parts = ctx.parts();
                let mut cursor = parts.targets.cursor();
                cursor.move_to(&*t);
                parts.ops.destroy_target(&mut cursor);
            }
            // SAFETY: The caller gives the target away.
            None => drop(unsafe { Owned::take(t.as_non_null()) }),
        }
    }

    /// Returns how many regions a target has.
    fn damon_nr_regions(t: &Target) -> u32 {
        t.nr_regions()
    }
}
