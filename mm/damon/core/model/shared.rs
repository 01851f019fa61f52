// SPDX-License-Identifier: GPL-2.0

//! What threads can do with the context of a kdamond that is not theirs.

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
use super::OwnedContext;
use super::{
    context::stop_state_of,
    request::{
        CallQueue,
        WalkSlot, //
    }, //
};
use crate::prelude::*;
use kernel::{
    error::from_err_ptr,
    sync::{
        Arc,
        Completion,
        GlobalGuard,
        GlobalLockedBy, //
    }, //
};

/// Proof that the lock of running contexts is held, so that none begins or ends.
pub(crate) type RunningGuard = GlobalGuard<RUNNING>;

/// What is known about the end of a kdamond.
#[derive(Default)]
pub(crate) struct StopState {
    /// Whether somebody is stopping it.
    stopping: bool,
    /// Completed when it has ended. It outlives the context, which may be freed from then on.
    ended: Option<Arc<Completion>>,
}

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

/// The end of a kdamond, to be waited for without the lock of running contexts.
///
/// It needs no context: another thread that waits may free that as soon as the kdamond has ended.
pub(crate) enum Stopping {
    /// It is to be told to stop.
    First(KdamondTask),
    /// It ends by itself, or somebody else tells it to stop.
    Later(Arc<Completion>),
}

/// A kdamond that is told to stop, and waited for, when this is dropped.
///
/// # Invariants
///
/// Owns a reference of the task, which nobody else stops.
pub(crate) struct KdamondTask(NonNull<bindings::task_struct>);

impl Drop for KdamondTask {
    fn drop(&mut self) {
        // SAFETY: The task is a kernel thread, because `kthread_run()` made it. This gives up the
        // reference that the value owns.
        unsafe { bindings::kthread_stop_put(self.0.as_ptr()) };
    }
}

impl Stopping {
    /// Waits until the kdamond has ended, which it is told to if nobody else does.
    pub(crate) fn wait(self) {
        match self {
            Self::First(task) => drop(task),
            Self::Later(ended) => ended.wait_for_completion(),
        }
    }
}

impl<'a> Shared<'a> {
    /// # Safety
    ///
    /// `ctx` must be a context that is valid for `'a`.
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: The context is valid for `'a`.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    /// Returns the C structure.
    pub(crate) fn as_raw(self) -> NonNull<bindings::damon_ctx> {
        self.ctx
    }

    pub(super) fn as_ptr(self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    /// The requests to call functions on the kdamond.
    pub(crate) fn calls(self) -> CallQueue<'a> {
        CallQueue(self)
    }

    /// The request to walk the regions that schemes are applied to.
    pub(crate) fn walk(self) -> WalkSlot<'a> {
        WalkSlot(self)
    }

    /// What is known about the end of the kdamond.
    fn state(self) -> &'a GlobalLockedBy<StopState, RUNNING> {
        // SAFETY: Contexts come from `OwnedContext::new()`, and this one is valid for `'a`.
        unsafe { stop_state_of(self.ctx) }
    }

    fn kdamond(self, _running: &RunningGuard) -> Option<NonNull<bindings::task_struct>> {
        // SAFETY: The context is valid for `'a`, and the field is only written under the lock,
        // whose guard is borrowed.
        NonNull::new(unsafe { (*self.ctx.as_ptr()).kdamond })
    }

    fn set_kdamond(self, kdamond: *mut bindings::task_struct, _running: &mut RunningGuard) {
        // SAFETY: The context is valid for `'a`, and the lock that protects the field is held.
        unsafe { (*self.ctx.as_ptr()).kdamond = kdamond };
    }

    /// Completed when the kdamond has begun.
    fn started(self) -> *mut bindings::completion {
        place!(self, kdamond_started)
    }

    /// Returns whether there is a kdamond.
    pub(crate) fn has_kdamond(self, running: &RunningGuard) -> bool {
        self.kdamond(running).is_some()
    }

    /// Returns the process id of the kdamond.
    pub(crate) fn kdamond_pid(self, running: &RunningGuard) -> Option<i32> {
        let task = self.kdamond(running)?;
        // SAFETY: A kdamond takes itself off the context before it ends, under the lock whose guard
        // is borrowed. Hence the task exists.
        Some(unsafe { (*task.as_ptr()).pid })
    }

    /// Returns how to wait for the end of the kdamond, or [`None`] if there is none.
    pub(crate) fn ended(self, running: &RunningGuard) -> Option<Arc<Completion>> {
        self.kdamond(running)?;
        self.state().as_ref(running).ended.clone()
    }

    /// Returns how to stop the kdamond, or [`None`] if there is none.
    pub(crate) fn stop(self, running: &mut RunningGuard) -> Option<Stopping> {
        let task = self.kdamond(running)?;
        let state = self.state().as_mut(running);
        if mem::replace(&mut state.stopping, true) {
            return state.ended.clone().map(Stopping::Later);
        }
        // SAFETY: A kdamond takes itself off the context before it ends, under the lock whose guard
        // is borrowed. Hence the task exists.
        unsafe { bindings::get_task_struct(task.as_ptr()) };
        // INVARIANT: The reference was taken just now, and others find the flag set.
        Some(Stopping::First(KdamondTask(task)))
    }
}

