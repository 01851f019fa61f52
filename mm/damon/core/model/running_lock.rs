// SPDX-License-Identifier: GPL-2.0

//! The lock of which contexts are running.
//!
//! It protects the field of each context that tells its kdamond, too.

use crate::running::Running;
use kernel::{
    prelude::*,
    sync::global_lock, //
};

global_lock! {
    // SAFETY: `init_running()` is called before the first use.
    pub(crate) unsafe(uninit) static RUNNING: Mutex<Running> = Running::new();
}

/// Makes the lock usable.
///
/// # Safety
///
/// Must be called once, before anything that takes the lock.
pub(crate) unsafe fn init_running() {
    // SAFETY: The caller promises that this is the only call, and that nothing has taken the lock.
    unsafe { RUNNING.init() };
}
