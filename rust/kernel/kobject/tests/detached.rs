// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of files that remove their own directory.

use super::{
    node::Node,
    Leaf,
    LEAVES, //
};
use crate::{
    kobject::{
        mm_kobj,
        sysfs_dir,
        Detached,
        Dir,
        NoValue,
        Root,
        Subdir,
        Value, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc,
        Completion, //
    },
    workqueue, //
};

/// What happens to a method that takes its time.
#[pin_data]
struct Visit {
    #[pin]
    begun: Completion,
    #[pin]
    may_end: Completion,
    #[pin]
    ended: Completion,
}

impl Visit {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                begun <- Completion::new(),
                may_end <- Completion::new(),
                ended <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }
}

/// A directory that is removed by writing to its files.
#[sysfs_dir(args = Arc<Visit>)]
struct Leaver {
    /// Removes the directory.
    #[file(wo, store = Self::leave, detached)]
    leave: NoValue,

    /// Takes its time.
    #[file(wo, store = Self::linger, detached)]
    linger: NoValue,

    /// A usual file beside those.
    #[attr(rw)]
    value: Value<u32>,

    /// What goes, too.
    #[dir]
    leaf: Subdir<Leaf>,

    #[state(init = |setup| setup.args().clone())]
    visit: Arc<Visit>,
}

impl Leaver {
    fn leave(self: &Detached<'_, Dir<Self>>, input: &CStr) -> Result {
        if input.to_bytes() != b"1" {
            return Err(EINVAL);
        }
        self.remove(&mut self.try_lock()?.held())
    }

    fn linger(self: &Detached<'_, Dir<Self>>, _input: &CStr) -> Result {
        self.visit.begun.complete_all();
        self.visit.may_end.wait_for_completion();
        // It was removed meanwhile, but is still there for us.
        self.value.set(self.value.get().wrapping_add(1));
        self.remove(&mut self.try_lock()?.held())
    }
}

fn publish(visit: &Arc<Visit>) -> Result<Root<Leaver>> {
    let root = Root::<Leaver>::new(visit.clone())?;

    root.add(mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;
    Ok(root)
}

#[macros::kunit_tests(rust_kobject_detached)]
mod cases {
    use super::*;

    #[test]
    fn files_remove_their_own_directory() -> Result {
        let before = LEAVES.load(Relaxed);
        let root = publish(&Visit::new()?)?;
        let [leave, value] = [c"leave", c"value"].map(|name| Node::of(&root, name));
        let (leave, value) = (leave?, value?);
        let ulong = Node::of(&root.leaf, c"ulong")?;

        // The usual file is as in other directories, and so is a write that fails.
        assert_eq!(value.store(c"7"), Ok(1));
        assert_eq!(leave.store(c"2"), Ok(EINVAL.to_errno() as isize));
        let guard = root.try_lock()?;
        assert_eq!(leave.store(c"1"), Ok(EBUSY.to_errno() as isize));
        drop(guard);
        value.shows(b"7\n")?;
        ulong.shows(b"5\n")?;

        assert_eq!(leave.store(c"1"), Ok(1));
        assert_eq!(leave.store(c"1"), Err(ENODEV));
        assert_eq!(value.shows(b""), Err(ENODEV));
        assert_eq!(ulong.shows(b""), Err(ENODEV));
        let path = [c"rust_kunit", c"value"];
        assert_eq!(
            Node::find(mm_kobj().ok_or(ENODEV)?, &path).err(),
            Some(ENOENT)
        );

        // The data is still that of the owner.
        assert_eq!(root.value.get(), 7);
        assert_eq!(LEAVES.load(Relaxed), before + 1);
        drop(root);
        assert_eq!(LEAVES.load(Relaxed), before);
        drop(publish(&Visit::new()?)?);
        Ok(())
    }

    /// Who removes the directory does not wait for the method, which keeps the data.
    #[test]
    fn detached_methods_outlive_their_directory() -> Result {
        let before = LEAVES.load(Relaxed);
        let visit = Visit::new()?;
        let root = publish(&visit)?;
        let linger = Node::of(&root, c"linger")?;
        let worker = visit.clone();

        workqueue::system_long().try_spawn(GFP_KERNEL, move || {
            // The test sees whether that worked.
            let _ = linger.store(c"1");
            drop(linger);
            worker.ended.complete_all();
        })?;
        visit.begun.wait_for_completion();
        drop(root);
        assert_eq!(LEAVES.load(Relaxed), before + 1);
        visit.may_end.complete_all();
        visit.ended.wait_for_completion();
        assert_eq!(LEAVES.load(Relaxed), before);
        Ok(())
    }
}
