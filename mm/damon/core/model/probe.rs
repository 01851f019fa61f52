// SPDX-License-Identifier: GPL-2.0

//! Probes of attributes of the data, and their filters.

use super::{
    list::init,
    Entry,
    List,
    ListMut,
    Mut,
    Owned, //
};
use core::{
    mem::offset_of,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A filter of a probe, `struct damon_filter`.
///
/// # Invariants
///
/// The object is valid, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct ProbeFilter(Opaque<bindings::damon_filter>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for ProbeFilter {
    const LINK: usize = offset_of!(bindings::damon_filter, list);

    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: These filters are allocated by `ProbeFilter::new()`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

impl ProbeFilter {
    fn as_ptr(&self) -> *mut bindings::damon_filter {
        self.0.get()
    }

    /// Allocates a filter whose particulars are zero.
    ///
    /// Corresponds to `damon_new_filter()`.
    pub(crate) fn new(
        type_: bindings::damon_filter_type,
        matching: bool,
        allow: bool,
    ) -> Result<Owned<Self>> {
        let object = ProbeFilter(Opaque::new(pin_init::zeroed::<bindings::damon_filter>()));
        // SAFETY: It has no lists.
        let filter = unsafe { Owned::alloc(object)? };
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
    }

    /// Makes this filter like `src`.
    ///
    /// Corresponds to `damon_commit_filter()`.
    pub(crate) fn commit(&self, src: &ProbeFilter) {
        self.set_raw_type(src.raw_type());
        self.set_matching(src.matching());
        self.set_allow(src.allow());
        if src.raw_type() == bindings::damon_filter_type_DAMON_FILTER_TYPE_MEMCG {
            // SAFETY: By the type invariants; each value of the bytes is a number.
            unsafe {
                (*self.as_ptr()).__bindgen_anon_1.memcg_id =
                    (*src.as_ptr()).__bindgen_anon_1.memcg_id;
            }
        }
    }
}

/// A probe, `struct damon_probe`.
///
/// # Invariants
///
/// The object is initialized, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Probe(Opaque<bindings::damon_probe>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for Probe {
    const LINK: usize = offset_of!(bindings::damon_probe, list);

    /// Corresponds to `damon_free_probe()`.
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: By the function's contract, nothing else uses the probe.
        let mut probe = unsafe { Mut::from_raw(ptr) };
        probe.filters_mut().clear();
        // SAFETY: Probes are allocated by `Probe::new()`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

impl Probe {
    fn as_ptr(&self) -> *mut bindings::damon_probe {
        self.0.get()
    }

    /// Allocates a probe without weight and filters.
    ///
    /// Corresponds to `damon_new_probe()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        let object = Probe(Opaque::new(pin_init::zeroed::<bindings::damon_probe>()));
        // SAFETY: Its lists are initialized below.
        let probe = unsafe { Owned::alloc(object)? };
        // SAFETY: The probe is valid, and these are list heads.
        unsafe {
            let raw = probe.as_ptr();
            init(&raw mut (*raw).filters);
        }
        Ok(probe)
    }

    accessors! {
        /// How much a hit counts. If any probe has a weight, hits are what regions are merged by.
        weight, set_weight: u32 = weight;
    }

    /// Returns the filters.
    pub(crate) fn filters(&self) -> List<'_, ProbeFilter> {
        // SAFETY: By the type invariant. Changes of the list need `Mut<Probe>`, which does not
        // exist together with this borrow.
        unsafe { List::from_raw(&raw mut (*self.as_ptr()).filters) }
    }
}

impl Mut<'_, Probe> {
    /// Returns the filters, to be changed.
    pub(crate) fn filters_mut(&mut self) -> ListMut<'_, ProbeFilter> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { ListMut::from_raw(&raw mut (*self.as_ptr()).filters) }
    }
}
