// SPDX-License-Identifier: GPL-2.0

//! KUnit tests.

use core::num::NonZeroUsize;
use kernel::{
    kobject::{
        mm_kobj,
        AttrValue,
        Dir,
        Directory,
        Emitter,
        Info,
        Overrides,
        TreeLock, //
    },
    page::PAGE_SIZE,
    prelude::*,
    str::{
        CStr,
        CString, //
    }, //
};

use crate::{
    contexts::{
        Context,
        Operations, //
    },
    kdamonds::Kdamond,
    targets::Regions,
    Damon,
    DamonSysfsLock, //
};

/// Writes a line for the first name of each file: its path below `damon/`, its mode and its
/// default, with `-` where there is none.
fn list_files(info: &Info, overrides: Overrides, path: &CStr, out: &mut KVec<u8>) -> Result {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;

    for file in info.files.iter().filter(|file| file.alias_of.is_none()) {
        let default = overrides
            .iter()
            .find(|(name, _)| *name == file.name)
            .map(|(_, emit)| *emit)
            .or(file.default);
        let mut default_out = Emitter::new(&mut page);
        match default {
            Some(emit) => emit(&mut default_out)?,
            None => default_out.bytes(b"-\n"),
        }

        out.extend_from_slice(path.to_bytes(), GFP_KERNEL)?;
        out.extend_from_slice(file.name.to_bytes(), GFP_KERNEL)?;
        out.extend_from_slice(
            match file.mode {
                0o600 => b" rw ",
                0o400 => b" ro ",
                _ => b" ?? ",
            },
            GFP_KERNEL,
        )?;
        out.extend_from_slice(default_out.as_bytes(), GFP_KERNEL)?;
    }
    for dir in info.dirs {
        let name = dir.name.unwrap_or(c"N");
        let path = CString::try_from_fmt(fmt!("{}{}/", path, name))?;

        list_files(dir.info, dir.overrides, &path, out)?;
    }
    Ok(())
}

