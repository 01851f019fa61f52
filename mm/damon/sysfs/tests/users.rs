// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of what users may do.

use super::*;
use crate::{
    grant::Grant,
    kdamonds::Kdamonds,
    targets::Regions,
    users::User, //
};
use kernel::kobject::{
    Held,
    Owner, //
};

/// The owner of the trees of the tests, who runs these.
const OWNER: Owner = Owner { uid: 0, gid: 0 };

/// Gives a new directory to a user, and calls `f` with his kdamonds, of which there is one, and
/// with the lock of them.
fn with_kdamonds<R>(
    set: impl FnOnce(&User),
    f: impl FnOnce(&Dir<Kdamonds>, &mut Held<'_>) -> Result<R>,
) -> Result<R> {
    let user = Root::<User>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
    let mut guard = user.try_lock()?;
    let held = &mut guard.held();

    set(&user);
    user.give(held, Some(OWNER))?;
    let kdamonds = user.kdamonds.get(held)?.ok_or(ENOENT)?;
    let mut inner = kdamonds.try_lock()?;
    let held = &mut inner.held();
    kdamonds.kdamonds.resize(kdamonds, held, 1, |_| ())?;
    f(kdamonds, held)
}

/// Calls `f` with the one context of the kdamond, which is made.
fn with_new_context<R>(
    kdamonds: &Dir<Kdamonds>,
    held: &mut Held<'_>,
    f: impl FnOnce(&Dir<Context>, &mut Held<'_>) -> Result<R>,
) -> Result<R> {
    kdamonds.kdamonds.with(held, 0, |kdamond, held| {
        let contexts = &kdamond.contexts;

        contexts
            .contexts
            .resize(contexts, held, 1, |context| contexts.fit(context))?;
        contexts.contexts.with(held, 0, f)
    })
}

/// What a file of a user shows.
fn uid(user: &User) -> Result<i32> {
    let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
    let mut out = Output::new(&mut page);
    user.show_uid(&mut out)?;
    let mut text = KVec::new();
    text.extend_from_slice(out.as_bytes(), GFP_KERNEL)?;
    text.push(0, GFP_KERNEL)?;
    i32::parse(CStr::from_bytes_with_nul(&text).map_err(|_| EINVAL)?)
}

#[kunit_tests(rust_damon_sysfs_users)]
mod cases {
    use super::*;

    #[test]
    fn a_directory_is_given_and_taken() -> Result {
        let user = Root::<User>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
        let has_kdamonds = || -> Result<bool> {
            let mut guard = user.try_lock()?;
            let held = &guard.held();

            Ok(user.kdamonds.get(held)?.is_some())
        };

        for (input, result, shown, has) in [
            (c"1000\n", Ok(()), 1000, true),
            (c"x", Err(EINVAL), 1000, true),
            (c"-2", Err(EINVAL), 1000, true),
            (c"4294967295", Err(EINVAL), 1000, true),
            (c"4294967296", Err(EINVAL), 1000, true),
            (c"", Err(EINVAL), 1000, true),
            (c"1000", Ok(()), 1000, true),
            (c"-1\n", Ok(()), -1, false),
            (c"-1", Ok(()), -1, false),
            (c"0", Ok(()), 0, true),
        ] {
            assert_eq!(user.store_uid(input), result);
            assert_eq!(uid(&user)?, shown);
            assert_eq!(has_kdamonds()?, has);
        }
        let guard = user.try_lock()?;
        assert_eq!(user.store_uid(c"-1"), Err(EBUSY));
        drop(guard);
        Ok(())
    }

    #[test]
    fn limits_are_those_of_the_moment() -> Result {
        let user = Root::<User>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
        let mut guard = user.try_lock()?;
        let held = &mut guard.held();

        user.give(held, Some(OWNER))?;
        let kdamonds = user.kdamonds.get(held)?.ok_or(ENOENT)?;
        let limits = Grant::of(kdamonds).limits();
        assert_eq!(limits.max_kdamonds, 1);
        assert_eq!(limits.max_targets, 16);
        assert_eq!(limits.max_regions, 1_000);
        assert_eq!(limits.max_schemes, 4);
        assert_eq!(limits.min_sample_us, 5_000);

        user.limits.max_kdamonds.set(3);
        user.limits.max_regions.set(u32::MAX);
        let mut inner = kdamonds.try_lock()?;
        assert_eq!(kdamonds.limit(&inner.held())?, 3);
        assert_eq!(Grant::of(kdamonds).limits().max_regions, i32::MAX);
        Ok(())
    }

    #[test]
    fn what_is_not_for_users_is_refused() -> Result {
        with_kdamonds(
            |_| (),
            |kdamonds, held| {
                with_new_context(kdamonds, held, |context, _| {
                    assert_eq!(context.store_operations(c"paddr"), Err(EINVAL));
                    assert_eq!(context.store_operations(c"no"), Err(EINVAL));
                    assert_eq!(context.store_operations(c"fvaddr\n"), Ok(()));
                    Ok(())
                })
            },
        )?;
        let kdamond = kdamond()?;
        let mut guard = kdamond.try_lock()?;
        kdamond
            .contexts
            .contexts
            .with(&mut guard.held(), 0, |context, _| {
                assert_eq!(context.store_operations(c"paddr"), Ok(()));
                Ok(())
            })
    }

    #[test]
    fn defaults_are_allowed() -> Result {
        with_kdamonds(
            |user| {
                user.limits.max_regions.set(20);
                user.limits.min_sample_us.set(200_000);
            },
            |kdamonds, held| {
                let grant = Grant::of(kdamonds);

                with_new_context(kdamonds, held, |context, _| {
                    let attrs = context.monitoring_attrs.attrs();

                    assert_eq!((attrs.min_nr_regions, attrs.max_nr_regions), (10, 20));
                    assert_eq!(attrs.sample_interval, 200_000);
                    assert_eq!(attrs.aggr_interval, 200_000);
                    assert!(context.monitoring_attrs.check(grant).is_ok());
                    Ok(())
                })
            },
        )
    }

    #[test]
    fn attributes_are_checked_at_their_edges() -> Result {
        with_kdamonds(
            |_| (),
            |kdamonds, held| {
                let grant = Grant::of(kdamonds);

                with_new_context(kdamonds, held, |context, _| {
                    let attrs = &context.monitoring_attrs;
                    let mut tuned = attrs.attrs();

                    for (sample_us, allowed) in [(4_999, false), (5_000, true), (0, false)] {
                        tuned.sample_interval = sample_us;
                        attrs.update_tuned(&tuned);
                        assert_eq!(attrs.check(grant).is_ok(), allowed);
                    }
                    Ok(())
                })
            },
        )
    }

    #[test]
    fn regions_of_all_targets_count() -> Result {
        with_kdamonds(
            |user| user.limits.max_regions.set(10),
            |kdamonds, held| {
                with_new_context(kdamonds, held, |context, held| {
                    let targets = &context.targets;
                    targets.targets.resize(targets, held, 2, |_| ())?;
                    let left = |held: &Held<'_>, nr: usize| -> Result<i32> {
                        let target = targets.targets.list(held)?.get(nr).ok_or(ENOENT)?;
                        Regions::limit(&target.regions, held)
                    };
                    let set = |held: &mut Held<'_>, nr: usize, number: i32| {
                        targets.targets.with(held, nr, |target, held| {
                            let regions = &target.regions;
                            regions.regions.resize(regions, held, number, |_| ())
                        })
                    };

                    assert_eq!(left(held, 0)?, 10);
                    set(held, 0, 4)?;
                    // Its own are replaced.
                    assert_eq!((left(held, 0)?, left(held, 1)?), (10, 6));
                    set(held, 1, 6)?;
                    assert_eq!((left(held, 0)?, left(held, 1)?), (4, 6));
                    Ok(())
                })
            },
        )
    }

    #[test]
    fn commands_end_with_what_was_given() -> Result {
        let user = Root::<User>::publish(mm_kobj().ok_or(ENODEV)?, c"damon_kunit")?;
        let mut guard = user.try_lock()?;
        let held = &mut guard.held();

        user.give(held, Some(OWNER))?;
        let kdamonds = user.kdamonds.get(held)?.ok_or(ENOENT)?;
        let mut inner = kdamonds.try_lock()?;
        let inner_held = &mut inner.held();
        kdamonds.kdamonds.resize(kdamonds, inner_held, 1, |_| ())?;
        let mut kept: Option<kernel::sync::aref::ARef<Dir<Kdamond>>> = None;
        kdamonds.kdamonds.with(inner_held, 0, |kdamond, _| {
            kept = Some(kdamond.into());
            Ok(())
        })?;
        drop(inner);
        let kdamond = kept.ok_or(ENOENT)?;

        // There is no context.
        assert_eq!(kdamond.store_state(c"on"), Err(EINVAL));
        user.give(held, None)?;
        assert_eq!(kdamond.store_state(c"on"), Err(ENODEV));
        Ok(())
    }
}
