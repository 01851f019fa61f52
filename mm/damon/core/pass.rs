// SPDX-License-Identifier: GPL-2.0

//! When schemes are applied, and what a pass over the regions for it knows beforehand.

use crate::{
    mvsum::Window,
    prelude::*, //
};
use kernel::bindings::damos_access_pattern;

/// One pass over all regions: each scheme whose time has come is applied to those that it is for.
///
/// This is what stays the same meanwhile.
pub(crate) struct Pass {
    /// How many sample intervals have passed since the start.
    now: usize,
    /// For the accesses to a region.
    pub(crate) window: Window,
    /// The smallest size of a region, in address units.
    pub(crate) min_region_sz: usize,
    /// Bytes of an address unit.
    pub(crate) addr_unit: usize,
    /// Which operations there are.
    pub(crate) ops_id: Option<OpsId>,
}

impl Pass {
    /// Returns what holds now.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        Self {
            now: ctx.passed_sample_intervals(),
            window: Window::of(ctx),
            min_region_sz: ctx.min_region_sz(),
            addr_unit: ctx.addr_unit(),
            ops_id: OpsId::from_raw(ctx.raw_ops_id()),
        }
    }

    /// Returns whether the apply interval of a scheme is over.
    pub(crate) fn is_due(&self, scheme: &Scheme) -> bool {
        time_after_eq(self.now, scheme.next_apply_sis())
    }

    /// Returns what access patterns are about, of a region.
    pub(crate) fn access(&self, region: &Region) -> Access {
        Access {
            sz: region.sz(),
            nr_accesses: self.window.nr_accesses(region),
            age: region.age(),
        }
    }
}

/// What access patterns are about: the same for all schemes, until one of them is applied.
#[derive(Clone, Copy)]
pub(crate) struct Access {
    sz: usize,
    nr_accesses: u32,
    age: u32,
}

impl Access {
    /// Corresponds to `__damos_valid_target()`.
    pub(crate) fn matches(self, pattern: &damos_access_pattern) -> bool {
        (pattern.min_sz_region..=pattern.max_sz_region).contains(&self.sz)
            && (pattern.min_nr_accesses..=pattern.max_nr_accesses).contains(&self.nr_accesses)
            && (pattern.min_age_region..=pattern.max_age_region).contains(&self.age)
    }
}

/// Sets when a scheme is applied next.
pub(crate) fn damos_set_next_apply_sis(scheme: &Scheme, ctx: &Context<'_>) {
    let attrs = ctx.raw_attrs();
    let apply_interval = match scheme.apply_interval_us() {
        0 => attrs.aggr_interval,
        apply_interval => apply_interval,
    };
    scheme.set_next_apply_sis(
        ctx.passed_sample_intervals()
            .wrapping_add(apply_interval / attrs.sample_interval.max(1)),
    );
}
