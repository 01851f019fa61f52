// SPDX-License-Identifier: GPL-2.0

//! Filters of schemes.

use super::{
    Entry,
    Owned, //
};
use core::{
    mem::offset_of,
    ops::Range,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
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

/// What a filter of the operations is about in particular.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OpsFilterArg {
    /// A memory cgroup.
    Memcg(u64),
    /// Huge pages of these sizes in bytes.
    HugepageSize(usize, usize),
    /// Nothing in particular.
    None,
}

/// A filter, `struct damos_filter`.
///
/// # Invariants
///
/// The object is valid, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Filter(Opaque<bindings::damos_filter>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for Filter {
    const LINK: usize = offset_of!(bindings::damos_filter, list);

    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: Filters are allocated by `Filter::new()`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

impl Filter {
    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// # Safety
    ///
    /// `ptr` must point to a filter that stays valid during the lifetime that the caller chooses,
    /// and that no other thread uses meanwhile.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::damos_filter) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    fn as_ptr(&self) -> *mut bindings::damos_filter {
        self.0.get()
    }

    /// Allocates a filter whose particulars are zero.
    ///
    /// Corresponds to `damos_new_filter()`.
    pub(crate) fn new(
        type_: bindings::damos_filter_type,
        matching: bool,
        allow: bool,
    ) -> Result<Owned<Self>> {
        let object = Filter(Opaque::new(pin_init::zeroed::<bindings::damos_filter>()));
        // SAFETY: It has no lists.
        let filter = unsafe { Owned::alloc(object)? };
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
                // SAFETY: By the type invariant; each value of the bytes is a number.
                let range = unsafe { (*self.as_ptr()).__bindgen_anon_1.addr_range };
                FilterKind::Addr(range.start..range.end)
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET => {
                // SAFETY: By the type invariant; each value of the bytes is a number.
                FilterKind::Target(unsafe { (*self.as_ptr()).__bindgen_anon_1.target_idx })
            }
            _ => FilterKind::Ops,
        }
    }

    /// What a filter of the operations is about in particular.
    fn ops_arg(&self) -> OpsFilterArg {
        match self.raw_type() {
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_MEMCG => {
                // SAFETY: By the type invariant; each value of the bytes is a number.
                OpsFilterArg::Memcg(unsafe { (*self.as_ptr()).__bindgen_anon_1.memcg_id })
            }
            bindings::damos_filter_type_DAMOS_FILTER_TYPE_HUGEPAGE_SIZE => {
                // SAFETY: By the type invariant; each value of the bytes is a number.
                let range = unsafe { (*self.as_ptr()).__bindgen_anon_1.sz_range };
                OpsFilterArg::HugepageSize(range.min, range.max)
            }
            _ => OpsFilterArg::None,
        }
    }

    /// Copies what the filter is about in particular from a filter of the same type.
    ///
    /// Corresponds to `damos_commit_filter_arg()`.
    pub(crate) fn copy_arg(&self, src: &Filter) {
        // SAFETY: By the type invariant, this is valid for writes.
        let arg = unsafe { &raw mut (*self.as_ptr()).__bindgen_anon_1 };
        match (src.kind(), src.ops_arg()) {
            (FilterKind::Addr(range), _) => {
                let addr_range = bindings::damon_addr_range {
                    start: range.start,
                    end: range.end,
                };
                // SAFETY: As above.
                unsafe { (*arg).addr_range = addr_range };
            }
            // SAFETY: As above.
            (FilterKind::Target(target_idx), _) => unsafe { (*arg).target_idx = target_idx },
            // SAFETY: As above.
            (FilterKind::Ops, OpsFilterArg::Memcg(id)) => unsafe { (*arg).memcg_id = id },
            (FilterKind::Ops, OpsFilterArg::HugepageSize(min, max)) => {
                // SAFETY: As above.
                unsafe { (*arg).sz_range = bindings::damon_size_range { min, max } };
            }
            (FilterKind::Ops, OpsFilterArg::None) => (),
        }
    }
}
