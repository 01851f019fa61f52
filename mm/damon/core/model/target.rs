// SPDX-License-Identifier: GPL-2.0

//! Monitoring targets.

use super::{
    list::init,
    Entry,
    List,
    Mut,
    Owned,
    Region,
    RegionCursor,
    Regions, //
};
use core::{
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

/// A process, or the physical memory, whose accesses are monitored, `struct damon_target`.
///
/// # Invariants
///
/// The object is initialized, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Target(Opaque<bindings::damon_target>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for Target {
    const LINK: usize = offset_of!(bindings::damon_target, list);

    /// Corresponds to `damon_free_target()`.
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: By the function's contract, nothing else uses the target.
        let mut target = unsafe { Mut::from_raw(ptr) };
        let mut regions = target.regions_mut();
        let mut cursor = regions.cursor();
        while cursor.current().is_some() {
            drop(cursor.remove());
            cursor.move_next();
        }
        // SAFETY: Targets are allocated by `Target::new()`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

impl Target {
    /// # Safety
    ///
    /// `ptr` must point to an initialized target that stays allocated during the lifetime that the
    /// caller chooses, and that no other thread uses meanwhile.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::damon_target) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    /// Returns the C structure.
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut bindings::damon_target {
        self.0.get()
    }

    /// Allocates a target without regions.
    ///
    /// Corresponds to `damon_new_target()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        let object = Target(Opaque::new(pin_init::zeroed::<bindings::damon_target>()));
        // SAFETY: Its lists are initialized below.
        let target = unsafe { Owned::alloc(object)? };
        // SAFETY: The target is valid, and these are list heads.
        unsafe {
            let raw = target.as_ptr();
            init(&raw mut (*raw).regions_list);
        }
        Ok(target)
    }

    accessors! {
        /// How many regions there are.
        nr_regions: u32 = nr_regions;
        /// Whether a commit removes the target that this one stands for.
        obsolete: bool = obsolete;
    }

    /// Returns whether this is the same object.
    #[inline(always)]
    pub(crate) fn is(&self, other: *const bindings::damon_target) -> bool {
        ptr::eq(self.as_ptr(), other)
    }

    /// Returns the regions.
    #[inline(always)]
    pub(crate) fn regions(&self) -> List<'_, Region> {
        // SAFETY: By the type invariant. Changes of the list need `Mut<Target>`, which does not
        // exist together with this borrow.
        unsafe { List::from_raw(&raw mut (*self.as_ptr()).regions_list) }
    }

    /// Lets go of the process.
    ///
    /// Only for a target whose operations have counted it, see
    /// [`OpsId::has_pid`](super::OpsId::has_pid).
    pub(crate) fn put_pid(&self) {
        // SAFETY: By the type invariant; a target owns a reference of the pid that it has, and
        // `put_pid()` accepts null.
        unsafe { bindings::put_pid((*self.as_ptr()).pid) };
    }

    /// Takes the process of another target, which keeps its own reference if it has one.
    pub(crate) fn copy_pid(&self, other: &Target, has_pid: bool) {
        // SAFETY: By the type invariants; `get_pid()` accepts null.
        unsafe {
            let pid = (*other.as_ptr()).pid;
            if has_pid {
                bindings::get_pid(pid);
            }
            (*self.as_ptr()).pid = pid;
        }
    }
}

impl Mut<'_, Target> {
    /// Returns the regions, to be changed.
    #[inline(always)]
    pub(crate) fn regions_mut(&mut self) -> Regions<'_> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { Regions::from_raw(self.ptr.cast()) }
    }

    /// Returns a cursor at the first region.
    #[inline(always)]
    pub(crate) fn cursor(&mut self) -> RegionCursor<'_> {
        // SAFETY: As in `regions_mut()`.
        unsafe { RegionCursor::first_of(self.ptr.cast()) }
    }
}
