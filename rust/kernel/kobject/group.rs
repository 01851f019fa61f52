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
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        Mutex, //
    }, //
};
use core::{
    marker::PhantomData,
    mem,
    ops::Deref,
    ptr, //
};

use super::{
    attribute::{
        AnyAttribute,
        Of, //
    },
    calls::{
        self,
        Place, //
    },
    module::{
        Module,
        Watch, //
    },
    File,
    Kobject,
    Permanent, //
};

/// The data of a group of files. [`#[sysfs_group]`](macro@super::sysfs_group) implements it.
pub trait GroupData: Sized + Send + Sync + 'static {
    /// What is needed to make one.
    type Args;

    /// The directory that the files are in; without it they are in that of the kobject.
    const NAME: Option<&'static CStr>;

    /// The files. `None` stands for none.
    const FILES: &'static [Option<&'static File<Self>>];

    /// The binary files. `None` stands for none.
    const BIN_FILES: &'static [Option<&'static File<Self>>] = &[None];

    /// Makes the data of a new group.
    fn new(args: &Self::Args) -> impl PinInit<Self, Error>;
}

/// A file of a group. Attributes do not say which group they belong to, so each group has its own.
#[repr(C)]
struct Entry<T: GroupData> {
    attr: AnyAttribute,
    file: &'static File<T>,
    data: *const T,
}

/// Groups, as the place of their files.
pub(super) struct InGroup<T, O>(PhantomData<(T, O)>);

// SAFETY: `Of::kobj` returns the kobject. An attribute of such a file is at the start of an
// `Entry<T>`, which points to the file and to the data of the group.
unsafe impl<T: GroupData, O: Of> Place for InGroup<T, O> {
    type Of = O;
    type Attr = O::Attr;
    type Data = T;

    const GROUP: Option<&'static CStr> = T::NAME;

    fn kobj(of: *mut O) -> *mut bindings::kobject {
        O::kobj(of)
    }

    unsafe fn find<'a>(
        _kobj: *mut bindings::kobject,
        attr: *const bindings::attribute,
    ) -> (&'a File<T>, &'a T) {
        // SAFETY: The attribute is at the start of the `repr(C)` structure, which is there until
        // the file is removed.
        let entry = unsafe { &*attr.cast::<Entry<T>>() };

        // SAFETY: So is the data.
        (entry.file, unsafe { &*entry.data })
    }
}

/// The files of a group, with their data.
///
/// # Invariants
///
/// - `attrs` are the attributes at the start of `_entries`: those of `T::FILES` that are visible,
///   which are `nr_files`, a null pointer, those of `T::BIN_FILES`, and a null pointer.
/// - The entries point to `data`.
/// - If `are_shown`, the files are in the directory of `kobj`, which is not removed.
struct Files<T: GroupData> {
    kobj: ARef<Kobject>,
    _entries: KVec<Entry<T>>,
    attrs: KVec<*const bindings::attribute>,
    nr_files: usize,
    data: Pin<KBox<T>>,
    /// Who removes the files holds it until they are gone.
    are_shown: Pin<KBox<Mutex<bool>>>,
}

// SAFETY: The data and the kobject can be sent, and the rest is not written to.
unsafe impl<T: GroupData> Send for Files<T> {}

// SAFETY: The data and the kobject can be shared, and the rest is not written to.
unsafe impl<T: GroupData> Sync for Files<T> {}