/// What [`list_files`] has to say, in any order: the ABI of Linux 7.3.
const FILES: &str = "\
admin/kdamonds/nr_kdamonds rw 0
admin/kdamonds/N/state rw -
admin/kdamonds/N/pid ro -
admin/kdamonds/N/refresh_ms rw -
admin/kdamonds/N/contexts/nr_contexts rw 0
admin/kdamonds/N/contexts/N/avail_operations ro -
admin/kdamonds/N/contexts/N/operations rw vaddr
admin/kdamonds/N/contexts/N/addr_unit rw 1
admin/kdamonds/N/contexts/N/pause rw N
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/sample_us rw 5000
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/aggr_us rw 100000
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/update_us rw 60000000
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/access_bp rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/aggrs rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/min_sample_us rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/intervals/intervals_goal/max_sample_us rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/nr_regions/min rw 10
admin/kdamonds/N/contexts/N/monitoring_attrs/nr_regions/max rw 1000
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/nr_probes rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/weight rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/nr_filters rw 0
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/type rw anon
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/matching rw N
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/allow rw N
admin/kdamonds/N/contexts/N/monitoring_attrs/probes/N/filters/N/path rw -
admin/kdamonds/N/contexts/N/targets/nr_targets rw 0
admin/kdamonds/N/contexts/N/targets/N/pid_target rw 0
admin/kdamonds/N/contexts/N/targets/N/obsolete_target rw N
admin/kdamonds/N/contexts/N/targets/N/regions/nr_regions rw 0
admin/kdamonds/N/contexts/N/targets/N/regions/N/start rw 0
admin/kdamonds/N/contexts/N/targets/N/regions/N/end rw 0
admin/kdamonds/N/contexts/N/schemes/nr_schemes rw 0
admin/kdamonds/N/contexts/N/schemes/N/action rw stat
admin/kdamonds/N/contexts/N/schemes/N/apply_interval_us rw 0
admin/kdamonds/N/contexts/N/schemes/N/target_nid rw -1
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/sz/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/sz/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/nr_accesses/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/nr_accesses/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/age/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/access_pattern/age/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/dests/nr_dests rw 0
admin/kdamonds/N/contexts/N/schemes/N/dests/N/id rw 0
admin/kdamonds/N/contexts/N/schemes/N/dests/N/weight rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/ms rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/bytes rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/reset_interval_ms rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/effective_bytes ro 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goal_tuner rw consist
admin/kdamonds/N/contexts/N/schemes/N/quotas/fail_charge_num rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/fail_charge_denom rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/sz_permil rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/nr_accesses_permil rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/weights/age_permil rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/nr_goals rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/target_metric rw user_input
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/target_value rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/current_value rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/nid rw 0
admin/kdamonds/N/contexts/N/schemes/N/quotas/goals/N/path rw -
admin/kdamonds/N/contexts/N/schemes/N/watermarks/metric rw none
admin/kdamonds/N/contexts/N/schemes/N/watermarks/interval_us rw 0
admin/kdamonds/N/contexts/N/schemes/N/watermarks/high rw 0
admin/kdamonds/N/contexts/N/schemes/N/watermarks/mid rw 0
admin/kdamonds/N/contexts/N/schemes/N/watermarks/low rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/nr_filters rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/type rw anon
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/matching rw N
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/allow rw N
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/memcg_path rw -
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/addr_start rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/addr_end rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/core_filters/N/damon_target_idx rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/nr_filters rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/type rw anon
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/matching rw N
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/allow rw N
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/memcg_path rw -
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/addr_start rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/addr_end rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/ops_filters/N/damon_target_idx rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/nr_filters rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/N/type rw anon
admin/kdamonds/N/contexts/N/schemes/N/filters/N/matching rw N
admin/kdamonds/N/contexts/N/schemes/N/filters/N/allow rw N
admin/kdamonds/N/contexts/N/schemes/N/filters/N/memcg_path rw -
admin/kdamonds/N/contexts/N/schemes/N/filters/N/addr_start rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/N/addr_end rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/N/min rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/N/max rw 0
admin/kdamonds/N/contexts/N/schemes/N/filters/N/damon_target_idx rw 0
admin/kdamonds/N/contexts/N/schemes/N/stats/nr_tried ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/sz_tried ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/nr_applied ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/sz_applied ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/sz_ops_filter_passed ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/qt_exceeds ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/nr_snapshots ro 0
admin/kdamonds/N/contexts/N/schemes/N/stats/max_nr_snapshots rw 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/total_bytes ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/start ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/end ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/nr_accesses ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/age ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/sz_filter_passed ro 0
admin/kdamonds/N/contexts/N/schemes/N/tried_regions/N/probes/N/hits ro 0
";

/// The commands that work on a running kdamond.
const ON_KDAMOND: &[&CStr] = &[
    c"commit",
    c"commit_schemes_quota_goals",
    c"update_schemes_stats",
    c"update_schemes_tried_bytes",
    c"update_schemes_tried_regions",
    c"update_schemes_effective_quotas",
    c"update_tuned_intervals",
];

/// The second names, each with the first one.
const SECOND_NAMES: &[(&CStr, &CStr)] = &[
    (c"nr", c"nr_kdamonds"),
    (c"nr", c"nr_contexts"),
    (c"damon_type", c"operations"),
    (c"nr", c"nr_targets"),
    (c"pid", c"pid_target"),
    (c"nr", c"nr_regions"),
];

/// Collects the second names of the files below `info`, each with the first one.
fn list_second_names(info: &Info, out: &mut KVec<(&'static CStr, &'static CStr)>) -> Result {
    for file in info.files {
        if let Some(first) = file.alias_of {
            out.push((file.name, first), GFP_KERNEL)?;
        }
    }
    info.dirs
        .iter()
        .try_for_each(|dir| list_second_names(dir.info, out))
}

/// A kdamond of the tests' own, with one context that monitors nothing of the physical memory.
fn kdamond() -> Result<Dir<Kdamond>> {
    let kdamond = Dir::<Kdamond>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;

    set_nr_contexts(&kdamond, 1)?;
    with_context(&kdamond, |context| {
        context.operations.set(Operations::Paddr)
    })?;
    Ok(kdamond)
}

/// Makes `nr` contexts, as a write to `nr_contexts` does.
fn set_nr_contexts(kdamond: &Kdamond, nr: i32) -> Result {
    let contexts = &kdamond.contexts;

    contexts
        .contexts
        .resize(contexts.kobject(), &mut DamonSysfsLock::try_lock()?, nr)
}

