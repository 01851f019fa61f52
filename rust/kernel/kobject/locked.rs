// SPDX-License-Identifier: GPL-2.0

//! Data under the lock of a tree.

use crate::{
    prelude::*,
    sync::Arc, //
};
use core::cell::UnsafeCell;

use super::{
    Held,
    Setup,
    Tree, //
};

/// Data that is reached with the lock of a tree held.
///
/// A shared borrow of [`Held`] gives shared access, an exclusive borrow gives exclusive access;
/// the borrow lasts as long as the access. Both fail with `EINVAL` if it is the lock of another
/// tree that is held.
///
/// # Examples
///
/// ```
/// use kernel::kobject::{
///     sysfs_dir,
///     Locked,
///     Root, //
/// };
///
/// #[sysfs_dir]
/// struct Fruit {
///     #[state(init = |setup| Locked::new(setup, 3))]
///     apples: Locked<usize>,
/// }
///
/// let fruit = Root::<Fruit>::new(())?;
/// let mut guard = fruit.try_lock()?;
/// *fruit.apples.get_mut(&mut guard.held())? += 1;
/// assert_eq!(*fruit.apples.get(&guard.held())?, 4);
///
/// let other = Root::<Fruit>::new(())?;
/// assert_eq!(other.apples.get(&guard.held()).err(), Some(EINVAL));
/// # Ok::<(), Error>(())
/// ```
pub struct Locked<T> {
    tree: Arc<Tree>,
    data: UnsafeCell<T>,
}

// SAFETY: Sending a `Locked` sends its data; a `Tree` may be shared.
unsafe impl<T: Send> Send for Locked<T> {}

// SAFETY: The data of a shared `Locked` is reached only with the `Held` of its tree, of which there
// is one. That is exclusive access by one thread after the other if it is borrowed exclusively, and
// may be several threads at a time if it is borrowed by all of them.
unsafe impl<T: Send + Sync> Sync for Locked<T> {}

impl<T> Locked<T> {
    /// Puts `data` under the lock of the tree that `setup` is for.
    pub fn new<A>(setup: &Setup<'_, A>, data: T) -> Self {
        Self {
            tree: setup.tree().clone(),
            data: UnsafeCell::new(data),
        }
    }

    /// Returns the tree whose lock is needed.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Gives shared access to the holder of the lock.
    pub fn get<'a>(&'a self, held: &'a Held<'_>) -> Result<&'a T> {
        held.check(&self.tree)?;
        // SAFETY: `held` is the only `Held` of our tree, and is borrowed for `'a`: no `get_mut()`
        // can run meanwhile.
        Ok(unsafe { &*self.data.get() })
    }

    /// Gives exclusive access to the holder of the lock.
    pub fn get_mut<'a>(&'a self, held: &'a mut Held<'_>) -> Result<&'a mut T> {
        held.check(&self.tree)?;
        // SAFETY: `held` is the only `Held` of our tree, and is exclusively borrowed for `'a`:
        // neither a `get()` nor another `get_mut()` can run meanwhile.
        Ok(unsafe { &mut *self.data.get() })
    }
}
