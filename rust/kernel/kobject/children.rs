// SPDX-License-Identifier: GPL-2.0

//! Numbered subdirectories.

use crate::{
    alloc::flags::__GFP_NOWARN,
    prelude::*,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

use super::{
    parse,
    AttrValue,
    Dir,
    Directory,
    Emitter,
    Input,
    Kobject,
    Locked,
    TreeGuard,
    TreeLock, //
};

/// The subdirectories `0` to N-1 of a directory, made by writing N to a file of it.
///
/// Which ones there are changes only with the lock `L` of the tree held.
pub struct Children<T: Directory, L: TreeLock> {
    /// How many there are, for readers without the lock.
    nr: Atomic<i32>,
    /// In a box, because most directories have none, and there are many directories.
    list: Locked<Option<KBox<KVec<Dir<T>>>>, L>,
}

impl<T: Directory, L: TreeLock> Default for Children<T, L> {
    fn default() -> Self {
        Self {
            nr: Atomic::new(0),
            list: Locked::default(),
        }
    }
}

impl<T: Directory, L: TreeLock> Children<T, L> {
    /// Returns the directories, in order.
    pub fn list<'a>(&'a self, guard: &'a TreeGuard<L>) -> &'a [Dir<T>] {
        self.list.get(guard).as_ref().map_or(&[], |list| list)
    }

    /// Removes all directories and makes `nr` new ones below `parent`, the kobject of the
    /// directory that this belongs to.
    ///
    /// After a failure there are none: `EINVAL` for a negative `nr`, `ENOMEM`.
    pub fn resize(&self, parent: &Kobject, guard: &mut TreeGuard<L>, nr: i32) -> Result {
        self.resize_with(parent, guard, nr, |_| ())
    }

    /// Does what [`Children::resize`] does, with `init` called for each directory before it is
    /// shown.
    pub fn resize_with(
        &self,
        parent: &Kobject,
        guard: &mut TreeGuard<L>,
        nr: i32,
        init: impl Fn(&T),
    ) -> Result {
        let capacity = usize::try_from(nr)?;
        let list = self.list.get_mut(guard);

        self.nr.store(0, Relaxed);
        *list = None;
        if nr == 0 {
            return Ok(());
        }

        // `nr` comes from user space: refuse too large a one quietly.
        let new = KVec::with_capacity(capacity, GFP_KERNEL | __GFP_NOWARN)?;
        let mut new = KBox::new(new, GFP_KERNEL)?;
        for i in 0..nr {
            let made = Dir::publish_nr(parent, i, &init)
                .and_then(|dir| new.push_within_capacity(dir).map_err(|_| ENOMEM));

            if let Err(e) = made {
                self.nr.store(0, Relaxed);
                return Err(e);
            }
            self.nr.store(i.saturating_add(1), Relaxed);
        }
        *list = Some(new);
        Ok(())
    }

    /// Removes all directories, as their owner who needs no lock.
    pub fn clear(&mut self) {
        self.nr.store(0, Relaxed);
        *self.list.owned_mut() = None;
    }

    /// Shows how many directories there are. This is the `show` of the file that makes them.
    pub fn show_nr(&self, out: &mut Emitter<'_>) -> Result {
        self.nr.load(Relaxed).emit(out)
    }

    /// Makes as many directories as `input` says. This is the `store` of the file that makes them.
    ///
    /// Fails with what [`parse::int`] says, `EINVAL` for a negative number or one above `max`,
    /// `EBUSY` if the lock is held, what `check` says once the lock is held, and as
    /// [`Children::resize`] does. The first four leave the directories alone.
    pub fn store_nr(
        &self,
        parent: &Kobject,
        input: Input<'_>,
        max: Option<i32>,
        check: impl FnOnce(&TreeGuard<L>) -> Result,
        init: impl Fn(&T),
    ) -> Result {
        let nr = parse::int(input)?;

        if nr < 0 || max.is_some_and(|max| nr > max) {
            return Err(EINVAL);
        }

        let mut guard = L::try_lock()?;
        check(&guard)?;
        self.resize_with(parent, &mut guard, nr, init)
    }
}
