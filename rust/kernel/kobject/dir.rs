// SPDX-License-Identifier: GPL-2.0

//! Directories: kobjects with their data, and their owners.

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Refcount, //
    },
    types::Opaque, //
};
use core::{
    mem::{
        self,
        ManuallyDrop,
        MaybeUninit, //
    },
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    }, //
};

use pin_init::Wrapper;

use super::{
    tables::{
        self,
        InDir, //
    },
    DirData,
    Held,
    Kobject,
    Setup,
    Tree,
    TreeGuard, //
};

/// What all directories start with.
#[repr(C)]
pub(super) struct Head {
    kobj: Opaque<bindings::kobject>,
    pub(super) tree: ManuallyDrop<Arc<Tree>>,
    /// How many references to the [`Dir`] there are.
    users: Refcount,
    /// Whether the directory can be seen. It changes with the lock of the tree held.
    is_in_sysfs: Atomic<bool>,
}

impl Head {
    /// Returns the start of the directory of a kobject.
    ///
    /// # Safety
    ///
    /// `kobj` must be the kobject of a [`Dir`] that has a user for all of `'a`.
    pub(super) unsafe fn from_kobj<'a>(kobj: *const bindings::kobject) -> &'a Self {
        // SAFETY: The kobject is at the start of the `repr(C)` structure, which is there for `'a`
        // and is only shared until then.
        unsafe { &*kobj.cast::<Self>() }
    }
}

/// A directory: a kobject together with its data, as the methods of files see it.
///
/// Its users are its owner, and who has an [`ARef`] of it: that keeps the data, but lets the
/// directory be removed from sysfs.
///
/// # Invariants
///
/// - A `Dir` is made by [`Subdir::new`] alone, in a [`KBox`], and freed by its `release`.
/// - As long as it has users, `tree` and `data` are there, and the users own one reference to the
///   kobject together.
/// - The kobject is added and deleted with the lock of the tree held.
#[repr(C)]
#[pin_data]
pub struct Dir<T: DirData> {
    head: Head,
    #[pin]
    data: MaybeUninit<T>,
}

// SAFETY: The data and the tree can be sent, and the kobject is for the C side, which locks it, or
// is used with the lock of the tree held.
unsafe impl<T: DirData> Send for Dir<T> {}

// SAFETY: The data and the tree can be shared; the C side or the tree's lock guards the kobject.
unsafe impl<T: DirData> Sync for Dir<T> {}

impl<T: DirData> Dir<T> {
    /// Takes the lock of the tree if nobody holds it, and fails with `EBUSY` otherwise.
    pub fn try_lock(&self) -> Result<TreeGuard<'_>> {
        self.head.tree.try_lock()
    }

    /// Wakes who polls `file`, which has changed.
    ///
    /// Fails with `ENOENT` if the directory is not in sysfs, and with `EINVAL` if it is the lock of
    /// another tree that is held. Does nothing if there is no such file.
    pub fn notify(&self, held: &Held<'_>, file: &CStr) -> Result {
        let kobj = self.in_sysfs(held)?.as_raw();
        // SAFETY: The kobject was added. As the lock is held, and borrowed, nobody removes it
        // meanwhile.
        unsafe { bindings::sysfs_notify(kobj, ptr::null(), file.as_char_ptr()) };
        Ok(())
    }

    /// Removes the directory. Please see [`Subdir::remove`].
    pub(super) fn remove(&self, held: &mut Held<'_>) -> Result {
        held.check(&self.head.tree)?;
        held.below.remove(self.kobj());
        if self.head.is_in_sysfs.xchg(false, Relaxed) {
            // SAFETY: The kobject was added, by us. With the lock held exclusively, nobody adds
            // or removes anything below it meanwhile; there are no trees with other locks below
            // it any more.
            unsafe { bindings::kobject_del(self.kobj()) };
        }
        self.remove_dirs(held)
    }

    /// Returns the kobject. Fails with `EINVAL` for the lock of another tree, and with `ENOENT` if
    /// the directory is not in sysfs.
    pub(super) fn in_sysfs(&self, held: &Held<'_>) -> Result<&Kobject> {
        held.check(&self.head.tree)?;
        if !self.head.is_in_sysfs.load(Relaxed) {
            return Err(ENOENT);
        }
        // SAFETY: The kobject is initialized, and there as long as we are.
        Ok(unsafe { Kobject::from_raw(self.kobj()) })
    }

    /// Takes the lock of the tree, and removes the directory. Not for methods of its files.
    pub(super) fn remove_from_sysfs(&self) {
        let mut guard = self.head.tree.lock();

        // That fails only for the lock of another tree.
        let _ = self.remove(&mut guard.held());
    }

    /// Removes the tree that the directory is the top of: what holds its lock is asked to end
    /// first. Not for methods of its files.
    pub(super) fn remove_tree(&self) {
        self.head.tree.revoke();
        self.remove_from_sysfs();
    }

    /// Returns the tree that the directory belongs to.
    pub fn tree(&self) -> &Arc<Tree> {
        &self.head.tree
    }

    /// Returns the kobject as the C side wants it.
    pub(super) fn kobj(&self) -> *mut bindings::kobject {
        self.head.kobj.get()
    }
}

impl<T: DirData> Deref for Dir<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: Who has a reference has seen to it that there is a user: the data is there.
        unsafe { self.data.assume_init_ref() }
    }
}

