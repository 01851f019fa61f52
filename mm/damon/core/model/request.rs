// SPDX-License-Identifier: GPL-2.0

//! Requests of other threads to a kdamond.
//!
//! A request belongs to the thread that makes it, which waits for its completion. Hence the last
//! access to a request that is not repeated is to complete it.
//!
//! A thread that is killed does not wait for the kdamond, which may sleep for an hour. It withdraws
//! its request, under the lock that the kdamond takes it with. If the kdamond has it already, it
//! is being handled, which does not take long: then the thread waits for that.

use super::{
    context::walk_withdrawn_of,
    list,
    Region,
    Scheme,
    Target, //
};
use core::{
    marker::PhantomData,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    bindings,
    prelude::*,
    sync::{
        lock::mutex::MutexGuard,
        Mutex, //
    },
};

/// A request to call a function on the kdamond, `struct damon_call_control`.
///
/// # Invariants
///
/// The pointer is that of a request that was made and is not completed.
pub(crate) struct Call(NonNull<bindings::damon_call_control>);

/// What is left of a request after the kdamond has handled it.
pub(crate) enum Handled {
    /// Nothing: it is completed.
    Completed,
    /// It is to be handled again next time.
    Again(Call),
}

impl Call {
    /// # Safety
    ///
    /// `control` must be valid. If it is repeated, it must stay so until it is canceled; otherwise,
    /// until it is completed.
    pub(crate) unsafe fn from_raw(control: NonNull<bindings::damon_call_control>) -> Self {
        // INVARIANT: By the function's contract.
        Self(control)
    }

    /// Prepares the request for being made.
    pub(crate) fn init(&self) {
        let raw = self.0.as_ptr();
        // SAFETY: By the type invariant. A repeated request is not waited for.
        unsafe {
            if !(*raw).repeat {
                bindings::init_completion(&raw mut (*raw).completion);
            }
            (*raw).canceled = false;
            list::init(&raw mut (*raw).list);
        }
    }

    /// Returns whether the function is called again and again.
    pub(crate) fn is_repeated(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.0.as_ptr()).repeat }
    }

    /// Calls the function.
    pub(crate) fn handle(self) -> Handled {
        let raw = self.0.as_ptr();
        // SAFETY: By the type invariant; the function is called with the data that is meant for
        // it.
        unsafe {
            if let Some(function) = (*raw).fn_ {
                (*raw).return_code = function((*raw).data);
            }
        }
        if self.is_repeated() {
            return Handled::Again(self);
        }
        self.complete();
        Handled::Completed
    }

    /// Gives the request back without having called the function.
    pub(crate) fn cancel(self) {
        let raw = self.0.as_ptr();
        // SAFETY: By the type invariant.
        unsafe { (*raw).canceled = true };
        if !self.is_repeated() {
            self.complete();
            return;
        }
        // SAFETY: By the type invariant. One who asks for it has allocated the request with
        // `kmalloc()`, and does not use it any more.
        unsafe {
            if (*raw).dealloc_on_cancel {
                bindings::kfree(raw.cast());
            }
        }
    }

    fn complete(self) {
        // SAFETY: By the type invariant; this is the last access.
        unsafe { bindings::complete(&raw mut (*self.0.as_ptr()).completion) };
    }

    fn link(&self) -> *mut bindings::list_head {
        self.0
            .as_ptr()
            .wrapping_byte_add(offset_of!(bindings::damon_call_control, list))
            .cast()
    }
}

/// How the wait for a request has ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The kdamond has handled it.
    Handled,
    /// The kdamond has given it back without handling it.
    Canceled,
    /// The waiting thread was killed, and has withdrawn it.
    Withdrawn,
}

impl Waited {
    fn completed(canceled: bool) -> Self {
        if canceled {
            Self::Canceled
        } else {
            Self::Handled
        }
    }
}

/// The requests that wait for a kdamond.
///
/// # Invariants
///
/// The context is valid for `'a`.
pub(crate) struct CallQueue<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _borrow: PhantomData<&'a ()>,
}

