// SPDX-License-Identifier: GPL-2.0

//! Filters of probes.

use crate::{
    bindings,
    memcg::MemcgId,
    prelude::*, //
};
use core::ptr::NonNull;

/// The memory that a [`ProbeFilter`] is about.
///
/// Corresponds to the C `enum damon_filter_type`, with the argument of each type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damon_filter_type")]
pub enum ProbeFilterKind {
    /// Anonymous pages.
    Anon,
    /// Pages that are charged to this memory cgroup.
    Memcg(MemcgId),
}

/// A filter of a probe: what memory the probe shall, or shall not, find.
///
/// The first filter that matches decides. Memory that none matches is not found if the last filter
/// allows, and found otherwise.
///
/// Corresponds to the C `struct damon_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damon_filter")]
pub struct ProbeFilter {
    /// The memory in question.
    pub kind: ProbeFilterKind,
    /// Whether the filter matches memory of this kind, or all other memory.
    pub matching: bool,
    /// Whether the probe finds what matches, or not.
    pub allow: bool,
}

impl ProbeFilter {
    /// Creates a C filter, which is in no list. The caller owns it.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    pub(super) fn to_raw(self) -> Result<NonNull<bindings::damon_filter>> {
        let (kind, memcg_id) = match self.kind {
            ProbeFilterKind::Anon => (bindings::damon_filter_type_DAMON_FILTER_TYPE_ANON, 0),
            ProbeFilterKind::Memcg(id) => (
                bindings::damon_filter_type_DAMON_FILTER_TYPE_MEMCG,
                id.into_raw(),
            ),
        };

        // SAFETY: Always safe to call from a context that can sleep; returns null or a new filter.
        let filter = unsafe { bindings::damon_new_filter(kind, self.matching, self.allow) };
        let filter = NonNull::new(filter).ok_or(ENOMEM)?;

        // SAFETY: `filter` is valid, and nobody else knows it.
        unsafe { (*filter.as_ptr()).__bindgen_anon_1.memcg_id = memcg_id };
        Ok(filter)
    }
}
