// SPDX-License-Identifier: GPL-2.0

//! The core of DAMON, the data access monitor.
//!
//! This implements what [`include/linux/damon.h`] declares, for the monitoring operations, for the
//! user interfaces and for the modules, as `core.c` does. For the results it is the same: the same
//! accesses and random numbers make the same regions, statistics and quotas.
//!
//! A function that does the same as one of `core.c` has its name. One with another name says in its
//! documentation what it corresponds to.
//!
//! # Modules
//!
//! ```text
//! export       the functions of damon.h: raw pointers in, typed references on
//! model        the structures of damon.h as types that safe code can use, and the checks of
//!              CONFIG_DAMON_DEBUG_SANITY
//! environment  time, sleep and memory; with helpers.c
//! trace        tracepoints; with helpers.c
//!
//! kdamond      the thread that monitors, what it does when
//! running      which contexts are running: groups, exclusive or not
//! guest        kdamonds of users who are not root
//! call, walk   requests of other threads to a kdamond
//!
//! regions      where regions are
//! merge, split how they become fewer and more
//! mvsum        accesses to a region, seen in the middle of an aggregation interval
//! attrs, tune  attributes, and tuning of the intervals
//! probes       weights of probes
//!
//! pass         when schemes are applied, and what is known beforehand
//! apply        what they are applied to
//! filter       regions that they are kept from
//! quota, goal  how much they may do, and tuning of that
//! watermark    when they are active
//!
//! commit       new parameters for a context, which may be running
//! ```
//!
//! Only `export`, `model`, `environment` and `trace` have `unsafe` code.
//!
//! # Locking
//!
//! A kdamond has its context for itself. Other threads ask it to do things by [`damon_call()`] and
//! [`damos_walk()`], whose queues have a mutex each. The mutex of [`running`] protects which
//! context has a kdamond. It is taken before those of a context, and held while a kdamond is being
//! made.
//!
//! # Differences from `core.c`
//!
//! They are listed in [`Documentation/mm/damon/rust.rst`], and nowhere else.
//!
//! [`Documentation/mm/damon/rust.rst`]: srctree/Documentation/mm/damon/rust.rst
//! [`include/linux/damon.h`]: srctree/include/linux/damon.h
//! [`damon_call()`]: export::damon_call
//! [`damos_walk()`]: export::damos_walk

mod apply;
mod attrs;
mod call;
mod commit;
mod environment;
mod export;
mod filter;
mod goal;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod guest;
mod kdamond;
mod math;
mod merge;
mod model;
mod mvsum;
mod pass;
mod probes;
mod quota;
mod regions;
mod running;
mod split;
mod trace;
mod tune;
mod walk;
mod watermark;

/// What most modules use.
///
/// `core.c` is one file, whose functions and structures see each other. Here that is so for the
/// structures and for what has nothing to do with DAMON.
mod prelude {
    pub(crate) use crate::{
        environment,
        math::*,
        model::*,
        trace, //
    };
    pub(crate) use core::{
        cell::Cell,
        marker::PhantomData,
        mem::{
            self,
            offset_of,
            ManuallyDrop, //
        },
        ptr::{
            self,
            NonNull, //
        },
    };
    pub(crate) use kernel::{
        bindings,
        num::casts::FromSafeCast,
        page::PAGE_SIZE,
        prelude::*,
        types::Opaque, //
    };
}

/// Prefix of log messages.
const __LOG_PREFIX: &[u8] = b"damon\0";
