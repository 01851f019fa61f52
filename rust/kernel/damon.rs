// SPDX-License-Identifier: GPL-2.0

//! Data access monitoring (DAMON).
//!
//! DAMON tells which memory is accessed, and how often. A kernel thread, `kdamond`, samples the
//! accesses to the *regions* of some *targets* (a process each, or the physical memory), with
//! *attributes* that bound the accuracy and the overhead. Targets, attributes and the set of
//! *monitoring operations* that knows the address space together are a monitoring *context*.
//!
//! The states of a context are types here, so that what must not be done in a state cannot be
//! written:
//!
//! - [`Context`] is owned and not started. It can be built, changed and dropped.
//! - [`Context::start`] consumes it and returns a [`Kdamond`], which can ask for the state of the
//!   kernel thread, have a function called on it, commit new parameters and stop it. Dropping the
//!   [`Kdamond`] stops the thread and frees the context.
//! - [`OnKdamond`] proves that the current code runs on the kdamond, and therefore may access the
//!   context of a running thread.
//!
//! Everything here can sleep, and takes and releases locks of DAMON internally. Hence nothing of it
//! may be used from atomic context.
//!
//! A context can also have *schemes* (DAMOS), which do something with memory that is accessed in
//! some way: see [`Context::add_scheme`]. [`Kdamond::walk`] tells what regions they apply to.
//!
//! What this API does not cover yet: reading the regions without a scheme, starting several
//! contexts as one group, and the ranges of the system RAM.
//!
//! C header: [`include/linux/damon.h`](srctree/include/linux/damon.h)
//!
//! Reference: <https://docs.kernel.org/mm/damon/index.html>
//!
//! # Examples
//!
//! Monitor the first megabyte of the physical address space:
//!
//! ```
//! use kernel::damon::{
//!     AddrRange,
//!     Attrs,
//!     Context,
//!     Exclusivity,
//!     OpsId, //
//! };
//!
//! let mut ctx = Context::new()?;
//! ctx.select_ops(OpsId::Paddr)?;
//! ctx.set_attrs(&Attrs {
//!     sample_interval: 1_000,
//!     aggr_interval: 20_000,
//!     ..Attrs::default()
//! })?;
//! ctx.add_target()?.set_regions(&[AddrRange {
//!     start: 0,
//!     end: 0x10_0000,
//! }])?;
//!
//! let mut kdamond = ctx.start(Exclusivity::Shared)?;
//! assert!(kdamond.is_running());
//! assert!(kdamond.pid().is_some());
//! assert_eq!(kdamond.call(|k| k.attrs().sample_interval), Ok(1_000));
//!
//! kdamond.stop();
//! assert!(!kdamond.is_running());
//! assert!(kdamond.pid().is_none());
//! # Ok::<(), Error>(())
//! ```

use crate::bindings;

mod attrs;
mod context;
mod filter;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
pub mod guard;
mod kdamond;
mod on_kdamond;
mod ops;
mod owned_ctx;
mod probe;
mod probe_filter;
mod quota;
mod repeat;
mod running;
mod scheme;
mod scheme_mut;
mod stop;
mod target;
#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
mod tests;
mod thread;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod viewer;
mod walk;

pub use self::attrs::{
    Attrs,
    IntervalsGoal, //
};
pub use self::context::Context;
pub use self::filter::{
    Filter,
    FilterKind, //
};
pub use self::kdamond::{
    Exclusivity,
    Kdamond, //
};
pub use self::on_kdamond::OnKdamond;
pub use self::ops::OpsId;
pub use self::probe::{
    ProbeMut,
    MAX_PROBES, //
};
pub use self::probe_filter::{
    ProbeFilter,
    ProbeFilterKind, //
};
pub use self::quota::{
    Goal,
    GoalMetric,
    GoalTuner,
    Quota, //
};
pub use self::running::{
    RunningScheme,
    Stat, //
};
pub use self::scheme::{
    AccessPattern,
    Action,
    Scheme,
    Watermarks,
    WmarkMetric, //
};
pub use self::scheme_mut::SchemeMut;
pub use self::target::{
    AddrRange,
    TargetMut, //
};
pub use self::thread::Thread;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
pub use self::viewer::{
    Guest,
    GuestKey,
    Viewer, //
};
pub use self::walk::Visit;

/// Returns the number of contexts that are running now, whoever started them.
///
/// A kdamond that ends leaves this count a moment after it stops to be
/// [running](Kdamond::is_running), unless it was [stopped](Kdamond::stop).
///
/// Corresponds to the C function `damon_nr_running_ctxs()`.
#[doc(alias = "damon_nr_running_ctxs")]
pub fn nr_running_ctxs() -> u32 {
    // SAFETY: Always safe to call from a context that can sleep.
    let nr = unsafe { bindings::damon_nr_running_ctxs() };

    // The count is never negative.
    u32::try_from(nr).unwrap_or(0)
}
