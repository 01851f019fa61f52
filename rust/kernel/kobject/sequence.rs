// SPDX-License-Identifier: GPL-2.0

//! Numbered subdirectories that are set one after the other.

use crate::prelude::*;

use super::{
    subdir::Name,
    Dir,
    Directory,
    Held,
    Locked,
    Setup,
    Subdir, //
};

/// The subdirectories `0` to N-1 of a directory, which the code sets one after the other.
///
/// A pass over them begins with [`Sequence::begin`]. [`Sequence::set_next`] sets the directory that
/// is next, and makes one if there are no more. [`Sequence::end`] removes those that the pass has
/// not come to. So a pass makes and removes only as many as there are more or fewer than after the
/// last one.
///
/// All functions fail with `EINVAL` if it is not the lock of the tree that is held.
pub struct Sequence<T: Directory<Args = ()>> {
    /// In a box, because most directories have none, and there are many directories.
    pass: Locked<Option<KBox<Pass<T>>>>,
}

/// How far a pass over directories has come.
struct Pass<T: Directory<Args = ()>> {
    /// The directories, in order.
    dirs: KVVec<Subdir<T>>,
    /// How many of them were set.
    nr_set: usize,
}

impl<T: Directory<Args = ()>> Sequence<T> {
    /// Starts with no directories.
    pub fn new<A>(setup: &Setup<'_, A>) -> Self {
        Self {
            pass: Locked::new(setup, None),
        }
    }

    /// Returns the directories, in order.
    pub fn list<'a>(&'a self, held: &'a Held<'_>) -> Result<&'a [Subdir<T>]> {
        Ok(self.pass.get(held)?.as_ref().map_or(&[], |pass| &pass.dirs))
    }

    /// Begins a pass, with directory `0`.
    pub fn begin(&self, held: &mut Held<'_>) -> Result {
        if let Some(pass) = self.pass.get_mut(held)? {
            pass.nr_set = 0;
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
    pub fn set_next<P: Directory>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        set: impl FnOnce(&T),
        fill: impl FnOnce(&Dir<T>, &mut Held<'_>) -> Result,
    ) -> Result {
        let pass = match self.pass.get_mut(held)? {
            Some(pass) => pass,
            none => none.insert(KBox::new(
                Pass {
                    dirs: KVVec::new(),
                    nr_set: 0,
                },
                GFP_KERNEL,
            )?),
        };
        let dir = if let Some(dir) = pass.dirs.get(pass.nr_set) {
            set(dir);
            dir.keep()
        } else {
            pass.dirs.reserve(1, GFP_KERNEL)?;

            let nr = i32::try_from(pass.dirs.len())?;
            let dir = Subdir::<T>::new_in(parent.tree_arc(), ())?;
            let kept = dir.keep();

            set(&dir);
            dir.add_below(parent, held, Name::Nr(nr))?;
            if let Some(pass) = self.pass.get_mut(held)? {
                // There is room for one.
                pass.dirs.push_within_capacity(dir).map_err(|_| ENOMEM)?;
            }
            kept
        };

        fill(&dir, held)?;
        if let Some(pass) = self.pass.get_mut(held)? {
            pass.nr_set = pass.nr_set.saturating_add(1);
        }
        Ok(())
    }

    /// Ends a pass: removes the directories that it has not come to.
    pub fn end(&self, held: &mut Held<'_>) -> Result {
        while let Some(pass) = self.pass.get_mut(held)? {
            if pass.nr_set == 0 && pass.dirs.is_empty() {
                *self.pass.get_mut(held)? = None;
            } else if pass.nr_set >= pass.dirs.len() {
                break;
            } else if let Some(dir) = pass.dirs.pop() {
                dir.remove(held)?;
            }
        }
        Ok(())
    }

    /// Removes all directories.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        self.begin(held)?;
        self.end(held)
    }
}
