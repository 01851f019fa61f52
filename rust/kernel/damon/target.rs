// SPDX-License-Identifier: GPL-2.0

//! Monitoring targets and their address ranges.

use super::{
    Context,
    OpsId, //
};
use crate::{
    bindings,
    error::to_result,
    pid::Pid,
    prelude::*,
    sync::aref::ARef, //
};
use core::{
    mem::offset_of,
    ptr::NonNull, //
};

/// A range of addresses, from `start` to before `end`.
///
/// The unit is that of the [operations](OpsId): bytes, or [`Context::set_addr_unit`] bytes for
/// [`OpsId::Paddr`].
///
/// Corresponds to the C `struct damon_addr_range`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damon_addr_range")]
pub struct AddrRange {
    /// Start address (inclusive).
    pub start: usize,
    /// End address (exclusive).
    pub end: usize,
}

// `AddrRange` and `struct damon_addr_range` have the same layout.
static_assert!(size_of::<AddrRange>() == size_of::<bindings::damon_addr_range>());
static_assert!(align_of::<AddrRange>() == align_of::<bindings::damon_addr_range>());
static_assert!(
    offset_of!(AddrRange, start) == offset_of!(bindings::damon_addr_range, start)
        && offset_of!(AddrRange, end) == offset_of!(bindings::damon_addr_range, end)
);

/// A monitoring target of a [`Context`] that is not started, exclusively borrowed.
///
/// Corresponds to the C `struct damon_target`.
///
/// # Invariants
///
/// `target` points to a valid `struct damon_target` that is in the list of targets of `ctx`.
#[doc(alias = "damon_target")]
pub struct TargetMut<'a> {
    ctx: &'a mut Context,
    target: NonNull<bindings::damon_target>,
}

impl<'a> TargetMut<'a> {
    /// Creates a reference to a target of `ctx`.
    ///
    /// # Safety
    ///
    /// `target` must point to a valid `struct damon_target` that is in the list of targets of
    /// `ctx`.
    #[inline]
    pub(super) unsafe fn new(
        ctx: &'a mut Context,
        target: NonNull<bindings::damon_target>,
    ) -> Self {
        // INVARIANT: By the safety requirements.
        Self { ctx, target }
    }

    /// Sets the process that the target is.
    ///
    /// The context keeps the reference as long as it has the target, and drops it then. Every
    /// target needs a process if [`OpsId::has_pid`], and no target has one otherwise.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the operations of the context are not for processes.
    pub fn set_pid(&mut self, pid: ARef<Pid>) -> Result {
        // Operations without pids have no `cleanup_target()` that would put the reference.
        if !self.ctx.ops().is_some_and(OpsId::has_pid) {
            return Err(EINVAL);
        }

        // CAST: `Pid` is a `repr(transparent)` wrapper around `bindings::pid`.
        let new = ARef::into_raw(pid).cast::<bindings::pid>().as_ptr();

        // INVARIANT: `pid` of the target owns the reference that `pid` had. The operations are
        // those of virtual address spaces, whose `cleanup_target()` puts it.
        // SAFETY: By the type invariants, `target` is valid. Nobody else accesses it, because we
        // have the exclusive reference to its context, which is not started.
        let old = unsafe { core::ptr::replace(&raw mut (*self.target.as_ptr()).pid, new) };

        match NonNull::new(old) {
            // SAFETY: By the type invariants of `Context`, `old` owned a reference, which we took.
            Some(old) => drop(unsafe { ARef::from_raw(old.cast::<Pid>()) }),
            None => self.ctx.dec_nr_pidless(),
        }
        Ok(())
    }

    /// Sets the regions to monitor.
    ///
    /// The ranges are extended to multiples of [`Context::min_region_sz`]. After that they have to
    /// be in ascending order, and must not overlap; they may touch. No range at all removes all
    /// regions.
    ///
    /// [`OpsId::Vaddr`] finds regions by itself if there are none.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if a range is empty, or ends in the last, incomplete page of the address space,
    ///   or if the order is wrong. The regions are unchanged then.
    /// - [`ENOMEM`] if there is no memory. The regions are a part of the old and the new ones then.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     damon::{
    ///         AddrRange,
    ///         Context,
    ///         OpsId, //
    ///     },
    ///     page::PAGE_SIZE, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// let mut target = ctx.add_target()?;
    ///
    /// let low = AddrRange { start: 0, end: PAGE_SIZE };
    /// let high = AddrRange { start: 2 * PAGE_SIZE, end: 3 * PAGE_SIZE };
    ///
    /// target.set_regions(&[low, high])?;
    /// assert_eq!(target.nr_regions(), 2);
    ///
    /// assert_eq!(target.set_regions(&[high, low]), Err(EINVAL));
    /// assert_eq!(target.set_regions(&[AddrRange { start: 0, end: 0 }]), Err(EINVAL));
    /// assert_eq!(target.nr_regions(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_set_regions")]
    pub fn set_regions(&mut self, ranges: &[AddrRange]) -> Result {
        let nr_ranges = c_uint::try_from(ranges.len()).map_err(|_| EINVAL)?;
        let min_region_sz = self.ctx.min_region_sz();

        // SAFETY:
        // - By the type invariants, `target` is valid. Nobody else accesses it, because we have the
        //   exclusive reference to its context, which is not started.
        // - `ranges` is valid for reads of `nr_ranges` elements that have the layout of `struct
        //   damon_addr_range`, and `damon_set_regions()` only reads them.
        // - `min_region_sz` is a power of two, by the type invariants of `Context`.
        to_result(unsafe {
            bindings::damon_set_regions(
                self.target.as_ptr(),
                ranges.as_ptr().cast_mut().cast(),
                nr_ranges,
                min_region_sz,
            )
        })
    }

