// SPDX-License-Identifier: GPL-2.0

//! What threads can do with the context of a kdamond that is not theirs.

use super::{
    context::stopping_of,
    CallQueue,
    WalkSlot, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

/// A context that a kdamond may be running on.
///
/// # Invariants
///
/// The pointer is that of a context which is valid for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _borrow: PhantomData<&'a bindings::damon_ctx>,
}

/// A kdamond that is going to be stopped.
///
/// # Invariants
///
/// Owns a reference of the task.
pub(crate) struct Stopping(NonNull<bindings::task_struct>);

impl Stopping {
    /// Tells the kdamond to stop, and waits until it has ended.
    pub(crate) fn wait(self) {
        // SAFETY: By the type invariant. This drops the reference.
        unsafe { bindings::kthread_stop_put(self.0.as_ptr()) };
    }
}

impl<'a> Shared<'a> {
    /// # Safety
    ///
    /// `ctx` must be a context that is valid for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    /// Returns the C structure.
    pub(crate) fn as_raw(self) -> NonNull<bindings::damon_ctx> {
        self.ctx
    }

    /// The requests to call functions on the kdamond.
    pub(crate) fn calls(self) -> CallQueue<'a> {
        // SAFETY: By the type invariant.
        unsafe { CallQueue::from_raw(self.ctx) }
    }

    /// The request to walk the regions that schemes are applied to.
    pub(crate) fn walk(self) -> WalkSlot<'a> {
        // SAFETY: By the type invariant.
        unsafe { WalkSlot::from_raw(self.ctx) }
    }

    /// Returns whether there is a kdamond.
    ///
    /// The lock of running contexts must be held, so that it does not end meanwhile. This and the
    /// next three are for `running` only, which holds it.
    pub(crate) fn has_kdamond(self) -> bool {
        // SAFETY: By the type invariant; the lock protects the field.
        !unsafe { (*self.ctx.as_ptr()).kdamond }.is_null()
    }

    /// Returns the process id of the kdamond.
    pub(crate) fn kdamond_pid(self) -> Option<i32> {
        // SAFETY: By the type invariant; the lock protects the field.
        let task = NonNull::new(unsafe { (*self.ctx.as_ptr()).kdamond })?;
        // SAFETY: A kdamond that has not yet taken itself off the context is alive.
        Some(unsafe { (*task.as_ptr()).pid })
    }

    /// Returns the kdamond, to be stopped when the lock is not held any more.
    ///
    /// Returns [`None`] if there is none, or if somebody is stopping it already.
    pub(crate) fn stopping(self) -> Option<Stopping> {
        // SAFETY: By the type invariant; the lock protects the field.
        let task = NonNull::new(unsafe { (*self.ctx.as_ptr()).kdamond })?;
        // SAFETY: By the type invariant; the lock protects the flag.
        if unsafe { stopping_of(self.ctx).replace(true) } {
            return None;
        }
        // SAFETY: As in `kdamond_pid()`.
        unsafe { bindings::get_task_struct(task.as_ptr()) };
        // INVARIANT: The reference was taken just now.
        Some(Stopping(task))
    }

    /// Makes a kdamond and waits until it has begun.
    ///
    /// `nr` is for its name. The context must not have one yet.
    ///
    /// # Errors
    ///
    /// That of the creation of a thread.
    pub(crate) fn run_kdamond(self, nr: i32) -> Result {
        let ctx = self.ctx.as_ptr();
        // SAFETY: By the type invariant. No kdamond is running that could complete it.
        unsafe { bindings::damon_core_reinit_started(ctx) };
        // SAFETY: By the type invariant. The context stays valid until it is stopped.
        let task = from_err_ptr(unsafe { bindings::damon_core_run_kdamond(ctx, nr) })?;
        // SAFETY: The lock protects the field, and the completion is initialized.
        unsafe {
            (*ctx).kdamond = task;
            stopping_of(self.ctx).write(false);
            bindings::wait_for_completion(&raw mut (*ctx).kdamond_started);
        }
        Ok(())
    }

    /// Takes the kdamond off the context, which it will not touch any more.
    pub(crate) fn clear_kdamond(self) {
        // SAFETY: By the type invariant; the lock protects the field.
        unsafe { (*self.ctx.as_ptr()).kdamond = core::ptr::null_mut() };
    }

    /// Tells who started the kdamond that it has begun.
    pub(crate) fn complete_started(self) {
        // SAFETY: By the type invariant, and the completion is initialized.
        unsafe { bindings::complete(&raw mut (*self.ctx.as_ptr()).kdamond_started) };
    }
}
