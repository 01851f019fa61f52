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
    str::CStr,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use crate::refusal::{
    Outcome,
    Reason,
    Refusal, //
};

/// The path of a memory cgroup, as user space wrote it.
///
/// A newline at its end is kept and shown, as the implementation in C does; it does not count
/// when the cgroup is looked up. A path that was written is never changed, so that reading it does
/// not wait for who looks it up.
pub(crate) struct MemcgPath {
    /// Commands look it up, and it does not change meanwhile.
    writable: Locked<()>,
    path: Pin<KBox<Mutex<Arc<KVec<u8>>>>>,
}

impl Attribute for MemcgPath {
    const KIND: &'static str = "text";

    /// Shows the path.
    fn show(&self, out: &mut Output<'_>) -> Result {
        out.bytes(&self.path());
        out.bytes(b"\n");
        Ok(())
    }

    /// Replaces the path. Fails with `ENOMEM`, and with `EBUSY` if the lock of the tree is held.
    fn store(&self, input: &CStr) -> Result {
        let _guard = self.writable.tree().try_lock()?;
        let mut bytes = KVec::new();

        bytes.extend_from_slice(input.to_bytes(), GFP_KERNEL)?;
        *self.path.lock() = Arc::new(bytes, GFP_KERNEL)?;
        Ok(())
    }
}

impl MemcgPath {
    /// Starts with an empty path.
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self> {
        let empty = Arc::new(KVec::new(), GFP_KERNEL)?;

        Ok(Self {
            writable: Locked::new(setup, ()),
            path: KBox::pin_init(new_mutex!(empty, "MemcgPath::path"), GFP_KERNEL)?,
        })
    }

    fn path(&self) -> Arc<KVec<u8>> {
        self.path.lock().clone()
    }

    /// Finds the cgroup. Fails with `EINVAL` if there is none of that path, and with `ENOMEM`.
    pub(crate) fn find(&self, _held: &Held<'_>) -> Outcome<MemcgId> {
        let path = self.path();

        MemcgId::find(&path).map_err(|errno| {
            let reason = match errno {
                e if e == ENOMEM => Reason::Errno,
                _ => Reason::NoCgroup(path),
            };

            Refusal::new(errno, reason)
        })
    }
}
