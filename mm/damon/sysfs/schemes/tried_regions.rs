// SPDX-License-Identifier: GPL-2.0

//! `tried_regions/`: the regions that a scheme tried to apply its action to.

use kernel::{
    damon::Visit,
    kobject::{
        sysfs_dir,
        Dir,
        Held,
        Sequence,
        Subdir,
        Value, //
    },
    prelude::*, //
};

/// The regions that a scheme tried to apply its action to, as of the last update.
///
/// An update gives the directories that are there other values, and makes and removes only as many
/// as there are more or fewer regions. That takes less time by far than to make all of them.
#[sysfs_dir]
pub(crate) struct TriedRegions {
    /// The sum of their sizes.
    #[attr(admin_ro)]
    pub(crate) total_bytes: Value<usize>,

    /// One of the regions.
    #[children]
    pub(crate) regions: Sequence<Region>,
}

impl TriedRegions {
    /// Removes the regions.
    pub(super) fn clear(&self, held: &mut Held<'_>) -> Result {
        self.begin_update(held)?;
        self.end_update(held)
    }

    /// Begins an update, which has seen no region so far.
    pub(super) fn begin_update(&self, held: &mut Held<'_>) -> Result {
        self.regions.begin(held)?;
        self.total_bytes.set(0);
        Ok(())
    }

    /// Ends an update: removes the directories of regions that it has not seen.
    pub(super) fn end_update(&self, held: &mut Held<'_>) -> Result {
        self.regions.end(held)
    }

    /// Adds the size of a region to the sum.
    pub(super) fn add_size(&self, visit: &Visit<'_>) {
        let range = visit.range();
        let size = range.end.wrapping_sub(range.start);

        self.total_bytes
            .set(self.total_bytes.get().wrapping_add(size));
    }

    /// Shows a region in the next directory.
    ///
    /// Fails with `ENOMEM`. Then the directory is for the next region, or removed in the end.
    pub(super) fn add_region(self: &Dir<Self>, held: &mut Held<'_>, visit: &Visit<'_>) -> Result {
        self.regions.set_next(
            self,
            held,
            |region| region.set(visit),
            |region, held| region.probes.fill(held, visit),
        )
    }
}

/// A region.
#[sysfs_dir]
pub(crate) struct Region {
    /// The first address.
    #[attr(admin_ro)]
    pub(crate) start: Value<usize>,

    /// The address after the last one.
    #[attr(admin_ro)]
    pub(crate) end: Value<usize>,

    /// How often the region was accessed in an aggregation interval.
    #[attr(admin_ro)]
    nr_accesses: Value<u32>,

    /// For how many aggregation intervals that did not change much.
    #[attr(admin_ro)]
    age: Value<u32>,

    /// How many bytes of the region passed the filters.
    #[attr(admin_ro)]
    sz_filter_passed: Value<usize>,

    /// What the probes found.
    #[dir]
    probes: Subdir<Probes>,
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

/// What the probes found in a region.
#[sysfs_dir]
struct Probes {
    /// One of the probes.
    #[children]
    probes: Sequence<Probe>,
}

impl Probes {
    /// Shows what the probes found. As for regions, the directories that are there stay.
    fn fill(self: &Dir<Self>, held: &mut Held<'_>, visit: &Visit<'_>) -> Result {
        self.probes.begin(held)?;
        for hits in visit.probe_hits() {
            self.probes
                .set_next(self, held, |probe| probe.hits.set(hits), |_, _| Ok(()))?;
        }
        self.probes.end(held)
    }
}

/// What a probe found in a region.
#[sysfs_dir]
struct Probe {
    /// How many samples were positive in an aggregation interval.
    #[attr(admin_ro)]
    hits: Value<u8>,
}
