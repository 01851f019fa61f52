// SPDX-License-Identifier: GPL-2.0

//! The files of a directory, and the C functions behind them.

use crate::{
    bindings,
    error::from_result,
    ffi,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        CStr,
        CStrExt as _, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr, //
};

use super::{
    dir::{
        self,
        Header, //
    },
    Dir,
    Directory,
    Output, //
};

/// Shows a file of a directory.
type Show<T> = fn(&Dir<T>, &mut Output<'_>) -> Result;

/// Takes what user space wrote to a file of a directory: a string that ends with the first NUL.
type Store<T> = fn(&Dir<T>, &CStr) -> Result;

/// Tells whether a directory has a file.
type Visible<T> = fn(&T) -> bool;

/// One file of the directories of type `T`.
///
/// # Invariants
///
/// `attr` is the first field, so that a pointer to it is a pointer to the file.
#[repr(C)]
pub struct File<T: Directory> {
    attr: bindings::attribute,
    show: Option<Show<T>>,
    store: Option<Store<T>>,
    visible: Option<Visible<T>>,
    /// Whether a write wakes who polls the file.
    notifies: bool,
}

/// Tells whether C's `VERIFY_OCTAL_PERMISSIONS()` takes a mode.
const fn is_valid_mode(mode: u16) -> bool {
    let (user, group, other) = (mode >> 6 & 7, mode >> 3 & 7, mode & 7);

    // Who is less close to the file may not read more, or write more; and others write nothing.
    mode <= 0o777
        && user & 4 >= group & 4
        && group & 4 >= other & 4
        && user & 2 >= group & 2
        && other & 2 == 0
}

impl<T: Directory> File<T> {
    /// Describes a file of the mode `MODE`, which is checked when this is compiled. One without
    /// `show` or `store` fails reads or writes with `EIO`.
    pub const fn new<const MODE: u16>(
        name: &'static CStr,
        show: Option<Show<T>>,
        store: Option<Store<T>>,
    ) -> Self {
        const { assert!(is_valid_mode(MODE), "invalid mode of a file of sysfs") };

        let mut attr: bindings::attribute = pin_init::zeroed();

        attr.name = as_char_ptr_in_const_context(name);
        attr.mode = MODE;

        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self {
            attr,
            show,
            store,
            visible: None,
            notifies: false,
        }
    }

    /// Describes the same file, but one that only those directories have that `visible` says
    /// `true` for when they are shown.
    pub const fn visible_if(&self, visible: Visible<T>) -> Self {
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self {
            visible: Some(visible),
            ..*self
        }
    }

    /// Describes the same file, but one that wakes who polls it with each write that succeeds.
    pub const fn notifying(&self) -> Self {
        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self {
            notifies: true,
            ..*self
        }
    }

    /// Describes the same file under a second name.
    pub const fn alias(&self, name: &'static CStr) -> Self {
        let mut attr = self.attr;

        attr.name = as_char_ptr_in_const_context(name);

        // INVARIANT: `attr` is the first field of the `repr(C)` structure.
        Self { attr, ..*self }
    }

    /// Shows the file of `dir`.
    pub(super) fn show(&self, dir: &Dir<T>, out: &mut Output<'_>) -> Result {
        self.show.ok_or(EIO)?(dir, out)
    }

    /// Stores what was written to the file of `dir`.
    pub(super) fn store(&self, dir: &Dir<T>, input: &CStr) -> Result {
        self.store.ok_or(EIO)?(dir, input)
    }
}

/// The files of a directory type.
///
/// # Invariants
///
/// The last entry of the slice, and only that one, is `None`.
pub struct FileList<T: Directory>(&'static [Option<&'static File<T>>]);

impl<T: Directory> FileList<T> {
    /// Makes the list from `files`, which ends with one `None`.
    ///
    /// Anything else is a compile-time error, since lists are made in constants.
    pub const fn new(files: &'static [Option<&'static File<T>>]) -> Self {
        let mut i = 0;

        assert!(!files.is_empty(), "the list ends with `None`");
        while i < files.len() {
            assert!(
                files[i].is_none() == (i == files.len() - 1),
                "the last entry, and only that one, is `None`"
            );
            i += 1;
        }

        // INVARIANT: Just checked.
        Self(files)
    }

    /// Finds the file called `name`.
    #[cfg(CONFIG_RUST_KOBJECT_KUNIT_TEST)]
    pub(super) fn find(&self, name: &CStr) -> Option<&'static File<T>> {
        self.0.iter().copied().flatten().find(|file| {
            // SAFETY: The name of a file was made of a static `CStr`.
            let this = unsafe { CStr::from_char_ptr(file.attr.name) };

            this == name
        })
    }
}

/// The type of the kobjects of a type of directories, and how those are freed.
///
/// # Invariants
///
/// `free` is [`dir::free`] for the type of directories.
#[repr(C)]
pub(super) struct DirType {
    ktype: bindings::kobj_type,
    pub(super) free: unsafe fn(*mut bindings::kobject),
}

/// The C tables of the directories of type `T`.
pub(super) struct Tables<T: Directory>(PhantomData<T>);

