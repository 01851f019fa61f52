// SPDX-License-Identifier: GPL-2.0

//! Trees that belong to a user: who writes to their files, and what is left out of them.

use crate::{
    alloc::Flags,
    bindings,
    prelude::*,
    sync::Arc,
    task::Kuid, //
};
use core::any::Any;

use super::{
    tree::Owner,
    Dir,
    DirData,
    Root,
    Tree, //
};

/// What a user may do with a tree that was [delegated](Root::delegate) to him.
///
/// Files and directories that are marked as `privileged` are left out of such a tree. What else
/// there is to know is known by the nodes: they ask [`Tree::policy`] for it.
pub trait Policy: Send + Sync + 'static {
    /// Returns itself, for [`Tree::policy`].
    fn as_any(&self) -> &dyn Any;

    /// Makes the methods return soon that hold the lock of the tree, because somebody is about to
    /// remove it. This is called without the lock.
    fn revoke(&self) {}
}

impl Owner {
    /// Returns the owner with the number `uid` in the user namespace of the current task, and the
    /// group of root; or `None` if the namespace has no such user.
    pub fn from_uid(uid: u32) -> Option<Self> {
        // SAFETY: The namespace is that of the current task, which does not change meanwhile.
        let kuid = unsafe { bindings::make_kuid(bindings::current_user_ns(), uid) };

        (kuid.val != u32::MAX).then_some(Self {
            uid: kuid.val,
            gid: 0,
        })
    }

    /// Returns the number of the user in the user namespace of the current task, if it has one.
    pub fn uid_here(&self) -> Option<u32> {
        let kuid = bindings::kuid_t { val: self.uid };
        // SAFETY: The namespace is that of the current task, which does not change meanwhile.
        let uid = unsafe { bindings::from_kuid(bindings::current_user_ns(), kuid) };

        (uid != u32::MAX).then_some(uid)
    }

    /// Tells whether the current task accesses files as this user.
    fn is_current(&self) -> bool {
        // SAFETY: Always safe to call.
        let fsuid = Kuid::from_raw(unsafe { bindings::current_fsuid() });

        fsuid == Kuid::from_raw(bindings::kuid_t { val: self.uid })
    }
}

impl Tree {
    /// Returns the policy of a tree that is delegated, if it is a `P`.
    pub fn policy<P: Policy>(&self) -> Option<&P> {
        self.policy.as_ref()?.as_any().downcast_ref()
    }

    /// Tells whether the tree is delegated to a user.
    #[inline]
    pub fn is_delegated(&self) -> bool {
        self.policy.is_some()
    }

    /// Fails with `EPERM` if the current task is not the one whose the tree is. It is the user
    /// that counts, not what he may do: so a program with more rights that is made to write to a
    /// file that somebody else has opened does nothing on his behalf.
    #[inline]
    pub(super) fn check_writer(&self) -> Result {
        if self.is_delegated() && !self.owner.is_current() {
            return Err(EPERM);
        }
        Ok(())
    }

    /// How to allocate for the tree: what a user makes is charged to him.
    pub(super) fn gfp(&self) -> Flags {
        match &self.policy {
            None => GFP_KERNEL,
            Some(_) => GFP_KERNEL_ACCOUNT,
        }
    }

    /// Lets the methods return soon that hold the lock.
    pub(super) fn revoke(&self) {
        if let Some(policy) = &self.policy {
            policy.revoke();
        }
    }
}

impl<T: DirData> Dir<T> {
    /// Tells whether the tree is delegated to a user.
    pub fn is_delegated(&self) -> bool {
        self.tree().is_delegated()
    }
}

impl<T: DirData> Root<T> {
    /// Makes a tree that is not in sysfs yet and belongs to a user.
    ///
    /// Only he can write to its files; others, root among them, get `EPERM`. What is marked as
    /// `privileged` is left out, and memory for directories is charged to who makes them.
    ///
    /// Fails as [`Root::new`] does.
    pub fn delegate(args: T::Args, owner: Owner, policy: Arc<dyn Policy>) -> Result<Self> {
        let tree = Tree::new::<T>(owner, Some(policy))?;

        Self::of_tree(args, &tree)
    }
}
