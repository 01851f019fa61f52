// SPDX-License-Identifier: GPL-2.0

//! Files that name a memory cgroup.

use kernel::{
    kobject::{
        Attribute,
        Held,
        Locked,
        Output,
        Setup, //
    },
    memcg::MemcgId,
    prelude::*,
    str::CStr, //
};

/// The path of a memory cgroup, as user space wrote it.
///
/// A newline at its end is kept and shown, as the implementation in C does; it does not count
/// when the cgroup is looked up.
pub(crate) struct MemcgPath(Locked<KVec<u8>>);

impl Attribute for MemcgPath {
    const KIND: &'static str = "text";

    /// Shows the path. Fails with `EBUSY` if the lock is held.
    fn show(&self, out: &mut Output<'_>) -> Result {
        let mut guard = self.0.tree().try_lock()?;

        out.bytes(self.0.get(&guard.held())?);
        out.bytes(b"\n");
        Ok(())
    }

    /// Replaces the path. Fails with `ENOMEM`, and with `EBUSY` if the lock is held.
    fn store(&self, input: &CStr) -> Result {
        let new = input.to_bytes();
        let mut guard = self.0.tree().try_lock()?;
        let held = &mut guard.held();
        let path = self.0.get_mut(held)?;

        // Failing leaves the old path; the memory of it is used again.
        path.reserve(new.len().saturating_sub(path.len()), GFP_KERNEL)?;
        path.clear();
        Ok(path.extend_from_slice(new, GFP_KERNEL)?)
    }
}

impl MemcgPath {
    /// Starts with an empty path.
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        Self(Locked::new(setup, KVec::new()))
    }

    /// Finds the cgroup. Fails with `EINVAL` if there is none of that path.
    pub(crate) fn find(&self, held: &Held<'_>) -> Result<MemcgId> {
        MemcgId::find(self.0.get(held)?)
    }
}
