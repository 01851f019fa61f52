// SPDX-License-Identifier: GPL-2.0

//! Regions, and the list of them that a target has.

use super::{
    list::{
        add_between,
        del,
        entry_of,
        link_of, //
    },
    Entry,
    Owned,
    Target, //
};
use core::{
    marker::PhantomData,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// How many probes a region counts hits of.
pub(crate) const MAX_PROBES: usize = 4;

const _: () = assert!(MAX_PROBES == bindings::DAMON_MAX_PROBES as usize);

/// A counter for each probe.
pub(crate) type ProbeHits = [u8; MAX_PROBES];

/// An address range that is monitored as one, `struct damon_region`.
///
/// # Invariants
///
/// The object is initialized, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Region(Opaque<bindings::damon_region>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for Region {
    const LINK: usize = offset_of!(bindings::damon_region, list);

    #[inline]
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: By the function's contract; all regions come from this cache.
        unsafe { bindings::kmem_cache_free(bindings::damon_region_cache, ptr.as_ptr().cast()) };
    }
}

impl Region {
    /// # Safety
    ///
    /// `ptr` must point to an initialized region that stays allocated during the lifetime that the
    /// caller chooses, and that no other thread uses meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::damon_region) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    /// Returns the C structure.
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut bindings::damon_region {
        self.0.get()
    }

    fn set_start(&self, start: usize) {
        // SAFETY: The field is a number in an object that is valid, and no other thread uses it.
        unsafe { (*self.as_ptr()).ar.start = start };
    }

    #[inline]
    fn set_end(&self, end: usize) {
        // SAFETY: The field is a number in an object that is valid, and no other thread uses it.
        unsafe { (*self.as_ptr()).ar.end = end };
    }

    accessors! {
        /// The first address.
        start: usize = ar.start;
        /// The address behind the last one.
        end: usize = ar.end;
        /// In how many samples of the current aggregation interval an access was seen.
        nr_accesses, set_nr_accesses: u32 = nr_accesses;
        /// In how many samples of the last aggregation interval an access was seen.
        last_nr_accesses, set_last_nr_accesses: u32 = last_nr_accesses;
        /// For how many aggregation intervals the accesses have been about the same.
        age, set_age: u32 = age;
        /// In how many samples of the current aggregation interval each probe was positive.
        probe_hits, set_probe_hits: ProbeHits = probe_hits;
        /// In how many samples of the last aggregation interval each probe was positive.
        last_probe_hits, set_last_probe_hits: ProbeHits = last_probe_hits;
    }

    /// The size in address units.
    #[inline(always)]
    pub(crate) fn sz(&self) -> usize {
        self.end().wrapping_sub(self.start())
    }

    /// Allocates a region without accesses.
    ///
    /// Corresponds to `damon_new_region()`.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Result<Owned<Self>> {
        crate::sanity::verify_new_region(start, end);
        // SAFETY: The cache exists from the initialization of DAMON on, before which nothing
        // calls it.
        let raw = unsafe { bindings::damon_core_alloc_region() };
        let region = NonNull::new(raw.cast::<Region>()).ok_or(ENOMEM)?;
        // SAFETY: `region` was just allocated; `reset()` initializes it.
        let region = unsafe { Owned::from_raw(region) };
        region.reset(start, end);
        Ok(region)
    }

    /// Initializes everything.
    #[inline(always)]
    fn reset(&self, start: usize, end: usize) {
        let link: *mut bindings::list_head = link_of(NonNull::from(self));
        let value = bindings::damon_region {
            ar: bindings::damon_addr_range { start, end },
            sampling_addr: start,
            nr_accesses: 0,
            probe_hits: [0; MAX_PROBES],
            age: 0,
            list: bindings::list_head {
                next: link,
                prev: link,
            },
            last_nr_accesses: 0,
            last_probe_hits: [0; MAX_PROBES],
        };
        // SAFETY: The pointer is valid for writes by the type invariant.
        unsafe { self.as_ptr().write(value) };
    }

    /// Copies the monitoring results of another region.
    #[inline(always)]
    fn copy_results(&self, other: &Region) {
        self.set_age(other.age());
        self.set_nr_accesses(other.nr_accesses());
        self.set_last_nr_accesses(other.last_nr_accesses());
        self.set_probe_hits(other.probe_hits());
        self.set_last_probe_hits(other.last_probe_hits());
    }
}

/// A chain of free regions, linked by `list.next`.
///
/// # Invariants
///
/// `first` is the link of the first of `len` free regions, and `last` that of the last one. Both
/// have no meaning when `len` is zero. The `next` of the last one has no meaning.
struct Chain {
    first: *mut bindings::list_head,
    last: *mut bindings::list_head,
    len: usize,
}

