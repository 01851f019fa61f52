// SPDX-License-Identifier: GPL-2.0

//! Monitoring contexts.

use super::operations::Operations;
use crate::prelude::*;
use core::cell::UnsafeCell;
use kernel::sync::GlobalLockedBy;

/// What a context has besides the C structure.
pub(crate) struct Private {
    /// Regions for the next splits.
    pub(crate) pool: RegionPool,
    /// How often only some of the regions were split, which tells which ones are next.
    pub(crate) rotation: usize,
    /// How many regions there were before the last split.
    pub(crate) last_nr_regions: usize,
    /// The size of the regions that have each score for a scheme, in address units.
    pub(crate) score_histogram: [usize; SCORES],
}

/// What is left of the aggregation interval, and what that was computed from.
///
/// Operations ask for the accesses to each region. The answer has divisions in it, which are the
/// same for all of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct LeftWindow {
    /// The sampling interval, the aggregation interval, how many sample intervals have passed, and
    /// at how many the accesses are aggregated next.
    pub(crate) of: [usize; 4],
    /// Which part of the interval is left, in 1/10,000, or [`None`] for a context that is new.
    pub(crate) left_bp: Option<usize>,
}

/// A context, `struct damon_ctx`, and what the core keeps beside it.
///
/// Times that end with `_sis` are in sample intervals since the start.
///
/// # Invariants
///
/// The object is initialized, and only one thread has access to it, except for what [`Shared`] does
/// with parts that have locks.
#[repr(C)]
pub(crate) struct Ctx {
    raw: Opaque<bindings::damon_ctx>,
    private: UnsafeCell<Private>,
    /// What is left of the aggregation interval, as it was computed last.
    pub(crate) left_window: Cell<LeftWindow>,
    walk_withdrawn: Cell<bool>,
    #[cfg(CONFIG_DAMON_SYSFS_USERS)]
    pub(super) guest: Cell<Option<Guest>>,
    stop: GlobalLockedBy<StopState, RUNNING>,
}

// SAFETY: The structure comes first. `Opaque` allows that others change it.
unsafe impl Object for Ctx {
    type C = bindings::damon_ctx;
}

/// Returns what is known about the end of the kdamond of a context.
///
/// # Safety
///
/// `ctx` must have been made by [`OwnedContext::new()`], and not be freed during the lifetime that
/// the caller chooses.
pub(super) unsafe fn stop_state_of<'a>(
    ctx: NonNull<bindings::damon_ctx>,
) -> &'a GlobalLockedBy<StopState, RUNNING> {
    // SAFETY: Contexts are allocated as `Ctx`, and this one is not freed. Nothing ever borrows the
    // field mutably, and the lock is what its value is used under.
    unsafe { &(*ctx.cast::<Ctx>().as_ptr()).stop }
}

/// Returns whether a request to walk a context was withdrawn, which the lock of the request
/// protects.
///
/// # Safety
///
/// `ctx` must have been made by [`OwnedContext::new()`], and not be freed during the lifetime that
/// the caller chooses. The lock of the request must be held meanwhile.
pub(super) unsafe fn walk_withdrawn_of<'a>(ctx: NonNull<bindings::damon_ctx>) -> &'a Cell<bool> {
    // SAFETY: Contexts are allocated as `Ctx`, and this one is not freed. Nothing ever borrows the
    // field mutably, and the caller holds its lock.
    unsafe { &(*ctx.cast::<Ctx>().as_ptr()).walk_withdrawn }
}

/// Exclusive access to a context.
///
/// A context that does not run belongs to who made it. That of a running kdamond belongs to the
/// kdamond, and to operations and callbacks that run on it.
pub(crate) type Context<'a> = Mut<'a, Ctx>;

/// A context that is not running, and is freed when it is dropped.
///
/// # Invariants
///
/// The pointer is that of a [`Ctx`] in a [`KBox`] that was leaked.
pub(crate) struct OwnedContext(NonNull<Ctx>);

impl OwnedContext {
    /// Allocates a context with the default attributes. Corresponds to `damon_new_ctx()`.
    pub(crate) fn new() -> Result<Self> {
        let mut raw: bindings::damon_ctx = pin_init::zeroed();
        raw.attrs.sample_interval = 5_000;
        raw.attrs.aggr_interval = 100_000;
        raw.attrs.ops_update_interval = 60_000_000;
        raw.attrs.min_nr_regions = 10;
        raw.attrs.max_nr_regions = 1_000;
        raw.addr_unit = 1;
        raw.min_region_sz = PAGE_SIZE;
        let ctx = Ctx {
            raw: Opaque::new(raw),
            private: UnsafeCell::new(Private {
                pool: RegionPool::new(),
                rotation: 0,
                last_nr_regions: 0,
                score_histogram: [0; SCORES],
            }),
            left_window: Cell::default(),
            walk_withdrawn: Cell::new(false),
            #[cfg(CONFIG_DAMON_SYSFS_USERS)]
            guest: Cell::new(None),
            stop: GlobalLockedBy::new(StopState::default()),
        };
        let ctx = NonNull::from(KBox::leak(KBox::new(ctx, super::gfp())?));
        // SAFETY: The context was allocated just now, and stays at its address.
        unsafe { bindings::damon_core_init_ctx(ctx.as_ptr().cast()) };
        // INVARIANT: It was leaked just now.
        Ok(Self(ctx))
    }

