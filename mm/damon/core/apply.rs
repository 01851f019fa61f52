// SPDX-License-Identifier: GPL-2.0

//! Applying schemes to regions.

use crate::{
    environment::CoarseClock,
    filter::damos_core_filter_out,
    math::align_down,
    model::{
        Context,
        List,
        LockedWalk,
        Mut,
        Object,
        Operations,
        Parts,
        Region,
        RegionCursor,
        RegionPool,
        Scheme,
        Target, //
    },
    pass::{
        damos_set_next_apply_sis,
        Pass, //
    },
    quota::{
        damos_adjust_quota,
        damos_charge_quota,
        damos_quota_is_full,
        damos_quota_is_set,
        damos_skip_charged_region, //
    },
    regions::damon_region_sz_limit,
    trace,
    walk::{
        damos_walk_cancel_inactive,
        damos_walk_complete,
        damos_walk_lock, //
    },
};
use core::borrow::Borrow;
use kernel::bindings::{
    self,
    damos_access_pattern, //
};

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
    /// Whether it was applied to as many snapshots as it may be.
    exhausted: bool,
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
                let max_nr_snapshots = scheme.max_nr_snapshots();
                Self {
                    scheme,
                    scheme_idx,
                    pattern: scheme.pattern(),
                    has_quota,
                    limited: has_quota || scheme.quota().has_charge_target(),
                    exhausted: max_nr_snapshots != 0 && max_nr_snapshots <= scheme.nr_snapshots(),
                    resets_age: scheme.action() != bindings::damos_action_DAMOS_STAT,
                }
            })
    }
}

impl Due<'_> {
    /// Notes that something was done with a region.
    #[inline]
    fn set_applied(&self, region: &Region) {
        if self.resets_age {
            region.set_age(0);
        }
    }
}

/// How many due schemes are looked up once for all regions. There are hardly ever more.
const MAX_DUES: usize = 8;

/// Where a region is, and what it takes to apply a scheme to it.
struct Applier<'a> {
    pass: &'a Pass,
    ops: Operations<'a>,
    walk: &'a LockedWalk<'a>,
    pool: &'a mut RegionPool,
    clock: &'a mut CoarseClock,
    target_idx: u32,
    /// Whether no other target comes after this one, so that its last region ends a snapshot.
    is_last_target: bool,
}

impl Applier<'_> {
    /// Returns whether a scheme is for the region at the cursor.
    ///
    /// Corresponds to `damos_valid_target()`.
    #[inline]
    fn is_valid_target(&self, region: &Region, due: &Due<'_>) -> bool {
        let scheme = due.scheme;
        if !self.pass.matches(region, &due.pattern) {
            return false;
        }
        if !due.has_quota {
            return true;
        }
        // CAST: Compared like this in C.
        self.ops
            .scheme_score(region, scheme)
            .is_none_or(|score| score as u32 >= scheme.quota().min_score())
    }

    /// Tries to apply a scheme to the region at the cursor.
    ///
    /// If only a part of the region fits into the quota, it is split.
    ///
    /// Corresponds to `damos_apply_scheme()`.
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
        if due.has_quota && quota.charged_sz().wrapping_add(sz) > quota.esz() {
            let left = quota.esz().wrapping_sub(quota.charged_sz());
            sz = align_down(left, self.pass.min_region_sz);
            if sz == 0 || cursor.split_at(sz, self.pool).is_err() {
                damos_update_stat(scheme, sz, 0, 0);
                return;
            }
        }
        // CAST: Filters count targets in an `int`.
        let target_idx = self.target_idx as i32;
        let min_region_sz = self.pass.min_region_sz;
        if damos_core_filter_out(scheme, cursor, target_idx, min_region_sz, self.pool) {
            return;
        }
        let Some(region) = cursor.current() else {
            return;
        };
        sz = region.sz();

        let target = cursor.target();
        let begin = self.clock.ns();
        if let Some(nr_accesses) = traced_nr_accesses {
            trace::damos_before_apply(
                due.scheme_idx,
                self.target_idx,
                region,
                nr_accesses,
                target.nr_regions(),
            );
        }
        let (sz_applied, sz_filter_passed) = self.ops.apply_scheme(target, region, scheme);
        if !scheme.walk_completed() {
            self.walk.call(target, region, scheme, sz_filter_passed);
        }
        // CAST: The total is an `unsigned long` in C.
        let took = self.clock.ns().wrapping_sub(begin) as usize;
        quota.set_total_charged_ns(quota.total_charged_ns().wrapping_add(took));
        damos_charge_quota(quota, sz, sz_applied);
        if due.has_quota && damos_quota_is_full(quota, self.pass.min_region_sz) {
            quota.set_charge_from(target, region.end());
        }
        due.set_applied(region);
        damos_update_stat(scheme, sz, sz_applied, sz_filter_passed);
    }

    /// Applies the schemes to the region at the cursor.
    ///
    /// Corresponds to `damon_do_apply_schemes()`.
    #[inline]
    fn do_apply_schemes<'b>(
        &mut self,
        cursor: &mut RegionCursor<'_>,
        dues: impl Iterator<Item: Borrow<Due<'b>>>,
    ) {
        for due in dues {
            let due = due.borrow();
            let scheme = due.scheme;
            if due.limited && self.is_charged(cursor, scheme) {
                continue;
            }
            if due.exhausted {
                continue;
            }
            if cursor
                .current()
                .is_some_and(|region| self.is_valid_target(region, due))
            {
                self.apply_scheme(cursor, due);
            }
            if self.is_last_target && cursor.is_last() {
                scheme.set_nr_snapshots(scheme.nr_snapshots().wrapping_add(1));
            }
        }
    }

    /// Returns whether the quota of a scheme is full, or was used for the region at the cursor.
    fn is_charged(&mut self, cursor: &mut RegionCursor<'_>, scheme: &Scheme) -> bool {
        let (quota, min_region_sz) = (scheme.quota(), self.pass.min_region_sz);
        damos_quota_is_full(quota, min_region_sz)
            || damos_skip_charged_region(cursor, quota, min_region_sz, self.pool)
    }
}

