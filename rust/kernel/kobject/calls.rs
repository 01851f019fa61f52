// SPDX-License-Identifier: GPL-2.0

//! What the C side calls for the files of directories and groups.

use crate::{
    bindings,
    error::from_result,
    page::PAGE_SIZE,
    prelude::*, //
};
use core::{
    ptr,
    slice, //
};

use super::{
    File,
    Output, //
};

/// Where files are: in directories, or in groups of kobjects or devices. It decides what the C side
/// passes to their methods.
///
/// # Safety
///
/// - `kobj` must return the kobject of what is passed to it.
/// - `find` must return what it says.
pub(super) unsafe trait Place {
    /// What the C side has of whom a file belongs to: its kobject, or its device.
    type Of;

    /// What the C side has of a file that is not binary. An `attribute` is the first thing in it.
    type Attr;

    /// What a file belongs to, as its methods see it.
    type Data: 'static;

    /// The directory that the files are in; without it they are in that of the kobject.
    const GROUP: Option<&'static CStr> = None;

    /// Fails with `EPERM` if the current task may not write to files of the kobject.
    ///
    /// # Safety
    ///
    /// A method of a file of the kobject must be running.
    unsafe fn check_writer(_kobj: *mut bindings::kobject) -> Result {
        Ok(())
    }

    /// Returns the kobject.
    fn kobj(of: *mut Self::Of) -> *mut bindings::kobject;

    /// Returns the file of an attribute, and what it belongs to.
    ///
    /// # Safety
    ///
    /// For all of `'a`, `attr` must be the attribute of a file of this place that is being shown,
    /// or whose method runs, and `kobj` its kobject.
    unsafe fn find<'a>(
        kobj: *mut bindings::kobject,
        attr: *const bindings::attribute,
    ) -> (&'a File<Self::Data>, &'a Self::Data);
}

/// Shows a file.
///
/// # Safety
///
/// - `attr` must be the attribute of a file of `of`, which the caller keeps active.
/// - `page` must be valid for writes of `PAGE_SIZE` bytes, which the caller has initialized.
pub(super) unsafe extern "C" fn show<P: Place>(
    of: *mut P::Of,
    attr: *mut P::Attr,
    page: *mut c_char,
) -> isize {
    // SAFETY: The file is active until we return.
    let (file, data) = unsafe { P::find(P::kobj(of), attr.cast()) };
    // SAFETY: `page` is valid for `PAGE_SIZE` initialized bytes, which only we write meanwhile.
    let page = unsafe { &mut *page.cast::<[u8; PAGE_SIZE]>() };

    from_result(|| {
        let mut out = Output::new(page);

        file.show(data, &mut out)?;
        Ok(isize::try_from(out.as_bytes().len())?)
    })
}

/// Stores what was written to a file, and wakes who polls it.
///
/// # Safety
///
/// - `attr` must be the attribute of a file of `of`, which the caller keeps active.
/// - `buf` must point to `count` bytes with a NUL behind them that nobody changes meanwhile.
pub(super) unsafe extern "C" fn store<P: Place>(
    of: *mut P::Of,
    attr: *mut P::Attr,
    buf: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The file is active until we return.
    let (file, data) = unsafe { P::find(P::kobj(of), attr.cast()) };

    from_result(|| {
        // SAFETY: The file is active until we return.
        unsafe { P::check_writer(P::kobj(of)) }?;
        // SAFETY: `buf` is a string that ends with a NUL, and stays as it is.
        file.store(data, unsafe { CStr::from_char_ptr(buf) })?;
        if file.ops.notify {
            let group = P::GROUP.map_or(ptr::null(), |name| name.as_char_ptr());

            // SAFETY: The kobject is alive, and in sysfs as long as the file is active.
            unsafe { bindings::sysfs_notify(P::kobj(of), group, file.attr.attr.name) };
        }
        Ok(isize::try_from(count)?)
    })
}

/// Reads from a binary file.
///
/// # Safety
///
/// - `attr` must be the attribute of a binary file of `kobj`, which the caller keeps active.
/// - `buf` must be valid for writes of `count` bytes.
pub(super) unsafe extern "C" fn read<P: Place>(
    _file: *mut bindings::file,
    kobj: *mut bindings::kobject,
    attr: *const bindings::bin_attribute,
    buf: *mut c_char,
    pos: bindings::loff_t,
    count: usize,
) -> isize {
    // SAFETY: The file is active until we return.
    let (file, data) = unsafe { P::find(kobj, attr.cast()) };

    // SAFETY: `buf` is valid for writes of `count` bytes.
    unsafe { buf.write_bytes(0, count) };
    // SAFETY: The bytes were just initialized, and only we use them meanwhile.
    let buf = unsafe { slice::from_raw_parts_mut(buf, count) };

    from_result(|| {
        let len = file.ops.read.ok_or(EIO)?(data, u64::try_from(pos)?, buf)?;

        Ok(isize::try_from(len.min(count))?)
    })
}

/// Writes to a binary file.
///
/// # Safety
///
/// - `attr` must be the attribute of a binary file of `kobj`, which the caller keeps active.
/// - `buf` must be valid for reads of `count` bytes, which nobody changes meanwhile.
pub(super) unsafe extern "C" fn write<P: Place>(
    _file: *mut bindings::file,
    kobj: *mut bindings::kobject,
    attr: *const bindings::bin_attribute,
    buf: *mut c_char,
    pos: bindings::loff_t,
    count: usize,
) -> isize {
    // SAFETY: The file is active until we return.
    let (file, data) = unsafe { P::find(kobj, attr.cast()) };
    // SAFETY: `buf` is valid for reads of `count` bytes, which stay as they are.
    let buf = unsafe { slice::from_raw_parts(buf, count) };

    from_result(|| {
        // SAFETY: The file is active until we return.
        unsafe { P::check_writer(kobj) }?;
        file.ops.write.ok_or(EIO)?(data, u64::try_from(pos)?, buf)?;
        Ok(isize::try_from(count)?)
    })
}

/// Returns the mode of a file, or 0 if it is not to be there.
///
/// # Safety
///
/// `attr` must be the attribute of a file of `kobj` that is being shown.
unsafe extern "C" fn visible_mode<P: Place>(
    kobj: *mut bindings::kobject,
    attr: *mut bindings::attribute,
    _nr: c_int,
) -> bindings::umode_t {
    // SAFETY: The file is being shown.
    let (file, data) = unsafe { P::find(kobj, attr) };

    file.visible_mode(data)
}

/// Does what [`visible_mode`] does, for a binary file.
///
/// # Safety
///
/// That of [`visible_mode`].
unsafe extern "C" fn visible_mode_of_binary<P: Place>(
    kobj: *mut bindings::kobject,
    attr: *const bindings::bin_attribute,
    _nr: c_int,
) -> bindings::umode_t {
    // SAFETY: The file is being shown.
    let (file, data) = unsafe { P::find(kobj, attr.cast()) };

    file.visible_mode(data)
}

/// Returns a table of files for the C side.
///
/// Both arrays must end with a null pointer, and be valid whenever the table is used.
pub(super) const fn group<P: Place>(
    attrs: *const *const bindings::attribute,
    bin_attrs: *const *const bindings::bin_attribute,
) -> bindings::attribute_group {
    let mut group: bindings::attribute_group = pin_init::zeroed();

    group.__bindgen_anon_1.is_visible = Some(visible_mode::<P>);
    group.is_bin_visible = Some(visible_mode_of_binary::<P>);
    group.__bindgen_anon_2.attrs_const = attrs;
    group.bin_attrs = bin_attrs;
    group
}
