// SPDX-License-Identifier: GPL-2.0

//! `tried_regions/`: the regions that a scheme tried to apply its action to.

use kernel::{
    damon::Visit,
    kobject::{
        sysfs_dir,
        tree_lock,
        Kobject,
        TreeLock, //
    },
    prelude::*, //
};

tree_lock! {
    /// Held to make and remove the directories of regions. Who takes it has the lock of the tree,
    /// or is called by a kdamond on behalf of somebody who has.
    enum TriedRegionsLock;
}

/// The regions that a scheme tried to apply its action to, as of the last update.
#[sysfs_dir]
pub(super) struct TriedRegions {
    /// The sum of their sizes.
    #[attr(ro)]
    total_bytes: usize,

    /// One of the regions.
    #[children(lock = TriedRegionsLock)]
    regions: [Region],
}

impl TriedRegions {
    /// Removes the regions. Fails with `EBUSY` while they are updated.
    pub(super) fn clear(&self) -> Result {
        self.regions.remove_all(&mut TriedRegionsLock::try_lock()?);
        self.total_bytes.set(0);
        Ok(())
    }

    /// Adds the size of a region to the sum.
    pub(super) fn add_size(&self, visit: &Visit<'_>) {
        let range = visit.range();
        let size = range.end.wrapping_sub(range.start);

        self.total_bytes
            .set(self.total_bytes.get().wrapping_add(size));
    }

    /// Makes the directory of a region below `parent`, the kobject of this directory.
    ///
    /// Fails with `ENOMEM` and leaves nothing of that directory.
    pub(super) fn add_region(&self, parent: &Kobject, visit: &Visit<'_>) -> Result {
        let mut guard = TriedRegionsLock::try_lock()?;
        let range = visit.range();

        self.regions.push(parent, &mut guard, |region| {
            region.start.set(range.start);
            region.end.set(range.end);
            region.nr_accesses.set(visit.nr_accesses());
            region.age.set(visit.age());
            region.sz_filter_passed.set(visit.sz_filter_passed());
        })?;

        let filled = match self.regions.list(&guard).last() {
            Some(region) => region.probes.fill(region.probes.kobject(), visit),
            None => Ok(()),
        };
        if filled.is_err() {
            self.regions.pop(&mut guard);
        }
        filled
    }
}

/// A region.
#[sysfs_dir]
struct Region {
    /// The first address.
    #[attr(ro)]
    start: usize,

    /// The address after the last one.
    #[attr(ro)]
    end: usize,

    /// How often the region was accessed in an aggregation interval.
    #[attr(ro)]
    nr_accesses: u32,

    /// For how many aggregation intervals that did not change much.
    #[attr(ro)]
    age: u32,

    /// How many bytes of the region passed the filters.
    #[attr(ro)]
    sz_filter_passed: usize,

    /// What the probes found.
    #[dir]
    probes: Probes,
}

tree_lock! {
    /// Held to make the directories of probes, by who holds [`TriedRegionsLock`].
    enum TriedProbesLock;
}

/// What the probes found in a region.
#[sysfs_dir]
struct Probes {
    /// One of the probes.
    #[children(lock = TriedProbesLock)]
    probes: [Probe],
}

impl Probes {
    /// Makes the directories of the probes below `parent`, the kobject of this directory.
    fn fill(&self, parent: &Kobject, visit: &Visit<'_>) -> Result {
        let mut guard = TriedProbesLock::try_lock()?;

        visit.probe_hits().try_for_each(|hits| {
            self.probes
                .push(parent, &mut guard, |probe| probe.hits.set(hits))
        })
    }
}

/// What a probe found in a region.
#[sysfs_dir]
struct Probe {
    /// How many samples were positive in an aggregation interval.
    #[attr(ro)]
    hits: u8,
}
