// SPDX-License-Identifier: GPL-2.0

//! `targets/`: what is monitored.

use core::ptr;
use kernel::{
    damon::{
        self,
        AddrRange,
        OpsId, //
    },
    kobject::{
        parse,
        sysfs_dir,
        Children,
        Dir,
        Held,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
use kernel::sync::Arc;

use crate::{
    grant::{
        self,
        Caller,
        Grant, //
    },
    refusal::{
        Outcome,
        Reason,
        Refusal,
        Refuse, //
    }, //
};

/// The monitoring targets of a context.
#[sysfs_dir]
pub(crate) struct Targets {
    /// Writing N makes the directories 0 to N-1, one for each target, with default values.
    #[children(
        nr = "nr_targets",
        admin_rw,
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        limit = Self::limit, //
    )]
    pub(crate) targets: Children<Target>,
}

impl Targets {
    fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_targets)
    }

    /// Returns how many regions the other targets have, or `None` if `regions` are of none of
    /// these.
    pub(crate) fn nr_regions_beside(
        &self,
        regions: &Regions,
        held: &Held<'_>,
    ) -> Result<Option<usize>> {
        let (mut is_here, mut sum) = (false, 0usize);

        for target in self.targets.list(held)? {
            if ptr::eq::<Regions>(&**target.regions, regions) {
                is_here = true;
            } else {
                sum = sum.saturating_add(target.regions.regions.list(held)?.len());
            }
        }
        Ok(is_here.then_some(sum))
    }

    /// Checks that there are not more targets, and regions that monitoring starts with, than are
    /// allowed.
    ///
    /// Fails with `EINVAL`.
    fn check(&self, grant: Grant<'_>, ops: OpsId, held: &Held<'_>) -> Outcome {
        let Some(limits) = grant.of_user() else {
            return Ok(());
        };
        let targets = self.targets.list(held)?;
        // Those that follow the address space of a process are three at least.
        let least = match ops {
            OpsId::Vaddr => 3,
            OpsId::Fvaddr | OpsId::Paddr => 0,
        };
        let mut nr_regions = 0usize;

        for target in targets {
            let nr = target.regions.regions.list(held)?.len();
            nr_regions = nr_regions.saturating_add(nr.max(least));
        }
        for (words, nr, max) in [
            ("more than the limit", targets.len(), limits.max_targets),
            (
                "more regions than the limit",
                nr_regions,
                limits.max_regions,
            ),
        ] {
            if grant::exceeds(nr, max) {
                return Err(Refusal::invalid(words).at("nr_targets"));
            }
        }
        Ok(())
    }

    /// Adds the targets that the files describe to a context that uses `ops`.
    ///
    /// Fails with `EINVAL` if there is more than one target that is not a process, or more than is
    /// allowed, and as [`Target::add_to`] does.
    pub(crate) fn add_to(
        &self,
        ctx: &mut damon::Context,
        ops: OpsId,
        caller: &Caller<'_>,
        held: &Held<'_>,
    ) -> Outcome {
        let targets = self.targets.list(held)?;

        self.check(caller.grant(), ops, held)?;

        if !ops.has_pid() && targets.len() > 1 {
            let refusal = Refusal::invalid("these operations have one target at most");

            return Err(refusal.at("nr_targets"));
        }
        for (i, target) in targets.iter().enumerate() {
            target.add_to(ctx, ops, caller, held).at_number(i)?;
        }
        Ok(())
    }

    /// Returns where the numbers of regions are shown, without those of targets that are obsolete
    /// if `committed`: a commit has removed these. Fails with `ENOMEM`.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    pub(crate) fn region_counts(
        &self,
        committed: bool,
        held: &Held<'_>,
    ) -> Result<KVec<Arc<Value<u32>>>> {
        let mut counts = KVec::new();

        for target in self.targets.list(held)? {
            if !(committed && target.obsolete_target.get()) {
                counts.push(target.regions.current_nr.clone(), GFP_KERNEL)?;
            }
        }
        Ok(counts)
    }

    /// Says which target it is, if there is one, that is obsolete without being one of a kdamond.
    /// Those that are come before it.
    pub(crate) fn refuse_obsolete(&self, held: &Held<'_>) -> Option<Refusal> {
        let targets = self.targets.list(held).ok()?;
        let last = targets
            .iter()
            .rposition(|target| target.obsolete_target.get())?;

        Some(
            Refusal::invalid("the kdamond has no such target")
                .at("obsolete_target")
                .at_number(last),
        )
    }
}