impl<'a> CallQueue<'a> {
    /// # Safety
    ///
    /// `ctx` must be valid for `'a`.
    pub(super) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    fn lock(&self) -> MutexGuard<'a, ()> {
        // SAFETY: By the type invariant, the mutex is initialized and valid for `'a`.
        unsafe { Mutex::<()>::from_raw(&raw mut (*self.ctx.as_ptr()).call_controls_lock) }.lock()
    }

    fn head(&self) -> *mut bindings::list_head {
        // SAFETY: By the type invariant, this is a place within the context.
        unsafe { &raw mut (*self.ctx.as_ptr()).call_controls }
    }

    /// Opens or closes the queue. A closed one takes no requests.
    pub(crate) fn set_obsolete(&self, obsolete: bool) {
        let _guard = self.lock();
        // SAFETY: By the type invariant; the lock protects the field.
        unsafe { (*self.ctx.as_ptr()).call_controls_obsolete = obsolete };
    }

    /// Adds a request, unless the queue is closed.
    ///
    /// Returns whether it was added.
    pub(crate) fn push(&self, call: Call) -> bool {
        let _guard = self.lock();
        // SAFETY: By the type invariant; the lock protects the field.
        if unsafe { (*self.ctx.as_ptr()).call_controls_obsolete } {
            return false;
        }
        let head = self.head();
        // SAFETY: The lock protects the list, and a request that is made is in no list.
        unsafe { list::add_between(call.link(), (*head).prev, head) };
        true
    }

    /// Waits until a request is completed, or until the current thread is killed. When this returns
    /// the kdamond does not use the request any more, and never will.
    ///
    /// # Safety
    ///
    /// `control` must be a request that is not repeated, that was [added](Self::push) to this
    /// queue, and that nobody else waits for.
    pub(crate) unsafe fn wait(&self, control: NonNull<bindings::damon_call_control>) -> Waited {
        let raw = control.as_ptr();
        // SAFETY: The control is valid until its owner, who waits here, returns; `push()` was
        // given one that `Call::init()` has initialized the completion of.
        let completion = unsafe { &raw mut (*raw).completion };
        // SAFETY: The completion is initialized and valid.
        if unsafe { bindings::wait_for_completion_killable(completion) } != 0 {
            if self.withdraw(control) {
                return Waited::Withdrawn;
            }
            // SAFETY: The completion is initialized and valid. The kdamond took the request off
            // the queue, and completes each one that it takes.
            unsafe { bindings::wait_for_completion(completion) };
        }
        // SAFETY: The request is completed, which was the last access of the kdamond to it.
        Waited::completed(unsafe { (*raw).canceled })
    }

    /// Removes a request, unless it is not in the queue.
    ///
    /// Returns whether it was removed.
    fn withdraw(&self, control: NonNull<bindings::damon_call_control>) -> bool {
        let _guard = self.lock();
        let head = self.head();
        let link = control
            .as_ptr()
            .wrapping_byte_add(offset_of!(bindings::damon_call_control, list))
            .cast();
        // SAFETY: The head is a place within a valid context, and the lock is held that protects
        // the list.
        let mut next = unsafe { (*head).next };
        while next != head {
            if next == link {
                // SAFETY: The link is in the list, which the lock protects.
                unsafe { list::del(link) };
                return true;
            }
            // SAFETY: What is in the list is valid, and the lock protects it.
            next = unsafe { (*next).next };
        }
        false
    }

    /// Returns how many requests are waiting.
    pub(crate) fn len(&self) -> usize {
        let _guard = self.lock();
        let head = self.head();
        let mut len: usize = 0;
        // SAFETY: By the type invariant; the lock protects the list.
        unsafe {
            let mut link = (*head).next;
            while link != head {
                len = len.saturating_add(1);
                link = (*link).next;
            }
        }
        len
    }

    /// Removes the request that waits for the longest time.
    pub(crate) fn pop(&self) -> Option<Call> {
        let _guard = self.lock();
        let head = self.head();
        // SAFETY: By the type invariant; the lock protects the list.
        let link = unsafe { (*head).next };
        if link == head {
            return None;
        }
        // SAFETY: The link is in the list.
        unsafe { list::del(link) };
        let control = link
            .wrapping_byte_sub(offset_of!(bindings::damon_call_control, list))
            .cast();
        // SAFETY: Requests in the queue are made and not completed.
        NonNull::new(control).map(|control| unsafe { Call::from_raw(control) })
    }
}

/// The request to walk the regions that schemes are applied to.
///
/// # Invariants
///
/// The context is valid for `'a`.
pub(crate) struct WalkSlot<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _borrow: PhantomData<&'a ()>,
}

/// The request, under its lock.
///
/// # Invariants
///
/// The context is valid for `'a`.
pub(crate) struct LockedWalk<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _guard: MutexGuard<'a, ()>,
}

