// SPDX-License-Identifier: GPL-2.0

//! Numbered subdirectories.

use crate::{
    alloc::flags::__GFP_NOWARN,
    prelude::*,
    str::CStr,
    sync::atomic::{
        ordering::Relaxed,
        Atomic, //
    }, //
};

use super::{
    parse,
    subdir::Name,
    AttrValue,
    Dir,
    Directory,
    Held,
    Locked,
    Output,
    Setup,
    Subdir, //
};

/// The subdirectories `0` to N-1 of a directory, made by writing N to a file of it.
///
/// All functions that need the lock of the tree fail with `EINVAL` for that of another one.
pub struct Children<T: Directory<Args = ()>> {
    /// How many there are, for readers without the lock.
    nr: Atomic<i32>,
    /// In a box, because most directories have none, and there are many directories.
    list: Locked<Option<KBox<KVec<Subdir<T>>>>>,
}

impl<T: Directory<Args = ()>> Children<T> {
    /// Starts with no directories.
    pub fn new<A>(setup: &Setup<'_, A>) -> Self {
        Self {
            nr: Atomic::new(0),
            list: Locked::new(setup, None),
        }
    }

    /// Returns the directories, in order.
    pub fn list<'a>(&'a self, held: &'a Held<'_>) -> Result<&'a [Subdir<T>]> {
        Ok(self.list.get(held)?.as_ref().map_or(&[], |list| list))
    }

    /// Calls `f` for one of the directories, with the lock to make and remove others, or even this
    /// one: it is alive until `f` returns.
    ///
    /// Fails with `ENOENT` if there is no such directory, and as `f` does.
    pub fn with<R>(
        &self,
        held: &mut Held<'_>,
        nr: usize,
        f: impl FnOnce(&Dir<T>, &mut Held<'_>) -> Result<R>,
    ) -> Result<R> {
        let dir = self.list(held)?.get(nr).ok_or(ENOENT)?.keep();

        f(&dir, held)
    }

    /// Does what [`Children::with`] does for each of the directories, until one fails.
    pub fn try_for_each(
        &self,
        held: &mut Held<'_>,
        mut f: impl FnMut(&Dir<T>, &mut Held<'_>) -> Result,
    ) -> Result {
        let mut nr = 0;

        while let Some(dir) = self.list(held)?.get(nr).map(Subdir::keep) {
            f(&dir, held)?;
            nr = nr.saturating_add(1);
        }
        Ok(())
    }

    /// Removes all directories and makes `nr` new ones below `parent`, the directory that this
    /// belongs to. Calls `init` for each of them before it is shown.
    ///
    /// Fails with `EINVAL` for a negative `nr`, which leaves the directories as they are; after
    /// another failure, such as `ENOMEM`, there are none.
    pub fn resize<P: Directory>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        nr: i32,
        init: impl Fn(&T),
    ) -> Result {
        let capacity = usize::try_from(nr)?;

        self.remove(held)?;
        if nr == 0 {
            return Ok(());
        }

        // `nr` comes from user space: refuse too large a one quietly.
        let list = KVec::with_capacity(capacity, GFP_KERNEL | __GFP_NOWARN)?;
        let list = KBox::new(list, GFP_KERNEL)?;
        *self.list.get_mut(held)? = Some(list);
        self.fill(parent, held, nr, init).inspect_err(|_| {
            // That fails only for the lock of another tree.
            let _ = self.remove(held);
        })
    }

    /// Makes the directories for [`Children::resize`].
    fn fill<P: Directory>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        nr: i32,
        init: impl Fn(&T),
    ) -> Result {
        for i in 0..nr {
            let dir = Subdir::<T>::new_in(parent.tree_arc(), ())?;

            init(&dir);
            dir.add_below(parent, held, Name::Nr(i))?;
            if let Some(list) = self.list.get_mut(held)? {
                // There is room for `nr` of them.
                list.push_within_capacity(dir).map_err(|_| ENOMEM)?;
            }
            self.nr.store(i.saturating_add(1), Relaxed);
        }
        Ok(())
    }

    /// Removes all directories.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        let list = self.list.get_mut(held)?.take();

        self.nr.store(0, Relaxed);
        list.iter()
            .flat_map(|list| list.iter())
            .try_for_each(|dir| dir.remove(held))
    }

    /// Shows how many directories there are. This is the `show` of the file that makes them.
    pub fn show_nr(&self, out: &mut Output<'_>) -> Result {
        self.nr.load(Relaxed).emit(out)
    }

    /// Makes as many directories as `input` says. This is the `store` of the file that makes them.
    ///
    /// Fails with what [`parse::int`] says, `EINVAL` for a negative number or one above `max`,
    /// `EBUSY` if the lock is held, what `check` says once the lock is held, and as
    /// [`Children::resize`] does. The first four leave the directories alone.
    pub fn store_nr<P: Directory>(
        &self,
        parent: &Dir<P>,
        input: &CStr,
        max: Option<i32>,
        check: impl FnOnce(&Held<'_>) -> Result,
        init: impl Fn(&T),
    ) -> Result {
        let nr = parse::int(input)?;

        if nr < 0 || max.is_some_and(|max| nr > max) {
            return Err(EINVAL);
        }

        let mut guard = parent.try_lock()?;
        let held = &mut guard.held();
        check(held)?;
        self.resize(parent, held, nr, init)
    }
}
