// SPDX-License-Identifier: GPL-2.0

//! Looking at what an address space maps, page by page.
//!
//! Each of these borrows the one before, which keeps it valid, and cannot be kept for longer:
//!
//! - [`MmWithUser`], an address space;
//! - [`VmaRef`], an area of it that is locked, which `MmWithUser::lock_next_vma()` or
//!   [`MmapReadGuard::next_vma`] returns;
//! - [`PageTable`], a page table that is locked while [`VmaRef::with_page_table`] runs;
//! - [`Mapped`], an entry of it, which [`PageTable::entry`] returns;
//! - [`Folio`], the memory that the entry maps. The entry has a reference to it, and does not
//!   change while the table is locked, so there is no need to count another one.
//!
//! What is not common is said to be so, and left to others: pages of hugetlbfs, memory without
//! folios, and address spaces of which a device has page tables as well.
//!
//! # Examples
//!
//! ```
//! use kernel::mm::virt::VmaRef;
//! use kernel::mm::walk::{Entry, Lookup};
//!
//! /// Returns whether a page was accessed since the mark of that was cleared, if it is known.
//! fn is_young(vma: &VmaRef, addr: usize) -> Option<bool> {
//!     vma.with_page_table(addr, |lookup| match lookup {
//!         Lookup::Table(table) => match table.entry(addr) {
//!             Entry::Mapped(mapped) => Some(mapped.is_young()),
//!             Entry::Empty => Some(false),
//!             Entry::Uncommon => None,
//!         },
//!         Lookup::Empty { .. } => Some(false),
//!         Lookup::Uncommon { .. } => None,
//!     })
//! }
//! ```

#[cfg(CONFIG_PER_VMA_LOCK)]
use super::VmaReadGuard;
use super::{
    folio::Folio,
    virt::{
        flags,
        VmaRef, //
    },
    MmWithUser,
    MmapReadGuard, //
};
use crate::{
    bindings,
    error::from_err_ptr,
    ffi::c_void,
    types::NotThreadSafe, //
};
use core::{
    ops::Range,
    ptr::{
        self,
        NonNull, //
    },
};

#[cfg(CONFIG_PER_VMA_LOCK)]
impl MmWithUser {
    /// Locks the area at an address, or else the next one. There is nothing between `addr` and it;
    /// or behind `addr`, if there is none.
    ///
    /// This may wait for [`mmap_read_lock`](Self::mmap_read_lock), and so for who waits for areas:
    /// to hold another area of the address space, or a page table, meanwhile can deadlock.
    ///
    /// # Errors
    ///
    /// All errors mean that this is not known for now: areas are being changed, many look at the
    /// same one, or the current process is about to be killed.
    #[inline]
    pub fn lock_next_vma(&self, addr: usize) -> crate::error::Result<Option<VmaReadGuard<'_>>> {
        // SAFETY: The address space has users, and any address can be looked up.
        let vma = from_err_ptr(unsafe { bindings::vma_lock_next(self.as_raw(), addr) })?;
        Ok(NonNull::new(vma).map(|vma| VmaReadGuard {
            // SAFETY: The area was locked for us, and is until the guard is dropped.
            vma: unsafe { VmaRef::from_raw(vma.as_ptr()) },
            _nts: NotThreadSafe,
        }))
    }
}

impl MmWithUser {
    /// Returns whether somebody else wants to know of accesses as well: a device, or a virtual
    /// machine, that has page tables of its own. Page tables of this address space do not tell all
    /// then, and [`VmaRef::with_page_table`] gives out none. It may change at any time.
    #[inline]
    pub fn has_notifiers(&self) -> bool {
        // SAFETY: The address space has users, and hence is valid.
        unsafe { bindings::mm_has_notifiers(self.as_raw()) }
    }
}

#[cfg(CONFIG_PER_VMA_LOCK)]
impl VmaReadGuard<'_> {
    /// Returns whether somebody waits to change the area, which takes that this is dropped.
    #[inline]
    pub fn is_contended(&self) -> bool {
        // SAFETY: The area is locked, and hence valid.
        unsafe { bindings::vma_is_contended(self.vma.as_ptr()) }
    }
}

impl MmapReadGuard<'_> {
    /// Returns whether somebody waits to change areas, which takes that this is dropped.
    #[inline]
    pub fn is_contended(&self) -> bool {
        // SAFETY: The guard borrows the address space, which is hence valid.
        unsafe { bindings::mmap_lock_is_contended(self.mm.as_raw()) != 0 }
    }

    /// Returns the area at an address, or else the next one.
    #[inline]
    pub fn next_vma(&self, addr: usize) -> Option<&VmaRef> {
        // SAFETY: The areas of the address space are locked, by the invariant of the guard.
        let vma = NonNull::new(unsafe { bindings::find_vma(self.mm.as_raw(), addr) })?;
        // SAFETY: The area is valid, and locked as long as the guard is borrowed.
        Some(unsafe { VmaRef::from_raw(vma.as_ptr()) })
    }
}

/// What there is at an address of an area.
pub enum Lookup<'a> {
    /// A page table.
    Table(&'a PageTable<'a>),
    /// Nothing up to an address.
    Empty {
        /// That address, of which nothing is known.
        end: usize,
    },
    /// What this module leaves to others, up to an address.
    Uncommon {
        /// That address, of which nothing is known.
        end: usize,
    },
}