/// A monitoring target: a process, or the physical memory.
#[sysfs_dir]
pub(crate) struct Target {
    /// The pid of the process whose virtual address space is monitored. Not used for paddr.
    #[attr(
        admin_rw,
        parse = parse_pid, //
        alias("pid", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
    )]
    pub(crate) pid_target: Value<i32>,

    /// Whether a commit removes the target from the running kdamond.
    #[attr(admin_rw)]
    pub(crate) obsolete_target: Value<bool>,

    /// The regions to start with.
    #[dir]
    pub(crate) regions: Subdir<Regions>,
}

/// Parses a pid; whatever is wrong with it is `EINVAL`.
fn parse_pid(input: &CStr) -> Result<i32> {
    parse::int(input).map_err(|_| EINVAL)
}

impl Target {
    /// Adds the target that the files describe to a context that uses `ops`.
    ///
    /// Fails with `EINVAL` if there is no such process, or if the regions are not valid, and with
    /// `ENOMEM`.
    fn add_to(
        &self,
        ctx: &mut damon::Context,
        ops: OpsId,
        caller: &Caller<'_>,
        held: &Held<'_>,
    ) -> Outcome {
        let ranges = self.regions.ranges(held).at("regions")?;
        let nr = self.pid_target.get();
        let pid =
            match ops.has_pid() {
                true => Some(caller.find(nr).map_err(|errno| {
                    Refusal::new(errno, Reason::NoProcess(nr)).at("pid_target")
                })?),
                false => None,
            };
        let mut target = ctx.add_target()?;

        if let Some(pid) = pid {
            target.set_pid(pid)?;
        }
        target.set_obsolete(self.obsolete_target.get());
        target
            .set_regions(&ranges)
            .because("a region is empty, or ends in the last page of the address space")
            .at("regions")
    }
}

/// The regions that the monitoring of a target starts with.
#[sysfs_dir]
pub(crate) struct Regions {
    /// How many regions the kdamond has now, as of its last sampling.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[attr(admin_ro, init = |setup| Arc::new(Value::new(0), setup.gfp())?)]
    current_nr: Arc<Value<u32>>,

    /// Writing N makes the directories 0 to N-1, one for each region, with default values.
    #[children(
        nr = "nr_regions",
        admin_rw,
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        limit = Self::limit, //
    )]
    pub(crate) regions: Children<Region>,
}

impl Regions {
    /// Returns how many there may be: as many as the other targets of the context leave.
    pub(crate) fn limit(self: &Dir<Self>, held: &Held<'_>) -> Result<i32> {
        let grant = Grant::of(self);
        let max = grant.limits().max_regions;
        let mut others = 0;

        if grant.of_user().is_none() {
            return Ok(max);
        }
        grant.check_given()?;
        grant.kdamonds().with(|kdamonds| {
            others = kdamonds.nr_regions_beside(self, held)?;
            Ok(())
        })?;
        Ok(max.saturating_sub(i32::try_from(others).unwrap_or(i32::MAX)))
    }

    /// Returns the address ranges.
    ///
    /// Fails with `EINVAL` if one of them starts before the end of the one before, and with
    /// `ENOMEM`.
    pub(crate) fn ranges(&self, held: &Held<'_>) -> Outcome<KVec<AddrRange>> {
        let regions = self.regions.list(held)?;
        let mut ranges = KVec::with_capacity(regions.len(), GFP_KERNEL)?;
        let mut last_end = 0;

        for (i, region) in regions.iter().enumerate() {
            let range = AddrRange {
                start: region.start.get(),
                end: region.end.get(),
            };

            if range.start < last_end {
                let reason = Reason::Below("start", range.start, "the end before it", last_end);

                return Err(Refusal::new(EINVAL, reason).at_number(i));
            }
            last_end = range.end;
            ranges.push_within_capacity(range).map_err(|_| ENOMEM)?;
        }
        Ok(ranges)
    }
}

/// A region of addresses.
#[sysfs_dir]
pub(crate) struct Region {
    /// The first address.
    #[attr(admin_rw)]
    pub(crate) start: Value<usize>,

    /// The address after the last one.
    #[attr(admin_rw)]
    pub(crate) end: Value<usize>,
}
