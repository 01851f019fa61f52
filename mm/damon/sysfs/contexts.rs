// SPDX-License-Identifier: GPL-2.0

//! `contexts/`: what a kdamond monitors, and how.

use core::num::NonZeroUsize;
use kernel::{
    damon::{
        self,
        OpsId, //
    },
    kobject::{
        sysfs_dir,
        AttrValue,
        Children,
        Dir,
        Held,
        Keyword,
        NoValue,
        Output,
        Subdir,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
use kernel::sync::Arc;

#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
use crate::region_counts::RegionCounts;
use crate::{
    grant::{
        Caller,
        Grant, //
    },
    monitoring_attrs::MonitoringAttrs,
    refusal::{
        Outcome,
        Refusal,
        Refuse, //
    },
    schemes::Schemes,
    targets::Targets, //
};

/// The monitoring contexts of a kdamond.
#[sysfs_dir]
pub(crate) struct Contexts {
    /// Writing 1 makes the directory 0 with default values, writing 0 removes it. A kdamond has
    /// one context.
    #[children(
        nr = "nr_contexts",
        admin_rw,
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        max = 1,
        init = Self::fit, //
    )]
    pub(crate) contexts: Children<Context>,
}

impl Contexts {
    /// Lets a new context have values that are allowed.
    pub(crate) fn fit(self: &Dir<Self>, context: &Context) {
        context.monitoring_attrs.fit(Grant::of(self));
    }
}

/// The sets of monitoring operations, in the order in which `avail_operations` shows them.
#[derive(Clone, Copy, Keyword)]
pub(crate) enum Operations {
    /// The virtual address spaces of processes.
    Vaddr,
    /// Fixed ranges of the virtual address spaces of processes.
    Fvaddr,
    /// The physical address space.
    Paddr,
}

impl Operations {
    /// Whether users who are not root may have them.
    fn is_for_users(self) -> bool {
        match self {
            Self::Vaddr | Self::Fvaddr => true,
            Self::Paddr => false,
        }
    }
}

impl From<Operations> for OpsId {
    fn from(operations: Operations) -> Self {
        match operations {
            Operations::Vaddr => Self::Vaddr,
            Operations::Fvaddr => Self::Fvaddr,
            Operations::Paddr => Self::Paddr,
        }
    }
}

/// A monitoring context.
#[sysfs_dir]
pub(crate) struct Context {
    /// The sets of monitoring operations that the kernel has, one in each line.
    #[file(
        admin_ro,
        kind = "keywords:vaddr|fvaddr|paddr",
        show = Self::show_avail_operations,
    )]
    avail_operations: NoValue,

    /// The set of monitoring operations to use. One that the kernel does not have is refused when
    /// the kdamond starts.
    #[attr(
        admin_rw,
        default = Operations::Vaddr,
        store = Self::store_operations, //
        alias("damon_type", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
    )]
    pub(crate) operations: Value<Operations>,

    /// How many bytes an address stands for, a power of two. Only paddr uses it.
    #[attr(admin_rw, default = NonZeroUsize::MIN, privileged)]
    pub(crate) addr_unit: Value<NonZeroUsize>,

    /// Whether the kdamond pauses monitoring.
    #[attr(admin_rw)]
    pause: Value<bool>,

    /// How accurate and how expensive the monitoring is.
    #[dir]
    pub(crate) monitoring_attrs: Subdir<MonitoringAttrs>,

    /// What is monitored.
    #[dir]
    pub(crate) targets: Subdir<Targets>,

    /// How many regions the kdamond has now, of all targets, as of its last sampling.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[attr(admin_ro, init = |setup| Arc::new(Value::new(0), setup.gfp())?)]
    current_nr_regions: Arc<Value<usize>>,

    /// What is done with memory, depending on its accesses.
    #[dir]
    pub(crate) schemes: Subdir<Schemes>,
}

impl Context {
    fn show_avail_operations(self: &Dir<Self>, out: &mut Output<'_>) -> Result {
        let grant = Grant::of(self);

        for operations in [Operations::Vaddr, Operations::Fvaddr, Operations::Paddr] {
            if grant.check(operations.is_for_users()).is_ok()
                && OpsId::from(operations).is_registered()
            {
                operations.emit(out)?;
            }
        }
        Ok(())
    }

    /// Takes a set of operations, unless it is none for users in the tree of one.
    pub(crate) fn store_operations(self: &Dir<Self>, input: &CStr) -> Result {
        let new = Operations::parse(input)?;

        Grant::of(self).check(new.is_for_users())?;
        self.operations.set(new);
        Ok(())
    }

    /// Makes a DAMON context of what the files say.
    ///
    /// Fails with `EINVAL` for values that are not valid, alone or together, and with `ENOMEM`.
    pub(crate) fn build(&self, caller: &Caller<'_>, held: &Held<'_>) -> Outcome<damon::Context> {
        let mut ctx = caller.new_context()?;
        let ops = self.operations.get().into();
        let attrs = self.monitoring_attrs.attrs();

        ctx.select_ops(ops)
            .because("the kernel does not have them")
            .at("operations")?;
        // What is wrong with the unit is said last, if nothing else is.
        let unit = ctx.set_addr_unit(self.addr_unit.get().get());
        ctx.set_paused(self.pause.get());
        self.monitoring_attrs
            .check(caller.grant())
            .at("monitoring_attrs")?;
        ctx.set_attrs(&attrs)
            .map_err(|errno| self.monitoring_attrs.refuse(errno, &attrs))
            .at("monitoring_attrs")?;
        self.monitoring_attrs
            .probes
            .add_to(&mut ctx, held)
            .at("probes")
            .at("monitoring_attrs")?;
        self.targets
            .add_to(&mut ctx, ops, caller, held)
            .at("targets")?;
        self.schemes
            .add_to(&mut ctx, caller.grant(), held)
            .at("schemes")?;
        unit.because("a page divided by it is not a power of two")
            .at("addr_unit")?;
        Ok(ctx)
    }

    /// Returns where the numbers of regions are shown; see [`Targets::region_counts`].
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    pub(crate) fn region_counts(&self, committed: bool, held: &Held<'_>) -> Result<RegionCounts> {
        Ok(RegionCounts::new(
            self.current_nr_regions.clone(),
            self.targets.region_counts(committed, held)?,
        ))
    }

    /// Says what it is that a kdamond, which starts or runs, cannot become.
    pub(crate) fn refuse(&self, errno: Error, held: &Held<'_>) -> Refusal {
        if errno != EINVAL {
            return errno.into();
        }
        let ops = self.operations.get().into();
        let weight = self.monitoring_attrs.refuse_weight(ops, held);

        // A commit looks at weights and goals first. Obsolete targets can be right, so they are
        // the reason only if nothing else is.
        weight
            .map(|refusal| refusal.at("monitoring_attrs"))
            .or_else(|| Some(self.schemes.refuse_goal(ops, held)?.at("schemes")))
            .or_else(|| Some(self.targets.refuse_obsolete(held)?.at("targets")))
            .unwrap_or_else(|| errno.into())
    }
}
