// SPDX-License-Identifier: GPL-2.0

//! Trees: what their directories share, and the directories at the top.

use crate::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    devres,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        LockClassKey,
        Mutex,
        MutexGuard,
        SetOnce, //
    }, //
};
use core::{
    any::TypeId,
    ops::Deref,
    ptr, //
};

use super::{
    module::{
        Module,
        Watch, //
    },
    subtree::Below,
    tables::InDir,
    Dir,
    DirData,
    Kobject,
    Permanent,
    Policy,
    Subdir, //
};

/// The user and the group that the files of a tree belong to, as the initial user namespace has
/// them. The default is root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The number of the user.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
}

/// What the directories of one tree share.
///
/// The lock of a tree serialises what makes and removes directories in it: the file system lets
/// nobody add below a directory that is being removed. Removing waits for the methods of files
/// with the lock held, so that methods can only try for it, and fail with `EBUSY` otherwise.
#[pin_data]
pub struct Tree {
    #[pin]
    lock: Mutex<Below>,
    /// What is at the top. Lockdep knows the lock by that.
    kind: TypeId,
    pub(super) owner: Owner,
    /// What the owner may do, if the tree is delegated to him.
    pub(super) policy: Option<Arc<dyn Policy>>,
    /// Whose code the directories need.
    pub(super) module: Module,
}

impl Tree {
    /// Makes what the directories of a tree share that has a `T` at the top.
    pub(super) fn new<T: DirData>(
        owner: Owner,
        policy: Option<Arc<dyn Policy>>,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            Self::init::<T>(owner, policy, InDir::<T>::module(), T::lock_class()),
            GFP_KERNEL,
        )
    }

    /// Makes what the directories of a tree share that has a `T` at the top.
    pub(super) fn init<T: 'static>(
        owner: Owner,
        policy: Option<Arc<dyn Policy>>,
        module: Module,
        class: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            lock <- Mutex::new(Below::new(), c"kobject::Tree::lock", class),
            kind: TypeId::of::<T>(),
            owner,
            policy,
            module,
        })
    }

    /// Takes the lock if nobody holds it, and fails with `EBUSY` otherwise. Never sleeps.
    pub fn try_lock(&self) -> Result<TreeGuard<'_>> {
        let guard = self.lock.try_lock().ok_or(EBUSY)?;

        Ok(TreeGuard { tree: self, guard })
    }

    /// Tells whether the tree can lie in a directory of another one.
    pub(super) fn can_be_in(&self, other: &Self) -> bool {
        self.module == other.module && self.kind != other.kind
    }

    /// Waits for the lock. Not for methods of files, for which its holder may wait.
    pub(super) fn lock(&self) -> TreeGuard<'_> {
        TreeGuard {
            tree: self,
            guard: self.lock.lock(),
        }
    }
}

/// The lock of a tree, which is given back when this is dropped.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct TreeGuard<'a> {
    tree: &'a Tree,
    guard: MutexGuard<'a, Below>,
}

impl TreeGuard<'_> {
    /// Returns the proof that the lock is held.
    pub fn held(&mut self) -> Held<'_> {
        // INVARIANT: The guard holds the lock, and is borrowed exclusively for as long.
        Held {
            tree: self.tree,
            below: &mut self.guard,
        }
    }
}

/// Proves that the lock of a tree is held, also to other threads.
///
/// A shared borrow lets one look at the directories that there are, an exclusive one makes and
/// removes some.
///
/// # Invariants
///
/// The lock of `tree` is held for `'a`, and there is no other `Held` of `tree` meanwhile.
pub struct Held<'a> {
    pub(super) tree: &'a Tree,
    pub(super) below: &'a mut Below,
}

impl Held<'_> {
    /// Fails with `EINVAL` unless it is the lock of `tree` that is held.
    pub(super) fn check(&self, tree: &Tree) -> Result {
        if !ptr::eq(self.tree, tree) {
            return Err(EINVAL);
        }
        Ok(())
    }

    /// How to allocate for the tree.
    pub(super) fn gfp(&self) -> Flags {
        self.tree.gfp()
    }
}

/// What the data of a new directory is made from: its tree, and the arguments for it.
pub struct Setup<'a, A = ()> {
    tree: &'a Arc<Tree>,
    args: A,
}

impl<'a, A> Setup<'a, A> {
    pub(super) fn new(tree: &'a Arc<Tree>, args: A) -> Self {
        Self { tree, args }
    }

    /// Returns the arguments.
    pub fn args(&self) -> &A {
        &self.args
    }

