// SPDX-License-Identifier: GPL-2.0

//! What the KUnit test of the DAMON sysfs interface, which is written in C, tests of the Rust code.
//!
//! This is here because only this module can make a [`Context`] of a context that C code owns,
//! which is nothing to offer to anybody else.
//!
//! C header: [`mm/damon/sysfs/kunit-shim.h`](srctree/mm/damon/sysfs/kunit-shim.h)

use super::{
    Context,
    OwnedCtx, //
};
use crate::{
    bindings,
    damon::{
        AddrRange,
        OpsId, //
    },
    error::from_result,
    prelude::*, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};

/// Adds a target, as [`Context::add_target_with`] does.
///
/// # Safety
///
/// - `ctx` must point to a valid `struct damon_ctx` that `damon_new_ctx()` returned, that has no
///   kdamond, and that nobody else accesses meanwhile.
/// - `damon_select_ops()` must have succeeded for it. Nothing but that and this function may have
///   changed it.
/// - `ranges` must be valid for reads of `nr_ranges` elements, or `nr_ranges` must be zero.
#[export]
unsafe extern "C" fn damon_sysfs_rust_add_target(
    ctx: *mut bindings::damon_ctx,
    pid: c_int,
    obsolete: bool,
    ranges: *const bindings::damon_addr_range,
    nr_ranges: c_uint,
) -> c_int {
    from_result(|| {
        let ctx = NonNull::new(ctx).ok_or(EINVAL)?;
        // SAFETY: `ctx` is valid, and nobody else accesses it.
        let ops = unsafe { (*ctx.as_ptr()).ops.id };
        let ranges: &[AddrRange] = match usize::try_from(nr_ranges)? {
            0 => &[],
            // SAFETY: `ranges` is valid for reads of this many elements, and `AddrRange` has the
            // layout of `struct damon_addr_range`.
            nr => unsafe { core::slice::from_raw_parts(ranges.cast(), nr) },
        };

        // INVARIANT: `ctx` is as `damon_new_ctx()` made it, but for its operations, which are
        // those that `damon_select_ops()` left, and for targets that `add_target_with()` has added
        // to it, none of which is without a pid that it needs.
        let mut ctx = ManuallyDrop::new(Context {
            // SAFETY: Nobody else accesses `ctx` meanwhile. We do not destroy it, because of the
            // `ManuallyDrop`, and the caller can do so after we return.
            raw: unsafe { OwnedCtx::from_raw(ctx) },
            ops: Some(OpsId::try_from(ops)?),
            nr_pidless: 0,
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            guest: None,
        });

        ctx.add_target_with(pid, obsolete, ranges)?;
        Ok(0)
    })
}
