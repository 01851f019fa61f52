// SPDX-License-Identifier: GPL-2.0

//! Functions that a kdamond calls repeatedly.

use super::{
    Kdamond,
    OnKdamond, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*, //
};
use core::ptr::NonNull;

impl Kdamond {
    /// Makes the kernel thread call `f` again and again, after each sampling, until it ends.
    ///
    /// This does not wait for the first call. While the thread is
    /// [paused](super::Context::set_paused), or while the watermarks of all its schemes make these
    /// wait, it calls `f` when it looks whether that is still so.
    ///
    /// `f` is dropped when `self` is [stopped](Self::stop), or dropped. It must not wait for
    /// something that a caller of these holds, and must not stop or drop `self`, which would wait
    /// for `f` to return.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the thread has ended.
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     damon::{
    ///         Context,
    ///         Exclusivity,
    ///         OpsId, //
    ///     },
    ///     sync::{
    ///         Arc,
    ///         Completion, //
    ///     }, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// let mut kdamond = ctx.start(Exclusivity::Shared)?;
    ///
    /// let called = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
    /// let tell = called.clone();
    /// kdamond.call_repeatedly(move |_| tell.complete_all())?;
    /// called.wait_for_completion();
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_call")]
    pub fn call_repeatedly<F>(&mut self, f: F) -> Result
    where
        F: FnMut(&mut OnKdamond<'_>) + Send + 'static,
    {
        let request = Request {
            ctx: self.as_non_null(),
            f,
        };
        let request = RepeatedCall::new(KBox::new(request, GFP_KERNEL)?);
        let mut control: KBox<bindings::damon_call_control> =
            KBox::new(pin_init::zeroed(), GFP_KERNEL)?;

        control.fn_ = Some(run::<F>);
        control.data = request.data.as_ptr();
        control.repeat = true;
        control.dealloc_on_cancel = true;

        // From here on nothing fails but `damon_call()`.
        self.reserve_repeated_call()?;
        let control = KBox::into_raw(control);

        // SAFETY:
        // - By the type invariants, `damon_start()` has succeeded for the context.
        // - `control` is valid until the kdamond frees it with `kfree()` when it ends, as
        //   `dealloc_on_cancel` says; it has been allocated with the allocator `Kmalloc`.
        // - `data` of `control` is the `Request<F>` that `run::<F>()` requires. It stays until the
        //   kdamond has ended: by its type invariants, `self` keeps it so long.
        let result = to_result(unsafe { bindings::damon_call(self.as_ptr(), control) });

        if result.is_err() {
            // SAFETY: `control` came from `KBox::into_raw()`. An error means that the kdamond has
            // not got it, and never will.
            drop(unsafe { KBox::from_raw(control) });
            return result;
        }

        self.keep_repeated_call(request);
        Ok(())
    }
}

/// A request to call a function repeatedly on a kdamond.
struct Request<F> {
    ctx: NonNull<bindings::damon_ctx>,
    f: F,
}

/// Calls the function of a request.
///
/// # Safety
///
/// - `data` must point to a valid `Request<F>` that nobody else accesses during this call.
/// - This must be called by the kdamond that runs on `ctx` of the request, where it handles
///   `struct damon_call_control`.
unsafe extern "C" fn run<F>(data: *mut c_void) -> c_int
where
    F: FnMut(&mut OnKdamond<'_>) + Send,
{
    // SAFETY: By the safety requirements.
    let request = unsafe { &mut *data.cast::<Request<F>>() };
    // SAFETY: By the safety requirements, this is the kdamond that runs on `ctx`, and it lets us
    // access the context until we return.
    let mut token = unsafe { OnKdamond::new(request.ctx) };

    (request.f)(&mut token);
    0
}

/// Owner of a request to call a function repeatedly, of any type.
///
/// # Invariants
///
/// `data` points to what a `KBox` of the type that `free` is for owned, and this owns now. That is
/// `Send`, apart from a pointer to a context that is only used on the kdamond of that.
pub(super) struct RepeatedCall {
    data: NonNull<c_void>,
    free: unsafe fn(NonNull<c_void>),
}

// SAFETY: By the type invariants, the function may be used and dropped on any thread.
unsafe impl Send for RepeatedCall {}

// SAFETY: Nothing can be done with a shared reference.
unsafe impl Sync for RepeatedCall {}

impl RepeatedCall {
    /// Takes the ownership of a request.
    fn new<F: Send>(request: KBox<Request<F>>) -> Self {
        // INVARIANT: `free_request::<F>()` is for the `Request<F>` of the box, and `F` is `Send`.
        Self {
            data: NonNull::from(KBox::leak(request)).cast(),
            free: free_request::<F>,
        }
    }
}

impl Drop for RepeatedCall {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, `free` is for `data`, which we own.
        unsafe { (self.free)(self.data) };
    }
}

/// Frees a request.
///
/// # Safety
///
/// `data` must point to what a `KBox<Request<F>>` owned, and the caller owns now.
unsafe fn free_request<F>(data: NonNull<c_void>) {
    // SAFETY: By the safety requirements.
    drop(unsafe { KBox::from_raw(data.cast::<Request<F>>().as_ptr()) });
}

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
#[macros::kunit_tests(rust_damon_repeat)]
mod tests {
    use super::{
        super::{
            tests::util::{
                paddr,
                wait_for, //
            },
            Context,
            Exclusivity,
            OpsId, //
        },
        *, //
    };
    use crate::sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    };

    /// Counts how often it is dropped, and how often its function is called, five times at most.
    struct Counter {
        dropped: Arc<Atomic<i32>>,
        called: Arc<Atomic<i32>>,
        nr: i32,
    }

    impl Counter {
        fn count(&mut self, k: &OnKdamond<'_>) {
            assert_eq!(k.attrs().sample_interval, 1_000);
            if self.nr < 5 {
                self.nr += 1;
                self.called.add(1, Relaxed);
            }
        }
    }

    impl Drop for Counter {
        fn drop(&mut self) {
            self.dropped.add(1, Relaxed);
        }
    }

    #[test]
    fn functions_live_as_long_as_the_kdamond() -> Result {
        let dropped = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let called = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let counter = || Counter {
            dropped: dropped.clone(),
            called: called.clone(),
            nr: 0,
        };
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;

        for _ in 0..3 {
            let mut counter = counter();

            kdamond.call_repeatedly(move |k| counter.count(k))?;
        }
        wait_for(|| Ok(called.load(Relaxed) == 15))?;
        assert_eq!(dropped.load(Relaxed), 0);
        kdamond.stop();
        assert_eq!(dropped.load(Relaxed), 3);

        // Too late.
        let mut late = counter();
        let result = kdamond.call_repeatedly(move |k| late.count(k));
        assert_eq!(result, Err(ECANCELED));
        assert_eq!(dropped.load(Relaxed), 4);

        // Dropped without being stopped first.
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut last = counter();
        kdamond.call_repeatedly(move |k| last.count(k))?;
        drop(kdamond);
        assert_eq!(dropped.load(Relaxed), 5);

        // Stopped by a thread that could be killed meanwhile.
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut last = counter();
        kdamond.call_repeatedly(move |k| last.count(k))?;
        kdamond.stop_killable()?;
        assert_eq!(dropped.load(Relaxed), 6);
        Ok(())
    }

    #[test]
    fn functions_outlive_a_kdamond_that_ends_by_itself() -> Result {
        let dropped = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let mut counter = Counter {
            dropped: dropped.clone(),
            called: Arc::new(Atomic::new(0), GFP_KERNEL)?,
            nr: 0,
        };
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut end = Context::new()?;

        kdamond.call_repeatedly(move |k| counter.count(k))?;
        // Without targets, these operations end the kdamond.
        end.select_ops(OpsId::Vaddr)?;
        end.set_attrs(&kdamond.call(|k| k.attrs())?)?;
        kdamond.commit(end)?;
        wait_for(|| Ok(!kdamond.is_running()))?;
        assert_eq!(dropped.load(Relaxed), 0);
        drop(kdamond);
        assert_eq!(dropped.load(Relaxed), 1);
        Ok(())
    }
}
