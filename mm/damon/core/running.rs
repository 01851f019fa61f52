// SPDX-License-Identifier: GPL-2.0

//! Which contexts are running.
//!
//! Contexts are started in groups. An exclusive group runs alone; others run beside each other. A
//! kdamond ends when it is stopped, or by itself when all its targets are gone.

use crate::{
    environment,
    model::{
        Context,
        CurrentKdamond,
        Shared,
        Startable,
        RUNNING, //
    },
};
use kernel::prelude::*;

/// How many kdamonds are running, and whether they are an exclusive group.
pub(crate) struct Running {
    nr: u32,
    exclusive: bool,
}

impl Running {
    /// Nothing is running.
    pub(crate) const fn new() -> Self {
        Self {
            nr: 0,
            exclusive: false,
        }
    }

    /// Returns whether a group may be started now.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if an exclusive group is running, or the new one is exclusive and any is running.
    fn admit(&self, exclusive: bool) -> Result {
        if (exclusive && self.nr != 0) || (!exclusive && self.exclusive) {
            Err(EBUSY)
        } else {
            Ok(())
        }
    }

    /// Notes that a kdamond of a group has begun.
    fn begin(&mut self, exclusive: bool) {
        self.nr = self.nr.saturating_add(1);
        self.exclusive |= exclusive;
    }

    /// Notes that a kdamond has ended.
    fn end(&mut self) {
        self.nr = self.nr.saturating_sub(1);
        if self.nr == 0 {
            self.exclusive = false;
        }
    }
}

/// Starts a group of contexts.
///
/// `trial` tries whether the parameters of a context that is not running are valid. If a context
/// cannot be started, those that were are stopped again.
///
/// Corresponds to `damon_start()`.
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
            let nr = running.nr as i32;
            ctx.run_kdamond(nr, &mut running)?;
            running.begin(exclusive);
            nr_started = nr_started.saturating_add(1);
            Ok(())
        })
    };
    if result.is_err() {
        damon_stop(ctxs.take(nr_started).map(Startable::shared));
    }
    result
}

/// Stops contexts, and waits until their kdamonds have ended.
///
/// Several threads may stop a context at the same time.
///
/// Corresponds to `damon_stop()`.
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
        running.end();
        kdamond.end(&mut running)
    };
    if let Some(ended) = ended {
        ended.complete_all();
    }
}

/// Returns whether to end: somebody wants it, or all targets are gone.
///
/// Corresponds to `kdamond_need_stop()`.
pub(crate) fn kdamond_need_stop(ctx: &Context<'_>) -> bool {
    if environment::should_stop() {
        return true;
    }
    let ops = ctx.ops();
    ops.has_target_valid() && !ctx.targets().iter().any(|target| ops.target_valid(target))
}

/// Returns how many kdamonds are running.
///
/// Corresponds to `damon_nr_running_ctxs()`.
pub(crate) fn damon_nr_running_ctxs() -> u32 {
    RUNNING.lock().nr
}

/// Returns whether a context has a kdamond.
///
/// Corresponds to `damon_is_running()`.
pub(crate) fn damon_is_running(ctx: Shared<'_>) -> bool {
    ctx.has_kdamond(&RUNNING.lock())
}

/// Returns the process id of the kdamond of a context.
///
/// Corresponds to `damon_kdamond_pid()`.
pub(crate) fn damon_kdamond_pid(ctx: Shared<'_>) -> Option<i32> {
    ctx.kdamond_pid(&RUNNING.lock())
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_running)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_are_not_exclusive_run_beside_each_other() {
        let mut running = Running::new();
        for nr in 0..3 {
            assert_eq!(running.nr, nr);
            assert_eq!(running.admit(false), Ok(()));
            running.begin(false);
        }
        assert_eq!(running.admit(true), Err(EBUSY));
        for _ in 0..3 {
            assert_eq!(running.admit(true), Err(EBUSY));
            running.end();
        }
        assert_eq!(running.admit(true), Ok(()));
    }

    #[test]
    fn an_exclusive_group_runs_alone() {
        let mut running = Running::new();
        running.begin(true);
        running.begin(true);
        for _ in 0..2 {
            assert_eq!(running.admit(false), Err(EBUSY));
            assert_eq!(running.admit(true), Err(EBUSY));
            running.end();
        }
        assert_eq!(running.admit(false), Ok(()));
        assert_eq!(running.admit(true), Ok(()));
    }

    #[test]
    fn a_group_without_contexts_leaves_no_trace() {
        let running = Running::new();
        assert_eq!(running.admit(true), Ok(()));
        assert_eq!(running.admit(false), Ok(()));
    }

    #[test]
    fn an_end_without_a_beginning_is_no_harm() {
        let mut running = Running::new();
        running.end();
        assert_eq!(running.nr, 0);
        running.begin(true);
        running.end();
        assert!(!running.exclusive);
    }
}
