// SPDX-License-Identifier: GPL-2.0

//! Access to the context of a kdamond, on the kdamond.

use super::{
    Attrs,
    Context, //
};
use crate::{
    bindings,
    error::to_result,
    interop::list::clist_create,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

/// A target of a context that is started.
///
/// # Invariants
///
/// Nobody modifies the `struct damon_target` while a reference to this exists.
#[repr(transparent)]
struct RunningTarget(Opaque<bindings::damon_target>);

impl RunningTarget {
    fn nr_regions(&self) -> u32 {
        // SAFETY: Nobody modifies the target while we have the reference to `self`.
        unsafe { (*self.0.get()).nr_regions }
    }
}

/// Proof that the current code runs on the kernel thread of a context, called by it.
///
/// With it the context of a running thread can be accessed: the thread itself waits for the current
/// code to return.
///
/// # Invariants
///
/// - `ctx` points to a valid `struct damon_ctx`, and the current task is the kdamond that runs on
///   it.
/// - Nobody but the owner of this accesses what `ctx` points to, other than through functions of
///   DAMON that are made for running contexts, for the lifetime `'a`.
pub struct OnKdamond<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _ctx: PhantomData<&'a mut bindings::damon_ctx>,
    // The proof is not valid on other threads.
    _not_send: NotThreadSafe,
}

impl OnKdamond<'_> {
    /// Creates the proof.
    ///
    /// # Safety
    ///
    /// - `ctx` must point to a valid `struct damon_ctx`, and the current task must be the kdamond
    ///   that runs on it.
    /// - Nobody but the owner of the returned value may access what `ctx` points to, other than
    ///   through functions of DAMON that are made for running contexts, as long as the value
    ///   exists.
    #[inline]
    pub(super) unsafe fn new(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            ctx,
            _ctx: PhantomData,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the C context, which has the schemes.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    /// Returns the current monitoring attributes.
    ///
    /// The intervals differ from those that were set if DAMON [tunes](super::IntervalsGoal) them.
    pub fn attrs(&self) -> Attrs {
        // SAFETY: By the type invariants, the context is valid and nobody else accesses it.
        Attrs::from_raw(unsafe { &(*self.ctx.as_ptr()).attrs })
    }

    /// Returns the number of regions that each target has now, in the order of the targets.
    pub fn nr_regions(&self) -> impl Iterator<Item = u32> + '_ {
        // SAFETY: The context is valid, and nobody else accesses it as long as `self` exists.
        let head = unsafe { &raw mut (*self.ctx.as_ptr()).adaptive_targets };

        // SAFETY: `head` is the initialized head of a list of `struct damon_target`, which are in
        // it by their `list`, and which nobody modifies while we have the reference to `self`.
        unsafe { clist_create!(head, RunningTarget, bindings::damon_target, list) }
            .iter()
            .map(RunningTarget::nr_regions)
    }

    /// Updates the parameters of the running context to those of `new`.
    ///
    /// Targets correspond to each other by their position. What was monitored so far is kept where
    /// targets and regions stay. `new` can be committed again, to this or another kdamond.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if `new` could not be [started](Context::start) either, or if it has an
    ///   [obsolete](super::TargetMut::set_obsolete) target without a counterpart. The running
    ///   context is unchanged.
    /// - [`ENOMEM`] if there is no memory. DAMON tries the update on a copy first. If it still
    ///   fails half way on the running context, the kdamond ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Attrs,
    ///     Context,
    ///     Exclusivity,
    ///     OpsId, //
    /// };
    ///
    /// fn build(attrs: &Attrs) -> Result<Context> {
    ///     let mut ctx = Context::new()?;
    ///     ctx.select_ops(OpsId::Paddr)?;
    ///     ctx.set_attrs(attrs)?;
    ///     Ok(ctx)
    /// }
    ///
    /// let mut attrs = Attrs::default();
    /// let kdamond = build(&attrs)?.start(Exclusivity::Shared)?;
    ///
    /// attrs.sample_interval = 1_000;
    /// kdamond.commit(build(&attrs)?)?;
    /// assert_eq!(kdamond.call(|k| k.attrs()), Ok(attrs));
    ///
    /// // No operations selected.
    /// assert_eq!(kdamond.commit(Context::new()?), Err(EINVAL));
    /// assert!(kdamond.is_running());
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_commit_ctx")]
    pub fn commit(&mut self, new: &mut Context) -> Result {
        new.validate()?;
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        self.check_guest(new)?;

        // SAFETY: By the type invariants, our context is valid and we are on its kdamond, which is
        // what `damon_commit_ctx()` wants. `new` is valid and has no kdamond, by its type
        // invariants, and the pids that its targets need, because it passed the validation.
        to_result(unsafe { bindings::damon_commit_ctx(self.ctx.as_ptr(), new.as_ptr()) })
    }
}
