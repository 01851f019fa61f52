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
    new_mutex,
    prelude::*,
    str::CStr,
    sync::{
        Arc,
        Mutex, //
    },
    task::Pid,
    time::Instant, //
};

#[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
use crate::region_counts::RegionCounts;
use crate::{
    contexts::{
        Context,
        Contexts, //
    },
    grant::{
        exceeds,
        Grant,
        KdamondsRef,
        Limits, //
    },
    refresh_ms::{
        RefreshMs,
        RefreshTimer, //
    },
    refusal::{
        Outcome,
        Reason,
        Refusal,
        Refuse, //
    },
    targets::Regions, //
};

/// The monitoring threads.
#[sysfs_dir]
pub(crate) struct Kdamonds {
    /// Writing N makes the directories 0 to N-1, one for each kdamond, with default values. Fails
    /// with EBUSY while one of the kdamonds runs.
    #[children(
        nr = "nr_kdamonds",
        admin_rw,
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        limit = Self::limit,
        check = Self::check_idle, //
    )]
    pub(crate) kdamonds: Children<Kdamond>,
}

impl Kdamonds {
    pub(crate) fn limit(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(Grant::of(self).limits().max_kdamonds)
    }

    /// Fails with `EINVAL` if as many kdamonds run as a user may have.
    fn check_room(&self, limits: &Limits, held: &Held<'_>) -> Result {
        let mut nr = 0usize;

        for kdamond in self.kdamonds.list(held)? {
            nr = nr.saturating_add(kdamond.is_running(held)?.into());
        }
        if exceeds(nr.saturating_add(1), limits.max_kdamonds) {
            return Err(EINVAL);
        }
        Ok(())
    }

    /// Returns how many regions the other targets of the context have that `regions` are in.
    pub(crate) fn nr_regions_beside(&self, regions: &Regions, held: &Held<'_>) -> Result<usize> {
        for kdamond in self.kdamonds.list(held)? {
            for context in kdamond.contexts.contexts.list(held)? {
                if let Some(nr) = context.targets.nr_regions_beside(regions, held)? {
                    return Ok(nr);
                }
            }
        }
        Err(ENOENT)
    }

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

/// The refusal of what needs a kdamond that was turned on once.
fn never_on() -> Refusal {
    Refusal::invalid("the kdamond was never turned on")
}

/// One monitoring thread.
#[sysfs_dir]
pub(crate) struct Kdamond {
    /// Writing a command executes it. Reading tells whether the kdamond runs, on or off.
    #[file(admin_rw, kind = Command::KIND, show = Self::show_state, store = Self::store_state)]
    state: NoValue,

    /// The pid of the kdamond, or -1 if it does not run.
    #[file(admin_ro, kind = "int", show = Self::show_pid)]
    pid: NoValue,

    /// Empty if the last command succeeded; otherwise one line that tells which file it was refused
    /// for, if it was one, and why.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[file(admin_ro, kind = "text", show = Self::show_state_error)]
    state_error: NoValue,

    /// The CPU time in microseconds that the kdamond has used, which runs or ran last.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[file(admin_ro, kind = "ulong", show = Self::show_cpu_time)]
    cpu_time_us: NoValue,

    /// How often what the commands that start with `update_` write is written without them, but for
    /// the regions, in milliseconds; 0 means never.
    ///
    /// The running kdamond looks at it after each sampling. The time of a new value begins with its
    /// write; the first one after 0 makes the kdamond write the files after the next sampling.
    #[attr(admin_rw, init = |setup| Arc::new(RefreshMs::default(), setup.gfp())?)]
    refresh_ms: Arc<RefreshMs>,

    /// The monitoring contexts of the kdamond.
    #[dir]
    pub(crate) contexts: Subdir<Contexts>,

    /// Why the last command was refused.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[state(pin_init = new_mutex!(None, "damon_sysfs::Kdamond::refusal"))]
    refusal: Mutex<Option<Refusal>>,

