// SPDX-License-Identifier: GPL-2.0

//! Walks over the regions that schemes are applied to.

use super::{
    probe::nr_probes,
    running::schemes,
    AddrRange,
    Kdamond, //
};
use crate::{
    bindings,
    error::to_result,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr, //
};

/// A region, and the scheme whose action the kdamond just tried to apply to it.
///
/// # Invariants
///
/// - The pointers are to a valid context, and to a region and a scheme of it, for the lifetime
///   `'a`. Nobody modifies what they point to meanwhile.
/// - The context has [`MAX_PROBES`](super::MAX_PROBES) probes at most.
/// - The current task is the kdamond that runs on the context.
pub struct Visit<'a> {
    ctx: *mut bindings::damon_ctx,
    region: *mut bindings::damon_region,
    scheme: *mut bindings::damos,
    sz_filter_passed: usize,
    _ctx: PhantomData<&'a Opaque<bindings::damon_ctx>>,
    // The invariants do not hold on other threads.
    _not_send: NotThreadSafe,
}

impl Visit<'_> {
    /// Returns the position of the scheme in the list of schemes of the context.
    pub fn scheme_index(&self) -> usize {
        // SAFETY: By the type invariants, the context is valid and nobody modifies it while we have
        // the reference to `self`.
        unsafe { schemes(self.ctx) }
            .take_while(|&scheme| !ptr::eq(ptr::from_ref(scheme).cast(), self.scheme))
            .count()
    }

    /// Returns the addresses of the region.
    pub fn range(&self) -> AddrRange {
        // SAFETY: By the type invariants, the region is valid and nobody modifies it.
        let ar = unsafe { &(*self.region).ar };

        AddrRange {
            start: ar.start,
            end: ar.end,
        }
    }

    /// Returns the number of samplings that found an access, in a time as long as an aggregation.
    ///
    /// This is an estimate from the last and the current aggregation.
    #[doc(alias = "damon_nr_accesses_mvsum")]
    pub fn nr_accesses(&self) -> u32 {
        // SAFETY: By the type invariants, the region is one of the context, both are valid, and
        // nobody modifies them.
        unsafe { bindings::damon_nr_accesses_mvsum(self.region, self.ctx) }
    }

    /// Returns the age of the region: for how many aggregations it has been accessed like this.
    pub fn age(&self) -> u32 {
        // SAFETY: By the type invariants, the region is valid and nobody modifies it.
        unsafe { (*self.region).age }
    }

    /// Returns the number of samplings that found what the probes look for, in a time as long as an
    /// aggregation, one number for each probe of the context.
    ///
    /// Like [`nr_accesses`](Self::nr_accesses), these are estimates.
    #[doc(alias = "damon_probe_hits_mvsum")]
    pub fn probe_hits(&self) -> impl Iterator<Item = u8> + '_ {
        // SAFETY: By the type invariants, the context is valid and nobody modifies it.
        let nr_probes = unsafe { nr_probes(self.ctx) };

        (0..).take(nr_probes).map(|index| {
            // SAFETY: By the type invariants, the region is one of the context, both are valid, and
            // nobody modifies them. `index` is less than the number of probes, which is
            // `MAX_PROBES` at most.
            unsafe { bindings::damon_probe_hits_mvsum(index, self.region, self.ctx) }
        })
    }

    /// Returns how much of the region passed the filters that the operations handle, in units of
    /// the core addresses.
    #[inline]
    pub fn sz_filter_passed(&self) -> usize {
        self.sz_filter_passed
    }
}

impl Kdamond {
    /// Calls `f` on the kernel thread, for each region that it applies a scheme to.
    ///
    /// Waits until each scheme had its turn once, that is, for about the longest of the intervals
    /// at which they are [applied](super::Scheme::apply_interval_us). With the core in Rust, a
    /// thread that is killed does not wait for that; with `core.c` the wait is not interruptible.
    /// `f` must not wait for something that the caller holds, in particular not for a lock, nor for
    /// another walk.
    ///
    /// # Errors
    ///
    /// - [`ECANCELED`] if the thread has ended, now or before; if there are no schemes; if none of
    ///   them is [active](super::Watermarks); or if the thread is
    ///   [paused](super::Context::set_paused). `f` may have been called for some regions.
    /// - [`EINTR`] if the current thread was killed. `f` may have been called for some
    ///   regions.
    /// - [`EBUSY`] if another walk is in progress.
    /// - [`EDEADLK`] if this already is the kernel thread, which would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     damon::{
    ///         Action,
    ///         AddrRange,
    ///         Attrs,
    ///         Context,
    ///         Exclusivity,
    ///         OpsId,
    ///         Scheme, //
    ///     },
    ///     page::PAGE_SIZE, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// ctx.set_attrs(&Attrs {
    ///     sample_interval: 1_000,
    ///     aggr_interval: 5_000,
    ///     ..Attrs::default()
    /// })?;
    /// ctx.add_target()?.set_regions(&[AddrRange {
    ///     start: 0,
    ///     end: 16 * PAGE_SIZE,
    /// }])?;
    /// ctx.add_scheme(&Scheme::new(Action::Stat))?;
    /// let kdamond = ctx.start(Exclusivity::Shared)?;
    ///
    /// let mut size = 0;
    /// kdamond.walk(|visit| {
    ///     assert_eq!(visit.scheme_index(), 0);
    ///     size += visit.range().end - visit.range().start;
    /// })?;
    /// assert_eq!(size, 16 * PAGE_SIZE);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damos_walk")]
    pub fn walk<F>(&self, mut f: F) -> Result
    where
        F: FnMut(&Visit<'_>) + Send,
    {
        if self.pid() == Some(current!().pid()) {
            return Err(EDEADLK);
        }

        let mut control: bindings::damos_walk_control = pin_init::zeroed();

        control.walk_fn = Some(visit::<F>);
        control.data = (&raw mut f).cast();

        // SAFETY:
        // - By the type invariants, `damon_start()` has succeeded for the context, and it does not
        //   have too many probes.
        // - When this returns, the kdamond does not access `control` and what it points to anymore:
        //   either it never has, or it has completed or canceled the walk, which is the last thing
        //   that it does with `control`, or the walk was taken back from it under its lock.
        // - `data` of `control` is the `F` that `visit::<F>()` requires; we do not touch it until
        //   this returns.
        to_result(unsafe { bindings::damos_walk(self.as_ptr(), &raw mut control) })
    }
}

/// Calls the function of a walk for one region.
///
/// # Safety
///
/// - `data` must point to a valid `F` that nobody else accesses during this call, and that may be
///   used on this thread.
/// - This must be called by the kdamond that runs on `ctx`, where it calls the function of a
///   `struct damos_walk_control`, with a region and a scheme of that context.
/// - The context must have [`MAX_PROBES`](super::MAX_PROBES) probes at most.
unsafe extern "C" fn visit<F>(
    data: *mut c_void,
    ctx: *mut bindings::damon_ctx,
    _target: *mut bindings::damon_target,
    region: *mut bindings::damon_region,
    scheme: *mut bindings::damos,
    sz_filter_passed: usize,
) where
    F: FnMut(&Visit<'_>) + Send,
{
    // SAFETY: By the safety requirements.
    let f = unsafe { &mut *data.cast::<F>() };

    // INVARIANT: By the safety requirements, the pointers are valid, there are not too many probes,
    // and we are on the kdamond, which does not modify the context until we return. Nobody else
    // may.
    f(&Visit {
        ctx,
        region,
        scheme,
        sz_filter_passed,
        _ctx: PhantomData,
        _not_send: NotThreadSafe,
    });
}