impl Chain {
    const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            last: ptr::null_mut(),
            len: 0,
        }
    }

    #[inline(always)]
    fn push_back(&mut self, region: Owned<Region>) {
        let link = link_of(region.into_raw());
        if self.len == 0 {
            self.first = link;
        } else {
            // SAFETY: By the type invariant, `last` is the link of a free region.
            unsafe { (*self.last).next = link };
        }
        // INVARIANT: The chain ends at `link` now.
        self.last = link;
        self.len = self.len.wrapping_add(1);
    }

    #[inline(always)]
    fn push_front(&mut self, region: Owned<Region>) {
        let link = link_of(region.into_raw());
        if self.len == 0 {
            self.last = link;
        } else {
            // SAFETY: The region is free, and its link belongs to the chain now.
            unsafe { (*link).next = self.first };
        }
        // INVARIANT: The chain begins at `link` now.
        self.first = link;
        self.len = self.len.wrapping_add(1);
    }

    /// The first region.
    #[inline(always)]
    fn first(&self) -> Option<&Region> {
        if self.len == 0 {
            return None;
        }
        // SAFETY: By the type invariant, it is the link of a free region.
        Some(unsafe { &*entry_of::<Region>(self.first) })
    }

    #[inline(always)]
    fn pop_front(&mut self) -> Option<Owned<Region>> {
        let region = NonNull::from(self.first()?);
        // INVARIANT: One region less, from the front of the chain.
        self.len = self.len.wrapping_sub(1);
        // SAFETY: By the type invariant, `next` is the link of the next one if there is one.
        self.first = unsafe { (*self.first).next };
        // SAFETY: The region is not in the chain any more.
        Some(unsafe { Owned::from_raw(region) })
    }

    /// Puts all of another chain in front.
    fn prepend(&mut self, other: &mut Chain) {
        if other.len == 0 {
            return;
        }
        if self.len == 0 {
            self.last = other.last;
        } else {
            // SAFETY: By the type invariant, `last` is the link of a free region.
            unsafe { (*other.last).next = self.first };
        }
        // INVARIANT: The chain begins with the other one now, which is empty.
        self.first = other.first;
        self.len = self.len.wrapping_add(other.len);
        other.len = 0;
    }
}

/// Regions that were merged away and wait to be used for the next splits.
///
/// Merging and splitting go on for as long as a kdamond runs, each at about the rate of the other.
/// Both walk regions in the order of their addresses. A split gets a region that was merged away
/// next to it. Thus neighbours in the list of a target stay near each other in memory, and walking
/// the list costs fewer cache and TLB misses.
///
/// Regions that wait still have their addresses. The order is for speed only: any region can be
/// used for any split.
pub(crate) struct RegionPool {
    /// Regions that the walk which splits has not come to, in the order of their addresses.
    ahead: Chain,
    /// Regions that this walk has gone past, the nearest one first.
    behind: Chain,
    /// Regions that are left from the walk before, in the order of their addresses.
    left: Chain,
}

impl RegionPool {
    /// An empty pool.
    pub(crate) const fn new() -> Self {
        Self {
            ahead: Chain::new(),
            behind: Chain::new(),
            left: Chain::new(),
        }
    }

    /// Whether regions are freed and allocated each time, so that what looks for a use of freed
    /// memory sees operations that use a region after it was merged away.
    const TRANSPARENT: bool = cfg!(any(CONFIG_KASAN, CONFIG_DAMON_DEBUG_SANITY));

    /// Keeps a region for later.
    #[inline(always)]
    pub(crate) fn put(&mut self, region: Owned<Region>) {
        if Self::TRANSPARENT {
            return;
        }
        while self
            .left
            .first()
            .is_some_and(|left| left.start() <= region.start())
        {
            if let Some(left) = self.left.pop_front() {
                self.ahead.push_back(left);
            }
        }
        self.ahead.push_back(region);
    }

    /// Gives out a region that covers `start..end`, if need be a newly allocated one.
    #[inline(always)]
    fn take(&mut self, start: usize, end: usize) -> Result<Owned<Region>> {
        match self.nearest(start) {
            Some(region) => {
                crate::sanity::verify_new_region(start, end);
                region.reset(start, end);
                Ok(region)
            }
            None => Region::new(start, end),
        }
    }

