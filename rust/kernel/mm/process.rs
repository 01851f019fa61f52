// SPDX-License-Identifier: GPL-2.0

//! Processes and their address spaces.

use super::MmWithUser;
use crate::{
    bindings,
    sync::aref::ARef, //
};
use core::ptr::NonNull;

impl MmWithUser {
    /// Returns the address space of a process, which it has as long as one of its threads has not
    /// exited. Kernel threads have none.
    ///
    /// # Safety
    ///
    /// `pid` must point to a pid to which the caller has a reference, or be null, which names no
    /// process.
    pub unsafe fn of_process(pid: *mut bindings::pid) -> Option<ARef<Self>> {
        // SAFETY: The pid is valid or null, as the caller promises.
        let mm = NonNull::new(unsafe { bindings::get_pid_mm(pid) })?;
        // SAFETY: `get_pid_mm()` has counted a user of the address space for us.
        Some(unsafe { ARef::from_raw(mm.cast()) })
    }
}
