// SPDX-License-Identifier: GPL-2.0

//! Who may look at what.
//!
//! A process that is monitored on behalf of a [`Viewer`] is asked about for each sample. What the
//! answer is valid for is a [`Checked`], which lasts until the sample was taken and is the only way
//! to the memory of the process. So what was not checked cannot be sampled.
//!
//! The rule is that of `mm_access()` with `PTRACE_MODE_READ_FSCREDS`, with the credentials that the
//! viewer had when he began and without any capability: user and group have to be the same, the
//! process has to be dumpable, and security modules have to agree. It is the rule of
//! `/proc/PID/maps`.
//!
//! Nothing here waits for what a process of a user can hold for as long as it likes.

use super::viewer::{
    Acting,
    Viewer, //
};
use crate::{
    bindings,
    mm::{
        virt::{
            flags,
            VmaRef, //
        },
        MmWithUser,
        MmWithUserAsync, //
    },
    pid::Pid,
    prelude::*,
    sync::aref::ARef,
    task::{
        self,
        Task, //
    },
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

/// What came of a look at a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look<R> {
    /// It was allowed, and this was found.
    Seen(R),
    /// The process has no memory, or is executing a program.
    NotNow,
    /// The viewer may not look at the process, or there is none.
    Refused,
}

/// `PTRACE_MODE_READ_FSCREDS`.
const MODE: c_uint = bindings::PTRACE_MODE_READ | bindings::PTRACE_MODE_FSCREDS;

impl Viewer {
    /// Finds the process that has the number `nr` in the PID namespace of the current task, if the
    /// viewer may look at it.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is no such process now, or if the viewer may not look at it. Which of
    /// both is not told, neither by the error nor by how long it takes.
    pub fn find(&self, nr: task::Pid) -> Result<ARef<Pid>> {
        let found = Pid::find(nr);
        let is_there = found.is_ok();
        // Another process stands in for one that is not there, so that the same is done.
        let pid = found.or_else(|_| Pid::init())?;
        let may_access = self.act(|acting| match Thread::of(&pid) {
            Some(thread) => thread.may_be_seen_by(acting),
            None => false,
        });

        if is_there && may_access {
            Ok(pid)
        } else {
            Err(EINVAL)
        }
    }

    /// Calls `f` with a process, if the viewer may look at it now.
    pub fn look<R>(&self, pid: &Pid, f: impl FnOnce(&Checked<'_>) -> R) -> Look<R> {
        self.act(|acting| {
            let Some(thread) = Thread::of(pid) else {
                return Look::Refused;
            };

            match thread.check(acting) {
                Look::Seen(checked) => Look::Seen(f(&checked)),
                Look::NotNow => Look::NotNow,
                Look::Refused => Look::Refused,
            }
        })
    }
}

/// A thread of a process: one with an address space, if there is one.
struct Thread(ARef<Task>);

impl Thread {
    /// Returns a thread of the process.
    fn of(pid: &Pid) -> Option<Self> {
        // SAFETY: The pid is valid, because we have a reference to it.
        let task = unsafe { bindings::get_pid_thread(pid.as_raw()) };

        // CAST: `Task` is a `repr(transparent)` wrapper around `bindings::task_struct`.
        // SAFETY: The function has counted a reference for us, which this passes on.
        NonNull::new(task.cast()).map(|task| Self(unsafe { ARef::from_raw(task) }))
    }

    /// Tells whether the rule allows that the viewer looks at the process.
    fn may_be_seen_by(&self, _acting: &Acting<'_>) -> bool {
        // Who has made a user namespace may do everything in it, without having any capability. So
        // the ids are looked at here, too.
        // SAFETY: The task is valid, because we have a reference to it.
        let has_own_ids = unsafe { bindings::task_has_own_ids(self.0.as_ptr()) };
        // SAFETY: The task is valid, because we have a reference to it.
        let may_access = unsafe { bindings::ptrace_may_access(self.0.as_ptr(), MODE) };

        // Both are asked in any case, so that it always takes the same time.
        has_own_ids & may_access
    }

    /// Checks the process, as `mm_access()` does.
    fn check<'a>(&self, acting: &'a Acting<'a>) -> Look<Checked<'a>> {
        // The program that a process executes decides what others may see of it, and that changes
        // together with the address space as long as this lock is held. A process that holds the
        // lock may do so for a long time: flushing its files then can take as long as a user likes.
        let lock = ExecLock::try_of(self);

        if !self.may_be_seen_by(acting) {
            return Look::Refused;
        }
        match lock.and_then(|lock| lock.mm()) {
            Some(mm) => Look::Seen(Checked { acting, mm }),
            None => Look::NotNow,
        }
    }
}

/// Keeps a process from executing a program.
///
/// # Invariants
///
/// The `exec_update_lock` of the process is held for reading.
struct ExecLock<'a>(&'a Thread);

