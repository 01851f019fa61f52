// SPDX-License-Identifier: GPL-2.0

//! The monitoring operations of a context.

use super::{
    list::Cursor,
    Context,
    Object,
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
    #[inline]
    pub(super) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    #[inline]
    fn raw(&self) -> &bindings::damon_operations {
        // SAFETY: This is a place within the context, which is valid. Nothing changes it while a
        // function of it is called.
        unsafe { &(*self.ctx.as_ptr()).ops }
    }

    /// Returns whether regions have a score for schemes.
    pub(crate) fn has_scheme_score(&self) -> bool {
        self.raw().get_scheme_score.is_some()
    }

    /// Returns the score of a region for a scheme, if the operations have one.
    #[inline]
    pub(crate) fn scheme_score(&self, region: &Region, scheme: &Scheme) -> Option<i32> {
        call!(
            self,
            get_scheme_score(self.ctx.as_ptr(), region.as_ptr(), scheme.as_ptr())
        )
    }

    /// Returns whether schemes can be applied.
    #[inline]
    pub(crate) fn can_apply_scheme(&self) -> bool {
        self.raw().apply_scheme.is_some()
    }

    /// Applies the action of a scheme to a region.
    ///
    /// Returns to how many bytes it was applied, and how many passed the filters of the operations.
    #[inline]
    pub(crate) fn apply_scheme(
        &self,
        target: &Target,
        region: &Region,
        scheme: &Scheme,
    ) -> (usize, usize) {
        let (ctx, mut sz_filter_passed) = (self.ctx.as_ptr(), 0);
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
    ///
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
