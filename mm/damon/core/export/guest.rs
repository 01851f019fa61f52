// SPDX-License-Identifier: GPL-2.0

//! Functions for kdamonds of users, which `helpers.h` declares.

use super::Argument;
use crate::{
    commit::damon_new_test_ctx,
    guest,
    prelude::*, //
};
use core::ffi::c_void;

exports! {
    /// Starts a context on behalf of a user.
    ///
    /// If it is not running, it must not be used otherwise until it has ended. What is in `guest`
    /// must be there as long as the context.
    fn damon_core_start_guest(ctx: *mut bindings::damon_ctx, guest: *mut Guest) -> Result {
        // SAFETY: The caller promises that the pointer is valid.
        let guest = unsafe { guest.read() };
        // SAFETY: The caller promises that it is not used otherwise if it is not running.
        let startable = unsafe { Startable::from_c(ctx) };
        guest::start(startable, guest.owner, |ctx| {
            // SAFETY: This is called for contexts that are not running, which belong to this.
            let ctx = unsafe { Context::from_raw(ctx.shared().as_raw().cast()) };
            ctx.set_guest(guest);
            damon_new_test_ctx(&ctx).map(drop)
        })
    }

    /// Stops the kdamonds of an owner.
    fn damon_core_stop_guests(owner: usize) {
        guest::stop(Some(owner));
    }

    /// Returns what the operations of a user's context want to know, or null.
    fn damon_core_viewer(ctx: &Ctx) -> *mut c_void {
        ctx.viewer()
    }
}
