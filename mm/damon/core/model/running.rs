// SPDX-License-Identifier: GPL-2.0

//! Which contexts are running, and the lock of that.
//!
//! The lock protects the field of each context that tells its kdamond, too.

use crate::prelude::*;
use kernel::sync::global_lock;

/// How many kdamonds are running, and whether they are an exclusive group.
pub(crate) struct Running {
    nr: u32,
    exclusive: bool,
    /// Those of users, whom nobody else notices.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) guests: Guests,
}

impl Running {
    /// Nothing is running.
    pub(crate) const fn new() -> Self {
        Self {
            nr: 0,
            exclusive: false,
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            guests: Guests::new(),
        }
    }

    /// How many kdamonds are running.
    pub(crate) fn nr(&self) -> u32 {
        self.nr
    }

    /// Returns whether a group may be started now.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if an exclusive group is running, or the new one is exclusive and any is running.
    pub(crate) fn admit(&self, exclusive: bool) -> Result {
        if (exclusive && self.nr != 0) || (!exclusive && self.exclusive) {
            Err(EBUSY)
        } else {
            Ok(())
        }
    }

    /// Notes that a kdamond of a group has begun.
    pub(crate) fn begin(&mut self, exclusive: bool) {
        self.nr = self.nr.saturating_add(1);
        self.exclusive |= exclusive;
    }

    /// Notes that a kdamond has ended.
    pub(crate) fn end(&mut self) {
        self.nr = self.nr.saturating_sub(1);
        if self.nr == 0 {
            self.exclusive = false;
        }
    }
}

global_lock! {
    // SAFETY: `init_running()` is called before the first use.
    pub(crate) unsafe(uninit) static RUNNING: Mutex<Running> = Running::new();
}

/// Makes the lock usable.
///
/// # Safety
///
/// Must be called once, before anything that takes the lock.
pub(crate) unsafe fn init_running() {
    // SAFETY: The caller promises that this is the only call, and that nothing has taken the lock.
    unsafe { RUNNING.init() };
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