    /// Returns the number of regions.
    #[doc(alias = "damon_nr_regions")]
    pub fn nr_regions(&self) -> u32 {
        // SAFETY: By the type invariants, `target` is valid, and nobody else accesses it.
        unsafe { bindings::damon_nr_regions(self.target.as_ptr()) }
    }

    /// Sets whether a [commit](super::Kdamond::commit) of the context shall remove the target at
    /// the same position from the running context, instead of updating it.
    ///
    /// A commit of an obsolete target without a counterpart fails. Without a commit this has no
    /// effect.
    pub fn set_obsolete(&mut self, obsolete: bool) {
        // SAFETY: By the type invariants, `target` is valid, and nobody else accesses it.
        unsafe { (*self.target.as_ptr()).obsolete = obsolete };
    }
}

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
#[macros::kunit_tests(rust_damon_target)]
mod tests {
    use super::*;
    use crate::page::PAGE_SIZE;

    fn range(start: usize, end: usize) -> AddrRange {
        AddrRange { start, end }
    }

    /// Ranges in units of quarters of pages.
    fn quarters(ranges: &[(usize, usize)]) -> Result<KVec<AddrRange>> {
        let mut vec = KVec::new();

        for &(start, end) in ranges {
            let quarter = PAGE_SIZE / 4;

            vec.push(range(start * quarter, end * quarter), GFP_KERNEL)?;
        }
        Ok(vec)
    }

    #[test]
    fn set_regions_checks_order() -> Result {
        type Case = (&'static [(usize, usize)], Result<u32>);

        let cases: [Case; 10] = [
            (&[], Ok(0)),
            (&[(0, 4)], Ok(1)),
            // Extended to whole pages.
            (&[(1, 2)], Ok(1)),
            (&[(0, 4), (4, 8), (12, 16)], Ok(3)),
            (&[(1, 3), (5, 7)], Ok(2)),
            // Empty and backwards.
            (&[(4, 4)], Err(EINVAL)),
            (&[(8, 4)], Err(EINVAL)),
            // Overlapping, also only after the extension; wrong order.
            (&[(0, 8), (4, 12)], Err(EINVAL)),
            (&[(0, 2), (3, 4)], Err(EINVAL)),
            (&[(8, 12), (0, 4)], Err(EINVAL)),
        ];

        for (ranges, expected) in cases {
            let mut ctx = Context::new()?;

            ctx.select_ops(OpsId::Paddr)?;
            let mut target = ctx.add_target()?;
            let result = target.set_regions(&quarters(ranges)?);
            assert_eq!(result.map(|()| target.nr_regions()), expected);
        }
        Ok(())
    }

    #[test]
    fn set_regions_at_the_end_of_the_address_space() -> Result {
        let mut ctx = Context::new()?;

        ctx.select_ops(OpsId::Paddr)?;
        let mut target = ctx.add_target()?;
        // The end cannot be extended to the next page.
        assert_eq!(target.set_regions(&[range(0, usize::MAX)]), Err(EINVAL));
        target.set_regions(&[range(0, usize::MAX - PAGE_SIZE + 1)])?;
        assert_eq!(target.nr_regions(), 1);
        Ok(())
    }

    #[test]
    fn set_regions_replaces() -> Result {
        let mut ctx = Context::new()?;

        ctx.select_ops(OpsId::Paddr)?;
        let mut target = ctx.add_target()?;
        target.set_regions(&quarters(&[(0, 4), (8, 12)])?)?;
        target.set_regions(&quarters(&[(8, 16)])?)?;
        assert_eq!(target.nr_regions(), 1);
        target.set_regions(&[])?;
        assert_eq!(target.nr_regions(), 0);
        Ok(())
    }

    #[test]
    fn pid_only_where_operations_have_it() -> Result {
        let pid = Pid::find(current!().pid())?;

        for ops in [OpsId::Vaddr, OpsId::Fvaddr] {
            let mut ctx = Context::new()?;

            ctx.select_ops(ops)?;
            ctx.add_target()?;
            let mut target = ctx.add_target()?;
            target.set_pid(pid.clone())?;
            target.set_pid(pid.clone())?;
            // The other one still has none.
            assert_eq!(ctx.validate(), Err(EINVAL));

            let mut ctx = Context::new()?;
            ctx.select_ops(ops)?;
            ctx.add_target()?.set_pid(pid.clone())?;
            assert_eq!(ctx.validate(), Ok(()));
        }

        let mut ctx = Context::new()?;
        ctx.select_ops(OpsId::Paddr)?;
        assert_eq!(ctx.add_target()?.set_pid(pid), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn pid_references_are_balanced() -> Result {
        let pid = Pid::find(current!().pid())?;
        let before = pid.count();

        for ops in [OpsId::Vaddr, OpsId::Fvaddr, OpsId::Paddr] {
            let mut ctx = Context::new()?;

            ctx.select_ops(ops)?;
            let mut target = ctx.add_target()?;
            for _ in 0..3 {
                assert_eq!(target.set_pid(pid.clone()).is_ok(), ops.has_pid());
            }
            assert_eq!(pid.count(), before + u32::from(ops.has_pid()));
            drop(ctx);
            assert_eq!(pid.count(), before);
        }
        Ok(())
    }
}
