// SPDX-License-Identifier: GPL-2.0

//! Schemes, and their quotas.

use super::{
    list::init,
    Entry,
    Filter,
    Goal,
    List,
    ListMut,
    Mut,
    Owned,
    Target, //
};
use core::{
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// How a quota is tuned to goals, `enum damos_quota_goal_tuner`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoalTuner {
    /// Approach the goal with a quota that stays about the same.
    Consist,
    /// Reach the goal as soon as possible, and do nothing then.
    Temporal,
}

/// How much a scheme may do, `struct damos_quota`.
///
/// # Invariants
///
/// The object is valid, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Quota(Opaque<bindings::damos_quota>);

impl Quota {
    fn as_ptr(&self) -> *mut bindings::damos_quota {
        self.0.get()
    }

    accessors! {
        /// For how long a charge counts, in milliseconds.
        reset_interval, set_reset_interval: usize = reset_interval;
        /// How long the action may take in that time, in milliseconds. Zero is no limit.
        ms, set_ms: usize = ms;
        /// To how many address units the action may be applied in that time. Zero is no limit.
        sz, set_sz: usize = sz;
        /// What the limits come to, in address units.
        esz, set_esz: usize = esz;
        /// How much of what was not applied is charged: the numerator.
        fail_charge_num, set_fail_charge_num: u32 = fail_charge_num;
        /// How much of what was not applied is charged: the denominator. With zero, all is.
        fail_charge_denom, set_fail_charge_denom: u32 = fail_charge_denom;
        /// How much the size counts in the score of a region.
        weight_sz, set_weight_sz: u32 = weight_sz;
        /// How much the accesses count in the score of a region.
        weight_nr_accesses, set_weight_nr_accesses: u32 = weight_nr_accesses;
        /// How much the age counts in the score of a region.
        weight_age, set_weight_age: u32 = weight_age;
        /// The number of the tuner.
        raw_goal_tuner, set_raw_goal_tuner: bindings::damos_quota_goal_tuner = goal_tuner;
        /// What was charged in all former windows, in address units.
        total_charged_sz, set_total_charged_sz: usize = total_charged_sz;
        /// How long the action has taken in all, in nanoseconds.
        total_charged_ns, set_total_charged_ns: usize = total_charged_ns;
        /// What was charged in this window, in address units.
        charged_sz, set_charged_sz: usize = charged_sz;
        /// When this window began, in jiffies.
        charged_from, set_charged_from: usize = charged_from;
        /// From which address on the next window goes on.
        charge_addr_from, set_charge_addr_from: usize = charge_addr_from;
        /// The lowest score of regions that the action is applied to.
        min_score, set_min_score: u32 = min_score;
        /// The quota that the goals come to, in address units / 10,000.
        esz_bp, set_esz_bp: usize = esz_bp;
    }

    /// The tuner, or [`None`] if its number is none of a tuner.
    pub(crate) fn goal_tuner(&self) -> Option<GoalTuner> {
        match self.raw_goal_tuner() {
            bindings::damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_CONSIST => {
                Some(GoalTuner::Consist)
            }
            bindings::damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_TEMPORAL => {
                Some(GoalTuner::Temporal)
            }
            _ => None,
        }
    }

    /// Returns the goals.
    #[inline(always)]
    pub(crate) fn goals(&self) -> List<'_, Goal> {
        // SAFETY: By the type invariant. Changes of the list need `Mut<Quota>`, which does not
        // exist together with this borrow.
        unsafe { List::from_raw(&raw mut (*self.as_ptr()).goals) }
    }

    /// Returns whether a target has been left half way when the quota was full.
    #[inline(always)]
    pub(crate) fn has_charge_target(&self) -> bool {
        // SAFETY: By the type invariant.
        !unsafe { (*self.as_ptr()).charge_target_from }.is_null()
    }

    /// Returns whether `target` is the one that has been left half way.
    #[inline(always)]
    pub(crate) fn is_charge_target(&self, target: &Target) -> bool {
        // SAFETY: By the type invariant.
        target.is(unsafe { (*self.as_ptr()).charge_target_from })
    }

    /// Remembers where to go on in the next window.
    pub(crate) fn set_charge_from(&self, target: &Target, addr: usize) {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr()).charge_target_from = target.as_ptr() };
        self.set_charge_addr_from(addr);
    }

    /// Forgets where to go on, so that the next window begins with the first region.
    pub(crate) fn clear_charge_from(&self) {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr()).charge_target_from = ptr::null_mut() };
        self.set_charge_addr_from(0);
    }
}

