// SPDX-License-Identifier: GPL-2.0

//! Trees that lie in directories of other trees.

use crate::{
    bindings,
    prelude::*,
    sync::aref::ARef, //
};
use core::ptr;

use super::{
    Dir,
    DirData,
    Held,
    Kobject,
    Locked,
    Root,
    Setup, //
};

/// The trees that lie in the directories of a tree. Who holds the lock of that tree has this.
///
/// Nobody may add below a directory that is being removed, and who adds to such a tree does not
/// have the lock of the tree around it. So a directory is removed after the trees below it.
pub(super) struct Below {
    /// The address of the kobject of the directory at the top.
    pub(super) top: usize,
    trees: KVec<Inner>,
}

/// A tree that lies in a directory of another one.
///
/// # Invariants
///
/// As long as this is in a [`Below`], `parent` is the kobject of a directory that is in sysfs, and
/// belongs to the tree of that `Below`.
struct Inner {
    parent: ARef<Kobject>,
    /// The address of the kobject of the directory at its top.
    kobj: usize,
    remove: KBox<dyn Fn() + Send + Sync>,
}

impl Inner {
    /// Tells whether it lies below `dir`, which belongs to the tree around it, as `top` does.
    fn is_below(&self, dir: *mut bindings::kobject, top: usize) -> bool {
        let mut kobj = self.parent.as_raw();

        while !ptr::eq(kobj, dir) {
            if kobj.addr() == top || kobj.is_null() {
                return false;
            }
            // SAFETY: By the invariant, the kobject is one below that at the top of the tree. The
            // holder of the lock has it added and deleted, and it has a reference to its parent
            // as long as it has one.
            kobj = unsafe { (*kobj).parent };
        }
        true
    }
}

impl Below {
    pub(super) fn new() -> Self {
        Self {
            top: 0,
            trees: KVec::new(),
        }
    }

    /// Removes the trees that lie below the directory of a kobject: waits for their locks and for
    /// the methods of their files.
    pub(super) fn remove(&mut self, dir: *mut bindings::kobject) {
        let top = self.top;

        self.trees.retain(|tree| {
            let is_below = tree.is_below(dir, top);

            if is_below {
                (tree.remove)();
            }
            !is_below
        });
    }
}

/// A tree with a lock and an owner of its own that lies in a directory of another tree.
///
/// `#[tree]` makes it a part of a directory, and drops it when that is removed. When the directory
/// that it lies in is removed, or one above it, it is removed before: after
/// [`Policy::revoke`](super::Policy::revoke) was called.
pub struct Subtree<T: DirData>(Locked<Option<Root<T>>>);

impl<T: DirData> Subtree<T> {
    /// Starts without the tree.
    pub fn new<S>(setup: &Setup<'_, S>) -> Self {
        Self(Locked::new(setup, None))
    }

    /// Returns the tree, if there is one.
    ///
    /// Fails with `EINVAL` if it is the lock of another tree than that around it that is held, as
    /// the functions below do.
    pub fn get<'a>(&'a self, held: &'a Held<'_>) -> Result<Option<&'a Root<T>>> {
        Ok(self.0.get(held)?.as_ref())
    }

    /// Removes the tree, if there is one, and shows `new` as `name` below `parent`, a directory of
    /// the tree around it.
    ///
    /// Fails as [`Root::add`] does, with `ENOENT` if `parent` is not in sysfs, and with `EINVAL` if
    /// `new` is of another module than the tree around it, or of the same type. There is no tree
    /// then.
    ///
    /// Lockdep could not tell the locks of trees of one type from each other. So types of trees
    /// must not lie in each other in a circle either.
    pub fn replace<P: DirData>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        name: &CStr,
        new: Root<T>,
    ) -> Result {
        self.remove(held)?;
        if !new.tree().can_be_in(held.tree) {
            return Err(EINVAL);
        }

        let parent = parent.in_sysfs(held)?;
        let user: ARef<Dir<T>> = (&*new).into();
        // INVARIANT: The parent is in sysfs. Who removes it, or a directory above it, takes this
        // out before.
        let inner = Inner {
            parent: parent.into(),
            kobj: new.kobj().addr(),
            remove: KBox::new(move || user.remove_tree(), held.gfp())?,
        };

        held.below.trees.reserve(1, GFP_KERNEL)?;
        // SAFETY: The parent, and what it lies below in its tree, is removed with the lock of that
        // held only, which we have exclusively. Where that tree lies below others, it is removed
        // before these are, which takes the same lock.
        unsafe { new.add_to(parent, name) }?;
        // There is room for it.
        held.below
            .trees
            .push_within_capacity(inner)
            .map_err(|_| ENOMEM)?;
        *self.0.get_mut(held)? = Some(new);
        Ok(())
    }

    /// Removes the tree, if there is one: waits for its lock and for the methods of its files.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        if let Some(root) = self.0.get_mut(held)?.take() {
            let kobj = root.kobj().addr();

            drop(root);
            held.below.trees.retain(|tree| tree.kobj != kobj);
        }
        Ok(())
    }
}