impl<T: GroupData> Files<T> {
    /// Makes the files, which are not shown yet, of an `O`.
    fn new<O: Of>(kobj: &Kobject, args: T::Args) -> Result<Self> {
        let data = KBox::pin_init(T::new(&args), GFP_KERNEL)?;
        let is_visible = |file: &&&File<T>| file.visible_mode(&data) != 0;
        let files = T::FILES.iter().flatten().filter(is_visible);
        let nr_files = files.clone().count();
        let files = files.map(|file| (file, O::attr::<T>()));
        let bin_files = T::BIN_FILES.iter().flatten().filter(is_visible);
        let bin_files = bin_files.map(|file| {
            let mut bin = file.attr;

            bin.read = Some(calls::read::<InGroup<T, O>>);
            bin.write = Some(calls::write::<InGroup<T, O>>);
            (file, AnyAttribute { bin })
        });
        let mut entries = KVec::new();
        let mut attrs = KVec::new();

        for (&file, mut attr) in Iterator::chain(files, bin_files) {
            let data = &raw const *data;

            attr.common = file.attr.attr;
            #[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
            {
                // Lockdep only takes the address.
                attr.common.key = (&raw const file.attr.attr.skey).cast_mut();
            }
            entries.push(Entry { attr, file, data }, GFP_KERNEL)?;
        }
        let (files, bin_files) = entries.split_at_checked(nr_files).ok_or(EINVAL)?;
        for entries in [files, bin_files] {
            for entry in entries {
                attrs.push(ptr::from_ref(entry).cast(), GFP_KERNEL)?;
            }
            attrs.push(ptr::null(), GFP_KERNEL)?;
        }
        // INVARIANT: Just made so. The data is in a box, and the entries are never moved again.
        Ok(Self {
            kobj: kobj.into(),
            _entries: entries,
            attrs,
            nr_files,
            data,
            are_shown: KBox::pin_init(new_mutex!(false, "kobject::Files"), GFP_KERNEL)?,
        })
    }

    /// Returns the table for the C side, which it needs until it returns.
    fn table(&self, name: &CStr) -> bindings::attribute_group {
        let mut group: bindings::attribute_group = pin_init::zeroed();

        group.name = name.as_char_ptr();
        group.__bindgen_anon_2.attrs_const = self.attrs.as_ptr();
        // By the type invariant, that is where those of the binary files begin.
        group.bin_attrs = self
            .attrs
            .as_ptr()
            .wrapping_add(self.nr_files)
            .wrapping_add(1)
            .cast();
        group
    }

    /// Shows the files, all or none.
    ///
    /// # Safety
    ///
    /// They must not be shown yet. The kobject must be in sysfs, stay there until they are removed,
    /// and call the methods with what they are for.
    unsafe fn show(&self) -> Result {
        let kobj = self.kobj.as_raw();

        if let Some(name) = T::NAME {
            // SAFETY: The kobject is in sysfs, and the attributes live until they are removed.
            to_result(unsafe { bindings::sysfs_create_group(kobj, &self.table(name)) })?;
        } else {
            // There may be something of others that has one of these names. If so, functions of the
            // C side that make several files remove that as well.
            for nr in 0..self.attrs.len() {
                // SAFETY: The kobject is in sysfs.
                unsafe { self.create_file(nr) }.inspect_err(|_| {
                    // SAFETY: Those before it were made.
                    unsafe { self.remove_files(nr) };
                })?;
            }
        }
        // INVARIANT: From here on, the files are shown.
        *self.are_shown.lock() = true;
        Ok(())
    }

    /// Shows the file of an attribute, if there is one.
    ///
    /// # Safety
    ///
    /// The kobject must be in sysfs.
    unsafe fn create_file(&self, nr: usize) -> Result {
        let (kobj, Some(attr)) = (self.kobj.as_raw(), self.attrs.get(nr)) else {
            return Ok(());
        };

        to_result(match *attr {
            attr if attr.is_null() => 0,
            // SAFETY: The kobject is in sysfs, and the attribute lives until it is removed.
            attr if nr < self.nr_files => unsafe {
                bindings::sysfs_create_file_ns(kobj, attr, ptr::null())
            },
            // SAFETY: The kobject is in sysfs, and the attribute lives until it is removed. It is
            // the first thing in that of a binary file.
            attr => unsafe { bindings::sysfs_create_bin_file(kobj, attr.cast()) },
        })
    }

