// SPDX-License-Identifier: GPL-2.0

//! Calls of functions on a kdamond, on behalf of other threads.

use crate::{
    model::{
        Context,
        Handled, //
    },
    sanity, //
};

/// Calls the functions that were asked for.
///
/// After one that leaves the context corrupted, no more are called.
///
/// Corresponds to `kdamond_call()`.
pub(crate) fn kdamond_call(ctx: &mut Context<'_>) {
    sanity::verify_ctx(ctx);
    let calls = ctx.shared().calls();
    // Those that come meanwhile are for the next time.
    for _ in 0..calls.len() {
        let Some(call) = calls.pop() else {
            return;
        };
        if let Handled::Again(call) = call.handle() {
            // The queue is open, because it is this thread that closes it.
            if let Err(call) = calls.push(call) {
                drop(call);
            }
        }
        if ctx.maybe_corrupted() {
            return;
        }
    }
}

/// Refuses new requests, and gives back those that are waiting.
///
/// Corresponds to `kdamond_call()` with `cancel`.
pub(crate) fn kdamond_cancel_calls(ctx: &Context<'_>) {
    let calls = ctx.shared().calls();
    calls.set_obsolete(true);
    while let Some(call) = calls.pop() {
        drop(call);
    }
}
