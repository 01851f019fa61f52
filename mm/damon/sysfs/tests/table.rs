// SPDX-License-Identifier: GPL-2.0

//! The table of all files: whether it says what it should, and its way out.
//!
//! Each row goes to the log, for `tools/mm/damon_sysfs_abi.py` to make documentation and tests of.

use kernel::{
    fmt,
    kobject::{
        DirData,
        FileInfo,
        Info,
        Output,
        Overrides, //
    },
    page::PAGE_SIZE,
    prelude::*,
    str::{
        CStr,
        CString, //
    }, //
};

use crate::Damon;

/// The path, the mode and the default, `-` if there is none, of each file but for second names, in
/// any order: the ABI of Linux 7.3.
const FILES: &str = "\
damon/admin/kdamonds/nr_kdamonds rw:0
damon/admin/kdamonds/N/state rw:-
damon/admin/kdamonds/N/pid ro:-
damon/admin/kdamonds/N/refresh_ms rw:0
damon/admin/kdamonds/N/contexts/nr_contexts rw:0
damon/admin/kdamonds/N/contexts/N/avail_operations ro:-
damon/admin/kdamonds/N/contexts/N/operations rw:vaddr
damon/admin/kdamonds/N/contexts/N/addr_unit rw:1
damon/admin/kdamonds/N/contexts/N/pause rw:N
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/sample_us rw:5000
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/aggr_us rw:100000
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/update_us rw:60000000
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/access_bp rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/aggrs rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/min_sample_us rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/max_sample_us rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/nr_regions/min rw:10
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/nr_regions/max rw:1000
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/nr_probes rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/weight rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/nr_filters rw:0
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/type rw:anon
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/matching rw:N
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/allow rw:N
damon/admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/path rw:
damon/admin/kdamonds/N/contexts/N/targets/nr_targets rw:0
damon/admin/kdamonds/N/contexts/N/targets/N/pid_target rw:0
damon/admin/kdamonds/N/contexts/N/targets/N/obsolete_target rw:N
damon/admin/kdamonds/N/contexts/N/targets/N/regions/nr_regions rw:0
damon/admin/kdamonds/N/contexts/N/targets/N/regions/N/start rw:0
damon/admin/kdamonds/N/contexts/N/targets/N/regions/N/end rw:0
damon/admin/kdamonds/N/contexts/N/schemes/nr_schemes rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/action rw:stat
damon/admin/kdamonds/N/contexts/N/schemes/N/apply_interval_us rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/target_nid rw:-1
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/sz/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/sz/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/nr_accesses/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/nr_accesses/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/age/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/access_pattern/age/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/dests/nr_dests rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/dests/N/id rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/dests/N/weight rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/ms rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/bytes rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/reset_interval_ms rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/effective_bytes ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goal_tuner rw:consist
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/fail_charge_num rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/fail_charge_denom rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/sz_permil rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/nr_accesses_permil rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/age_permil rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/nr_goals rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/target_metric rw:user_input
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/target_value rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/current_value rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/nid rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/path rw:
damon/admin/kdamonds/N/contexts/N/schemes/N/watermarks/metric rw:none
damon/admin/kdamonds/N/contexts/N/schemes/N/watermarks/interval_us rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/watermarks/high rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/watermarks/mid rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/watermarks/low rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/nr_filters rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/type rw:anon
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/matching rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/allow rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/memcg_path rw:
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/addr_start rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/addr_end rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/damon_target_idx rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/nr_filters rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/type rw:anon
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/matching rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/allow rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/memcg_path rw:
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/addr_start rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/addr_end rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/damon_target_idx rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/nr_filters rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/type rw:anon
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/matching rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/allow rw:N
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/memcg_path rw:
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/addr_start rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/addr_end rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/min rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/max rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/filters/N/damon_target_idx rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/nr_tried ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/sz_tried ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/nr_applied ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/sz_applied ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/sz_ops_filter_passed ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/qt_exceeds ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/nr_snapshots ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/stats/max_nr_snapshots rw:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/total_bytes ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/start ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/end ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/nr_accesses ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/age ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/sz_filter_passed ro:0
damon/admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/probes/N/hits ro:0
";

/// The same for what tells why commands are refused.
#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
const REASONS: &str = "damon/admin/kdamonds/N/state_error ro:-";

/// The same for numbers.
#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
const NUMBERS: &str = "\
damon/admin/kdamonds/N/cpu_time_us ro:-
damon/admin/kdamonds/N/contexts/N/current_nr_regions ro:0
damon/admin/kdamonds/N/contexts/N/targets/N/regions/current_nr ro:0
";

