// SPDX-License-Identifier: GPL-2.0

//! Monitoring contexts that are not started.

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
use super::Guest;
use super::{
    owned_ctx::OwnedCtx,
    AddrRange,
    Attrs,
    OpsId,
    TargetMut, //
};
use crate::{
    bindings,
    error::to_result,
    page::PAGE_SIZE,
    pid::Pid,
    prelude::*,
    task, //
};
use core::ptr::NonNull;

#[cfg(all(CONFIG_DAMON_SYSFS_RUST, CONFIG_DAMON_SYSFS_KUNIT_TEST))]
mod kunit_shim;

/// A monitoring context that is not started: what to monitor, and how.
///
/// A new context has no operations, no targets and the [default attributes](Attrs::default). First
/// [select the operations](Self::select_ops), then [add targets](Self::add_target), then
/// [start](Self::start) it or [commit](super::Kdamond::commit) it to a running kdamond.
///
/// Corresponds to the C `struct damon_ctx`.
///
/// # Invariants
///
/// - `raw` has no kdamond.
/// - `ops` is `Some` if and only if `damon_select_ops()` has succeeded for the context, with this
///   identifier the last time.
/// - The `addr_unit` of the context is not zero; its `min_region_sz` is a power of two, and the one
///   that goes with `ops` and `addr_unit`.
/// - If the context has a target then `ops` is `Some`.
/// - It has [`MAX_PROBES`](super::MAX_PROBES) probes at most.
/// - The `pid` of each target is null or owns a reference. It is null if `ops` has no pid; else
///   `nr_pidless` is the number of targets for that it is null.
///
/// # Examples
///
/// ```
/// use kernel::{
///     damon::{
///         Context,
///         Exclusivity,
///         OpsId, //
///     },
///     pid::Pid, //
/// };
///
/// let mut ctx = Context::new()?;
///
/// // There are no targets without knowing what a target is.
/// assert_eq!(ctx.add_target().err(), Some(EINVAL));
///
/// ctx.select_ops(OpsId::Vaddr)?;
/// let pid = Pid::find(current!().pid())?;
/// ctx.add_target()?.set_pid(pid)?;
///
/// // The targets belong to the operations.
/// assert_eq!(ctx.select_ops(OpsId::Paddr), Err(EBUSY));
///
/// let kdamond = ctx.start(Exclusivity::Shared)?;
/// assert!(kdamond.is_running());
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "damon_ctx")]
pub struct Context {
    raw: OwnedCtx,
    ops: Option<OpsId>,
    nr_pidless: usize,
    /// For whom it is, and whose operations it has.
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(super) guest: Option<Guest>,
}

impl Context {
    /// Creates a context.
    ///
    /// # Errors
    ///
    /// - [`ENODEV`] if DAMON is not initialized, because its initcall has not run yet or failed.
    /// - [`ENOMEM`] if there is no memory.
    #[doc(alias = "damon_new_ctx")]
    pub fn new() -> Result<Self> {
        // INVARIANT: A new C context has not selected operations, has no targets, an `addr_unit` of
        // one and a `min_region_sz` of a page.
        Ok(Self {
            raw: OwnedCtx::new()?,
            ops: None,
            nr_pidless: 0,
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            guest: None,
        })
    }

