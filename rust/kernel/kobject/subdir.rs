// SPDX-License-Identifier: GPL-2.0

//! The owners of directories: how those come and go.

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    str::{
        CStr,
        CStrExt as _, //
    },
    sync::Arc,
    types::Opaque, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};

use super::{
    dir::Header,
    file::Tables,
    Dir,
    Directory,
    Held,
    Setup,
    Tree, //
};

/// The name of a directory.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    Text(&'a CStr),
    Nr(i32),
}

impl Name<'_> {
    /// Fails with `EINVAL` for what cannot be a name.
    fn check(self) -> Result {
        if let Self::Text(name) = self {
            let name = name.to_bytes();

            if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') {
                return Err(EINVAL);
            }
        }
        Ok(())
    }
}

/// The owner of a directory below another one.
///
/// What contains it removes it before it is dropped. One that is dropped all the same while it can
/// be seen stays for ever.
///
/// # Invariants
///
/// `dir` points to a directory of which this owns one reference, and nobody else adds or removes
/// its kobject.
pub struct Subdir<T: Directory> {
    dir: NonNull<Dir<T>>,
}

// SAFETY: A `Subdir` owns its data, and the kobject may be removed by any thread.
unsafe impl<T: Directory> Send for Subdir<T> {}

// SAFETY: A shared `Subdir` gives shared access to the data, which is `Sync`, and to the kobject,
// which changes with the lock of the tree held only.
unsafe impl<T: Directory> Sync for Subdir<T> {}

impl<T: Directory> Subdir<T> {
    /// Makes a directory, with its subdirectories, that is not in sysfs yet, for the tree that
    /// `setup` is for.
    ///
    /// Fails with `ENOMEM`, and as the data of the directory does.
    pub fn new<A>(setup: &Setup<'_, A>, args: T::Args) -> Result<Self> {
        Self::new_in(setup.tree(), args)
    }

    pub(super) fn new_in(tree: &Arc<Tree>, args: T::Args) -> Result<Self> {
        let setup = Setup::new(tree, args);
        let dir = KBox::pin_init(
            try_pin_init!(Dir {
                header: Header {
                    kobj: Opaque::zeroed(),
                    tree: tree.clone(),
                },
                data <- T::new(&setup),
            }? Error),
            GFP_KERNEL,
        )?;
        // SAFETY: The directory stays where it is until it is freed.
        let dir = NonNull::from(KBox::leak(unsafe { Pin::into_inner_unchecked(dir) }));

        // SAFETY: The kobject is zeroed memory that nobody else knows yet, and the `kobj_type` is
        // static and belongs to `Dir<T>`.
        unsafe { bindings::kobject_init(dir.as_ptr().cast(), Tables::<T>::ktype()) };

        // INVARIANT: `kobject_init()` made the reference that we own. The kobject has the type for
        // `T`, as the invariant of `Header` asks.
        Ok(Self { dir })
    }

    /// Shows the directory, with its files and subdirectories, as `name` below `parent`.
    ///
    /// Works once, and fails with `EEXIST` after that, and if there is something of that name;
    /// with `EINVAL` if `name` cannot be one, or if the directories and `held` are not of one tree;
    /// with `ENOENT` if `parent` is not in sysfs; and with `ENOMEM`. Nothing can be seen of it
    /// after a failure.
    pub fn add<P: Directory>(&self, parent: &Dir<P>, held: &mut Held<'_>, name: &CStr) -> Result {
        self.add_below(parent, held, Name::Text(name))
    }

    pub(super) fn add_below<P: Directory>(
        &self,
        parent: &Dir<P>,
        held: &mut Held<'_>,
        name: Name<'_>,
    ) -> Result {
        held.check(parent.tree())?;
        if !parent.is_in_sysfs() {
            return Err(ENOENT);
        }
        // SAFETY: The parent is initialised. It is removed with the lock of the tree held only, and
        // that we have exclusively; what the tree itself lies below is not removed before it.
        unsafe { self.add_to(parent.kobj(), held, name) }
    }