impl<'a> ExecLock<'a> {
    fn raw(thread: &Thread) -> *mut bindings::rw_semaphore {
        // SAFETY: The task is valid, and has this structure until it is freed.
        let signal = unsafe { (*thread.0.as_ptr()).signal };

        // SAFETY: This is a place in that structure.
        unsafe { &raw mut (*signal).exec_update_lock }
    }

    /// Takes the lock, unless a program is being executed.
    fn try_of(thread: &'a Thread) -> Option<Self> {
        // SAFETY: The lock is initialized, and there as long as the task is.
        let locked = unsafe { bindings::down_read_trylock(Self::raw(thread)) };

        // INVARIANT: The lock was taken if this is made.
        (locked != 0).then(|| Self(thread))
    }

    /// Returns the address space, which is put without waiting for what that may take.
    fn mm(&self) -> Option<ARef<MmWithUserAsync>> {
        // SAFETY: The task is valid.
        let mm = NonNull::new(unsafe { bindings::get_task_mm(self.0 .0.as_ptr()) })?;
        // SAFETY: The function has counted a user of the address space for us.
        let mm = unsafe { ARef::<MmWithUser>::from_raw(mm.cast()) };

        Some(MmWithUser::into_mmput_async(mm))
    }
}

impl Drop for ExecLock<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant the lock is held.
        unsafe { bindings::up_read(Self::raw(self.0)) };
    }
}

/// The address space of a process that may be looked at for one sample.
///
/// The areas in it are given out one by one, and only those are [visible](Area::Visible) whose
/// accesses tell nothing about other users.
pub struct Checked<'a> {
    acting: &'a Acting<'a>,
    mm: ARef<MmWithUserAsync>,
}

/// What there is at an address.
pub enum Area<'a> {
    /// An area that may be sampled.
    Visible(Visible<'a>),
    /// An area that may not be, or need not, up to this address.
    Hidden {
        /// The first address behind it.
        end: usize,
    },
    /// Nothing up to this address.
    Hole {
        /// The address of what comes next, or the last one of all.
        end: usize,
    },
    /// What is being changed.
    Busy,
}

/// An area that may be sampled, and is locked.
pub struct Visible<'a> {
    vma: &'a VmaRef,
    mmap_locked: bool,
}

impl Visible<'_> {
    /// Returns whether it is the lock of the address space that is held, and not only that of the
    /// area.
    pub fn mmap_locked(&self) -> bool {
        self.mmap_locked
    }
}

impl Deref for Visible<'_> {
    type Target = VmaRef;

    fn deref(&self) -> &VmaRef {
        self.vma
    }
}

impl Checked<'_> {
    /// Calls `f` with what there is at an address, which is locked until that returns.
    pub fn with_area<R>(&self, addr: usize, f: impl FnOnce(Area<'_>) -> R) -> R {
        if let Some(vma) = self.mm.lock_vma_under_rcu(addr) {
            return f(self.area(&vma, false));
        }
        let Some(lock) = self.mm.mmap_read_trylock() else {
            return f(Area::Busy);
        };

        match lock.next_vma(addr) {
            Some(vma) if vma.start() <= addr => f(self.area(vma, true)),
            Some(vma) => f(Area::Hole { end: vma.start() }),
            None => f(Area::Hole { end: usize::MAX }),
        }
    }

    fn area<'b>(&self, vma: &'b VmaRef, mmap_locked: bool) -> Area<'b> {
        if vma.flags() & flags::PFNMAP == 0 && self.acting.may_see(vma) {
            Area::Visible(Visible { vma, mmap_locked })
        } else {
            Area::Hidden { end: vma.end() }
        }
    }

    /// Calls `f` with the address space, whose areas are locked until that returns; unless they are
    /// being changed.
    pub fn with_areas_locked<R>(&self, f: impl FnOnce(*mut bindings::mm_struct) -> R) -> Option<R> {
        let _lock = self.mm.mmap_read_trylock()?;

        Some(f(self.mm.as_raw()))
    }
}

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
#[macros::kunit_tests(rust_damon_guard)]
mod tests {
    use super::*;
    use crate::{
        sync::{
            Arc,
            Completion,
            Mutex, //
        },
        workqueue, //
    };

