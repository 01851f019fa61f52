// SPDX-License-Identifier: GPL-2.0

//! Monitoring targets.

use super::{
    list::init,
    Entry,
    List,
    Mut,
    OpsId,
    Owned,
    Region,
    RegionCursor,
    Regions, //
};
use core::{
    cell::Cell,
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

/// The operations of a context are about processes, of which each target owns a reference.
///
/// [`Context::target_has_pid()`](super::Context::target_has_pid) gives it out.
#[derive(Clone, Copy)]
pub(crate) struct PidsCounted(());

impl PidsCounted {
    pub(super) fn new(id: OpsId) -> Option<Self> {
        id.has_pid().then_some(Self(()))
    }
}

/// A process, or the physical memory, whose accesses are monitored, `struct damon_target`.
///
/// # Invariants
///
/// The object is initialized, and only one thread has access to it. If `total_sz` is some size, it
/// is that of all regions together.
#[repr(C)]
pub(crate) struct Target {
    raw: Opaque<bindings::damon_target>,
    /// The size of all regions together, in address units, unless something may have changed it.
    total_sz: Cell<Option<usize>>,
}

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
        // SAFETY: `Target::new()` allocated it, as a `KBox<Target>`.
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
        self.raw.get()
    }

    /// Allocates a target without regions.
    ///
    /// Corresponds to `damon_new_target()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        let object = Target {
            raw: Opaque::new(pin_init::zeroed::<bindings::damon_target>()),
            total_sz: Cell::new(None),
        };
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

    /// Returns the size of all regions together, in address units.
    pub(crate) fn total_sz(&self) -> usize {
        self.total_sz.get().unwrap_or_else(|| {
            let total_sz = self
                .regions()
                .iter()
                .fold(0, |sum: usize, region| sum.wrapping_add(region.sz()));
            self.total_sz.set(Some(total_sz));
            total_sz
        })
    }

    /// Forgets the size of all regions together, because one of them is about to change.
    pub(super) fn forget_total_sz(&self) {
        self.total_sz.set(None);
    }

    fn pid(&self) -> *mut bindings::pid {
        // SAFETY: The field is a pointer in an object that is valid, and no other thread writes it.
        unsafe { (*self.as_ptr()).pid }
    }

    fn set_pid(&self, pid: *mut bindings::pid) {
        // SAFETY: The field is in an object that is valid, and no other thread uses it.
        unsafe { (*self.as_ptr()).pid = pid };
    }

    /// Lets go of the process, if there is one. There is none afterwards.
    pub(crate) fn put_pid(&self, _counted: PidsCounted) {
        let pid = self.pid();
        self.set_pid(ptr::null_mut());
        // SAFETY: The target owned a reference of the pid, and has let go of the pointer just now.
        // Null is accepted.
        unsafe { bindings::put_pid(pid) };
    }

    /// Takes the process of another target, which keeps its own reference if `counted`.
    pub(crate) fn copy_pid(&self, other: &Target, counted: Option<PidsCounted>) {
        let pid = other.pid();
        if counted.is_some() {
            // SAFETY: The other target owns a reference of the pid, hence it exists. Null is
            // accepted.
            unsafe { bindings::get_pid(pid) };
        }
        self.set_pid(pid);
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

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_target)]
mod tests {
    use super::*;

    #[test]
    fn a_target_lets_go_of_its_process_once() -> Result {
        let pid = KBox::new(Opaque::<bindings::pid>::zeroed(), GFP_KERNEL)?;
        // SAFETY: The box is alive, and nothing else uses it now.
        let count = || unsafe { &mut (*pid.get()).count.refs.counter };
        // So many that it is never freed.
        *count() = 10;
        let (target, other) = (Target::new()?, Target::new()?);
        let counted = PidsCounted(());

        target.set_pid(pid.get());
        other.copy_pid(&target, Some(counted));
        assert_eq!(*count(), 11);
        for _ in 0..2 {
            other.put_pid(counted);
            assert_eq!(*count(), 10);
        }
        other.copy_pid(&target, None);
        assert_eq!(*count(), 10);
        Ok(())
    }
}
