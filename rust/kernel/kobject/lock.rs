// SPDX-License-Identifier: GPL-2.0

//! The lock of a sysfs tree, and the data that it guards.

use crate::{
    prelude::*,
    sync::atomic::{
        ordering,
        AtomicFlag, //
    }, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData, //
};

/// The lock of a tree of directories, declared by [`tree_lock!`].
///
/// The lock can be tried for, but not waited for. Removing a directory waits for the methods of
/// its files, usually with the lock of the tree held: a method that waited for that lock would
/// never end. So a method that does not get the lock returns `EBUSY` to user space.
///
/// # Safety
///
/// [`TreeLock::flag`] must always return the same flag, which no other implementation returns and
/// nothing but this module changes.
///
/// [`tree_lock!`]: crate::tree_lock
pub unsafe trait TreeLock: Sized + 'static {
    /// Returns the state of the lock: whether it is held.
    #[doc(hidden)]
    fn flag() -> &'static AtomicFlag;

    /// Takes the lock if nobody holds it, and fails with `EBUSY` otherwise. Never sleeps.
    fn try_lock() -> Result<TreeGuard<Self>> {
        if Self::flag().xchg(true, ordering::Acquire) {
            return Err(EBUSY);
        }

        // INVARIANT: The flag was clear, and we set it.
        Ok(TreeGuard(PhantomData))
    }
}

/// Declares the lock of a tree: a type that implements [`TreeLock`].
///
/// # Examples
///
/// ```
/// use kernel::kobject::{
///     tree_lock,
///     Locked,
///     TreeLock, //
/// };
///
/// tree_lock! {
///     /// The lock of the fruit.
///     pub(crate) enum FruitLock;
/// }
///
/// static APPLES: Locked<usize, FruitLock> = Locked::new(3);
///
/// let mut guard = FruitLock::try_lock()?;
/// *APPLES.get_mut(&mut guard) += 1;
/// assert_eq!(*APPLES.get(&guard), 4);
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! tree_lock {
    ($(#[$meta:meta])* $vis:vis enum $name:ident;) => {
        $(#[$meta])*
        $vis enum $name {}

        // SAFETY: The flag is private to this function and always the same one.
        unsafe impl $crate::kobject::TreeLock for $name {
            fn flag() -> &'static $crate::sync::atomic::AtomicFlag {
                static FLAG: $crate::sync::atomic::AtomicFlag =
                    $crate::sync::atomic::AtomicFlag::new(false);

                &FLAG
            }
        }
    };
}

/// Proves that the lock `L` is held. Dropping it gives the lock back.
///
/// # Invariants
///
/// The flag of `L` is set, and this is the only guard of `L`.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct TreeGuard<L: TreeLock>(PhantomData<L>);

impl<L: TreeLock> Drop for TreeGuard<L> {
    fn drop(&mut self) {
        L::flag().store(false, ordering::Release);
    }
}

/// Data that is reached with the guard of the lock `L`.
///
/// A shared borrow of the guard gives shared access, an exclusive borrow gives exclusive access;
/// the borrow lasts as long as the access.
pub struct Locked<T, L: TreeLock> {
    data: UnsafeCell<T>,
    lock: PhantomData<L>,
}

// SAFETY: Sending a `Locked` sends its data.
unsafe impl<T: Send, L: TreeLock> Send for Locked<T, L> {}

// SAFETY: The data of a shared `Locked` is reached only by the holder of the guard of `L`. That is
// exclusive access by one thread after the other if the guard is borrowed exclusively, and may be
// several threads at a time if it is borrowed by all of them.
unsafe impl<T: Send + Sync, L: TreeLock> Sync for Locked<T, L> {}

impl<T, L: TreeLock> Locked<T, L> {
    /// Puts `data` under the lock `L`.
    pub const fn new(data: T) -> Self {
        Self {
            data: UnsafeCell::new(data),
            lock: PhantomData,
        }
    }

    /// Gives shared access to the holder of the lock.
    pub fn get<'a>(&'a self, _guard: &'a TreeGuard<L>) -> &'a T {
        // SAFETY: By the invariant of `TreeGuard` there is one guard of `L`. It is borrowed for
        // `'a`, so that no `get_mut()` can run meanwhile.
        unsafe { &*self.data.get() }
    }

    /// Gives exclusive access to the holder of the lock.
    pub fn get_mut<'a>(&'a self, _guard: &'a mut TreeGuard<L>) -> &'a mut T {
        // SAFETY: By the invariant of `TreeGuard` there is one guard of `L`. It is exclusively
        // borrowed for `'a`, so that neither a `get()` nor another `get_mut()` can run meanwhile.
        unsafe { &mut *self.data.get() }
    }

    /// Gives exclusive access to the owner, who needs no lock.
    pub fn owned_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: Default, L: TreeLock> Default for Locked<T, L> {
    fn default() -> Self {
        Self::new(T::default())
    }
}
