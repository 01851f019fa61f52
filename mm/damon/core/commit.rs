// SPDX-License-Identifier: GPL-2.0

//! Committing the parameters of a context to another one, which may be running.

pub(crate) mod scheme;
pub(crate) mod target;

use crate::{
    attrs::*,
    prelude::*,
    probes::damon_has_probe_weights,
    running::damon_is_running, //
};

/// Makes a list like another one.
///
/// Entries at the same place are committed, further ones of `dst` removed, and those of `src` added
/// as `make` returns them.
fn commit_list<T: Entry>(
    dst: &mut ListMut<'_, T>,
    src: List<'_, T>,
    commit: impl Fn(&mut Mut<'_, T>, &T) -> Result,
    make: impl Fn(&T) -> Result<Owned<T>>,
) -> Result {
    let mut src = src.iter();
    let mut cursor = dst.cursor();
    while let Some(mut dst) = cursor.current() {
        match src.next() {
            Some(src) => {
                commit(&mut dst, src)?;
                cursor.move_next();
            }
            None => drop(cursor.remove()),
        }
    }
    for src in src {
        dst.push(make(src)?);
    }
    Ok(())
}

/// Corresponds to `damon_commit_filters()`.
fn damon_commit_filters(dst: &mut Mut<'_, Probe>, src: &Probe) -> Result {
    dst.set_weight(src.weight());
    commit_list(
        &mut dst.filters_mut(),
        src.filters(),
        |dst, src| dst.commit(src),
        |src| {
            let new = ProbeFilter::new(src.raw_type(), src.matching(), src.allow())?;
            new.commit(src)?;
            Ok(new)
        },
    )
}

/// Corresponds to `damon_commit_probes()`.
fn damon_commit_probes(dst: &mut Context<'_>, src: &Context<'_>) -> Result {
    commit_list(
        &mut dst.probes_mut(),
        src.probes(),
        damon_commit_filters,
        |src| {
            let mut new = Probe::new()?;
            damon_commit_filters(&mut new.as_mut(), src)?;
            Ok(new)
        },
    )
}

/// Returns whether probes with weights can be applied, and weighted sums of their hits fit into
/// their type.
fn damon_valid_probe_params(ctx: &Context<'_>) -> bool {
    if !damon_has_probe_weights(ctx) {
        return true;
    }
    // Hits would be what regions are compared by, and there would never be any.
    if !ctx.can_apply_probes() {
        return false;
    }
    let Ok(max_hits) = u8::try_from(damon_nr_samples_per_aggr(&ctx.raw_attrs())) else {
        return false;
    };
    ctx.probes()
        .iter()
        .try_fold(0, |sum: u32, probe| {
            sum.checked_add(probe.weight().checked_mul(u32::from(max_hits))?)
        })
        .is_some()
}

/// Returns whether any scheme has a goal that only physical address operations can have.
fn has_eligible_mem_goal(ctx: &Context<'_>) -> bool {
    ctx.schemes()
        .iter()
        .flat_map(|scheme| scheme.quota().goals().iter())
        .any(|goal| goal.metric() == Some(GoalMetric::NodeEligibleMemBp))
}

/// Commits the parameters of a context to another one.
///
/// After an error, `dst` has some of the new parameters, and is marked as corrupted.
/// Corresponds to `__damon_commit_ctx()`.
///
/// # Errors
///
/// - [`EINVAL`] if some parameters are not valid.
/// - [`ENOMEM`] if there is no memory.
pub(crate) fn commit_unchecked(dst: &mut Context<'_>, src: &Context<'_>) -> Result {
    dst.set_maybe_corrupted(true);
    let paddr = OpsId::from_raw(src.raw_ops_id()) == Some(OpsId::Paddr);
    if !src.min_region_sz().is_power_of_two()
        || (!paddr && has_eligible_mem_goal(src))
        || !damon_valid_probe_params(src)
    {
        return Err(EINVAL);
    }

    scheme::damon_commit_schemes(dst, src)?;
    target::damon_commit_targets(dst, src)?;
    // Attributes change the results of the targets and the schedules of the schemes, hence come
    // after both. The operations come after the targets, which the old ones may have to let go.
    let attrs = src.raw_attrs();
    if !damon_attrs_equals(&dst.raw_attrs(), &attrs) {
        damon_set_attrs(dst, attrs)
            .inspect_err(|_| target::damon_revert_target_commits(dst, src, None))?;
    }
    dst.set_pause(src.pause());
    dst.set_ops(src.ops_set());
    damon_commit_probes(dst, src)?;
    dst.set_addr_unit(src.addr_unit());
    dst.set_min_region_sz(src.min_region_sz());

    dst.set_maybe_corrupted(false);
    Ok(())
}

/// Commits the parameters of a context to a new one, to find out whether they are valid.
pub(crate) fn damon_new_test_ctx(src: &Context<'_>) -> Result<OwnedContext> {
    let mut test_ctx = OwnedContext::new()?;
    commit_unchecked(&mut test_ctx.as_context(), src)?;
    Ok(test_ctx)
}

/// Commits the parameters of a context to another one, after a trial on a copy of the latter.
///
/// # Errors
///
/// - [`EINVAL`] if some parameters are not valid, with nothing changed.
/// - [`ENOMEM`] if there is no memory. `dst` is marked as corrupted if it was changed.
pub(crate) fn damon_commit_ctx(dst: &mut Context<'_>, src: &Context<'_>) -> Result {
    let mut test_ctx = damon_new_test_ctx(dst).map_err(|_| ENOMEM)?;
    commit_unchecked(&mut test_ctx.as_context(), src)?;
    commit_unchecked(dst, src)?;
    // Targets that are new have no regions yet, unless they were given some. Without this, they
    // would have to wait for the next update. A context that does not run gets them when it starts.
    if damon_is_running(dst.shared()) {
        dst.ops_init();
    }
    Ok(())
}
