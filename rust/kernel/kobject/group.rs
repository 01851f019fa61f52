// SPDX-License-Identifier: GPL-2.0

//! Groups of files of kobjects that somebody else has made.

use crate::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    devres,
    error::to_result,
    ffi,
    prelude::*,
    str::{
        CStr,
        CStrExt as _, //
    },
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};
use core::{
    ops::Deref,
    ptr, //
};

use super::{
    module::{
        Module,
        Watch, //
    },
    File,
    Kobject,
    Permanent, //
};

/// The data of a group of files. [`#[sysfs_group]`](macro@super::sysfs_group) implements it.
pub trait AttrGroup: Sized + Send + Sync + 'static {
    /// What is needed to make one.
    type Args;

    /// The directory that the files are in; without it they are in that of the kobject.
    const NAME: Option<&'static CStr>;

    /// The files. The last entry, and only that one, is `None`.
    const FILES: &'static [Option<&'static File<Self>>];

    /// Makes the data of a new group.
    fn new(args: &Self::Args) -> impl PinInit<Self, Error>;
}

/// The attribute of a file, as the directories of kobjects and of devices have it.
#[repr(C)]
#[derive(Clone, Copy)]
union Methods {
    kobj: bindings::kobj_attribute,
    dev: bindings::device_attribute,
}

/// A file of a group. Attributes do not say which group they belong to, so each group has its own.
#[repr(C)]
struct Entry<T: AttrGroup> {
    methods: Methods,
    file: &'static File<T>,
    data: *const T,
}

/// The files of a group, with their data.
///
/// # Invariants
///
/// - `attrs` are the attributes at the start of `_entries`, and a null pointer.
/// - The entries point to `data`.
/// - Unless `is_gone`, the files are in the directory of `kobj`, which is not removed.
struct Files<T: AttrGroup> {
    kobj: ARef<Kobject>,
    _entries: KVec<Entry<T>>,
    attrs: KVec<*mut bindings::attribute>,
    data: Pin<KBox<T>>,
    is_gone: Atomic<bool>,
}

// SAFETY: The data and the kobject can be sent, and the rest is not written to.
unsafe impl<T: AttrGroup> Send for Files<T> {}

// SAFETY: Likewise, they can be shared.
unsafe impl<T: AttrGroup> Sync for Files<T> {}

impl<T: AttrGroup> Files<T> {
    /// Makes the files, which are not shown yet.
    fn new(kobj: &Kobject, args: T::Args, methods: Methods) -> Result<Self> {
        let data = KBox::pin_init(T::new(&args), GFP_KERNEL)?;
        let mut entries = KVec::with_capacity(T::FILES.len(), GFP_KERNEL)?;
        let mut attrs = KVec::with_capacity(T::FILES.len(), GFP_KERNEL)?;

        for file in T::FILES.iter().copied().flatten() {
            let mut entry = Entry {
                methods,
                file,
                data: &raw const *data,
            };

            entry.methods.kobj.attr = file.attr;
            #[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
            {
                // Lockdep only takes the address.
                entry.methods.kobj.attr.key = (&raw const file.attr.skey).cast_mut();
            }
            entries.push(entry, GFP_KERNEL)?;
        }
        for entry in &mut entries {
            attrs.push(ptr::from_mut(entry).cast(), GFP_KERNEL)?;
        }
        attrs.push(ptr::null_mut(), GFP_KERNEL)?;

        // INVARIANT: Just made so. The data is in a box, and the entries are never moved again.
        Ok(Self {
            kobj: kobj.into(),
            _entries: entries,
            attrs,
            data,
            is_gone: Atomic::new(true),
        })
    }

    /// Returns the table for the C side, which it needs until it returns.
    fn table(&self) -> bindings::attribute_group {
        let mut group: bindings::attribute_group = pin_init::zeroed();

        group.name = T::NAME.map_or(ptr::null(), |name| name.as_char_ptr());
        group.__bindgen_anon_1.is_visible = Some(is_visible::<T>);
        // CAST: The C side only reads the array.
        group.__bindgen_anon_2.attrs = self.attrs.as_ptr().cast_mut();
        group
    }

    /// Removes the files, and waits for their methods. Does nothing if they are gone.
    fn remove(&self) {
        if !self.is_gone.xchg(true, Relaxed) {
            // SAFETY: The files were shown, and the kobject is not removed before they are.
            unsafe { bindings::sysfs_remove_group(self.kobj.as_raw(), &self.table()) };
        }
    }
}

/// The owner of a group of files in the directory of a kobject that somebody else has made.
///
/// Dropping it removes the files, and waits for their methods. Must not be dropped by one of them,
/// which would wait for itself.
pub struct Group<T: AttrGroup> {
    files: Arc<Files<T>>,
    /// Removes a group that its module has leaked.
    _watch: Option<Pin<KBox<Watch>>>,
}

impl<T: AttrGroup> Group<T> {
    /// Shows files in the directory of `kobj`.
    ///
    /// Fails with `EINVAL` if the files of the kobject are not those that `kobject_create()` is
    /// for, with `EEXIST` if there is something of that name, with `ENOMEM`, and as the data does.
    pub fn new(kobj: &'static Permanent, args: T::Args) -> Result<Self> {
        // SAFETY: A kobject that is never freed keeps its type.
        let ops = unsafe { (*(*kobj.as_raw()).ktype).sysfs_ops };
        let mut attr: bindings::kobj_attribute = pin_init::zeroed();

        if ops != &raw const bindings::kobj_sysfs_ops {
            return Err(EINVAL);
        }
        attr.__bindgen_anon_1.show = Some(show_of_kobj::<T>);
        attr.__bindgen_anon_2.store = Some(store_of_kobj::<T>);
        // SAFETY: The kobject is never removed, and calls the methods of a `kobj_attribute`.
        unsafe { Self::add_to(kobj, args, Methods { kobj: attr }) }
    }