impl Mut<'_, Quota> {
    /// Returns the goals, to be changed.
    pub(crate) fn goals_mut(&mut self) -> ListMut<'_, Goal> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { ListMut::from_raw(&raw mut (*self.as_ptr()).goals) }
    }
}

/// What is done with regions of some access pattern, `struct damos`.
///
/// # Invariants
///
/// The object is valid, and only one thread has access to it.
#[repr(transparent)]
pub(crate) struct Scheme(Opaque<bindings::damos>);

// SAFETY: The offset is that of a link, and the object is `Opaque`.
unsafe impl Entry for Scheme {
    const LINK: usize = offset_of!(bindings::damos, list);

    /// Corresponds to `damon_destroy_scheme()`.
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: By the function's contract, nothing else uses the scheme.
        let mut scheme = unsafe { Mut::from_raw(ptr) };
        scheme.quota_mut().goals_mut().clear();
        scheme.core_filters_mut().clear();
        scheme.ops_filters_mut().clear();
        scheme.free_dests();
        // SAFETY: Schemes are allocated by `Scheme::new()`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

impl Scheme {
    #[cfg(CONFIG_DAMON_KUNIT_TEST)]
    /// # Safety
    ///
    /// `ptr` must point to a scheme that stays valid during the lifetime that the caller chooses,
    /// and that no other thread uses meanwhile.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::damos) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }

    /// Returns the C structure.
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut bindings::damos {
        self.0.get()
    }

    /// Allocates a scheme without goals, filters and destinations.
    ///
    /// Of `quota` and `wmarks`, only what users set is taken.
    ///
    /// Corresponds to `damon_new_scheme()`.
    pub(crate) fn new(
        pattern: &bindings::damos_access_pattern,
        action: bindings::damos_action,
        apply_interval_us: usize,
        quota: &Quota,
        wmarks: &bindings::damos_watermarks,
        target_nid: i32,
    ) -> Result<Owned<Self>> {
        let object = Scheme(Opaque::new(pin_init::zeroed::<bindings::damos>()));
        // SAFETY: Its lists are initialized below.
        let scheme = unsafe { Owned::alloc(object)? };
        // SAFETY: The scheme is valid, and these are list heads.
        unsafe {
            let raw = scheme.as_ptr();
            init(&raw mut (*raw).core_filters);
            init(&raw mut (*raw).ops_filters);
            init(&raw mut (*raw).quota.goals);
        }
        scheme.set_pattern(*pattern);
        scheme.set_action(action);
        scheme.set_apply_interval_us(apply_interval_us);
        scheme.quota().copy_limits(quota);
        scheme.quota().set_raw_goal_tuner(quota.raw_goal_tuner());
        scheme.quota().set_min_score(quota.min_score());
        scheme.set_wmarks(bindings::damos_watermarks {
            activated: true,
            ..*wmarks
        });
        scheme.set_target_nid(target_nid);
        Ok(scheme)
    }

    accessors! {
        /// Which regions the scheme is for.
        pattern, set_pattern: bindings::damos_access_pattern = pattern;
        /// What is done with them.
        action, set_action: bindings::damos_action = action;
        /// How often it is done, in microseconds. Zero stands for the aggregation interval.
        apply_interval_us, set_apply_interval_us: usize = apply_interval_us;
        /// When it is done at all, depending on free memory.
        wmarks, set_wmarks: bindings::damos_watermarks = wmarks;
        /// Whether the watermarks let it be done now.
        activated, set_activated: bool = wmarks.activated;
        /// The node to migrate to.
        target_nid, set_target_nid: i32 = __bindgen_anon_1.__bindgen_anon_1.target_nid;
        /// What has been done so far.
        stat: bindings::damos_stat = stat;
        /// How many regions it was tried for.
        nr_tried, set_nr_tried: usize = stat.nr_tried;
        /// How many address units it was tried for.
        sz_tried, set_sz_tried: usize = stat.sz_tried;
        /// How many regions it was applied to.
        nr_applied, set_nr_applied: usize = stat.nr_applied;
        /// How many address units it was applied to.
        sz_applied, set_sz_applied: usize = stat.sz_applied;
        /// How many bytes passed the filters of the operations.
        sz_ops_filter_passed, set_sz_ops_filter_passed: usize = stat.sz_ops_filter_passed;
        /// How often it is done at most. Zero is no limit.
        max_nr_snapshots, set_max_nr_snapshots: usize = max_nr_snapshots;
        /// How often it has been done.
        nr_snapshots, set_nr_snapshots: usize = stat.nr_snapshots;
        /// How often the quota was full.
        qt_exceeds, set_qt_exceeds: usize = stat.qt_exceeds;
        /// When it is done next, in sample intervals since the start.
        next_apply_sis, set_next_apply_sis: usize = next_apply_sis;
        /// Whether the current walk is through with this scheme.
        walk_completed, set_walk_completed: bool = walk_completed;
        /// Whether the core rejects what no filter is for.
        core_filters_default_reject, set_core_filters_default_reject: bool =
            core_filters_default_reject;
    }

