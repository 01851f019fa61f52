// SPDX-License-Identifier: GPL-2.0

//! The monitoring operations of a context.

use super::{
    list::Cursor,
    Context,
    Region,
    Scheme,
    Target, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Which operations a context has, `enum damon_ops_id`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OpsId {
    /// Virtual address spaces.
    Vaddr,
    /// Fixed ranges of virtual address spaces.
    Fvaddr,
    /// The physical address space.
    Paddr,
}

impl OpsId {
    /// Returns the operations of this number.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there are none.
    pub(crate) fn from_raw(id: bindings::damon_ops_id) -> Result<Self> {
        match id {
            bindings::damon_ops_id_DAMON_OPS_VADDR => Ok(Self::Vaddr),
            bindings::damon_ops_id_DAMON_OPS_FVADDR => Ok(Self::Fvaddr),
            bindings::damon_ops_id_DAMON_OPS_PADDR => Ok(Self::Paddr),
            _ => Err(EINVAL),
        }
    }

    /// The place in the array of registered operations.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Vaddr => 0,
            Self::Fvaddr => 1,
            Self::Paddr => 2,
        }
    }

    /// Returns whether targets are processes.
    ///
    /// Corresponds to `damon_target_has_pid()`.
    pub(crate) fn has_pid(self) -> bool {
        matches!(self, Self::Vaddr | Self::Fvaddr)
    }
}

/// A set of operations.
///
/// # Invariants
///
/// The functions do what `struct damon_operations` says, and those for single targets and regions
/// change no list.
#[derive(Clone, Copy)]
pub(crate) struct OpsSet(bindings::damon_operations);

impl OpsSet {
    /// # Safety
    ///
    /// The functions must do what `struct damon_operations` says, and those for single targets and
    /// regions must change no list.
    pub(crate) unsafe fn new(ops: bindings::damon_operations) -> Self {
        // INVARIANT: The caller promises it.
        Self(ops)
    }

    /// Returns the functions.
    pub(super) fn into_raw(self) -> bindings::damon_operations {
        self.0
    }

    /// Returns which operations these are.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the number is of none.
    pub(crate) fn id(&self) -> Result<OpsId> {
        OpsId::from_raw(self.0.id)
    }
}

/// The operations that are called for single targets and regions.
///
/// Those functions read and set values of the object that they are called for. They change no
/// list, so that they can be called while lists are walked.
///
/// # Invariants
///
/// `ctx` is valid for `'a`, and only one thread has access to it.
#[derive(Clone, Copy)]
pub(crate) struct Operations<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _borrow: PhantomData<&'a ()>,
}

impl Operations<'_> {
    /// # Safety
    ///
    /// `ctx` must be valid during the lifetime that the caller chooses, and no other thread may use
    /// it meanwhile.
    #[inline(always)]
    pub(super) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    #[inline(always)]
    fn ops(&self) -> *const bindings::damon_operations {
        // SAFETY: By the type invariant, this is a place within the context.
        unsafe { &raw const (*self.ctx.as_ptr()).ops }
    }

    /// Returns whether regions have a score for schemes.
    #[inline(always)]
    pub(crate) fn has_scheme_score(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.ops()).get_scheme_score }.is_some()
    }

    /// Returns the score of a region for a scheme, if the operations have one.
    #[inline(always)]
    pub(crate) fn scheme_score(&self, region: &Region, scheme: &Scheme) -> Option<i32> {
        // SAFETY: By the type invariant.
        let get_scheme_score = unsafe { (*self.ops()).get_scheme_score }?;
        // SAFETY: All three are valid, and belong together.
        Some(unsafe { get_scheme_score(self.ctx.as_ptr(), region.as_ptr(), scheme.as_ptr()) })
    }

    /// Returns whether schemes can be applied.
    #[inline(always)]
    pub(crate) fn can_apply_scheme(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.ops()).apply_scheme }.is_some()
    }

    /// Applies the action of a scheme to a region.
    ///
    /// Returns to how many bytes it was applied, and how many passed the filters of the operations.
    #[inline(always)]
    pub(crate) fn apply_scheme(
        &self,
        target: &Target,
        region: &Region,
        scheme: &Scheme,
    ) -> (usize, usize) {
        let mut sz_filter_passed = 0;
        // SAFETY: By the type invariant.
        let Some(apply_scheme) = (unsafe { (*self.ops()).apply_scheme }) else {
            return (0, 0);
        };
        // SAFETY: All are valid, and belong together.
        let sz_applied = unsafe {
            apply_scheme(
                self.ctx.as_ptr(),
                target.as_ptr(),
                region.as_ptr(),
                scheme.as_ptr(),
                &mut sz_filter_passed,
            )
        };
        (sz_applied, sz_filter_passed)
    }

    /// Returns whether operations can tell that a target is gone.
    #[inline(always)]
    pub(crate) fn has_target_valid(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.ops()).target_valid }.is_some()
    }

    /// Returns whether a target is still there. Without an operation for it, it is.
    pub(crate) fn target_valid(&self, target: &Target) -> bool {
        // SAFETY: By the type invariant.
        match unsafe { (*self.ops()).target_valid } {
            // SAFETY: The target is valid, and belongs to the context.
            Some(target_valid) => unsafe { target_valid(target.as_ptr()) },
            None => true,
        }
    }

    /// Returns whether targets need to be cleaned up before they are freed.
    pub(crate) fn has_cleanup_target(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.ops()).cleanup_target }.is_some()
    }

    /// Cleans up and removes the target at a cursor, so that it is cleaned up once.
    ///
    /// Corresponds to `damon_destroy_target()`.
    pub(crate) fn destroy_target(&self, cursor: &mut Cursor<'_, Target>) {
        let Some(target) = cursor.current() else {
            return;
        };
        // SAFETY: The context is valid, and no other thread writes the pointer.
        if let Some(cleanup_target) = unsafe { (*self.ops()).cleanup_target } {
            // SAFETY: The target is valid, and in the context.
            unsafe { cleanup_target(target.as_ptr()) };
        }
        drop(cursor.remove());
    }
}

