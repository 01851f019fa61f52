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
    prelude::*,
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
    marker::PhantomData,
    mem::offset_of,
    ops::Deref,
    ptr, //
};

use super::{
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

/// The attribute of a file, as kobjects and devices have it, and as binary files have it.
#[repr(C)]
#[derive(Clone, Copy)]
union AnyAttribute {
    common: bindings::attribute,
    kobj: bindings::kobj_attribute,
    dev: bindings::device_attribute,
    bin: bindings::bin_attribute,
}

/// A file of a group. Attributes do not say which group they belong to, so each group has its own.
#[repr(C)]
struct Entry<T: GroupData> {
    attr: AnyAttribute,
    file: &'static File<T>,
    data: *const T,
}

/// Whose the files of a group are: a `kobject`, or a `device`.
trait Of: Sized {
    /// What the attributes of its files are.
    type Attr;

    /// Returns the kobject.
    fn kobj(this: *mut Self) -> *mut bindings::kobject;

    /// Returns an attribute with the methods of files.
    fn attr<T: GroupData>() -> AnyAttribute;
}

impl Of for bindings::kobject {
    type Attr = bindings::kobj_attribute;

    fn kobj(this: *mut Self) -> *mut bindings::kobject {
        this
    }

    fn attr<T: GroupData>() -> AnyAttribute {
        let mut kobj: bindings::kobj_attribute = pin_init::zeroed();

        kobj.__bindgen_anon_1.show = Some(calls::show::<InGroup<T, Self>>);
        kobj.__bindgen_anon_2.store = Some(calls::store::<InGroup<T, Self>>);
        AnyAttribute { kobj }
    }
}

impl Of for bindings::device {
    type Attr = bindings::device_attribute;

    fn kobj(this: *mut Self) -> *mut bindings::kobject {
        this.wrapping_byte_add(offset_of!(bindings::device, kobj))
            .cast()
    }

    fn attr<T: GroupData>() -> AnyAttribute {
        let mut dev: bindings::device_attribute = pin_init::zeroed();

        dev.__bindgen_anon_1.show = Some(calls::show::<InGroup<T, Self>>);
        dev.__bindgen_anon_2.store = Some(calls::store::<InGroup<T, Self>>);
        AnyAttribute { dev }
    }
}

/// Groups, as the place of their files.
struct InGroup<T, O>(PhantomData<(T, O)>);

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
/// - `attrs` are the attributes at the start of `_entries`: `nr_files` of those of `T::FILES`, a
///   null pointer, those of `T::BIN_FILES`, and a null pointer.
/// - The entries point to `data`.
/// - Unless `is_gone`, the files are in the directory of `kobj`, which is not removed.
struct Files<T: GroupData> {
    kobj: ARef<Kobject>,
    _entries: KVec<Entry<T>>,
    attrs: KVec<*const bindings::attribute>,
    nr_files: usize,
    data: Pin<KBox<T>>,
    is_gone: Atomic<bool>,
}

// SAFETY: The data and the kobject can be sent, and the rest is not written to.
unsafe impl<T: GroupData> Send for Files<T> {}

// SAFETY: The data and the kobject can be shared, and the rest is not written to.
unsafe impl<T: GroupData> Sync for Files<T> {}

impl<T: GroupData> Files<T> {
    /// Makes the files, which are not shown yet, of an `O`.
    fn new<O: Of>(kobj: &Kobject, args: T::Args) -> Result<Self> {
        let data = KBox::pin_init(T::new(&args), GFP_KERNEL)?;
        let files = T::FILES.iter().flatten();
        let nr_files = files.clone().count();
        let files = files.map(|file| (file, O::attr::<T>()));
        let bin_files = T::BIN_FILES.iter().flatten().map(|file| {
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
            is_gone: Atomic::new(true),
        })
    }

    /// Returns the table for the C side, which it needs until it returns.
    fn table(&self) -> bindings::attribute_group {
        let attrs = self.attrs.as_ptr();

        // Which kind of kobject it is does not matter to what these call.
        calls::group::<InGroup<T, bindings::kobject>>(
            T::NAME.map_or(ptr::null(), |name| name.as_char_ptr()),
            attrs,
            // By the type invariant, that is where those of the binary files begin.
            attrs.wrapping_add(self.nr_files).wrapping_add(1).cast(),
        )
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
pub struct Group<T: GroupData> {
    files: Arc<Files<T>>,
    /// Removes a group that its module has leaked.
    _watch: Option<Pin<KBox<Watch>>>,
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

        // SAFETY: The kobject is in sysfs and stays there, and calls the methods with what they
        // are for. The attributes live until the files are removed.
        to_result(unsafe { bindings::sysfs_create_group(kobj.as_raw(), &files.table()) })?;
        // INVARIANT: From here on, the files are shown.
        files.is_gone.store(false, Relaxed);
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
