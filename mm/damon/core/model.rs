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
    #[inline]
    fn as_ptr(&self) -> *mut Self::C {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// # Safety
    ///
    /// `ptr` must point to an object of this type that stays valid during the lifetime that the
    /// caller chooses, and that no other thread uses meanwhile.
    #[inline]
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

/// Defines methods that get and set fields of a C structure.
///
/// The type needs a method `as_ptr()` that returns a pointer which is valid for reads and writes.
/// What begins with `private` is for the type itself.
macro_rules! accessors {
    (private $($rest:tt)*) => { accessors! { @[] $($rest)* } };

    (@[$($vis:tt)*]) => {};

    (
        @[$($vis:tt)*] $(#[$meta:meta])* $get:ident: $ty:ty = $($field:ident).+;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[inline]
        $($vis)* fn $get(&self) -> $ty {
            // SAFETY: The object is initialized, all bytes of its unions included, for which each
            // value is valid. No other thread writes.
            unsafe { (*self.as_ptr()).$($field).+ }
        }

        accessors! { @[$($vis)*] $($rest)* }
    };

    (
        @[$($vis:tt)*] $(#[$meta:meta])* $get:ident, $set:ident: $ty:ty = $($field:ident).+;
        $($rest:tt)*
    ) => {
        accessors! {
            @[$($vis)*]
            $(#[$meta])* $get: $ty = $($field).+;
            #[doc = concat!("Sets what [`", stringify!($get), "`](Self::", stringify!($get),
                            "()) returns.")]
            _, $set: $ty = $($field).+;
            $($rest)*
        }
    };

    (
        @[$($vis:tt)*] $(#[$meta:meta])* _, $set:ident: $ty:ty = $($field:ident).+;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[inline]
        $($vis)* fn $set(&self, value: $ty) {
            // SAFETY: The object is valid, no other thread uses it, and references to its fields
            // are never made.
            unsafe { (*self.as_ptr()).$($field).+ = value };
        }

        accessors! { @[$($vis)*] $($rest)* }
    };

    ($($rest:tt)*) => { accessors! { @[pub(crate)] $($rest)* } };
}

/// Returns a pointer to a field of a C structure.
///
/// The object needs a method `as_ptr()` that returns a valid pointer.
macro_rules! place {
    ($object:expr, $($field:ident).+) => {
        // SAFETY: This is a place within an object that is valid.
        unsafe { &raw mut (*$object.as_ptr()).$($field).+ }
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
                #[inline]
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
                #[inline]
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
mod list;
mod operations;
mod probe;
mod region;
mod registry;
mod request;
mod running_lock;
mod scheme;
mod shared;
mod target;

pub(crate) use self::{
    context::{
        Context,
        LeftWindow,
        OwnedContext,
        Parts,
        Private,
        Random,
        SCORES, //
    },
    filter::{
        Filter,
        FilterKind, //
    },
    goal::{
        Goal,
        GoalMetric, //
    },
    list::{
        Entry,
        List,
        ListMut,
        Mut,
        Owned, //
    },
    operations::{
        Operations,
        OpsId,
        OpsSet, //
    },
    probe::{
        Probe,
        ProbeFilter, //
    },
    region::{
        ProbeHits,
        Region,
        RegionCursor,
        RegionPool,
        MAX_PROBES, //
    },
    registry::{
        register_ops,
        registered_ops, //
    },
    request::{
        Call,
        CallQueue,
        Handled,
        LockedWalk,
        Waited,
        WalkControl,
        WalkSlot, //
    },
    running_lock::{
        init_running,
        RUNNING, //
    },
    scheme::{
        GoalTuner,
        Quota,
        Scheme, //
    },
    shared::{
        CurrentKdamond,
        Shared,
        Startable,
        StopState, //
    },
    target::{
        PidsCounted,
        Target, //
    },
};

#[cfg(CONFIG_DAMON_KUNIT_TEST)]
pub(crate) use self::scheme::Dests;

/// The attributes of the monitoring, `struct damon_attrs`.
pub(crate) use kernel::bindings::damon_attrs as Attrs;

/// An address range, `struct damon_addr_range`.
pub(crate) use kernel::bindings::damon_addr_range as AddrRange;