    /// Does what [`Subdir::add`] does, below any kobject.
    ///
    /// # Safety
    ///
    /// `parent` must be initialised, and nobody may remove it, or what it lies below, meanwhile.
    pub(super) unsafe fn add_to(
        &self,
        parent: *mut bindings::kobject,
        held: &mut Held<'_>,
        name: Name<'_>,
    ) -> Result {
        held.check(self.tree())?;
        name.check()?;

        let kobj = self.kobj();

        // SAFETY: The kobject is initialised, and with the lock held nobody else gives it a name.
        if !unsafe { (*kobj).name }.is_null() {
            return Err(EEXIST);
        }
        to_result(match name {
            Name::Text(name) => {
                // SAFETY: The kobjects are initialised, and ours was not added. `%s` asks for a
                // string. The caller keeps the parent from being removed.
                unsafe {
                    bindings::kobject_add(kobj, parent, c"%s".as_char_ptr(), name.as_char_ptr())
                }
            }
            Name::Nr(nr) => {
                // SAFETY: The kobjects are initialised, and ours was not added. `%d` asks for an
                // `int`. The caller keeps the parent from being removed.
                unsafe { bindings::kobject_add(kobj, parent, c"%d".as_char_ptr(), nr) }
            }
        })?;
        T::add_dirs(self, held).inspect_err(|_| {
            // That fails only for the lock of another tree.
            let _ = self.remove(held);
        })
    }

    /// Removes the directory, with all that is below it, from sysfs, and waits for the methods of
    /// its files. Does nothing if it cannot be seen.
    ///
    /// Fails with `EINVAL` if it is the lock of another tree that is held. Must not be called by a
    /// method of a file of the directory or below, which would wait for itself.
    pub fn remove(&self, held: &mut Held<'_>) -> Result {
        held.check(self.tree())?;
        if self.is_in_sysfs() {
            // SAFETY: The kobject was added, by us. With the lock held exclusively, nobody adds
            // or removes anything below it meanwhile.
            unsafe { bindings::kobject_del(self.kobj()) };
        }
        self.remove_dirs(held)
    }

    /// Returns a reference that keeps the directory alive, even if it is removed.
    pub(super) fn keep(&self) -> Kept<T> {
        // SAFETY: The kobject is initialised.
        unsafe { bindings::kobject_get(self.kobj()) };
        // INVARIANT: We own the reference that this made.
        Kept { dir: self.dir }
    }
}

impl<T: Directory> Deref for Subdir<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        // SAFETY: By the invariant of `Subdir` the directory is alive, and it is only shared.
        unsafe { self.dir.as_ref() }
    }
}

impl<T: Directory> Drop for Subdir<T> {
    fn drop(&mut self) {
        // Removing it needs the lock, which our caller may have. What still can be seen, because
        // somebody has moved it out of where it was, has to stay.
        if self.is_in_sysfs() {
            return;
        }
        self.tree().give_up();
        // SAFETY: By the invariant of `Subdir` we own one reference, and do not use the directory
        // after this.
        unsafe { bindings::kobject_put(self.dir.as_ptr().cast()) };
    }
}

/// A reference to a directory that may be removed meanwhile.
///
/// # Invariants
///
/// `dir` points to a directory of which this owns one reference.
pub(super) struct Kept<T: Directory> {
    dir: NonNull<Dir<T>>,
}

impl<T: Directory> Deref for Kept<T> {
    type Target = Dir<T>;

    fn deref(&self) -> &Dir<T> {
        // SAFETY: By the invariant of `Kept` the directory is alive, and it is only shared.
        unsafe { self.dir.as_ref() }
    }
}

impl<T: Directory> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: By the invariant of `Kept` we own one reference, and do not use the directory
        // after this.
        unsafe { bindings::kobject_put(self.dir.as_ptr().cast()) };
    }
}
