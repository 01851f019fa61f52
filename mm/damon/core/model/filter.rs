// SPDX-License-Identifier: GPL-2.0

//! Filters of schemes.

use super::{
    Entry,
    Object,
    Owned, //
};
use core::{
    mem::offset_of,
    ops::Range, //
};
use kernel::{
    bindings,
    prelude::*, //
};

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
    /// Allocates a filter whose particulars are zero.
    ///
    /// Corresponds to `damos_new_filter()`.
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

    accessors! {
        /// The number of the type, `enum damos_filter_type`.
        raw_type, set_raw_type: bindings::damos_filter_type = type_;
        /// Whether the filter is for what is of the type, or for what is not.
        matching, set_matching: bool = matching;
        /// Whether the scheme is applied to what the filter is for, or not.
        allow, set_allow: bool = allow;
    }

    accessors! { private
        addr_range, set_addr_range: bindings::damon_addr_range = __bindgen_anon_1.addr_range;
        target_idx, set_target_idx: i32 = __bindgen_anon_1.target_idx;
        memcg_id, set_memcg_id: u64 = __bindgen_anon_1.memcg_id;
        sz_range, set_sz_range: bindings::damon_size_range = __bindgen_anon_1.sz_range;
    }

    /// Returns whether the operations handle filters of this type, not the core.
    ///
    /// Corresponds to `damos_filter_for_ops()`.
    pub(crate) fn for_ops(type_: bindings::damos_filter_type) -> bool {
        !matches!(
            type_,
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_ADDR
                | bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET
        )
    }

    /// What the filter is about.
    #[inline]
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
    ///
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
