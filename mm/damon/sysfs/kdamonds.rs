// SPDX-License-Identifier: GPL-2.0

//! `kdamonds/`: the monitoring threads.

use core::fmt::Write;
use kernel::{
    damon::{
        self,
        Exclusivity,
        OnKdamond, //
    },
    kobject::{
        sysfs_dir,
        AttrValue,
        Children,
        Dir,
        Held,
        Keyword,
        Locked,
        NoValue,
        Output,
        Subdir, //
    },
    prelude::*,
    str::CStr,
    sync::Arc,
    time::Instant, //
};

use crate::{
    contexts::{
        Context,
        Contexts, //
    },
    refresh_ms::{
        RefreshMs,
        RefreshTimer, //
    },
    ROOT, //
};

/// The monitoring threads.
#[sysfs_dir]
pub(crate) struct Kdamonds {
    /// Writing N makes the directories 0 to N-1, one for each kdamond, with default values. Fails
    /// with EBUSY while one of the kdamonds runs.
    #[children(
        nr = "nr_kdamonds",
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        check = Self::check_idle,
    )]
    kdamonds: Children<Kdamond>,
}

impl Kdamonds {
    /// Refuses to touch the directories of running kdamonds.
    fn check_idle(&self, held: &Held<'_>) -> Result {
        for kdamond in self.kdamonds.list(held)? {
            if kdamond.is_running(held)? {
                return Err(EBUSY);
            }
        }
        Ok(())
    }
}

/// The commands that `state` takes. The first two are also what it shows.
#[derive(Clone, Copy, Keyword)]
pub(crate) enum Command {
    /// Starts the kdamond with what the files say.
    On,
    /// Stops the kdamond. Its context stays, for its results, until the next `on`.
    Off,
    /// Makes the running kdamond use what the files say now.
    Commit,
    /// Makes the running schemes use the goals that the files describe.
    CommitSchemesQuotaGoals,
    /// Writes what the schemes have done to their files.
    UpdateSchemesStats,
    /// Writes the size of the regions that the schemes are tried with to their files.
    UpdateSchemesTriedBytes,
    /// Makes directories of these regions, too.
    UpdateSchemesTriedRegions,
    /// Removes these directories.
    ClearSchemesTriedRegions,
    /// Writes the quotas that the schemes have now to their files.
    UpdateSchemesEffectiveQuotas,
    /// Writes the intervals that the kdamond uses now to their files.
    UpdateTunedIntervals,
}

/// One monitoring thread.
#[sysfs_dir]
pub(crate) struct Kdamond {
    /// Writing a command executes it. Reading tells whether the kdamond runs, on or off.
    #[file(rw, kind = Command::KIND, show = Self::show_state, store = Self::store_state)]
    state: NoValue,

    /// The pid of the kdamond, or -1 if it does not run.
    #[file(ro, kind = "int", show = Self::show_pid)]
    pid: NoValue,

    /// How often what the commands that start with `update_` write is written without them, but for
    /// the regions, in milliseconds; 0 means never.
    ///
    /// The running kdamond looks at it after each sampling. The time of a new value begins with its
    /// write; the first one after 0 makes the kdamond write the files after the next sampling.
    #[attr(rw, init = Arc::new(RefreshMs::default(), GFP_KERNEL)?)]
    refresh_ms: Arc<RefreshMs>,

    /// The monitoring contexts of the kdamond.
    #[dir]
    pub(crate) contexts: Subdir<Contexts>,

    /// The kdamond that was started last, even if it has ended since.
    #[state(init = |setup| Locked::new(setup, None))]
    kdamond: Locked<Option<damon::Kdamond>>,
}

impl Kdamond {
    fn is_running(&self, held: &Held<'_>) -> Result<bool> {
        let kdamond = self.kdamond.get(held)?;

        Ok(kdamond.as_ref().is_some_and(damon::Kdamond::is_running))
    }

    pub(crate) fn show_state(self: &Dir<Self>, out: &mut Output<'_>) -> Result {
        let mut guard = self.try_lock()?;
        let state = if self.is_running(&guard.held())? {
            Command::On
        } else {
            Command::Off
        };

        drop(guard);
        state.emit(out)
    }

    pub(crate) fn show_pid(self: &Dir<Self>, out: &mut Output<'_>) -> Result {
        let mut guard = self.try_lock()?;
        let pid = self
            .kdamond
            .get(&guard.held())?
            .as_ref()
            .and_then(damon::Kdamond::pid)
            .unwrap_or(-1);

        drop(guard);
        writeln!(out, "{pid}")?;
        Ok(())
    }

    /// Executes a command.
    ///
    /// Fails with `EBUSY` if the lock is held, whatever the command; with `EINVAL` for an unknown
    /// command and, but for `off`, if there is not one context; and as the command does.
    pub(crate) fn store_state(self: &Dir<Self>, input: &CStr) -> Result {
        let mut guard = self.try_lock()?;
        let held = &mut guard.held();

        match Command::parse(input)? {
            Command::Off => self.turn_off(held),
            Command::On => self.turn_on(held),
            Command::Commit => self.commit(held),
            Command::CommitSchemesQuotaGoals => self.call(held, |kdamond, context| {
                context.schemes.commit_goals(kdamond, held)
            }),
            Command::UpdateSchemesStats => self.call(held, |kdamond, context| {
                context.schemes.update_stats(kdamond, held)
            }),
            Command::UpdateSchemesTriedBytes => self.update_tried_regions(true, held),
            Command::UpdateSchemesTriedRegions => self.update_tried_regions(false, held),
            Command::ClearSchemesTriedRegions => {
                self.context(held)?;
                self.contexts.contexts.try_for_each(held, |context, held| {
                    context.schemes.clear_tried_regions(held)
                })
            }
            Command::UpdateSchemesEffectiveQuotas => self.call(held, |kdamond, context| {
                context.schemes.update_effective_quotas(kdamond, held)
            }),
            Command::UpdateTunedIntervals => self.call(held, |kdamond, context| {
                context.monitoring_attrs.update_tuned(&kdamond.attrs());
                Ok(())
            }),
        }
    }

