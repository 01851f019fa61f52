// SPDX-License-Identifier: GPL-2.0

//! Functions for schemes and for probes, and for their filters and goals.

use super::{
    elements, //
    Removed,
};
use crate::{
    commit,
    pass::damos_set_next_apply_sis,
    prelude::*, //
};

/// Adds a scheme to a context.
fn add_scheme(ctx: &mut Context<'_>, scheme: Owned<Scheme>) {
    ctx.schemes_mut().push(scheme);
    if let Some(scheme) = ctx.schemes().last() {
        damos_set_next_apply_sis(scheme, ctx);
    }
}

exports! {
    /// Allocates a filter.
    fn damos_new_filter(
        type_: bindings::damos_filter_type, matching: bool, allow: bool,
    ) -> Result<Owned<Filter>> {
        Filter::new(type_, matching, allow)
    }

    /// Returns whether the operations handle filters of this type, not the core.
    fn damos_filter_for_ops(type_: bindings::damos_filter_type) -> bool {
        Filter::for_ops(type_)
    }

    /// Adds a filter to a scheme.
    fn damos_add_filter(s: Mut<'_, Scheme>, f: Owned<Filter>) {
        if Filter::for_ops(f.raw_type()) {
            s.ops_filters_mut().push(f);
        } else {
            s.core_filters_mut().push(f);
        }
    }

    /// Removes a filter from its scheme and frees it.
    fn damos_destroy_filter(f: Removed<Filter>) {
        drop(f.0);
    }

    /// Allocates a goal.
    fn damos_new_quota_goal(
        metric: bindings::damos_quota_goal_metric, target_value: usize,
    ) -> Result<Owned<Goal>> {
        Goal::new(metric, target_value)
    }

    /// Adds a goal to a quota.
    fn damos_add_quota_goal(q: Mut<'_, Quota>, g: Owned<Goal>) {
        q.goals_mut().push(g);
    }

    /// Removes a goal from its quota and frees it.
    fn damos_destroy_quota_goal(goal: Removed<Goal>) {
        drop(goal.0);
    }

    /// Commits the goals of a quota to another one.
    fn damos_commit_quota_goals(dst: Mut<'_, Quota>, src: &Quota) -> Result {
        commit::scheme::damos_commit_quota_goals(&mut dst, src)
    }

    /// Allocates a scheme without filters, goals and destinations.
    ///
    /// Returns null if there is no memory. The list of the quota need not be initialized, nor
    /// whether the watermarks have activated it.
    fn damon_new_scheme(
        pattern: *mut bindings::damos_access_pattern, action: bindings::damos_action,
        apply_interval_us: usize, quota: &Quota, wmarks: *mut bindings::damos_watermarks,
        target_nid: i32,
    ) -> Result<Owned<Scheme>> {
        // SAFETY: The caller promises that the pointer is valid.
        let pattern = unsafe { pattern.read() };
        // SAFETY: The caller promises that the pointer is valid, and these fields are initialized.
        let wmarks = unsafe {
            bindings::damos_watermarks {
                metric: (*wmarks).metric,
                interval: (*wmarks).interval,
                high: (*wmarks).high,
                mid: (*wmarks).mid,
                low: (*wmarks).low,
                activated: true,
            }
        };
        Scheme::new(&pattern, action, apply_interval_us, quota, &wmarks, target_nid)
    }

    /// Adds a scheme to a context.
    fn damon_add_scheme(ctx: Context<'_>, s: Owned<Scheme>) {
        add_scheme(&mut ctx, s);
    }

    /// Removes a scheme from its context and frees it.
    fn damon_destroy_scheme(s: Removed<Scheme>) {
        drop(s.0);
    }

    /// Replaces the schemes of a context by `nr_schemes` other ones, which are in no list.
    fn damon_set_schemes(
        ctx: Context<'_>, schemes: *mut *mut bindings::damos, nr_schemes: isize,
    ) {
        ctx.schemes_mut().clear();
        // SAFETY: The caller promises that there are that many.
        for &scheme in unsafe { elements(schemes, nr_schemes) } {
            // SAFETY: The caller promises that they are in no list, and gives them away.
            add_scheme(&mut ctx, unsafe { super::Argument::from_c(scheme) });
        }
    }

    /// Allocates a filter for a probe.
    fn damon_new_filter(
        type_: bindings::damon_filter_type, matching: bool, allow: bool,
    ) -> Result<Owned<ProbeFilter>> {
        ProbeFilter::new(type_, matching, allow)
    }

    /// Adds a filter to a probe.
    fn damon_add_filter(probe: Mut<'_, Probe>, f: Owned<ProbeFilter>) {
        probe.filters_mut().push(f);
    }

    /// Removes a filter from its probe and frees it.
    fn damon_destroy_filter(f: Removed<ProbeFilter>) {
        drop(f.0);
    }

    /// Allocates a probe without filters.
    fn damon_new_probe() -> Result<Owned<Probe>> {
        Probe::new()
    }

    /// Adds a probe to a context.
    fn damon_add_probe(ctx: Context<'_>, probe: Owned<Probe>) {
        ctx.probes_mut().push(probe);
    }
}