    /// The limits of what is done.
    #[inline(always)]
    pub(crate) fn quota(&self) -> &Quota {
        // SAFETY: By the type invariant; `Quota` has the layout of the field.
        unsafe { &*(&raw const (*self.as_ptr()).quota).cast() }
    }

    /// The filters that the core handles.
    #[inline(always)]
    pub(crate) fn core_filters(&self) -> List<'_, Filter> {
        // SAFETY: By the type invariant. Changes of the list need `Mut<Scheme>`, which does not
        // exist together with this borrow.
        unsafe { List::from_raw(&raw mut (*self.as_ptr()).core_filters) }
    }

    /// The filters that the operations handle.
    #[inline(always)]
    pub(crate) fn ops_filters(&self) -> List<'_, Filter> {
        // SAFETY: As in `core_filters()`.
        unsafe { List::from_raw(&raw mut (*self.as_ptr()).ops_filters) }
    }

    /// Where pages are migrated to.
    pub(crate) fn dests(&self) -> &Dests {
        // SAFETY: By the type invariant; `Dests` has the layout of the field.
        unsafe {
            &*(&raw const (*self.as_ptr())
                .__bindgen_anon_1
                .__bindgen_anon_1
                .migrate_dests)
                .cast()
        }
    }

    /// Tells the operations whether a filter of the core allowed the current region.
    #[inline(always)]
    pub(crate) fn set_core_filters_allowed(&self, allowed: bool) {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr()).core_filters_allowed = allowed };
    }

    /// Tells the operations whether they reject what no filter is for.
    pub(crate) fn set_ops_filters_default_reject(&self, reject: bool) {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr()).ops_filters_default_reject = reject };
    }

    /// Lets the operations forget what they applied the scheme to last.
    pub(crate) fn clear_last_applied(&self) {
        // SAFETY: By the type invariant.
        unsafe { (*self.as_ptr()).last_applied = ptr::null_mut() };
    }
}

impl Mut<'_, Scheme> {
    /// The limits of what is done, to be changed.
    pub(crate) fn quota_mut(&mut self) -> Mut<'_, Quota> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { Mut::from_raw(NonNull::from(self.quota())) }
    }

    /// The filters that the core handles, to be changed.
    pub(crate) fn core_filters_mut(&mut self) -> ListMut<'_, Filter> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { ListMut::from_raw(&raw mut (*self.as_ptr()).core_filters) }
    }

    /// The filters that the operations handle, to be changed.
    pub(crate) fn ops_filters_mut(&mut self) -> ListMut<'_, Filter> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe { ListMut::from_raw(&raw mut (*self.as_ptr()).ops_filters) }
    }

    /// Borrows the destinations of a migration.
    pub(crate) fn dests_mut(&mut self) -> Mut<'_, Dests> {
        // SAFETY: By the invariant of `Mut`, and the borrow of `self`.
        unsafe {
            let dests = &raw mut (*self.as_ptr())
                .__bindgen_anon_1
                .__bindgen_anon_1
                .migrate_dests;
            Mut::from_raw(NonNull::new_unchecked(dests.cast()))
        }
    }

    fn free_dests(&mut self) {
        self.dests_mut().clear();
    }
}

/// Where pages are migrated to, `struct damos_migrate_dests`.
///
/// # Invariants
///
/// The object is valid. Each array is null, or was allocated for `nr_dests` numbers.
#[repr(transparent)]
pub(crate) struct Dests(Opaque<bindings::damos_migrate_dests>);

