// SPDX-License-Identifier: GPL-2.0

//! Walks over the regions that schemes are applied to, on behalf of other threads.

use crate::prelude::*;

/// Takes the lock of the current walk, to go on with it.
///
/// One that follows a walk that was withdrawn half way begins with all schemes.
pub(crate) fn damos_walk_lock<'a>(ctx: &Context<'a>) -> LockedWalk<'a> {
    let walk = ctx.shared().walk().lock();
    if walk.take_withdrawn() {
        reset_walk_completed(ctx.schemes());
    }
    walk
}

/// Notes that the current walk is through with a scheme, and completes it if it was the last one.
pub(crate) fn damos_walk_complete(
    walk: &LockedWalk<'_>,
    schemes: List<'_, Scheme>,
    scheme: &Scheme,
) {
    if !walk.is_requested() {
        return;
    }
    scheme.set_walk_completed(true);
    if schemes.iter().all(Scheme::walk_completed) {
        reset_walk_completed(schemes);
        walk.complete(false);
    }
}

/// Cancels the current walk if no scheme is active, because none would come to be applied.
///
/// A scheme whose watermarks are looked at again at once does not keep the kdamond from going on,
/// see [`kdamond_wait_activation()`](crate::watermark::kdamond_wait_activation).
pub(crate) fn damos_walk_cancel_inactive(ctx: &Context<'_>) {
    if !ctx.schemes().iter().any(Scheme::activated) {
        damos_walk_cancel(ctx);
    }
}

/// Cancels the current walk, because it cannot go on.
///
/// The next walk begins with all schemes.
pub(crate) fn damos_walk_cancel(ctx: &Context<'_>) {
    let walk = ctx.shared().walk().lock();
    if walk.is_requested() {
        reset_walk_completed(ctx.schemes());
        walk.complete(true);
    }
}

fn reset_walk_completed(schemes: List<'_, Scheme>) {
    for scheme in schemes.iter() {
        scheme.set_walk_completed(false);
    }
}
