// SPDX-License-Identifier: GPL-2.0

//! The monitoring operations of a context.

use super::list::Cursor;
use crate::prelude::*;

numbered! {
    /// Which operations a context has, `enum damon_ops_id`.
    OpsId: damon_ops_id {
        /// Virtual address spaces.
        Vaddr = damon_ops_id_DAMON_OPS_VADDR,
        /// Fixed ranges of virtual address spaces.
        Fvaddr = damon_ops_id_DAMON_OPS_FVADDR,
        /// The physical address space.
        Paddr = damon_ops_id_DAMON_OPS_PADDR,
    }
}

impl OpsId {
    /// The place in the array of registered operations.
    pub(crate) fn index(self) -> usize {
        // CAST: The numbers are those of C, which are indices of the array.
        self as usize
    }

    /// Returns whether targets are processes. Corresponds to `damon_target_has_pid()`.
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

    /// Returns which operations these are, or [`None`] if the number is of none.
    pub(crate) fn id(&self) -> Option<OpsId> {
        OpsId::from_raw(self.0.id)
    }
}

/// Calls an operation, if there is one.
macro_rules! call {
    ($ops:expr, $name:ident($($arg:expr),*)) => {
        match $ops.raw().$name {
            // SAFETY: The function does what it has to for arguments that are valid: the context of
            // the operations and what is in it, to all of which no other thread has access. What is
            // borrowed allows for what the function may change.
            Some(function) => Some(unsafe { function($($arg),*) }),
            None => None,
        }
    };
}

/// The operations that are called for single targets and regions.
///
/// Those functions read and set values of the object that they are called for. They change no
/// list, so that they can be called while lists are walked.
#[derive(Clone, Copy)]
pub(crate) struct Operations<'a>(pub(super) &'a Ctx);

impl Operations<'_> {
    fn raw(&self) -> &bindings::damon_operations {
        // SAFETY: This is a place within the context, which is valid. Nothing changes it while a
        // function of it is called.
        unsafe { &(*self.0.as_ptr()).ops }
    }

    /// Returns whether regions have a score for schemes.
    pub(crate) fn has_scheme_score(&self) -> bool {
        self.raw().get_scheme_score.is_some()
    }

    /// Returns the score of a region for a scheme, if the operations have one.
    pub(crate) fn scheme_score(&self, region: &Region, scheme: &Scheme) -> Option<i32> {
        call!(
            self,
            get_scheme_score(self.0.as_ptr(), region.as_ptr(), scheme.as_ptr())
        )
    }

    /// Returns whether schemes can be applied.
    pub(crate) fn can_apply_scheme(&self) -> bool {
        self.raw().apply_scheme.is_some()
    }

    /// Applies the action of a scheme to a region.
    ///
    /// Returns to how many bytes it was applied, and how many passed the filters of the operations.
    pub(crate) fn apply_scheme(
        &self,
        target: &Target,
        region: &Region,
        scheme: &Scheme,
    ) -> (usize, usize) {
        let (ctx, mut sz_filter_passed) = (self.0.as_ptr(), 0);
        let (target, region, scheme) = (target.as_ptr(), region.as_ptr(), scheme.as_ptr());
        let sz_applied = call!(
            self,
            apply_scheme(ctx, target, region, scheme, &mut sz_filter_passed)
        );
        (sz_applied.unwrap_or(0), sz_filter_passed)
    }

    /// Returns whether operations can tell that a target is gone.
    pub(crate) fn has_target_valid(&self) -> bool {
        self.raw().target_valid.is_some()
    }

    /// Returns whether a target is still there. Without an operation for it, it is.
    pub(crate) fn target_valid(&self, target: &Target) -> bool {
        call!(self, target_valid(target.as_ptr())).unwrap_or(true)
    }

    /// Returns whether targets need to be cleaned up before they are freed.
    pub(crate) fn has_cleanup_target(&self) -> bool {
        self.raw().cleanup_target.is_some()
    }

    /// Cleans up and removes the target at a cursor, so that it is cleaned up once.
    /// Corresponds to `damon_destroy_target()`.
    pub(crate) fn destroy_target(&self, cursor: &mut Cursor<'_, Target>) {
        if let Some(target) = cursor.get() {
            call!(self, cleanup_target(target.as_ptr()));
        }
        drop(cursor.remove());
    }
}

/// The operations that are called for all targets at once.
///
/// They take the context exclusively, because they may change regions and targets.
impl Context<'_> {
    /// Selects the operations that are registered for `id`. Corresponds to `damon_select_ops()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if none are.
    pub(crate) fn select_ops(&mut self, id: OpsId) -> Result {
        self.set_ops(registered_ops(id).ok_or(EINVAL)?);
        Ok(())
    }

    /// Returns the operations.
    pub(crate) fn ops_set(&self) -> OpsSet {
        // INVARIANT: What a context has was registered, or set by someone who had to promise it.
        OpsSet(*self.ops().raw())
    }

    /// Sets the operations.
    pub(crate) fn set_ops(&mut self, ops: OpsSet) {
        // SAFETY: The context is valid, and `self` has exclusive access to it.
        unsafe { (*self.as_ptr()).ops = ops.0 };
    }

    /// Initializes the targets.
    pub(crate) fn ops_init(&mut self) {
        call!(self.ops(), init(self.as_ptr()));
    }

    /// Updates the regions to what the address space is now.
    pub(crate) fn ops_update(&mut self) {
        call!(self.ops(), update(self.as_ptr()));
    }

    /// Prepares the next check of accesses.
    pub(crate) fn prepare_access_checks(&mut self) {
        call!(self.ops(), prepare_access_checks(self.as_ptr()));
    }

    /// Counts accesses since the last preparation.
    ///
    /// Returns the highest count of a region, or [`None`] without an operation for it.
    pub(crate) fn check_accesses(&mut self) -> Option<u32> {
        call!(self.ops(), check_accesses(self.as_ptr()))
    }

    /// Returns whether the operations can apply probes.
    pub(crate) fn can_apply_probes(&self) -> bool {
        self.ops().raw().apply_probes.is_some()
    }

    /// Applies the probes to all regions.
    ///
    /// Returns the highest weighted sum of hits of a region if `return_max_wsum`, or [`None`]
    /// without an operation for it.
    pub(crate) fn apply_probes(&mut self, set_samples: bool, return_max_wsum: bool) -> Option<u32> {
        call!(
            self.ops(),
            apply_probes(self.as_ptr(), set_samples, return_max_wsum)
        )
    }
}
