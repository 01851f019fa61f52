// SPDX-License-Identifier: GPL-2.0

//! Folios.
//!
//! C headers: [`include/linux/mm_types.h`](srctree/include/linux/mm_types.h),
//! [`include/linux/page_idle.h`](srctree/include/linux/page_idle.h)

use crate::{
    bindings,
    sync::aref::AlwaysRefCounted,
    types::Opaque, //
};
use core::ptr::NonNull;

/// Some contiguous memory that is managed as a unit, the kernel's `struct folio`.
///
/// # Invariants
///
/// Something has a reference to the folio: an entry of a page table that is locked, or an
/// [`ARef`](crate::sync::aref::ARef).
#[repr(transparent)]
pub struct Folio(Opaque<bindings::folio>);

// SAFETY: These functions count references to a folio, with atomic operations.
unsafe impl AlwaysRefCounted for Folio {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: By the type invariant, the folio has a reference, and so can get one more.
        unsafe { bindings::folio_get(self.as_ptr()) };
    }

    #[inline]
    unsafe fn dec_ref(folio: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { bindings::folio_put(folio.cast().as_ptr()) };
    }
}

impl Folio {
    /// Returns the C structure.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::folio {
        self.0.get()
    }

    /// Returns whether the folio is on one of the lists of least recently used memory.
    #[inline]
    pub fn is_on_lru(&self) -> bool {
        // SAFETY: By the type invariant, the folio is valid.
        unsafe { bindings::folio_test_lru(self.as_ptr()) }
    }

    /// Returns whether nothing has accessed the folio since it was marked as idle, other than by
    /// page tables.
    #[inline]
    pub fn is_idle(&self) -> bool {
        // SAFETY: By the type invariant, the folio is valid.
        unsafe { bindings::folio_test_idle(self.as_ptr()) }
    }

    /// Marks the folio as idle.
    #[inline]
    pub fn mark_idle(&self) {
        // Setting a flag that is set would take the cache line from other processors, for nothing.
        if !self.is_idle() {
            // SAFETY: By the type invariant, the folio is valid. The flag is set atomically.
            unsafe { bindings::folio_set_idle(self.as_ptr()) };
        }
    }

    /// Marks the folio as accessed, for who looks at page tables later and finds no mark there.
    #[inline]
    pub fn mark_young(&self) {
        // SAFETY: By the type invariant, the folio is valid.
        let is_young = unsafe { bindings::folio_test_young(self.as_ptr()) };
        if !is_young {
            // SAFETY: By the type invariant, the folio is valid. The flag is set atomically.
            unsafe { bindings::folio_set_young(self.as_ptr()) };
        }
    }
}
