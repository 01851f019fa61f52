// SPDX-License-Identifier: GPL-2.0

//! The registered sets of monitoring operations.
//!
//! They are an array in C, whose free entries have no number and no functions.

use crate::prelude::*;
use kernel::sync::Mutex;

/// Returns whether an entry of the array is free.
fn is_free(ops: &bindings::damon_operations) -> bool {
    // The bytes between the fields say nothing: an assignment may leave anything there.
    matches!(
        ops,
        bindings::damon_operations {
            id: 0,
            init: None,
            update: None,
            prepare_access_checks: None,
            check_accesses: None,
            apply_probes: None,
            get_scheme_score: None,
            apply_scheme: None,
            target_valid: None,
            cleanup_target: None,
        }
    )
}

/// Calls `f` with the entry of the array for `id`, under the lock of all of them.
fn with_entry<R>(id: OpsId, f: impl FnOnce(&mut bindings::damon_operations) -> R) -> R {
    // SAFETY: The mutex is static, and initialized at compile time.
    let lock = unsafe { Mutex::<()>::from_raw(&raw mut bindings::damon_ops_lock) };
    let _guard = lock.lock();

    let entries = (&raw mut bindings::damon_registered_ops).cast::<bindings::damon_operations>();
    // SAFETY: The array has an entry for each `OpsId`. It is static, and each use of it is under
    // the lock that is held.
    f(unsafe { &mut *entries.add(id.index()) })
}

/// Returns the operations that are registered for `id`.
pub(crate) fn registered_ops(id: OpsId) -> Option<OpsSet> {
    let ops = with_entry(id, |entry| (!is_free(entry)).then_some(*entry))?;
    // SAFETY: Entries are written by `register_ops()`, whose argument has this invariant.
    Some(unsafe { OpsSet::new(ops) })
}

/// Registers operations, once for each `id`. Corresponds to `damon_register_ops()`.
///
/// # Errors
///
/// [`EINVAL`] if there is no such `id`, or it is registered already.
pub(crate) fn register_ops(new: OpsSet) -> Result {
    with_entry(new.id().ok_or(EINVAL)?, |entry| {
        if !is_free(entry) {
            return Err(EINVAL);
        }
        *entry = new.into_raw();
        Ok(())
    })
}
