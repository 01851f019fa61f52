// SPDX-License-Identifier: GPL-2.0

//! Regions, and the list of them that a target has.

use super::{
    list::Cursor,
    sanity, //
};
use crate::prelude::*;

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
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: The caller promises that nothing uses the region. All regions are allocated by
        // `Region::new()`, from this cache.
        unsafe { bindings::kmem_cache_free(bindings::damon_region_cache, ptr.as_ptr().cast()) };
    }
}

impl Region {
    setters! { private usize: start = ar.start, end = ar.end; }

    getters! { usize: start = ar.start, end = ar.end; }

    fields! {
        u32: nr_accesses, last_nr_accesses, age;
        ProbeHits: probe_hits, last_probe_hits;
    }

    /// The size in address units.
    pub(crate) fn sz(&self) -> usize {
        self.end().wrapping_sub(self.start())
    }

    /// Allocates a region without accesses. Corresponds to `damon_new_region()`.
    pub(crate) fn new(start: usize, end: usize) -> Result<Owned<Self>> {
        sanity::verify_new_region(start, end);
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
    fn copy_results(&self, other: &Region) {
        self.set_age(other.age());
        self.set_nr_accesses(other.nr_accesses());
        self.set_last_nr_accesses(other.last_nr_accesses());
        self.set_probe_hits(other.probe_hits());
        self.set_last_probe_hits(other.last_probe_hits());
    }
}

/// Regions that were merged away and wait to be used for the next splits.
///
/// Merging and splitting go on for as long as a kdamond runs, each at about the rate of the other.
/// Both walk regions in the order of their addresses, and what was merged away first is used first.
/// Thus neighbours in the list of a target stay near each other in memory, and walking the list
/// costs fewer cache and TLB misses.
///
/// # Invariants
///
/// `ends` are the first and the last of `len` regions, or [`None`] if there is none. Nothing else
/// uses them, and the `list.next` of each but the last one points to the next.
pub(crate) struct RegionPool {
    ends: Option<(NonNull<Region>, NonNull<Region>)>,
    len: usize,
    /// How many more splits there may be.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    room: usize,
}

impl RegionPool {
    /// An empty pool.
    pub(crate) const fn new() -> Self {
        Self {
            ends: None,
            len: 0,
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            room: usize::MAX,
        }
    }

    /// Whether regions are freed and allocated each time, so that what looks for a use of freed
    /// memory sees operations that use a region after it was merged away.
    const TRANSPARENT: bool = cfg!(any(CONFIG_KASAN, CONFIG_DAMON_DEBUG_SANITY));

    /// Keeps a region for later.
    fn put(&mut self, region: Owned<Region>) {
        if Self::TRANSPARENT {
            return;
        }
        let region = region.into_raw();
        let first = self.ends.map_or(region, |(first, last)| {
            // SAFETY: The pool keeps the region, so that nothing else uses its link.
            unsafe {
                (*last.cast::<bindings::damon_region>().as_ptr()).list.next = region.as_ptr().cast()
            };
            first
        });
        // INVARIANT: The last one points to `region`, which is the last one now.
        self.ends = Some((first, region));
        self.len = self.len.wrapping_add(1);
    }

    /// Takes the region that waits for the longest time.
    fn pop(&mut self) -> Option<Owned<Region>> {
        let (first, last) = self.ends?;
        self.len = self.len.wrapping_sub(1);
        self.ends = None;
        if first != last {
            // SAFETY: The pool keeps the region, which is not the last one, hence has a next one.
            let next = unsafe { (*first.cast::<bindings::damon_region>().as_ptr()).list.next };
            // INVARIANT: The pool begins one region later.
            self.ends = NonNull::new(next.cast()).map(|next| (next, last));
        }
        // SAFETY: The region is not in the pool any more, and nothing else uses it.
        Some(unsafe { Owned::from_raw(first) })
    }

    /// Gives out a region that covers `start..end`, if need be a newly allocated one.
    fn take(&mut self, start: usize, end: usize) -> Result<Owned<Region>> {
        let Some(region) = self.pop() else {
            return Region::new(start, end);
        };
        sanity::verify_new_region(start, end);
        // SAFETY: Nothing else uses a region that is owned, and given away here.
        Ok(unsafe { Region::init(region.into_raw(), start, end) })
    }

