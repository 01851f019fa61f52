// SPDX-License-Identifier: GPL-2.0

//! Files that name a memory cgroup.

use kernel::{
    damon::MemcgId,
    kobject::{
        AttrCell,
        Emitter,
        Input,
        Kind,
        Locked,
        TreeGuard,
        TreeLock, //
    },
    prelude::*, //
};

use crate::DamonSysfsLock;

/// The path of a memory cgroup, as user space wrote it.
///
/// A newline at its end is kept and shown, as the implementation in C does; it does not count
/// when the cgroup is looked up.
#[derive(Default)]
pub(crate) struct MemcgPath(Locked<KVec<u8>, DamonSysfsLock>);

impl AttrCell for MemcgPath {
    const KIND: Kind = Kind::Text;

    /// Shows the path. Fails with `EBUSY` if the lock is held.
    fn show(&self, out: &mut Emitter<'_>) -> Result {
        let guard = DamonSysfsLock::try_lock()?;

        out.bytes(self.0.get(&guard));
        out.bytes(b"\n");
        Ok(())
    }

    /// Replaces the path. Fails with `ENOMEM`, and with `EBUSY` if the lock is held.
    fn store(&self, input: Input<'_>) -> Result {
        let new = input.to_c_str().to_bytes();
        let mut guard = DamonSysfsLock::try_lock()?;
        let path = self.0.get_mut(&mut guard);

        // Failing leaves the old path; the memory of it is used again.
        path.reserve(new.len().saturating_sub(path.len()), GFP_KERNEL)?;
        path.clear();
        Ok(path.extend_from_slice(new, GFP_KERNEL)?)
    }
}

impl MemcgPath {
    /// Finds the cgroup. Fails with `EINVAL` if there is none of that path.
    pub(crate) fn find(&self, guard: &TreeGuard<DamonSysfsLock>) -> Result<MemcgId> {
        MemcgId::find(self.0.get(guard))
    }
}
