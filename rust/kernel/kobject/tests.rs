// SPDX-License-Identifier: GPL-2.0

//! KUnit tests.

use super::{
    mm_kobj,
    sysfs_dir,
    Children,
    Dir,
    DirData,
    File,
    Held,
    Keyword,
    Locked,
    NoValue,
    Output,
    Root,
    Sequence,
    Subdir,
    Value, //
};
use crate::{
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    }, //
};

mod detached;
mod files;
mod group;
mod node;
mod numbered;
mod policy;
mod removal;
mod trees;
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

    /// The first argument, in binary; it can be written as a whole.
    #[bin(mode = 0o640, size = 4, read = Self::read_raw, write = Self::write_raw)]
    raw: NoValue,

    #[state(init = |setup| setup.args().1)]
    has_extra: bool,

    #[state(pin_init = |setup| new_mutex!(setup.args().0))]
    mutex: Mutex<u32>,

    #[state(init = |setup| Locked::new(setup, 1))]
    locked: Locked<u32>,
}

impl Made {
    fn read_raw(&self, pos: u64, buf: &mut [u8]) -> Result<usize> {
        let bytes = self.number.get().to_ne_bytes();
        let rest = bytes.get(usize::try_from(pos)?..).ok_or(EINVAL)?;

        for (to, from) in buf.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(rest.len())
    }

    fn write_raw(&self, pos: u64, buf: &[u8]) -> Result {
        if pos != 0 {
            return Err(EFBIG);
        }
        self.number
            .set(u32::from_ne_bytes(buf.try_into().map_err(|_| EINVAL)?));
        Ok(())
    }

    fn has_extra(&self) -> bool {
        self.has_extra
    }
}

/// A directory with fields of each kind that are there, and others that are not.
#[sysfs_dir]
#[cfg(CONFIG_SYSFS)]
struct Conditional {
    #[cfg(CONFIG_SYSFS)]
    #[attr(
        rw,
        alias("second", cfg(CONFIG_SYSFS)),
        alias("third", cfg(not(CONFIG_SYSFS)))
    )]
    value: Value<u32>,

    #[cfg(not(CONFIG_SYSFS))]
    #[attr(rw)]
    no_value: Value<Absent>,

    #[cfg(CONFIG_SYSFS)]
    #[file(ro, show = Self::show_file)]
    file: NoValue,

    #[cfg(not(CONFIG_SYSFS))]
    #[file(ro, show = Self::show_absent)]
    no_file: NoValue,

    #[cfg(CONFIG_SYSFS)]
    #[bin(ro, read = Self::read_bin)]
    bin: NoValue,

    #[cfg(not(CONFIG_SYSFS))]
    #[bin(ro, read = Self::read_absent)]
    no_bin: NoValue,

    #[cfg(CONFIG_SYSFS)]
    #[dir]
    dir: Subdir<Grown>,

    #[cfg(not(CONFIG_SYSFS))]
    #[dir]
    no_dir: Subdir<Absent>,

    #[cfg(CONFIG_SYSFS)]
    #[children(nr = "nr")]
    children: Children<Grown>,

    #[cfg(not(CONFIG_SYSFS))]
    #[children(nr = "no_nr")]
    no_children: Children<Absent>,

    #[cfg(CONFIG_SYSFS)]
    #[children]
    _sequence: Sequence<Grown>,

    #[cfg(not(CONFIG_SYSFS))]
    #[children]
    _no_sequence: Sequence<Absent>,

    #[cfg(CONFIG_SYSFS)]
    #[state(pin_init = new_mutex!(3))]
    mutex: Mutex<u32>,

    #[cfg(not(CONFIG_SYSFS))]
    #[state]
    _no_state: Absent,
}

impl Conditional {
    fn show_file(&self, out: &mut Output<'_>) -> Result {
        out.bytes(b"file\n");
        Ok(())
    }

    fn read_bin(&self, _pos: u64, _buf: &mut [u8]) -> Result<usize> {
        Ok(0)
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

/// Makes a tree below `/sys/kernel/mm`.
fn publish<T: DirData<Args = ()>>(name: &CStr) -> Result<Root<T>> {
    Root::publish(mm_kobj().ok_or(ENODEV)?, name)
}

/// Finds a file by its name.
fn find<T: DirData>(name: &CStr) -> Result<&'static File<Dir<T>>> {
    let mut files = T::FILES.iter().copied().flatten();

    files
        .find(|file| {
            // SAFETY: The name of a file was made of a static `CStr`.
            let this = unsafe { CStr::from_char_ptr(file.attr.attr.name) };

            this == name
        })
        .ok_or(ENOENT)
}

/// Shows a file as a read of it does.
fn show<T: DirData>(dir: &Dir<T>, file: &CStr, out: &mut Output<'_>) -> Result {
    find::<T>(file)?.show(dir, out)
}

/// Stores a string as a write of it does.
fn store<T: DirData>(dir: &Dir<T>, file: &CStr, input: &CStr) -> Result {
    find::<T>(file)?.store(dir, input)
}

/// Checks what a file shows.
fn shows<T: DirData>(dir: &Dir<T>, file: &CStr, expected: &[u8]) -> Result {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Output::new(&mut page);

    show(dir, file, &mut out)?;
    assert_eq!(out.as_bytes(), expected);
    Ok(())
}
