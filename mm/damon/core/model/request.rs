// SPDX-License-Identifier: GPL-2.0

//! Requests of other threads to a kdamond.
//!
//! A request belongs to the thread that makes it, which waits for its completion. Hence the last
//! access to a request that is not repeated is to complete it.
//!
//! A thread that is killed does not wait for the kdamond, which may sleep for an hour. It withdraws
//! its request, under the lock that the kdamond takes it with. If the kdamond has it already, it
//! is being handled, which does not take long: then the thread waits for that.

use super::context::walk_withdrawn_of;
use crate::prelude::*;
use core::ffi::c_void;
use kernel::sync::{
    lock::mutex::MutexGuard, //
    Mutex,
};

object! {
    /// A request to call a function on the kdamond, `struct damon_call_control`.
    ///
    /// It was made and is not completed.
    CallControl: damon_call_control
}

/// A request that the kdamond has in its hands. Dropping it gives it back.
pub(crate) type Call = Owned<CallControl>;

// SAFETY: The structure has one `struct list_head`, which is at this offset, besides that of the
// completion, which only the thread that waits needs.
unsafe impl Entry for CallControl {
    const LINK: usize = offset_of!(bindings::damon_call_control, list);

    /// Gives the request back without having called the function.
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: The request is not completed, hence valid.
        let control = unsafe { ptr.as_ref() };
        control.set_canceled(true);
        if !control.repeat() {
            // SAFETY: A request that is not repeated is waited for. This is the last access to it.
            unsafe { bindings::complete(control.completion()) };
        } else if control.dealloc_on_cancel() {
            // SAFETY: Who asks for this has allocated it with `kmalloc()`, and does not use it.
            unsafe { bindings::kfree(ptr.as_ptr().cast()) };
        }
    }
}

/// The function of a request.
type CallFn = Option<unsafe extern "C" fn(*mut c_void) -> i32>;

impl CallControl {
    getters! { private
        bool: repeat, canceled, dealloc_on_cancel;
        CallFn: function = fn_;
        *mut c_void: data;
    }

    setters! { private bool: canceled; i32: return_code; }
}

/// Defines what requests have in common: the end of the wait for one.
macro_rules! completed {
    ($($control:ty),+) => { $(
        impl $control {
            fn completion(&self) -> *mut bindings::completion {
                place!(self, completion)
            }

            /// Returns how a request that is completed has ended.
            fn completed(&self) -> Result {
                if self.canceled() {
                    return Err(ECANCELED);
                }
                Ok(())
            }
        }
    )+ };
}

completed!(CallControl, WalkControl);

impl Call {
    /// Calls the function.
    ///
    /// Returns the request if it is to be handled again next time. Otherwise it is completed.
    pub(crate) fn handle(self) -> Option<Self> {
        if let Some(function) = self.function() {
            // SAFETY: The function is called on the kdamond with the data that is meant for it, as
            // the thread that made the request wants it.
            self.set_return_code(unsafe { function(self.data()) });
        }
        if self.repeat() {
            return Some(self);
        }
        let completion = self.completion();
        self.into_raw();
        // SAFETY: The request is valid until it is completed. This is the last access to it.
        unsafe { bindings::complete(completion) };
        None
    }
}

/// The requests that wait for a kdamond.
pub(crate) struct CallQueue<'a>(pub(super) Shared<'a>);

/// The requests, under their lock.
struct LockedCalls<'a> {
    ctx: Shared<'a>,
    _guard: MutexGuard<'a, ()>,
}

impl LockedCalls<'_> {
    fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    fields! { private bool: obsolete = call_controls_obsolete; }

    fn list(&mut self) -> ListMut<'_, CallControl> {
        let head = place!(self, call_controls);
        // SAFETY: The list is initialized with the context, and the lock protects it.
        unsafe { ListMut::from_raw(head) }
    }

    /// Adds a request, unless the queue is closed: then this returns it.
    fn push(&mut self, call: Call) -> Result<(), Call> {
        if self.obsolete() {
            return Err(call);
        }
        self.list().push(call);
        Ok(())
    }

    /// Takes a request back, unless it is not in the queue. Returns whether it was.
    fn withdraw(&mut self, control: &CallControl) -> bool {
        let mut list = self.list();
        let mut cursor = list.cursor();
        cursor.move_to(control);
        cursor.remove().map(Owned::into_raw).is_some()
    }
}

