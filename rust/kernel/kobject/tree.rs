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
        MutexGuard, //
    }, //
};
use core::{
    cell::UnsafeCell,
    ops::Deref,
    ptr, //
};

use super::{
    module::{
        Module,
        Watch, //
    },
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
    lock: Mutex<()>,
    pub(super) owner: Owner,
    /// What the owner may do, if the tree is delegated to him.
    pub(super) policy: Option<Arc<dyn Policy>>,
    /// Whose code the directories need.
    pub(super) module: Module,
}

impl Tree {
    pub(super) fn new(
        owner: Owner,
        policy: Option<Arc<dyn Policy>>,
        module: Module,
        class: Pin<&'static LockClassKey>,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                lock <- Mutex::new((), c"kobject::Tree::lock", class),
                owner,
                policy,
                module,
            }),
            GFP_KERNEL,
        )
    }

    /// Takes the lock if nobody holds it, and fails with `EBUSY` otherwise. Never sleeps.
    pub fn try_lock(&self) -> Result<TreeGuard<'_>> {
        let guard = self.lock.try_lock().ok_or(EBUSY)?;

        Ok(TreeGuard { tree: self, guard })
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
    #[expect(dead_code)]
    guard: MutexGuard<'a, ()>,
}

impl TreeGuard<'_> {
    /// Returns the proof that the lock is held.
    pub fn held(&mut self) -> Held<'_> {
        // INVARIANT: The guard holds the lock, and is borrowed exclusively for as long.
        Held { tree: self.tree }
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
    tree: &'a Tree,
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
            tree: setup.tree.clone(),
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
    _watch: Option<Pin<KBox<Watch>>>,
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
        let tree = Tree::new(owner, None, InDir::<T>::module(), T::lock_class())?;

        Self::of_tree(args, &tree)
    }

    /// Makes the directory at the top of a tree.
    pub(super) fn of_tree(args: T::Args, tree: &Arc<Tree>) -> Result<Self> {
        let dir = Subdir::<T>::new(&Setup::new(tree, ()), args)?;
        let user: ARef<Dir<T>> = (&*dir).into();

        Ok(Self {
            dir,
            _watch: Watch::new(tree.module, move || user.remove_from_sysfs())?,
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
    /// Works once, and fails with `EEXIST` after that, and if there is something of that name;
    /// with `EINVAL` if `name` cannot be one, and with `ENOMEM`. Nothing can be seen after a
    /// failure.
    pub fn add(&self, parent: &'static Permanent, name: &CStr) -> Result {
        // SAFETY: A permanent kobject is never removed, and so neither is what it lies below.
        unsafe { self.add_to(parent, name) }
    }

    /// Shows the tree as `name` in the directory of a device, which owns the tree from then on,
    /// and removes it when its driver is unbound.
    ///
    /// Fails as [`Root::add`] does.
    pub fn add_to_device(self, dev: &Device<Bound>, name: &CStr) -> Result {
        // SAFETY: The device is bound to its driver, and is not removed before it is unbound.
        unsafe { self.add_to(<Device as AsRef<Kobject>>::as_ref(dev), name) }?;
        devres::register(dev, self, GFP_KERNEL)
    }

    /// Does what [`Root::add`] does, below any kobject.
    ///
    /// # Safety
    ///
    /// Nobody may remove `parent`, or what it lies below, meanwhile.
    pub(super) unsafe fn add_to(&self, parent: &Kobject, name: &CStr) -> Result {
        let mut guard = self.tree().lock();

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
        self.tree().revoke();
        self.remove_from_sysfs();
    }
}