/// The operations that are called for all targets at once.
///
/// They take the context exclusively, because they may change regions and targets.
impl Context<'_> {
    /// Selects the operations that are registered for `id`.
    ///
    /// Corresponds to `damon_select_ops()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if none are.
    pub(crate) fn select_ops(&mut self, id: OpsId) -> Result {
        self.set_ops(super::registered_ops(id).ok_or(EINVAL)?);
        Ok(())
    }

    /// Returns the operations.
    pub(crate) fn ops_set(&self) -> OpsSet {
        // INVARIANT: What a context has was registered, or set by someone who had to promise it.
        OpsSet(self.raw_ops())
    }

    /// Sets the operations.
    pub(crate) fn set_ops(&mut self, ops: OpsSet) {
        // SAFETY: The context is valid, and `self` has exclusive access to it.
        unsafe { (*self.as_ptr()).ops = ops.0 };
    }

    /// Initializes the targets.
    pub(crate) fn ops_init(&mut self) {
        if let Some(init) = self.raw_ops().init {
            // SAFETY: The context is valid and used exclusively by the type invariant.
            unsafe { init(self.as_ptr()) };
        }
    }

    /// Updates the regions to what the address space is now.
    pub(crate) fn ops_update(&mut self) {
        if let Some(update) = self.raw_ops().update {
            // SAFETY: As in `ops_init()`.
            unsafe { update(self.as_ptr()) };
        }
    }

    /// Prepares the next check of accesses.
    pub(crate) fn prepare_access_checks(&mut self) {
        if let Some(prepare_access_checks) = self.raw_ops().prepare_access_checks {
            // SAFETY: As in `ops_init()`.
            unsafe { prepare_access_checks(self.as_ptr()) };
        }
    }

    /// Counts accesses since the last preparation.
    ///
    /// Returns the highest count of a region, or [`None`] without an operation for it.
    pub(crate) fn check_accesses(&mut self) -> Option<u32> {
        let check_accesses = self.raw_ops().check_accesses?;
        // SAFETY: As in `ops_init()`.
        Some(unsafe { check_accesses(self.as_ptr()) })
    }

    /// Returns whether the operations can apply probes.
    pub(crate) fn can_apply_probes(&self) -> bool {
        self.raw_ops().apply_probes.is_some()
    }

    /// Applies the probes to all regions.
    ///
    /// Returns the highest weighted sum of hits of a region if `return_max_wsum`, or [`None`]
    /// without an operation for it.
    pub(crate) fn apply_probes(&mut self, set_samples: bool, return_max_wsum: bool) -> Option<u32> {
        let apply_probes = self.raw_ops().apply_probes?;
        // SAFETY: As in `ops_init()`.
        Some(unsafe { apply_probes(self.as_ptr(), set_samples, return_max_wsum) })
    }
}