    /// Where the numbers of its regions are shown.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    #[state(init = |setup| Arc::pin_init(
        new_mutex!(RegionCounts::default(), "damon_sysfs::Kdamond::region_counts"),
        setup.gfp(),
    )?)]
    region_counts: Arc<Mutex<RegionCounts>>,

    /// The kdamond that was started last, even if it has ended since.
    #[state(init = |setup| Locked::new(setup, None))]
    kdamond: Locked<Option<damon::Kdamond>>,

    /// What is known of its thread without the lock.
    #[state(pin_init = new_mutex!(None, "damon_sysfs::Kdamond::thread"))]
    thread: Mutex<Option<KnownThread>>,
}

/// The thread of the kdamond that was started last.
struct KnownThread {
    thread: damon::Thread,
    /// A command has found that it does not run any more, or ended it.
    stopped: bool,
}

impl Kdamond {
    fn is_running(&self, held: &Held<'_>) -> Result<bool> {
        let kdamond = self.kdamond.get(held)?;

        Ok(kdamond.as_ref().is_some_and(damon::Kdamond::is_running))
    }

    /// Returns the number of the thread that runs. Waits for nobody.
    fn running_pid(&self) -> Option<Pid> {
        let known = self.thread.lock();

        known
            .as_ref()
            .filter(|known| !known.stopped)
            .and_then(|known| known.thread.pid())
    }

    pub(crate) fn show_state(&self, out: &mut Output<'_>) -> Result {
        match self.running_pid() {
            Some(_) => Command::On.emit(out),
            None => Command::Off.emit(out),
        }
    }

    pub(crate) fn show_pid(&self, out: &mut Output<'_>) -> Result {
        writeln!(out, "{}", self.running_pid().unwrap_or(-1))?;
        Ok(())
    }

