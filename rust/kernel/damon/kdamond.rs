// SPDX-License-Identifier: GPL-2.0

//! Monitoring contexts that are started.

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
use super::Guest;
use super::{
    owned_ctx::OwnedCtx,
    repeat::RepeatedCall,
    stop::{
        damon_stop,
        Stop, //
    },
    Context,
    OnKdamond, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*,
    sync::Arc,
    task, //
};
use core::ptr::NonNull;

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod guest;

/// Whether a kdamond tolerates others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusivity {
    /// Runs beside other shared kdamonds, and can be started and stopped independently of them.
    Shared,
    /// Runs only if no other kdamond runs, and as long as it runs, no other can be started.
    Exclusive,
}

impl Context {
    /// Starts a kernel thread that monitors with this context.
    ///
    /// A kdamond without any valid target ends by itself, for operations that know about valid
    /// targets: [`OpsId::Vaddr`](super::OpsId::Vaddr) and [`OpsId::Fvaddr`](super::OpsId::Fvaddr)
    /// if there are no targets, or if none of the processes exists anymore.
    ///
    /// Corresponds to the C function `damon_start()`, for one context.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if no operations are selected, or if a target lacks the
    ///   [`Pid`](crate::pid::Pid) that the operations need.
    /// - [`EBUSY`] if an exclusive kdamond runs, or if `exclusivity` is [`Exclusivity::Exclusive`]
    ///   and any kdamond runs.
    /// - [`ENOMEM`], or another error of the creation of the kernel thread.
    ///
    /// In case of an error the context is freed.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Context,
    ///     Exclusivity,
    ///     Kdamond,
    ///     OpsId, //
    /// };
    ///
    /// fn start(exclusivity: Exclusivity) -> Result<Kdamond> {
    ///     let mut ctx = Context::new()?;
    ///     ctx.select_ops(OpsId::Paddr)?;
    ///     ctx.start(exclusivity)
    /// }
    ///
    /// let mut first = start(Exclusivity::Shared)?;
    /// let second = start(Exclusivity::Shared)?;
    /// assert_eq!(start(Exclusivity::Exclusive).err(), Some(EBUSY));
    ///
    /// first.stop();
    /// assert!(!first.is_running());
    /// assert!(second.is_running());
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_start")]
    pub fn start(self, exclusivity: Exclusivity) -> Result<Kdamond> {
        self.validate()?;
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        if let Some(guest) = self.guest.clone() {
            return self.start_guest(guest, exclusivity);
        }

        let ctx = self.into_owned_ctx();
        let stop = Stop::new()?;
        let mut ptr = ctx.as_ptr();
        let exclusive = match exclusivity {
            Exclusivity::Shared => false,
            Exclusivity::Exclusive => true,
        };

        // SAFETY: `ptr` is an array of one valid context that has not been started, by the type
        // invariants of `Context`. If this fails then no kdamond runs on the context.
        to_result(unsafe { bindings::damon_start(&raw mut ptr, 1, exclusive) })?;

        // INVARIANT: `damon_start()` has succeeded for the context, which has as many probes as a
        // `Context` can have.
        Ok(Kdamond {
            ctx,
            repeated_calls: KVec::new(),
            stop,
            stopping: false,
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            guest: None,
        })
    }
}

/// A monitoring context that has been started, and its kernel thread.
///
/// The thread runs until it is [stopped](Self::stop), or until it ends by itself because there is
/// nothing left to monitor, or because a [commit](Self::commit) failed half way. The context stays
/// until this is dropped, which stops the thread if need be.
///
/// A `Kdamond` can be sent to and used from any thread: what a shared reference allows is done by
/// functions of DAMON that synchronize with the kdamond and with each other.
///
/// # Invariants
///
/// - `damon_start()` has succeeded for `ctx`, once. Since then nobody but the kdamond accesses what
///   is in the context, other than through functions of DAMON that are made for running contexts.
/// - The context has [`MAX_PROBES`](super::MAX_PROBES) probes at most: each [`Context`] has, also
///   those that are committed.
/// - `repeated_calls` are requests to call functions on that kdamond. They are not dropped before
///   it has ended.
/// - `guest` is what the context was started with, if it is that of a user.
/// - `stopping` tells whether `stop` was told to stop the kdamond of `ctx`. If so, `ctx` is not
///   dropped, nor stopped otherwise, before `stop` is through with it.
pub struct Kdamond {
    ctx: OwnedCtx,
    repeated_calls: KVec<RepeatedCall>,
    stop: Arc<Stop>,
    stopping: bool,
    /// What the context refers to, which hence comes last.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    #[expect(dead_code)]
    guest: Option<Guest>,
}

