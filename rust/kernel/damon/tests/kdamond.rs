// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of running kdamonds.

#[macros::kunit_tests(rust_damon_kdamond)]
mod cases {
    use crate::damon::{
        nr_running_ctxs,
        tests::util::paddr,
        Attrs,
        Context,
        Exclusivity,
        OpsId, //
    };
    use crate::{
        pid::Pid,
        prelude::*,
        time::{
            delay::fsleep,
            Delta, //
        }, //
    };

    /// Waits until the kdamonds that ended by themselves are not counted anymore.
    fn wait_for_nr_running_ctxs(nr: u32) -> Result {
        for _ in 0..1_000 {
            if nr_running_ctxs() == nr {
                return Ok(());
            }
            fsleep(Delta::from_millis(1));
        }
        Err(ETIMEDOUT)
    }

    fn assert_send_sync<T: Send + Sync>(_: &T) {}

    #[test]
    fn start_and_stop() -> Result {
        let nr = nr_running_ctxs();
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;

        assert_send_sync(&kdamond);
        assert!(kdamond.is_running());
        assert!(kdamond.pid().is_some_and(|pid| pid > 0));
        assert_eq!(nr_running_ctxs(), nr + 1);

        // Idempotent.
        kdamond.stop();
        kdamond.stop();
        assert!(!kdamond.is_running());
        assert_eq!(kdamond.pid(), None);
        assert_eq!(nr_running_ctxs(), nr);
        Ok(())
    }

    #[test]
    fn drop_stops() -> Result {
        let nr = nr_running_ctxs();

        drop(paddr()?.start(Exclusivity::Shared)?);
        assert_eq!(nr_running_ctxs(), nr);
        Ok(())
    }

    #[test]
    fn shared_beside_shared() -> Result {
        let mut a = paddr()?.start(Exclusivity::Shared)?;
        let mut b = paddr()?.start(Exclusivity::Shared)?;

        assert!(a.pid() != b.pid());
        a.stop();
        assert!(b.is_running());
        let c = paddr()?.start(Exclusivity::Shared)?;
        b.stop();
        assert!(c.is_running());
        Ok(())
    }

    #[test]
    fn exclusive_runs_alone() -> Result {
        wait_for_nr_running_ctxs(0)?;
        let shared = paddr()?.start(Exclusivity::Shared)?;

        assert_eq!(paddr()?.start(Exclusivity::Exclusive).err(), Some(EBUSY));
        drop(shared);

        let exclusive = paddr()?.start(Exclusivity::Exclusive)?;
        for exclusivity in [Exclusivity::Shared, Exclusivity::Exclusive] {
            assert_eq!(paddr()?.start(exclusivity).err(), Some(EBUSY));
        }
        assert!(exclusive.is_running());
        drop(exclusive);

        paddr()?.start(Exclusivity::Shared)?;
        Ok(())
    }

