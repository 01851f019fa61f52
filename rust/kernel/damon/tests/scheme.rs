// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of schemes and probes, mostly of running kdamonds.

#[macros::kunit_tests(rust_damon_scheme)]
mod cases {
    use crate::damon::{
        tests::util::{
            paddr,
            wait_for,
            SIZE, //
        },
        AccessPattern,
        Action,
        AddrRange,
        Attrs,
        Context,
        Exclusivity,
        Filter,
        FilterKind,
        Goal,
        GoalMetric,
        GoalTuner,
        Kdamond,
        OpsId,
        ProbeFilter,
        ProbeFilterKind,
        Quota,
        Scheme,
        Watermarks,
        WmarkMetric,
        MAX_PROBES, //
    };
    use crate::{
        memcg::MemcgId,
        page::PAGE_SIZE,
        prelude::*, //
    };

    /// Returns the number and total size of the regions of one walk, and checks them.
    fn walk(kdamond: &Kdamond) -> Result<(usize, usize)> {
        let (mut nr, mut sz) = (0, 0);

        kdamond.walk(|visit| {
            let AddrRange { start, end } = visit.range();

            assert!(start < end && end <= SIZE);
            assert_eq!(visit.scheme_index(), 0);
            assert!(visit.nr_accesses() <= 10);
            nr += 1;
            sz += end - start;
        })?;
        Ok((nr, sz))
    }

    #[test]
    fn stat_counts_what_walk_visits() -> Result {
        let mut ctx = paddr()?;

        ctx.add_scheme(&Scheme::new(Action::Stat))?;
        let kdamond = ctx.start(Exclusivity::Shared)?;
        let (nr, sz) = walk(&kdamond)?;
        assert!(nr > 0);
        assert_eq!(sz, SIZE);

        let stat = kdamond.call(|k| k.schemes().next().map(|s| s.stat()))?;
        let stat = stat.ok_or(EINVAL)?;
        assert!(stat.nr_tried >= nr);
        assert!(stat.sz_tried >= SIZE);
        assert!(stat.nr_snapshots > 0);
        assert_eq!(stat.qt_exceeds, 0);
        assert_eq!(stat.sz_tried % SIZE, 0);
        Ok(())
    }

    #[test]
    fn walk_errors() -> Result {
        // Without schemes, and in the kdamond itself.
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;
        assert_eq!(kdamond.walk(|_| ()), Err(ECANCELED));
        assert_eq!(kdamond.call(|_| kdamond.walk(|_| ())), Ok(Err(EDEADLK)));

        // A paused kdamond has no walks.
        let mut new = paddr()?;
        new.add_scheme(&Scheme::new(Action::Stat))?;
        new.set_paused(true);
        kdamond.commit(new)?;
        assert_eq!(kdamond.walk(|_| ()), Err(ECANCELED));

        let mut new = paddr()?;
        new.add_scheme(&Scheme::new(Action::Stat))?;
        kdamond.commit(new)?;
        let mut inner = None;
        kdamond.walk(|_| inner = Some((kdamond.walk(|_| ()), kdamond.call(|_| ()))))?;
        assert_eq!(inner, Some((Err(EDEADLK), Err(EDEADLK))));

        kdamond.stop();
        assert_eq!(kdamond.walk(|_| ()), Err(ECANCELED));
        Ok(())
    }

    #[test]
    fn walk_visits_each_scheme() -> Result {
        let mut ctx = paddr()?;

        for apply_interval_us in [0, 2_000, 10_000] {
            ctx.add_scheme(&Scheme {
                apply_interval_us,
                ..Scheme::new(Action::Stat)
            })?;
        }
        // No region is empty.
        ctx.add_scheme(&Scheme {
            pattern: AccessPattern {
                max_sz_region: 0,
                ..AccessPattern::ANY
            },
            ..Scheme::new(Action::Stat)
        })?;
        let kdamond = ctx.start(Exclusivity::Shared)?;
        let mut sizes = [0; 4];
        let mut hits = 0;

        kdamond.walk(|visit| {
            if let Some(size) = sizes.get_mut(visit.scheme_index()) {
                *size += visit.range().end - visit.range().start;
            }
            hits += visit.probe_hits().count();
        })?;
        assert_eq!(sizes.map(|size| size >= SIZE), [true, true, true, false]);
        assert_eq!((sizes[3], hits), (0, 0));
        Ok(())
    }

    #[test]
    fn core_filters_restrict() -> Result {
        let half = AddrRange {
            start: 0,
            end: SIZE / 2,
        };
        // (kind, matching, allow, size)
        let cases = [
            (FilterKind::Addr(half), true, true, SIZE / 2),
            (FilterKind::Addr(half), true, false, SIZE / 2),
            (FilterKind::Addr(half), false, true, SIZE / 2),
            (FilterKind::Target(0), true, true, SIZE),
            (FilterKind::Target(0), true, false, 0),
            (FilterKind::Target(1), true, false, SIZE),
            (FilterKind::Target(-1), true, true, 0),
        ];

        for (kind, matching, allow, size) in cases {
            let mut ctx = paddr()?;

            ctx.add_scheme(&Scheme::new(Action::Stat))?
                .add_filter(Filter {
                    kind,
                    matching,
                    allow,
                })?;
            let kdamond = ctx.start(Exclusivity::Shared)?;
            assert_eq!(walk(&kdamond)?.1, size);
        }
        Ok(())
    }

