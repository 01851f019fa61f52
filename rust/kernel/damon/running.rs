// SPDX-License-Identifier: GPL-2.0

//! Schemes of contexts that are started.

use super::{
    Goal,
    OnKdamond, //
};
use crate::{
    bindings,
    container_of,
    error::to_result,
    interop::list::clist_create,
    prelude::*,
    types::Opaque, //
};

/// Statistics of a scheme, since it was added.
///
/// Sizes are in units of the core addresses. All counters wrap around.
///
/// Corresponds to the C `struct damos_stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "damos_stat")]
pub struct Stat {
    /// Number of regions that the action was tried to be applied to.
    pub nr_tried: usize,
    /// Total size of these regions.
    pub sz_tried: usize,
    /// Number of regions that the action was applied to, at least to a part.
    pub nr_applied: usize,
    /// Total size of the memory that the action was applied to.
    pub sz_applied: usize,
    /// Total size of the memory that passed the filters of the operations.
    pub sz_ops_filter_passed: usize,
    /// Number of times that the quota was used up.
    pub qt_exceeds: usize,
    /// Number of times that the scheme was tried on all regions of a target.
    pub nr_snapshots: usize,
}

/// A scheme of a context that is started.
///
/// Corresponds to the C `struct damos`.
///
/// # Invariants
///
/// Nobody modifies the `struct damos` while a reference to this exists.
#[repr(transparent)]
pub struct RunningScheme(Opaque<bindings::damos>);

impl RunningScheme {
    /// Returns the statistics.
    pub fn stat(&self) -> Stat {
        // SAFETY: By the type invariants, nobody modifies the scheme meanwhile.
        let stat = unsafe { &(*self.0.get()).stat };

        Stat {
            nr_tried: stat.nr_tried,
            sz_tried: stat.sz_tried,
            nr_applied: stat.nr_applied,
            sz_applied: stat.sz_applied,
            sz_ops_filter_passed: stat.sz_ops_filter_passed,
            qt_exceeds: stat.qt_exceeds,
            nr_snapshots: stat.nr_snapshots,
        }
    }

    /// Returns the effective quota, in bytes: what all limits and goals together amount to now.
    ///
    /// Zero if there is no limit and no goal; or if the goals are achieved.
    pub fn effective_quota(&self) -> usize {
        // SAFETY: By the type invariants, nobody modifies the scheme meanwhile.
        unsafe { (*self.0.get()).quota.esz }
    }
}

/// Returns the schemes of a context.
///
/// # Safety
///
/// For the lifetime `'a`, `ctx` must point to a valid `struct damon_ctx`, and nobody may modify its
/// list of schemes and what is in the list.
pub(super) unsafe fn schemes<'a>(
    ctx: *mut bindings::damon_ctx,
) -> impl Iterator<Item = &'a RunningScheme> {
    // SAFETY: By the safety requirements, `ctx` is valid.
    let head = unsafe { &raw mut (*ctx).schemes };

    // SAFETY: By the safety requirements, `head` is the initialized head of a list that is not
    // modified. `damon_add_scheme()` puts `struct damos` into it by their `list`.
    unsafe { clist_create!(head, RunningScheme, bindings::damos, list) }.iter()
}

impl OnKdamond<'_> {
    /// Returns the schemes of the running context, in the order in that they were added.
    pub fn schemes(&self) -> impl Iterator<Item = &RunningScheme> + '_ {
        // SAFETY: By the type invariants, the context is valid, and nobody else accesses it while
        // we have the reference to `self`; the functions of DAMON that are made for running
        // contexts do not modify schemes, except through a mutable reference to `self`.
        unsafe { schemes(self.as_ptr()) }
    }

    /// Replaces the goals of one scheme, and so the [current values](super::GoalMetric::UserInput)
    /// that the user has measured.
    ///
    /// `index` is the position of the scheme in [`schemes`](Self::schemes).
    ///
    /// # Errors
    ///
    /// - [`ENOENT`] if there is no such scheme.
    /// - [`EINVAL`] if a [target value](Goal::target_value) is zero.
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// If there is no memory then the goals may be a part of the old and the new ones; otherwise
    /// they are unchanged in case of an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Action,
    ///     Context,
    ///     Exclusivity,
    ///     Goal,
    ///     GoalMetric,
    ///     OpsId,
    ///     Scheme, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    /// ctx.add_scheme(&Scheme::new(Action::Stat))?;
    /// let kdamond = ctx.start(Exclusivity::Shared)?;
    ///
    /// let goal = Goal {
    ///     metric: GoalMetric::UserInput { current: 30 },
    ///     target_value: 100,
    /// };
    /// kdamond.call(|k| k.commit_goals(0, &[goal]))??;
    /// assert_eq!(kdamond.call(|k| k.commit_goals(1, &[goal]))?, Err(ENOENT));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damos_commit_quota_goals")]
    pub fn commit_goals(&mut self, index: usize, goals: &[Goal]) -> Result {
        let scheme = self.schemes().nth(index).ok_or(ENOENT)?.0.get();
        let mut quota: bindings::damos_quota = pin_init::zeroed();
        let new = &raw mut quota;

        // SAFETY: `new` is valid, and `quota` does not move from here on.
        unsafe { bindings::INIT_LIST_HEAD(&raw mut (*new).goals) };

        let result = goals
            .iter()
            // SAFETY: `new` is valid, nobody else knows it, and we destroy its goals below.
            .try_for_each(|goal| unsafe { goal.add_to(new) })
            .and_then(|()| {
                // SAFETY: By the type invariants, we are on the kdamond and nobody else accesses
                // the scheme; `damos_commit_quota_goals()` wants that. `new` is valid; it only
                // reads and copies the goals of that.
                to_result(unsafe {
                    bindings::damos_commit_quota_goals(&raw mut (*scheme).quota, new)
                })
            });

        // SAFETY: `new` is valid, with an initialized list of goals that we own.
        unsafe { destroy_goals(new) };
        result
    }
}

/// Destroys all goals of a quota.
///
/// # Safety
///
/// `quota` must point to a valid `struct damos_quota` that nobody else accesses, with an
/// initialized list of goals.
unsafe fn destroy_goals(quota: *mut bindings::damos_quota) {
    // SAFETY: By the safety requirements, `quota` is valid.
    let head = unsafe { &raw mut (*quota).goals };

    loop {
        // SAFETY: By the safety requirements, the list is initialized.
        let first = unsafe { (*head).next };

        if first == head {
            return;
        }

        // SAFETY: What is in the list is the `list` of a `struct damos_quota_goal`.
        let goal = unsafe { container_of!(first, bindings::damos_quota_goal, list) };
        // SAFETY: The goal is in the list, nobody else accesses it, and this removes it.
        unsafe { bindings::damos_destroy_quota_goal(goal) };
    }
}