impl Kdamond {
    /// Returns the pointer to the C context.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    /// Returns the pointer to the C context.
    #[inline]
    pub(super) fn as_non_null(&self) -> NonNull<bindings::damon_ctx> {
        self.ctx.as_non_null()
    }

    /// Makes room for one more [`RepeatedCall`].
    pub(super) fn reserve_repeated_call(&mut self) -> Result {
        Ok(self.repeated_calls.reserve(1, GFP_KERNEL)?)
    }

    /// Keeps `call` until the kdamond has ended.
    ///
    /// There must be [room](Self::reserve_repeated_call) for it.
    pub(super) fn keep_repeated_call(&mut self, call: RepeatedCall) {
        if let Err(err) = self.repeated_calls.push_within_capacity(call) {
            // Not reached. The kdamond might still use it: better leak it than free it.
            core::mem::forget(err);
        }
    }

    /// Returns whether the kernel thread is running.
    ///
    /// If this is `false` once then it stays so.
    #[doc(alias = "damon_is_running")]
    pub fn is_running(&self) -> bool {
        // SAFETY: By the type invariants, the context is valid; the function takes the lock itself.
        unsafe { bindings::damon_is_running(self.ctx.as_ptr()) }
    }

    /// Returns the number of the kernel thread in the initial PID namespace, if it is running.
    #[doc(alias = "damon_kdamond_pid")]
    pub fn pid(&self) -> Option<task::Pid> {
        // SAFETY: By the type invariants, the context is valid; the function takes the lock itself.
        let pid = unsafe { bindings::damon_kdamond_pid(self.ctx.as_ptr()) };

        (pid >= 0).then_some(pid)
    }

    /// Stops the kernel thread, and waits until it has ended.
    ///
    /// Does nothing if the thread has ended already. The context stays, without its targets, until
    /// this is dropped.
    ///
    /// The exclusive reference is necessary: two `damon_stop()` at the same time on the same
    /// context would both wait for the one completion that the ending thread signals, one of them
    /// forever. It also makes it impossible that the kdamond stops itself in a
    /// [`call`](Self::call). Functions that are called [repeatedly](Self::call_repeatedly) are
    /// dropped after the thread has ended.
    #[doc(alias = "damon_stop")]
    pub fn stop(&mut self) {
        if self.stopping {
            self.stop.wait();
        } else {
            // SAFETY: By the type invariants, the context has been started and is valid, and
            // nothing else stops it: `stopping` is false, and we have the exclusive reference. If
            // we are on its kdamond, in a function that it calls repeatedly, then this waits for
            // itself and never returns.
            unsafe { damon_stop(self.ctx.as_non_null()) };
        }

        // The kdamond has ended.
        self.repeated_calls.clear();
    }

    /// Stops the kernel thread, and waits until it has ended, or until the current thread is
    /// killed.
    ///
    /// A kdamond is told to stop at once, but ends only when it is through with what it is doing,
    /// for example with applying a scheme to a large region. If the wait for that ends early, the
    /// kdamond goes on ending: this can be called again, as can [`stop`](Self::stop), and both
    /// wait for the rest. For the exclusive reference see there.
    ///
    /// # Errors
    ///
    /// [`EINTR`] if the current thread was killed meanwhile. The kernel thread may still be
    /// [running](Self::is_running).
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Context,
    ///     Exclusivity,
    ///     OpsId, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// let mut kdamond = ctx.start(Exclusivity::Shared)?;
    ///
    /// kdamond.stop_killable()?;
    /// assert!(!kdamond.is_running());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn stop_killable(&mut self) -> Result {
        if !self.stopping {
            // SAFETY: By the type invariants, the context has been started, and nothing else stops
            // it: `stopping` is false, and we have the exclusive reference. From here on it is
            // true, so that the context stays until this is done.
            unsafe { Stop::enqueue(&self.stop, self.ctx.as_non_null()) };
            // INVARIANT: It was told just now.
            self.stopping = true;
        }
        self.stop.wait_killable()?;

