// SPDX-License-Identifier: GPL-2.0

//! `filters/`, `core_filters/` and `ops_filters/`: which memory a scheme is for.

use kernel::{
    damon::{
        AddrRange,
        Filter as DamonFilter,
        FilterKind,
        SchemeMut, //
    },
    kobject::{
        sysfs_dir,
        AttrValue,
        Children,
        Dir,
        Held,
        Keyword,
        Value, //
    },
    prelude::*,
    str::CStr, //
};

use crate::{
    grant::Grant,
    memcg_path::MemcgPath,
    refusal::{
        Outcome,
        Refuse, //
    }, //
};

/// Who handles the filters of a directory.
#[derive(Clone, Copy, Keyword, PartialEq)]
pub(super) enum Layer {
    /// The core of DAMON or the operations.
    Both,
    /// The core of DAMON.
    Core,
    /// The operations.
    Ops,
}

/// What a filter is about.
#[derive(Clone, Copy, Keyword)]
enum FilterType {
    /// Anonymous pages.
    Anon,
    /// Pages on the active LRU lists.
    Active,
    /// Pages of a memory cgroup.
    Memcg,
    /// Pages that were accessed lately.
    Young,
    /// Pages of huge pages of a size.
    HugepageSize,
    /// Pages that nobody maps.
    Unmapped,
    /// Addresses.
    Addr,
    /// Monitoring targets.
    Target,
}

impl FilterType {
    /// Who handles filters of this type, as `damos_filter_for_ops()` tells.
    fn layer(self) -> Layer {
        match self {
            Self::Addr | Self::Target => Layer::Core,
            Self::Anon
            | Self::Active
            | Self::Memcg
            | Self::Young
            | Self::HugepageSize
            | Self::Unmapped => Layer::Ops,
        }
    }
}

/// The filters of a scheme.
#[sysfs_dir]
pub(super) struct Filters {
    /// Writing N makes the directories 0 to N-1, one for each filter, with default values.
    #[children(nr = "nr_filters", admin_rw, limit = Self::limit, init = Self::init_filter)]
    filters: Children<Filter>,

    #[state(init = Value::new(Layer::Both))]
    pub(super) layer: Value<Layer>,
}

impl Filters {
    fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_parts)
    }

    /// Lets a filter know what it can be about.
    fn init_filter(&self, filter: &Filter) {
        filter.layer.set(self.layer.get());
    }

    /// Adds the filters that the files describe to a scheme.
    ///
    /// Fails with `EINVAL` if one of them is not valid, and with `ENOMEM`.
    pub(super) fn add_to(&self, scheme: &mut SchemeMut<'_>, held: &Held<'_>) -> Outcome {
        for (i, dir) in self.filters.list(held)?.iter().enumerate() {
            let filter = dir.filter(held).at_number(i)?;

            scheme
                .add_filter(filter)
                .because("the range ends before it starts")
                .at_number(i)?;
        }
        Ok(())
    }
}

/// A filter of a scheme.
#[sysfs_dir]
struct Filter {
    /// What the filter is about. The default is there in directories that do not accept it, too.
    #[attr(admin_rw, default = FilterType::Anon, store = Self::store_type)]
    r#type: Value<FilterType>,

    /// Whether the filter is for what is of the type, or for what is not.
    #[attr(admin_rw)]
    matching: Value<bool>,

    /// Whether what the filter is for passes.
    #[attr(admin_rw)]
    allow: Value<bool>,

    /// The memory cgroup of a memcg filter.
    #[attr(admin_rw, privileged, init = |setup| MemcgPath::new(setup)?)]
    memcg_path: MemcgPath,

    /// The first address of an addr filter.
    #[attr(admin_rw)]
    addr_start: Value<usize>,

    /// The address after the last one of an addr filter.
    #[attr(admin_rw)]
    addr_end: Value<usize>,

    /// The smallest size of a hugepage_size filter, in bytes.
    #[attr(admin_rw)]
    min: Value<usize>,

    /// The largest size of a hugepage_size filter, in bytes.
    #[attr(admin_rw)]
    max: Value<usize>,

    /// The position of the target of a target filter.
    #[attr(admin_rw)]
    damon_target_idx: Value<i32>,

    #[state(init = Value::new(Layer::Both))]
    layer: Value<Layer>,
}

impl Filter {
    /// Takes a type, unless it is one that the directory, or the user, is not for.
    fn store_type(self: &Dir<Self>, input: &CStr) -> Result {
        let new = FilterType::parse(input)?;
        let layer = self.layer.get();

        Grant::of(self).check(!matches!(new, FilterType::Memcg))?;
        if layer != Layer::Both && layer != new.layer() {
            return Err(EINVAL);
        }
        self.r#type.set(new);
        Ok(())
    }

    /// Returns what the files describe.
    ///
    /// Fails with `EINVAL` if they name no memory cgroup.
    fn filter(&self, held: &Held<'_>) -> Outcome<DamonFilter> {
        let kind = match self.r#type.get() {
            FilterType::Anon => FilterKind::Anon,
            FilterType::Active => FilterKind::Active,
            FilterType::Memcg => FilterKind::Memcg(self.memcg_path.find(held).at("memcg_path")?),
            FilterType::Young => FilterKind::Young,
            FilterType::HugepageSize => FilterKind::HugepageSize {
                min: self.min.get(),
                max: self.max.get(),
            },
            FilterType::Unmapped => FilterKind::Unmapped,
            FilterType::Addr => FilterKind::Addr(AddrRange {
                start: self.addr_start.get(),
                end: self.addr_end.get(),
            }),
            FilterType::Target => FilterKind::Target(self.damon_target_idx.get()),
        };

        Ok(DamonFilter {
            kind,
            matching: self.matching.get(),
            allow: self.allow.get(),
        })
    }
}
