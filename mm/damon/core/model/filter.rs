// SPDX-License-Identifier: GPL-2.0

//! Filters of schemes.

use crate::prelude::*;
use core::ops::Range;

/// What a filter is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum FilterKind {
    /// An address range, in address units. The core handles it.
    Addr(Range<usize>),
    /// The target of this index. The core handles it.
    Target(i32),
    /// Something about pages. The operations handle it.
    Ops,
}

object! {
    /// A filter, `struct damos_filter`.
    Filter: damos_filter
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for Filter {
    const LINK: usize = offset_of!(bindings::damos_filter, list);
}

impl Filter {
    /// Allocates a filter whose particulars are zero. Corresponds to `damos_new_filter()`.
    pub(crate) fn new(
        type_: bindings::damos_filter_type,
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
        bindings::damos_filter_type: raw_type = type_;
        bool: matching, allow;
    }

    fields! { private
        bindings::damon_addr_range: addr_range = __bindgen_anon_1.addr_range;
        i32: target_idx = __bindgen_anon_1.target_idx;
        u64: memcg_id = __bindgen_anon_1.memcg_id;
        bindings::damon_size_range: sz_range = __bindgen_anon_1.sz_range;
    }

    /// Returns whether the operations handle filters of this type, not the core.
    /// Corresponds to `damos_filter_for_ops()`.
    pub(crate) fn for_ops(type_: bindings::damos_filter_type) -> bool {
        !matches!(
            type_,
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_ADDR
                | bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET
        )
    }

    /// What the filter is about.
    pub(crate) fn kind(&self) -> FilterKind {
        match self.raw_type() {
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_ADDR => {
                let range = self.addr_range();
                FilterKind::Addr(range.start..range.end)
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET => {
                FilterKind::Target(self.target_idx())
            }
            _ => FilterKind::Ops,
        }
    }

    /// Copies what the filter is about in particular from a filter of the same type.
    /// Corresponds to `damos_commit_filter_arg()`.
    pub(crate) fn copy_arg(&self, src: &Filter) {
        match src.raw_type() {
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_ADDR => {
                self.set_addr_range(src.addr_range());
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET => {
                self.set_target_idx(src.target_idx());
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_MEMCG => {
                self.set_memcg_id(src.memcg_id())
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_HUGEPAGE_SIZE => {
                self.set_sz_range(src.sz_range());
            }
            _ => (),
        }
    }
}
