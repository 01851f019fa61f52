// SPDX-License-Identifier: GPL-2.0

//! KUnit tests.

use super::{
    sysfs_dir,
    Children,
    Dir,
    Directory,
    Held,
    Keyword,
    Kind,
    Locked,
    NoValue,
    Output,
    Owner,
    Root,
    Sequence,
    Setup,
    Subdir,
    Value, //
};
use crate::{
    device::Bound,
    faux,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};

mod removal;
mod values;

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
    ulong: Value<usize>,

    /// A `bool`.
    #[attr(rw, alias("flag"))]
    boolean: Value<bool>,

    /// A keyword.
    #[attr(mode = 0o640, default = Colour::OffWhite)]
    colour: Value<Colour>,

    /// Something that fails.
    #[file(rw, show = Self::fail, store = Self::refuse)]
    broken: NoValue,

    /// Not written to.
    #[attr(mode = 0o444, default = -7)]
    int: Value<i32>,

    /// Not read.
    #[attr(wo)]
    trigger: Value<bool>,

    /// Not the directory's alone.
    #[attr(rw, init = Arc::new(Value::new(3), GFP_KERNEL)?)]
    shared: Arc<Value<u32>>,

    /// Not there.
    #[cfg(not(CONFIG_SYSFS))]
    #[attr(rw)]
    other: Value<u32>,

    #[state(init = Counted::new())]
    _counted: Counted,
}

impl Leaf {
    fn fail(&self, out: &mut Output<'_>) -> Result {
        out.bytes(b"half a value");
        Err(EAGAIN)
    }

    fn refuse(self: &Dir<Self>, _input: &CStr) -> Result {
        Err(ENOTTY)
    }
}

/// A directory whose numbered subdirectories have subdirectories.
#[sysfs_dir]
struct Branch {
    /// Numbered ones.
    #[children(nr = "nr_leaves", alias("nr"), max = 4, check = Self::check)]
    leaves: Children<Leaf>,

    /// One that is always there.
    #[dir(ulong = 6, colour = Colour::Red)]
    leaf: Subdir<Leaf>,

    /// Whether the numbered ones may be changed.
    #[attr(rw)]
    frozen: Value<bool>,
}

impl Branch {
    fn check(&self, _held: &Held<'_>) -> Result {
        if self.frozen.get() {
            return Err(EPERM);
        }
        Ok(())
    }
}

/// A directory whose numbered subdirectories are made in other ways.
#[sysfs_dir]
struct Nursery {
    /// Made by writing, and prepared.
    #[children(nr = "nr_leaves", init = Self::init_leaf)]
    leaves: Children<Leaf>,

    /// What the others start with.
    #[attr(rw, default = 77)]
    start: Value<usize>,
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
    #[children]
    leaves: Sequence<Leaf>,
}

/// A directory that is made of arguments, in part in place.
#[sysfs_dir(args = (u32, bool))]
struct Made {
    /// The first argument.
    #[attr(ro, init = |setup| Value::new(setup.args().0))]
    number: Value<u32>,

    /// Is there if the second argument says so.
    #[attr(rw, visible = Self::has_extra)]
    extra: Value<u32>,

    #[state(init = |setup| setup.args().1)]
    has_extra: bool,

    #[state(pin_init = |setup| new_mutex!(setup.args().0))]
    mutex: Mutex<u32>,

    #[state(init = |setup| Locked::new(setup, 1))]
    locked: Locked<u32>,
}

impl Made {
    fn has_extra(&self) -> bool {
        self.has_extra
    }
}

/// A directory that is not there.
#[sysfs_dir]
#[cfg(not(CONFIG_SYSFS))]
struct Absent {
    /// A value.
    #[attr(rw)]
    value: Value<u32>,

    /// In place.
    #[state(pin_init = new_mutex!(0))]
    mutex: Mutex<u32>,
}

/// What is called as the generated code calls its own, which it cannot name.
mod own {
    use super::*;

    pub(super) fn out(dir: &Dir<Own>, out: &mut Output<'_>) -> Result {
        out.bytes(if dir.setup.get() == 3 {
            b"yes\n"
        } else {
            b"no\n"
        });
        Ok(())
    }

    pub(super) fn input(_dir: &Dir<Own>, _input: &CStr) -> Result {
        Err(ENOTTY)
    }

    pub(super) fn setup() -> u32 {
        3
    }

    /// A directory that uses them.
    #[sysfs_dir]
    pub(super) struct Own {
        /// Uses the functions.
        #[file(rw, show = out, store = input)]
        pub(super) file: NoValue,

        /// Uses the function.
        #[attr(rw, default = setup())]
        pub(super) setup: Value<u32>,
    }
}

/// A directory that cannot be made whole: the names of its subdirectories clash.
#[pin_data]
struct Clash {
    first: Subdir<Leaf>,
    second: Subdir<Leaf>,
}

impl Directory for Clash {
    type Args = ();

