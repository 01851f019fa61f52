// SPDX-License-Identifier: GPL-2.0

//! Monitoring contexts.

use super::{
    List,
    ListMut,
    Operations,
    OpsId,
    PidsCounted,
    Probe,
    RegionPool,
    Scheme,
    Shared,
    StopState,
    Target,
    RUNNING, //
};
use core::{
    cell::Cell,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*,
    sync::GlobalLockedBy, //
};

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

/// A context as it is allocated.
#[repr(C)]
struct ContextBox {
    ctx: bindings::damon_ctx,
    private: Private,
    left_window: Cell<LeftWindow>,
    walk_withdrawn: Cell<bool>,
    stop: GlobalLockedBy<StopState, RUNNING>,
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
    let context_box = ctx.as_ptr().cast::<ContextBox>();
    // SAFETY: A context is the first field of a `ContextBox`. Nothing ever borrows the field
    // mutably, and the lock is what its value is used under.
    unsafe { &(*context_box).stop }
}

/// Returns whether a request to walk a context was withdrawn, which the lock of the request
/// protects.
///
/// # Safety
///
/// `ctx` must have been made by [`OwnedContext::new()`], and not be freed during the lifetime that
/// the caller chooses. The lock of the request must be held meanwhile.
pub(super) unsafe fn walk_withdrawn_of<'a>(ctx: NonNull<bindings::damon_ctx>) -> &'a Cell<bool> {
    let context_box = ctx.as_ptr().cast::<ContextBox>();
    // SAFETY: A context is the first field of a `ContextBox`. Nothing ever borrows the field
    // mutably, and the caller holds its lock.
    unsafe { &(*context_box).walk_withdrawn }
}

/// Exclusive access to a context, `struct damon_ctx`.
///
/// A context that does not run belongs to who made it. That of a running kdamond belongs to the
/// kdamond, and to callbacks that run on it.
///
/// # Invariants
///
/// The pointer is that of a [`ContextBox`], and nothing but this value and the pointers that are
/// derived from it uses the context during `'a`, except as [`Shared`] does.
pub(crate) struct Context<'a> {
    ctx: NonNull<bindings::damon_ctx>,
    _borrow: PhantomData<&'a mut bindings::damon_ctx>,
}

/// A context that is not running, and is freed when it is dropped.
pub(crate) struct OwnedContext(NonNull<bindings::damon_ctx>);

impl OwnedContext {
    /// Allocates a context with the default attributes.
    ///
    /// Corresponds to `damon_new_ctx()`.
    pub(crate) fn new() -> Result<Self> {
        let mut ctx: bindings::damon_ctx = pin_init::zeroed();
        ctx.attrs.sample_interval = 5_000;
        ctx.attrs.aggr_interval = 100_000;
        ctx.attrs.ops_update_interval = 60_000_000;
        ctx.attrs.min_nr_regions = 10;
        ctx.attrs.max_nr_regions = 1_000;
        ctx.addr_unit = 1;
        ctx.min_region_sz = PAGE_SIZE;
        let context_box = KBox::new(
            ContextBox {
                ctx,
                private: Private {
                    pool: RegionPool::new(),
                    rotation: 0,
                    last_nr_regions: 0,
                    score_histogram: [0; SCORES],
                },
                left_window: Cell::default(),
                walk_withdrawn: Cell::new(false),
                stop: GlobalLockedBy::new(StopState::default()),
            },
            GFP_KERNEL,
        )?;
        let ctx = NonNull::from(KBox::leak(context_box)).cast::<bindings::damon_ctx>();
        // SAFETY: The context was allocated just now, and stays at its address.
        unsafe { bindings::damon_core_init_ctx(ctx.as_ptr()) };
        Ok(Self(ctx))
    }

    /// # Safety
    ///
    /// `ctx` must come from [`into_raw()`](Self::into_raw), and must not be running or in use.
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        Self(ctx)
    }

    /// Gives the context to C.
    pub(crate) fn into_raw(self) -> *mut bindings::damon_ctx {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
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
        // SAFETY: `new()` allocated it as a `KBox<ContextBox>`, and nothing uses it any more.
        drop(unsafe { KBox::<ContextBox>::from_raw(self.0.as_ptr().cast()) });
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
///
/// # Invariants
///
/// The pointer is valid for `'a`, and nothing else uses it.
pub(crate) struct Random<'a> {
    state: *mut bindings::rnd_state,
    _borrow: PhantomData<&'a mut ()>,
}

impl Random<'_> {
    /// Returns a number in `1..10`.
    ///
    /// Corresponds to `damon_rand(ctx, 1, 10)`.
    #[inline]
    pub(crate) fn one_to_nine(&mut self) -> usize {
        // SAFETY: The state is valid, and nothing else uses it.
        let rnd = u64::from(unsafe { bindings::prandom_u32_state(self.state) });
        // CAST: The result is less than 9.
        1 + (rnd.wrapping_mul(9) >> 32) as usize
    }
}

