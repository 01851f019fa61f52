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
///
/// An update gives the directories that are there other values, and makes and removes only as many
/// as there are more or fewer regions. That takes less time by far than to make all of them.
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
        self.begin_update()?;
        self.end_update()
    }

    /// Begins an update, which has seen no region so far. Fails with `EBUSY` during another one.
    pub(super) fn begin_update(&self) -> Result {
        self.regions.begin(&mut TriedRegionsLock::try_lock()?);
        self.total_bytes.set(0);
        Ok(())
    }

    /// Ends an update: removes the directories of regions that it has not seen.
    pub(super) fn end_update(&self) -> Result {
        self.regions.end(&mut TriedRegionsLock::try_lock()?);
        Ok(())
    }

    /// Adds the size of a region to the sum.
    pub(super) fn add_size(&self, visit: &Visit<'_>) {
        let range = visit.range();
        let size = range.end.wrapping_sub(range.start);

        self.total_bytes
            .set(self.total_bytes.get().wrapping_add(size));
    }

    /// Shows a region in the next directory below `parent`, the kobject of this directory.
    ///
    /// Fails with `ENOMEM`. Then the directory is for the next region, or removed in the end.
    pub(super) fn add_region(&self, parent: &Kobject, visit: &Visit<'_>) -> Result {
        let mut guard = TriedRegionsLock::try_lock()?;
        let region = self
            .regions
            .current(parent, &mut guard, |region| region.set(visit))?;

        region.probes.fill(region.probes.kobject(), visit)?;
        self.regions.advance(&mut guard)
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

impl Region {
    /// Sets the files to what is known of a region.
    fn set(&self, visit: &Visit<'_>) {
        let range = visit.range();

        self.start.set(range.start);
        self.end.set(range.end);
        self.nr_accesses.set(visit.nr_accesses());
        self.age.set(visit.age());
        self.sz_filter_passed.set(visit.sz_filter_passed());
    }
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
    /// Shows what the probes found in the directories below `parent`, the kobject of this
    /// directory. As for regions, those that are there stay.
    fn fill(&self, parent: &Kobject, visit: &Visit<'_>) -> Result {
        let mut guard = TriedProbesLock::try_lock()?;

        self.probes.begin(&mut guard);
        for hits in visit.probe_hits() {
            self.probes
                .current(parent, &mut guard, |probe| probe.hits.set(hits))?;
            self.probes.advance(&mut guard)?;
        }
        self.probes.end(&mut guard);
        Ok(())
    }
}

/// What a probe found in a region.
#[sysfs_dir]
struct Probe {
    /// How many samples were positive in an aggregation interval.
    #[attr(ro)]
    hits: u8,
}