    /// Sets how many more splits there may be than merges.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Frees all but `keep` regions.
    pub(crate) fn shrink(&mut self, keep: usize) {
        while self.len > keep {
            drop(self.pop());
        }
    }
}

impl Drop for RegionPool {
    fn drop(&mut self) {
        self.shrink(0);
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
    pool: &'a mut RegionPool,
}

impl<'a> RegionCursor<'a> {
    /// Returns a cursor at the first region of `target`.
    ///
    /// Regions that are merged away go to `pool`, and those for splits come from there.
    pub(super) fn new(target: &'a mut Mut<'_, Target>, pool: &'a mut RegionPool) -> Self {
        // INVARIANT: The target and its list are borrowed for as long as the cursor lives.
        Self {
            target: target.as_non_null(),
            at: target.regions_mut().into_cursor(),
            pool,
        }
    }

    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// Goes to a region from a place before it, or to the end if it is not there.
    pub(crate) fn move_to(&mut self, region: *const Region) {
        self.at.move_to(region);
    }

    /// The target whose regions these are.
    pub(crate) fn target(&self) -> &Target {
        // SAFETY: The target is valid as long as the cursor is. Its type allows that the list
        // changes while a reference to it exists.
        unsafe { self.target.as_ref() }
    }

    /// The region at this place, or [`None`] at the end.
    pub(crate) fn current(&self) -> Option<&Region> {
        self.at.get()
    }

    /// The region before this place.
    pub(crate) fn prev(&self) -> Option<&Region> {
        self.at.prev()
    }

    /// Begins to load the next region from memory, see [`Cursor::load_next()`].
    pub(crate) fn load_next(&self) {
        self.at.load_next();
    }

    /// Returns whether this is at the last region. Corresponds to `damon_is_last_region()`.
    pub(crate) fn is_last(&self) -> bool {
        self.at.is_last()
    }

    /// Goes to the next region, from the end to the first one.
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

    /// Adds a region before this place. Corresponds to `damon_insert_region()`.
    pub(crate) fn insert_before(&mut self, region: Owned<Region>) {
        self.target().forget_total_sz();
        self.at.insert_before(region);
        self.target().add_nr_regions(1);
    }

    /// Removes the region at this place and goes to the one before it.
    /// Corresponds to `damon_del_region()`.
    pub(crate) fn remove(&mut self) -> Option<Owned<Region>> {
        self.target().forget_total_sz();
        self.unlink()
    }
    fn unlink(&mut self) -> Option<Owned<Region>> {
        self.current()?;
        sanity::verify_del_region(self.target());
        let region = self.at.remove()?;
        self.at.move_prev();
        self.target().add_nr_regions(-1);
        Some(region)
    }

    /// Merges the region at this place into the one before it, if they are adjacent, and goes
    /// there.
    ///
    /// All regions together have the same size as before.
    pub(crate) fn merge_back(&mut self) {
        let (Some(prev), Some(region)) = (self.prev(), self.current()) else {
            return;
        };
        if prev.end() != region.start() {
            return;
        }
        sanity::verify_merge(prev, region);
        prev.set_end(region.end());
        if let Some(region) = self.unlink() {
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            {
                self.pool.room = self.pool.room.saturating_add(1);
            }
            self.pool.put(region);
        }
    }

    /// Splits the region at this place, so that the first part has the size `sz`.
    ///
    /// The cursor stays at the first part. All regions together have the same size as before.
    ///
    /// Returns [`ENOMEM`], with nothing changed, if there is no memory for the second one, or if
    /// there may be no more.
    /// Corresponds to `damon_split_region_at()`.
    #[inline(never)]
    pub(crate) fn split_at(&mut self, sz: usize) -> Result {
        let Some(region) = self.at.get() else {
            return Ok(());
        };
        sanity::verify_split(region, sz);
        let middle = region.start().wrapping_add(sz);
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        {
            self.pool.room = self.pool.room.checked_sub(1).ok_or(ENOMEM)?;
        }
        let new = self.pool.take(middle, region.end())?;
        new.copy_results(region);
        region.set_end(middle);
        self.at.insert_after(new);
        self.target().add_nr_regions(1);
        Ok(())
    }
}
