// SPDX-License-Identifier: GPL-2.0

//! `kdamonds/`: the monitoring threads.

use core::fmt::Write;
use kernel::{
    damon::{
        self,
        Exclusivity, //
    },
    kobject::{
        sysfs_dir,
        AttrValue,
        Emitter,
        Keyword,
        Locked,
        TreeGuard,
        TreeLock, //
    },
    prelude::*,
    str::CStr, //
};

use crate::{
    contexts::{
        Context,
        Contexts, //
    },
    DamonSysfsLock, //
};

/// The monitoring threads.
#[sysfs_dir(lock = DamonSysfsLock)]
pub(crate) struct Kdamonds {
    /// Writing N makes the directories 0 to N-1, one for each kdamond, with default values. Fails
    /// with EBUSY while one of the kdamonds runs.
    #[children(
        nr = "nr_kdamonds",
        alias("nr", cfg(CONFIG_DAMON_SYSFS_RFC_NAMES)),
        check = Self::check_idle,
    )]
    kdamonds: [Kdamond],
}

impl Kdamonds {
    /// Refuses to touch the directories of running kdamonds.
    fn check_idle(&self, guard: &TreeGuard<DamonSysfsLock>) -> Result {
        if self
            .kdamonds
            .list(guard)
            .iter()
            .any(|k| k.is_running(guard))
        {
            return Err(EBUSY);
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
    /// Writes the intervals that the kdamond uses now to their files.
    UpdateTunedIntervals,
}

/// One monitoring thread.
#[sysfs_dir(lock = DamonSysfsLock)]
pub(crate) struct Kdamond {
    /// Writing a command executes it. Reading tells whether the kdamond runs, on or off.
    #[attr(rw, show = Self::show_state, store = Self::store_state)]
    state: (),

    /// The pid of the kdamond, or -1 if it does not run.
    #[attr(ro, show = Self::show_pid)]
    pid: (),

    /// The monitoring contexts of the kdamond.
    #[dir]
    pub(crate) contexts: Contexts,

    /// The kdamond that was started last, even if it has ended since.
    #[state]
    kdamond: Locked<Option<damon::Kdamond>, DamonSysfsLock>,
}

impl Kdamond {
    fn is_running(&self, guard: &TreeGuard<DamonSysfsLock>) -> bool {
        self.kdamond
            .get(guard)
            .as_ref()
            .is_some_and(damon::Kdamond::is_running)
    }

    pub(crate) fn show_state(&self, out: &mut Emitter<'_>) -> Result {
        let guard = DamonSysfsLock::try_lock()?;
        let state = if self.is_running(&guard) {
            Command::On
        } else {
            Command::Off
        };

        drop(guard);
        state.emit(out)
    }

    pub(crate) fn show_pid(&self, out: &mut Emitter<'_>) -> Result {
        let guard = DamonSysfsLock::try_lock()?;
        let pid = self
            .kdamond
            .get(&guard)
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
    pub(crate) fn store_state(&self, input: &CStr) -> Result {
        let mut guard = DamonSysfsLock::try_lock()?;

        match Command::parse(input)? {
            Command::Off => self.turn_off(&mut guard),
            Command::On => self.turn_on(&mut guard),
            Command::Commit => self.commit(&guard),
            Command::UpdateTunedIntervals => self.update_tuned_intervals(&guard),
        }
    }

    /// Returns the one context, without which there is nothing to do.
    pub(crate) fn context<'a>(
        &'a self,
        guard: &'a TreeGuard<DamonSysfsLock>,
    ) -> Result<&'a Context> {
        match self.contexts.contexts.list(guard) {
            [context] => Ok(context),
            _ => Err(EINVAL),
        }
    }

    /// Starts the kdamond.
    ///
    /// Fails with `EBUSY` if it runs, and with what [`Context::build`] and
    /// [`damon::Context::start`] say.
    fn turn_on(&self, guard: &mut TreeGuard<DamonSysfsLock>) -> Result {
        self.context(guard)?;
        if self.is_running(guard) {
            return Err(EBUSY);
        }

        // What an earlier run left is of no use any more.
        *self.kdamond.get_mut(guard) = None;

        let kdamond = self
            .context(guard)?
            .build(guard)?
            .start(Exclusivity::Shared)?;
        *self.kdamond.get_mut(guard) = Some(kdamond);
        Ok(())
    }

    /// Stops the kdamond; one that has ended by itself may be stopped too.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn turn_off(&self, guard: &mut TreeGuard<DamonSysfsLock>) -> Result {
        self.kdamond.get_mut(guard).as_mut().ok_or(EINVAL)?.stop();
        Ok(())
    }

    /// Returns the kdamond that was started last, and the context of its files.
    ///
    /// Fails with `EINVAL` if it was never started.
    fn started<'a>(
        &'a self,
        guard: &'a TreeGuard<DamonSysfsLock>,
    ) -> Result<(&'a damon::Kdamond, &'a Context)> {
        let context = self.context(guard)?;

        Ok((self.kdamond.get(guard).as_ref().ok_or(EINVAL)?, context))
    }

    /// Makes the running kdamond use what the files say now. If that is not valid, the kdamond goes
    /// on as it was.
    ///
    /// Unlike the C implementation, which builds the new context on the kdamond, this finds the
    /// processes of `pid_target` in the pid namespace of the writer, as `on` does.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended, with what [`Context::build`] says, and with
    /// `EINVAL` if the running context cannot become the new one.
    fn commit(&self, guard: &TreeGuard<DamonSysfsLock>) -> Result {
        let (kdamond, context) = self.started(guard)?;

        if !kdamond.is_running() {
            return Err(ECANCELED);
        }
        kdamond.commit(context.build(guard)?)
    }

    /// Writes the intervals that the kdamond uses now to their files.
    ///
    /// Fails with `ECANCELED` if the kdamond has ended.
    fn update_tuned_intervals(&self, guard: &TreeGuard<DamonSysfsLock>) -> Result {
        let (kdamond, context) = self.started(guard)?;
        let attrs = kdamond.call(|kdamond| kdamond.attrs())?;

        context.monitoring_attrs.update_tuned(&attrs);
        Ok(())
    }
}
