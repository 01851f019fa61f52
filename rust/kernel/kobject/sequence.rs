// SPDX-License-Identifier: GPL-2.0

//! Numbered subdirectories that are set one after the other.

use crate::prelude::*;

use super::{
    Dir,
    Directory,
    Kobject,
    Locked,
    TreeGuard,
    TreeLock, //
};

/// The subdirectories `0` to N-1 of a directory, which the code sets one after the other.
///
/// A pass over them begins with [`Sequence::begin`]. [`Sequence::current`] gives the directory that
/// is next, and makes one if there are no more; [`Sequence::advance`] goes on. [`Sequence::end`]
/// removes those that the pass has not come to. So a pass makes and removes only as many as there
/// are more or fewer than after the last one.
///
/// The directories are chained: apart from their own memory, they need none. Which ones there are
/// changes only with the lock `L` of the tree held.
pub struct Sequence<T: Directory, L: TreeLock> {
    /// In a box, because most directories have none, and there are many directories.
    pass: Locked<Option<KBox<Pass<T>>>, L>,
}

impl<T: Directory, L: TreeLock> Default for Sequence<T, L> {
    fn default() -> Self {
        Self {
            pass: Locked::default(),
        }
    }
}

impl<T: Directory, L: TreeLock> Sequence<T, L> {
    /// Begins a pass, with directory `0`.
    pub fn begin(&self, guard: &mut TreeGuard<L>) {
        if let Some(pass) = self.pass.get_mut(guard) {
            pass.rewind();
        }
    }

    /// Calls `set` for the directory that is next, and returns that. If there is none, one is made
    /// below `parent`, the kobject of the directory that this belongs to, with `set` called for it
    /// before it is shown.
    ///
    /// Fails with `ENOMEM` and leaves the directories alone.
    pub fn current<'a>(
        &'a self,
        parent: &Kobject,
        guard: &'a mut TreeGuard<L>,
        set: impl FnOnce(&T),
    ) -> Result<&'a Dir<T>> {
        let pass = match self.pass.get_mut(guard) {
            Some(pass) => pass,
            none => none.insert(KBox::new(Pass::new(), GFP_KERNEL)?),
        };

        let Pass { todo, nr_done, .. } = &mut **pass;

        match &mut todo.first {
            Some(dir) => {
                set(dir);
                Ok(dir)
            }
            none => Ok(none.insert(Dir::publish_nr(parent, *nr_done, set)?)),
        }
    }

    /// Goes on to the next directory: the current one stays when the pass ends.
    ///
    /// Fails with `EINVAL` if there was no [`Sequence::current`] one.
    pub fn advance(&self, guard: &mut TreeGuard<L>) -> Result {
        let pass = self.pass.get_mut(guard).as_mut().ok_or(EINVAL)?;
        let dir = pass.todo.pop().ok_or(EINVAL)?;

        pass.done.push(dir);
        pass.nr_done = pass.nr_done.saturating_add(1);
        Ok(())
    }

    /// Ends a pass: removes the directories that it has not come to.
    pub fn end(&self, guard: &mut TreeGuard<L>) {
        let slot = self.pass.get_mut(guard);

        match slot {
            Some(pass) if pass.nr_done > 0 => pass.todo.clear(),
            _ => *slot = None,
        }
    }

    /// Removes all directories, as their owner who needs no lock.
    pub fn clear(&mut self) {
        *self.pass.owned_mut() = None;
    }
}

/// How far a pass over directories has come.
///
/// # Invariants
///
/// The directories of `done` are called `nr_done` - 1 to `0`, those of `todo` by the numbers from
/// `nr_done` on.
struct Pass<T: Directory> {
    /// Those that were set, the last one first.
    done: Chain<T>,
    /// Those that were not, in order.
    todo: Chain<T>,
    /// The length of `done`, and the number that the next directory has.
    nr_done: i32,
}

impl<T: Directory> Pass<T> {
    fn new() -> Self {
        // INVARIANT: There are no directories.
        Self {
            done: Chain { first: None },
            todo: Chain { first: None },
            nr_done: 0,
        }
    }

    /// Goes back to directory `0`.
    fn rewind(&mut self) {
        while let Some(dir) = self.done.pop() {
            self.todo.push(dir);
        }
        // INVARIANT: The first of `todo` was the last of `done`, which is called `0`.
        self.nr_done = 0;
    }
}

/// Directories, each of which owns the next one.
struct Chain<T: Directory> {
    first: Option<Dir<T>>,
}

impl<T: Directory> Chain<T> {
    /// Puts a directory before the first one.
    fn push(&mut self, mut dir: Dir<T>) {
        *dir.next_mut() = self.first.take();
        self.first = Some(dir);
    }

    /// Takes the first directory.
    fn pop(&mut self) -> Option<Dir<T>> {
        let mut dir = self.first.take()?;

        self.first = dir.next_mut().take();
        Some(dir)
    }

    /// Removes the directories, from the first one on.
    fn clear(&mut self) {
        while self.pop().is_some() {}
    }
}

impl<T: Directory> Drop for Chain<T> {
    fn drop(&mut self) {
        // One by one: were the first one dropped, it would drop the next one, and so on, as deep
        // as the chain is long.
        self.clear();
    }
}
