// SPDX-License-Identifier: GPL-2.0

//! Rust kobject sample: a tree of directories and files in sysfs.
//!
//! ```text
//! /sys/kernel/rust_kobject/
//!   length width height       numbers
//!   events                a number; poll() tells about writes of other processes
//!   trigger               a write adds one to `events`
//!   nr_objects            writing N makes the directories 0 to N-1
//!   <N>/length width height   numbers of each of them
//! ```

use kernel::{
    kobject::{
        kernel_kobj,
        sysfs_dir,
        Children,
        Dir,
        NoValue,
        Root,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

module! {
    type: RustKobject,
    name: "rust_kobject",
    authors: ["Rust for Linux Contributors"],
    description: "Rust kobject sample",
    license: "GPL",
}

/// One of the numbered directories.
#[sysfs_dir]
struct Object {
    /// Any number.
    #[attr(mode = 0o644)]
    length: Value<i32>,

    /// Any number.
    #[attr(mode = 0o644)]
    width: Value<i32>,

    /// Any number.
    #[attr(mode = 0o644)]
    height: Value<i32>,
}

/// The directory at the top.
#[sysfs_dir]
struct Example {
    /// Any number.
    #[attr(mode = 0o644)]
    length: Value<i32>,

    /// Any number.
    #[attr(mode = 0o644, default = 2)]
    width: Value<i32>,

    /// Any number.
    #[attr(mode = 0o644)]
    height: Value<i32>,

    /// How often something has happened.
    #[attr(mode = 0o644, notify)]
    events: Value<u32>,

    /// A write makes something happen.
    #[file(wo, store = Self::trigger)]
    trigger: NoValue,

    /// Writing N makes the directories 0 to N-1.
    #[children(nr = "nr_objects", mode = 0o644, max = 1000, init = Self::init_object)]
    objects: Children<Object>,

    /// One that is always there.
    #[dir(length = 42)]
    fixed: Subdir<Object>,
}

impl Example {
    /// Each object starts with what the files of the example say.
    fn init_object(&self, object: &Object) {
        object.length.set(self.length.get());
        object.width.set(self.width.get());
        object.height.set(self.height.get());
    }

    /// Fails with `EBUSY` while the directories change.
    fn trigger(self: &Dir<Self>, _input: &CStr) -> Result {
        let mut guard = self.try_lock()?;

        self.events.set(self.events.get().wrapping_add(1));
        self.notify(&guard.held(), c"events")
    }
}

struct RustKobject {
    _root: Root<Example>,
}

impl kernel::Module for RustKobject {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let parent = kernel_kobj().ok_or(ENODEV)?;

        Ok(Self {
            _root: Root::publish(parent, c"rust_kobject")?,
        })
    }
}
