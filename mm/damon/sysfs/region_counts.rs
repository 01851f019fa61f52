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
