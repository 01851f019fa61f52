// SPDX-License-Identifier: GPL-2.0

//! `monitoring_attrs/probes/`: what to find out about regions besides accesses.

use kernel::{
    damon::{
        self,
        OpsId,
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
    }, //
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

/// The most samples that the hits of a probe with a weight are counted for.
const MAX_SAMPLES: usize = 255;

/// The probes of a context.
#[sysfs_dir]
pub(crate) struct Probes {
    /// Writing N makes the directories 0 to N-1, one for each probe, with default values.
    #[children(nr = "nr_probes", admin_rw, max = MAX_PROBES)]
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

    /// Says which probe it is, if there is one, whose weight is not valid with `ops` and so many
    /// samples in an aggregation: see `damon_valid_probe_params()`.
    pub(super) fn refuse_weight(
        &self,
        ops: OpsId,
        samples: usize,
        held: &Held<'_>,
    ) -> Option<Refusal> {
        let probes = self.probes.list(held).ok()?;
        let (words, limit) = match ops {
            OpsId::Paddr if samples <= MAX_SAMPLES => (
                "too large for the samples of an aggregation",
                // CAST: There are 255 samples at most.
                u32::MAX
                    .checked_div(samples as u32)
                    .map_or(u64::MAX, u64::from),
            ),
            OpsId::Paddr => ("an aggregation has more than 255 samples", 0),
            OpsId::Vaddr | OpsId::Fvaddr => ("these operations do not probe", 0),
        };
        let mut sum = 0u64;
        let refused = probes.iter().position(|probe| {
            // There are four at most.
            sum = sum.saturating_add(probe.weight.get().into());
            sum > limit
        })?;

        Some(Refusal::invalid(words).at("weight").at_number(refused))
    }
}

/// A probe: it counts the samples that its filters let pass.
#[sysfs_dir]
struct Probe {
    /// How much the probe counts when regions are merged.
    #[attr(admin_rw)]
    weight: Value<u32>,

    /// What is counted.
    #[dir]
    filters: Subdir<Filters>,
}

/// The filters of a probe.
#[sysfs_dir]
struct Filters {
    /// Writing N makes the directories 0 to N-1, one for each filter, with default values.
    #[children(nr = "nr_filters", admin_rw)]
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
    #[attr(admin_rw, default = FilterType::Anon)]
    r#type: Value<FilterType>,

    /// Whether the filter is for what is of the type, or for what is not.
    #[attr(admin_rw)]
    matching: Value<bool>,

    /// Whether what the filter is for passes.
    #[attr(admin_rw)]
    allow: Value<bool>,

    /// The memory cgroup of a memcg filter.
    #[attr(admin_rw, init = |setup| MemcgPath::new(setup)?)]
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

#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_sysfs_probes)]
mod tests {
    use super::*;
    use crate::monitoring_attrs::MonitoringAttrs;
    use kernel::{
        kobject::{
            mm_kobj,
            Root, //
        },
        prelude::*, //
    };

    #[test]
    fn weights_fit_the_samples_of_an_aggregation() -> Result {
        let attrs =
            Root::<MonitoringAttrs>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit_probes")?;
        let probes = &attrs.probes;
        let mut guard = attrs.try_lock()?;
        let mut held = guard.held();

        probes.probes.resize(probes, &mut held, 1, |_| ())?;
        for (ops, samples, weight, refused) in [
            (OpsId::Paddr, 1, u32::MAX, false),
            (OpsId::Paddr, 255, u32::MAX / 255, false),
            (OpsId::Paddr, 255, u32::MAX / 255 + 1, true),
            (OpsId::Paddr, 256, 0, false),
            (OpsId::Paddr, 256, 1, true),
            (OpsId::Vaddr, 1, 0, false),
            (OpsId::Vaddr, 1, 1, true),
            (OpsId::Fvaddr, 1, 1, true),
        ] {
            attrs.intervals.sample_us.set(10);
            attrs.intervals.aggr_us.set(samples * 10);
            for probe in probes.probes.list(&held)? {
                probe.weight.set(weight);
            }
            assert_eq!(attrs.refuse_weight(ops, &held).is_some(), refused);
        }
        Ok(())
    }
}
