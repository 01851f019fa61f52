// SPDX-License-Identifier: GPL-2.0

//! KUnit tests.

use super::{
    parse,
    sysfs_dir,
    tree_lock,
    Dir,
    Directory,
    Emitter,
    Input,
    Keyword,
    Kind,
    Kobject,
    Locked,
    Node,
    TreeGuard,
    TreeLock,
    Value, //
};
use crate::{
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

mod values;

tree_lock! {
    /// The lock of the trees in these tests.
    enum TestLock;
}

/// How many directories of type [`Leaf`] were not released yet.
static LEAVES: Atomic<i32> = Atomic::new(0);

/// Counts itself.
struct Counted(());

impl Counted {
    fn new() -> Self {
        LEAVES.add(1, Relaxed);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LEAVES.add(-1, Relaxed);
    }
}

/// Some words.
#[derive(Clone, Copy, Debug, Keyword, PartialEq)]
enum Colour {
    Red,
    #[keyword("off-white")]
    OffWhite,
}

/// A directory with a file of each kind.
#[sysfs_dir]
struct Leaf {
    /// An `unsigned long`.
    #[attr(rw, default = 5)]
    ulong: usize,

    /// A `bool`.
    #[attr(rw, alias("flag"))]
    boolean: bool,

    /// A keyword.
    #[attr(rw, default = Colour::OffWhite)]
    colour: Colour,

    /// Something that fails.
    #[attr(rw, show = Self::fail, store = Self::refuse)]
    broken: (),

    /// Not written to.
    #[attr(ro, default = -7)]
    int: i32,

    /// Not the directory's alone.
    #[attr(rw, cell, default = Arc::new(Value::new(3), GFP_KERNEL)?)]
    shared: Arc<Value<u32>>,

    #[state(init = Counted::new())]
    _counted: Counted,
}

impl Leaf {
    fn fail(&self, out: &mut Emitter<'_>) -> Result {
        out.bytes(b"half a value");
        Err(EAGAIN)
    }

    fn refuse(&self, _input: Input<'_>) -> Result {
        Err(ENOTTY)
    }
}

/// A directory whose numbered subdirectories have subdirectories.
#[sysfs_dir(lock = TestLock)]
struct Branch {
    /// Numbered ones.
    #[children(nr = "nr_leaves", alias("nr"), max = 4, check = Self::check)]
    leaves: [Leaf],

    /// One that is always there.
    #[dir(ulong = 6, colour = Colour::Red)]
    leaf: Leaf,

    /// Whether the numbered ones may be changed.
    #[attr(rw)]
    frozen: bool,
}

impl Branch {
    fn check(&self, _guard: &TreeGuard<TestLock>) -> Result {
        if self.frozen.get() {
            return Err(EPERM);
        }
        Ok(())
    }
}

/// A directory whose numbered subdirectories are made in other ways.
#[sysfs_dir(lock = TestLock)]
struct Nursery {
    /// Made by writing, and prepared.
    #[children(nr = "nr_leaves", init = Self::init_leaf)]
    leaves: [Leaf],

    /// What the others start with.
    #[attr(rw, default = 77)]
    start: usize,
}

impl Nursery {
    fn init_leaf(&self, leaf: &Leaf) {
        leaf.ulong.set(self.start.get());
    }
}

/// A directory whose numbered subdirectories are made by the code.
#[sysfs_dir]
struct Grown {
    /// Made by the code.
    #[children(lock = TestLock)]
    leaves: [Leaf],
}

/// A directory that cannot be made whole: the names of its subdirectories clash.
struct Clash {
    first: Dir<Leaf>,
    second: Dir<Leaf>,
}

impl Directory for Clash {
    const FILES: super::FileList<Self> = super::FileList::new(&[None]);

    const INFO: &'static super::Info = &super::Info {
        doc: "",
        files: &[],
        dirs: &[],
    };

    fn new() -> Result<Self> {
        Ok(Self {
            first: Dir::new()?,
            second: Dir::new()?,
        })
    }

    fn add_dirs(&self, parent: &Kobject) -> Result {
        self.first.add(parent, c"same")?;
        self.second.add(parent, c"same")
    }

    fn remove_dirs(&mut self) {
        self.first.remove();
        self.second.remove();
    }
}

/// Makes a directory below `/sys/kernel/mm`.
fn publish<T: Directory>(name: &CStr) -> Result<Dir<T>> {
    Dir::publish(super::mm_kobj().ok_or(ENODEV)?, name)
}

/// Checks what a file shows.
fn shows<T: Directory>(node: &Node<T>, file: &CStr, expected: &[u8]) -> Result {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Emitter::new(&mut page);

    node.show(file, &mut out)?;
    assert_eq!(out.as_bytes(), expected);
    Ok(())
}

#[macros::kunit_tests(rust_kobject)]
mod cases {
    use super::*;