/// The second names, each with the first one.
const SECOND_NAMES: &[(&CStr, &CStr)] = &[
    (c"nr", c"nr_kdamonds"),
    (c"nr", c"nr_contexts"),
    (c"damon_type", c"operations"),
    (c"nr", c"nr_targets"),
    (c"pid", c"pid_target"),
    (c"nr", c"nr_regions"),
];

/// What this kernel has.
const TABLES: &[&str] = &[
    // What every kernel has.
    FILES,
    // Why commands are refused.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    REASONS,
    // How many regions there are, and what they cost.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    NUMBERS,
];

/// Writes a row of the table to the log.
fn log(row: fmt::Arguments<'_>) {
    kernel::kunit::info(fmt!("    # damon_sysfs_table: {row}\n"));
}

/// What was found on the way through the table.
struct Found {
    /// Room for what a file shows.
    page: KBox<[u8; PAGE_SIZE]>,
    /// A line as those of [`FILES`] for each of them.
    files: KVec<CString>,
    second_names: KVec<(&'static CStr, &'static CStr)>,
}

impl Found {
    fn new() -> Result<Self> {
        Ok(Self {
            page: KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?,
            files: KVec::new(),
            second_names: KVec::new(),
        })
    }

    /// Goes through everything that is in the directory `path`.
    fn directory(&mut self, info: &Info, overrides: Overrides, path: &CStr) -> Result {
        for file in info.files {
            self.file(file, overrides, path)?;
        }
        for dir in info.dirs {
            // `N` stands for a number.
            let path = CString::try_from_fmt(fmt!("{}{}/", path, dir.name.unwrap_or(c"N")))?;
            let doc = if dir.name.is_some() {
                dir.doc
            } else {
                dir.info.doc
            };

            log(fmt!("{}\tdir\t-\t-\t-\t{}", &*path, doc));
            self.directory(dir.info, dir.overrides, &path)?;
        }
        Ok(())
    }

    fn file(&mut self, file: &FileInfo, overrides: Overrides, path: &CStr) -> Result {
        let mode = match file.mode {
            0o600 => "rw",
            0o400 => "ro",
            _ => return Err(EINVAL),
        };
        let emit = overrides.iter().find(|(name, _)| *name == file.name);
        let mut out = Output::new(&mut self.page);

        match emit {
            Some((_, emit)) => emit(&mut out)?,
            None => file.show_default(&mut out)?,
        }
        let shown = core::str::from_utf8(out.as_bytes()).map_err(|_| EINVAL)?;
        let default = shown.strip_suffix('\n').unwrap_or("-");

        let kind = match file.max {
            Some(max) => CString::try_from_fmt(fmt!("{}:{max}", file.kind))?,
            None => CString::try_from_fmt(fmt!("{}", file.kind))?,
        };

        log(fmt!(
            "{}{}\t{}\t{}\t{}\t{}\t{}",
            path,
            file.name,
            mode,
            &*kind,
            default,
            file.alias_of.unwrap_or(c"-"),
            file.doc
        ));
        match file.alias_of {
            Some(first) => self.second_names.push((file.name, first), GFP_KERNEL)?,
            None => {
                let line =
                    CString::try_from_fmt(fmt!("{}{} {}:{}", path, file.name, mode, default))?;

                self.files.push(line, GFP_KERNEL)?;
            }
        }
        Ok(())
    }
}

#[kunit_tests(rust_damon_sysfs_table)]
mod cases {
    use super::*;

    #[test]
    fn files_and_names() -> Result {
        let mut found = Found::new()?;

        log(fmt!("damon/\tdir\t-\t-\t-\t{}", Damon::INFO.doc));
        found.directory(Damon::INFO, &[], c"damon/")?;

        let expected = || TABLES.iter().flat_map(|table| table.lines());
        for file in &found.files {
            let file = file.to_str().map_err(|_| EINVAL)?;

            if !expected().any(|expected| expected == file) {
                pr_err!("unexpected: {}\n", file);
                return Err(EINVAL);
            }
        }
        assert_eq!(found.files.len(), expected().count());
        // There are second names.
        if cfg!(CONFIG_DAMON_SYSFS_RFC_NAMES) {
            assert_eq!(&*found.second_names, SECOND_NAMES);
            return Ok(());
        }
        assert!(found.second_names.is_empty());
        Ok(())
    }
}