    /// # Safety
    ///
    /// `ctx` must come from [`into_raw()`](Self::into_raw), and must not be running or in use.
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        Self(ctx.cast())
    }

    /// Gives the context to C.
    pub(crate) fn into_raw(self) -> *mut bindings::damon_ctx {
        ManuallyDrop::new(self).0.as_ptr().cast()
    }

    /// Borrows the context.
    pub(crate) fn as_context(&mut self) -> Context<'_> {
        // SAFETY: The context is owned, and borrowed with `self`.
        unsafe { Context::from_raw(self.0) }
    }
}

impl Drop for OwnedContext {
    /// Corresponds to `damon_destroy_ctx()`.
    fn drop(&mut self) {
        let mut ctx = self.as_context();
        ctx.destroy_targets();
        ctx.schemes_mut().clear();
        ctx.probes_mut().clear();
        // SAFETY: The context comes from a `KBox`, and nothing uses it any more.
        drop(unsafe { KBox::from_raw(self.0.as_ptr()) });
    }
}

/// Disjoint parts of a context, to be used at the same time.
pub(crate) struct Parts<'a> {
    /// The operations for single targets and regions.
    pub(crate) ops: Operations<'a>,
    /// The targets.
    pub(crate) targets: ListMut<'a, Target>,
    /// The schemes.
    pub(crate) schemes: List<'a, Scheme>,
    /// What is not in C.
    pub(crate) private: &'a mut Private,
    /// Random numbers.
    pub(crate) random: Random<'a>,
}

/// The random numbers of a context.
pub(crate) struct Random<'a>(&'a Opaque<bindings::rnd_state>);

impl Random<'_> {
    /// Returns a number in `1..10`. Corresponds to `damon_rand(ctx, 1, 10)`.
    pub(crate) fn one_to_nine(&mut self) -> usize {
        // SAFETY: The state is valid, and only one thread has access to it.
        let rnd = u64::from(unsafe { bindings::prandom_u32_state(self.0.get()) });
        // CAST: The result is less than 9.
        1 + (rnd.wrapping_mul(9) >> 32) as usize
    }
}

impl Ctx {
    fields! {
        bindings::damon_attrs: raw_attrs = attrs;
        usize: passed_sample_intervals, next_aggregation_sis, next_ops_update_sis,
            next_intervals_tune_sis, addr_unit, min_region_sz;
        bool: maybe_corrupted, pause;
    }

    getters! { bindings::damon_ops_id: raw_ops_id = ops.id; }

    /// Returns whether targets are processes. Corresponds to `damon_target_has_pid()`.
    pub(crate) fn target_has_pid(&self) -> Option<PidsCounted> {
        PidsCounted::new(OpsId::from_raw(self.raw_ops_id())?)
    }

    /// The operations for single targets and regions.
    pub(crate) fn ops(&self) -> Operations<'_> {
        Operations(self)
    }

    /// The regions of all targets.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &Region> {
        self.targets()
            .iter()
            .flat_map(|target| target.regions().iter())
    }
}

impl<'a> Context<'a> {
    /// What other threads can do with this context.
    pub(crate) fn shared(&self) -> Shared<'a> {
        // SAFETY: The context is valid for `'a`.
        unsafe { Shared::from_raw(self.as_non_null().cast()) }
    }

    /// Borrows several parts at once.
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let (targets, schemes) = (place!(self, adaptive_targets), place!(self, schemes));
        let random = place!(self, rnd_state);
        Parts {
            ops: self.ops(),
            // SAFETY: The list is initialized with the context, and borrowed with `self`.
            targets: unsafe { ListMut::from_raw(targets) },
            // SAFETY: The list is initialized with the context, and borrowed with `self`.
            schemes: unsafe { List::from_raw(schemes) },
            // SAFETY: Only this gives it out, and it is borrowed with `self`.
            private: unsafe { &mut *self.private.get() },
            // SAFETY: It is valid as long as the context, which is borrowed with `self`.
            random: Random(unsafe { &*random.cast() }),
        }
    }

    /// Cleans up and frees all targets. Corresponds to `damon_destroy_targets()`.
    pub(crate) fn destroy_targets(&mut self) {
        let mut parts = self.parts();
        let mut cursor = parts.targets.cursor();
        while cursor.current().is_some() {
            parts.ops.destroy_target(&mut cursor);
        }
    }
}

lists! { Ctx, Context<'_>:
    /// The targets.
    targets, targets_mut: Target = adaptive_targets;
    /// The schemes.
    schemes, schemes_mut: Scheme = schemes;
    /// The probes.
    probes, probes_mut: Probe = probes;
}

/// How many scores a region can have for a scheme, from zero on.
// CAST: The number is 99.
pub(crate) const SCORES: usize = bindings::DAMOS_MAX_SCORE as usize + 1;