/// Does something with the context of a kdamond.
fn with_context<R>(kdamond: &Kdamond, f: impl FnOnce(&Context) -> R) -> Result<R> {
    Ok(f(kdamond.context(&DamonSysfsLock::try_lock()?)?))
}

/// What `state` and `pid` say.
fn state(kdamond: &Kdamond) -> Result<(bool, i32)> {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Emitter::new(&mut page);
    kdamond.show_state(&mut out)?;
    let on = match out.as_bytes() {
        b"on\n" => true,
        b"off\n" => false,
        _ => return Err(EINVAL),
    };

    let mut out = Emitter::new(&mut page);
    kdamond.show_pid(&mut out)?;
    let mut pid = KVec::new();
    pid.extend_from_slice(out.as_bytes(), GFP_KERNEL)?;
    pid.push(0, GFP_KERNEL)?;
    let pid = CStr::from_bytes_with_nul(&pid).map_err(|_| EINVAL)?;

    Ok((on, i32::parse(pid)?))
}

#[kunit_tests(rust_damon_sysfs)]
mod cases {
    use super::*;

    #[test]
    fn files_have_modes_and_defaults() -> Result {
        let mut files = KVec::new();

        list_files(Damon::INFO, &[], c"", &mut files)?;
        let files = core::str::from_utf8(&files).map_err(|_| EINVAL)?;
        for file in files.lines() {
            if !FILES.lines().any(|expected| expected == file) {
                pr_err!("unexpected: {}\n", file);
                return Err(EINVAL);
            }
        }
        assert_eq!(files.lines().count(), FILES.lines().count());
        Ok(())
    }

    #[test]
    fn second_names_are_those_of_the_proposal() -> Result {
        let mut names = KVec::new();

        list_second_names(Damon::INFO, &mut names)?;
        if cfg!(CONFIG_DAMON_SYSFS_RFC_NAMES) {
            assert_eq!(&*names, SECOND_NAMES);
        } else {
            assert!(names.is_empty());
        }
        Ok(())
    }

    #[test]
    fn commands_of_a_kdamond_that_never_ran() -> Result {
        let kdamond = kdamond()?;

        for commands in [&[c"off", c"no_such", c""], ON_KDAMOND] {
            for command in commands {
                assert_eq!(kdamond.store_state(command), Err(EINVAL));
            }
        }
        assert_eq!(kdamond.store_state(c"clear_schemes_tried_regions"), Ok(()));
        assert_eq!(state(&kdamond), Ok((false, -1)));
        Ok(())
    }

    #[test]
    fn commands_need_a_context() -> Result {
        let kdamond = kdamond()?;

        set_nr_contexts(&kdamond, 0)?;
        for commands in [&[c"on", c"clear_schemes_tried_regions"], ON_KDAMOND] {
            for command in commands {
                assert_eq!(kdamond.store_state(command), Err(EINVAL));
            }
        }

        // All but `off`.
        set_nr_contexts(&kdamond, 1)?;
        with_context(&kdamond, |context| {
            context.operations.set(Operations::Paddr)
        })?;
        assert_eq!(kdamond.store_state(c"on"), Ok(()));
        set_nr_contexts(&kdamond, 0)?;
        assert_eq!(kdamond.store_state(c"commit"), Err(EINVAL));
        assert_eq!(kdamond.store_state(c"off"), Ok(()));
        Ok(())
    }

    #[test]
    fn kdamond_goes_on_and_off() -> Result {
        let kdamond = kdamond()?;

        for _ in 0..2 {
            assert_eq!(kdamond.store_state(c"on\n"), Ok(()));
            let (on, pid) = state(&kdamond)?;
            assert!(on && pid > 0);
            assert_eq!(kdamond.store_state(c"on"), Err(EBUSY));
            for command in ON_KDAMOND {
                // There is no scheme to walk for.
                let expected = if command.to_bytes().starts_with(b"update_schemes_tried") {
                    Err(ECANCELED)
                } else {
                    Ok(())
                };
                assert_eq!(kdamond.store_state(command), expected);
            }

            assert_eq!(kdamond.store_state(c"off"), Ok(()));
            assert_eq!(state(&kdamond), Ok((false, -1)));
            // Once more does not hurt.
            assert_eq!(kdamond.store_state(c"off"), Ok(()));
            for command in ON_KDAMOND {
                assert_eq!(kdamond.store_state(command), Err(ECANCELED));
            }
        }
        Ok(())
    }