    const FILES: super::FileList<Self> = super::FileList::new(&[None]);

    const INFO: &'static super::Info = &super::Info {
        doc: "",
        files: &[],
        dirs: &[],
    };

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

/// Makes a tree below `/sys/kernel/mm`.
fn publish<T: Directory<Args = ()>>(name: &CStr) -> Result<Root<T>> {
    Root::publish(super::mm_kobj().ok_or(ENODEV)?, name)
}

/// Shows a file as a read of it does.
fn show<T: Directory>(dir: &Dir<T>, file: &CStr, out: &mut Output<'_>) -> Result {
    T::FILES.find(file).ok_or(ENOENT)?.show(dir, out)
}

/// Stores a string as a write of it does.
fn store<T: Directory>(dir: &Dir<T>, file: &CStr, input: &CStr) -> Result {
    T::FILES.find(file).ok_or(ENOENT)?.store(dir, input)
}

/// Checks what a file shows.
fn shows<T: Directory>(dir: &Dir<T>, file: &CStr, expected: &[u8]) -> Result {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Output::new(&mut page);

    show(dir, file, &mut out)?;
    assert_eq!(out.as_bytes(), expected);
    Ok(())
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
        let spare = Subdir::<Leaf>::new(&Setup::new(one.tree_arc(), ()), ())?;
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
    fn files_show_and_store() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        shows(&leaf, c"ulong", b"5\n")?;
        store(&leaf, c"ulong", c"0x20\n")?;
        shows(&leaf, c"ulong", b"32\n")?;
        assert_eq!(store(&leaf, c"ulong", c"-1"), Err(EINVAL));
        shows(&leaf, c"ulong", b"32\n")?;

        shows(&leaf, c"flag", b"N\n")?;
        store(&leaf, c"flag", c"y")?;
        shows(&leaf, c"boolean", b"Y\n")?;

        shows(&leaf, c"colour", b"off-white\n")?;
        store(&leaf, c"colour", c"red")?;
        shows(&leaf, c"colour", b"red\n")?;
        assert_eq!(leaf.colour.get(), Colour::Red);

        let shared = leaf.shared.clone();
        shows(&leaf, c"shared", b"3\n")?;
        store(&leaf, c"shared", c"4")?;
        assert_eq!(shared.get(), 4);
        assert_eq!(store(&leaf, c"shared", c"-1"), Err(EINVAL));
        shared.set(5);
        shows(&leaf, c"shared", b"5\n")?;

        shows(&leaf, c"int", b"-7\n")?;
        assert_eq!(store(&leaf, c"int", c"3"), Err(EIO));

        store(&leaf, c"trigger", c"1")?;
        assert!(leaf.trigger.get());
        assert_eq!(shows(&leaf, c"trigger", b""), Err(EIO));

        assert_eq!(shows(&leaf, c"broken", b""), Err(EAGAIN));
        assert_eq!(store(&leaf, c"broken", c"3"), Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn description_names_every_file() {
        let info = Leaf::INFO;
        let expected = [
            (c"ulong", 0o600, Kind::Ulong),
            (c"boolean", 0o600, Kind::Bool),
            (c"flag", 0o600, Kind::Bool),
            (c"colour", 0o640, Kind::Keyword(Colour::WORDS)),
            (c"broken", 0o600, Kind::Custom),
            (c"int", 0o444, Kind::Int),
            (c"trigger", 0o200, Kind::Bool),
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
    fn names_of_the_expansion_are_its_own() -> Result {
        let own = Root::<own::Own>::new(())?;

        shows(&own, c"file", b"yes\n")?;
        shows(&own, c"setup", b"3\n")?;
        assert_eq!(store(&own, c"file", c"1"), Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn names_are_taken_once() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        assert_eq!(publish::<Leaf>(c"rust_kunit").err(), Some(EEXIST));
        assert_eq!(
            leaf.add(super::super::mm_kobj().ok_or(ENODEV)?, c"again"),
            Err(EEXIST)
        );

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

        let spare = Subdir::<Grown>::new(&Setup::new(branch.tree_arc(), ()), ())?;
        assert_eq!(spare.add(&*branch.leaf, held, c"spare"), Err(ENOENT));
        spare.add(&*branch, held, c"spare")?;
        spare.remove(held)
    }

    #[test]
    fn directories_are_made_of_arguments() -> Result {
        let owner = Owner { uid: 7, gid: 8 };
        let made = Root::<Made>::new_owned((42, true), owner)?;

        made.add(super::super::mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;
        shows(&made, c"number", b"42\n")?;
        assert_eq!(*made.mutex.lock(), 42);
        assert_eq!(made.tree().owner, owner);
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

    // With delayed release there is nothing to see yet: then this is reported as skipped.
    #[cfg(not(CONFIG_DEBUG_KOBJECT_RELEASE))]
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

    // With delayed release there is nothing to see yet: then this is reported as skipped.
    #[cfg(not(CONFIG_DEBUG_KOBJECT_RELEASE))]
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