impl<'a> WalkSlot<'a> {
    /// # Safety
    ///
    /// `ctx` must be valid for `'a`.
    pub(super) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    /// Takes the lock.
    pub(crate) fn lock(&self) -> LockedWalk<'a> {
        // SAFETY: By the type invariant, the mutex is initialized and valid for `'a`.
        let lock =
            unsafe { Mutex::<()>::from_raw(&raw mut (*self.ctx.as_ptr()).walk_control_lock) };
        // INVARIANT: That of `self`.
        LockedWalk {
            ctx: self.ctx,
            _guard: lock.lock(),
        }
    }

    /// Waits until a request is completed, or until the current thread is killed. When this returns
    /// the kdamond does not use the request any more, and never will.
    ///
    /// # Safety
    ///
    /// `control` must have been [requested](LockedWalk::request) here, successfully, and nobody
    /// else may wait for it.
    pub(crate) unsafe fn wait(&self, control: *mut bindings::damos_walk_control) -> Waited {
        // SAFETY: The control is valid until its owner, who waits here, returns.
        let completion = unsafe { &raw mut (*control).completion };
        // SAFETY: The completion is valid, and initialized, since only that is requested.
        if unsafe { bindings::wait_for_completion_killable(completion) } != 0 {
            if self.lock().withdraw(control) {
                return Waited::Withdrawn;
            }
            // The kdamond has completed it meanwhile: it lets the lock go only after that.
        }
        // SAFETY: The request is completed, which was the last access of the kdamond to it.
        Waited::completed(unsafe { (*control).canceled })
    }

    /// Opens or closes the slot. A closed one takes no request.
    pub(crate) fn set_obsolete(&self, obsolete: bool) {
        let _walk = self.lock();
        // SAFETY: By the type invariant; the lock protects the field.
        unsafe { (*self.ctx.as_ptr()).walk_control_obsolete = obsolete };
    }
}

impl LockedWalk<'_> {
    /// Takes note of whether a request was withdrawn since this was called last.
    ///
    /// If so, schemes may still be marked as ones that the walk of it was through with.
    pub(crate) fn take_withdrawn(&self) -> bool {
        // SAFETY: The context is valid, so is the place beside it, and the lock of the request is
        // held, which protects it.
        unsafe { walk_withdrawn_of(self.ctx).replace(false) }
    }

    fn control(&self) -> *mut bindings::damos_walk_control {
        // SAFETY: By the type invariant; the lock protects the field.
        unsafe { (*self.ctx.as_ptr()).walk_control }
    }

    /// Returns whether there is a request.
    #[inline(always)]
    pub(crate) fn is_requested(&self) -> bool {
        !self.control().is_null()
    }

    /// Makes a request.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the slot is closed.
    /// - [`EBUSY`] if there is a request already.
    ///
    /// # Safety
    ///
    /// `control` must stay valid until it is completed.
    pub(crate) unsafe fn request(&self, control: *mut bindings::damos_walk_control) -> Result {
        let ctx = self.ctx.as_ptr();
        // SAFETY: By the type invariant; the lock protects the fields.
        unsafe {
            if (*ctx).walk_control_obsolete {
                return Err(ECANCELED);
            }
            if self.is_requested() {
                return Err(EBUSY);
            }
            (*ctx).walk_control = control;
        }
        Ok(())
    }

    /// Takes a request back, unless it is completed.
    ///
    /// Returns whether it was taken back.
    fn withdraw(&self, control: *mut bindings::damos_walk_control) -> bool {
        if self.control() != control {
            return false;
        }
        // SAFETY: The context is valid, and the lock of the request is held, which protects the
        // field.
        unsafe { (*self.ctx.as_ptr()).walk_control = ptr::null_mut() };
        // SAFETY: The place beside the context is valid as it is, and the lock protects it.
        unsafe { walk_withdrawn_of(self.ctx).write(true) };
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
        let control = self.control();
        if control.is_null() {
            return;
        }
        // SAFETY: A request stays valid until it is completed. Everything that is given to it is
        // valid, and it changes no list.
        unsafe {
            if let Some(walk_fn) = (*control).walk_fn {
                walk_fn(
                    (*control).data,
                    self.ctx.as_ptr(),
                    target.as_ptr(),
                    region.as_ptr(),
                    scheme.as_ptr(),
                    sz_filter_passed,
                );
            }
        }
    }

    /// Completes the request, so that the next one can be made.
    pub(crate) fn complete(&self, canceled: bool) {
        let control = self.control();
        if control.is_null() {
            return;
        }
        // SAFETY: By the type invariant; the lock protects the field. A request stays valid until
        // it is completed, which is the last access to it.
        unsafe {
            (*self.ctx.as_ptr()).walk_control = ptr::null_mut();
            if canceled {
                (*control).canceled = true;
            }
            bindings::complete(&raw mut (*control).completion);
        }
    }
}

/// Prepares a request to walk for being made.
///
/// # Safety
///
/// `control` must be valid.
pub(crate) unsafe fn init_walk(control: *mut bindings::damos_walk_control) {
    // SAFETY: By the function's contract.
    unsafe {
        bindings::init_completion(&raw mut (*control).completion);
        (*control).canceled = false;
    }
}