    #[test]
    fn commit_changes_a_running_kdamond() -> Result {
        let kdamond = kdamond()?;
        let intervals = |context: &Context| {
            let attrs = context.monitoring_attrs.attrs();
            (attrs.sample_interval, attrs.aggr_interval)
        };
        let set = |sample_us, aggr_us| {
            with_context(&kdamond, |context| {
                let mut attrs = context.monitoring_attrs.attrs();
                attrs.sample_interval = sample_us;
                attrs.aggr_interval = aggr_us;
                context.monitoring_attrs.update_tuned(&attrs);
            })
        };

        kdamond.store_state(c"on")?;
        set(1_000, 20_000)?;
        // Until it is committed it is not what the kdamond uses.
        kdamond.store_state(c"update_tuned_intervals")?;
        assert_eq!(with_context(&kdamond, intervals), Ok((5_000, 100_000)));

        set(1_000, 20_000)?;
        kdamond.store_state(c"commit")?;
        set(7, 8)?;
        kdamond.store_state(c"update_tuned_intervals")?;
        assert_eq!(with_context(&kdamond, intervals), Ok((1_000, 20_000)));

        // What is not valid leaves the kdamond as it was.
        set(8, 7)?;
        assert_eq!(kdamond.store_state(c"commit"), Err(EINVAL));
        kdamond.store_state(c"update_tuned_intervals")?;
        assert_eq!(with_context(&kdamond, intervals), Ok((1_000, 20_000)));
        kdamond.store_state(c"off")
    }

    #[test]
    fn everything_waits_for_nobody() -> Result {
        let kdamond = kdamond()?;
        let guard = DamonSysfsLock::try_lock()?;

        // The lock is tried for before the command is looked at.
        assert_eq!(kdamond.store_state(c"no_such"), Err(EBUSY));
        assert_eq!(state(&kdamond), Err(EBUSY));
        drop(guard);
        assert_eq!(kdamond.store_state(c"no_such"), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn addresses_have_a_unit() -> Result {
        let kdamond = kdamond()?;
        let start = |operations, unit| {
            with_context(&kdamond, |context| {
                context.operations.set(operations);
                context.addr_unit.set(unit);
            })?;
            let started = kdamond.store_state(c"on");
            if started.is_ok() {
                kdamond.store_state(c"off")?;
            }
            started
        };
        let units = [1, 2, 3, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, usize::MAX];

        for unit in units.into_iter().filter_map(NonZeroUsize::new) {
            let min_region_sz = (PAGE_SIZE / unit).max(1);
            let expected = if min_region_sz.is_power_of_two() {
                Ok(())
            } else {
                Err(EINVAL)
            };

            assert_eq!(start(Operations::Paddr, unit), expected);
            // The others do not care.
            assert_eq!(start(Operations::Vaddr, unit), Ok(()));
        }
        Ok(())
    }

    #[test]
    fn regions_are_in_order() -> Result {
        let cases: &[(&[(usize, usize)], bool)] = &[
            (&[], true),
            (&[(0, 0)], true),
            (&[(5, 3)], true),
            (&[(0, 1), (1, 2), (7, usize::MAX)], true),
            (&[(1, 3), (2, 4)], false),
            (&[(4, 5), (0, 1)], false),
            (&[(0, usize::MAX), (usize::MAX, 0), (0, 1)], true),
        ];

        for (ranges, valid) in cases {
            let regions = Dir::<Regions>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
            let mut guard = DamonSysfsLock::try_lock()?;
            let nr = i32::try_from(ranges.len())?;

            regions.regions.resize(regions.kobject(), &mut guard, nr)?;
            for (region, (start, end)) in regions.regions.list(&guard).iter().zip(*ranges) {
                region.start.set(*start);
                region.end.set(*end);
            }
            match regions.ranges(&guard) {
                Ok(found) => {
                    assert!(*valid);
                    assert!(found
                        .iter()
                        .map(|r| (r.start, r.end))
                        .eq(ranges.iter().copied()));
                }
                Err(e) => assert!(!*valid && e == EINVAL),
            }
        }
        Ok(())
    }
}
