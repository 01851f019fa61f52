// SPDX-License-Identifier: GPL-2.0

//! Schemes, and their quotas.

use super::{
    Entry,
    Filter,
    Goal,
    List,
    ListMut,
    Mut,
    Object,
    Owned,
    Target, //
};
use core::{
    ffi::c_void,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// How a quota is tuned to goals, `enum damos_quota_goal_tuner`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoalTuner {
    /// Approach the goal with a quota that stays about the same.
    Consist,
    /// Reach the goal as soon as possible, and do nothing then.
    Temporal,
}

object! {
    /// How much a scheme may do, `struct damos_quota`.
    Quota: damos_quota
}

impl Quota {
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

    accessors! { private
        /// The target that has been left half way, which may be gone. Null if none has.
        charge_target_from, set_charge_target_from: *mut bindings::damon_target =
            charge_target_from;
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

    /// Returns whether a target has been left half way when the quota was full.
    #[inline]
    pub(crate) fn has_charge_target(&self) -> bool {
        !self.charge_target_from().is_null()
    }

    /// Returns whether `target` is the one that has been left half way.
    #[inline]
    pub(crate) fn is_charge_target(&self, target: &Target) -> bool {
        target.is(self.charge_target_from())
    }

    /// Remembers where to go on in the next window.
    pub(crate) fn set_charge_from(&self, target: &Target, addr: usize) {
        self.set_charge_target_from(target.as_ptr());
        self.set_charge_addr_from(addr);
    }

    /// Forgets where to go on, so that the next window begins with the first region.
    pub(crate) fn clear_charge_from(&self) {
        self.set_charge_target_from(ptr::null_mut());
        self.set_charge_addr_from(0);
    }

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
}

lists! { Quota, Mut<'_, Quota>:
    /// The goals.
    goals, goals_mut: Goal = goals;
}

object! {
    /// What is done with regions of some access pattern, `struct damos`.
    Scheme: damos
}

// SAFETY: The structure has four `struct list_head`, which are at these offsets.
unsafe impl Entry for Scheme {
    const LINK: usize = offset_of!(bindings::damos, list);
    const HEADS: &'static [usize] = &[
        offset_of!(bindings::damos, core_filters),
        offset_of!(bindings::damos, ops_filters),
        offset_of!(bindings::damos, quota.goals),
    ];

    /// Corresponds to `damon_destroy_scheme()`.
    fn clear(this: &mut Mut<'_, Self>) {
        this.quota_mut().goals_mut().clear();
        this.core_filters_mut().clear();
        this.ops_filters_mut().clear();
        this.dests_mut().clear();
    }
}

impl Scheme {
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
        let scheme = Owned::new(Self::zeroed())?;
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
        /// Whether a filter of the core allowed the current region, for the operations.
        _, set_core_filters_allowed: bool = core_filters_allowed;
        /// Whether the operations reject what no filter is for.
        _, set_ops_filters_default_reject: bool =
            ops_filters_default_reject;
    }

    accessors! { private
        /// The place of the region that the operations applied the scheme to last.
        _, set_last_applied: *mut c_void = last_applied;
    }

    /// The limits of what is done.
    #[inline]
    pub(crate) fn quota(&self) -> &Quota {
        let quota = place!(self, quota);
        // SAFETY: It is valid as long as the scheme, and no other thread uses it.
        unsafe { Quota::from_raw(quota) }
    }

    /// Where pages are migrated to.
    pub(crate) fn dests(&self) -> &Dests {
        let dests = place!(self, __bindgen_anon_1.__bindgen_anon_1.migrate_dests);
        // SAFETY: They are valid as long as the scheme, and no other thread uses them.
        unsafe { Dests::from_raw(dests) }
    }

    /// Lets the operations forget what they applied the scheme to last.
    pub(crate) fn clear_last_applied(&self) {
        self.set_last_applied(ptr::null_mut());
    }
}

lists! { Scheme, Mut<'_, Scheme>:
    /// The filters that the core handles.
    core_filters, core_filters_mut: Filter = core_filters;
    /// The filters that the operations handle.
    ops_filters, ops_filters_mut: Filter = ops_filters;
}

impl Mut<'_, Scheme> {
    /// The limits of what is done, to be changed.
    pub(crate) fn quota_mut(&mut self) -> Mut<'_, Quota> {
        // SAFETY: The quota is a part of the scheme, whose lists `self` has for itself.
        unsafe { Mut::from_raw(NonNull::from(self.quota())) }
    }

    /// The destinations of a migration, to be changed.
    pub(crate) fn dests_mut(&mut self) -> Mut<'_, Dests> {
        // SAFETY: They are a part of the scheme, whose lists `self` has for itself.
        unsafe { Mut::from_raw(NonNull::from(self.dests())) }
    }
}

object! {
    /// Where pages are migrated to, `struct damos_migrate_dests`.
    ///
    /// Each array is null, or was allocated for `nr_dests` numbers.
    Dests: damos_migrate_dests
}

impl Dests {
    accessors! {
        /// How many destinations there are.
        nr_dests: usize = nr_dests;
    }

    accessors! { private
        /// The array of their nodes.
        node_id_arr, set_node_id_arr: *mut u32 = node_id_arr;
        /// The array of their weights.
        weight_arr, set_weight_arr: *mut u32 = weight_arr;
        _, set_nr_dests: usize = nr_dests;
    }

    /// Returns the numbers of one of the arrays.
    fn numbers(&self, array: *mut u32) -> &[u32] {
        if array.is_null() || self.nr_dests() == 0 {
            return &[];
        }
        // SAFETY: An array that is not null has that many numbers, and stays as long as `self` is
        // borrowed.
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
        // SAFETY: An array that is not null has that many numbers, and `self` has them for itself.
        let old = unsafe { slice::from_raw_parts_mut(array, self.nr_dests()) };
        for (old, new) in old.iter_mut().zip(numbers) {
            *old = *new;
        }
    }

    fn replace(&mut self, node_ids: KVec<u32>, weights: KVec<u32>, nr_dests: usize) {
        let old = [self.node_id_arr(), self.weight_arr()];
        self.set_node_id_arr(raw_array(node_ids));
        self.set_weight_arr(raw_array(weights));
        self.set_nr_dests(nr_dests);
        for array in old {
            // SAFETY: The array is null or was allocated with `kmalloc()`, and nothing points to it
            // any more.
            unsafe { bindings::kfree(array.cast()) };
        }
    }
}

/// Returns the allocation of a vector, for `kfree()`. An empty one has none.
fn raw_array(vec: KVec<u32>) -> *mut u32 {
    if vec.is_empty() {
        return ptr::null_mut();
    }
    let (array, _, _) = vec.into_raw_parts();
    array
}
