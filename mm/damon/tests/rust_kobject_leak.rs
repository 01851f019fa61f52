// SPDX-License-Identifier: GPL-2.0

//! A module that leaks its tree, for the test of what becomes of that.
//!
//! ```text
//! /sys/kernel/rust_kobject_leak/
//!   verdict           loading waits until it is written to, succeeds with 1, and fails otherwise
//!   retire            a write removes the tree
//!   <N>/value         a number
//!   <N>/inner/value   a number, in a tree with a lock of its own
//! ```

use kernel::{
    kobject::{
        kernel_kobj,
        sysfs_dir,
        Detached,
        Dir,
        NoValue,
        Root,
        Sequence,
        Subtree,
        Value, //
    },
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

module! {
    type: Leak,
    name: "rust_kobject_leak",
    authors: ["Rust for Linux Contributors"],
    description: "A module that leaks a tree of kobjects",
    license: "GPL",
}

/// For how many milliseconds loading waits.
const PATIENCE: usize = 30_000;

/// A directory in a tree of its own.
#[sysfs_dir]
struct Inner {
    /// Any number.
    #[attr(rw)]
    value: Value<u32>,
}

/// A directory in which a tree lies.
#[sysfs_dir]
struct Number {
    /// Any number.
    #[attr(rw)]
    value: Value<u32>,

    /// A tree.
    #[tree]
    inner: Subtree<Inner>,
}

/// The directory at the top.
#[sysfs_dir]
struct Top {
    /// How loading ends.
    #[attr(rw)]
    verdict: Value<u32>,

    /// A write removes the tree.
    #[file(wo, store = Self::retire, detached)]
    retire: NoValue,

    /// Some directories.
    #[children]
    numbers: Sequence<Number>,
}

impl Top {
    fn retire(self: &Detached<'_, Dir<Self>>, _input: &CStr) -> Result {
        self.remove(&mut self.try_lock()?.held())
    }

    /// Makes the directories, with a tree in each.
    fn fill(self: &Dir<Self>) -> Result {
        let mut guard = self.try_lock()?;
        let held = &mut guard.held();

        for _ in 0..2 {
            self.numbers.set_next(
                self,
                held,
                |_| (),
                |number, held| {
                    let inner = Root::<Inner>::new(())?;
                    number.inner.replace(number, held, c"inner", inner)
                },
            )?;
        }
        Ok(())
    }

    /// Waits for the verdict.
    fn wait(&self) -> Result {
        for _ in 0..PATIENCE {
            match self.verdict.get() {
                0 => fsleep(Delta::from_millis(1)),
                1 => return Ok(()),
                _ => return Err(EIO),
            }
        }
        Err(ETIMEDOUT)
    }
}

/// What the module has left.
struct Leak;

impl kernel::Module for Leak {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let root = Root::<Top>::publish(kernel_kobj().ok_or(ENODEV)?, c"rust_kobject_leak")?;
        let result = root.fill().and_then(|()| root.wait());

        core::mem::forget(root);
        result.map(|()| Self)
    }
}
