// SPDX-License-Identifier: GPL-2.0

//! `dests/`: the nodes that a scheme migrates to.

use kernel::{
    kobject::{
        sysfs_dir,
        Children,
        Dir,
        Held,
        Value, //
    },
    prelude::*, //
};

use crate::grant::Grant;

/// The nodes that a scheme migrates to.
#[sysfs_dir]
pub(super) struct Dests {
    /// Writing N makes the directories 0 to N-1, one for each node, with default values.
    #[children(nr = "nr_dests", admin_rw, limit = Self::limit)]
    dests: Children<Dest>,
}

impl Dests {
    fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_parts)
    }

    /// Returns the nodes and their weights. Fails with `ENOMEM`.
    pub(super) fn dests(&self, held: &Held<'_>) -> Result<KVec<(u32, u32)>> {
        let dirs = self.dests.list(held)?;
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
    #[attr(admin_rw)]
    id: Value<u32>,

    /// How much goes there, relative to the others.
    #[attr(admin_rw)]
    weight: Value<u32>,
}