    /// Gives the current thread, which ends with the test, other credentials.
    fn become_user(uid: u32) -> Result {
        // SAFETY: Always safe to call from a context that can sleep.
        let cred = NonNull::new(unsafe { bindings::prepare_creds() }).ok_or(ENOMEM)?;

        // SAFETY: Nobody else knows the new credentials yet.
        let new = unsafe { &mut *cred.as_ptr() };
        new.uid.val = uid;
        new.euid.val = uid;
        new.suid.val = uid;
        new.fsuid.val = uid;
        new.cap_permitted.val = 0;
        new.cap_effective.val = 0;
        // SAFETY: The credentials are new, and passed on.
        crate::error::to_result(unsafe { bindings::commit_creds(cred.as_ptr()) })
    }

    /// What came of a look.
    #[pin_data]
    struct Answer {
        #[pin]
        look: Mutex<Option<Look<()>>>,
        #[pin]
        done: Completion,
    }

    /// Looks at the current thread from another one.
    fn look_from_elsewhere(viewer: &Arc<Viewer>) -> Result<Option<Look<()>>> {
        let answer = Arc::pin_init(
            pin_init!(Answer {
                look <- crate::new_mutex!(None),
                done <- Completion::new(),
            }),
            GFP_KERNEL,
        )?;
        let (viewer, pid) = (viewer.clone(), Pid::find(current!().pid())?);
        let tell = answer.clone();

        workqueue::system().try_spawn(GFP_KERNEL, move || {
            let look = viewer.look(&pid, |_| ());

            *tell.look.lock() = Some(look);
            tell.done.complete_all();
        })?;
        answer.done.wait_for_completion();
        let look = *answer.look.lock();
        Ok(look)
    }

    #[test]
    fn who_changes_his_user_is_refused() -> Result {
        become_user(1_000)?;
        let viewer = Viewer::current()?;

        // A kernel thread has no memory to be looked at, but otherwise could be.
        assert_eq!(look_from_elsewhere(&viewer)?, Some(Look::NotNow));
        become_user(1_001)?;
        assert_eq!(look_from_elsewhere(&viewer)?, Some(Look::Refused));
        // Another one sees him now.
        let other = Viewer::current()?;
        assert_eq!(look_from_elsewhere(&other)?, Some(Look::NotNow));
        Ok(())
    }

    #[test]
    fn capabilities_do_not_count() -> Result {
        // This is run by root, who may look at everything.
        let viewer = Viewer::current()?;

        // Root without capabilities may not look at root with them.
        assert_eq!(look_from_elsewhere(&viewer)?, Some(Look::Refused));
        become_user(1_000)?;
        assert_eq!(look_from_elsewhere(&viewer)?, Some(Look::Refused));
        Ok(())
    }

    #[test]
    fn who_executes_a_program_is_not_looked_at() -> Result {
        let pid = Pid::find(current!().pid())?;
        let thread = Thread::of(&pid).ok_or(ESRCH)?;
        let lock = ExecLock::raw(&thread);
        // SAFETY: The lock is initialized, and there as long as `thread` is.
        let try_lock = || unsafe { bindings::down_write_trylock(lock) } != 0;
        // SAFETY: It is there as long as `thread` is, and taken by `try_lock()` before this runs.
        let unlock = || unsafe { bindings::up_write(lock) };
        become_user(1_000)?;
        let viewer = Viewer::current()?;
        assert!(try_lock());
        let look = look_from_elsewhere(&viewer);
        unlock();
        assert_eq!(look?, Some(Look::NotNow));
        assert!(try_lock());
        unlock();
        Ok(())
    }

    #[test]
    fn what_is_not_there_is_refused_as_what_is_not_allowed() -> Result {
        become_user(1_000)?;
        let viewer = Viewer::current()?;
        let me = current!().pid();

        assert!(viewer.find(me).is_ok());
        for nr in [1, 2, 0, -1, i32::MAX, i32::MIN] {
            assert_eq!(viewer.find(nr).err(), Some(EINVAL));
        }
        let init = Pid::init()?;
        assert_eq!(viewer.look(&init, |_| ()), Look::Refused);
        Ok(())
    }

    #[test]
    fn credentials_are_restored() -> Result {
        // SAFETY: Only the pointer is used, which the current thread alone changes.
        let cred = || unsafe { (*bindings::get_current()).cred };
        let (viewer, before) = (Viewer::current()?, cred());
        let inside = viewer.act(|_| cred());

        assert!(inside != before && cred() == before);
        Ok(())
    }

    #[test]
    fn who_pays_is_restored() -> Result {
        let viewer = Viewer::current()?;
        // SAFETY: Nobody is always there to be charged.
        let payer = || unsafe { bindings::damon_core_charge(core::ptr::null_mut()) };

        assert!(payer().is_null());
        viewer.pay_for(|| assert!(payer() == viewer.memcg()));
        assert!(payer().is_null());
        Ok(())
    }
}