// SAFETY: A directory is there as long as it has users.
unsafe impl<T: DirData> AlwaysRefCounted for Dir<T> {
    fn inc_ref(&self) {
        self.head.users.inc();
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        let dir = obj.as_ptr();

        // SAFETY: The caller is a user, so that the directory is there.
        if !unsafe { obj.as_ref() }.head.users.dec_and_test() {
            return;
        }
        // SAFETY: There are no other users, so that the data, which is there, is not used any more.
        unsafe { (*dir).data.assume_init_drop() };
        // SAFETY: There are no other users, so that the tree, which is there, is not used any more.
        unsafe { ManuallyDrop::drop(&mut (*dir).head.tree) };
        // SAFETY: Who has a reference to the kobject can only give it back now, and nobody does
        // the last time: we own one. The table that `release` is called from must not be that of a
        // module any more.
        unsafe { (*dir.cast::<bindings::kobject>()).ktype = tables::GONE };
        // SAFETY: The users own this reference, and none is left.
        unsafe { bindings::kobject_put(dir.cast()) };
    }
}

/// The owner of a directory below another one.
///
/// What contains it removes it before it is dropped. One that is dropped all the same while it can
/// be seen stays for ever.
pub struct Subdir<T: DirData>(ARef<Dir<T>>);

impl<T: DirData> Subdir<T> {
    /// Makes a directory, with its subdirectories, that is not in sysfs yet, for the tree that
    /// `setup` is for.
    ///
    /// Fails with `ENOMEM`, with `EINVAL` if its code is of another module than that of the tree,
    /// and as the data of the directory does.
    pub fn new<A>(setup: &Setup<'_, A>, args: T::Args) -> Result<Self> {
        let tree = setup.tree();
        if InDir::<T>::module() != tree.module {
            return Err(EINVAL);
        }

        let setup = Setup::new(tree, args);
        let dir = KBox::pin_init(
            try_pin_init!(Dir {
                data <- MaybeUninit::pin_init(T::new(&setup)),
                // Nothing fails from here on.
                head: Head {
                    kobj: Opaque::zeroed(),
                    tree: ManuallyDrop::new(tree.clone()),
                    users: Refcount::new(1),
                    is_in_sysfs: Atomic::new(false),
                },
            }? Error),
            tree.gfp(),
        )?;
        // SAFETY: The directory stays where it is until it is freed.
        let dir = NonNull::from(KBox::leak(unsafe { Pin::into_inner_unchecked(dir) }));

        // SAFETY: The kobject is zeroed memory that nobody else knows yet, and the `kobj_type` is
        // there for as long as the module of the tree, which has the code of `Dir<T>`.
        unsafe { bindings::kobject_init(dir.as_ptr().cast(), InDir::<T>::ktype()) };

        // SAFETY: This is the one user, with the reference that `kobject_init()` made.
        Ok(Self(unsafe { ARef::from_raw(dir) }))
    }

    /// Shows the directory, with its files and subdirectories, as `name` below `parent`.
    ///
    /// Fails with `EEXIST` if there is something of that name, and if this was tried before; with
    /// `EINVAL` if `name` cannot be one, or if the directories and `held` are not of one tree; with
    /// `ENOENT` if `parent` is not in sysfs; and with `ENOMEM`. Nothing can be seen of it after a
    /// failure.
    pub fn add<P: DirData>(&self, parent: &Dir<P>, held: &mut Held<'_>, name: &CStr) -> Result {
        let parent = parent.in_sysfs(held)?;
        // SAFETY: The parent is removed with the lock of the tree held only, and that we have
        // exclusively. What the tree lies below is not removed before the tree is, for which that
        // takes the same lock.
        unsafe { self.add_to(parent, held, name) }
    }

    /// Removes the directory, with all that is below it, from sysfs, and waits for the methods of
    /// its files. Does nothing if it cannot be seen.
    ///
    /// Fails with `EINVAL` if it is the lock of another tree that is held. The methods of files
    /// have the [`Dir`], and not this: one that removes its own directory, or one above it, would
    /// wait for itself. Those of `detached` files can remove their own, with
    /// [`Detached::remove`](super::Detached::remove).
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        self.0.remove(held)
    }

    /// Does what [`Subdir::add`] does, below any kobject.
    ///
    /// # Safety
    ///
    /// Nobody may remove `parent`, or what it lies below, meanwhile.
    pub(super) unsafe fn add_to(
        &self,
        parent: &Kobject,
        held: &mut Held<'_>,
        name: &CStr,
    ) -> Result {
        held.check(&self.head.tree)?;
        if matches!(name.to_bytes(), b"" | b"." | b"..") || name.to_bytes().contains(&b'/') {
            return Err(EINVAL);
        }
        // SAFETY: The kobject is initialized, and with the lock held nobody else gives it a name.
        if !unsafe { (*self.kobj()).name }.is_null() {
            return Err(EEXIST);
        }
        // SAFETY: The kobjects are initialized, and ours was not added. `%s` asks for a string.
        // The caller keeps the parent from being removed.
        to_result(unsafe {
            bindings::kobject_add(
                self.kobj(),
                parent.as_raw(),
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        self.head.is_in_sysfs.store(true, Relaxed);
        T::add_dirs(self, held).inspect_err(|_| {
            // That fails only for the lock of another tree.
            let _ = self.remove(held);
        })
    }
}

impl<T: DirData> Deref for Subdir<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        &self.0
    }
}

impl<T: DirData> Drop for Subdir<T> {
    fn drop(&mut self) {
        // Removing it needs the lock, which our caller may have. What still can be seen, because
        // somebody has moved it out of where it was, has to stay.
        if self.head.is_in_sysfs.load(Relaxed) {
            mem::forget(self.0.clone());
        }
    }
}
