// SPDX-License-Identifier: GPL-2.0

//! Watermarks of free memory, which activate and deactivate schemes.

use crate::{
    call::kdamond_call,
    prelude::*,
    running::kdamond_need_stop,
    walk::damos_walk_cancel, //
};

/// Activates or deactivates a scheme.
///
/// Returns zero if it is active. Else, returns after how many microseconds to look again.
fn damos_wmark_wait_us(scheme: &Scheme) -> usize {
    let wmarks = scheme.wmarks();
    if wmarks.metric != bindings::damos_wmark_metric_DAMOS_WMARK_FREE_MEM_RATE {
        return 0;
    }
    let value = environment::free_mem_rate();
    if value > wmarks.high || wmarks.low > value {
        if wmarks.activated {
            environment::debug_wmark(scheme, false, value > wmarks.high);
        }
        scheme.set_activated(false);
        return wmarks.interval;
    }
    // A scheme becomes active below the middle only.
    if value >= wmarks.mid && !wmarks.activated {
        return wmarks.interval;
    }
    if !wmarks.activated {
        environment::debug_wmark(scheme, true, false);
    }
    scheme.set_activated(true);
    0
}

/// Waits until a scheme is active, if there are any.
///
/// Requests of other threads are handled meanwhile.
///
/// # Errors
///
/// - [`EBUSY`] if the kdamond is to stop.
/// - [`EINVAL`] if a commit failed half way.
pub(crate) fn kdamond_wait_activation(ctx: &mut Context<'_>) -> Result {
    // It is the shortest wait of all that was ever seen here, not of the last look only.
    let mut min_wait_time = None;
    while !kdamond_need_stop(ctx) {
        for scheme in ctx.schemes().iter() {
            let wait_time = damos_wmark_wait_us(scheme);
            min_wait_time = Some(min_wait_time.map_or(wait_time, |min: usize| min.min(wait_time)));
        }
        match min_wait_time {
            None | Some(0) => return Ok(()),
            Some(wait_time) => environment::kdamond_usleep(wait_time),
        }
        kdamond_call(ctx);
        if ctx.maybe_corrupted() {
            return Err(EINVAL);
        }
        damos_walk_cancel(ctx);
    }
    Err(EBUSY)
}
