// SPDX-License-Identifier: GPL-2.0

//! Probes of attributes of the data, and their filters.

use crate::prelude::*;

object! {
    /// A filter of a probe, `struct damon_filter`.
    ProbeFilter: damon_filter
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for ProbeFilter {
    const LINK: usize = offset_of!(bindings::damon_filter, list);
}

impl ProbeFilter {
    /// Allocates a filter whose particulars are zero. Corresponds to `damon_new_filter()`.
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

    fields! {
        bindings::damon_filter_type: raw_type = type_;
        bool: matching, allow;
        u64: memcg_id = __bindgen_anon_1.memcg_id;
    }

    /// Makes this filter like `src`. Corresponds to `damon_commit_filter()`.
    pub(crate) fn commit(&self, src: &ProbeFilter) -> Result {
        self.set_raw_type(src.raw_type());
        self.set_matching(src.matching());
        self.set_allow(src.allow());
        if src.raw_type() == bindings::damon_filter_type_DAMON_FILTER_TYPE_MEMCG {
            self.set_memcg_id(src.memcg_id());
        }
        Ok(())
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
    /// Allocates a probe without weight and filters. Corresponds to `damon_new_probe()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        Owned::new(Self::zeroed())
    }

    fields! { u32: weight; }
}

lists! { Probe, Mut<'_, Probe>:
    /// The filters.
    filters, filters_mut: ProbeFilter = filters;
}
