// SPDX-License-Identifier: GPL-2.0

//! What is needed for virtual address spaces.

use super::{
    Context,
    Target, //
};
use crate::vaddr;
use kernel::{
    bindings,
    mm::MmWithUser,
    prelude::*,
    sync::aref::ARef, //
};

impl Target {
    /// # Safety
    ///
    /// `target` must be valid, and for the lifetime that the caller chooses no other thread may use
    /// it, and nothing may change its list.
    unsafe fn from_raw<'a>(target: *mut bindings::damon_target) -> &'a Self {
        // SAFETY: The target is valid, as the caller promises.
        unsafe { &*target.cast() }
    }

    /// The address space of the process.
    ///
    /// Corresponds to `damon_get_mm()`.
    pub(crate) fn mm(&self) -> Option<ARef<MmWithUser>> {
        // SAFETY: The target has a reference to its pid, if it has one.
        unsafe { MmWithUser::of_process((*self.0.get()).pid) }
    }

    /// Returns whether the process is there, if only until its parent has waited for it.
    pub(crate) fn is_alive(&self) -> bool {
        // SAFETY: The target has a reference to its pid, if it has one.
        unsafe { bindings::pid_is_alive((*self.0.get()).pid) }
    }
}

/// Marks what an address maps as not accessed, whatever that is.
pub(crate) fn va_mkold(mm: &MmWithUser, addr: usize) {
    // SAFETY: The address space has users. Any address is allowed.
    unsafe { bindings::damon_ops_va_mkold(mm.as_raw(), addr) };
}

/// Returns whether what an address maps was accessed, whatever that is.
pub(crate) fn va_young(mm: &MmWithUser, addr: usize) -> bool {
    // SAFETY: The address space has users. Any address is allowed.
    unsafe { bindings::damon_ops_va_young(mm.as_raw(), addr) }
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_va_prepare_access_checks(ctx: *mut bindings::damon_ctx) {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    vaddr::prepare_access_checks(unsafe { Context::from_raw(ctx) });
}

/// # Safety
///
/// `ctx` must be valid, and no other thread may use it or change its lists.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_va_check_accesses(
    ctx: *mut bindings::damon_ctx,
) -> c_uint {
    // SAFETY: The kdamond that calls has the context for itself, and does not change the lists
    // until this function returns, which the `Context` does not outlive.
    vaddr::check_accesses(unsafe { Context::from_raw(ctx) })
}

/// # Safety
///
/// `target` must be valid and have a pid, and no other thread may use it.
#[export]
pub(crate) unsafe extern "C" fn damon_ops_va_target_valid(
    target: *mut bindings::damon_target,
) -> bool {
    // SAFETY: The target is valid, and only the thread that calls uses it, until this function
    // returns, which the reference does not outlive.
    vaddr::target_valid(unsafe { Target::from_raw(target) })
}