    #[test]
    fn filters_check_ranges() -> Result {
        let addr = |start, end| FilterKind::Addr(AddrRange { start, end });
        let huge = |min, max| FilterKind::HugepageSize { min, max };
        let cases = [
            (FilterKind::Anon, true, Ok(())),
            (FilterKind::Active, true, Ok(())),
            (FilterKind::Memcg(MemcgId::from_raw(u64::MAX)), true, Ok(())),
            (FilterKind::Young, true, Ok(())),
            (FilterKind::Unmapped, true, Ok(())),
            (huge(0, 0), true, Ok(())),
            (huge(0, usize::MAX), true, Ok(())),
            (huge(1, 0), true, Err(EINVAL)),
            (addr(0, 0), false, Ok(())),
            (addr(0, usize::MAX), false, Ok(())),
            (addr(usize::MAX, usize::MAX - 1), false, Err(EINVAL)),
            (FilterKind::Target(i32::MIN), false, Ok(())),
        ];

        for (kind, is_for_ops, expected) in cases {
            let mut ctx = paddr()?;

            assert_eq!(kind.is_for_ops(), is_for_ops);
            let result = ctx
                .add_scheme(&Scheme::new(Action::Stat))?
                .add_filter(Filter {
                    kind,
                    matching: true,
                    allow: true,
                });
            assert_eq!(result, expected);
            let kdamond = ctx.start(Exclusivity::Shared)?;
            assert_eq!(kdamond.walk(|_| ()), Ok(()));
        }
        Ok(())
    }

    #[test]
    fn goals_are_checked() -> Result {
        let memcg = MemcgId::from_raw(1);
        let metrics = [
            GoalMetric::UserInput { current: 0 },
            GoalMetric::SomeMemPsiUs,
            GoalMetric::NodeMemUsedBp { nid: 0 },
            GoalMetric::NodeMemFreeBp { nid: i32::MAX },
            GoalMetric::NodeMemcgUsedBp { nid: -1, memcg },
            GoalMetric::NodeMemcgFreeBp { nid: 0, memcg },
            GoalMetric::ActiveMemBp,
            GoalMetric::InactiveMemBp,
            GoalMetric::NodeEligibleMemBp { nid: 0 },
        ];

        for ops in [OpsId::Paddr, OpsId::Vaddr] {
            for metric in metrics {
                let mut ctx = Context::new()?;
                let goal = |target_value| Goal {
                    metric,
                    target_value,
                };

                ctx.select_ops(ops)?;
                let mut scheme = ctx.add_scheme(&Scheme::new(Action::Stat))?;
                assert_eq!(scheme.add_goal(goal(0)), Err(EINVAL));
                assert_eq!(scheme.add_goal(goal(1)), Ok(()));
                assert_eq!(scheme.add_goal(goal(usize::MAX)), Ok(()));

                let only_paddr = matches!(metric, GoalMetric::NodeEligibleMemBp { .. });
                let starts = ops == OpsId::Paddr || !only_paddr;
                assert_eq!(ctx.start(Exclusivity::Shared).is_ok(), starts);
            }
        }
        Ok(())
    }

    #[test]
    fn commit_goals_tunes_the_quota() -> Result {
        let sz = 16 * PAGE_SIZE;
        let goal = |current| Goal {
            metric: GoalMetric::UserInput { current },
            target_value: 100,
        };
        let mut ctx = paddr()?;

        ctx.add_scheme(&Scheme {
            quota: Quota {
                reset_interval_ms: 1,
                sz,
                goal_tuner: GoalTuner::Temporal,
                ..Quota::default()
            },
            ..Scheme::new(Action::Stat)
        })?
        .add_goal(goal(0))?;
        let kdamond = ctx.start(Exclusivity::Shared)?;
        let esz = || -> Result<usize> {
            kdamond
                .call(|k| k.schemes().next().map(|s| s.effective_quota()))?
                .ok_or(EINVAL)
        };

        wait_for(|| Ok(esz()? == sz))?;
        // Achieved, exceeded, and not achieved again.
        for (current, expected) in [(100, 0), (usize::MAX / 20_000, 0), (99, sz)] {
            kdamond.call(|k| k.commit_goals(0, &[goal(current)]))??;
            wait_for(|| Ok(esz()? == expected))?;
        }
        // More goals, then none.
        kdamond.call(|k| k.commit_goals(0, &[goal(99), goal(100), goal(1)]))??;
        wait_for(|| Ok(esz()? == 0))?;
        let bad = Goal {
            metric: GoalMetric::ActiveMemBp,
            target_value: 0,
        };
        let result = kdamond.call(|k| k.commit_goals(0, &[goal(0), bad]))?;
        assert_eq!(result, Err(EINVAL));
        assert_eq!(kdamond.call(|k| k.commit_goals(1, &[]))?, Err(ENOENT));
        kdamond.call(|k| k.commit_goals(0, &[]))??;
        wait_for(|| Ok(esz()? == sz))
    }