impl VmaRef {
    /// Returns whether all of this area is [uncommon](Lookup::Uncommon).
    #[inline]
    fn is_uncommon(&self) -> bool {
        self.flags() & (flags::PFNMAP | flags::MIXEDMAP | flags::HUGETLB) != 0
    }

    /// Calls `f` with the page table at an address of this area, which is locked until that
    /// returns. An address that is not in the area is [uncommon](Lookup::Uncommon).
    ///
    /// It is a spinlock. To wait for a second one, to sleep, or to change what is mapped while it
    /// is held can deadlock. A kernel for one processor has no such locks, and does not notice, as
    /// with all others.
    #[inline]
    pub fn with_page_table<R>(&self, addr: usize, f: impl FnOnce(Lookup<'_>) -> R) -> R {
        if !(self.start()..self.end()).contains(&addr) {
            return f(Lookup::Uncommon {
                end: addr.saturating_add(1),
            });
        }
        if self.is_uncommon() {
            return f(Lookup::Uncommon { end: self.end() });
        }
        let (mut end, mut ptl, mut huge) = (0, ptr::null_mut(), false);
        let vma = self.as_ptr();
        // SAFETY: The area is locked, by the type invariant, and the address is in it.
        let table = unsafe { bindings::page_table_lock(vma, addr, &mut end, &mut ptl, &mut huge) };
        match from_err_ptr(table).map(NonNull::new) {
            Err(_) => f(Lookup::Uncommon {
                end: addr.saturating_add(1),
            }),
            Ok(None) => f(Lookup::Empty { end }),
            // INVARIANT: The table was locked. It has the entries of all addresses up to `end`.
            // Nobody but this function owns it, so that tables are given back in the order in
            // which some architectures map and unmap them: the last one first.
            Ok(Some(table)) => f(Lookup::Table(&PageTable {
                vma: self,
                table,
                huge,
                ptl,
                range: addr..end,
                _nts: NotThreadSafe,
            })),
        }
    }
}

/// A page table that is locked.
///
/// # Invariants
///
/// `table` is accessible and has entries for the addresses of `range`, which is in `vma`: one for
/// each page, or one for all if `huge`. Its lock is `ptl` and is held.
pub struct PageTable<'a> {
    vma: &'a VmaRef,
    table: NonNull<c_void>,
    huge: bool,
    ptl: *mut bindings::spinlock_t,
    range: Range<usize>,
    // Who has taken a spinlock releases it.
    _nts: NotThreadSafe,
}

/// What an entry of a page table stands for.
pub enum Entry<'a> {
    /// Memory.
    Mapped(Mapped<'a>),
    /// Nothing, what is not in memory, or the zeros that are there for all.
    Empty,
    /// What this module leaves to others.
    Uncommon,
}

impl PageTable<'_> {
    /// The addresses of which this has the entries, from the one that was looked up.
    #[inline]
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Begins to load from memory what will be wanted of an entry.
    #[inline]
    pub fn prefetch(&self, addr: usize) {
        if self.range.contains(&addr) {
            // SAFETY: By the type invariant, the table is locked and has this entry.
            unsafe { bindings::page_table_prefetch(self.table.as_ptr(), self.huge, addr) };
        }
    }

    /// Looks at the entry of an address.
    #[inline]
    pub fn entry(&self, addr: usize) -> Entry<'_> {
        if !self.range.contains(&addr) {
            return Entry::Uncommon;
        }
        let (vma, table) = (self.vma.as_ptr(), self.table.as_ptr());
        let mut young = false;
        // SAFETY: By the type invariant, the table is locked and has this entry.
        let folio = unsafe { bindings::page_table_folio(vma, table, self.huge, addr, &mut young) };
        match from_err_ptr(folio).map(NonNull::new) {
            Err(_) => Entry::Uncommon,
            Ok(None) => Entry::Empty,
            // INVARIANT: The table has this entry.
            Ok(Some(folio)) => Entry::Mapped(Mapped {
                table: self,
                addr,
                young,
                // SAFETY: The entry has a reference to the folio until it changes. For that the
                // table has to be locked, and it is we who hold the lock while `self` is borrowed.
                folio: unsafe { folio.cast().as_ref() },
            }),
        }
    }
}

impl Drop for PageTable<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariant, the table is accessible and the lock is held.
        unsafe { bindings::page_table_unlock(self.table.as_ptr(), self.ptl, self.huge) };
    }
}

/// An entry that maps memory.
///
/// # Invariants
///
/// `addr` is in the range of `table`.
pub struct Mapped<'a> {
    table: &'a PageTable<'a>,
    addr: usize,
    young: bool,
    folio: &'a Folio,
}

impl<'a> Mapped<'a> {
    /// Returns whether there was a mark of an access.
    #[inline]
    pub fn is_young(&self) -> bool {
        self.young
    }

    /// Clears the mark of an access, and returns whether there was one.
    #[inline]
    pub fn test_and_clear_young(&self) -> bool {
        let (table, huge) = (self.table.table.as_ptr(), self.table.huge);
        let vma = self.table.vma.as_ptr();
        // SAFETY: By the invariants of both types, the table is locked and has this entry.
        unsafe { bindings::page_table_test_and_clear_young(vma, table, huge, self.addr) }
    }

    /// The folio of the memory.
    #[inline]
    pub fn folio(&self) -> &'a Folio {
        self.folio
    }
}