    /// Removes the files of the first `nr` attributes of a group without a name.
    ///
    /// # Safety
    ///
    /// They must be shown.
    unsafe fn remove_files(&self, nr: usize) {
        let kobj = self.kobj.as_raw();

        for attr in self.attrs.iter().take(nr).filter(|attr| !attr.is_null()) {
            // SAFETY: The kobject is in sysfs, and has the file. Its name is all that is looked at.
            unsafe { bindings::sysfs_remove_file_ns(kobj, *attr, ptr::null()) };
        }
    }

    /// Removes the files, and waits for their methods. Does nothing if they are gone.
    fn remove(&self) {
        let mut are_shown = self.are_shown.lock();

        if !mem::take(&mut *are_shown) {
            return;
        }
        match T::NAME {
            // SAFETY: The files were shown, and the kobject is not removed before they are.
            Some(name) => unsafe {
                bindings::sysfs_remove_group(self.kobj.as_raw(), &self.table(name))
            },
            // SAFETY: The files were shown.
            None => unsafe { self.remove_files(usize::MAX) },
        }
    }
}

/// The owner of a group of files in the directory of a kobject that somebody else has made.
///
/// Dropping it removes the files, and waits for their methods. Must not be dropped by one of them,
/// which would wait for itself.
pub struct Group<T: GroupData> {
    files: Arc<Files<T>>,
    /// Removes a group that its module has leaked.
    _watch: Option<Watch>,
}

impl<T: GroupData> Group<T> {
    /// Shows files in the directory of `kobj`.
    ///
    /// Fails with `EINVAL` if the files of the kobject are not those that `kobject_create()` is
    /// for, with `EEXIST` if there is something of that name, with `ENOMEM`, and as the data does.
    pub fn new(kobj: &'static Permanent, args: T::Args) -> Result<Self> {
        // SAFETY: A kobject that is never freed keeps its type.
        let ops = unsafe { (*(*kobj.as_raw()).ktype).sysfs_ops };

        if ops != &raw const bindings::kobj_sysfs_ops {
            return Err(EINVAL);
        }
        // SAFETY: The kobject is never removed, and calls the methods of a `kobj_attribute`.
        unsafe { Self::add_to::<bindings::kobject>(kobj, args) }
    }

    /// Shows files in the directory of a device, which owns them from then on, and removes them
    /// when its driver is unbound.
    ///
    /// Fails as [`Group::new`] does.
    pub fn add_to_device(dev: &Device<Bound>, args: T::Args) -> Result {
        let kobj: &Kobject = <Device as AsRef<Kobject>>::as_ref(dev);

        // SAFETY: The device is bound to its driver, and is not removed before it is unbound. It
        // calls the methods of a `device_attribute`.
        let group = unsafe { Self::add_to::<bindings::device>(kobj, args) }?;

        devres::register(dev, group, GFP_KERNEL)
    }

    /// Shows files in the directory of a kobject.
    ///
    /// # Safety
    ///
    /// - Nobody may remove `kobj` as long as there is the group.
    /// - `kobj` must be that of an `O`, and of a type that calls the methods of an `O::Attr`.
    unsafe fn add_to<O: Of>(kobj: &Kobject, args: T::Args) -> Result<Self> {
        let mut group = Self {
            files: Arc::new(Files::new::<O>(kobj, args)?, GFP_KERNEL)?,
            _watch: None,
        };
        let files = group.files.clone();

        // SAFETY: The files are new. The kobject is in sysfs and stays there, and calls the methods
        // with what they are for.
        unsafe { files.show() }?;
        let module = Module::of(calls::show::<InGroup<T, O>> as *const ());
        group._watch = Watch::new(module, move || files.remove())?;
        Ok(group)
    }
}

impl<T: GroupData> Deref for Group<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.files.data
    }
}

impl<T: GroupData> Drop for Group<T> {
    fn drop(&mut self) {
        self.files.remove();
    }
}