    #[test]
    fn quota_is_exceeded() -> Result {
        let mut ctx = paddr()?;

        ctx.add_scheme(&Scheme {
            quota: Quota {
                reset_interval_ms: 10,
                sz: PAGE_SIZE,
                ..Quota::default()
            },
            ..Scheme::new(Action::Stat)
        })?;
        let kdamond = ctx.start(Exclusivity::Shared)?;
        wait_for(|| kdamond.call(|k| k.schemes().any(|s| s.stat().qt_exceeds > 0)))
    }

    #[test]
    fn snapshots_are_limited() -> Result {
        let mut ctx = paddr()?;

        ctx.add_scheme(&Scheme::new(Action::Stat))?
            .set_max_nr_snapshots(1);
        let kdamond = ctx.start(Exclusivity::Shared)?;
        let nr = || kdamond.call(|k| k.schemes().map(|s| s.stat().nr_snapshots).sum::<usize>());

        wait_for(|| Ok(nr()? == 1))?;
        assert_eq!(walk(&kdamond), Ok((0, 0)));
        assert_eq!(nr(), Ok(1));
        Ok(())
    }

    #[test]
    fn dests_are_replaced_and_committed() -> Result {
        let new = |dests: &[&[(u32, u32)]]| -> Result<Context> {
            let mut ctx = paddr()?;
            let mut scheme = ctx.add_scheme(&Scheme::new(Action::MigrateCold))?;

            for dests in dests {
                scheme.set_dests(dests)?;
            }
            Ok(ctx)
        };
        let many = [(0, u32::MAX), (u32::MAX, 1), (7, 0)];
        let kdamond = new(&[&many, &[], &[(0, 1)]])?.start(Exclusivity::Shared)?;

        for dests in [&[][..], &many, &[], &[(0, 0)], &many] {
            kdamond.commit(new(&[dests])?)?;
            assert_eq!(kdamond.call(|k| k.schemes().count()), Ok(1));
        }
        Ok(())
    }

    #[test]
    fn inactive_scheme_pauses() -> Result {
        let mut ctx = paddr()?;

        // The metric is at most 1,000.
        ctx.add_scheme(&Scheme {
            watermarks: Watermarks {
                metric: WmarkMetric::FreeMemRate,
                interval_us: 1_000,
                high: 3_000,
                mid: 2_500,
                low: 2_000,
            },
            ..Scheme::new(Action::Stat)
        })?;
        let kdamond = ctx.start(Exclusivity::Shared)?;
        assert_eq!(kdamond.walk(|_| ()), Err(ECANCELED));
        assert_eq!(
            kdamond.call(|k| k.schemes().map(|s| s.stat().nr_tried).sum::<usize>()),
            Ok(0)
        );
        Ok(())
    }

    #[test]
    fn probes_are_limited_and_counted() -> Result {
        // (weights, samplings in an aggregation, result of the start)
        let cases: [(&[u32], usize, Result); 7] = [
            (&[], 256, Ok(())),
            (&[0], 256, Ok(())),
            (&[1], 255, Ok(())),
            (&[1], 256, Err(EINVAL)),
            (&[u32::MAX, 1], 1, Err(EINVAL)),
            (&[u32::MAX / 2, u32::MAX / 2], 1, Ok(())),
            (&[1, 0, 2, 3], 5, Ok(())),
        ];

        for (weights, samples, expected) in cases {
            let mut ctx = paddr()?;

            for &weight in weights {
                let mut probe = ctx.add_probe(weight)?;

                for kind in [
                    ProbeFilterKind::Anon,
                    ProbeFilterKind::Memcg(MemcgId::from_raw(0)),
                ] {
                    probe.add_filter(ProbeFilter {
                        kind,
                        matching: true,
                        allow: false,
                    })?;
                }
            }
            ctx.set_attrs(&Attrs {
                sample_interval: 100,
                aggr_interval: 100 * samples,
                ..Attrs::default()
            })?;
            ctx.add_scheme(&Scheme::new(Action::Stat))?;

            let kdamond = ctx.start(Exclusivity::Shared);
            assert_eq!(kdamond.as_ref().map(|_| ()).map_err(|&err| err), expected);
            let Ok(kdamond) = kdamond else {
                continue;
            };
            let mut nr = None;
            kdamond.walk(|visit| nr = Some(visit.probe_hits().count()))?;
            assert_eq!(nr, Some(weights.len()));
        }

        let mut ctx = Context::new()?;
        for _ in 0..MAX_PROBES {
            ctx.add_probe(1)?;
        }
        for _ in 0..2 {
            assert_eq!(ctx.add_probe(1).err(), Some(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn repeated_call_can_commit() -> Result {
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut new = paddr()?;

        new.add_scheme(&Scheme::new(Action::Stat))?;
        kdamond.call_repeatedly(move |k| {
            if k.schemes().next().is_none() {
                let _ = k.commit(&mut new);
            }
        })?;
        wait_for(|| kdamond.call(|k| k.schemes().count() == 1))?;
        kdamond.walk(|_| ())
    }
}
