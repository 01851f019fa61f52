// SPDX-License-Identifier: GPL-2.0

//! What `module.rs` has, in a kernel without modules.

use crate::prelude::*;

/// All code is that of the kernel itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Module;

impl Module {
    pub(super) fn of(_code: *const ()) -> Self {
        Self
    }

    /// # Safety
    ///
    /// Always safe to call.
    pub(super) unsafe fn with<R>(self, f: impl FnOnce() -> Result<R>) -> Result<R> {
        f()
    }
}

/// No module goes.
pub(super) struct Watch(core::convert::Infallible);

impl Watch {
    pub(super) fn new(_module: Module, _leave: impl Fn()) -> Result<Option<Pin<KBox<Self>>>> {
        Ok(None)
    }
}
