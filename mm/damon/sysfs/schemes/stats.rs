// SPDX-License-Identifier: GPL-2.0

//! `stats/`: what a scheme has done.

use kernel::{
    damon::Stat,
    kobject::{
        sysfs_dir,
        Value, //
    }, //
};

/// What a scheme has done, as of the last update.
#[sysfs_dir]
pub(crate) struct Stats {
    /// How many regions the action was tried with.
    #[attr(admin_ro)]
    pub(crate) nr_tried: Value<usize>,

    /// Their size in bytes.
    #[attr(admin_ro)]
    sz_tried: Value<usize>,

    /// How many regions the action was applied to.
    #[attr(admin_ro)]
    nr_applied: Value<usize>,

    /// Their size in bytes.
    #[attr(admin_ro)]
    sz_applied: Value<usize>,

    /// How many bytes passed the filters of the operations.
    #[attr(admin_ro)]
    sz_ops_filter_passed: Value<usize>,

    /// How often the quota was exceeded.
    #[attr(admin_ro)]
    qt_exceeds: Value<usize>,

    /// How many snapshots of the regions the scheme was tried with.
    #[attr(admin_ro)]
    nr_snapshots: Value<usize>,

    /// After so many snapshots the scheme becomes inactive; 0 means never.
    #[attr(admin_rw)]
    pub(super) max_nr_snapshots: Value<usize>,
}

impl Stats {
    /// Shows `stat` from now on.
    pub(super) fn update(&self, stat: &Stat) {
        self.nr_tried.set(stat.nr_tried);
        self.sz_tried.set(stat.sz_tried);
        self.nr_applied.set(stat.nr_applied);
        self.sz_applied.set(stat.sz_applied);
        self.sz_ops_filter_passed.set(stat.sz_ops_filter_passed);
        self.qt_exceeds.set(stat.qt_exceeds);
        self.nr_snapshots.set(stat.nr_snapshots);
    }
}

#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_sysfs_stats)]
mod tests {
    use super::*;
    use kernel::{
        kobject::Root,
        prelude::*, //
    };

    #[test]
    fn each_number_has_its_file() -> Result {
        let stats = Root::<Stats>::new(())?;

        stats.update(&Stat {
            nr_tried: 1,
            sz_tried: 2,
            nr_applied: 3,
            sz_applied: 4,
            sz_ops_filter_passed: 5,
            qt_exceeds: 6,
            nr_snapshots: 7,
        });
        let files = [
            &stats.nr_tried,
            &stats.sz_tried,
            &stats.nr_applied,
            &stats.sz_applied,
            &stats.sz_ops_filter_passed,
            &stats.qt_exceeds,
            &stats.nr_snapshots,
        ];
        for (number, file) in (1..).zip(files) {
            assert_eq!(file.get(), number);
        }
        assert_eq!(stats.max_nr_snapshots.get(), 0);
        Ok(())
    }
}