impl<T: Directory> Tables<T> {
    const SYSFS_OPS: &'static bindings::sysfs_ops = &bindings::sysfs_ops {
        show: Some(show::<T>),
        store: Some(store::<T>),
    };

    const GROUP: &'static bindings::attribute_group = &{
        let mut group: bindings::attribute_group = pin_init::zeroed();

        group.__bindgen_anon_1.is_visible = Some(is_visible::<T>);
        // CAST: An `Option<&File<T>>` is a pointer to a `File<T>`, or null, and by the invariant
        // of `File` that is a pointer to its `attribute`. By the invariant of `FileList` the
        // array ends with a null pointer.
        group.__bindgen_anon_2.attrs_const = T::FILES.0.as_ptr().cast();
        group
    };

    const GROUPS: &'static [*const bindings::attribute_group; 2] = &[Self::GROUP, ptr::null()];

    // INVARIANT: `free` is that for `T`.
    const TYPE: &'static DirType = &{
        let mut ktype: bindings::kobj_type = pin_init::zeroed();

        ktype.release = Some(dir::release);
        ktype.sysfs_ops = Self::SYSFS_OPS;
        // CAST: The C side only reads the array.
        ktype.default_groups = Self::GROUPS.as_ptr().cast_mut();
        ktype.get_ownership = Some(get_ownership);
        DirType {
            ktype,
            free: dir::free::<T>,
        }
    };

    /// Returns the `kobj_type` of the directories of type `T`.
    pub(super) fn ktype() -> *const bindings::kobj_type {
        &raw const Self::TYPE.ktype
    }

    /// Returns the module that the code of the directories belongs to, or null.
    #[cfg(CONFIG_MODULES)]
    pub(super) fn module() -> *mut bindings::module {
        super::module::of(dir::free::<T> as *const ())
    }

    /// Returns null: there are no modules.
    #[cfg(not(CONFIG_MODULES))]
    pub(super) fn module() -> *mut bindings::module {
        ptr::null_mut()
    }
}

/// Tells whom a directory and its files belong to.
///
/// # Safety
///
/// `kobj` must be the kobject of a [`Dir`], and `uid` and `gid` must be valid for writes.
unsafe extern "C" fn get_ownership(
    kobj: *const bindings::kobject,
    uid: *mut bindings::kuid_t,
    gid: *mut bindings::kgid_t,
) {
    // SAFETY: The kobject is at the start of the `Header` of its directory, which is alive.
    let owner = unsafe { &*kobj.cast::<Header>() }.tree.owner;

    // SAFETY: `uid` is valid for a write.
    unsafe { (*uid).val = owner.uid };
    // SAFETY: `gid` is valid for a write.
    unsafe { (*gid).val = owner.gid };
}

/// Returns the mode of a file, or 0 if the directory does not have it.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], which is alive.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
unsafe extern "C" fn is_visible<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    _nr: ffi::c_int,
) -> bindings::umode_t {
    // SAFETY: `kobj` is the kobject of a directory, which is alive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: By the invariant of `File`, a pointer to an `attribute` of `T::FILES`, all of which
    // are static, is a pointer to the file.
    let file = unsafe { &*attr.cast::<File<T>>() };

    match file.visible {
        Some(visible) if !visible(dir) => 0,
        _ => file.attr.mode,
    }
}

/// Shows a file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller initialised.
unsafe extern "C" fn show<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    page: *mut ffi::c_char,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which lives until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: By the invariant of `File`, a pointer to an `attribute` of `T::FILES`, all of which
    // are static, is a pointer to the file.
    let file = unsafe { &*attr.cast::<File<T>>() };
    // SAFETY: `page` is valid for `PAGE_SIZE` initialised bytes, which only we write meanwhile.
    let page = unsafe { &mut *page.cast::<[u8; PAGE_SIZE]>() };

    from_result(|| {
        let mut out = Output::new(page);

        file.show(dir, &mut out)?;
        Ok(isize::try_from(out.as_bytes().len())?)
    })
}

/// Stores what was written to a file.
///
/// # Safety
///
/// - `kobj` must be the kobject of a [`Dir<T>`], whose files the caller keeps active.
/// - `attr` must be the `attribute` of an entry of `T::FILES`.
/// - `buf` must point to `count` bytes with a NUL behind them that nobody changes meanwhile.
unsafe extern "C" fn store<T: Directory>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    buf: *const ffi::c_char,
    count: usize,
) -> isize {
    // SAFETY: `kobj` is the kobject of a directory, which lives until its files are inactive.
    let dir = unsafe { Dir::<T>::from_kobj(kobj) };
    // SAFETY: By the invariant of `File`, a pointer to an `attribute` of `T::FILES`, all of which
    // are static, is a pointer to the file.
    let file = unsafe { &*attr.cast::<File<T>>() };
    // SAFETY: `buf` is a string that ends with a NUL, and stays as it is.
    let input = unsafe { CStr::from_char_ptr(buf) };

    from_result(|| {
        file.store(dir, input)?;
        if file.notifies {
            // SAFETY: The caller keeps the file active, so that the directory is not removed. The
            // name is that of the file.
            unsafe { bindings::sysfs_notify(kobj, ptr::null(), file.attr.name) };
        }
        Ok(isize::try_from(count)?)
    })
}