    /// Takes the region that was merged away nearest to `start`.
    #[inline(always)]
    fn nearest(&mut self, start: usize) -> Option<Owned<Region>> {
        while let Some(next) = self.ahead.first() {
            let next_start = next.start();
            if next_start > start {
                let is_nearer = |passed: &Region| {
                    start.wrapping_sub(passed.start()) <= next_start.wrapping_sub(start)
                };
                if self.behind.first().is_some_and(is_nearer) {
                    break;
                }
                return self.ahead.pop_front();
            }
            if let Some(passed) = self.ahead.pop_front() {
                self.behind.push_front(passed);
            }
        }
        self.behind.pop_front().or_else(|| self.left.pop_front())
    }

    /// Ends a walk that splits, and frees all but `keep` regions.
    pub(crate) fn end_walk(&mut self, keep: usize) {
        while let Some(passed) = self.behind.pop_front() {
            self.ahead.push_front(passed);
        }
        self.left.prepend(&mut self.ahead);
        while self.left.len > keep {
            drop(self.left.pop_front());
        }
    }
}

impl Drop for RegionPool {
    fn drop(&mut self) {
        self.end_walk(0);
    }
}

/// The regions of a target, to be changed.
///
/// # Invariants
///
/// `target` is valid for `'a`, and nothing else changes its list of regions during `'a`.
pub(crate) struct Regions<'a> {
    target: NonNull<bindings::damon_target>,
    _borrow: PhantomData<&'a mut Region>,
}

impl<'a> Regions<'a> {
    /// # Safety
    ///
    /// `target` must be valid, and nothing else may change its list of regions during `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(target: NonNull<bindings::damon_target>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            target,
            _borrow: PhantomData,
        }
    }

    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// Adds a region at the end.
    ///
    /// Corresponds to `damon_add_region()`.
    pub(crate) fn push(&mut self, region: Owned<Region>) {
        let mut cursor = self.cursor();
        cursor.at = cursor.head();
        cursor.insert_before(region);
    }

    /// Returns a cursor at the first region.
    #[inline(always)]
    pub(crate) fn cursor(&mut self) -> RegionCursor<'_> {
        // SAFETY: By the type invariant, and the borrow of `self`.
        unsafe { RegionCursor::first_of(self.target) }
    }
}

/// A place in the list of regions of a target: at a region or behind the last one.
///
/// # Invariants
///
/// As for [`Regions`]; `at` is the head of the list or the link of a region in it. The number of
/// regions of the target is right.
pub(crate) struct RegionCursor<'a> {
    target: NonNull<bindings::damon_target>,
    at: *mut bindings::list_head,
    _borrow: PhantomData<&'a mut Region>,
}

