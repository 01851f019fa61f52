// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of waits for kdamonds by threads that are killed.

use crate::{
    bindings,
    prelude::*,
    sync::aref::ARef,
    task::Task,
    types::NotThreadSafe, //
};

const SIGKILL: c_int = bindings::SIGKILL as c_int;

/// Lets the current thread, which is a kernel thread, be killed in the sense of waits for as long
/// as this exists.
struct Killable(NotThreadSafe);

impl Killable {
    fn new() -> Self {
        // SAFETY: `SIGKILL` is a signal, and this is a kernel thread, which nothing depends on not
        // being killed.
        unsafe { bindings::allow_signal(SIGKILL) };
        Self(NotThreadSafe)
    }

    /// Lets the current thread be as if it had not been killed.
    fn revive(&self) {
        let task = current!();

        // SAFETY: The current task is valid.
        unsafe { bindings::flush_signals(task.as_ptr()) };
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        self.revive();
        // SAFETY: `SIGKILL` is a signal; this ends what `new()` has begun.
        unsafe { bindings::disallow_signal(SIGKILL) };
    }
}

/// Kills a thread that is [`Killable`].
fn kill(task: &Task) {
    // SAFETY: A reference to a task is valid. This waits for nothing.
    unsafe { bindings::send_sig(SIGKILL, task.as_ptr(), 1) };
}

fn current_task() -> ARef<Task> {
    ARef::from(&**current!())
}

#[macros::kunit_tests(rust_damon_killable)]
mod cases {
    use super::*;
    use crate::{
        damon::{
            tests::util::paddr,
            Exclusivity, //
        },
        sync::{
            Arc,
            Completion, //
        },
    };

    #[cfg(CONFIG_DAMON_CORE_RUST)]
    use crate::damon::{
        Action,
        Attrs,
        Scheme, //
    };
    #[cfg(CONFIG_DAMON_CORE_RUST)]
    use crate::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    #[test]
    #[cfg(CONFIG_DAMON_CORE_RUST)]
    fn who_is_killed_does_not_wait_for_a_sample() -> Result {
        const HOUR: usize = 3_600_000_000;

        let killable = Killable::new();
        let called = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let mut ctx = paddr()?;
        ctx.set_attrs(&Attrs {
            sample_interval: HOUR,
            aggr_interval: HOUR,
            ..Attrs::default()
        })?;
        ctx.add_scheme(&Scheme::new(Action::Stat))?;
        let mut kdamond = ctx.start(Exclusivity::Shared)?;

        kill(&current_task());
        for _ in 0..2 {
            let in_call = called.clone();
            let result = kdamond.call(move |_| in_call.add(1, Relaxed));
            assert_eq!(result, Err(EINTR));
            assert_eq!(kdamond.commit(paddr()?), Err(EINTR));
            assert_eq!(kdamond.walk(|_| called.add(1, Relaxed)), Err(EINTR));
        }
        assert!(kdamond.is_running());

        // Nothing of that is left for the kdamond.
        killable.revive();
        kdamond.stop();
        assert_eq!(called.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    #[cfg(CONFIG_DAMON_CORE_RUST)]
    fn a_walk_after_one_that_was_withdrawn_half_way_is_whole() -> Result {
        let killable = Killable::new();
        let task = current_task();
        let mut ctx = paddr()?;
        // The walk is through with the first scheme long before the turn of the second.
        for apply_interval_us in [1_000, 200_000] {
            ctx.add_scheme(&Scheme {
                apply_interval_us,
                ..Scheme::new(Action::Stat)
            })?;
        }
        let kdamond = ctx.start(Exclusivity::Shared)?;

        let result = kdamond.walk(|visit| {
            if visit.scheme_index() == 0 {
                kill(&task);
            }
        });
        assert_eq!(result, Err(EINTR));
        killable.revive();

        let mut visits = [0; 2];
        kdamond.walk(|visit| {
            if let Some(nr) = visits.get_mut(visit.scheme_index()) {
                *nr += 1;
            }
        })?;
        assert!(visits.iter().all(|&nr| nr > 0));
        Ok(())
    }

    #[test]
    fn who_is_killed_does_not_wait_for_the_end() -> Result {
        let killable = Killable::new();
        for by_drop in [false, true] {
            let called = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
            let go_on = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
            let mut kdamond = paddr()?.start(Exclusivity::Shared)?;

            let (tell, wait) = (called.clone(), go_on.clone());
            kdamond.call_repeatedly(move |_| {
                tell.complete_all();
                wait.wait_for_completion();
            })?;
            called.wait_for_completion();

            kill(&current_task());
            for _ in 0..2 {
                assert_eq!(kdamond.stop_killable(), Err(EINTR));
                assert!(kdamond.is_running());
            }

            killable.revive();
            go_on.complete_all();
            if by_drop {
                drop(kdamond);
                continue;
            }
            for _ in 0..2 {
                assert_eq!(kdamond.stop_killable(), Ok(()));
                assert!(!kdamond.is_running());
            }
            kdamond.stop();
        }
        Ok(())
    }
}