    #[test]
    fn lock_is_held_once() -> Result {
        static DATA: Locked<u32, TestLock> = Locked::new(1);

        let mut guard = TestLock::try_lock()?;
        *DATA.get_mut(&mut guard) = 2;
        assert_eq!(*DATA.get(&guard), 2);
        assert!(TestLock::try_lock().is_err_and(|e| e == EBUSY));
        drop(guard);
        drop(TestLock::try_lock()?);
        Ok(())
    }

    #[test]
    fn files_show_and_store() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        shows(&leaf, c"ulong", b"5\n")?;
        assert_eq!(leaf.store(c"ulong", c"0x20\n"), Ok(5));
        shows(&leaf, c"ulong", b"32\n")?;
        assert_eq!(leaf.store(c"ulong", c"-1"), Err(EINVAL));
        shows(&leaf, c"ulong", b"32\n")?;

        shows(&leaf, c"flag", b"N\n")?;
        leaf.store(c"flag", c"y")?;
        shows(&leaf, c"boolean", b"Y\n")?;

        shows(&leaf, c"colour", b"off-white\n")?;
        leaf.store(c"colour", c"red")?;
        shows(&leaf, c"colour", b"red\n")?;
        assert_eq!(leaf.colour.get(), Colour::Red);

        let shared = leaf.shared.clone();
        shows(&leaf, c"shared", b"3\n")?;
        leaf.store(c"shared", c"4")?;
        assert_eq!(shared.get(), 4);
        assert_eq!(leaf.store(c"shared", c"-1"), Err(EINVAL));
        shared.set(5);
        shows(&leaf, c"shared", b"5\n")?;

        shows(&leaf, c"int", b"-7\n")?;
        assert_eq!(leaf.store(c"int", c"3"), Err(EIO));

        assert_eq!(shows(&leaf, c"broken", b""), Err(EAGAIN));
        assert_eq!(leaf.store(c"broken", c"3"), Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn description_names_every_file() {
        let info = Leaf::INFO;
        let expected = [
            (c"ulong", 0o600, Kind::Ulong),
            (c"boolean", 0o600, Kind::Bool),
            (c"flag", 0o600, Kind::Bool),
            (c"colour", 0o600, Kind::Keyword(Colour::WORDS)),
            (c"broken", 0o600, Kind::Custom),
            (c"int", 0o400, Kind::Int),
            (c"shared", 0o600, Kind::Uint),
        ];

        assert_eq!(info.doc, "A directory with a file of each kind.");
        assert_eq!(info.files.len(), expected.len());
        for (file, (name, mode, kind)) in info.files.iter().zip(expected) {
            assert_eq!(file.name, name);
            assert_eq!(file.mode, mode);
            assert_eq!(file.kind, kind);
            assert_eq!(file.alias_of, (name == c"flag").then_some(c"boolean"));
        }
        assert_eq!(Branch::INFO.files.len(), 3);
        assert_eq!(Branch::INFO.dirs.len(), 2);
        assert_eq!(Branch::INFO.dirs[0].name, None);
        assert_eq!(Branch::INFO.dirs[1].name, Some(c"leaf"));
        assert_eq!(Branch::INFO.dirs[1].overrides.len(), 2);
    }

    #[test]
    fn names_are_taken_once() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        assert_eq!(publish::<Leaf>(c"rust_kunit").err(), Some(EEXIST));
        assert_eq!(leaf.add(leaf.kobject(), c"again"), Err(EEXIST));

        // The name is free as soon as the owner is gone.
        drop(leaf);
        drop(publish::<Leaf>(c"rust_kunit")?);
        Ok(())
    }

    #[test]
    fn parents_have_to_be_there() -> Result {
        let mut parent = publish::<Leaf>(c"rust_kunit")?;

        parent.remove();
        parent.remove();
        assert_eq!(
            Dir::<Leaf>::publish(parent.kobject(), c"child").err(),
            Some(ENOENT)
        );
        Ok(())
    }

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
            let expected = expected.map(|()| input.count_bytes());

