// SPDX-License-Identifier: GPL-2.0

//! Stopping of kdamonds without having to wait for it.

use crate::{
    bindings,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Completion, //
    },
    workqueue::{
        self,
        impl_has_work,
        new_work,
        Work,
        WorkItem, //
    },
};
use core::ptr::{
    self,
    NonNull, //
};

/// Stops the kdamond of a context, and waits until it has ended.
///
/// # Safety
///
/// `ctx` must point to a valid context that `damon_start()` has succeeded for, and nothing else may
/// stop it meanwhile.
pub(super) unsafe fn damon_stop(ctx: NonNull<bindings::damon_ctx>) {
    let mut ctx = ctx.as_ptr();

    // SAFETY: This is an array of one valid context, which was started and which nothing else
    // stops.
    unsafe { bindings::damon_stop(&raw mut ctx, 1) };
}

/// A work item that stops a kdamond once, on behalf of who need not wait for it.
#[pin_data]
pub(super) struct Stop {
    /// The context, as long as the work item is queued or runs; otherwise null.
    ctx: Atomic<*mut bindings::damon_ctx>,
    #[pin]
    work: Work<Self>,
    #[pin]
    done: Completion,
}

impl_has_work! {
    impl HasWork<Self> for Stop { self.work }
}

impl Stop {
    /// Creates the work item.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    pub(super) fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                ctx: Atomic::new(ptr::null_mut()),
                work <- new_work!("damon::Stop::work"),
                done <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Begins to stop the kdamond of a context.
    ///
    /// # Safety
    ///
    /// - `ctx` must point to a valid context that `damon_start()` has succeeded for. It must stay
    ///   valid, and nothing else may stop it, until [`wait`](Self::wait) or
    ///   [`wait_killable`](Self::wait_killable) has returned without an error.
    /// - This must not have been called before for `this`.
    pub(super) unsafe fn enqueue(this: &Arc<Self>, ctx: NonNull<bindings::damon_ctx>) {
        this.ctx.store(ctx.as_ptr(), Relaxed);
        // It is not queued yet, so this does not fail.
        let _ = workqueue::system_long().enqueue(this.clone());
    }

    /// Waits until the kdamond has ended.
    pub(super) fn wait(&self) {
        self.done.wait_for_completion();
    }

    /// Waits until the kdamond has ended, or until the current thread is killed.
    ///
    /// # Errors
    ///
    /// [`EINTR`] in the latter case.
    pub(super) fn wait_killable(&self) -> Result {
        self.done.wait_for_completion_killable().map_err(|_| EINTR)
    }
}

impl WorkItem for Stop {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        if let Some(ctx) = NonNull::new(this.ctx.load(Relaxed)) {
            // SAFETY: `enqueue()` has stored the pointer before it queued this. Its caller keeps
            // the context valid, and does not stop it, until `done` below.
            unsafe { damon_stop(ctx) };
        }
        this.done.complete_all();
    }
}
