// SPDX-License-Identifier: GPL-2.0

//! KUnit tests.

use kernel::{
    kobject::{
        mm_kobj,
        AttrValue,
        Dir,
        Output,
        Root, //
    },
    page::PAGE_SIZE,
    prelude::*,
    str::CStr,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

use crate::{
    contexts::{
        Context,
        Operations, //
    },
    kdamonds::Kdamond,
    refresh_ms::{
        RefreshMs,
        RefreshTimer, //
    }, //
};

mod regions;
mod table;

#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod users;

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

/// A kdamond of the tests' own, with one context that monitors nothing of the physical memory.
fn kdamond() -> Result<Root<Kdamond>> {
    let kdamond = Root::<Kdamond>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;

    set_nr_contexts(&kdamond, 1)?;
    with_context(&kdamond, |context| {
        context.operations.set(Operations::Paddr)
    })?;
    Ok(kdamond)
}

/// Makes `nr` contexts, as a write to `nr_contexts` does.
fn set_nr_contexts(kdamond: &Dir<Kdamond>, nr: i32) -> Result {
    let contexts = &kdamond.contexts;

    contexts
        .contexts
        .resize(contexts, &mut kdamond.try_lock()?.held(), nr, |_| ())
}

/// Does something with the context of a kdamond.
fn with_context<R>(kdamond: &Dir<Kdamond>, f: impl FnOnce(&Context) -> R) -> Result<R> {
    Ok(f(kdamond.context(&kdamond.try_lock()?.held())?))
}

/// What `state` and `pid` say.
fn state(kdamond: &Dir<Kdamond>) -> Result<(bool, i32)> {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Output::new(&mut page);
    kdamond.show_state(&mut out)?;
    let on = match out.as_bytes() {
        b"on\n" => true,
        b"off\n" => false,
        _ => return Err(EINVAL),
    };

    let mut out = Output::new(&mut page);
    kdamond.show_pid(&mut out)?;
    let mut pid = KVec::new();
    pid.extend_from_slice(out.as_bytes(), GFP_KERNEL)?;
    pid.push(0, GFP_KERNEL)?;
    let pid = CStr::from_bytes_with_nul(&pid).map_err(|_| EINVAL)?;

    Ok((on, i32::parse(pid)?))
}

/// Executes a command.
///
/// For a moment after a walk through the regions has ended, the core may say that there is one
/// already.
fn execute(kdamond: &Dir<Kdamond>, command: &CStr) -> Result {
    for _ in 0..10_000 {
        match kdamond.store_state(command) {
            Err(e) if e == EBUSY => fsleep(Delta::from_micros(100)),
            result => return result,
        }
    }
    Err(EBUSY)
}

#[kunit_tests(rust_damon_sysfs)]
mod cases {
    use super::*;

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
                assert_eq!(execute(&kdamond, command), expected);
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
    fn refreshes_are_due_when_the_interval_says() {
        let begin = Instant::<Monotonic>::now();
        // The first interval, and (milliseconds since the begin, the interval, whether it is over).
        type Steps = &'static [(i64, u32, bool)];
        let cases: &[(u32, Steps)] = &[
            (
                10,
                &[
                    (0, 10, false),
                    (9, 10, false),
                    (10, 10, true),
                    (19, 10, false),
                    (20, 10, true),
                ],
            ),
            // One that is late does not make the next one early.
            (10, &[(15, 10, true), (24, 10, false), (25, 10, true)]),
            // A new interval begins when it is seen.
            (10, &[(5, 20, false), (24, 20, false), (25, 20, true)]),
            (
                1_000_000,
                &[(500, 10, false), (509, 10, false), (510, 10, true)],
            ),
            // After none, it is time at once.
            (
                0,
                &[(5, 0, false), (6, 1_000_000, true), (7, 1_000_000, false)],
            ),
            (
                10,
                &[
                    (5, 0, false),
                    (20, 0, false),
                    (21, 10, true),
                    (30, 10, false),
                    (31, 10, true),
                ],
            ),
            // The longest ones.
            (
                1 << 31,
                &[((1 << 31) - 1, 1 << 31, false), (1 << 31, 1 << 31, true)],
            ),
            (
                u32::MAX,
                &[
                    (4_294_967_294, u32::MAX, false),
                    (4_294_967_295, u32::MAX, true),
                ],
            ),
        ];

        for (first, steps) in cases {
            let refresh = RefreshMs::default();
            refresh.set(*first);
            let mut timer = RefreshTimer::new(&refresh, begin);
            for (at, ms, expected) in *steps {
                refresh.set(*ms);
                assert_eq!(
                    timer.is_due(&refresh, begin + Delta::from_millis(*at)),
                    *expected
                );
            }
        }
    }

    #[test]
    fn refresh_ms_after_none_is_seen_late() {
        let begin = Instant::now();
        let refresh = RefreshMs::default();

        refresh.set(1_000);
        let mut timer = RefreshTimer::new(&refresh, begin);
        assert!(!timer.is_due(&refresh, begin));
        // Both between two samples.
        refresh.set(0);
        refresh.set(1_000);
        assert!(timer.is_due(&refresh, begin));
        assert!(!timer.is_due(&refresh, begin));
        refresh.set(0);
        refresh.set(1_000);
        refresh.set(0);
        assert!(!timer.is_due(&refresh, begin));
    }

    #[test]
    fn everything_waits_for_nobody() -> Result {
        let kdamond = kdamond()?;
        let guard = kdamond.try_lock()?;

        // The lock is tried for before the command is looked at.
        assert_eq!(kdamond.store_state(c"no_such"), Err(EBUSY));
        // Nothing needs it to be read.
        assert_eq!(state(&kdamond), Ok((false, -1)));
        drop(guard);
        assert_eq!(kdamond.store_state(c"no_such"), Err(EINVAL));
        Ok(())
    }
}
