// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of numbered directories.

use super::{
    publish,
    shows,
    store,
    Branch,
    Grown,
    Nursery, //
};
use crate::{
    kobject::{
        Dir,
        DirData,
        Held, //
    },
    prelude::*, //
};

#[macros::kunit_tests(rust_kobject_numbered)]
mod cases {
    use super::*;

    #[test]
    fn numbered_directories_come_and_go() -> Result {
        let branch = publish::<Branch>(c"rust_kunit")?;

        shows(&branch.leaf, c"ulong", b"6\n")?;
        shows(&branch.leaf, c"colour", b"red\n")?;
        for (input, expected, nr) in [
            (c"3", Ok(()), 3usize),
            (c"5", Err(EINVAL), 3),
            (c"-1", Err(EINVAL), 3),
            (c"2147483648", Err(ERANGE), 3),
            (c"x", Err(EINVAL), 3),
            (c"4", Ok(()), 4),
            (c"0", Ok(()), 0),
            (c"1", Ok(()), 1),
        ] {
            assert_eq!(store(&branch, c"nr_leaves", input), expected);
            assert_eq!(branch.leaves.list(&branch.try_lock()?.held())?.len(), nr);
        }
        shows(&branch, c"nr", b"1\n")?;

        // Writing the same number makes new ones.
        let mut guard = branch.try_lock()?;
        let ulong = |held: &Held<'_>| Ok::<_, Error>(branch.leaves.list(held)?[0].ulong.get());
        branch.leaves.list(&guard.held())?[0].ulong.set(9);
        assert_eq!(store(&branch, c"nr", c"1"), Err(EBUSY));
        assert_eq!(ulong(&guard.held()), Ok(9));

        // A number that is none leaves them alone.
        let leaves = &branch.leaves;
        assert_eq!(
            leaves.resize(&branch, &mut guard.held(), -1, |_| ()),
            Err(EINVAL)
        );
        assert_eq!(ulong(&guard.held()), Ok(9));
        drop(guard);
        store(&branch, c"nr", c"1")?;
        assert_eq!(ulong(&branch.try_lock()?.held()), Ok(5));

        branch.frozen.set(true);
        assert_eq!(store(&branch, c"nr", c"2"), Err(EPERM));
        shows(&branch, c"nr_leaves", b"1\n")?;
        Ok(())
    }

    #[test]
    fn numbered_directories_are_prepared() -> Result {
        let nursery = publish::<Nursery>(c"rust_kunit")?;

        store(&nursery, c"nr_leaves", c"2")?;
        for leaf in nursery.leaves.list(&nursery.try_lock()?.held())? {
            shows(leaf, c"ulong", b"77\n")?;
        }
        Ok(())
    }

    #[test]
    fn children_are_reached_while_others_come() -> Result {
        let branch = publish::<Branch>(c"rust_kunit")?;
        store(&branch, c"nr", c"2")?;
        let mut guard = branch.try_lock()?;
        let held = &mut guard.held();
        let leaves = &branch.leaves;

        // Even the one that is looked at may go: it lives until then.
        let ulong = leaves.with(held, 1, |leaf, held| {
            leaves.resize(&branch, held, 1, |_| ())?;
            leaf.ulong.set(8);
            Ok(leaf.ulong.get())
        });
        assert_eq!(ulong, Ok(8));
        assert_eq!(leaves.with(held, 1, |_, _| Ok(())), Err(ENOENT));

        let mut nr = 0;
        leaves.try_for_each(held, |leaf, _| {
            nr += 1;
            leaf.ulong.set(9);
            Ok(())
        })?;
        assert_eq!((nr, leaves.list(held)?[0].ulong.get()), (1, 9));
        assert_eq!(leaves.try_for_each(held, |_, _| Err(EIO)), Err(EIO));
        Ok(())
    }

    /// Sets the directories to `values`, as many as that are.
    fn pass(grown: &Dir<Grown>, values: &[usize]) -> Result {
        let mut guard = grown.try_lock()?;
        let held = &mut guard.held();

        grown.leaves.begin(held)?;
        for &value in values {
            grown.leaves.set_next(
                grown,
                held,
                |leaf| leaf.ulong.set(value),
                |leaf, _| {
                    assert_eq!(leaf.ulong.get(), value);
                    Ok(())
                },
            )?;
        }
        grown.leaves.end(held)
    }

    /// Returns the values of the directories, in order, without changing them.
    fn values(grown: &Dir<Grown>) -> Result<KVec<usize>> {
        let mut guard = grown.try_lock()?;
        let mut values = KVec::new();

        for leaf in grown.leaves.list(&guard.held())? {
            values.push(leaf.ulong.get(), GFP_KERNEL)?;
        }
        Ok(values)
    }

    #[test]
    fn code_makes_numbered_directories() -> Result {
        let grown = publish::<Grown>(c"rust_kunit")?;

        assert!(Grown::INFO.files.is_empty());
        // The names are the numbers: those that came back would clash otherwise.
        for expected in [
            &[][..],
            &[10, 11, 12],
            &[20, 21],
            &[30, 31, 32, 33],
            &[40],
            &[],
            &[50, 51],
        ] {
            pass(&grown, expected)?;
            assert_eq!(&*values(&grown)?, expected);
        }

        // One whose filling fails is set again, or goes.
        let mut guard = grown.try_lock()?;
        let held = &mut guard.held();
        grown.leaves.begin(held)?;
        for value in [60, 61, 62] {
            let filled = grown.leaves.set_next(
                &grown,
                held,
                |leaf| leaf.ulong.set(value),
                |_, _| if value == 61 { Ok(()) } else { Err(EIO) },
            );
            assert_eq!(filled.is_ok(), value == 61);
        }
        grown.leaves.end(held)?;
        drop(guard);
        assert_eq!(&*values(&grown)?, &[61]);
        Ok(())
    }

    #[test]
    fn too_many_directories_leave_none() -> Result {
        let branch = publish::<Branch>(c"rust_kunit")?;

        store(&branch, c"nr", c"2")?;
        let mut guard = branch.try_lock()?;
        let held = &mut guard.held();
        let leaves = &branch.leaves;
        assert_eq!(leaves.resize(&branch, held, i32::MAX, |_| ()), Err(ENOMEM));
        assert!(leaves.list(held)?.is_empty());
        drop(guard);
        shows(&branch, c"nr", b"0\n")?;
        Ok(())
    }
}