    /// Shows files in the directory of a device, which owns them from then on, and removes them
    /// when its driver is unbound.
    ///
    /// Fails as [`Group::new`] does.
    pub fn add_to_device(dev: &Device<Bound>, args: T::Args) -> Result {
        let mut attr: bindings::device_attribute = pin_init::zeroed();
        let kobj: &Kobject = <Device as AsRef<Kobject>>::as_ref(dev);

        attr.__bindgen_anon_1.show = Some(show_of_dev::<T>);
        attr.__bindgen_anon_2.store = Some(store_of_dev::<T>);
        // SAFETY: The device is bound to its driver, and is not removed before it is unbound. It
        // calls the methods of a `device_attribute`.
        let group = unsafe { Self::add_to(kobj, args, Methods { dev: attr }) }?;

        devres::register(dev, group, GFP_KERNEL)
    }

    /// Shows files in the directory of a kobject.
    ///
    /// # Safety
    ///
    /// - Nobody may remove `kobj` as long as there is the group.
    /// - `methods` must be what the type of the kobject calls, and those of `T`.
    unsafe fn add_to(kobj: &Kobject, args: T::Args, methods: Methods) -> Result<Self> {
        let mut group = Self {
            files: Arc::new(Files::new(kobj, args, methods)?, GFP_KERNEL)?,
            _watch: None,
        };
        let files = group.files.clone();

        // SAFETY: The kobject is in sysfs and stays there, and calls the methods with what they
        // are for. The attributes live until the files are removed.
        to_result(unsafe { bindings::sysfs_create_group(kobj.as_raw(), &files.table()) })?;
        // INVARIANT: From here on, the files are shown.
        files.is_gone.store(false, Relaxed);
        let module = Module::of(show_of_kobj::<T> as *const ());
        group._watch = Watch::new(module, move || files.remove())?;
        Ok(group)
    }
}

impl<T: AttrGroup> Deref for Group<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.files.data
    }
}

impl<T: AttrGroup> Drop for Group<T> {
    fn drop(&mut self) {
        self.files.remove();
    }
}

/// Returns the file of an attribute, and the data of its group.
///
/// # Safety
///
/// `attr` must be the attribute of an [`Entry<T>`], whose file is active for `'a`.
unsafe fn entry<'a, T: AttrGroup>(attr: *const ffi::c_void) -> (&'static File<T>, &'a T) {
    // SAFETY: The attribute is at the start of the `repr(C)` structure.
    let entry = unsafe { &*attr.cast::<Entry<T>>() };

    // SAFETY: The data is there until the file is removed.
    (entry.file, unsafe { &*entry.data })
}

/// Returns the mode of a file, or 0 if the group does not have it.
///
/// # Safety
///
/// `attr` must be the attribute of an [`Entry<T>`].
unsafe extern "C" fn is_visible<T: AttrGroup>(
    _kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    _nr: ffi::c_int,
) -> bindings::umode_t {
    // SAFETY: The caller's promise; the files are being shown.
    let (file, data) = unsafe { entry::<T>(attr.cast()) };

    file.visible_mode(data)
}

/// Defines the methods of the attributes of groups, for one kind of kobject.
macro_rules! methods {
    ($show:ident, $store:ident, $of:ty, $attr:ty, |$ptr:ident| $kobj:expr) => {
        /// Shows a file.
        ///
        /// # Safety
        ///
        /// - `attr` must be the attribute of an [`Entry<T>`], which the caller keeps active.
        /// - `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller has
        ///   initialized.
        unsafe extern "C" fn $show<T: AttrGroup>(
            _of: *mut $of,
            attr: *mut $attr,
            page: *mut ffi::c_char,
        ) -> isize {
            // SAFETY: The caller's promise.
            let (file, data) = unsafe { entry::<T>(attr.cast()) };

            // SAFETY: The caller's promise.
            unsafe { file.show_in(data, page) }
        }

        /// Stores what was written to a file.
        ///
        /// # Safety
        ///
        /// - `attr` must be the attribute of an [`Entry<T>`] of `of`, which the caller keeps
        ///   active.
        /// - `buf` must point to `count` bytes with a NUL behind them that nobody changes
        ///   meanwhile.
        unsafe extern "C" fn $store<T: AttrGroup>(
            $ptr: *mut $of,
            attr: *mut $attr,
            buf: *const ffi::c_char,
            count: usize,
        ) -> isize {
            // SAFETY: The caller's promise.
            let (file, data) = unsafe { entry::<T>(attr.cast()) };

            // SAFETY: The caller's promise, and the kobject is that of the file.
            unsafe { file.store_from(data, $kobj, T::NAME, buf, count) }
        }
    };
}

methods!(
    show_of_kobj,
    store_of_kobj,
    bindings::kobject,
    bindings::kobj_attribute,
    |kobj| kobj
);
methods!(
    show_of_dev,
    store_of_dev,
    bindings::device,
    bindings::device_attribute,
    // SAFETY: The device is alive.
    |dev| &raw mut (*dev).kobj
);