/// Corresponds to `damos_update_stat()`.
#[inline]
fn damos_update_stat(scheme: &Scheme, sz_tried: usize, sz_applied: usize, sz_passed: usize) {
    scheme.set_nr_tried(scheme.nr_tried().wrapping_add(1));
    scheme.set_sz_tried(scheme.sz_tried().wrapping_add(sz_tried));
    if sz_applied != 0 {
        scheme.set_nr_applied(scheme.nr_applied().wrapping_add(1));
        scheme.set_sz_applied(scheme.sz_applied().wrapping_add(sz_applied));
    }
    if sz_passed != 0 {
        scheme.set_sz_ops_filter_passed(scheme.sz_ops_filter_passed().wrapping_add(sz_passed));
    }
}

/// Merges the region at the cursor into the one before if no information is lost by it.
///
/// Quotas and filters split regions. Without this, there would be more and more of them.
#[inline]
fn merge_back(cursor: &mut RegionCursor<'_>, max_region_sz: usize, pool: &mut RegionPool) {
    let (Some(prev), Some(region)) = (cursor.prev(), cursor.current()) else {
        return;
    };
    if prev.end() == region.start()
        && prev.age() == region.age()
        && prev.last_nr_accesses() == region.last_nr_accesses()
        && prev.nr_accesses() == region.nr_accesses()
        && region.end().wrapping_sub(prev.start()) <= max_region_sz
    {
        cursor.merge_back(pool);
    }
}

/// Applies the schemes to the regions of a target.
///
/// Corresponds to `damos_apply_target()`.
#[inline]
fn damos_apply_target<'a, D: Iterator<Item: Borrow<Due<'a>>>>(
    target: &mut Mut<'_, Target>,
    dues: impl Fn() -> D,
    applier: &mut Applier<'_>,
    max_region_sz: usize,
) {
    let mut cursor = target.cursor();
    while cursor.current().is_some() {
        cursor.load_next();
        applier.do_apply_schemes(&mut cursor, dues());
        merge_back(&mut cursor, max_region_sz, applier.pool);
        cursor.move_next();
    }
}

/// Applies the schemes whose time has come.
///
/// Corresponds to `kdamond_apply_schemes()`.
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
    apply_to_targets(ctx, &pass, &walk);
    for (scheme_idx, scheme) in (0..).zip(ctx.schemes().iter()) {
        if pass.is_due(scheme) {
            damos_walk_complete(&walk, ctx.schemes(), scheme);
            damos_set_next_apply_sis(scheme, ctx);
            scheme.clear_last_applied();
            trace::damos_stat_after_apply_interval(scheme_idx, scheme);
        }
    }
}

/// Returns the target whose regions are the last ones of a snapshot.
fn last_target<'a>(ctx: &'a Context<'_>) -> Option<&'a Target> {
    let ops = ctx.ops();
    ctx.targets()
        .rfind(|target| target.nr_regions() != 0 && ops.target_valid(target))
}

/// Applies the schemes whose time has come to the regions of all targets that are still there.
#[inline(never)]
fn apply_to_targets(ctx: &mut Context<'_>, pass: &Pass, walk: &LockedWalk<'_>) {
    let max_region_sz = damon_region_sz_limit(ctx);
    let last_target = last_target(ctx).map(Target::as_ptr);
    let Parts {
        ops,
        mut targets,
        schemes,
        private,
        ..
    } = ctx.parts();

    let mut clock = CoarseClock::new();
    let mut dues = [None; MAX_DUES];
    let mut all_dues = Due::all(pass, schemes);
    for (slot, due) in dues.iter_mut().zip(&mut all_dues) {
        *slot = Some(due);
    }
    let fit = all_dues.next().is_none();

    for (target_idx, mut target) in (0..).zip(targets.iter_mut()) {
        if !ops.target_valid(&target) {
            for scheme in schemes.iter() {
                if scheme.quota().is_charge_target(&target) {
                    scheme.quota().clear_charge_from();
                }
            }
            continue;
        }
        let mut applier = Applier {
            pass,
            ops,
            walk,
            pool: &mut private.pool,
            clock: &mut clock,
            target_idx,
            is_last_target: last_target.is_some_and(|last| target.is(last)),
        };
        if fit {
            let dues = || dues.iter().map_while(Option::as_ref);
            damos_apply_target(&mut target, dues, &mut applier, max_region_sz);
        } else {
            let dues = || Due::all(pass, schemes);
            damos_apply_target(&mut target, dues, &mut applier, max_region_sz);
        }
    }
}
