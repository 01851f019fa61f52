// SPDX-License-Identifier: GPL-2.0

//! The functions that [`include/linux/damon.h`] declares.
//!
//! They turn pointers into references and results into numbers, and call the functions that do the
//! work. What they do, and who may call them when, is what that header and [`core.c`] say.
//!
//! # Contract
//!
//! Where the `# Safety` section of a function here says no more than that the contract of this
//! module holds, it is that
//!
//! - pointers are valid, and not null unless said otherwise,
//! - the objects behind them were made by the functions here that make them,
//! - an object that is added somewhere is in no list, one that is removed is in a list, and
//! - the caller has exclusive access to the context that the objects belong to: it is not running,
//!   or the caller is a callback on its kdamond.
//!
//! [`include/linux/damon.h`]: srctree/include/linux/damon.h
//! [`core.c`]: srctree/mm/damon/core.c

mod context;
mod kdamond;
#[cfg(CONFIG_DAMON_KUNIT_TEST)]
mod kunit;
mod probe;
mod region;
mod scheme;

use crate::model::{
    Context,
    Entry,
    Mut,
    Owned, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Returns zero or a negative error number.
fn errno(result: Result) -> i32 {
    result.map_or_else(|err| err.to_errno(), |()| 0)
}

/// Gives a new object to C, or a null pointer if there is none.
fn into_c<T: Entry, C>(object: Result<Owned<T>>) -> *mut C {
    object.map_or(ptr::null_mut(), |object| object.into_raw().as_ptr().cast())
}

/// Takes an object from C.
///
/// # Safety
///
/// `object` must be a valid object of type `T` in no list, which the caller gives away.
unsafe fn from_c<T: Entry, C>(object: *mut C) -> Owned<T> {
    // SAFETY: By the function's contract.
    unsafe { Owned::from_raw(NonNull::new_unchecked(object.cast())) }
}

/// Borrows an object with its lists.
///
/// # Safety
///
/// `object` must be a valid object of type `T`, whose lists nothing else uses during the lifetime
/// that the caller chooses.
unsafe fn borrow<'a, T, C>(object: *mut C) -> Mut<'a, T> {
    // SAFETY: By the function's contract.
    unsafe { Mut::from_raw(NonNull::new_unchecked(object.cast())) }
}

/// Borrows a context.
///
/// # Safety
///
/// As for [`Context::from_raw()`].
unsafe fn context<'a>(ctx: *mut bindings::damon_ctx) -> Context<'a> {
    // SAFETY: By the function's contract.
    unsafe { Context::from_raw(NonNull::new_unchecked(ctx)) }
}
