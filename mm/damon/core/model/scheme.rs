// SPDX-License-Identifier: GPL-2.0

//! Schemes, and their quotas.

use crate::prelude::*;
use core::{
    ffi::c_void,
    slice, //
};

numbered! {
    /// How a quota is tuned to goals, `enum damos_quota_goal_tuner`.
    GoalTuner: damos_quota_goal_tuner {
        /// Approach the goal with a quota that stays about the same.
        Consist = damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_CONSIST,
        /// Reach the goal as soon as possible, and do nothing then.
        Temporal = damos_quota_goal_tuner_DAMOS_QUOTA_GOAL_TUNER_TEMPORAL,
    }
}

object! {
    /// How much a scheme may do, `struct damos_quota`.
    ///
    /// Sizes are in address units. Those of what was charged (`charged_sz`, `total_charged_sz`) are
    /// of the current charge window, which began at `charged_from` in jiffies, and of all before
    /// it. `charge_target_from` and `charge_addr_from` are where the next window goes on. The
    /// target may be gone, and is null if the last window ended with the last region. Regions of a
    /// lower score than `min_score` are passed over. `esz_bp` is the quota that the goals come to,
    /// in 1/10,000.
    Quota: damos_quota
}

impl Quota {
    fields! {
        usize: reset_interval, ms, sz, esz, esz_bp;
        usize: total_charged_sz, total_charged_ns, charged_sz, charged_from, charge_addr_from;
        u32: fail_charge_num, fail_charge_denom;
        u32: weight_sz, weight_nr_accesses, weight_age, min_score;
        bindings::damos_quota_goal_tuner: raw_goal_tuner = goal_tuner;
    }

    fields! { private *mut bindings::damon_target: charge_target_from; }

    /// The tuner, or [`None`] if its number is none of a tuner.
    pub(crate) fn goal_tuner(&self) -> Option<GoalTuner> {
        GoalTuner::from_raw(self.raw_goal_tuner())
    }

    /// Returns whether a target has been left half way when the quota was full.
    pub(crate) fn has_charge_target(&self) -> bool {
        !self.charge_target_from().is_null()
    }

    /// Returns whether `target` is the one that has been left half way.
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
    ///
    /// It is done next at `next_apply_sis`, in sample intervals since the start. `walk_completed`
    /// tells that the current walk is through with this scheme. `core_filters_default_reject` and
    /// `ops_filters_default_reject` are what becomes of regions that no filter is for, and
    /// `core_filters_allowed` tells the operations that a filter of the core allowed the region.
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
    /// Of `quota` and `wmarks`, only what users set is taken. Corresponds to `damon_new_scheme()`.
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

    fields! {
        bindings::damos_access_pattern: pattern;
        bindings::damos_action: action;
        bindings::damos_watermarks: wmarks;
        bool: activated = wmarks.activated, walk_completed, core_filters_default_reject;
        usize: apply_interval_us, next_apply_sis, max_nr_snapshots;
        usize: nr_snapshots = stat.nr_snapshots, qt_exceeds = stat.qt_exceeds;
        i32: target_nid = __bindgen_anon_1.__bindgen_anon_1.target_nid;
        bindings::damos_stat: stat;
    }

    setters! { bool: core_filters_allowed, ops_filters_default_reject; }

    setters! { private *mut c_void: last_applied; }

    /// The limits of what is done.
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
    getters! { usize: nr_dests; }

    fields! { private *mut u32: node_id_arr, weight_arr; }

    setters! { private usize: nr_dests; }

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
        copy.extend_from_slice(self.numbers(array), super::gfp())?;
        Ok(copy)
    }
}

impl Mut<'_, Dests> {
    fn clear(&mut self) {
        self.replace(KVec::new(), KVec::new(), 0);
    }

    /// Makes these destinations like `src`. Corresponds to `damos_commit_dests()`.
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
