// SPDX-License-Identifier: GPL-2.0

//! `monitoring_attrs/probes/`: what to find out about regions besides accesses.

use kernel::{
    damon::{
        self,
        ProbeFilter,
        ProbeFilterKind, //
    },
    kobject::{
        sysfs_dir,
        Children,
        Held,
        Keyword,
        Subdir,
        Value, //
    },
    prelude::*, //
};

use crate::{
    memcg_path::MemcgPath,
    refusal::{
        Outcome,
        Refusal,
        Refuse, //
    }, //
};

/// The most probes that a context has, `DAMON_MAX_PROBES`.
const MAX_PROBES: i32 = 4;

/// The probes of a context.
#[sysfs_dir]
pub(crate) struct Probes {
    /// Writing N makes the directories 0 to N-1, one for each probe, with default values.
    #[children(nr = "nr_probes", max = MAX_PROBES)]
    probes: Children<Probe>,
}

impl Probes {
    /// Adds the probes that the files describe to a context.
    ///
    /// Fails with `EINVAL` if a filter names no memory cgroup, and with `ENOMEM`.
    pub(crate) fn add_to(&self, ctx: &mut damon::Context, held: &Held<'_>) -> Outcome {
        for (i, probe) in self.probes.list(held)?.iter().enumerate() {
            let mut added = ctx.add_probe(probe.weight.get())?;

            for (j, filter) in probe.filters.filters.list(held)?.iter().enumerate() {
                let filter = filter
                    .filter(held)
                    .at_number(j)
                    .at("filters")
                    .at_number(i)?;

                added.add_filter(filter)?;
            }
        }
        Ok(())
    }

    /// Says which probe it is whose weight cannot count with operations that cannot probe.
    pub(crate) fn refuse_weight(&self, held: &Held<'_>) -> Option<Refusal> {
        let probes = self.probes.list(held).ok()?;
        let weighted = probes.iter().position(|probe| probe.weight.get() != 0)?;

        Some(
            Refusal::invalid("these operations do not probe")
                .at("weight")
                .at_number(weighted)
                .at("probes"),
        )
    }
}

/// A probe: it counts the samples that its filters let pass.
#[sysfs_dir]
struct Probe {
    /// How much the probe counts when regions are merged.
    #[attr(rw)]
    weight: Value<u32>,

    /// What is counted.
    #[dir]
    filters: Subdir<Filters>,
}

/// The filters of a probe.
#[sysfs_dir]
struct Filters {
    /// Writing N makes the directories 0 to N-1, one for each filter, with default values.
    #[children(nr = "nr_filters")]
    filters: Children<Filter>,
}

/// What a filter of a probe is about.
#[derive(Clone, Copy, Keyword)]
enum FilterType {
    /// Anonymous pages.
    Anon,
    /// Pages of a memory cgroup.
    Memcg,
}

/// A filter of a probe.
#[sysfs_dir]
struct Filter {
    /// What the filter is about.
    #[attr(rw, default = FilterType::Anon)]
    r#type: Value<FilterType>,

    /// Whether the filter is for what is of the type, or for what is not.
    #[attr(rw)]
    matching: Value<bool>,

    /// Whether what the filter is for passes.
    #[attr(rw)]
    allow: Value<bool>,

    /// The memory cgroup of a memcg filter.
    #[attr(rw, init = |setup| MemcgPath::new(setup)?)]
    path: MemcgPath,
}

impl Filter {
    /// Returns what the files describe. Fails with `EINVAL` if they name no memory cgroup.
    fn filter(&self, held: &Held<'_>) -> Outcome<ProbeFilter> {
        Ok(ProbeFilter {
            kind: match self.r#type.get() {
                FilterType::Anon => ProbeFilterKind::Anon,
                FilterType::Memcg => ProbeFilterKind::Memcg(self.path.find(held).at("path")?),
            },
            matching: self.matching.get(),
            allow: self.allow.get(),
        })
    }
}
