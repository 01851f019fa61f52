// SPDX-License-Identifier: GPL-2.0

//! `dests/`: the nodes that a scheme migrates to.

use kernel::{
    kobject::{
        sysfs_dir,
        TreeGuard, //
    },
    prelude::*, //
};

use crate::DamonSysfsLock;

/// The nodes that a scheme migrates to.
#[sysfs_dir(lock = DamonSysfsLock)]
pub(super) struct Dests {
    /// Writing N makes the directories 0 to N-1, one for each node, with default values.
    #[children(nr = "nr_dests")]
    dests: [Dest],
}

impl Dests {
    /// Returns the nodes and their weights. Fails with `ENOMEM`.
    pub(super) fn dests(&self, guard: &TreeGuard<DamonSysfsLock>) -> Result<KVec<(u32, u32)>> {
        let dirs = self.dests.list(guard);
        let mut dests = KVec::with_capacity(dirs.len(), GFP_KERNEL)?;

        for dir in dirs {
            dests
                .push_within_capacity((dir.id.get(), dir.weight.get()))
                .map_err(|_| ENOMEM)?;
        }
        Ok(dests)
    }
}

/// A node that a scheme migrates to.
#[sysfs_dir]
struct Dest {
    /// The number of the node.
    #[attr(rw)]
    id: u32,

    /// How much goes there, relative to the others.
    #[attr(rw)]
    weight: u32,
}
