// SPDX-License-Identifier: GPL-2.0

//! Regions, and the list of them that a target has.

use super::{
    list::Cursor,
    Entry,
    Mut,
    Object,
    Owned,
    Target, //
};
use core::{
    mem::offset_of,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// How many probes a region counts hits of.
pub(crate) const MAX_PROBES: usize = 4;

const _: () = assert!(MAX_PROBES == bindings::DAMON_MAX_PROBES as usize);

/// A counter for each probe.
pub(crate) type ProbeHits = [u8; MAX_PROBES];

object! {
    /// An address range that is monitored as one, `struct damon_region`.
    Region: damon_region
}

// SAFETY: The structure has one `struct list_head`, which is at this offset.
unsafe impl Entry for Region {
    const LINK: usize = offset_of!(bindings::damon_region, list);

    #[inline]
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: The caller promises that nothing uses the region. All regions are allocated by
        // `Region::new()`, from this cache.
        unsafe { bindings::kmem_cache_free(bindings::damon_region_cache, ptr.as_ptr().cast()) };
    }
}

impl Region {
    accessors! { private
        _, set_start: usize = ar.start;
        _, set_end: usize = ar.end;
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
    #[inline]
    pub(crate) fn sz(&self) -> usize {
        self.end().wrapping_sub(self.start())
    }

    /// Allocates a region without accesses.
    ///
    /// Corresponds to `damon_new_region()`.
    #[inline]
    pub(crate) fn new(start: usize, end: usize) -> Result<Owned<Self>> {
        crate::sanity::verify_new_region(start, end);
        // SAFETY: The cache exists from the initialization of DAMON on, before which nothing uses
        // it.
        let raw = unsafe { bindings::damon_core_alloc_region() };
        let region = NonNull::new(raw.cast::<Region>()).ok_or(ENOMEM)?;
        // SAFETY: The memory was allocated just now, for a region.
        Ok(unsafe { Self::init(region, start, end) })
    }

    /// Initializes everything.
    ///
    /// # Safety
    ///
    /// `region` must be memory for a region that nothing else uses, which the returned value owns.
    #[inline]
    unsafe fn init(region: NonNull<Self>, start: usize, end: usize) -> Owned<Self> {
        let raw = region.as_ptr().cast::<bindings::damon_region>();
        let link = raw.wrapping_byte_add(Self::LINK).cast();
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
        // SAFETY: The caller promises that nothing else uses the memory.
        unsafe { raw.write(value) };
        // SAFETY: The region is initialized, in no list, and the caller gives it away.
        unsafe { Owned::from_raw(region) }
    }

    /// Copies the monitoring results of another region.
    #[inline]
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
/// `ends` are the first and the last of `len` free regions, or [`None`] if there is none. Each but
/// the last one points to the next.
struct Chain {
    ends: Option<(NonNull<Region>, NonNull<Region>)>,
    len: usize,
}

impl Chain {
    const fn new() -> Self {
        Self { ends: None, len: 0 }
    }

    /// Lets a free region point to the next one.
    ///
    /// # Safety
    ///
    /// `region` must be one of a chain, or about to be.
    #[inline]
    unsafe fn link(region: NonNull<Region>, next: NonNull<Region>) {
        let raw = region.as_ptr().cast::<bindings::damon_region>();
        // SAFETY: The caller promises that the region is free: nothing else uses its link.
        unsafe { (*raw).list.next = next.as_ptr().cast() };
    }

    #[inline]
    fn push_back(&mut self, region: Owned<Region>) {
        let region = region.into_raw();
        let first = self.ends.map_or(region, |(first, last)| {
            // SAFETY: It is the last one of this chain.
            unsafe { Self::link(last, region) };
            first
        });
        // INVARIANT: The chain ends at `region` now.
        self.ends = Some((first, region));
        self.len = self.len.wrapping_add(1);
    }

    #[inline]
    fn push_front(&mut self, region: Owned<Region>) {
        let mut front = Chain::new();
        front.push_back(region);
        self.prepend(&mut front);
    }

    /// The first region.
    #[inline]
    fn first(&self) -> Option<&Region> {
        // SAFETY: It is a free region, which the chain keeps as long as `self` is borrowed.
        self.ends.map(|(first, _)| unsafe { first.as_ref() })
    }

    #[inline]
    fn pop_front(&mut self) -> Option<Owned<Region>> {
        let (first, last) = self.ends?;
        self.len = self.len.wrapping_sub(1);
        let next = if first == last {
            None
        } else {
            // SAFETY: The chain keeps the region, which is not the last one, hence points to
            // another.
            NonNull::new(unsafe { (*first.as_ref().as_ptr()).list.next }.cast())
        };
        // INVARIANT: The chain begins one region later.
        self.ends = next.map(|next| (next, last));
        // SAFETY: The region is not in the chain any more, and nothing else uses it.
        Some(unsafe { Owned::from_raw(first) })
    }

    /// Puts all of another chain in front.
    #[inline]
    fn prepend(&mut self, other: &mut Chain) {
        let Some((first, middle)) = other.ends.take() else {
            return;
        };
        let last = self.ends.map_or(middle, |(next, last)| {
            // SAFETY: It is the last one of the other chain.
            unsafe { Self::link(middle, next) };
            last
        });
        // INVARIANT: The chain begins with the other one now, which is empty.
        self.ends = Some((first, last));
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
    #[inline]
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
    #[inline]
    fn take(&mut self, start: usize, end: usize) -> Result<Owned<Region>> {
        match self.nearest(start) {
            Some(region) => {
                crate::sanity::verify_new_region(start, end);
                // SAFETY: Nothing else uses a region that is owned, and given away here.
                Ok(unsafe { Region::init(region.into_raw(), start, end) })
            }
            None => Region::new(start, end),
        }
    }

    /// Takes the region that was merged away nearest to `start`.
    #[inline]
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

/// A place in the list of regions of a target: at a region or behind the last one.
///
/// # Invariants
///
/// The cursor is one in the list of the target. The number of regions of the target is right.
pub(crate) struct RegionCursor<'a> {
    target: NonNull<Target>,
    at: Cursor<'a, Region>,
}

impl<'a> RegionCursor<'a> {
    /// Returns a cursor at the first region of `target`.
    #[inline]
    pub(super) fn new(target: &'a mut Mut<'_, Target>) -> Self {
        // INVARIANT: The target and its list are borrowed for as long as the cursor lives.
        Self {
            target: target.as_non_null(),
            at: target.regions_mut().into_cursor(),
        }
    }

    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// Goes to a region from a place before it, or to the end if it is not there.
    pub(crate) fn move_to(&mut self, region: *const Region) {
        self.at.move_to(region);
    }

    /// The target whose regions these are.
    #[inline]
    pub(crate) fn target(&self) -> &Target {
        // SAFETY: The target is valid as long as the cursor is. Its type allows that the list
        // changes while a reference to it exists.
        unsafe { self.target.as_ref() }
    }

    /// The region at this place, or [`None`] at the end.
    #[inline]
    pub(crate) fn current(&self) -> Option<&Region> {
        self.at.get()
    }

    /// The region before this place.
    #[inline]
    pub(crate) fn prev(&self) -> Option<&Region> {
        self.at.prev()
    }

    /// Begins to load the next region from memory, see [`Cursor::load_next()`].
    #[inline]
    pub(crate) fn load_next(&self) {
        self.at.load_next();
    }

    /// Returns whether this is at the last region.
    ///
    /// Corresponds to `damon_is_last_region()`.
    #[inline]
    pub(crate) fn is_last(&self) -> bool {
        self.at.is_last()
    }

    /// Goes to the next region, from the end to the first one.
    #[inline]
    pub(crate) fn move_next(&mut self) {
        self.at.move_next();
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
        self.at.insert_before(region);
        self.target().add_nr_regions(1);
    }

    /// Removes the region at this place and goes to the one before it.
    ///
    /// Corresponds to `damon_del_region()`.
    pub(crate) fn remove(&mut self) -> Option<Owned<Region>> {
        self.target().forget_total_sz();
        self.unlink()
    }

    #[inline]
    fn unlink(&mut self) -> Option<Owned<Region>> {
        self.current()?;
        crate::sanity::verify_del_region(self.target());
        let region = self.at.remove()?;
        self.at.move_prev();
        self.target().add_nr_regions(-1);
        Some(region)
    }

    /// Merges the region at this place into the one before it, if they are adjacent, and goes
    /// there.
    ///
    /// All regions together have the same size as before.
    #[inline]
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

    /// Splits the region at this place, so that the first part has the size `sz`.
    ///
    /// The cursor stays at the first part. All regions together have the same size as before.
    ///
    /// Returns [`ENOMEM`], with nothing changed, if there is no memory for the second one.
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
        self.at.insert_after(new);
        self.target().add_nr_regions(1);
        Ok(())
    }
}
