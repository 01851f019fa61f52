// SPDX-License-Identifier: GPL-2.0

//! The registered sets of monitoring operations.
//!
//! They are an array in C, whose entries are free while all their bytes are zero.

use super::OpsId;
use core::{
    mem::size_of,
    slice, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::Mutex, //
};

/// Calls `f` with the registered set of operations, under the lock of all of them.
///
/// An unregistered set is [`None`]. `f` can put operations in.
fn with_registered<R>(
    id: OpsId,
    f: impl FnOnce(&mut Option<bindings::damon_operations>) -> R,
) -> R {
    // SAFETY: The mutex is static, and initialized at compile time.
    let lock = unsafe { Mutex::<()>::from_raw(&raw mut bindings::damon_ops_lock) };
    let _guard = lock.lock();

    // SAFETY: An `OpsId` is in the range of the array, which the lock protects.
    let slot = unsafe {
        (&raw mut bindings::damon_registered_ops)
            .cast::<bindings::damon_operations>()
            .add(id.index())
    };
    // SAFETY: As above. The bytes of a static array are initialized; C clears entries whole.
    let bytes = unsafe {
        slice::from_raw_parts(slot.cast::<u8>(), size_of::<bindings::damon_operations>())
    };
    let mut ops = if bytes.iter().all(|&byte| byte == 0) {
        None
    } else {
        // SAFETY: As above.
        Some(unsafe { slot.read() })
    };
    let result = f(&mut ops);
    if let Some(ops) = ops {
        // SAFETY: As above.
        unsafe { slot.write(ops) };
    }
    result
}

/// Returns the operations that are registered for `id`.
pub(crate) fn registered_ops(id: OpsId) -> Option<bindings::damon_operations> {
    with_registered(id, |ops| *ops)
}

/// Registers operations, once for each `id`.
///
/// Corresponds to `damon_register_ops()`.
///
/// # Errors
///
/// [`EINVAL`] if there is no such `id`, or it is registered already.
pub(crate) fn register_ops(new: bindings::damon_operations) -> Result {
    with_registered(OpsId::from_raw(new.id)?, |ops| {
        if ops.is_some() {
            return Err(EINVAL);
        }
        *ops = Some(new);
        Ok(())
    })
}
