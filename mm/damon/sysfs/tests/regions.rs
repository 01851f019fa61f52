// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of regions, given and found.

use super::*;
use crate::targets::Regions;
use core::num::NonZeroUsize;

#[kunit_tests(rust_damon_sysfs_regions)]
mod cases {
    use super::*;

    /// Returns the regions that the scheme of a kdamond was tried with, and the sum of their sizes.
    fn tried_regions(kdamond: &Dir<Kdamond>) -> Result<(KVec<(usize, usize)>, usize)> {
        let mut guard = kdamond.try_lock()?;
        let held = &guard.held();
        let schemes = kdamond.context(held)?.schemes.schemes.list(held)?;
        let tried = &schemes.first().ok_or(ENOENT)?.tried_regions;
        let mut regions = KVec::new();

        for region in tried.regions.list(held)? {
            regions.push((region.start.get(), region.end.get()), GFP_KERNEL)?;
        }
        Ok((regions, tried.total_bytes.get()))
    }

    #[test]
    fn an_obsolete_target_has_to_be_there() -> Result {
        let kdamond = kdamond()?;
        let set_target = |obsolete| {
            let mut guard = kdamond.try_lock()?;

            kdamond
                .contexts
                .contexts
                .with(&mut guard.held(), 0, |context, held| {
                    let targets = &context.targets;

                    targets.targets.resize(targets, held, 1, |target| {
                        target.obsolete_target.set(obsolete)
                    })
                })
        };

        kdamond.store_state(c"on")?;
        set_target(true)?;
        assert_eq!(kdamond.store_state(c"commit"), Err(EINVAL));
        set_target(false)?;
        assert_eq!(kdamond.store_state(c"commit"), Ok(()));
        // It is removed, and then is not there any more.
        set_target(true)?;
        assert_eq!(kdamond.store_state(c"commit"), Ok(()));
        assert_eq!(kdamond.store_state(c"commit"), Err(EINVAL));
        kdamond.store_state(c"off")
    }

    #[test]
    fn tried_regions_come_and_go() -> Result {
        let end = 16 * PAGE_SIZE;
        let kdamond = kdamond()?;
        let mut guard = kdamond.try_lock()?;
        let held = &mut guard.held();

        kdamond.contexts.contexts.with(held, 0, |context, held| {
            let (targets, schemes) = (&context.targets, &context.schemes);

            targets.targets.resize(targets, held, 1, |_| ())?;
            targets.targets.with(held, 0, |target, held| {
                let regions = &target.regions;

                regions
                    .regions
                    .resize(regions, held, 1, |region| region.end.set(end))
            })?;
            schemes.schemes.resize(schemes, held, 1, |scheme| {
                let pattern = &scheme.access_pattern;

                for range in [&pattern.sz, &pattern.nr_accesses, &pattern.age] {
                    range.max.set(usize::MAX);
                }
            })
        })?;
        drop(guard);
        kdamond.store_state(c"on")?;

        for _ in 0..2 {
            execute(&kdamond, c"update_schemes_tried_regions")?;
            let (regions, total) = tried_regions(&kdamond)?;
            // They follow each other, and are all there is.
            assert_eq!(total, end);
            assert_eq!(regions.first().map(|first| first.0), Some(0));
            assert_eq!(regions.last().map(|last| last.1), Some(end));
            assert!(regions
                .iter()
                .zip(regions.iter().skip(1))
                .all(|(this, next)| this.0 < this.1 && this.1 == next.0));
        }

        // The walks were over after each region.
        execute(&kdamond, c"update_schemes_stats")?;
        let mut guard = kdamond.try_lock()?;
        let held = &guard.held();
        let scheme = kdamond.context(held)?.schemes.schemes.list(held)?.first();
        assert!(scheme.is_some_and(|scheme| scheme.stats.nr_tried.get() >= 2));
        drop(guard);

        execute(&kdamond, c"update_schemes_tried_bytes")?;
        let (regions, total) = tried_regions(&kdamond)?;
        assert!(regions.is_empty() && total == end);

        execute(&kdamond, c"update_schemes_tried_regions")?;
        execute(&kdamond, c"clear_schemes_tried_regions")?;
        let (regions, total) = tried_regions(&kdamond)?;
        assert!(regions.is_empty() && total == 0);
        kdamond.store_state(c"off")
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
    fn physical_memory_is_one_target() -> Result {
        let kdamond = kdamond()?;
        let start = |operations, nr| {
            let mut guard = kdamond.try_lock()?;
            let held = &mut guard.held();

            kdamond.contexts.contexts.with(held, 0, |context, held| {
                let targets = &context.targets;

                context.operations.set(operations);
                targets.targets.resize(targets, held, 0, |_| ())?;
                targets.targets.resize(targets, held, nr, |target| {
                    target.pid_target.set(current!().pid())
                })
            })?;
            drop(guard);
            let started = kdamond.store_state(c"on");
            if started.is_ok() {
                kdamond.store_state(c"off")?;
            }
            started
        };

        assert_eq!(start(Operations::Paddr, 1), Ok(()));
        assert_eq!(start(Operations::Paddr, 2), Err(EINVAL));
        for nr in 0..3 {
            assert_eq!(start(Operations::Vaddr, nr), Ok(()));
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
            let regions = Root::<Regions>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
            let mut guard = regions.try_lock()?;
            let held = &mut guard.held();
            let nr = i32::try_from(ranges.len())?;

            regions.regions.resize(&regions, held, nr, |_| ())?;
            for (region, (start, end)) in regions.regions.list(held)?.iter().zip(*ranges) {
                region.start.set(*start);
                region.end.set(*end);
            }
            match regions.ranges(held) {
                Ok(found) => {
                    assert!(*valid);
                    assert!(found
                        .iter()
                        .map(|r| (r.start, r.end))
                        .eq(ranges.iter().copied()));
                }
                Err(e) => assert!(!*valid && e.errno() == EINVAL),
            }
        }
        Ok(())
    }
}
