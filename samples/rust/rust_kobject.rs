// SPDX-License-Identifier: GPL-2.0

//! Rust kobject sample: files and directories in sysfs.
//!
//! ```text
//! /sys/kernel/rust_kobject/       a tree, as samples/kobject/kobject-example.c makes one
//!   length width height           numbers
//!   events                        a number; poll() tells about writes of other processes
//!   trigger                       a write adds one to `events`
//!   first/length width height     an object that is always there
//!   nr_objects                    writing N makes the objects 0 to N-1
//!   <N>/length width height       numbers of each of them, as in kset-example.c
//!   <N>/retire                    a write removes the directory of the object
//! /sys/kernel/rust_kobject_group/ a group of files of /sys/kernel
//!   volume                        a number up to 100
//!   raw                           the same, as four bytes
//! ```

use kernel::{
    kobject::{
        kernel_kobj,
        parse,
        sysfs_dir,
        sysfs_group,
        Children,
        Detached,
        Dir,
        Group,
        NoValue,
        Root,
        Subdir,
        Value, //
    },
    prelude::*, //
};

module! {
    type: RustKobject,
    name: "rust_kobject",
    authors: ["Rust for Linux Contributors"],
    description: "Rust kobject sample",
    license: "GPL",
}

/// An object with a directory of its own.
#[sysfs_dir]
struct Object {
    /// Any number.
    #[attr(mode = 0o664)]
    length: Value<i32>,

    /// Any number.
    #[attr(mode = 0o664)]
    width: Value<i32>,

    /// Any number.
    #[attr(mode = 0o664)]
    height: Value<i32>,

    /// A write removes the directory. The object stays until `nr_objects` is written to.
    #[file(wo, store = Self::retire, detached)]
    retire: NoValue,
}

impl Object {
    /// Fails with `EBUSY` while directories change.
    fn retire(self: &Detached<'_, Dir<Self>>, _input: &CStr) -> Result {
        self.remove(&mut self.try_lock()?.held())
    }
}

/// The directory at the top.
#[sysfs_dir]
struct Example {
    /// Any number.
    #[attr(mode = 0o664)]
    length: Value<i32>,

    /// Any number.
    #[attr(mode = 0o664, default = 2)]
    width: Value<i32>,

    /// Any number.
    #[attr(mode = 0o664)]
    height: Value<i32>,

    /// How often something has happened.
    #[attr(mode = 0o644, notify)]
    events: Value<u32>,

    /// A write makes something happen.
    #[file(wo, store = Self::trigger)]
    trigger: NoValue,

    /// An object that is always there, until it retires.
    #[dir(length = 42)]
    first: Subdir<Object>,

    /// Writing N makes the objects 0 to N-1.
    #[children(nr = "nr_objects", mode = 0o644, max = 1000, init = Self::init_object)]
    objects: Children<Object>,
}

impl Example {
    /// Each object starts with what the files of the example say.
    fn init_object(&self, object: &Object) {
        object.length.set(self.length.get());
        object.width.set(self.width.get());
        object.height.set(self.height.get());
    }

    /// Fails with `EBUSY` while directories change.
    fn trigger(self: &Dir<Self>, _input: &CStr) -> Result {
        let mut guard = self.try_lock()?;

        self.events.set(self.events.get().wrapping_add(1));
        self.notify(&guard.held(), c"events")
    }
}

/// Files of `/sys/kernel` itself. Without a name, they would be among those that are there.
#[sysfs_group(name = "rust_kobject_group", args = u32)]
struct Speaker {
    /// How loud it is, in percent.
    #[attr(mode = 0o644, parse = Self::parse_volume, init = |args| Value::new(*args))]
    volume: Value<u32>,

    /// How loud it is, as four bytes.
    #[bin(mode = 0o444, size = 4, read = Self::read_raw)]
    raw: NoValue,
}

impl Speaker {
    fn parse_volume(input: &CStr) -> Result<u32> {
        match parse::uint(input)? {
            volume @ 0..=100 => Ok(volume),
            _ => Err(ERANGE),
        }
    }

    fn read_raw(&self, pos: u64, buf: &mut [u8]) -> Result<usize> {
        let bytes = self.volume.get().to_ne_bytes();
        let rest = bytes.get(usize::try_from(pos)?..).unwrap_or_default();

        for (to, from) in buf.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(rest.len())
    }
}

/// Its files go when this is dropped, which is before the module goes.
struct RustKobject {
    _tree: Root<Example>,
    _speaker: Group<Speaker>,
}

impl kernel::Module for RustKobject {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let parent = kernel_kobj().ok_or(ENODEV)?;

        Ok(Self {
            _tree: Root::publish(parent, c"rust_kobject")?,
            _speaker: Group::new(parent, 50)?,
        })
    }
}
