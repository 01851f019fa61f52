// SPDX-License-Identifier: GPL-2.0

//! References to process identifiers.
//!
//! C header: [`include/linux/pid.h`](srctree/include/linux/pid.h)

use crate::{
    bindings,
    prelude::*,
    sync::aref::{
        ARef,
        AlwaysRefCounted, //
    },
    task,
    types::Opaque, //
};
use core::ptr::NonNull;

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
use crate::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// Wraps the kernel's `struct pid`.
///
/// Unlike the number [`task::Pid`], which the kernel reuses, this keeps naming the same process,
/// also after the process has ended. It does not keep the process alive.
///
/// # Invariants
///
/// Instances of this type are always ref-counted, that is, a call to `get_pid()` ensures that the
/// allocation remains valid at least until the matching call to `put_pid()`.
#[repr(transparent)]
pub struct Pid(Opaque<bindings::pid>);

// SAFETY:
// - `Pid::dec_ref` can be called from any thread.
// - It is okay to send ownership of a `Pid` across thread boundaries.
unsafe impl Send for Pid {}

// SAFETY: The only thing that can be done through a shared reference is to change the reference
// count, which is atomic.
unsafe impl Sync for Pid {}

impl Pid {
    /// Finds the process that has the number `nr` in the PID namespace of the current task.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is no such process now.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::pid::Pid;
    ///
    /// let _me = Pid::find(current!().pid())?;
    ///
    /// assert_eq!(Pid::find(0).err(), Some(EINVAL));
    /// assert_eq!(Pid::find(-1).err(), Some(EINVAL));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "find_get_pid")]
    pub fn find(nr: task::Pid) -> Result<ARef<Self>> {
        // SAFETY: Always safe to call; returns null or a reference to a valid `struct pid`.
        let pid = unsafe { bindings::find_get_pid(nr) };

        // CAST: `Self` is a `repr(transparent)` wrapper around `bindings::pid`.
        let pid = NonNull::new(pid.cast::<Self>()).ok_or(EINVAL)?;

        // SAFETY: `find_get_pid()` has incremented the reference count of `pid` for us, and this
        // passes that increment on.
        Ok(unsafe { ARef::from_raw(pid) })
    }

    /// Returns the first process of the system.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is none yet.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn init() -> Result<ARef<Self>> {
        // SAFETY: Always safe to call; returns null or a reference to a valid `struct pid`.
        let pid = NonNull::new(unsafe { bindings::get_init_pid() }).ok_or(EINVAL)?;

        // CAST: `Self` is a `repr(transparent)` wrapper around `bindings::pid`.
        // SAFETY: The function has incremented the reference count, which this passes on.
        Ok(unsafe { ARef::from_raw(pid.cast()) })
    }

    /// Returns the pointer to the C structure.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(crate) fn as_raw(&self) -> *mut bindings::pid {
        self.0.get()
    }

    /// Makes a reference from a C pointer, unless that is null.
    ///
    /// # Safety
    ///
    /// `pid` must be null, or point to a valid `struct pid` to which there is a reference for all
    /// of `'a`.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub unsafe fn from_raw<'a>(pid: *mut bindings::pid) -> Option<&'a Self> {
        // SAFETY: `Self` is a transparent wrapper, and the caller promises that the pid stays.
        unsafe { pid.cast::<Self>().as_ref() }
    }

    /// Returns the number of references, to test for leaks.
    #[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
    pub(crate) fn count(&self) -> u32 {
        // SAFETY: By the type invariants, the `struct pid` is valid. `count` is valid for reads,
        // and all accesses to it are atomic.
        let count = unsafe { Atomic::from_ptr(&raw mut (*self.0.get()).count.refs.counter) };

        // The counter of a `refcount_t` in use is positive.
        u32::try_from(count.load(Relaxed)).unwrap_or(0)
    }
}

// SAFETY: The type invariants guarantee that `Pid` is always ref-counted.
unsafe impl AlwaysRefCounted for Pid {
    #[inline]
    fn inc_ref(&self) {
        // SAFETY: The existence of a shared reference means that the refcount is nonzero.
        unsafe { bindings::get_pid(self.0.get()) };
    }

    #[inline]
    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: The safety requirements guarantee that the refcount is nonzero.
        unsafe { bindings::put_pid(obj.cast().as_ptr()) };
    }
}