impl<'a> Context<'a> {
    /// # Safety
    ///
    /// `ctx` must have been made by [`OwnedContext::new()`], and during `'a` nothing else may use
    /// it, except for what [`Shared`] does and what operations and callbacks do on behalf of the
    /// returned value.
    #[inline]
    pub(crate) unsafe fn from_raw(ctx: NonNull<bindings::damon_ctx>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            ctx,
            _borrow: PhantomData,
        }
    }

    /// Returns the C structure.
    #[inline]
    pub(super) fn as_ptr(&self) -> *mut bindings::damon_ctx {
        self.ctx.as_ptr()
    }

    accessors! {
        /// The attributes of the monitoring.
        raw_attrs, set_raw_attrs: bindings::damon_attrs = attrs;
        /// How many sample intervals have passed since the start.
        passed_sample_intervals, set_passed_sample_intervals: usize = passed_sample_intervals;
        /// When the accesses are aggregated next, in sample intervals since the start.
        next_aggregation_sis, set_next_aggregation_sis: usize = next_aggregation_sis;
        /// When the operations are updated next, in sample intervals since the start.
        next_ops_update_sis, set_next_ops_update_sis: usize = next_ops_update_sis;
        /// When the intervals are tuned next, in sample intervals since the start.
        next_intervals_tune_sis, set_next_intervals_tune_sis: usize = next_intervals_tune_sis;
        /// Whether a commit has failed half way.
        maybe_corrupted, set_maybe_corrupted: bool = maybe_corrupted;
        /// Bytes of an address unit.
        addr_unit, set_addr_unit: usize = addr_unit;
        /// The smallest size of a region, in address units.
        min_region_sz, set_min_region_sz: usize = min_region_sz;
        /// Whether monitoring pauses.
        pause, set_pause: bool = pause;
        /// The number of the operations.
        raw_ops_id: bindings::damon_ops_id = ops.id;
    }

    /// What other threads can do with this context.
    pub(crate) fn shared(&self) -> Shared<'a> {
        // SAFETY: The context is valid for `'a`.
        unsafe { Shared::from_raw(self.ctx) }
    }

    /// Returns whether targets are processes.
    ///
    /// Corresponds to `damon_target_has_pid()`.
    pub(crate) fn target_has_pid(&self) -> Option<PidsCounted> {
        PidsCounted::new(OpsId::from_raw(self.raw_ops_id()).ok()?)
    }

    /// The operations for single targets and regions.
    #[inline]
    pub(crate) fn ops(&self) -> Operations<'_> {
        // SAFETY: The context is valid, no other thread uses it, and it is borrowed with `self`.
        unsafe { Operations::from_raw(self.ctx) }
    }

    /// What is not in C.
    #[inline]
    pub(crate) fn private(&mut self) -> &mut Private {
        self.parts().private
    }

    /// What is left of the aggregation interval, as it was computed last.
    pub(crate) fn left_window(&self) -> &Cell<LeftWindow> {
        // SAFETY: A context is the first field of a `ContextBox`, which is valid. No exclusive
        // reference to this field is made anywhere.
        unsafe { &(*self.ctx.cast::<ContextBox>().as_ptr()).left_window }
    }

    /// Borrows several parts at once.
    #[inline]
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let (targets, schemes) = (place!(self, adaptive_targets), place!(self, schemes));
        let all = self.ctx.cast::<ContextBox>().as_ptr();
        // SAFETY: A context is the first field of a `ContextBox`, which is valid. No other part of
        // it overlaps this one, which is borrowed with `self`.
        let private = unsafe { &mut (*all).private };
        Parts {
            // SAFETY: The context is valid and exclusive, and `self` is borrowed.
            ops: unsafe { Operations::from_raw(self.ctx) },
            // SAFETY: The list is initialized with the context, and borrowed with `self`.
            targets: unsafe { ListMut::from_raw(targets) },
            // SAFETY: The list is initialized with the context, and borrowed with `self`.
            schemes: unsafe { List::from_raw(schemes) },
            private,
            // INVARIANT: The state is borrowed with `self`.
            random: Random {
                state: place!(self, rnd_state),
                _borrow: PhantomData,
            },
        }
    }

    /// Cleans up and frees all targets.
    ///
    /// Corresponds to `damon_destroy_targets()`.
    pub(crate) fn destroy_targets(&mut self) {
        let Parts {
            ops, mut targets, ..
        } = self.parts();
        let mut cursor = targets.cursor();
        while cursor.current().is_some() {
            ops.destroy_target(&mut cursor);
        }
    }
}

lists! { Context<'_>, Context<'_>:
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
