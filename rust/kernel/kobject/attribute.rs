// SPDX-License-Identifier: GPL-2.0

//! The attributes of files of groups, of which each kind of owner has its own.

use crate::bindings;
use core::mem::offset_of;

use super::{
    calls,
    group::InGroup,
    GroupData, //
};

/// The attribute of a file, as kobjects and devices have it, and as binary files have it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) union AnyAttribute {
    pub(super) common: bindings::attribute,
    kobj: bindings::kobj_attribute,
    dev: bindings::device_attribute,
    pub(super) bin: bindings::bin_attribute,
}

/// Whose the files of a group are: a `kobject`, or a `device`.
pub(super) trait Of: Sized {
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
