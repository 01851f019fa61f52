// SPDX-License-Identifier: GPL-2.0

//! `current_nr` and `current_nr_regions`: how many regions the kdamond has.

use kernel::{
    damon::OnKdamond,
    kobject::Value,
    prelude::*,
    sync::Arc, //
};

/// The files that show how many regions there are.
///
/// The kdamond writes them after each sampling, so that who reads them waits for nobody. They
/// outlive their directories, of which the kdamond knows nothing.
#[derive(Default)]
pub(crate) struct RegionCounts {
    files: Option<Files>,
}

struct Files {
    total: Arc<Value<usize>>,
    targets: KVec<Arc<Value<u32>>>,
}

impl RegionCounts {
    /// Returns those of a context and of the targets that the kdamond has of it, in their order.
    pub(crate) fn new(total: Arc<Value<usize>>, targets: KVec<Arc<Value<u32>>>) -> Self {
        Self {
            files: Some(Files { total, targets }),
        }
    }

    /// Writes how many regions there are now.
    pub(crate) fn update(&self, kdamond: &OnKdamond<'_>) {
        self.set(kdamond.nr_regions());
    }

    /// Writes that there are none any more.
    pub(crate) fn clear(&self) {
        self.set(core::iter::empty());
    }

    fn set(&self, numbers: impl Iterator<Item = u32>) {
        let Some(files) = &self.files else {
            return;
        };
        let mut numbers = numbers.fuse();
        let mut total = 0usize;

        for file in &files.targets {
            let nr = numbers.next().unwrap_or(0);

            file.set(nr);
            // CAST: A `u32` fits into a `usize` on all architectures that have DAMON.
            total = total.saturating_add(nr as usize);
        }
        files.total.set(total);
    }
}

#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
#[kunit_tests(rust_damon_sysfs_region_counts)]
mod tests {
    use super::*;

    /// What is shown of two targets after these numbers: of each, and of all.
    fn shown(counts: &RegionCounts, numbers: &[u32]) -> Option<(u32, u32, usize)> {
        counts.set(numbers.iter().copied());
        let files = counts.files.as_ref()?;

        match &files.targets[..] {
            [first, second] => Some((first.get(), second.get(), files.total.get())),
            _ => None,
        }
    }

    #[test]
    fn numbers_are_those_of_the_targets_in_their_order() -> Result {
        let mut targets = KVec::new();

        for _ in 0..2 {
            targets.push(Arc::new(Value::new(7), GFP_KERNEL)?, GFP_KERNEL)?;
        }
        let counts = RegionCounts::new(Arc::new(Value::new(7), GFP_KERNEL)?, targets);

        assert_eq!(shown(&counts, &[10, 3]), Some((10, 3, 13)));
        // A target that is gone has none.
        assert_eq!(shown(&counts, &[4]), Some((4, 0, 4)));
        // A target without a directory is not shown.
        assert_eq!(shown(&counts, &[1, 2, 3]), Some((1, 2, 3)));
        counts.set([u32::MAX, u32::MAX].into_iter());
        counts.clear();
        assert_eq!(shown(&counts, &[]), Some((0, 0, 0)));
        // One that was never turned on shows nothing.
        assert!(shown(&RegionCounts::default(), &[1]).is_none());
        Ok(())
    }
}
