// SPDX-License-Identifier: GPL-2.0

//! Filters that the core handles.

use crate::prelude::*;

/// Returns whether a filter is for the region at the cursor.
///
/// A region that is partly within an address range is split, so that the answer holds for the first
/// part, where the cursor stays.
///
/// # Errors
///
/// [`ENOMEM`] if there is no memory to split the region.
pub(crate) fn damos_filter_match(
    filter: &Filter,
    cursor: &mut RegionCursor<'_>,
    target_idx: i32,
    min_region_sz: usize,
) -> Result<bool> {
    let matched = match filter.kind() {
        FilterKind::Ops => return Ok(false),
        FilterKind::Target(idx) => target_idx == idx,
        FilterKind::Addr(range) => {
            let Some(region) = cursor.current() else {
                return Ok(false);
            };
            let (start, end) = (region.start(), region.end());
            let range_start = align_down(range.start, min_region_sz);
            let range_end = align_down(range.end, min_region_sz);

            if range_start <= start && end <= range_end {
                true
            } else if end <= range_start || range_end <= start {
                false
            } else if start < range_start {
                cursor.split_at(range_start.wrapping_sub(start))?;
                false
            } else {
                cursor.split_at(range_end.wrapping_sub(start))?;
                true
            }
        }
    };
    Ok(matched == filter.matching())
}

/// Returns whether the filters of the core keep a scheme from the region at the cursor.
///
/// The cursor stays at the part of the region that the answer is for. Without memory to split the
/// region, it is kept from all of it.
pub(crate) fn damos_core_filter_out(
    scheme: &Scheme,
    cursor: &mut RegionCursor<'_>,
    target_idx: i32,
    min_region_sz: usize,
) -> bool {
    scheme.set_core_filters_allowed(false);
    for filter in scheme.core_filters().iter() {
        match damos_filter_match(filter, cursor, target_idx, min_region_sz) {
            Ok(false) => (),
            Ok(true) => {
                let allow = filter.allow();
                scheme.set_core_filters_allowed(allow);
                return !allow;
            }
            Err(_) => return true,
        }
    }
    scheme.core_filters_default_reject()
}

/// Returns whether what none of the filters is for is rejected.
///
/// That is so if the last filter allows something, because it would have no effect otherwise.
fn damos_filters_default_reject(filters: List<'_, Filter>) -> bool {
    filters.last().is_some_and(Filter::allow)
}

/// Sets whether what none of the filters of a scheme is for is rejected.
pub(crate) fn damos_set_filters_default_reject(scheme: &Scheme) {
    // The core leaves the decision to the operations if these have filters.
    scheme.set_core_filters_default_reject(
        scheme.ops_filters().is_empty() && damos_filters_default_reject(scheme.core_filters()),
    );
    scheme.set_ops_filters_default_reject(damos_filters_default_reject(scheme.ops_filters()));
}