impl<'a> CallQueue<'a> {
    fn lock(&self) -> LockedCalls<'a> {
        let mutex = place!(self.0, call_controls_lock);
        LockedCalls {
            ctx: self.0,
            // SAFETY: The mutex is initialized with the context, and valid for `'a`.
            _guard: unsafe { Mutex::<()>::from_raw(mutex) }.lock(),
        }
    }

    /// Opens or closes the queue. A closed one takes no requests.
    pub(crate) fn set_obsolete(&self, obsolete: bool) {
        self.lock().set_obsolete(obsolete);
    }

    /// Makes a request. Unless it is repeated, this waits until it is completed, or until the
    /// current thread is killed. When this returns the kdamond does not use a request that is not
    /// repeated any more, and never will.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the queue is closed, or the kdamond has given the request back.
    /// - [`EINTR`] if the thread was killed, and has withdrawn the request.
    ///
    /// # Safety
    ///
    /// `control` must be valid, and in use for nothing else. If it is repeated, it must stay so
    /// until it is canceled.
    pub(crate) unsafe fn request(&self, control: NonNull<bindings::damon_call_control>) -> Result {
        let raw = control.as_ptr();
        // SAFETY: The caller promises that it is valid.
        unsafe { bindings::init_completion(&raw mut (*raw).completion) };
        // SAFETY: The caller promises that it is valid.
        unsafe { bindings::INIT_LIST_HEAD(&raw mut (*raw).list) };
        // SAFETY: It is in no list, and nothing else uses it until it is completed or canceled.
        let call: Call = unsafe { Owned::from_raw(control.cast()) };
        call.set_canceled(false);
        // Once it is added, a repeated request belongs to the kdamond.
        let is_repeated = call.repeat();
        if let Err(call) = self.lock().push(call) {
            // It was not made, hence stays the caller's.
            call.into_raw();
            return Err(ECANCELED);
        }
        if is_repeated {
            return Ok(());
        }

        // SAFETY: The request is valid until its owner, who waits here, returns.
        let control = unsafe { CallControl::from_raw(raw) };
        // SAFETY: The completion is initialized.
        if unsafe { bindings::wait_for_completion_killable(control.completion()) } != 0 {
            if self.lock().withdraw(control) {
                return Err(EINTR);
            }
            // SAFETY: The completion is initialized. The kdamond took the request off the queue,
            // and completes each one that it takes.
            unsafe { bindings::wait_for_completion(control.completion()) };
        }
        control.completed()
    }

    /// Lets the kdamond handle a request again, unless the queue is closed.
    pub(crate) fn repeat(&self, call: Call) {
        let refused = self.lock().push(call);
        // It is given back without the lock.
        drop(refused);
    }

    /// Returns how many requests are waiting.
    pub(crate) fn len(&self) -> usize {
        self.lock().list().as_list().iter().count()
    }

    /// Removes the request that waits for the longest time.
    pub(crate) fn pop(&self) -> Option<Call> {
        self.lock().list().cursor().remove()
    }
}

object! {
    /// A request to walk the regions that schemes are applied to, `struct damos_walk_control`.
    WalkControl: damos_walk_control
}

/// The function of a request to walk.
type WalkFn = Option<
    unsafe extern "C" fn(
        *mut c_void,
        *mut bindings::damon_ctx,
        *mut bindings::damon_target,
        *mut bindings::damon_region,
        *mut bindings::damos,
        usize,
    ),
>;

impl WalkControl {
    getters! { private
        bool: canceled;
        WalkFn: function = walk_fn;
        *mut c_void: data;
    }

    setters! { private bool: canceled; }
}

/// The request to walk the regions that schemes are applied to.
pub(crate) struct WalkSlot<'a>(pub(super) Shared<'a>);

/// The request, under its lock.
pub(crate) struct LockedWalk<'a> {
    ctx: Shared<'a>,
    _guard: MutexGuard<'a, ()>,
}

