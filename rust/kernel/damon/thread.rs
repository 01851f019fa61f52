// SPDX-License-Identifier: GPL-2.0

//! The kernel threads of contexts.

use super::Kdamond;
use crate::{
    bindings,
    sync::aref::ARef,
    task::{
        self,
        Task, //
    },
    time::Delta, //
};
use core::ptr::NonNull;

/// The kernel thread of a context, which can be asked about also after it has ended.
///
/// Nothing of this waits, nor takes a lock that is held while something waits.
///
/// # Examples
///
/// ```
/// use kernel::damon::{
///     Context,
///     Exclusivity,
///     OpsId, //
/// };
///
/// let mut ctx = Context::new()?;
/// ctx.select_ops(OpsId::Paddr)?;
/// let kdamond = ctx.start(Exclusivity::Shared)?;
/// let thread = kdamond.thread().ok_or(ECANCELED)?;
///
/// assert_eq!(thread.pid(), kdamond.pid());
/// drop(kdamond);
/// assert_eq!(thread.pid(), None);
/// assert!(!thread.cpu_time().is_negative());
/// # Ok::<(), Error>(())
/// ```
pub struct Thread {
    task: ARef<Task>,
    pid: task::Pid,
}

impl Kdamond {
    /// Returns the kernel thread, if it is running.
    pub fn thread(&self) -> Option<Thread> {
        let pid = self.pid()?;

        // SAFETY: The context of a `Kdamond` is valid as long as the `Kdamond` exists. The function
        // takes the lock of the pointer to the thread itself.
        let task = unsafe { bindings::damon_kdamond(self.as_ptr()) };
        // CAST: `Task` is a `repr(transparent)` wrapper around `bindings::task_struct`.
        let task = NonNull::new(task.cast::<Task>())?;

        Some(Thread {
            // SAFETY: `damon_kdamond()` has incremented the reference count of the task for us, and
            // this passes that increment on.
            task: unsafe { ARef::from_raw(task) },
            pid,
        })
    }
}

impl Thread {
    /// Returns the number of the thread in the initial PID namespace, unless it has ended.
    ///
    /// A kdamond that ends by itself has this number for a moment after it stops to be
    /// [running](Kdamond::is_running).
    pub fn pid(&self) -> Option<task::Pid> {
        // SAFETY: The task is valid, because we have a reference to it.
        let ended = unsafe { bindings::damon_kdamond_ended(self.task.as_ptr()) };

        (!ended).then_some(self.pid)
    }

    /// Returns the CPU time that the thread has used until now, or until its end.
    #[doc(alias = "task_sched_runtime")]
    pub fn cpu_time(&self) -> Delta {
        // SAFETY: The task is valid, because we have a reference to it.
        let nanos = unsafe { bindings::damon_kdamond_runtime(self.task.as_ptr()) };

        Delta::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}
