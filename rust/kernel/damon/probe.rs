// SPDX-License-Identifier: GPL-2.0

//! Probes of attributes of the monitored memory.

use super::{
    Context,
    ProbeFilter, //
};
use crate::{
    bindings,
    interop::list::clist_create,
    prelude::*,
    types::Opaque, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

/// Maximum number of probes of a context.
///
/// Corresponds to the C `DAMON_MAX_PROBES`.
#[doc(alias = "DAMON_MAX_PROBES")]
pub const MAX_PROBES: usize = bindings::DAMON_MAX_PROBES as usize;

/// A C `struct damon_probe` in the list of a context.
#[repr(transparent)]
struct Probe(Opaque<bindings::damon_probe>);

/// Returns the number of probes of a context.
///
/// # Safety
///
/// `ctx` must point to a valid `struct damon_ctx` whose list of probes nobody modifies during this
/// call.
pub(super) unsafe fn nr_probes(ctx: *mut bindings::damon_ctx) -> usize {
    // SAFETY: By the safety requirements, `ctx` is valid.
    let head = unsafe { &raw mut (*ctx).probes };

    // SAFETY: By the safety requirements, `head` is the initialized head of a list that is not
    // modified. `damon_add_probe()` puts `struct damon_probe` into it by their `list`.
    unsafe { clist_create!(head, Probe, bindings::damon_probe, list) }
        .iter()
        .count()
}

/// A probe of a [`Context`] that is not started, exclusively borrowed.
///
/// Corresponds to the C `struct damon_probe`.
///
/// # Invariants
///
/// `probe` points to a valid `struct damon_probe` that is in the list of probes of a context to
/// that this has the exclusive reference.
#[doc(alias = "damon_probe")]
pub struct ProbeMut<'a> {
    probe: NonNull<bindings::damon_probe>,
    _ctx: PhantomData<&'a mut Context>,
}

impl Context {
    /// Adds a probe, without filters.
    ///
    /// For each region, a probe counts the samplings that found memory which passes its filters.
    /// If any probe has a weight other than zero, the weighted sum of these counts, rather than the
    /// number of accesses, says which regions are alike, and accesses are not monitored.
    ///
    /// With weights [`start`](Self::start) and [`commit`](super::Kdamond::commit) fail with
    /// [`EINVAL`] if the operations cannot probe, which those for processes cannot, if there are
    /// more than 255 samplings in an aggregation, or if the weighted sum could be larger than
    /// [`u32::MAX`].
    ///
    /// A probe that was added stays, also if a later step fails. In that case drop the context.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the context already has [`MAX_PROBES`] probes.
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Context,
    ///     ProbeFilter,
    ///     ProbeFilterKind,
    ///     MAX_PROBES, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    ///
    /// for _ in 0..MAX_PROBES {
    ///     ctx.add_probe(0)?.add_filter(ProbeFilter {
    ///         kind: ProbeFilterKind::Anon,
    ///         matching: true,
    ///         allow: true,
    ///     })?;
    /// }
    /// assert_eq!(ctx.add_probe(0).err(), Some(EINVAL));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_new_probe")]
    #[doc(alias = "damon_add_probe")]
    pub fn add_probe(&mut self, weight: u32) -> Result<ProbeMut<'_>> {
        let ctx = self.as_ptr();

        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it.
        if unsafe { nr_probes(ctx) } >= MAX_PROBES {
            return Err(EINVAL);
        }

        // SAFETY: Always safe to call from a context that can sleep; returns null or a new probe.
        let probe = NonNull::new(unsafe { bindings::damon_new_probe() }).ok_or(ENOMEM)?;

        // INVARIANT: There were less than `MAX_PROBES` probes.
        // SAFETY: `probe` is valid, and nobody else knows it.
        unsafe { (*probe.as_ptr()).weight = weight };
        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it. The probe is
        // new, hence not in a list, and we pass the ownership of it to the context.
        unsafe { bindings::damon_add_probe(ctx, probe.as_ptr()) };

        // INVARIANT: We just added `probe` to the context.
        Ok(ProbeMut {
            probe,
            _ctx: PhantomData,
        })
    }
}

impl ProbeMut<'_> {
    /// Adds a filter, after those that were added before.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    #[doc(alias = "damon_new_filter")]
    #[doc(alias = "damon_add_filter")]
    pub fn add_filter(&mut self, filter: ProbeFilter) -> Result {
        let filter = filter.to_raw()?;

        // SAFETY: By the type invariants, `probe` is valid and nobody else accesses it. The filter
        // is in no list, and we pass the ownership of it to the probe.
        unsafe { bindings::damon_add_filter(self.probe.as_ptr(), filter.as_ptr()) };
        Ok(())
    }
}