impl<'a> WalkSlot<'a> {
    /// Takes the lock.
    pub(crate) fn lock(&self) -> LockedWalk<'a> {
        let mutex = place!(self.0, walk_control_lock);
        LockedWalk {
            ctx: self.0,
            // SAFETY: The mutex is initialized with the context, and valid for `'a`.
            _guard: unsafe { Mutex::<()>::from_raw(mutex) }.lock(),
        }
    }

    /// Makes a request, and waits until it is completed, or until the current thread is killed.
    /// When this returns the kdamond does not use the request any more, and never will.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the slot is closed, or the kdamond has given the request back.
    /// - [`EBUSY`] if there is a request already.
    /// - [`EINTR`] if the thread was killed, and has withdrawn the request.
    pub(crate) fn request(&self, control: &WalkControl) -> Result {
        // SAFETY: Nobody waits for the request before it is made.
        unsafe { bindings::init_completion(control.completion()) };
        control.set_canceled(false);
        {
            let walk = self.lock();
            if walk.obsolete() {
                return Err(ECANCELED);
            }
            if walk.is_requested() {
                return Err(EBUSY);
            }
            walk.set_control(control.as_ptr());
        }
        // SAFETY: The completion is initialized.
        if unsafe { bindings::wait_for_completion_killable(control.completion()) } != 0 {
            if self.lock().withdraw(control) {
                return Err(EINTR);
            }
            // The kdamond has completed it meanwhile: it lets the lock go only after that.
        }
        control.completed()
    }

    /// Opens or closes the slot. A closed one takes no request.
    pub(crate) fn set_obsolete(&self, obsolete: bool) {
        self.lock().set_obsolete(obsolete);
    }
}

impl LockedWalk<'_> {
    /// Takes note of whether a request was withdrawn since this was called last.
    ///
    /// If so, schemes may still be marked as ones that the walk of it was through with.
    pub(crate) fn take_withdrawn(&self) -> bool {
        self.withdrawn().replace(false)
    }

    fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    fields! { private
        bool: obsolete = walk_control_obsolete;
        *mut bindings::damos_walk_control: control = walk_control;
    }

    fn withdrawn(&self) -> &Cell<bool> {
        // SAFETY: Contexts come from `OwnedContext::new()`, and this one is valid. The lock is
        // held.
        unsafe { walk_withdrawn_of(self.ctx.as_raw()) }
    }

    fn requested(&self) -> Option<&WalkControl> {
        let control = self.control();
        // SAFETY: A request stays valid until it is completed, which is when it is taken off the
        // context, under the lock.
        (!control.is_null()).then(|| unsafe { WalkControl::from_raw(control) })
    }

    /// Returns whether there is a request.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested().is_some()
    }

    /// Takes a request back, unless it is completed.
    ///
    /// Returns whether it was taken back.
    fn withdraw(&self, control: &WalkControl) -> bool {
        if !ptr::eq(self.control(), control.as_ptr()) {
            return false;
        }
        self.set_control(ptr::null_mut());
        self.withdrawn().set(true);
        true
    }

    /// Calls the function of the request, if there is one, for a region.
    pub(crate) fn call(
        &self,
        target: &Target,
        region: &Region,
        scheme: &Scheme,
        sz_filter_passed: usize,
    ) {
        let Some(control) = self.requested() else {
            return;
        };
        let (data, ctx) = (control.data(), self.ctx.as_ptr());
        let (target, region, scheme) = (target.as_ptr(), region.as_ptr(), scheme.as_ptr());
        if let Some(function) = control.function() {
            // SAFETY: The data is what is meant for the function, and all else is valid. It changes
            // no list.
            unsafe { function(data, ctx, target, region, scheme, sz_filter_passed) };
        }
    }

    /// Completes the request, so that the next one can be made.
    pub(crate) fn complete(&self, canceled: bool) {
        let Some(control) = self.requested() else {
            return;
        };
        if canceled {
            control.set_canceled(true);
        }
        let completion = control.completion();
        self.set_control(ptr::null_mut());
        // SAFETY: The request is valid until it is completed. This is the last access to it.
        unsafe { bindings::complete(completion) };
    }
}
