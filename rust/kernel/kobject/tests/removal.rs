// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of directories that are made while others are removed.

use super::{
    store,
    Branch, //
};
use crate::{
    kobject::{
        self,
        sysfs_dir,
        Dir,
        DirData,
        File,
        Held,
        Info,
        Root,
        Setup,
        Subdir, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        static_lock_class,
        Arc,
        Completion,
        LockClassKey,
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    workqueue, //
};

/// How often directories are made while others are removed.
const ROUNDS: usize = 10_000;

/// What happens to the directories of type [`Slow`].
#[pin_data]
struct Events {
    /// A directory can be seen, but what is below it is not there yet.
    #[pin]
    begun: Completion,
    is_adding: Atomic<bool>,
    /// The thread that adds has ended.
    #[pin]
    ended: Completion,
}

impl Events {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                begun <- Completion::new(),
                is_adding: Atomic::new(false),
                ended <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }
}

/// The directory above slow ones.
#[sysfs_dir(args = Arc<Events>)]
struct Parent {
    #[state(init = |setup| setup.args().clone())]
    events: Arc<Events>,

    #[state(init = |setup| Subdir::new(setup, setup.args().clone())?)]
    slow: Subdir<Slow>,
}

/// A directory that takes its time to be added.
#[pin_data]
struct Slow {
    events: Arc<Events>,
}

impl DirData for Slow {
    type Args = Arc<Events>;

    const FILES: &'static [Option<&'static File<Dir<Self>>>] = &[None];

    const INFO: &'static Info = &Info {
        doc: "",
        files: &[],
        dirs: &[],
    };

    fn lock_class() -> Pin<&'static LockClassKey> {
        static_lock_class!()
    }

    fn new(setup: &Setup<'_, Self::Args>) -> impl PinInit<Self, Error> {
        try_pin_init!(Self { events: setup.args().clone() }? Error)
    }

    fn add_dirs(dir: &Dir<Self>, _held: &mut Held<'_>) -> Result {
        dir.events.is_adding.store(true, Relaxed);
        dir.events.begun.complete_all();
        fsleep(Delta::from_millis(20));
        dir.events.is_adding.store(false, Relaxed);
        Ok(())
    }

    fn remove_dirs(&self, _held: &mut Held<'_>) -> Result {
        Ok(())
    }
}

/// The trees that are removed while directories are made in them, one after the other.
#[pin_data]
struct Targets {
    /// The present one.
    #[pin]
    root: Mutex<Option<Arc<Root<Branch>>>>,
    /// Directories were made, at least once.
    #[pin]
    made: Completion,
    #[pin]
    ended: Completion,
}

#[macros::kunit_tests(rust_kobject_removal)]
mod cases {
    use super::*;

    /// With a delay between the two halves of adding a directory, who removes one above it comes
    /// after that.
    #[test]
    fn removing_waits_for_adding() -> Result {
        let events = Events::new()?;
        let root = Arc::new(Root::<Parent>::new(events.clone())?, GFP_KERNEL)?;
        root.add(kobject::mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;

        let adder = root.clone();
        workqueue::system_long().try_spawn(GFP_KERNEL, move || {
            if let Ok(mut guard) = adder.try_lock() {
                // The test below sees whether that worked.
                let _ = adder.slow.add(&adder, &mut guard.held(), c"slow");
            }
            adder.events.ended.complete_all();
        })?;
        events.begun.wait_for_completion();
        assert!(events.is_adding.load(Relaxed));
        assert!(root.try_lock().is_err_and(|e| e == EBUSY));
        root.remove_from_sysfs();
        assert!(!events.is_adding.load(Relaxed));

        // What is below goes with its owner, too.
        root.slow.remove(&mut root.try_lock()?.held())?;
        events.ended.wait_for_completion();
        Ok(())
    }

    /// A thread makes directories, as writes to `nr_leaves` do, in trees that another removes.
    #[test]
    fn trees_are_removed_while_they_grow() -> Result {
        let targets = Arc::pin_init(
            pin_init!(Targets {
                root <- new_mutex!(None),
                made <- Completion::new(),
                ended <- Completion::new(),
            }),
            GFP_KERNEL,
        )?;
        let publish = || -> Result<_> {
            Ok(Arc::new(
                super::super::publish::<Branch>(c"rust_kunit")?,
                GFP_KERNEL,
            )?)
        };
        let grower = targets.clone();

        *targets.root.lock() = Some(publish()?);
        workqueue::system_long().try_spawn(GFP_KERNEL, move || {
            loop {
                let Some(root) = grower.root.lock().clone() else {
                    break;
                };

                // It may be locked, or gone.
                if store(&root, c"nr_leaves", c"2").is_ok() {
                    grower.made.complete_all();
                }
            }
            grower.ended.complete_all();
        })?;
        targets.made.wait_for_completion();
        for _ in 0..ROUNDS {
            let root = targets.root.lock().clone().ok_or(ENODEV)?;

            // Lets the other thread run if there is one processor.
            fsleep(Delta::from_micros(1));
            root.remove_from_sysfs();
            drop(root);
            *targets.root.lock() = Some(publish()?);
        }
        *targets.root.lock() = None;
        targets.ended.wait_for_completion();
        Ok(())
    }
}