impl Dests {
    fn as_ptr(&self) -> *mut bindings::damos_migrate_dests {
        self.0.get()
    }

    accessors! {
        /// How many destinations there are.
        nr_dests: usize = nr_dests;
        /// The array of their nodes.
        node_id_arr: *mut u32 = node_id_arr;
        /// The array of their weights.
        weight_arr: *mut u32 = weight_arr;
    }

    /// Returns the numbers of one of the arrays.
    fn numbers(&self, array: *mut u32) -> &[u32] {
        if array.is_null() || self.nr_dests() == 0 {
            return &[];
        }
        // SAFETY: By the type invariant, an array that is not null has `nr_dests` numbers.
        unsafe { slice::from_raw_parts(array, self.nr_dests()) }
    }

    /// Copies one of the arrays.
    fn copy_of(&self, array: *mut u32) -> Result<KVec<u32>> {
        let mut copy = KVec::new();
        copy.extend_from_slice(self.numbers(array), GFP_KERNEL)?;
        Ok(copy)
    }
}

impl Mut<'_, Dests> {
    fn clear(&mut self) {
        self.replace(KVec::new(), KVec::new(), 0);
    }

    /// Makes these destinations like `src`.
    ///
    /// Corresponds to `damos_commit_dests()`.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory, with nothing changed.
    pub(crate) fn commit(&mut self, src: &Dests) -> Result {
        // Without memory a commit ends the kdamond, hence those that need none do not ask for any.
        if self.nr_dests() == src.nr_dests() {
            let (node_ids, weights) = (self.node_id_arr(), self.weight_arr());
            self.overwrite(node_ids, src.numbers(src.node_id_arr()));
            self.overwrite(weights, src.numbers(src.weight_arr()));
            return Ok(());
        }
        let node_ids = src.copy_of(src.node_id_arr())?;
        let weights = src.copy_of(src.weight_arr())?;
        self.replace(node_ids, weights, src.nr_dests());
        Ok(())
    }

    /// Overwrites the numbers of one of the arrays.
    fn overwrite(&mut self, array: *mut u32, numbers: &[u32]) {
        if array.is_null() {
            return;
        }
        // SAFETY: By the type invariant, an array that is not null has `nr_dests` numbers, and the
        // borrow of `self` keeps them unused.
        let old = unsafe { slice::from_raw_parts_mut(array, self.nr_dests()) };
        for (old, new) in old.iter_mut().zip(numbers) {
            *old = *new;
        }
    }

    fn replace(&mut self, node_ids: KVec<u32>, weights: KVec<u32>, nr_dests: usize) {
        let (old_node_ids, old_weights) = (self.node_id_arr(), self.weight_arr());
        // SAFETY: By the invariant of `Mut`. Both arrays are null or were allocated with
        // `kmalloc()`, and are not used any more. An empty vector has no allocation, hence its
        // pointer is not kept.
        unsafe {
            let raw = self.as_ptr();
            (*raw).node_id_arr = raw_array(node_ids);
            (*raw).weight_arr = raw_array(weights);
            (*raw).nr_dests = nr_dests;
            bindings::kfree(old_node_ids.cast());
            bindings::kfree(old_weights.cast());
        }
    }
}

/// Returns the allocation of a vector, for `kfree()`.
fn raw_array(vec: KVec<u32>) -> *mut u32 {
    if vec.is_empty() {
        return ptr::null_mut();
    }
    let (array, _, _) = vec.into_raw_parts();
    array
}

impl Quota {
    /// Copies the limits that users set.
    pub(crate) fn copy_limits(&self, src: &Quota) {
        self.set_reset_interval(src.reset_interval());
        self.set_ms(src.ms());
        self.set_sz(src.sz());
        self.set_fail_charge_num(src.fail_charge_num());
        self.set_fail_charge_denom(src.fail_charge_denom());
        self.set_weight_sz(src.weight_sz());
        self.set_weight_nr_accesses(src.weight_nr_accesses());
        self.set_weight_age(src.weight_age());
    }

    /// # Safety
    ///
    /// `ptr` must be valid during the lifetime that the caller chooses, and no other thread may use
    /// it meanwhile.
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::damos_quota) -> &'a Self {
        // SAFETY: By the function's contract.
        unsafe { &*ptr.cast() }
    }
}