        // The kdamond has ended.
        self.repeated_calls.clear();
        Ok(())
    }

    /// Calls `f` on the kernel thread, and returns what it returned.
    ///
    /// Waits until the thread has finished its current sampling, and then until `f` has returned.
    /// With the core in Rust, a thread that is killed does not wait for the former; with `core.c`
    /// the wait is not interruptible. `f` must not wait for something that the caller holds, in
    /// particular not for a lock.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the thread has ended without calling `f`, now or before. It is not
    ///   [running](Self::is_running) then.
    /// - [`EINTR`] if the current thread was killed before `f` was called. It never will be.
    /// - [`EDEADLK`] if this already is the kernel thread, which would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Context,
    ///     Exclusivity,
    ///     OpsId, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// let mut kdamond = ctx.start(Exclusivity::Shared)?;
    ///
    /// let pid = kdamond.call(|_| current!().pid())?;
    /// assert_eq!(kdamond.pid(), Some(pid));
    ///
    /// kdamond.stop();
    /// assert_eq!(kdamond.call(|_| ()), Err(ECANCELED));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_call")]
    pub fn call<F, R>(&self, f: F) -> Result<R>
    where
        F: FnOnce(&mut OnKdamond<'_>) -> R + Send,
        R: Send,
    {
        if self.pid() == Some(current!().pid()) {
            return Err(EDEADLK);
        }

        let mut request = Request {
            ctx: self.ctx.as_non_null(),
            f: Some(f),
            ret: None,
        };
        let mut control: bindings::damon_call_control = pin_init::zeroed();

        control.fn_ = Some(Request::<F, R>::run);
        control.data = (&raw mut request).cast();

        // SAFETY:
        // - By the type invariants, `damon_start()` has succeeded for the context.
        // - `control` is not repeating: when this returns, for whatever reason, the kdamond has
        //   called the function, or never will, and does not access `control` and what it points
        //   to anymore.
        // - `data` of `control` is the `Request<F, R>` that `Request::<F, R>::run()` requires.
        to_result(unsafe { bindings::damon_call(self.ctx.as_ptr(), &raw mut control) })?;

        // It is always `Some` if `damon_call()` has succeeded.
        request.ret.ok_or(ECANCELED)
    }

    /// Updates the parameters of the running context to those of `new`.
    ///
    /// See [`OnKdamond::commit`], which this calls on the kernel thread, and [`Self::call`] for the
    /// errors of both.
    pub fn commit(&self, mut new: Context) -> Result {
        self.call(move |k| k.commit(&mut new))?
    }
}

impl Drop for Kdamond {
    fn drop(&mut self) {
        // Dropping `ctx` after this then frees the context.
        self.stop();
    }
}

/// A request to call a function once on a kdamond.
struct Request<F, R> {
    ctx: NonNull<bindings::damon_ctx>,
    f: Option<F>,
    ret: Option<R>,
}

impl<F, R> Request<F, R>
where
    F: FnOnce(&mut OnKdamond<'_>) -> R + Send,
    R: Send,
{
    /// Calls the function of the request.
    ///
    /// # Safety
    ///
    /// - `data` must point to a valid `Request<F, R>` that nobody else accesses during this call.
    /// - This must be called by the kdamond that runs on `ctx` of the request, where it handles
    ///   `struct damon_call_control`.
    unsafe extern "C" fn run(data: *mut c_void) -> c_int {
        // SAFETY: By the safety requirements.
        let request = unsafe { &mut *data.cast::<Self>() };

        if let Some(f) = request.f.take() {
            // SAFETY: By the safety requirements, this is the kdamond that runs on `ctx`, and it
            // lets us access the context until we return.
            let mut token = unsafe { OnKdamond::new(request.ctx) };

            request.ret = Some(f(&mut token));
        }
        0
    }
}
