// SPDX-License-Identifier: GPL-2.0

//! Rust DAMON sample: how much of its memory a process works with.
//!
//! ```text
//! /sys/kernel/rust_damon_wsse/
//!   target_pid    the process; it is looked up when `enabled` is written
//!   enabled       a write of Y begins to monitor it, one of N ends that
//!   wss           the bytes that it has accessed in the last aggregation interval, 100 ms
//! ```

use kernel::{
    damon::{
        AccessPattern,
        Action,
        Context,
        Exclusivity,
        Kdamond,
        OpsId,
        Scheme, //
    },
    fmt::Write,
    kobject::{
        kernel_kobj,
        parse,
        sysfs_dir,
        Dir,
        NoValue,
        Output,
        Root,
        Value, //
    },
    new_mutex,
    prelude::*,
    str::CStr,
    sync::Mutex, //
};

module! {
    type: RustDamonWsse,
    name: "rust_damon_wsse",
    authors: ["Rust for Linux Contributors"],
    description: "Rust DAMON sample: working set size estimation",
    license: "GPL",
}

/// The files, and the kdamond that they are about.
#[sysfs_dir]
struct Wsse {
    /// The number of the process in the PID namespace of who writes `enabled`.
    #[attr(mode = 0o600)]
    target_pid: Value<i32>,

    /// Whether the process is monitored.
    #[file(mode = 0o600, show = Self::show_enabled, store = Self::store_enabled)]
    enabled: NoValue,

    /// The working set size in bytes. Reads wait for the next aggregation.
    #[file(mode = 0o400, show = Self::show_wss)]
    wss: NoValue,

    /// Dropping the handle stops the kdamond.
    #[state(pin_init = |_| new_mutex!(None))]
    kdamond: Mutex<Option<Kdamond>>,
}

impl Wsse {
    /// Begins to monitor the process that has the number `pid` now.
    fn start(pid: i32) -> Result<Kdamond> {
        let mut ctx = Context::new()?;

        ctx.select_ops(OpsId::Vaddr)?;
        ctx.add_target_with(pid, false, &[])?;
        ctx.add_scheme(&Scheme {
            pattern: AccessPattern {
                min_nr_accesses: 1,
                ..AccessPattern::ANY
            },
            ..Scheme::new(Action::Stat)
        })?;
        ctx.start(Exclusivity::Shared)
    }

    /// Shows `N` also if the kdamond has ended with its process.
    fn show_enabled(self: &Dir<Self>, out: &mut Output<'_>) -> Result {
        let kdamond = self.kdamond.lock();
        let enabled = kdamond.as_ref().is_some_and(Kdamond::is_running);

        writeln!(out, "{}", if enabled { 'Y' } else { 'N' })?;
        Ok(())
    }

    fn store_enabled(self: &Dir<Self>, input: &CStr) -> Result {
        let enable = parse::boolean(input)?;
        let mut kdamond = self.kdamond.lock();

        *kdamond = None;
        if enable {
            *kdamond = Some(Self::start(self.target_pid.get())?);
        }
        Ok(())
    }

    /// Fails with `ENODEV` if nothing is monitored, and with `ECANCELED` if the process has ended.
    fn show_wss(self: &Dir<Self>, out: &mut Output<'_>) -> Result {
        let kdamond = self.kdamond.lock();
        let mut bytes = 0usize;

        kdamond.as_ref().ok_or(ENODEV)?.walk(|visit| {
            let range = visit.range();

            bytes = bytes.saturating_add(range.end.saturating_sub(range.start));
        })?;
        writeln!(out, "{bytes}")?;
        Ok(())
    }
}

struct RustDamonWsse {
    _root: Root<Wsse>,
}

impl kernel::Module for RustDamonWsse {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let parent = kernel_kobj().ok_or(ENODEV)?;

        Ok(Self {
            _root: Root::publish(parent, c"rust_damon_wsse")?,
        })
    }
}
