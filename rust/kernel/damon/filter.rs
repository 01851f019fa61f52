// SPDX-License-Identifier: GPL-2.0

//! Filters of schemes.

use super::AddrRange;
use crate::{
    bindings,
    memcg::MemcgId,
    prelude::*, //
};
use core::ptr::NonNull;

/// The memory that a [`Filter`] of a scheme is about.
///
/// Corresponds to the C `enum damos_filter_type`, with the argument of each type.
///
/// # Examples
///
/// ```
/// use kernel::damon::{
///     AddrRange,
///     FilterKind, //
/// };
///
/// assert!(FilterKind::Anon.is_for_ops());
/// assert!(!FilterKind::Addr(AddrRange { start: 0, end: 4096 }).is_for_ops());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_filter_type")]
pub enum FilterKind {
    /// Anonymous pages.
    Anon,
    /// Pages on the active LRU lists.
    Active,
    /// Pages that are charged to this memory cgroup.
    Memcg(MemcgId),
    /// Pages that were accessed since the last time somebody looked.
    Young,
    /// Pages that are a part of a huge page of such a size.
    HugepageSize {
        /// Minimum size in bytes (inclusive).
        min: usize,
        /// Maximum size in bytes (inclusive), not less than `min`.
        max: usize,
    },
    /// Pages that no process maps.
    Unmapped,
    /// Addresses in this range, whose end must not be before its start.
    Addr(AddrRange),
    /// The target with this position in the list of targets.
    ///
    /// A position that no target has, for example a negative one, matches nothing.
    Target(i32),
}

impl FilterKind {
    /// Returns whether the monitoring operations handle such filters, page by page.
    ///
    /// The others are handled by the core, region by region, before it tries the action; what they
    /// reject is not [tried](super::Stat::nr_tried). A scheme evaluates the filters of the core
    /// first.
    #[doc(alias = "damos_filter_for_ops")]
    pub fn is_for_ops(self) -> bool {
        // SAFETY: Always safe to call.
        unsafe { bindings::damos_filter_for_ops(self.as_raw_type()) }
    }

    /// Returns the C type.
    fn as_raw_type(self) -> bindings::damos_filter_type {
        match self {
            Self::Anon => bindings::damos_filter_type_DAMOS_FILTER_TYPE_ANON,
            Self::Active => bindings::damos_filter_type_DAMOS_FILTER_TYPE_ACTIVE,
            Self::Memcg(_) => bindings::damos_filter_type_DAMOS_FILTER_TYPE_MEMCG,
            Self::Young => bindings::damos_filter_type_DAMOS_FILTER_TYPE_YOUNG,
            Self::HugepageSize { .. } => {
                bindings::damos_filter_type_DAMOS_FILTER_TYPE_HUGEPAGE_SIZE
            }
            Self::Unmapped => bindings::damos_filter_type_DAMOS_FILTER_TYPE_UNMAPPED,
            Self::Addr(_) => bindings::damos_filter_type_DAMOS_FILTER_TYPE_ADDR,
            Self::Target(_) => bindings::damos_filter_type_DAMOS_FILTER_TYPE_TARGET,
        }
    }

    /// Checks the argument.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if a range is backwards.
    fn validate(self) -> Result {
        match self {
            Self::HugepageSize { min, max } if min > max => Err(EINVAL),
            Self::Addr(AddrRange { start, end }) if start > end => Err(EINVAL),
            Self::Anon
            | Self::Active
            | Self::Memcg(_)
            | Self::Young
            | Self::HugepageSize { .. }
            | Self::Unmapped
            | Self::Addr(_)
            | Self::Target(_) => Ok(()),
        }
    }

    /// Returns the argument as the C union.
    fn as_raw_arg(self) -> bindings::damos_filter__bindgen_ty_1 {
        match self {
            Self::Memcg(id) => bindings::damos_filter__bindgen_ty_1 {
                memcg_id: id.into_raw(),
            },
            Self::HugepageSize { min, max } => bindings::damos_filter__bindgen_ty_1 {
                sz_range: bindings::damon_size_range { min, max },
            },
            Self::Addr(AddrRange { start, end }) => bindings::damos_filter__bindgen_ty_1 {
                addr_range: bindings::damon_addr_range { start, end },
            },
            Self::Target(target_idx) => bindings::damos_filter__bindgen_ty_1 { target_idx },
            Self::Anon | Self::Active | Self::Young | Self::Unmapped => {
                bindings::damos_filter__bindgen_ty_1 { memcg_id: 0 }
            }
        }
    }
}

/// A filter of a scheme: to what memory the action shall, or shall not, be applied.
///
/// The first filter that matches decides. Memory that none matches is rejected if the last filter
/// allows, and allowed otherwise.
///
/// Corresponds to the C `struct damos_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damos_filter")]
pub struct Filter {
    /// The memory in question.
    pub kind: FilterKind,
    /// Whether the filter matches memory of this kind, or all other memory.
    pub matching: bool,
    /// Whether what matches is allowed, or rejected.
    pub allow: bool,
}

impl Filter {
    /// Creates a C filter, which is in no list. The caller owns it.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the argument of the kind is not valid.
    /// - [`ENOMEM`] if there is no memory.
    pub(super) fn to_raw(self) -> Result<NonNull<bindings::damos_filter>> {
        self.kind.validate()?;

        // SAFETY: Always safe to call from a context that can sleep; returns null or a new filter.
        let filter = unsafe {
            bindings::damos_new_filter(self.kind.as_raw_type(), self.matching, self.allow)
        };
        let filter = NonNull::new(filter).ok_or(ENOMEM)?;

        // SAFETY: `filter` is valid, and nobody else knows it.
        unsafe { (*filter.as_ptr()).__bindgen_anon_1 = self.kind.as_raw_arg() };
        Ok(filter)
    }
}
