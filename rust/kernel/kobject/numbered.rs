// SPDX-License-Identifier: GPL-2.0

//! Numbered subdirectories.

use crate::{
    alloc::{
        allocator::{
            KVmalloc,
            Kmalloc, //
        },
        flags::__GFP_NOWARN,
        Allocator,
        Vec, //
    },
    prelude::*,
    str::Formatter,
    sync::aref::ARef, //
};
use core::{
    fmt::Write,
    ops::Deref, //
};

use super::{
    parse,
    Attribute,
    Dir,
    DirData,
    Held,
    Locked,
    Output,
    Setup,
    Subdir,
    Value, //
};

/// The subdirectories `0` to N-1 of a directory: [`Children`] or a [`Sequence`].
///
/// All functions that need the lock of the tree fail with `EINVAL` for that of another one.
pub struct Numbered<T: DirData<Args = ()>, A: Allocator> {
    /// In a box, because most directories have none, and there are many directories.
    list: Locked<Option<KBox<List<T, A>>>>,
}

/// The directories, in order, of which there is one at least but while some are made or removed.
struct List<T: DirData, A: Allocator> {
    dirs: Vec<Subdir<T>, A>,
    /// How many of them a pass over a [`Sequence`] has set.
    nr_set: usize,
}

impl<T: DirData<Args = ()>, A: Allocator> Numbered<T, A> {
    /// Starts with no directories.
    pub fn new<S>(setup: &Setup<'_, S>) -> Self {
        Self {
            list: Locked::new(setup, None),
        }
    }

    /// Returns the directories, in order.
    pub fn list<'a>(&'a self, held: &'a Held<'_>) -> Result<&'a [Subdir<T>]> {
        Ok(self.list.get(held)?.as_ref().map_or(&[], |list| &list.dirs))
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
        let dir: ARef<Dir<T>> = (&**self.list(held)?.get(nr).ok_or(ENOENT)?).into();

        f(&dir, held)
    }

    /// Does what [`Numbered::with`] does for each of the directories, until one fails.
    pub fn try_for_each(
        &self,
        held: &mut Held<'_>,
        mut f: impl FnMut(&Dir<T>, &mut Held<'_>) -> Result,
    ) -> Result {
        let mut nr = 0;

        while nr < self.list(held)?.len() {
            self.with(held, nr, &mut f)?;
            nr = nr.saturating_add(1);
        }
        Ok(())
    }

    /// Removes the directories from number `len` on.
    fn truncate(&self, held: &mut Held<'_>, len: usize) -> Result {
        while let Some(list) = self.list.get_mut(held)? {
            if len == 0 && list.dirs.is_empty() {
                *self.list.get_mut(held)? = None;
            } else if list.dirs.len() <= len {
                break;
            } else if let Some(dir) = list.dirs.pop() {
                dir.remove(held)?;
            }
        }
        Ok(())
    }

    /// Returns the list, which is a new one with room for `capacity` directories if there is none.
    fn get_or_insert<'a>(
        &'a self,
        held: &'a mut Held<'_>,
        capacity: usize,
    ) -> Result<&'a mut List<T, A>> {
        let gfp = held.gfp();
        let list = self.list.get_mut(held)?;

        if list.is_none() {
            let new = List {
                // The number may come from user space: refuse too large a one quietly.
                dirs: Vec::with_capacity(capacity, gfp | __GFP_NOWARN)?,
                nr_set: 0,
            };
            *list = Some(KBox::new(new, gfp)?);
        }
        Ok(list.as_mut().ok_or(ENOMEM)?)
    }

    /// Makes one more directory below `parent`, with `init` called for it before it is shown.
    fn push<P: DirData>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        init: impl FnOnce(&T),
    ) -> Result<ARef<Dir<T>>> {
        let gfp = held.gfp();
        let list = self.get_or_insert(held, 1)?;
        list.dirs.reserve(1, gfp)?;

        let mut name = [0; 24];
        write!(Formatter::new(&mut name), "{}", list.dirs.len())?;
        let dir = Subdir::<T>::new(&Setup::new(parent.tree(), ()), ())?;
        let user = (&*dir).into();

        init(&dir);
        let name = CStr::from_bytes_until_nul(&name).map_err(|_| EINVAL)?;
        dir.add(parent, held, name)?;
        // There is room for it.
        let list = self.get_or_insert(held, 1)?;
        list.dirs.push_within_capacity(dir).map_err(|_| ENOMEM)?;
        Ok(user)
    }
}

