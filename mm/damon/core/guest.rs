// SPDX-License-Identifier: GPL-2.0

//! Kdamonds of users who are not root.
//!
//! They run beside each other and beside those that are not exclusive, which do not notice. What is
//! exclusive comes first: it stops them, and as long as it runs they are not started.

use crate::{
    prelude::*,
    running::damon_is_running, //
};

/// Starts the context of a user.
///
/// `trial` tries whether its parameters are valid. `owner` is whom to stop it together with.
///
/// # Errors
///
/// - [`EINVAL`] if the parameters are not valid.
/// - [`EBUSY`] if the context is running already, or an exclusive group is.
/// - [`ENOMEM`] if there is no memory, and what else the creation of a thread can fail with.
pub(crate) fn start<'a>(
    ctx: Startable<'a>,
    owner: usize,
    trial: impl Fn(Startable<'a>) -> Result,
) -> Result {
    if damon_is_running(ctx.shared()) {
        return Err(EBUSY);
    }
    trial(ctx)?;

    let mut running = RUNNING.lock();
    running.admit(false)?;
    // CAST: The number is for the name only.
    let nr = running.nr().wrapping_add(running.guests.len() as u32) as i32;
    ctx.run_guest(nr, owner, &mut running)
}

/// Stops the kdamonds that belong to `owner`, or to any user, and waits until they have ended.
pub(crate) fn stop(owner: Option<usize>) {
    loop {
        let stopping = stop_guest(&mut RUNNING.lock(), owner);
        match stopping {
            Some(stopping) => stopping.wait(),
            None => return,
        }
    }
}

/// Finds out how many regions may be made until this is called again, for the context of a user.
///
/// Splitting for quotas and filters goes on between two merges, however long that is.
pub(crate) fn bound_regions(ctx: &mut Context<'_>) {
    let Some(guest) = ctx.guest() else {
        return;
    };
    let nr = ctx.targets().iter().fold(0, |sum: usize, target| {
        sum.saturating_add(usize::from_safe_cast(target.nr_regions()))
    });
    let room = guest.max_nr_regions.saturating_sub(nr);

    ctx.parts().private.pool.set_room(room);
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_guest)]
mod tests {
    use super::*;
    use crate::{
        model::{
            OwnedContext,
            TestContext, //
        },
        regions::damon_apply_min_nr_regions,
        running::{
            damon_start,
            damon_stop, //
        },
    };

    /// The context of a user who may have `max_nr_regions` regions.
    fn guest(max_nr_regions: usize) -> Guest {
        Guest {
            owner: 0,
            viewer: ptr::null_mut(),
            memcg: ptr::null_mut(),
            max_nr_regions,
        }
    }

    /// How many regions there are of an address space that is to be split into ten at least.
    fn regions_with(max_nr_regions: Option<usize>) -> Result<u32> {
        let mut owned = OwnedContext::new()?;
        let mut ctx = owned.as_context();
        let target = Target::new()?;

        if let Some(max) = max_nr_regions {
            ctx.set_guest(guest(max));
        }
        ctx.set_min_region_sz(1);
        ctx.targets_mut().push(target);
        if let Some(mut target) = ctx.targets_mut().iter_mut().last() {
            let all = AddrRange { start: 0, end: 100 };
            crate::regions::damon_set_regions(&mut target, &[all], 1)?;
        }
        bound_regions(&mut ctx);
        damon_apply_min_nr_regions(&mut ctx, None);
        let nr = ctx.targets().iter().map(|target| target.nr_regions()).sum();
        Ok(nr)
    }

    #[test]
    fn a_user_has_as_many_regions_as_he_may() -> Result {
        assert_eq!(regions_with(None)?, 10);
        for (max, nr) in [(0, 1), (1, 1), (2, 2), (9, 9), (10, 10), (11, 10)] {
            assert_eq!(regions_with(Some(max))?, nr);
        }
        Ok(())
    }

    /// A context that runs until it is stopped: nothing tells that its targets are gone.
    fn started(owner: usize) -> Result<TestContext> {
        let ctx = TestContext::new()?;

        start(ctx.startable(), owner, |_| Ok(()))?;
        Ok(ctx)
    }

    fn runs(ctx: &TestContext) -> bool {
        damon_is_running(ctx.startable().shared())
    }

    #[test]
    fn those_of_an_owner_are_stopped_together() -> Result {
        let before = RUNNING.lock().nr();
        let ctxs = [started(1)?, started(2)?, started(1)?];

        // Others do not see them.
        assert_eq!(RUNNING.lock().nr(), before);
        stop(Some(3));
        assert!(ctxs.iter().all(runs));
        stop(Some(1));
        assert!(ctxs.each_ref().map(runs) == [false, true, false]);
        stop(None);
        assert!(!ctxs.iter().any(runs));
        assert_eq!(RUNNING.lock().guests.len(), 0);
        Ok(())
    }

    #[test]
    fn what_is_exclusive_comes_first() -> Result {
        let (user, exclusive) = (started(1)?, TestContext::new()?);

        damon_start([exclusive.startable()].into_iter(), true, |_| Ok(()))?;
        assert!(!runs(&user));
        assert_eq!(start(user.startable(), 1, |_| Ok(())), Err(EBUSY));
        damon_stop([exclusive.startable().shared()].into_iter());
        start(user.startable(), 1, |_| Ok(()))
    }
}
