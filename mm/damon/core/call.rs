// SPDX-License-Identifier: GPL-2.0

//! Calls of functions on a kdamond, on behalf of other threads.

use crate::prelude::*;

/// Calls the functions that were asked for.
///
/// After one that leaves the context corrupted, no more are called.
pub(crate) fn kdamond_call(ctx: &mut Context<'_>) {
    verify_ctx(ctx);
    let calls = ctx.shared().calls();
    // Those that come meanwhile are for the next time.
    for _ in 0..calls.len() {
        let Some(call) = calls.pop() else {
            return;
        };
        if let Some(call) = call.handle() {
            calls.repeat(call);
        }
        if ctx.maybe_corrupted() {
            return;
        }
    }
}

/// Refuses new requests, and gives back those that are waiting.
/// Corresponds to `kdamond_call()` with `cancel`.
pub(crate) fn kdamond_cancel_calls(ctx: &Context<'_>) {
    let calls = ctx.shared().calls();
    calls.set_obsolete(true);
    while let Some(call) = calls.pop() {
        drop(call);
    }
}