    /// Returns the pointer to the C context.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.raw.as_ptr()
    }

    /// Selects the monitoring operations.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if the context already has targets: what a target consists of, and how it is
    ///   freed, depends on the operations.
    /// - [`EINVAL`] if no such operations are [registered](OpsId::is_registered), or if they cannot
    ///   work with the [address unit](Self::set_addr_unit).
    ///
    /// In case of an error the context is unchanged.
    #[doc(alias = "damon_select_ops")]
    pub fn select_ops(&mut self, ops: OpsId) -> Result {
        let ctx = self.as_ptr();

        // SAFETY: By the type invariants, `ctx` is valid and has no kdamond.
        if !unsafe { bindings::damon_targets_empty(ctx) } {
            return Err(EBUSY);
        }

        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it.
        let addr_unit = unsafe { (*ctx).addr_unit };
        let min_region_sz = min_region_sz(Some(ops), addr_unit)?;
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        self.check_guest(ops)?;

        // SAFETY: By the type invariants, `ctx` is valid and has no kdamond.
        to_result(unsafe { bindings::damon_select_ops(ctx, ops.into_raw()) })?;
        #[cfg(CONFIG_DAMON_SYSFS_USERS)]
        self.guard_ops();

        // INVARIANT: `damon_select_ops()` has succeeded for `ops`, there are no targets, and
        // `min_region_sz` is the one of `ops` and `addr_unit`.
        self.ops = Some(ops);
        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it.
        unsafe { (*ctx).min_region_sz = min_region_sz };
        Ok(())
    }

    /// Returns the selected monitoring operations.
    #[inline]
    pub fn ops(&self) -> Option<OpsId> {
        self.ops
    }

    /// Sets the monitoring attributes.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if
    ///
    /// - [`Attrs::min_nr_regions`] is less than three,
    /// - [`Attrs::max_nr_regions`] is less than [`Attrs::min_nr_regions`],
    /// - [`Attrs::aggr_interval`] is less than [`Attrs::sample_interval`],
    /// - the tuning of the intervals is on, and the range of the sampling interval in
    ///   [`Attrs::intervals_goal`] is empty or does not contain [`Attrs::sample_interval`].
    ///
    /// In case of an error the context is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Attrs,
    ///     Context, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// assert_eq!(ctx.attrs(), Attrs::default());
    ///
    /// let mut attrs = Attrs {
    ///     min_nr_regions: 2,
    ///     max_nr_regions: 3,
    ///     ..Attrs::default()
    /// };
    /// assert_eq!(ctx.set_attrs(&attrs), Err(EINVAL));
    /// assert_eq!(ctx.attrs(), Attrs::default());
    ///
    /// attrs.min_nr_regions = 3;
    /// ctx.set_attrs(&attrs)?;
    /// assert_eq!(ctx.attrs(), attrs);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_set_attrs")]
    pub fn set_attrs(&mut self, attrs: &Attrs) -> Result {
        let mut attrs = attrs.to_raw();

        // SAFETY: By the type invariants, the context is valid and not started, which is one of the
        // states that `damon_set_attrs()` wants. `attrs` is valid for the duration of the call.
        to_result(unsafe { bindings::damon_set_attrs(self.as_ptr(), &raw mut attrs) })
    }

    /// Returns the monitoring attributes.
    pub fn attrs(&self) -> Attrs {
        // SAFETY: By the type invariants, the context is valid and has no kdamond, hence it is
        // modified only through a mutable reference to `self`.
        Attrs::from_raw(unsafe { &(*self.as_ptr()).attrs })
    }

    /// Sets the factor from addresses of the core to addresses of the operations.
    ///
    /// Only [`OpsId::Paddr`] respects it, for machines whose physical addresses do not fit into a
    /// word. There the size of a region is a multiple of a page divided by `addr_unit`, or of one
    /// if `addr_unit` is larger than a page. For other operations the value is stored only.
    ///
    /// # Errors
    ///
    /// - [`EBUSY`] if the context already has targets, whose regions would not be aligned anymore.
    /// - [`EINVAL`] if `addr_unit` is zero, or if the operations are [`OpsId::Paddr`] and the
    ///   result is a minimum size of a region that is not a power of two: DAMON starts no such
    ///   context.
    ///
    /// In case of an error the context is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{
    ///     damon::{
    ///         Context,
    ///         OpsId, //
    ///     },
    ///     page::PAGE_SIZE, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// ctx.set_addr_unit(2)?;
    /// assert_eq!(ctx.min_region_sz(), PAGE_SIZE / 2);
    ///
    /// assert_eq!(ctx.set_addr_unit(0), Err(EINVAL));
    /// assert_eq!(ctx.set_addr_unit(3), Err(EINVAL));
    /// assert_eq!(ctx.min_region_sz(), PAGE_SIZE / 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn set_addr_unit(&mut self, addr_unit: usize) -> Result {
        let ctx = self.as_ptr();
        let min_region_sz = min_region_sz(self.ops, addr_unit)?;

        // SAFETY: By the type invariants, `ctx` is valid and has no kdamond.
        if !unsafe { bindings::damon_targets_empty(ctx) } {
            return Err(EBUSY);
        }

        // INVARIANT: `addr_unit` is not zero, and `min_region_sz` goes with it, because
        // `min_region_sz()` has succeeded.
        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it.
        unsafe { (*ctx).addr_unit = addr_unit };
        // SAFETY: By the type invariants, `ctx` is valid and nobody else accesses it.
        unsafe { (*ctx).min_region_sz = min_region_sz };
        Ok(())
    }

    /// Returns the minimum size of a region, in units of the core addresses.
    ///
    /// Regions are aligned to this. It is a power of two.
    pub fn min_region_sz(&self) -> usize {
        // SAFETY: By the type invariants, the context is valid and has no kdamond, hence it is
        // modified only through a mutable reference to `self`.
        unsafe { (*self.as_ptr()).min_region_sz }
    }

    /// Sets whether the kdamond shall pause after its first sampling.
    ///
    /// A paused kdamond neither samples nor applies schemes; it still executes [calls] and can be
    /// stopped. [Commit] a context that is not paused to make it go on.
    ///
    /// [calls]: super::Kdamond::call
    /// [Commit]: super::Kdamond::commit
    pub fn set_paused(&mut self, paused: bool) {
        // SAFETY: By the type invariants, the context is valid and nobody else accesses it.
        unsafe { (*self.as_ptr()).pause = paused };
    }

    /// Adds a target, without regions, and without a [`Pid`](crate::pid::Pid).
    ///
    /// A target that was added stays, also if a later step fails. In that case drop the context.
    ///
    /// For [`OpsId::Paddr`] more than one target makes no sense, although DAMON allows it.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if no operations are [selected](Self::select_ops).
    /// - [`ENOMEM`] if there is no memory.
    #[doc(alias = "damon_new_target")]
    #[doc(alias = "damon_add_target")]
    pub fn add_target(&mut self) -> Result<TargetMut<'_>> {
        self.ops.ok_or(EINVAL)?;
        let nr_pidless = self.nr_pidless.checked_add(1).ok_or(ENOMEM)?;

        // SAFETY: Always safe to call from a context that can sleep; returns null or a new target.
        let target = unsafe { bindings::damon_new_target() };
        let target = NonNull::new(target).ok_or(ENOMEM)?;

        // INVARIANT: `ops` is `Some`, and the `pid` of a new target is null.
        self.nr_pidless = nr_pidless;
        // SAFETY: By the type invariants, the context is valid and nobody else accesses it. The
        // target is new, hence not in a list, and we pass the ownership of it to the context.
        unsafe { bindings::damon_add_target(self.as_ptr(), target.as_ptr()) };

        // SAFETY: We just added `target` to the context.
        Ok(unsafe { TargetMut::new(self, target) })
    }

    /// Adds a target with everything that it has: the process with the number `pid` in the PID
    /// namespace of the current task, unless the [operations](OpsId::has_pid) are not for
    /// processes, the regions to start with, and whether it is
    /// [obsolete](TargetMut::set_obsolete).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there is no such process now; there is no new target then.
    /// - As [`Self::add_target`] and [`TargetMut::set_regions`] do. If it is the latter, there is a
    ///   new target: drop the context.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Context,
    ///     OpsId, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Vaddr)?;
    /// ctx.add_target_with(current!().pid(), false, &[])?;
    /// assert_eq!(ctx.add_target_with(-1, false, &[]), Err(EINVAL));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn add_target_with(
        &mut self,
        pid: task::Pid,
        obsolete: bool,
        ranges: &[AddrRange],
    ) -> Result {
        let pid = match self.ops.ok_or(EINVAL)?.has_pid() {
            true => Some(Pid::find(pid)?),
            false => None,
        };
        let mut target = self.add_target()?;

        if let Some(pid) = pid {
            target.set_pid(pid)?;
        }
        target.set_obsolete(obsolete);
        target.set_regions(ranges)
    }

    /// Notes that a target got its first pid.
    pub(super) fn dec_nr_pidless(&mut self) {
        // INVARIANT: The caller just set the `pid` of a target that had none.
        self.nr_pidless = self.nr_pidless.saturating_sub(1);
    }

    /// Checks what DAMON does not check itself before it monitors with this context.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if no operations are selected, or if they need a pid for each target and there is
    /// a target without.
    pub(super) fn validate(&self) -> Result {
        match self.ops {
            Some(ops) if ops.has_pid() && self.nr_pidless != 0 => Err(EINVAL),
            Some(_) => Ok(()),
            None => Err(EINVAL),
        }
    }

    /// Returns the C context only.
    pub(super) fn into_owned_ctx(self) -> OwnedCtx {
        self.raw
    }
}

/// Returns the minimum size of a region for the operations and the address unit.
///
/// # Errors
///
/// [`EINVAL`] if `addr_unit` is zero, or if the result is not a power of two.
fn min_region_sz(ops: Option<OpsId>, addr_unit: usize) -> Result<usize> {
    let scaled = PAGE_SIZE.checked_div(addr_unit).ok_or(EINVAL)?.max(1);

    match ops {
        Some(OpsId::Paddr) if scaled.is_power_of_two() => Ok(scaled),
        Some(OpsId::Paddr) => Err(EINVAL),
        Some(OpsId::Vaddr | OpsId::Fvaddr) | None => Ok(PAGE_SIZE),
    }
}
