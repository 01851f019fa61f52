// SPDX-License-Identifier: GPL-2.0

//! The C structures of DAMON as types that safe code can use.
//!
//! `struct damon_ctx` and what hangs on it is the interface to the monitoring operations, to the
//! C users of the core and to debuggers. Hence these structures are what the core works on, there
//! is no second copy of anything. This module and `export` are all that dereference pointers to
//! them.
//!
//! An object of a list appears in three forms:
//!
//! - `&T`, e.g. [`&Region`](Region): its plain values can be read and set, as with a
//!   [`Cell`](core::cell::Cell), because only one thread has access. The object stays where it is
//!   as long as the reference lives.
//! - [`Mut<'_, T>`](Mut): in addition, the lists of the object can be changed.
//! - [`Owned<T>`](Owned): the object is in no list. Dropping it frees it.
//!
//! Lists are changed through [`ListMut`] and [`Cursor`], and those of regions through
//! [`RegionCursor`], which borrow the owner of the list exclusively.
//!
//! # Access
//!
//! While a kdamond runs, it alone has access to its context, as [`Context`]. What other threads
//! may do meanwhile is what [`Shared`] offers. Operations and callbacks in C are called with
//! pointers to the same objects. They change values, and some of them change lists; the latter are
//! called with an exclusive borrow of the whole context.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr::NonNull, //
};
use kernel::prelude::*;

/// Defines methods that get and set fields of a C structure.
///
/// The type needs a method `as_ptr()` that returns a pointer which is valid for reads and writes.
macro_rules! accessors {
    () => {};

    (
        $(#[$meta:meta])* $get:ident: $ty:ty = $($field:ident).+;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[inline(always)]
        pub(crate) fn $get(&self) -> $ty {
            // SAFETY: By the type invariant, the pointer is valid, and no other thread writes.
            unsafe { (*self.as_ptr()).$($field).+ }
        }

        accessors! { $($rest)* }
    };

    (
        $(#[$meta:meta])* $get:ident, $set:ident: $ty:ty = $($field:ident).+;
        $($rest:tt)*
    ) => {
        accessors! { $(#[$meta])* $get: $ty = $($field).+; }

        #[doc = concat!("Sets what [`", stringify!($get), "`](Self::", stringify!($get),
                        "()) returns.")]
        #[inline(always)]
        pub(crate) fn $set(&self, value: $ty) {
            // SAFETY: By the type invariant, the pointer is valid, and no other thread has access.
            unsafe { (*self.as_ptr()).$($field).+ = value };
        }

        accessors! { $($rest)* }
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
        del,
        Entry,
        List,
        ListMut, //
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
        Regions,
        MAX_PROBES, //
    },
    registry::{
        register_ops,
        registered_ops, //
    },
    request::{
        init_walk,
        Call,
        CallQueue,
        Handled,
        LockedWalk,
        Waited,
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

/// Exclusive access to an object and the lists that it owns.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and nothing else changes the lists of the object during `'a`.
pub(crate) struct Mut<'a, T> {
    ptr: NonNull<T>,
    _borrow: PhantomData<&'a mut T>,
}

impl<T> Mut<'_, T> {
    /// # Safety
    ///
    /// `ptr` must be valid for the lifetime that the caller chooses, during which nothing else
    /// changes the lists of the object.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(ptr: NonNull<T>) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            ptr,
            _borrow: PhantomData,
        }
    }
}

impl<T> Deref for Mut<'_, T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: By the type invariant.
        unsafe { self.ptr.as_ref() }
    }
}

/// An object that is in no list.
///
/// # Invariants
///
/// The pointer is valid, and nothing else uses the object.
pub(crate) struct Owned<T: Entry>(NonNull<T>);

impl<T: Entry> Owned<T> {
    /// # Safety
    ///
    /// `ptr` must point to an initialized object that is in no list, was allocated as
    /// [`Entry::free`] wants it, and becomes the property of the returned value.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(ptr: NonNull<T>) -> Self {
        // INVARIANT: By the function's contract.
        Self(ptr)
    }

    /// Allocates an object that is in no list.
    ///
    /// # Safety
    ///
    /// The lists of the object itself must be initialized before it is dropped or used.
    unsafe fn alloc(object: T) -> Result<Self> {
        let object = NonNull::from(KBox::leak(KBox::new(object, GFP_KERNEL)?));
        // SAFETY: By the contract of `Entry`, this is the link of the object, which is valid.
        unsafe { list::init(list::link_of(object)) };
        // SAFETY: It was allocated just now and is in no list. By the function's contract, it is
        // initialized when it is used.
        Ok(unsafe { Self::from_raw(object) })
    }

    /// Gives the object away, to a list or to C.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> NonNull<T> {
        core::mem::ManuallyDrop::new(self).0
    }

    /// Borrows the object together with its lists.
    pub(crate) fn as_mut(&mut self) -> Mut<'_, T> {
        // SAFETY: By the type invariant, and by the borrow of `self`.
        unsafe { Mut::from_raw(self.0) }
    }
}

impl<T: Entry> Deref for Owned<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: By the type invariant.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Entry> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, this is the last use of the object.
        unsafe { T::free(self.0) };
    }
}
