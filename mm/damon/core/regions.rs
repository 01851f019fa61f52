// SPDX-License-Identifier: GPL-2.0

//! Where regions are: fitting them to address ranges, and bounding their size from above.

use crate::prelude::*;

/// Returns an address range that is extended to multiples of `min_region_sz`.
fn aligned(range: &AddrRange, min_region_sz: usize) -> AddrRange {
    AddrRange {
        start: align_down(range.start, min_region_sz),
        end: align_up(range.end, min_region_sz),
    }
}

/// Corresponds to `damon_intersect()`.
fn damon_intersect(region: &Region, range: &AddrRange) -> bool {
    !(region.end() <= range.start || range.end <= region.start())
}

/// Fits the regions of a target to address ranges.
///
/// Monitoring results of regions in the ranges are kept.
///
/// # Errors
///
/// - [`EINVAL`] if a range is empty, or begins before the end of the one before it. Nothing is
///   changed.
/// - [`ENOMEM`] if there is no memory for a new region. Some may be missing then.
pub(crate) fn damon_set_regions(
    target: &mut Mut<'_, Target>,
    ranges: &[AddrRange],
    min_region_sz: usize,
) -> Result {
    let mut last_end = None;
    for range in ranges {
        let range = aligned(range, min_region_sz);
        if range.start >= range.end || last_end.is_some_and(|last_end| last_end > range.start) {
            return Err(EINVAL);
        }
        last_end = Some(range.end);
    }

    let pool = &mut RegionPool::new();
    remove_outside(&mut target.cursor(pool), ranges);
    let mut cursor = target.cursor(pool);
    for range in ranges {
        fit_to_range(&mut cursor, range, &aligned(range, min_region_sz))?;
    }
    Ok(())
}

/// Removes regions that intersect with none of the ranges.
fn remove_outside(cursor: &mut RegionCursor<'_>, ranges: &[AddrRange]) {
    while let Some(region) = cursor.current() {
        if !ranges.iter().any(|range| damon_intersect(region, range)) {
            drop(cursor.remove());
        }
        cursor.move_next();
    }
}

/// Fits the regions that intersect with a range to it, or makes one for it if there are none.
///
/// The cursor goes to the first region behind the range.
fn fit_to_range(cursor: &mut RegionCursor<'_>, range: &AddrRange, fit: &AddrRange) -> Result {
    let mut covered = false;
    while let Some(region) = cursor.current() {
        if damon_intersect(region, range) {
            if covered {
                fill_hole(cursor)?;
            } else {
                cursor.set_start(fit.start);
                covered = true;
            }
        } else if region.start() >= range.end {
            break;
        }
        cursor.move_next();
    }
    if covered {
        cursor.set_prev_end(fit.end);
    } else {
        cursor.insert_before(Region::new(fit.start, fit.end)?);
    }
    Ok(())
}

/// Makes a region of the hole before the one at the cursor.
///
/// Corresponds to a step of `damon_fill_regions_holes()`.
fn fill_hole(cursor: &mut RegionCursor<'_>) -> Result {
    if let (Some(prev), Some(region)) = (cursor.prev(), cursor.current()) {
        if prev.end() != region.start() {
            let hole = Region::new(prev.end(), region.start())?;
            cursor.insert_before(hole);
        }
    }
    Ok(())
}

/// Returns how large a region may be so that there are as many as there have to be.
pub(crate) fn damon_region_sz_limit(ctx: &Context<'_>) -> usize {
    let total_sz = ctx
        .targets()
        .iter()
        .fold(0, |sum: usize, target| sum.wrapping_add(target.total_sz()));
    let limit = total_sz
        .checked_div(ctx.raw_attrs().min_nr_regions)
        .unwrap_or(total_sz);
    limit.max(ctx.min_region_sz())
}

/// Splits regions that are so large that there are fewer than there have to be.
///
/// `max_sz` is the size of the largest region, if it is known. Returns the limit of the size.
pub(crate) fn damon_apply_min_nr_regions(ctx: &mut Context<'_>, max_sz: Option<usize>) -> usize {
    let min_region_sz = ctx.min_region_sz();
    let max_region_sz = match align_up(damon_region_sz_limit(ctx), min_region_sz) {
        // That would be the size of the address space.
        0 => align_down(usize::MAX, min_region_sz),
        max_region_sz => max_region_sz,
    };
    if max_sz.is_some_and(|max_sz| max_sz <= max_region_sz) {
        return max_region_sz;
    }

    let mut parts = ctx.parts();
    for mut target in parts.targets.iter_mut() {
        let mut cursor = target.cursor(&mut parts.private.pool);
        while let Some(region) = cursor.current() {
            if region.sz() > max_region_sz && cursor.split_at(max_region_sz).is_err() {
                return max_region_sz;
            }
            cursor.move_next();
        }
    }
    max_region_sz
}

/// Sets the regions of a target to an address range, or to that of all system RAM if it is empty
/// and at address zero. In the latter case the range is set, too.
///
/// # Errors
///
/// - [`EINVAL`] if the range is empty, or there is no system RAM.
/// - [`ENOMEM`] if there is no memory for a region.
pub(crate) fn damon_set_region_system_rams_default(
    target: &mut Mut<'_, Target>,
    range: &mut AddrRange,
    addr_unit: usize,
    min_region_sz: usize,
) -> Result {
    if range.start == 0 && range.end == 0 {
        *range = environment::system_ram(addr_unit).ok_or(EINVAL)?;
    }
    damon_set_regions(target, &[*range], min_region_sz)
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_regions)]
mod tests {
    use super::*;
    use crate::model::OwnedContext;

    /// Sets the regions of the last target to one range of `sz`, as operations in C do.
    fn set_sz(ctx: &mut Context<'_>, sz: usize) -> Result {
        let mut targets = ctx.targets_mut();
        let Some(mut target) = targets.iter_mut().last() else {
            return Err(EINVAL);
        };
        damon_set_regions(&mut target, &[AddrRange { start: 0, end: sz }], 1)
    }

    #[test]
    fn the_size_limit_follows_each_change_of_regions() -> Result {
        let mut owned = OwnedContext::new()?;
        let mut ctx = owned.as_context();
        ctx.set_min_region_sz(1);
        assert_eq!(damon_region_sz_limit(&ctx), 1);
        // The fewest regions are ten.
        for (sz, limit) in [(1_000, 100), (3_000, 400), (500, 150)] {
            if limit != 150 {
                ctx.targets_mut().push(Target::new()?);
            }
            set_sz(&mut ctx, sz)?;
            assert_eq!(damon_region_sz_limit(&ctx), limit);
        }
        damon_apply_min_nr_regions(&mut ctx, None);
        assert_eq!(damon_region_sz_limit(&ctx), 150);
        ctx.destroy_targets();
        assert_eq!(damon_region_sz_limit(&ctx), 1);
        Ok(())
    }
}