    /// Returns how to allocate for the directory: what a user makes is charged to him.
    pub fn gfp(&self) -> Flags {
        self.tree.gfp()
    }

    pub(super) fn tree(&self) -> &'a Arc<Tree> {
        self.tree
    }
}

/// The owner of a tree: of the directory at the top of it, and of all below.
///
/// Dropping it removes the tree: waits for the lock of the tree and for the methods of its files.
/// Must not be dropped by a method of a file of the tree, which would wait for itself.
pub struct Root<T: DirData> {
    dir: Subdir<T>,
    /// Removes a tree that its module has leaked.
    watch: SetOnce<Watch>,
}

impl<T: DirData> Root<T> {
    /// Makes a tree that is not in sysfs yet, with files that belong to root.
    ///
    /// Fails with `ENOMEM`, and as the data of the directory does.
    pub fn new(args: T::Args) -> Result<Self> {
        Self::new_owned(args, Owner::default())
    }

    /// Makes a tree that is not in sysfs yet, with files that belong to `owner`.
    ///
    /// Fails as [`Root::new`] does.
    pub fn new_owned(args: T::Args, owner: Owner) -> Result<Self> {
        let tree = Tree::new::<T>(owner, None)?;

        Self::of_tree(args, &tree)
    }

    /// Makes the directory at the top of a tree.
    pub(super) fn of_tree(args: T::Args, tree: &Arc<Tree>) -> Result<Self> {
        Ok(Self {
            dir: Subdir::<T>::new(&Setup::new(tree, ()), args)?,
            watch: SetOnce::new(),
        })
    }

    /// Makes a tree and shows it as `name` below `parent`.
    ///
    /// Fails as [`Root::new`] and [`Root::add`] do.
    pub fn publish(parent: &'static Permanent, name: &CStr) -> Result<Self>
    where
        T: DirData<Args = ()>,
    {
        let root = Self::new(())?;

        root.add(parent, name)?;
        Ok(root)
    }

    /// Shows the tree as `name` below `parent`.
    ///
    /// Fails with `EEXIST` if there is something of that name, and if this was tried before; with
    /// `EBUSY` if somebody holds the lock of the tree, with `EINVAL` if `name` cannot be one, and
    /// with `ENOMEM`. Nothing can be seen after a failure.
    pub fn add(&self, parent: &'static Permanent, name: &CStr) -> Result {
        // SAFETY: A permanent kobject is never removed, and so neither is what it lies below.
        unsafe { self.add_watched(parent, name) }
    }

    /// Shows the tree as `name` in the directory of a device, which owns the tree from then on,
    /// and removes it when its driver is unbound.
    ///
    /// Fails as [`Root::add`] does.
    pub fn add_to_device(self, dev: &Device<Bound>, name: &CStr) -> Result {
        // SAFETY: The device is bound to its driver, and is not removed before it is unbound.
        unsafe { self.add_watched(<Device as AsRef<Kobject>>::as_ref(dev), name) }?;
        devres::register(dev, self, GFP_KERNEL)
    }

    /// Does what [`Root::add`] does, below any kobject: the tree is removed when its module goes.
    ///
    /// # Safety
    ///
    /// Nobody may remove `parent`, or what it lies below, meanwhile.
    unsafe fn add_watched(&self, parent: &Kobject, name: &CStr) -> Result {
        let user: ARef<Dir<T>> = (&*self.dir).into();
        let watch = Watch::new(self.tree().module, move || user.remove_tree())?;

        // SAFETY: Nobody removes `parent` meanwhile, which the caller promises.
        unsafe { self.add_to(parent, name) }?;
        if let Some(watch) = watch {
            // It was added, which works once.
            self.watch.populate(watch);
        }
        Ok(())
    }

    /// Does what [`Root::add`] does, below any kobject, in a tree that somebody else watches.
    ///
    /// # Safety
    ///
    /// Nobody may remove `parent`, or what it lies below, meanwhile.
    pub(super) unsafe fn add_to(&self, parent: &Kobject, name: &CStr) -> Result {
        let mut guard = self.tree().try_lock()?;

        guard.guard.top = self.kobj().addr();
        // SAFETY: Nobody removes `parent` meanwhile, which the caller promises.
        unsafe { self.dir.add_to(parent, &mut guard.held(), name) }
    }
}

impl<T: DirData> Deref for Root<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        &self.dir
    }
}

impl<T: DirData> Drop for Root<T> {
    fn drop(&mut self) {
        self.remove_tree();
    }
}
