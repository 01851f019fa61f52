// SPDX-License-Identifier: GPL-2.0

//! Functions for probes and their filters.

use super::Removed;
use crate::model::{
    Context,
    Mut,
    Owned,
    Probe,
    ProbeFilter, //
};
use kernel::{
    bindings,
    prelude::*, //
};

exports! {
    /// Allocates a filter for a probe.
    ///
    /// Returns null if there is no memory.
    fn damon_new_filter(
        type_: bindings::damon_filter_type, matching: bool, allow: bool,
    ) -> Result<Owned<ProbeFilter>> {
        ProbeFilter::new(type_, matching, allow)
    }

    /// Adds a filter to a probe.
    fn damon_add_filter(probe: Mut<'_, Probe>, f: Owned<ProbeFilter>) {
        probe.filters_mut().push(f);
    }

    /// Removes a filter from its probe and frees it.
    fn damon_destroy_filter(f: Removed<ProbeFilter>) {
        drop(f.0);
    }

    /// Allocates a probe without filters.
    ///
    /// Returns null if there is no memory.
    fn damon_new_probe() -> Result<Owned<Probe>> {
        Probe::new()
    }

    /// Adds a probe to a context.
    fn damon_add_probe(ctx: Context<'_>, probe: Owned<Probe>) {
        ctx.probes_mut().push(probe);
    }
}