impl RegionCursor<'_> {
    /// Returns a cursor at the first region of `target`.
    ///
    /// # Safety
    ///
    /// `target` must be valid, and for the lifetime that the caller chooses nothing else may
    /// change its list of regions.
    #[inline(always)]
    pub(super) unsafe fn first_of(target: NonNull<bindings::damon_target>) -> Self {
        // INVARIANT: The first region, or the head.
        Self {
            target,
            // SAFETY: By the function's contract.
            at: unsafe { (*target.as_ptr()).regions_list.next },
            _borrow: PhantomData,
        }
    }

    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// Returns a cursor at the region `region` of `target`.
    ///
    /// # Safety
    ///
    /// `region` must be in the list of `target`, and for the lifetime that the caller chooses
    /// nothing else may change this list.
    pub(crate) unsafe fn from_raw(
        target: NonNull<bindings::damon_target>,
        region: NonNull<bindings::damon_region>,
    ) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            target,
            at: link_of(region.cast::<Region>()),
            _borrow: PhantomData,
        }
    }

    #[inline(always)]
    fn head(&self) -> *mut bindings::list_head {
        // SAFETY: By the type invariant, this is a place within the target.
        unsafe { &raw mut (*self.target.as_ptr()).regions_list }
    }

    /// # Safety
    ///
    /// `link` must be the head or the link of a region in this list.
    #[inline(always)]
    unsafe fn region_at(&self, link: *mut bindings::list_head) -> Option<&Region> {
        if link == self.head() {
            return None;
        }
        // SAFETY: By the contract, and the borrow of `self` keeps the region in the list.
        Some(unsafe { &*entry_of::<Region>(link) })
    }

    /// The target whose regions these are.
    #[inline(always)]
    pub(crate) fn target(&self) -> &Target {
        // SAFETY: By the type invariant. A target is `Opaque`, hence a reference to it does not
        // exclude changes of its list.
        unsafe { Target::from_raw(self.target.as_ptr()) }
    }

    /// The region at this place, or [`None`] at the end.
    #[inline(always)]
    pub(crate) fn current(&self) -> Option<&Region> {
        // SAFETY: By the type invariant.
        unsafe { self.region_at(self.at) }
    }

    /// The region before this place.
    #[inline(always)]
    pub(crate) fn prev(&self) -> Option<&Region> {
        // SAFETY: By the type invariant, `prev` is the head or a region.
        unsafe { self.region_at((*self.at).prev) }
    }

    /// Begins to load the next region from memory.
    ///
    /// Walking a list waits for memory most of the time. What is done with a region takes about as
    /// long as to load one, and takes no time if both are done together.
    #[inline(always)]
    pub(crate) fn load_next(&self) {
        // SAFETY: By the type invariant, `next` is the head or the link of a region. The value is
        // not used.
        unsafe { (&raw const (*(*self.at).next).next).read_volatile() };
    }

    /// Returns whether this is at the last region.
    ///
    /// Corresponds to `damon_is_last_region()`.
    #[inline(always)]
    pub(crate) fn is_last(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.at).next == self.head() }
    }

    /// Goes to the next region, from the end to the first one.
    #[inline(always)]
    pub(crate) fn move_next(&mut self) {
        // INVARIANT: `next` is the head or a region.
        // SAFETY: By the type invariant.
        self.at = unsafe { (*self.at).next };
    }

    #[inline(always)]
    fn add_nr_regions(&mut self, change: i32) {
        // SAFETY: By the type invariant, and no reference to the number is ever made.
        unsafe {
            let nr = &raw mut (*self.target.as_ptr()).nr_regions;
            *nr = (*nr).wrapping_add_signed(change);
        }
    }

    /// Moves the start of the region at this place.
    pub(crate) fn set_start(&mut self, start: usize) {
        self.target().forget_total_sz();
        if let Some(region) = self.current() {
            region.set_start(start);
        }
    }

    /// Moves the end of the region before this place.
    pub(crate) fn set_prev_end(&mut self, end: usize) {
        self.target().forget_total_sz();
        if let Some(prev) = self.prev() {
            prev.set_end(end);
        }
    }

    /// Adds a region before this place.
    ///
    /// Corresponds to `damon_insert_region()`.
    pub(crate) fn insert_before(&mut self, region: Owned<Region>) {
        self.target().forget_total_sz();
        // SAFETY: By the type invariant, these are neighbours, and an owned region is in no list.
        unsafe { add_between(link_of(region.into_raw()), (*self.at).prev, self.at) };
        self.add_nr_regions(1);
    }

    /// Adds a region behind this place.
    #[inline(always)]
    fn insert_after(&mut self, region: Owned<Region>) {
        // SAFETY: As in `insert_before()`.
        unsafe { add_between(link_of(region.into_raw()), self.at, (*self.at).next) };
        self.add_nr_regions(1);
    }

    /// Removes the region at this place and goes to the one before it.
    ///
    /// Corresponds to `damon_del_region()`.
    pub(crate) fn remove(&mut self) -> Option<Owned<Region>> {
        self.target().forget_total_sz();
        self.unlink()
    }

    /// Merges the region at this place into the one before it, if they are adjacent, and goes
    /// there.
    ///
    /// All regions together have the same size as before.
    #[inline(always)]
    pub(crate) fn merge_back(&mut self, pool: &mut RegionPool) {
        let (Some(prev), Some(region)) = (self.prev(), self.current()) else {
            return;
        };
        if prev.end() != region.start() {
            return;
        }
        prev.set_end(region.end());
        if let Some(region) = self.unlink() {
            pool.put(region);
        }
    }

    #[inline(always)]
    fn unlink(&mut self) -> Option<Owned<Region>> {
        let region = NonNull::from(self.current()?);
        crate::sanity::verify_del_region(self.target());
        let link = self.at;
        // SAFETY: By the type invariant, `link` is in the list.
        unsafe {
            self.at = (*link).prev;
            del(link);
        }
        self.add_nr_regions(-1);
        // SAFETY: The region was just removed, and the exclusive borrow of `self` excludes other
        // references.
        Some(unsafe { Owned::from_raw(region) })
    }

    /// Splits the region at this place, so that the first part has the size `sz`.
    ///
    /// The cursor stays at the first part. All regions together have the same size as before.
    ///
    /// Returns [`ENOMEM`], with nothing changed, if there is no
    /// memory for the second one.
    ///
    /// Corresponds to `damon_split_region_at()`.
    #[inline(never)]
    pub(crate) fn split_at(&mut self, sz: usize, pool: &mut RegionPool) -> Result {
        let Some(region) = self.current() else {
            return Ok(());
        };
        crate::sanity::verify_split(region, sz);
        let middle = region.start().wrapping_add(sz);
        let new = pool.take(middle, region.end())?;
        new.copy_results(region);
        region.set_end(middle);
        self.insert_after(new);
        Ok(())
    }
}
