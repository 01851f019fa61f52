// SPDX-License-Identifier: GPL-2.0

//! Probes of attributes of the data, and their filters.

use super::{
    Entry,
    List,
    ListMut,
    Mut,
    Object,
    Owned, //
};
use core::mem::offset_of;
use kernel::{
    bindings,
    prelude::*, //
};

object! {
    /// A filter of a probe, `struct damon_filter`.
    ProbeFilter: damon_filter
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for ProbeFilter {
    const LINK: usize = offset_of!(bindings::damon_filter, list);
}

impl ProbeFilter {
    /// Allocates a filter whose particulars are zero.
    ///
    /// Corresponds to `damon_new_filter()`.
    pub(crate) fn new(
        type_: bindings::damon_filter_type,
        matching: bool,
        allow: bool,
    ) -> Result<Owned<Self>> {
        let filter = Owned::new(Self::zeroed())?;
        filter.set_raw_type(type_);
        filter.set_matching(matching);
        filter.set_allow(allow);
        Ok(filter)
    }

    accessors! {
        /// The number of the type, `enum damon_filter_type`.
        raw_type, set_raw_type: bindings::damon_filter_type = type_;
        /// Whether the filter is for what is of the type, or for what is not.
        matching, set_matching: bool = matching;
        /// Whether what the filter is for makes the probe positive.
        allow, set_allow: bool = allow;
        /// The memory cgroup, for a filter that is about one.
        memcg_id, set_memcg_id: u64 = __bindgen_anon_1.memcg_id;
    }

    /// Makes this filter like `src`.
    ///
    /// Corresponds to `damon_commit_filter()`.
    pub(crate) fn commit(&self, src: &ProbeFilter) {
        self.set_raw_type(src.raw_type());
        self.set_matching(src.matching());
        self.set_allow(src.allow());
        if src.raw_type() == bindings::damon_filter_type_DAMON_FILTER_TYPE_MEMCG {
            self.set_memcg_id(src.memcg_id());
        }
    }
}

object! {
    /// A probe, `struct damon_probe`.
    Probe: damon_probe
}

// SAFETY: The structure has two `struct list_head`, which are at these offsets.
unsafe impl Entry for Probe {
    const LINK: usize = offset_of!(bindings::damon_probe, list);
    const HEADS: &'static [usize] = &[offset_of!(bindings::damon_probe, filters)];

    fn clear(this: &mut Mut<'_, Self>) {
        this.filters_mut().clear();
    }
}

impl Probe {
    /// Allocates a probe without weight and filters.
    ///
    /// Corresponds to `damon_new_probe()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        Owned::new(Self::zeroed())
    }

    accessors! {
        /// How much a hit counts. If any probe has a weight, hits are what regions are merged by.
        weight, set_weight: u32 = weight;
    }
}

lists! { Probe, Mut<'_, Probe>:
    /// The filters.
    filters, filters_mut: ProbeFilter = filters;
}