    #[test]
    fn start_needs_operations_and_pids() -> Result {
        let pid = Pid::find(current!().pid())?;

        assert_eq!(
            Context::new()?.start(Exclusivity::Shared).err(),
            Some(EINVAL)
        );

        let mut ctx = Context::new()?;
        ctx.select_ops(OpsId::Vaddr)?;
        ctx.add_target()?.set_pid(pid)?;
        ctx.add_target()?;
        assert_eq!(ctx.start(Exclusivity::Shared).err(), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn vaddr_runs_as_long_as_the_process_exists() -> Result {
        let pid = Pid::find(current!().pid())?;
        let before = pid.count();
        let mut ctx = Context::new()?;

        ctx.select_ops(OpsId::Vaddr)?;
        ctx.add_target()?.set_pid(pid.clone())?;
        let mut kdamond = ctx.start(Exclusivity::Shared)?;
        assert_eq!(kdamond.call(|_| ()), Ok(()));
        assert!(kdamond.is_running());

        // The kdamond frees the targets when it ends.
        kdamond.stop();
        assert_eq!(pid.count(), before);
        Ok(())
    }

    #[test]
    fn vaddr_without_targets_ends() -> Result {
        let nr = nr_running_ctxs();
        let mut ctx = Context::new()?;

        ctx.select_ops(OpsId::Vaddr)?;
        let mut kdamond = ctx.start(Exclusivity::Shared)?;
        assert_eq!(kdamond.call(|_| ()), Err(ECANCELED));
        assert!(!kdamond.is_running());
        assert_eq!(kdamond.pid(), None);
        kdamond.stop();
        wait_for_nr_running_ctxs(nr)
    }

    #[test]
    fn call_moves_values_both_ways() -> Result {
        let kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut seen = None;
        let boxed = KBox::new(41, GFP_KERNEL)?;

        let ret = kdamond.call(|k| {
            seen = Some((current!().pid(), k.attrs().sample_interval));
            KBox::new(*boxed + 1, GFP_KERNEL)
        })??;
        assert_eq!(*ret, 42);
        assert_eq!(seen, kdamond.pid().map(|pid| (pid, 1_000)));
        Ok(())
    }

    #[test]
    fn call_in_call() -> Result {
        let a = paddr()?.start(Exclusivity::Shared)?;
        let b = paddr()?.start(Exclusivity::Shared)?;

        assert_eq!(a.call(|_| a.call(|_| ())), Ok(Err(EDEADLK)));
        assert_eq!(a.call(|_| b.call(|_| current!().pid()).ok())?, b.pid());
        Ok(())
    }

    #[test]
    fn commit_updates() -> Result {
        let kdamond = paddr()?.start(Exclusivity::Shared)?;
        let mut new = paddr()?;
        let attrs = Attrs {
            sample_interval: 2_000,
            aggr_interval: 10_000,
            min_nr_regions: 5,
            ..Attrs::default()
        };

        new.set_attrs(&attrs)?;
        kdamond.call(|k| k.commit(&mut new))??;
        assert_eq!(kdamond.call(|k| k.attrs()), Ok(attrs));

        // The same again, and to another one.
        kdamond.call(|k| k.commit(&mut new))??;
        let other = paddr()?.start(Exclusivity::Shared)?;
        other.commit(new)?;
        assert_eq!(other.call(|k| k.attrs()), Ok(attrs));
        Ok(())
    }

    #[test]
    fn commit_refuses_and_goes_on() -> Result {
        let mut kdamond = paddr()?.start(Exclusivity::Shared)?;

        assert_eq!(kdamond.commit(Context::new()?), Err(EINVAL));

        let mut new = paddr()?;
        new.add_target()?.set_obsolete(true);
        assert_eq!(kdamond.commit(new), Err(EINVAL));

        let mut new = Context::new()?;
        new.select_ops(OpsId::Fvaddr)?;
        new.add_target()?;
        assert_eq!(kdamond.commit(new), Err(EINVAL));

        assert_eq!(kdamond.call(|_| ()), Ok(()));
        kdamond.stop();
        assert_eq!(kdamond.commit(paddr()?), Err(ECANCELED));
        Ok(())
    }

    #[test]
    fn weights_need_operations_that_probe() -> Result {
        let with_probe = |ops, weight| -> Result<Context> {
            let mut ctx = Context::new()?;

            ctx.select_ops(ops)?;
            ctx.add_probe(0)?;
            ctx.add_probe(weight)?;
            Ok(ctx)
        };
        let kdamond = paddr()?.start(Exclusivity::Shared)?;

        for (ops, weight, expected) in [
            (OpsId::Vaddr, 1, Err(EINVAL)),
            (OpsId::Fvaddr, u32::MAX, Err(EINVAL)),
            (OpsId::Vaddr, 0, Ok(())),
            (OpsId::Paddr, 1, Ok(())),
        ] {
            let started = with_probe(ops, weight)?.start(Exclusivity::Shared);
            assert_eq!(started.map(drop), expected);
            if expected.is_err() {
                assert_eq!(kdamond.commit(with_probe(ops, weight)?), expected);
            }
        }
        assert_eq!(kdamond.commit(with_probe(OpsId::Paddr, 1)?), Ok(()));
        assert!(kdamond.is_running());
        Ok(())
    }

    #[test]
    fn commit_of_other_operations_balances_pids() -> Result {
        let pid = Pid::find(current!().pid())?;
        let before = pid.count();
        let vaddr = || -> Result<Context> {
            let mut ctx = Context::new()?;

            ctx.select_ops(OpsId::Vaddr)?;
            ctx.add_target()?.set_pid(pid.clone())?;
            Ok(ctx)
        };
        let kdamond = paddr()?.start(Exclusivity::Shared)?;

        kdamond.commit(vaddr()?)?;
        assert_eq!(pid.count(), before + 1);
        kdamond.commit(vaddr()?)?;
        assert_eq!(pid.count(), before + 1);
        kdamond.commit(paddr()?)?;
        assert_eq!(pid.count(), before);
        kdamond.commit(vaddr()?)?;
        drop(kdamond);
        assert_eq!(pid.count(), before);
        Ok(())
    }

    #[test]
    fn paused_kdamond_listens() -> Result {
        let mut ctx = paddr()?;

        ctx.set_paused(true);
        let kdamond = ctx.start(Exclusivity::Shared)?;
        for _ in 0..3 {
            assert_eq!(kdamond.call(|_| ()), Ok(()));
        }
        kdamond.commit(paddr()?)?;
        assert_eq!(kdamond.call(|_| ()), Ok(()));
        Ok(())
    }
}
