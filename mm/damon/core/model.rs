// SPDX-License-Identifier: GPL-2.0

//! The C structures of DAMON as types that safe code can use.
//!
//! `struct damon_ctx` and what hangs on it is the interface to the monitoring operations, to the
//! C users of the core and to debuggers. Hence these structures are what the core works on, there
//! is no second copy of anything. This module and `export` are all that dereference pointers to
//! them.
//!
//! The plain values of an object can be read and set through a reference, as with a
//! [`Cell`](core::cell::Cell), because only one thread has access. Lists are changed through what
//! borrows their owner exclusively: [`ListMut`], and [`RegionCursor`] for regions.
//!
//! # Access
//!
//! While a kdamond runs, it alone has access to its context, as [`Context`]. What other threads
//! may do meanwhile is what [`Shared`] offers. Operations and callbacks in C are called with
//! pointers to the same objects. They change values, and some of them change lists; the latter are
//! called with an exclusive borrow of the whole context.

use core::ptr;

/// A type for a C structure.
///
/// # Safety
///
/// An object begins with a `C`, and allows that C changes it while references to it exist.
pub(crate) unsafe trait Object: Sized {
    /// The structure.
    type C;

    /// Returns the C structure.
    fn as_ptr(&self) -> *mut Self::C {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// # Safety
    ///
    /// `ptr` must point to an object of this type that stays valid during the lifetime that the
    /// caller chooses, and that no other thread uses meanwhile.
    unsafe fn from_raw<'a>(ptr: *mut Self::C) -> &'a Self {
        // SAFETY: The caller promises that the object is valid. Others may change it as it is of a
        // type that allows it.
        unsafe { &*ptr.cast() }
    }
}

/// Defines a type for a C structure.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident: $c:ident) => {
        $(#[$meta])*
        ///
        /// # Invariants
        ///
        /// The object is initialized, and only one thread has access to it.
        #[repr(transparent)]
        pub(crate) struct $name(::kernel::types::Opaque<::kernel::bindings::$c>);

        // SAFETY: The type is transparent, and `Opaque` allows that others change the object.
        unsafe impl $crate::model::Object for $name {
            type C = ::kernel::bindings::$c;
        }

        impl $name {
            /// Returns an object that is all zero, whose lists are not initialized.
            #[allow(dead_code)]
            fn zeroed() -> Self {
                Self(::kernel::types::Opaque::new(pin_init::zeroed()))
            }
        }
    };
}

/// Defines an enum for numbers that C has names for.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident: $c:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $number:ident,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum $name {
            // CAST: The numbers are small.
            $($(#[$variant_meta])* $variant = ::kernel::bindings::$number as isize,)+
        }

        impl $name {
            /// Returns what has this number, or [`None`] if nothing has.
            pub(crate) fn from_raw(number: ::kernel::bindings::$c) -> Option<Self> {
                match number {
                    $(::kernel::bindings::$number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// A field of a C structure, of this name or at this place.
macro_rules! field {
    ($object:expr, $name:ident) => {
        (*$object.as_ptr()).$name
    };
    ($object:expr, $name:ident, $($place:ident).+) => {
        (*$object.as_ptr()).$($place).+
    };
}

/// Returns a pointer to a field of a C structure.
///
/// The object needs a method `as_ptr()` that returns a valid pointer.
macro_rules! place {
    ($object:expr, $($place:ident).+) => {
        // SAFETY: This is a place within an object that is valid.
        unsafe { &raw mut (*$object.as_ptr()).$($place).+ }
    };
}

/// Defines methods that return fields of a C structure, which says what the fields are.
///
/// The type needs a method `as_ptr()` that returns a pointer which is valid for reads and writes.
/// What begins with `private` is for the module itself.
macro_rules! getters {
    (private $($fields:tt)+) => { getters! { @[,] $($fields)+ } };
    (@[$vis:vis,] $($ty:ty: $($name:ident $(= $($place:ident).+)?),+;)+) => { $($(
        $vis fn $name(&self) -> $ty {
            // SAFETY: The object is initialized, all bytes of its unions included, for which each
            // value is valid. No other thread writes.
            unsafe { field!(self, $name $(, $($place).+)?) }
        }
    )+)+ };
    ($($fields:tt)+) => { getters! { @[pub(crate),] $($fields)+ } };
}

/// Defines methods that set fields of a C structure, as [`getters!`] does.
macro_rules! setters {
    (private $($fields:tt)+) => { setters! { @[,] $($fields)+ } };
    (@[$vis:vis,] $($ty:ty: $($name:ident $(= $($place:ident).+)?),+;)+) => { $($(
        ::kernel::macros::paste! {
            $vis fn [<set_ $name>](&self, value: $ty) {
                // SAFETY: The object is valid, no other thread uses it, and references to its
                // fields are never made.
                unsafe { field!(self, $name $(, $($place).+)?) = value };
            }
        }
    )+)+ };
    ($($fields:tt)+) => { setters! { @[pub(crate),] $($fields)+ } };
}

/// Defines methods that return and set fields of a C structure.
macro_rules! fields {
    ($($fields:tt)+) => {
        getters! { $($fields)+ }
        setters! { $($fields)+ }
    };
}

/// Defines methods that return the lists of an object, for reading and to be changed.
///
/// The second type is that of exclusive access to the object and its lists.
macro_rules! lists {
    ($object:ty, $owner:ty: $(
        $(#[$meta:meta])* $get:ident, $get_mut:ident: $ty:ty = $($field:ident).+;
    )+) => {
        impl $object {
            $(
                $(#[$meta])*
                pub(crate) fn $get(&self) -> List<'_, $ty> {
                    let head = place!(self, $($field).+);
                    // SAFETY: The list is initialized with the object. To change it takes a `Mut`
                    // of the object, which does not exist together with this borrow.
                    unsafe { List::from_raw(head) }
                }
            )+
        }

        impl $owner {
            $(
                $(#[$meta])*
                ///
                /// It can be changed.
                pub(crate) fn $get_mut(&mut self) -> ListMut<'_, $ty> {
                    let head = place!(self, $($field).+);
                    // SAFETY: The list is initialized with the object. `self` has the lists of the
                    // object for itself, and is borrowed.
                    unsafe { ListMut::from_raw(head) }
                }
            )+
        }
    };
}

mod context;
mod filter;
mod goal;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod guest;
mod list;
mod operations;
mod probe;
mod region;
mod registry;
mod request;
mod running;
mod sanity;
mod scheme;
mod shared;
mod target;

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
pub(crate) use self::guest::*;
pub(crate) use self::{
    context::*,
    filter::*,
    goal::*,
    list::*,
    operations::*,
    probe::*,
    region::*,
    registry::*,
    request::*,
    running::*,
    sanity::verify_ctx,
    scheme::*,
    shared::*,
    target::*, //
};

/// The attributes of the monitoring, `struct damon_attrs`.
pub(crate) use kernel::bindings::damon_attrs as Attrs;

/// An address range, `struct damon_addr_range`.
pub(crate) use kernel::bindings::damon_addr_range as AddrRange;

/// How to allocate.
#[cfg(not(CONFIG_DAMON_SYSFS_USERS))]
fn gfp() -> kernel::alloc::Flags {
    kernel::alloc::flags::GFP_KERNEL
}
