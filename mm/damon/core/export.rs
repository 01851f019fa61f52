// SPDX-License-Identifier: GPL-2.0

//! The functions that [`include/linux/damon.h`] declares.
//!
//! They turn pointers into references and results into numbers, and call the functions that do the
//! work. What they do, and who may call them when, is what that header and [`core.c`] say.
//!
//! # Contract
//!
//! All of these functions are unsafe, because C calls them. What callers have to ensure follows
//! from the types of the arguments, see [`Argument`]:
//!
//! - A pointer is valid and not null, unless the type is an [`Option`]. The object was made by the
//!   function here that makes such objects.
//! - [`Owned`]: the object is in no list, and belongs to the function from now on.
//! - [`Removed`]: the same, except that the object may be in a list.
//! - [`Shared`]: other threads may use the context meanwhile, which [`Startable`] says more about.
//! - Everything else: the caller has exclusive access to the context that the object belongs to.
//!   The context is not running, or the caller is a callback on its kdamond.
//!
//! Numbers can have any value. Where more has to hold, the function has its own section about it.
//!
//! [`include/linux/damon.h`]: srctree/include/linux/damon.h
//! [`core.c`]: srctree/mm/damon/core.c

use crate::prelude::*;
use core::slice;

/// An argument of a function that C calls.
trait Argument {
    /// What C hands in.
    type C;

    /// Takes what C hands in.
    ///
    /// # Safety
    ///
    /// `c` must be what the [contract](self) says for this type, during the lifetime that the
    /// caller chooses.
    unsafe fn from_c(c: Self::C) -> Self;
}

/// What a function that C calls returns.
trait Returned {
    /// What C gets.
    type C;

    /// Gives it to C.
    fn into_c(self) -> Self::C;
}

/// Defines functions that C calls.
///
/// Their arguments and results are typed as for Rust. The signature in C follows from it, and is
/// checked against the declaration.
macro_rules! exports {
    (@returned) => { () };
    (@returned $returned:ty) => { $returned };

    ($(
        $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $returned:ty)? $body:block
    )+) => { $(
        $(#[$meta])*
        ///
        /// # Safety
        ///
        /// The [contract](crate::export) of all functions.
        #[export]
        pub(crate) unsafe extern "C" fn $name(
            $($arg: <$ty as $crate::export::Argument>::C),*
        ) -> <exports!(@returned $($returned)?) as $crate::export::Returned>::C {
            $(
                #[allow(unused_mut)]
                // SAFETY: The caller promises for the argument what its type asks for.
                let mut $arg = unsafe { <$ty as $crate::export::Argument>::from_c($arg) };
            )*
            <exports!(@returned $($returned)?) as $crate::export::Returned>::into_c($body)
        }
    )+ };
}

mod context;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod guest;
mod kdamond;
#[cfg(CONFIG_DAMON_KUNIT_TEST)]
mod kunit;
mod region;
mod scheme;

/// Types that C and Rust have in common. A function takes care of pointers itself.
macro_rules! plain {
    ($([$($params:tt)*] $ty:ty),+) => { $(
        impl<$($params)*> Argument for $ty {
            type C = Self;

            unsafe fn from_c(c: Self) -> Self {
                c
            }
        }

        impl<$($params)*> Returned for $ty {
            type C = Self;

            fn into_c(self) -> Self {
                self
            }
        }
    )+ };
}

plain!([] (), [] bool, [] u8, [] i32, [] u32, [] usize, [] isize, [T] *mut T);

/// An object that is taken out of the list that it is in.
struct Removed<T: Entry>(Owned<T>);

impl<'a, T: Object> Argument for &'a T {
    type C = *mut T::C;

    unsafe fn from_c(c: Self::C) -> Self {
        // SAFETY: The caller promises that the object is valid, and the context exclusive.
        unsafe { T::from_raw(c) }
    }
}

/// Types that are made from a pointer that is not null.
macro_rules! pointers {
    ($($(#[$meta:meta])* [$($params:tt)*] $ty:ty: $c:ty = $make:path $(=> $wrap:path)?;)+) => { $(
        $(#[$meta])*
        impl<$($params)*> Argument for $ty {
            type C = *mut $c;

            unsafe fn from_c(c: Self::C) -> Self {
                // SAFETY: The caller promises that the pointer is not null.
                let object = unsafe { NonNull::new_unchecked(c) };
                // SAFETY: The caller promises what the contract says about this type, which is what
                // this function asks for.
                $($wrap)? (unsafe { $make(object.cast()) })
            }
        }
    )+ };
}

pointers! {
    [T: Object] Mut<'_, T>: T::C = Mut::from_raw;
    [T: Object + Entry] Owned<T>: T::C = Owned::from_raw;
    [T: Object + Entry] Removed<T>: T::C = Owned::take => Removed;
    [] Shared<'_>: bindings::damon_ctx = Shared::from_raw;
    [] Startable<'_>: bindings::damon_ctx = Startable::from_raw;
    [] CurrentKdamond: bindings::damon_ctx = CurrentKdamond::from_raw;
}

impl Argument for Option<Context<'_>> {
    type C = *mut bindings::damon_ctx;

    unsafe fn from_c(c: Self::C) -> Self {
        // SAFETY: The caller promises that the context is valid and exclusive if there is one.
        NonNull::new(c.cast()).map(|ctx| unsafe { Context::from_raw(ctx) })
    }
}

impl Returned for Result {
    type C = i32;

    /// Returns zero or a negative error number.
    fn into_c(self) -> i32 {
        self.map_or_else(|err| err.to_errno(), |()| 0)
    }
}

impl<T: Object + Entry> Returned for Result<Owned<T>> {
    type C = *mut T::C;

    /// Gives a new object to C, or a null pointer if there is none.
    fn into_c(self) -> *mut T::C {
        self.map_or(ptr::null_mut(), |object| object.into_raw().as_ptr().cast())
    }
}

/// Returns the elements of an array.
///
/// # Safety
///
/// `array` must point to `len` elements, unless that is not positive, which stay as they are during
/// the lifetime that the caller chooses.
unsafe fn elements<'a, T>(array: *mut T, len: impl TryInto<usize>) -> &'a [T] {
    match len.try_into() {
        // SAFETY: The caller promises that there are that many.
        Ok(len) if len != 0 => unsafe { slice::from_raw_parts(array, len) },
        _ => &[],
    }
}
