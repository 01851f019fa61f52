// SPDX-License-Identifier: GPL-2.0

//! `schemes/`: what is done with memory, depending on its accesses.

use kernel::{
    damon::{
        self,
        AccessPattern as DamonPattern,
        OnKdamond,
        OpsId,
        Scheme as DamonScheme, //
    },
    kobject::{
        sysfs_dir,
        AttrValue,
        Children,
        Dir,
        Held,
        Keyword,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

use crate::{
    grant::{
        self,
        Grant, //
    },
    refusal::{
        Outcome,
        Reason,
        Refusal,
        Refuse, //
    },
    ul_range::UlRange, //
};

mod dests;
mod filters;
mod quotas;
mod stats;
mod tried_regions;
mod watermarks;

use self::{
    dests::Dests,
    filters::{
        Filters,
        Layer, //
    },
    quotas::Quotas,
    stats::Stats,
    tried_regions::TriedRegions,
    watermarks::Watermarks, //
};

/// The schemes of a context.
#[sysfs_dir]
pub(crate) struct Schemes {
    /// Writing N makes the directories 0 to N-1, one for each scheme, with default values.
    #[children(nr = "nr_schemes", admin_rw, limit = Self::limit)]
    pub(crate) schemes: Children<Scheme>,
}

impl Schemes {
    fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_schemes)
    }

    /// Adds the schemes that the files describe to a context.
    ///
    /// Whatever is wrong with one of them is reported as `ENOMEM`, as the implementation in C does.
    pub(crate) fn add_to(
        &self,
        ctx: &mut damon::Context,
        grant: Grant<'_>,
        held: &Held<'_>,
    ) -> Outcome {
        let schemes = self.schemes.list(held)?;

        if grant::exceeds(schemes.len(), grant.limits().max_schemes) {
            return Err(Refusal::invalid("more than the limit").at("nr_schemes"));
        }
        for (i, scheme) in schemes.iter().enumerate() {
            scheme
                .watermarks
                .check(grant)
                .at("watermarks")
                .at_number(i)?;
            scheme
                .add_to(ctx, held)
                .at_number(i)
                .map_err(|refusal| refusal.with_errno(ENOMEM))?;
        }
        Ok(())
    }

    /// Says which goal it is, if there is one, that is not for `ops`.
    pub(crate) fn refuse_goal(&self, ops: OpsId, held: &Held<'_>) -> Option<Refusal> {
        if ops == OpsId::Paddr {
            return None;
        }
        let schemes = self.schemes.list(held).ok()?;

        schemes.iter().enumerate().find_map(|(i, scheme)| {
            let refusal = scheme.quotas.refuse_goal(held)?;

            Some(refusal.at("quotas").at_number(i))
        })
    }

    /// Writes the statistics of the running schemes to their files.
    ///
    /// The schemes are matched by their position. There may be more directories, or fewer, if some
    /// were made or removed since the schemes started.
    pub(crate) fn update_stats(&self, kdamond: &OnKdamond<'_>, held: &Held<'_>) -> Result {
        for (dir, scheme) in self.schemes.list(held)?.iter().zip(kdamond.schemes()) {
            dir.stats.update(&scheme.stat());
        }
        Ok(())
    }

    /// Writes the quotas that the running schemes have now to their files, by position.
    pub(crate) fn update_effective_quotas(
        &self,
        kdamond: &OnKdamond<'_>,
        held: &Held<'_>,
    ) -> Result {
        for (dir, scheme) in self.schemes.list(held)?.iter().zip(kdamond.schemes()) {
            dir.quotas.effective_bytes.set(scheme.effective_quota());
        }
        Ok(())
    }

    /// Makes the running schemes use the goals that the files describe, by position.
    ///
    /// Fails with `EINVAL` if a goal names no memory cgroup, and with `ENOMEM`; the schemes before
    /// that have their goals already.
    pub(crate) fn commit_goals(&self, kdamond: &mut OnKdamond<'_>, held: &Held<'_>) -> Outcome {
        let nr = kdamond.schemes().count();

        for (i, dir) in self.schemes.list(held)?.iter().enumerate().take(nr) {
            kdamond.commit_goals(i, &dir.quotas.goals(held).at_number(i)?)?;
        }
        Ok(())
    }

    /// Removes the results of earlier updates of the tried regions.
    pub(crate) fn clear_tried_regions(&self, held: &mut Held<'_>) -> Result {
        self.schemes
            .try_for_each(held, |scheme, held| scheme.tried_regions.clear(held))
    }

    /// Writes the regions that the running schemes try to apply their actions to, or only the sum
    /// of their sizes, to the files of the schemes.
    ///
    /// Nothing is left of an earlier update, even if this fails: with `ECANCELED` if the kdamond
    /// has ended, or does not apply schemes, and with `EBUSY`.
    pub(crate) fn update_tried_regions(
        &self,
        kdamond: &damon::Kdamond,
        bytes_only: bool,
        held: &mut Held<'_>,
    ) -> Outcome {
        self.schemes
            .try_for_each(held, |scheme, held| scheme.tried_regions.begin_update(held))?;
        let walked = kdamond.walk(|visit| {
            // The directory may have been removed since the scheme started. And as the ABI has it,
            // a region without memory for its directory is left out, and still counts in the sum.
            let _ = self
                .schemes
                .with(held, visit.scheme_index(), |scheme, held| {
                    scheme.tried_regions.add_size(visit);
                    if bytes_only {
                        return Ok(());
                    }
                    scheme.tried_regions.add_region(held, visit)
                });
        });
        self.schemes
            .try_for_each(held, |scheme, held| scheme.tried_regions.end_update(held))?;
        walked.map_err(|errno| match errno {
            e if e == ECANCELED && kdamond.is_running() => Refusal::new(
                e,
                Reason::Words("the kdamond is paused, or has no active scheme"),
            ),
            e if e == EBUSY => Refusal::new(e, Reason::Words("another walk is in progress")),
            e => e.into(),
        })
    }
}

