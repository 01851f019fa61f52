// SPDX-License-Identifier: GPL-2.0

//! Applying schemes to regions.

use crate::{
    environment::CoarseClock,
    filter::damos_core_filter_out,
    pass::*,
    prelude::*,
    quota::*,
    regions::damon_region_sz_limit,
    walk::*, //
};
use kernel::bindings::damos_access_pattern;

/// A scheme whose time has come, and what stays the same for it during a pass.
#[derive(Clone, Copy)]
struct Due<'a> {
    scheme: &'a Scheme,
    scheme_idx: u32,
    pattern: damos_access_pattern,
    /// Whether there is a quota.
    has_quota: bool,
    /// Whether there is a quota, or a place where a former one was full.
    limited: bool,
    /// How many snapshots it may be applied to; 0 means any number.
    max_nr_snapshots: usize,
    /// Whether what it does is something new to a region, whose age then begins anew.
    resets_age: bool,
}

impl<'a> Due<'a> {
    fn all<'p>(
        pass: &'p Pass,
        schemes: List<'a, Scheme>,
    ) -> impl Iterator<Item = Self> + use<'p, 'a> {
        (0..)
            .zip(schemes.iter())
            .filter(|(_, scheme)| pass.is_due(scheme) && scheme.activated())
            .map(|(scheme_idx, scheme)| {
                let has_quota = damos_quota_is_set(scheme.quota());
                Self {
                    scheme,
                    scheme_idx,
                    pattern: scheme.pattern(),
                    has_quota,
                    limited: has_quota || scheme.quota().has_charge_target(),
                    max_nr_snapshots: scheme.max_nr_snapshots(),
                    resets_age: scheme.action() != bindings::damos_action_DAMOS_STAT,
                }
            })
    }

    /// Returns whether the scheme was applied to as many snapshots as it may be.
    ///
    /// This can change during a pass, in which another scheme may split the last region after that
    /// was counted.
    fn is_exhausted(&self) -> bool {
        self.max_nr_snapshots != 0 && self.max_nr_snapshots <= self.scheme.nr_snapshots()
    }

    /// Notes that something was done with a region.
    fn set_applied(&self, region: &Region) {
        if self.resets_age {
            region.set_age(0);
        }
    }
}

/// How many due schemes are looked up once for all regions. There are hardly ever more.
const MAX_DUES: usize = 8;

/// What it takes to apply schemes to the regions of a target.
struct Applier<'a> {
    pass: &'a Pass,
    ops: Operations<'a>,
    walk: &'a LockedWalk<'a>,
    clock: &'a mut CoarseClock,
    target_idx: u32,
    /// Whether no other target comes after this one, so that its last region ends a snapshot.
    is_last_target: bool,
}

impl Applier<'_> {
    /// Returns whether a scheme is for a region. Corresponds to `damos_valid_target()`.
    fn is_valid_target(&self, region: &Region, access: Access, due: &Due<'_>) -> bool {
        if !access.matches(&due.pattern) {
            return false;
        }
        if !due.has_quota {
            return true;
        }
        // CAST: Compared like this in C.
        self.ops
            .scheme_score(region, due.scheme)
            .is_none_or(|score| score as u32 >= due.scheme.quota().min_score())
    }

    /// Tries to apply a scheme to the region at the cursor.
    ///
    /// If only a part of the region fits into the quota, it is split.
    /// Corresponds to `damos_apply_scheme()`.
    #[inline(never)]
    fn apply_scheme(&mut self, cursor: &mut RegionCursor<'_>, due: &Due<'_>) {
        let scheme = due.scheme;
        let Some(region) = cursor.current() else {
            return;
        };
        let mut sz = region.sz();
        if !self.ops.can_apply_scheme() {
            due.set_applied(region);
            damos_update_stat(scheme, sz, 0, 0);
            return;
        }
        let traced_nr_accesses =
            trace::damos_before_apply_enabled().then(|| self.pass.window.nr_accesses(region));

        let quota = scheme.quota();
        let min_region_sz = self.pass.min_region_sz;
        if due.has_quota && quota.charged_sz().wrapping_add(sz) > quota.esz() {
            sz = align_down(quota.esz().wrapping_sub(quota.charged_sz()), min_region_sz);
            if sz == 0 || cursor.split_at(sz).is_err() {
                damos_update_stat(scheme, sz, 0, 0);
                return;
            }
        }
        // CAST: Filters count targets in an `int`.
        if damos_core_filter_out(scheme, cursor, self.target_idx as i32, min_region_sz) {
            return;
        }
        let Some(region) = cursor.current() else {
            return;
        };
        sz = region.sz();

        let target = cursor.target();
        let begin = self.clock.ns();
        if let Some(nr_accesses) = traced_nr_accesses {
            let (scheme_idx, nr_regions) = (due.scheme_idx, target.nr_regions());
            trace::damos_before_apply(scheme_idx, self.target_idx, region, nr_accesses, nr_regions);
        }
        let (sz_applied, sz_filter_passed) = self.ops.apply_scheme(target, region, scheme);
        if !scheme.walk_completed() {
            self.walk.call(target, region, scheme, sz_filter_passed);
        }
        // CAST: The total is an `unsigned long` in C.
        let took = self.clock.ns().wrapping_sub(begin) as usize;
        quota.set_total_charged_ns(quota.total_charged_ns().wrapping_add(took));
        damos_charge_quota(quota, sz, sz_applied);
        if due.has_quota && damos_quota_is_full(quota, min_region_sz) {
            quota.set_charge_from(target, region.end());
        }
        due.set_applied(region);
        damos_update_stat(scheme, sz, sz_applied, sz_filter_passed);
    }

    /// Applies a scheme to the region at the cursor, if it is for that.
    ///
    /// `access` is that of the region, if it is known. A step of `damon_do_apply_schemes()`.
    fn do_apply_scheme(
        &mut self,
        cursor: &mut RegionCursor<'_>,
        due: &Due<'_>,
        access: &mut Option<Access>,
    ) {
        if due.limited {
            *access = None;
            if self.is_charged(cursor, due.scheme) {
                return;
            }
        }
        let Some(region) = cursor.current().filter(|_| !due.is_exhausted()) else {
            return;
        };
        let known = *access.get_or_insert_with(|| self.pass.access(region));
        if self.is_valid_target(region, known, due) {
            *access = None;
            self.apply_scheme(cursor, due);
        }
        if self.is_last_target && cursor.is_last() {
            let scheme = due.scheme;
            scheme.set_nr_snapshots(scheme.nr_snapshots().wrapping_add(1));
        }
    }

    /// Returns whether the quota of a scheme is full, or was used for the region at the cursor.
    fn is_charged(&mut self, cursor: &mut RegionCursor<'_>, scheme: &Scheme) -> bool {
        let (quota, min_region_sz) = (scheme.quota(), self.pass.min_region_sz);
        damos_quota_is_full(quota, min_region_sz)
            || damos_skip_charged_region(cursor, quota, min_region_sz)
    }
}