/// A context that a kdamond can be made for.
///
/// # Invariants
///
/// If the context has no kdamond, nothing uses it in another way than as [`Shared`], until a
/// kdamond that [`run_kdamond()`](Self::run_kdamond) made for it has ended.
#[derive(Clone, Copy)]
pub(crate) struct Startable<'a>(Shared<'a>);

impl<'a> Startable<'a> {
    /// # Safety
    ///
    /// `ctx` must be valid for `'a`. If it has no kdamond, nothing else than functions that allow a
    /// kdamond may use it during `'a`, and afterwards until its kdamond has ended, if it got one.
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: The caller promises that nothing else uses the context.
        // SAFETY: The caller promises that the context is valid for `'a`.
        Self(unsafe { Shared::from_raw(ctx) })
    }

    /// Returns what other threads may use of the context.
    pub(crate) fn shared(self) -> Shared<'a> {
        self.0
    }

    /// Makes a kdamond and waits until it has begun.
    ///
    /// `nr` is for its name.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if there is one already.
    /// - That of the creation of a thread.
    pub(crate) fn run_kdamond(self, nr: i32, running: &mut RunningGuard) -> Result {
        if self.0.has_kdamond(running) {
            return Err(EBUSY);
        }
        let ended = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
        let ctx = self.0.ctx.as_ptr();
        // SAFETY: The context stays valid until the kdamond has ended, and the kdamond is the only
        // one to use it exclusively.
        let task = from_err_ptr(unsafe { bindings::damon_core_run_kdamond(ctx, nr) })?;
        self.0.set_kdamond(task, running);
        *self.0.state().as_mut(running) = StopState {
            stopping: false,
            ended: Some(ended),
        };
        // SAFETY: `damon_core_run_kdamond()` has initialized it.
        unsafe { bindings::wait_for_completion(self.0.started()) };
        Ok(())
    }
}

/// The kdamond that is running this, and has its context for itself.
///
/// # Invariants
///
/// As for [`Context`], for as long as this exists.
pub(crate) struct CurrentKdamond(NonNull<bindings::damon_ctx>);

impl CurrentKdamond {
    /// # Safety
    ///
    /// `ctx` must be a context which nothing else uses exclusively until it has no kdamond any
    /// more, or, if it has none, until the returned value is gone.
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: The caller promises that nothing else uses the context.
        Self(ctx)
    }

    /// The context.
    pub(crate) fn context(&mut self) -> Context<'_> {
        // SAFETY: Nothing else uses the context exclusively, and `self` is borrowed.
        unsafe { Context::from_raw(self.0.cast()) }
    }

    pub(crate) fn shared(&self) -> Shared<'_> {
        // SAFETY: The context is valid, because nothing frees it before the kdamond is off it.
        unsafe { Shared::from_raw(self.0) }
    }

    /// Tells who started the kdamond that it has begun.
    pub(crate) fn complete_started(&mut self) {
        // SAFETY: The completion is initialized since the context was made.
        unsafe { bindings::complete(self.shared().started()) };
    }

    /// Takes the kdamond off the context, which others may free as soon as the lock is free.
    ///
    /// Returns what to complete without the lock, if somebody has started the kdamond.
    pub(crate) fn end(self, running: &mut RunningGuard) -> Option<Arc<Completion>> {
        self.shared().set_kdamond(ptr::null_mut(), running);
        self.shared().state().as_mut(running).ended.take()
    }
}

/// A context that a test starts, and that is stopped when the test is done with it.
///
/// # Invariants
///
/// Owns the context, of which others have nothing but [`Startable`]s that borrow this.
#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
pub(crate) struct TestContext(NonNull<bindings::damon_ctx>);

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
impl TestContext {
    pub(crate) fn new() -> Result<Self> {
        let ctx = NonNull::new(OwnedContext::new()?.into_raw()).ok_or(ENOMEM)?;
        // INVARIANT: The context was made just now.
        Ok(Self(ctx))
    }

    pub(crate) fn startable(&self) -> Startable<'_> {
        // SAFETY: By the type invariant nothing else uses the context, which is valid until
        // `self` is dropped, after its kdamond has ended.
        unsafe { Startable::from_raw(self.0) }
    }
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
impl Drop for TestContext {
    fn drop(&mut self) {
        crate::running::damon_stop([self.startable().shared()].into_iter());
        // SAFETY: It came from `into_raw()`, is not running any more, and nothing borrows `self`.
        drop(unsafe { OwnedContext::from_raw(self.0) });
    }
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_stopping)]
mod tests {
    use super::*;
    use crate::running::{
        damon_is_running,
        damon_start, //
    };

    #[test]
    fn who_forgets_to_wait_stops_all_the_same() -> Result {
        let owned = TestContext::new()?;
        let ctx = owned.startable();
        for _ in 0..2 {
            damon_start([ctx].into_iter(), false, |_| Ok(()))?;
            assert!(damon_is_running(ctx.shared()));
            let stopping = ctx.shared().stop(&mut RUNNING.lock());
            assert!(matches!(stopping, Some(Stopping::First(_))));
            drop(stopping);
            assert!(!damon_is_running(ctx.shared()));
        }
        Ok(())
    }
}