/// What a scheme does with memory.
#[derive(Clone, Copy, Keyword)]
enum Action {
    /// Tells the kernel that it will be needed.
    #[keyword("willneed")]
    WillNeed,
    /// Tells the kernel that it is cold.
    Cold,
    /// Reclaims it.
    Pageout,
    /// Makes its pages huge.
    #[keyword("hugepage")]
    HugePage,
    /// Does not make its pages huge.
    #[keyword("nohugepage")]
    NoHugePage,
    /// Collapses it to huge pages now.
    Collapse,
    /// Prioritises it on its LRU lists.
    LruPrio,
    /// Deprioritises it on its LRU lists.
    LruDeprio,
    /// Migrates it, the hot first.
    MigrateHot,
    /// Migrates it, the cold first.
    MigrateCold,
    /// Only counts it.
    Stat,
}

impl From<Action> for damon::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::WillNeed => Self::WillNeed,
            Action::Cold => Self::Cold,
            Action::Pageout => Self::Pageout,
            Action::HugePage => Self::HugePage,
            Action::NoHugePage => Self::NoHugePage,
            Action::Collapse => Self::Collapse,
            Action::LruPrio => Self::LruPrio,
            Action::LruDeprio => Self::LruDeprio,
            Action::MigrateHot => Self::MigrateHot,
            Action::MigrateCold => Self::MigrateCold,
            Action::Stat => Self::Stat,
        }
    }
}

/// A scheme.
#[sysfs_dir]
pub(crate) struct Scheme {
    /// What is done with the memory.
    #[attr(admin_rw, default = Action::Stat, store = Self::store_action)]
    action: Value<Action>,

    /// How often it is done, in microseconds; 0 means at each aggregation.
    #[attr(admin_rw)]
    apply_interval_us: Value<usize>,

    /// The node to migrate to, if there are no `dests`; -1 means none.
    #[attr(admin_rw, default = -1)]
    target_nid: Value<i32>,

    /// Which regions it is done with.
    #[dir]
    pub(crate) access_pattern: Subdir<AccessPattern>,

    /// The nodes to migrate to.
    #[dir]
    dests: Subdir<Dests>,

    /// How much is done.
    #[dir]
    quotas: Subdir<Quotas>,

    /// When it is done.
    #[dir]
    watermarks: Subdir<Watermarks>,

    /// Which memory of the regions it is done with; filters of both kinds, for old programs.
    #[dir(layer = Layer::Both)]
    filters: Subdir<Filters>,

    /// Which memory of the regions it is done with, as far as the core of DAMON can tell.
    #[dir(layer = Layer::Core)]
    core_filters: Subdir<Filters>,

    /// Which memory of the regions it is done with, as far as the operations can tell.
    #[dir(layer = Layer::Ops)]
    ops_filters: Subdir<Filters>,

    /// What was done.
    #[dir]
    pub(crate) stats: Subdir<Stats>,

    /// What it was tried with.
    #[dir]
    pub(crate) tried_regions: Subdir<TriedRegions>,
}

impl Scheme {
    /// Takes an action. Users have one, which does nothing.
    fn store_action(self: &Dir<Self>, input: &CStr) -> Result {
        let new = Action::parse(input)?;

        Grant::of(self).check(matches!(new, Action::Stat))?;
        self.action.set(new);
        Ok(())
    }

    /// Adds the scheme that the files describe to a context.
    fn add_to(&self, ctx: &mut damon::Context, held: &Held<'_>) -> Outcome {
        let mut scheme = ctx.add_scheme(&DamonScheme {
            pattern: self.access_pattern.pattern(),
            action: self.action.get().into(),
            apply_interval_us: self.apply_interval_us.get(),
            quota: self.quotas.quota(),
            watermarks: self.watermarks.watermarks(),
            target_nid: self.target_nid.get(),
        })?;

        for goal in self.quotas.goals(held)? {
            scheme.add_goal(goal)?;
        }
        for (name, filters) in [
            ("core_filters", &self.core_filters),
            ("ops_filters", &self.ops_filters),
            ("filters", &self.filters),
        ] {
            filters.add_to(&mut scheme, held).at(name)?;
        }
        scheme.set_dests(&self.dests.dests(held)?)?;
        scheme.set_max_nr_snapshots(self.stats.max_nr_snapshots.get());
        Ok(())
    }
}

/// Which regions a scheme is for.
#[sysfs_dir]
pub(crate) struct AccessPattern {
    /// Their size in bytes.
    #[dir]
    pub(crate) sz: Subdir<UlRange>,

    /// How often they were accessed in an aggregation interval. Only the low 32 bits count.
    #[dir]
    pub(crate) nr_accesses: Subdir<UlRange>,

    /// For how many aggregation intervals that did not change much. Only the low 32 bits count.
    #[dir]
    pub(crate) age: Subdir<UlRange>,
}

/// Returns the low 32 bits, which is what the core has room for.
fn low_bits(value: usize) -> u32 {
    // CAST: The cut is what user space relies on: `ULONG_MAX` there means `UINT_MAX`.
    value as u32
}

impl AccessPattern {
    fn pattern(&self) -> DamonPattern {
        DamonPattern {
            min_sz_region: self.sz.min.get(),
            max_sz_region: self.sz.max.get(),
            min_nr_accesses: low_bits(self.nr_accesses.min.get()),
            max_nr_accesses: low_bits(self.nr_accesses.max.get()),
            min_age_region: low_bits(self.age.min.get()),
            max_age_region: low_bits(self.age.max.get()),
        }
    }
}