/// The subdirectories `0` to N-1 of a directory, which the code sets one after the other.
///
/// A pass over them begins with [`Sequence::begin`]. [`Sequence::set_next`] sets the directory that
/// is next, and makes one if there are no more. [`Sequence::end`] removes those that the pass has
/// not come to. So a pass makes and removes only as many as there are more or fewer than after the
/// last one.
pub type Sequence<T> = Numbered<T, KVmalloc>;

impl<T: DirData<Args = ()>> Sequence<T> {
    /// Begins a pass, with directory `0`.
    pub fn begin(&self, held: &mut Held<'_>) -> Result {
        if let Some(list) = self.list.get_mut(held)? {
            list.nr_set = 0;
        }
        Ok(())
    }

    /// Calls `set` for the directory that is next. If there is none, one is made below `parent`,
    /// the directory that this belongs to, with `set` called for it before it is shown.
    ///
    /// Then calls `fill`, which may change what is below the directory. If all goes well, goes on
    /// to the next directory.
    ///
    /// Fails with `ENOMEM`, and as `fill` does. Then the next call is for the same directory.
    pub fn set_next<P: DirData>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        set: impl FnOnce(&T),
        fill: impl FnOnce(&Dir<T>, &mut Held<'_>) -> Result,
    ) -> Result {
        let list = self.get_or_insert(held, 1)?;
        let dir = if let Some(dir) = list.dirs.get(list.nr_set) {
            set(dir);
            (&**dir).into()
        } else {
            self.push(parent, held, set)?
        };

        fill(&dir, held)?;
        if let Some(list) = self.list.get_mut(held)? {
            list.nr_set = list.nr_set.saturating_add(1);
        }
        Ok(())
    }

    /// Ends a pass: removes the directories that it has not come to.
    pub fn end(&self, held: &mut Held<'_>) -> Result {
        let nr_set = self.list.get(held)?.as_ref().map_or(0, |list| list.nr_set);

        self.truncate(held, nr_set)
    }

    /// Removes all directories.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        self.truncate(held, 0)
    }
}

/// The subdirectories `0` to N-1 of a directory, made by writing N to a file of it.
pub struct Children<T: DirData<Args = ()>> {
    /// How many there are, for readers without the lock.
    nr: Value<i32>,
    dirs: Numbered<T, Kmalloc>,
}

impl<T: DirData<Args = ()>> Children<T> {
    /// Starts with no directories.
    pub fn new<S>(setup: &Setup<'_, S>) -> Self {
        Self {
            nr: Value::new(0),
            dirs: Numbered::new(setup),
        }
    }

    /// Removes all directories and makes `nr` new ones below `parent`, the directory that this
    /// belongs to. Calls `init` for each of them before it is shown.
    ///
    /// Fails with `EINVAL` for a negative `nr`, which leaves the directories as they are; after
    /// another failure, such as `ENOMEM`, there are none.
    pub fn resize<P: DirData>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        nr: i32,
        init: impl Fn(&T),
    ) -> Result {
        let capacity = usize::try_from(nr)?;

        self.remove(held)?;
        if nr > 0 {
            self.dirs.get_or_insert(held, capacity)?;
        }
        for i in 0..nr {
            if let Err(e) = self.dirs.push(parent, held, &init) {
                self.remove(held)?;
                return Err(e);
            }
            self.nr.set(i.saturating_add(1));
        }
        Ok(())
    }

    /// Removes all directories.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        self.dirs.truncate(held, 0)?;
        self.nr.set(0);
        Ok(())
    }

    /// Shows how many directories there are. This is the `show` of the file that makes them.
    pub fn show_nr(&self, out: &mut Output<'_>) -> Result {
        self.nr.show(out)
    }

    /// Makes as many directories as `input` says. This is the `store` of the file that makes them.
    ///
    /// Fails with what [`parse::int`] says, `EINVAL` for a negative number or one above `max`,
    /// `EBUSY` if the lock is held, what `check` says of the number once the lock is held, and as
    /// [`Children::resize`] does. The first four leave the directories alone.
    pub fn store_nr<P: DirData>(
        &self,
        parent: &Dir<P>,
        input: &CStr,
        max: Option<i32>,
        check: impl FnOnce(&Held<'_>, i32) -> Result,
        init: impl Fn(&T),
    ) -> Result {
        let nr = parse::int(input)?;

        if nr < 0 || max.is_some_and(|max| nr > max) {
            return Err(EINVAL);
        }

        let mut guard = parent.try_lock()?;
        let held = &mut guard.held();
        check(held, nr)?;
        self.resize(parent, held, nr, init)
    }
}

/// The directories can be looked at.
impl<T: DirData<Args = ()>> Deref for Children<T> {
    type Target = Numbered<T, Kmalloc>;

    fn deref(&self) -> &Self::Target {
        &self.dirs
    }
}