/// Corresponds to `damos_update_stat()`.
fn damos_update_stat(scheme: &Scheme, sz_tried: usize, sz_applied: usize, sz_passed: usize) {
    let mut stat = scheme.stat();
    stat.nr_tried = stat.nr_tried.wrapping_add(1);
    stat.sz_tried = stat.sz_tried.wrapping_add(sz_tried);
    if sz_applied != 0 {
        stat.nr_applied = stat.nr_applied.wrapping_add(1);
        stat.sz_applied = stat.sz_applied.wrapping_add(sz_applied);
    }
    stat.sz_ops_filter_passed = stat.sz_ops_filter_passed.wrapping_add(sz_passed);
    scheme.set_stat(stat);
}

/// Merges the region at the cursor into the one before if no information is lost by it.
///
/// Quotas and filters split regions. Without this, there would be more and more of them.
fn merge_back(cursor: &mut RegionCursor<'_>, max_region_sz: usize) {
    let (Some(prev), Some(region)) = (cursor.prev(), cursor.current()) else {
        return;
    };
    if prev.end() == region.start()
        && prev.age() == region.age()
        && prev.last_nr_accesses() == region.last_nr_accesses()
        && prev.nr_accesses() == region.nr_accesses()
        && region.end().wrapping_sub(prev.start()) <= max_region_sz
    {
        cursor.merge_back();
    }
}

/// Applies the schemes whose time has come.
#[inline(never)]
pub(crate) fn kdamond_apply_schemes(ctx: &mut Context<'_>) {
    let pass = Pass::of(ctx);
    let mut has_schemes_to_apply = false;
    let mut parts = ctx.parts();
    for due in Due::all(&pass, parts.schemes) {
        has_schemes_to_apply = true;
        damos_adjust_quota(&mut parts, &pass, due.scheme, due.scheme_idx);
    }
    if !has_schemes_to_apply {
        damos_walk_cancel_inactive(ctx);
        return;
    }

    let walk = damos_walk_lock(ctx);
    damos_apply_targets(ctx, &pass, &walk);
    for (scheme_idx, scheme) in (0..).zip(ctx.schemes().iter()) {
        if pass.is_due(scheme) {
            damos_walk_complete(&walk, ctx.schemes(), scheme);
            damos_set_next_apply_sis(scheme, ctx);
            scheme.clear_last_applied();
            trace::damos_stat_after_apply_interval(scheme_idx, scheme);
        }
    }
}

/// Applies the schemes whose time has come to the regions of all targets that are still there.
/// Corresponds to `damos_apply_target()` for each of them.
#[inline(never)]
fn damos_apply_targets(ctx: &mut Context<'_>, pass: &Pass, walk: &LockedWalk<'_>) {
    let max_region_sz = damon_region_sz_limit(ctx);
    let mut parts = ctx.parts();
    let (ops, schemes) = (parts.ops, parts.schemes);
    let has_regions = |target: &Target| target.nr_regions() != 0 && ops.target_valid(target);
    let last_target = parts
        .targets
        .as_list()
        .rfind(has_regions)
        .map(Target::as_ptr);
    let mut clock = CoarseClock::new();

    let mut dues = [None; MAX_DUES];
    let mut all_dues = Due::all(pass, schemes);
    for (slot, due) in dues.iter_mut().zip(&mut all_dues) {
        *slot = Some(due);
    }
    let has_more = all_dues.next().is_some();

    for (target_idx, mut target) in (0..).zip(parts.targets.iter_mut()) {
        if !ops.target_valid(&target) {
            forget_charge_target(schemes, &target);
            continue;
        }
        let mut applier = Applier {
            pass,
            ops,
            walk,
            clock: &mut clock,
            target_idx,
            is_last_target: last_target.is_some_and(|last| target.is(last)),
        };
        let mut cursor = target.cursor(&mut parts.private.pool);
        while cursor.current().is_some() {
            cursor.load_next();
            let mut access = None;
            for due in dues.iter().map_while(Option::as_ref) {
                applier.do_apply_scheme(&mut cursor, due, &mut access);
            }
            if has_more {
                for due in Due::all(pass, schemes).skip(MAX_DUES) {
                    applier.do_apply_scheme(&mut cursor, &due, &mut access);
                }
            }
            merge_back(&mut cursor, max_region_sz);
            cursor.move_next();
        }
    }
}
