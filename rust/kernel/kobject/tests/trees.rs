// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of trees: their locks, names and ends.

use super::{
    publish,
    store,
    Branch,
    Grown,
    Leaf,
    Made,
    LEAVES, //
};
use crate::{
    device::Bound,
    faux,
    kobject::{
        mm_kobj,
        Dir,
        DirData,
        File,
        Held,
        Info,
        Root,
        Setup,
        Subdir, //
    },
    prelude::*,
    sync::{
        atomic::Relaxed,
        static_lock_class,
        LockClassKey, //
    }, //
};

/// A directory that cannot be made whole: the names of its subdirectories clash.
#[pin_data]
struct Clash {
    first: Subdir<Leaf>,
    second: Subdir<Leaf>,
}

impl DirData for Clash {
    type Args = ();

    const FILES: &'static [Option<&'static File<Dir<Self>>>] = &[None];

    const INFO: &'static Info = &Info {
        doc: "",
        files: &[],
        dirs: &[],
    };

    fn lock_class() -> Pin<&'static LockClassKey> {
        static_lock_class!()
    }

    fn new(setup: &Setup<'_>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            first: Subdir::new(setup, ())?,
            second: Subdir::new(setup, ())?,
        }? Error)
    }

    fn add_dirs(dir: &Dir<Self>, held: &mut Held<'_>) -> Result {
        dir.first.add(dir, held, c"same")?;
        dir.second.add(dir, held, c"same")
    }

    fn remove_dirs(&self, held: &mut Held<'_>) -> Result {
        self.first.remove(held)?;
        self.second.remove(held)
    }
}

#[macros::kunit_tests(rust_kobject)]
mod cases {
    use super::*;

    #[test]
    fn lock_is_held_once() -> Result {
        let [one, other] = [(); 2].map(|()| Root::<Made>::new((1, false)));
        let (one, other) = (one?, other?);
        let mut guard = one.try_lock()?;
        let held = &mut guard.held();

        *one.locked.get_mut(held)? = 2;
        assert_eq!(*one.locked.get(held)?, 2);
        assert!(one.try_lock().is_err_and(|e| e == EBUSY));

        // Each tree has its own, whatever the type.
        *other.locked.get_mut(&mut other.try_lock()?.held())? = 3;
        assert_eq!(other.locked.get(held), Err(EINVAL));
        assert_eq!(other.locked.get_mut(held).err(), Some(EINVAL));
        drop(guard);
        drop(one.try_lock()?);
        Ok(())
    }

    #[test]
    fn other_trees_are_left_alone() -> Result {
        let [one, other] = [c"rust_kunit", c"rust_kunit2"].map(publish::<Branch>);
        let (one, other) = (one?, other?);
        let grown = Root::<Grown>::new(())?;
        let spare = Subdir::<Leaf>::new(&Setup::new(one.tree(), ()), ())?;
        let mut guard = other.try_lock()?;
        let held = &mut guard.held();
        let nothing = |_: &Leaf| ();

        assert_eq!(one.leaves.list(held).err(), Some(EINVAL));
        assert_eq!(one.leaves.resize(&one, held, 1, nothing), Err(EINVAL));
        assert_eq!(other.leaves.resize(&one, held, 1, nothing), Err(EINVAL));
        assert_eq!(one.leaves.remove(held), Err(EINVAL));
        assert_eq!(one.leaf.remove(held), Err(EINVAL));
        assert_eq!(spare.add(&*other, held, c"spare"), Err(EINVAL));
        assert_eq!(spare.add(&*one, held, c"spare"), Err(EINVAL));
        assert_eq!(grown.leaves.begin(held), Err(EINVAL));
        drop(guard);

        // What is not in sysfs has nothing below it.
        let mut guard = grown.try_lock()?;
        let leaves = &grown.leaves;
        let set = leaves.set_next(&grown, &mut guard.held(), nothing, |_, _| Ok(()));
        assert_eq!(set, Err(ENOENT));
        Ok(())
    }

    #[test]
    fn names_are_taken_once() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        assert_eq!(publish::<Leaf>(c"rust_kunit").err(), Some(EEXIST));
        assert_eq!(leaf.add(mm_kobj().ok_or(ENODEV)?, c"again"), Err(EEXIST));

        // The name is free as soon as the owner is gone.
        drop(leaf);
        drop(publish::<Leaf>(c"rust_kunit")?);

        for name in [c"", c".", c"..", c"a/b"] {
            assert_eq!(publish::<Leaf>(name).err(), Some(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn subdirectories_are_shown_once() -> Result {
        let branch = publish::<Branch>(c"rust_kunit")?;
        let mut guard = branch.try_lock()?;
        let held = &mut guard.held();

        assert_eq!(branch.leaf.add(&*branch, held, c"again"), Err(EEXIST));
        branch.leaf.remove(held)?;
        branch.leaf.remove(held)?;
        assert_eq!(branch.leaf.add(&*branch, held, c"leaf"), Err(EEXIST));

        let spare = Subdir::<Grown>::new(&Setup::new(branch.tree(), ()), ())?;
        assert_eq!(spare.add(&*branch.leaf, held, c"spare"), Err(ENOENT));
        spare.add(&*branch, held, c"spare")?;
        spare.remove(held)
    }

    #[test]
    fn trees_go_with_their_devices() -> Result {
        let before = LEAVES.load(Relaxed);
        let device = faux::Registration::new(c"rust_kobject_kunit", None)?;
        let bound: &faux::Device<Bound> = device.as_ref();
        let tree = || Root::<Branch>::new(());

        tree()?.add_to_device(bound.as_ref(), c"tree")?;
        assert_eq!(LEAVES.load(Relaxed), before + 1);
        let clash = tree()?.add_to_device(bound.as_ref(), c"tree");
        assert_eq!(clash, Err(EEXIST));
        assert_eq!(LEAVES.load(Relaxed), before + 1);
        drop(device);
        assert_eq!(LEAVES.load(Relaxed), before);
        Ok(())
    }

    #[test]
    fn every_node_is_released_once() -> Result {
        let before = LEAVES.load(Relaxed);
        let branch = publish::<Branch>(c"rust_kunit")?;
        store(&branch, c"nr", c"3")?;
        assert_eq!(LEAVES.load(Relaxed), before + 4);
        store(&branch, c"nr", c"2")?;
        assert_eq!(LEAVES.load(Relaxed), before + 3);
        drop(branch);
        assert_eq!(LEAVES.load(Relaxed), before);

        // Nor is one lost when making it fails half way.
        assert_eq!(publish::<Clash>(c"rust_kunit").err(), Some(EEXIST));
        assert_eq!(LEAVES.load(Relaxed), before);
        drop(publish::<Leaf>(c"rust_kunit")?);

        // One that was never shown is released, too.
        drop(Root::<Branch>::new(())?);
        assert_eq!(LEAVES.load(Relaxed), before);
        Ok(())
    }
}