    /// Shows why the last command was refused, if it was.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    pub(crate) fn show_state_error(&self, out: &mut Output<'_>) -> Result {
        match &*self.refusal.lock() {
            Some(refusal) => refusal.emit(out),
            None => Ok(()),
        }
    }

    /// Shows what the kdamond has cost.
    #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
    fn show_cpu_time(&self, out: &mut Output<'_>) -> Result {
        let known = self.thread.lock();
        let us = known
            .as_ref()
            .map_or(0, |known| known.thread.cpu_time().as_micros_ceil());

        writeln!(out, "{us}")?;
        Ok(())
    }

    /// Executes a command, and keeps why it was refused.
    ///
    /// Fails with `EBUSY` if the lock is held, with `ENODEV` if the tree is about to be removed,
    /// whatever the command; with `EINVAL` for an unknown command and, but for `off`, if there is
    /// not one context; and as the command does.
    pub(crate) fn store_state(self: &Dir<Self>, input: &CStr) -> Result {
        match self.try_lock() {
            Ok(mut guard) => {
                let outcome = self.execute(input, &mut guard.held());

                // With the lock still held, so that the reasons come in the order of the commands.
                self.keep(outcome)
            }
            Err(e) => self.keep(Err(e.into())),
        }
    }

    /// Keeps why a command was refused, if it was, and returns its result.
    fn keep(&self, outcome: Outcome) -> Result {
        let refusal = outcome.err();
        let result = refusal
            .as_ref()
            .map_or(Ok(()), |refusal| Err(refusal.errno()));

        // What `state_error` shows.
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        {
            *self.refusal.lock() = refusal;
        }
        result
    }

    fn execute(self: &Dir<Self>, input: &CStr, held: &mut Held<'_>) -> Outcome {
        Grant::of(self).check_given()?;
        let command = Command::parse(input).because("there is no such command")?;
        let outcome = self.execute_locked(command, held);

        // A kdamond can end by itself. Once a command has seen that, the files say so, too.
        if !self.is_running(held)? {
            if let Some(known) = &mut *self.thread.lock() {
                known.stopped = true;
            }
        }
        outcome
    }

    fn execute_locked(self: &Dir<Self>, command: Command, held: &mut Held<'_>) -> Outcome {
        match command {
            Command::Off => self.turn_off(held),
            Command::On => self.turn_on(held),
            Command::Commit => self.commit(held),
            Command::CommitSchemesQuotaGoals => self.call(held, |kdamond, context| {
                context.schemes.commit_goals(kdamond, held).at("schemes")
            }),
            Command::UpdateSchemesStats => self.call(held, |kdamond, context| {
                Ok(context.schemes.update_stats(kdamond, held)?)
            }),
            Command::UpdateSchemesTriedBytes => self.update_tried_regions(true, held),
            Command::UpdateSchemesTriedRegions => self.update_tried_regions(false, held),
            Command::ClearSchemesTriedRegions => {
                self.context(held)?;
                Ok(self.contexts.contexts.try_for_each(held, |context, held| {
                    context.schemes.clear_tried_regions(held)
                })?)
            }
            Command::UpdateSchemesEffectiveQuotas => self.call(held, |kdamond, context| {
                Ok(context.schemes.update_effective_quotas(kdamond, held)?)
            }),
            Command::UpdateTunedIntervals => self.call(held, |kdamond, context| {
                context.monitoring_attrs.update_tuned(&kdamond.attrs());
                Ok(())
            }),
        }
    }

    /// Returns the one context, without which there is nothing to do.
    pub(crate) fn context<'a>(&'a self, held: &'a Held<'_>) -> Outcome<&'a Context> {
        match self.contexts.contexts.list(held)? {
            [context] => Ok(context),
            _ => Err(Refusal::invalid("there is no context")
                .at("nr_contexts")
                .at("contexts")),
        }
    }

    /// Starts the kdamond.
    ///
    /// Fails with `EBUSY` if it runs, and with what [`Context::build`] and
    /// [`damon::Context::start`] say.
    fn turn_on(self: &Dir<Self>, held: &mut Held<'_>) -> Outcome {
        self.context(held)?;
        if self.is_running(held)? {
            return Err(Refusal::new(
                EBUSY,
                Reason::Words("the kdamond runs already"),
            ));
        }

        if let Some(limits) = Grant::of(self).of_user() {
            Grant::of(self)
                .kdamonds()
                .with(|kdamonds| kdamonds.check_room(&limits, held))
                .because("there are as many kdamonds as the limit allows")?;
        }

        // What an earlier run left is of no use any more.
        *self.kdamond.get_mut(held)? = None;

        let context = self.context(held)?;
        let caller = Grant::of(self).caller()?;
        let built = caller
            .pay_for(|| context.build(&caller, held))
            .at_number(0)
            .at("contexts")?;
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        {
            *self.region_counts.lock() = context.region_counts(false, held)?;
        }
        let mut kdamond = caller
            .pay_for(|| built.start(Exclusivity::Shared))
            .map_err(|errno| match errno {
                e if e == EBUSY => {
                    Refusal::new(e, Reason::Words("another kdamond needs DAMON for itself"))
                }
                e => context.refuse(e, held).at_number(0).at("contexts"),
            })?;
        // A kdamond that has ended already needs no refresh; it was started all the same.
        match kdamond.call_repeatedly(self.refresher()) {
            Ok(()) | Err(ECANCELED) => {}
            Err(e) => return Err(e.into()),
        }
        *self.thread.lock() = kdamond.thread().map(|thread| KnownThread {
            thread,
            stopped: false,
        });
        *self.kdamond.get_mut(held)? = Some(kdamond);
        Ok(())
    }

    /// Returns what the kdamond calls after each sampling.
    fn refresher(self: &Dir<Self>) -> impl FnMut(&mut OnKdamond<'_>) + Send + 'static {
        let refresh_ms = self.refresh_ms.clone();
        let kdamonds = Grant::of(self).kdamonds();
        let mut timer = RefreshTimer::new(&refresh_ms, Instant::now());
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        let region_counts = self.region_counts.clone();

        move |kdamond| {
            #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
            region_counts.lock().update(kdamond);
            if timer.is_due(&refresh_ms, Instant::now()) {
                // If somebody holds the lock, or the directories are gone, the next time will do.
                Self::refresh(kdamond, &kdamonds, &refresh_ms).ok();
            }
        }
    }

    /// Stops the kdamond; one that has ended by itself may be stopped too.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn turn_off(&self, held: &mut Held<'_>) -> Outcome {
        self.kdamond
            .get_mut(held)?
            .as_mut()
            .ok_or_else(never_on)?
            .stop_killable()?;
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        self.region_counts.lock().clear();
        Ok(())
    }

    /// Returns the kdamond that was started last, and the context of its files.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn started<'a>(&'a self, held: &'a Held<'_>) -> Outcome<(&'a damon::Kdamond, &'a Context)> {
        let context = self.context(held)?;
        let kdamond = self.kdamond.get(held)?.as_ref();

        Ok((kdamond.ok_or_else(never_on)?, context))
    }

    /// Makes the running kdamond use what the files say now. If that is not valid, the kdamond goes
    /// on as it was.
    ///
    /// Unlike the C implementation, which builds the new context on the kdamond, this finds the
    /// processes of `pid_target` in the pid namespace of the writer, as `on` does.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended, with what [`Context::build`] says, and with
    /// `EINVAL` if the running context cannot become the new one.
    fn commit(self: &Dir<Self>, held: &Held<'_>) -> Outcome {
        let (kdamond, context) = self.started(held)?;

        if !kdamond.is_running() {
            return Err(ECANCELED.into());
        }
        let caller = Grant::of(self).caller()?;
        let built = caller
            .pay_for(|| context.build(&caller, held))
            .at_number(0)
            .at("contexts")?;
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        let region_counts = context.region_counts(true, held)?;
        kdamond
            .commit(built)
            .map_err(|errno| context.refuse(errno, held).at_number(0).at("contexts"))?;
        #[cfg(CONFIG_DAMON_SYSFS_EXTENSIONS)]
        {
            *self.region_counts.lock() = region_counts;
        }
        Ok(())
    }

    /// Runs `f` on the kdamond, with the context of its files.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended, and as `f` does.
    fn call(
        &self,
        held: &Held<'_>,
        f: impl FnOnce(&mut OnKdamond<'_>, &Context) -> Outcome + Send,
    ) -> Outcome {
        let (kdamond, context) = self.started(held)?;

        kdamond
            .call(|kdamond| f(kdamond, context))?
            .at_number(0)
            .at("contexts")
    }

    /// Updates the regions that schemes are tried with, or only their size.
    fn update_tried_regions(&self, bytes_only: bool, held: &mut Held<'_>) -> Outcome {
        self.started(held)?;

        // The handle is put aside, so that directories can be made and removed during the walk.
        // Nobody can miss it: that takes the lock.
        let Some(kdamond) = self.kdamond.get_mut(held)?.take() else {
            return Err(never_on());
        };
        let mut updated = Ok(());
        let found = self.contexts.contexts.with(held, 0, |context, held| {
            updated = context
                .schemes
                .update_tried_regions(&kdamond, bytes_only, held);
            Ok(())
        });

        *self.kdamond.get_mut(held)? = Some(kdamond);
        found?;
        updated
    }

    /// Writes the results of the running kdamond to their files, each time that `refresh_ms`
    /// milliseconds have passed. Called by the kdamond after each sampling.
    ///
    /// Does nothing while somebody holds the lock.
    fn refresh(
        kdamond: &mut OnKdamond<'_>,
        kdamonds: &KdamondsRef,
        refresh_ms: &Arc<RefreshMs>,
    ) -> Result {
        kdamonds.with(|kdamonds| {
            let mut guard = kdamonds.try_lock()?;
            let held = &guard.held();
            let this = kdamonds
                .kdamonds
                .list(held)?
                .iter()
                .find(|this| Arc::ptr_eq(&this.refresh_ms, refresh_ms))
                .ok_or(ENOENT)?;
            let context = this.context(held).map_err(|refusal| refusal.errno())?;

            context.monitoring_attrs.update_tuned(&kdamond.attrs());
            context.schemes.update_stats(kdamond, held)?;
            context.schemes.update_effective_quotas(kdamond, held)
        })
    }
}
