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
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

use crate::refusal::{
    Outcome,
    Reason,
    Refusal, //
};

/// The path of a memory cgroup, as user space wrote it.
///
/// A newline at its end is kept and shown, as the implementation in C does; it does not count
/// when the cgroup is looked up, of a copy, so that reading it does not wait for that.
pub(crate) struct MemcgPath {
    /// Commands look it up, and it does not change meanwhile.
    writable: Locked<()>,
    path: Pin<KBox<Mutex<KVec<u8>>>>,
}

impl Attribute for MemcgPath {
    const KIND: &'static str = "text";

    /// Shows the path.
    fn show(&self, out: &mut Output<'_>) -> Result {
        out.bytes(&self.path.lock());
        out.bytes(b"\n");
        Ok(())
    }

    /// Replaces the path. Fails with `ENOMEM`, and with `EBUSY` if the lock of the tree is held.
    fn store(&self, input: &CStr) -> Result {
        let _guard = self.writable.tree().try_lock()?;
        let input = input.to_bytes();
        let mut path = self.path.lock();
        let more = input.len().saturating_sub(path.len());

        // Without memory, the path stays what it was.
        path.reserve(more, GFP_KERNEL)?;
        path.clear();
        path.extend_from_slice(input, GFP_KERNEL)?;
        Ok(())
    }
}

impl MemcgPath {
    /// Starts with an empty path.
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self> {
        let path = new_mutex!(KVec::new(), "MemcgPath::path");

        Ok(Self {
            writable: Locked::new(setup, ()),
            path: KBox::pin_init(path, setup.gfp())?,
        })
    }

    /// Finds the cgroup. Fails with `EINVAL` if there is none of that path, and with `ENOMEM`.
    pub(crate) fn find(&self, _held: &Held<'_>) -> Outcome<MemcgId> {
        let mut path = KVec::new();

        path.extend_from_slice(&self.path.lock(), GFP_KERNEL)?;
        MemcgId::find(&path).map_err(|errno| {
            let reason = match errno {
                e if e == ENOMEM => Reason::Errno,
                _ => Reason::NoCgroup(path),
            };

            Refusal::new(errno, reason)
        })
    }
}
