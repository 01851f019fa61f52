// SPDX-License-Identifier: GPL-2.0

//! `targets/`: what is monitored.

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
        Held,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

/// The monitoring targets of a context.
#[sysfs_dir]
pub(crate) struct Targets {
    /// Writing N makes the directories 0 to N-1, one for each target, with default values.
    #[children(nr = "nr_targets", alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)))]
    pub(crate) targets: Children<Target>,
}

impl Targets {
    /// Adds the targets that the files describe to a context that uses `ops`.
    ///
    /// Fails with `EINVAL` if there is more than one target that is not a process, and as
    /// [`Target::add_to`] does.
    pub(crate) fn add_to(&self, ctx: &mut damon::Context, ops: OpsId, held: &Held<'_>) -> Result {
        let targets = self.targets.list(held)?;

        if !ops.has_pid() && targets.len() > 1 {
            return Err(EINVAL);
        }
        targets
            .iter()
            .try_for_each(|target| target.add_to(ctx, held))
    }
}

/// A monitoring target: a process, or the physical memory.
#[sysfs_dir]
pub(crate) struct Target {
    /// The pid of the process whose virtual address space is monitored. Not used for paddr.
    #[attr(
        rw,
        parse = parse_pid,
        alias("pid", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
    )]
    pub(crate) pid_target: Value<i32>,

    /// Whether a commit removes the target from the running kdamond.
    #[attr(rw)]
    obsolete_target: Value<bool>,

    /// The regions to start with.
    #[dir]
    pub(crate) regions: Subdir<Regions>,
}

/// Parses a pid; whatever is wrong with it is `EINVAL`.
fn parse_pid(input: &CStr) -> Result<i32> {
    parse::int(input).map_err(|_| EINVAL)
}

impl Target {
    /// Adds the target that the files describe to a context.
    ///
    /// Fails as [`Regions::ranges`] and [`damon::Context::add_target_with`] do.
    fn add_to(&self, ctx: &mut damon::Context, held: &Held<'_>) -> Result {
        ctx.add_target_with(
            self.pid_target.get(),
            self.obsolete_target.get(),
            &self.regions.ranges(held)?,
        )
    }
}

/// The regions that the monitoring of a target starts with.
#[sysfs_dir]
pub(crate) struct Regions {
    /// Writing N makes the directories 0 to N-1, one for each region, with default values.
    #[children(nr = "nr_regions", alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)))]
    pub(crate) regions: Children<Region>,
}

impl Regions {
    /// Returns the address ranges.
    ///
    /// Fails with `EINVAL` if one of them starts before the end of the one before, and with
    /// `ENOMEM`.
    pub(crate) fn ranges(&self, held: &Held<'_>) -> Result<KVec<AddrRange>> {
        let regions = self.regions.list(held)?;
        let mut ranges = KVec::with_capacity(regions.len(), GFP_KERNEL)?;
        let mut last_end = 0;

        for region in regions {
            let range = AddrRange {
                start: region.start.get(),
                end: region.end.get(),
            };

            if range.start < last_end {
                return Err(EINVAL);
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
    #[attr(rw)]
    pub(crate) start: Value<usize>,

    /// The address after the last one.
    #[attr(rw)]
    pub(crate) end: Value<usize>,
}
