// SPDX-License-Identifier: GPL-2.0

//! Which contexts are running.
//!
//! Contexts are started in groups. An exclusive group runs alone; others run beside each other. A
//! kdamond ends when it is stopped, or by itself when all its targets are gone.

use crate::prelude::*;

/// Starts a group of contexts.
///
/// `trial` tries whether the parameters of a context that is not running are valid. If a context
/// cannot be started, those that were are stopped again.
///
/// # Errors
///
/// - [`EINVAL`] if the parameters of a context are not valid.
/// - [`EBUSY`] if a context is running already, or an exclusive group would not be alone.
/// - [`ENOMEM`] if there is no memory, and what else the creation of a thread can fail with.
pub(crate) fn damon_start<'a>(
    ctxs: impl Iterator<Item = Startable<'a>> + Clone,
    exclusive: bool,
    trial: impl Fn(Startable<'a>) -> Result,
) -> Result {
    for ctx in ctxs.clone() {
        if damon_is_running(ctx.shared()) {
            return Err(EBUSY);
        }
        trial(ctx)?;
    }

    let mut nr_started: usize = 0;
    let result = {
        let mut running = RUNNING.lock();
        running.admit(exclusive)?;
        ctxs.clone().try_for_each(|ctx| {
            // CAST: The number is for the name only.
            let nr = running.nr() as i32;
            ctx.run_kdamond(nr, &mut running)?;
            running.begin(exclusive);
            nr_started = nr_started.saturating_add(1);
            Ok(())
        })
    };
    if result.is_err() {
        damon_stop(ctxs.take(nr_started).map(Startable::shared));
        return result;
    }
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    if exclusive {
        crate::guest::stop(None);
    }
    result
}

/// Stops contexts, and waits until their kdamonds have ended.
///
/// Several threads may stop a context at the same time.
pub(crate) fn damon_stop<'a>(ctxs: impl Iterator<Item = Shared<'a>>) {
    for ctx in ctxs {
        // Another thread that stops it may free the context as soon as the kdamond has ended.
        let stopping = ctx.stop(&mut RUNNING.lock());
        if let Some(stopping) = stopping {
            stopping.wait();
        }
    }
}

/// Waits until a kdamond that is about to end has done so.
pub(crate) fn wait_until_ended(ctx: Shared<'_>) {
    // As in `damon_stop()`, the context is not touched while waiting.
    let ended = ctx.ended(&RUNNING.lock());
    if let Some(ended) = ended {
        ended.wait_for_completion();
    }
}

/// Takes the current kdamond, which ends, off its context.
///
/// The owner of the context may free it as soon as it sees that there is no kdamond. Hence the lock
/// is not one of the context.
pub(crate) fn ended(kdamond: CurrentKdamond) {
    let ended = {
        let mut running = RUNNING.lock();
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        let is_guest = running.guests.remove(kdamond.shared());
        #[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
        let is_guest = false;
        if !is_guest {
            running.end();
        }
        kdamond.end(&mut running)
    };
    if let Some(ended) = ended {
        ended.complete_all();
    }
}

/// Returns whether to end: somebody wants it, or all targets are gone.
pub(crate) fn kdamond_need_stop(ctx: &Context<'_>) -> bool {
    if environment::should_stop() {
        return true;
    }
    let ops = ctx.ops();
    ops.has_target_valid() && !ctx.targets().iter().any(|target| ops.target_valid(target))
}

/// Returns how many kdamonds are running.
pub(crate) fn damon_nr_running_ctxs() -> u32 {
    RUNNING.lock().nr()
}

/// Returns whether a context has a kdamond.
pub(crate) fn damon_is_running(ctx: Shared<'_>) -> bool {
    ctx.has_kdamond(&RUNNING.lock())
}

/// Returns the process id of the kdamond of a context.
pub(crate) fn damon_kdamond_pid(ctx: Shared<'_>) -> Option<i32> {
    ctx.kdamond_pid(&RUNNING.lock())
}
