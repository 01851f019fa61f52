// SPDX-License-Identifier: GPL-2.0

//! Monitoring targets.

use crate::prelude::*;

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

// SAFETY: The structure comes first. `Opaque` allows that others change it.
unsafe impl Object for Target {
    type C = bindings::damon_target;
}

// SAFETY: The structure has two `struct list_head`, which are at these offsets.
unsafe impl Entry for Target {
    const LINK: usize = offset_of!(bindings::damon_target, list);
    const HEADS: &'static [usize] = &[offset_of!(bindings::damon_target, regions_list)];

    /// Corresponds to `damon_free_target()`.
    fn clear(this: &mut Mut<'_, Self>) {
        this.regions_mut().clear();
    }
}

lists! { Target, Mut<'_, Target>:
    /// The regions.
    regions, regions_mut: Region = regions_list;
}

impl Target {
    /// Allocates a target without regions. Corresponds to `damon_new_target()`.
    pub(crate) fn new() -> Result<Owned<Self>> {
        Owned::new(Target {
            raw: Opaque::new(pin_init::zeroed()),
            total_sz: Cell::new(None),
        })
    }

    getters! { u32: nr_regions; bool: obsolete; }

    /// Returns whether this is the same object.
    pub(crate) fn is(&self, other: *const bindings::damon_target) -> bool {
        ptr::eq(self.as_ptr(), other)
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

    fields! { private *mut bindings::pid: pid; }

    setters! { private u32: nr_regions; }

    /// Notes that there are so many regions more, or less.
    pub(super) fn add_nr_regions(&self, change: i32) {
        self.set_nr_regions(self.nr_regions().wrapping_add_signed(change));
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
    /// Returns a cursor at the first region.
    ///
    /// Regions that are merged away go to `pool`, and those for splits come from there.
    pub(crate) fn cursor<'a>(&'a mut self, pool: &'a mut RegionPool) -> RegionCursor<'a> {
        RegionCursor::new(self, pool)
    }
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_target)]
mod tests {
    use super::*;

    #[test]
    fn a_target_lets_go_of_its_process_once() -> Result {
        // The second one is room for the flexible array at the end of the first.
        let pids = KBox::new(Opaque::<[bindings::pid; 2]>::zeroed(), GFP_KERNEL)?;
        let pid = pids.get().cast::<bindings::pid>();
        // SAFETY: The box is alive, and nothing else uses it now.
        let count = || unsafe { &mut (*pid).count.refs.counter };
        // So many that it is never freed.
        *count() = 10;
        let (target, other) = (Target::new()?, Target::new()?);
        let counted = PidsCounted(());

        target.set_pid(pid);
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