    /// Returns the one context, without which there is nothing to do.
    pub(crate) fn context<'a>(&'a self, held: &'a Held<'_>) -> Result<&'a Context> {
        match self.contexts.contexts.list(held)? {
            [context] => Ok(context),
            _ => Err(EINVAL),
        }
    }

    /// Starts the kdamond.
    ///
    /// Fails with `EBUSY` if it runs, and with what [`Context::build`] and
    /// [`damon::Context::start`] say.
    fn turn_on(&self, held: &mut Held<'_>) -> Result {
        self.context(held)?;
        if self.is_running(held)? {
            return Err(EBUSY);
        }

        // What an earlier run left is of no use any more.
        *self.kdamond.get_mut(held)? = None;

        let mut kdamond = self
            .context(held)?
            .build(held)?
            .start(Exclusivity::Shared)?;
        // A kdamond that has ended already needs no refresh; it was started all the same.
        match kdamond.call_repeatedly(self.refresher()) {
            Ok(()) | Err(ECANCELED) => {}
            Err(e) => return Err(e),
        }
        *self.kdamond.get_mut(held)? = Some(kdamond);
        Ok(())
    }

    /// Returns what the kdamond calls after each sampling.
    fn refresher(&self) -> impl FnMut(&mut OnKdamond<'_>) + Send + 'static {
        let refresh_ms = self.refresh_ms.clone();
        let mut timer = RefreshTimer::new(&refresh_ms, Instant::now());

        move |kdamond| {
            if timer.is_due(&refresh_ms, Instant::now()) {
                // If somebody holds the lock, or the directories are gone, the next time will do.
                Self::refresh(kdamond, &refresh_ms).ok();
            }
        }
    }

    /// Stops the kdamond; one that has ended by itself may be stopped too.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn turn_off(&self, held: &mut Held<'_>) -> Result {
        self.kdamond
            .get_mut(held)?
            .as_mut()
            .ok_or(EINVAL)?
            .stop_killable()
    }

    /// Returns the kdamond that was started last, and the context of its files.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn started<'a>(&'a self, held: &'a Held<'_>) -> Result<(&'a damon::Kdamond, &'a Context)> {
        let context = self.context(held)?;

        Ok((self.kdamond.get(held)?.as_ref().ok_or(EINVAL)?, context))
    }

    /// Makes the running kdamond use what the files say now. If that is not valid, the kdamond goes
    /// on as it was.
    ///
    /// Unlike the C implementation, which builds the new context on the kdamond, this finds the
    /// processes of `pid_target` in the pid namespace of the writer, as `on` does.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended, with what [`Context::build`] says, and with
    /// `EINVAL` if the running context cannot become the new one.
    fn commit(&self, held: &Held<'_>) -> Result {
        let (kdamond, context) = self.started(held)?;

        if !kdamond.is_running() {
            return Err(ECANCELED);
        }
        kdamond.commit(context.build(held)?)
    }

    /// Runs `f` on the kdamond, with the context of its files.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended, and as `f` does.
    fn call(
        &self,
        held: &Held<'_>,
        f: impl FnOnce(&mut OnKdamond<'_>, &Context) -> Result + Send,
    ) -> Result {
        let (kdamond, context) = self.started(held)?;

        kdamond.call(|kdamond| f(kdamond, context))?
    }

    /// Updates the regions that schemes are tried with, or only their size.
    fn update_tried_regions(&self, bytes_only: bool, held: &mut Held<'_>) -> Result {
        self.started(held)?;

        // The handle is put aside, so that directories can be made and removed during the walk.
        // Nobody can miss it: that takes the lock.
        let Some(kdamond) = self.kdamond.get_mut(held)?.take() else {
            return Err(EINVAL);
        };
        let updated = self.contexts.contexts.with(held, 0, |context, held| {
            context
                .schemes
                .update_tried_regions(&kdamond, bytes_only, held)
        });

        *self.kdamond.get_mut(held)? = Some(kdamond);
        updated
    }

    /// Writes the results of the running kdamond to their files, each time that `refresh_ms`
    /// milliseconds have passed. Called by the kdamond after each sampling.
    ///
    /// Does nothing while somebody holds the lock.
    fn refresh(kdamond: &mut OnKdamond<'_>, refresh_ms: &Arc<RefreshMs>) -> Result {
        let root = ROOT.as_ref().ok_or(ENOENT)?;
        let mut guard = root.try_lock()?;
        let held = &guard.held();
        let kdamonds = root.admin.kdamonds.kdamonds.list(held)?;
        let this = kdamonds
            .iter()
            .find(|this| Arc::ptr_eq(&this.refresh_ms, refresh_ms))
            .ok_or(ENOENT)?;
        let context = this.context(held)?;

        context.monitoring_attrs.update_tuned(&kdamond.attrs());
        context.schemes.update_stats(kdamond, held)?;
        context.schemes.update_effective_quotas(kdamond, held)
    }
}