            assert_eq!(branch.store(c"nr_leaves", input), expected);
            assert_eq!(branch.leaves.list(&TestLock::try_lock()?).len(), nr);
        }
        shows(&branch, c"nr", b"1\n")?;

        // Writing the same number makes new ones.
        let guard = TestLock::try_lock()?;
        branch.leaves.list(&guard)[0].ulong.set(9);
        assert_eq!(branch.store(c"nr", c"1"), Err(EBUSY));
        assert_eq!(branch.leaves.list(&guard)[0].ulong.get(), 9);
        drop(guard);
        branch.store(c"nr", c"1")?;
        assert_eq!(branch.leaves.list(&TestLock::try_lock()?)[0].ulong.get(), 5);

        branch.frozen.set(true);
        assert_eq!(branch.store(c"nr", c"2"), Err(EPERM));
        shows(&branch, c"nr_leaves", b"1\n")?;
        Ok(())
    }

    #[test]
    fn numbered_directories_are_prepared() -> Result {
        let nursery = publish::<Nursery>(c"rust_kunit")?;

        nursery.store(c"nr_leaves", c"2")?;
        for leaf in nursery.leaves.list(&TestLock::try_lock()?) {
            shows(leaf, c"ulong", b"77\n")?;
        }
        Ok(())
    }

    /// Returns the number that is the name of a directory.
    fn name_of(dir: &Dir<Leaf>) -> Result<usize> {
        // SAFETY: A kobject that was shown has a name, which stays as it is.
        let name = unsafe { CStr::from_char_ptr((*dir.kobject().as_ptr()).name) };

        parse::ulong(name.into())
    }

    #[test]
    fn code_makes_numbered_directories() -> Result {
        let grown = publish::<Grown>(c"rust_kunit")?;
        let mut guard = TestLock::try_lock()?;

        assert!(Grown::INFO.files.is_empty());
        // Sets the directories to `values`, as many as that are.
        let pass = |guard: &mut TreeGuard<TestLock>, values: &[usize]| -> Result {
            grown.leaves.begin(guard);
            for (nr, &value) in values.iter().enumerate() {
                let leaf = grown.leaves.current(grown.kobject(), guard, |leaf| {
                    leaf.ulong.set(value);
                })?;
                assert_eq!(leaf.ulong.get(), value);
                assert_eq!(name_of(leaf)?, nr);
                grown.leaves.advance(guard)?;
            }
            grown.leaves.end(guard);
            Ok(())
        };
        // Returns the values of the directories, in order. One that is made has the default, 5.
        let values = |guard: &mut TreeGuard<TestLock>| -> Result<[Option<usize>; 4]> {
            let mut values = [None; 4];

            grown.leaves.begin(guard);
            for value in &mut values {
                let mut is_new = true;
                let leaf = grown.leaves.current(grown.kobject(), guard, |leaf| {
                    is_new = leaf.ulong.get() == 5;
                })?;

                if is_new {
                    break;
                }
                *value = Some(leaf.ulong.get());
                grown.leaves.advance(guard)?;
            }
            grown.leaves.end(guard);
            Ok(values)
        };

        assert_eq!(values(&mut guard)?, [None; 4]);
        pass(&mut guard, &[10, 11, 12])?;
        assert_eq!(values(&mut guard)?, [Some(10), Some(11), Some(12), None]);

        // Those that are there get other values. The number of one that went is free again.
        pass(&mut guard, &[20, 21])?;
        assert_eq!(values(&mut guard)?, [Some(20), Some(21), None, None]);
        pass(&mut guard, &[30, 31, 32, 33])?;
        assert_eq!(
            values(&mut guard)?,
            [Some(30), Some(31), Some(32), Some(33)]
        );

        // One that was set, but not gone on from, is set again, or goes.
        grown.leaves.begin(&mut guard);
        for value in [40, 41] {
            let set = |leaf: &Leaf| leaf.ulong.set(value);
            grown.leaves.current(grown.kobject(), &mut guard, set)?;
        }
        grown.leaves.advance(&mut guard)?;
        grown
            .leaves
            .current(grown.kobject(), &mut guard, |leaf| leaf.ulong.set(42))?;
        grown.leaves.end(&mut guard);
        assert_eq!(values(&mut guard)?, [Some(41), None, None, None]);

        pass(&mut guard, &[])?;
        assert_eq!(grown.leaves.advance(&mut guard), Err(EINVAL));
        assert_eq!(values(&mut guard)?, [None; 4]);
        Ok(())
    }

    #[test]
    fn too_many_directories_leave_none() -> Result {
        let branch = publish::<Branch>(c"rust_kunit")?;

        branch.store(c"nr", c"2")?;
        let mut guard = TestLock::try_lock()?;
        assert_eq!(
            branch.leaves.resize(branch.kobject(), &mut guard, i32::MAX),
            Err(ENOMEM)
        );
        assert!(branch.leaves.list(&guard).is_empty());
        drop(guard);
        shows(&branch, c"nr", b"0\n")?;
        Ok(())
    }

    // With delayed release there is nothing to see yet: then this is reported as skipped.
    #[cfg(not(CONFIG_DEBUG_KOBJECT_RELEASE))]
    #[test]
    fn every_node_is_released_once() -> Result {
        let before = LEAVES.load(Relaxed);
        let branch = publish::<Branch>(c"rust_kunit")?;
        branch.store(c"nr", c"3")?;
        assert_eq!(LEAVES.load(Relaxed), before + 4);
        branch.store(c"nr", c"2")?;
        assert_eq!(LEAVES.load(Relaxed), before + 3);
        drop(branch);
        assert_eq!(LEAVES.load(Relaxed), before);

        // Nor is one lost when making it fails half way.
        assert_eq!(publish::<Clash>(c"rust_kunit").err(), Some(EEXIST));
        assert_eq!(LEAVES.load(Relaxed), before);
        drop(publish::<Leaf>(c"rust_kunit")?);

        // One that was never shown is released, too.
        drop(Dir::<Branch>::new()?);
        assert_eq!(LEAVES.load(Relaxed), before);
        Ok(())
    }
}
