// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of trees that belong to a user, and of trees in trees.

use super::{
    find,
    publish,
    shows,
    store,
    Leaf, //
};
use crate::{
    kobject::{
        calls,
        mm_kobj,
        sysfs_dir,
        tables::InDir,
        Children,
        Dir,
        DirData,
        Held,
        Owner,
        Policy,
        Root,
        Subdir,
        Subtree,
        Value, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Completion, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    workqueue, //
};
use core::any::Any;

/// A directory of which users do not get everything.
#[sysfs_dir]
struct Estate {
    /// For all.
    #[attr(rw)]
    garden: Value<u32>,

    /// Not for users.
    #[attr(rw, privileged)]
    secret: Value<u32>,

    /// Not for users.
    #[dir(privileged)]
    vault: Subdir<Leaf>,

    /// For all.
    #[dir]
    house: Subdir<Leaf>,

    /// As many as the policy says, and two at most.
    #[children(nr = "nr_leaves", max = 2, limit = Self::max_leaves)]
    leaves: Children<Leaf>,
}

impl Estate {
    fn max_leaves(self: &Dir<Self>, _held: &Held<'_>) -> Result<i32> {
        Ok(self
            .tree()
            .policy::<Lease>()
            .map_or(i32::MAX, |lease| lease.max_leaves))
    }
}

/// What a user may do.
struct Lease {
    max_leaves: i32,
    revoked: Atomic<bool>,
}

impl Lease {
    fn new(max_leaves: i32) -> Result<Arc<Self>> {
        let revoked = Atomic::new(false);

        Ok(Arc::new(
            Self {
                max_leaves,
                revoked,
            },
            GFP_KERNEL,
        )?)
    }
}

impl Policy for Lease {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn revoke(&self) {
        self.revoked.store(true, Relaxed);
    }
}

/// The policy of another kind of trees.
struct Other;

impl Policy for Other {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A directory in which a tree lies.
#[sysfs_dir]
struct Land {
    /// A tree of its own.
    #[tree]
    estate: Subtree<Estate>,
}

/// Directories in which trees lie.
#[sysfs_dir]
struct Country {
    /// They are removed before the trees, if nobody sees to it.
    #[children(nr = "nr_lands")]
    lands: Children<Land>,
}

/// A directory whose trees may lie anywhere in it.
#[sysfs_dir]
struct Hall {
    #[state(init = |setup| Subtree::new(setup))]
    one: Subtree<Estate>,

    #[state(init = |setup| Subtree::new(setup))]
    other: Subtree<Estate>,

    /// Something below, and below that.
    #[dir]
    deep: Subdir<Deep>,
}

/// A directory with one below it.
#[sysfs_dir]
struct Deep {
    /// The lowest one.
    #[dir]
    wing: Subdir<Leaf>,
}

/// A directory with a tree of its own type.
#[sysfs_dir]
struct Nest {
    /// It stays empty.
    #[tree]
    inner: Subtree<Nest>,
}

/// A user who is not the one that runs the tests.
const SOMEBODY: Owner = Owner {
    uid: 12_345,
    gid: 0,
};

/// Makes a tree that can be seen and belongs to `owner`.
fn delegate(owner: Owner, policy: Arc<dyn Policy>) -> Result<Root<Estate>> {
    let estate = Root::<Estate>::delegate((), owner, policy)?;

    estate.add(mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;
    Ok(estate)
}

/// Writes to a file as a program does.
fn write<T: DirData>(dir: &Dir<T>, file: &CStr, input: &CStr) -> Result<isize> {
    let attr = core::ptr::from_ref(&find::<T>(file)?.attr.attr).cast_mut();

    // SAFETY: The file is one of the directory, which is there, and the string ends with a NUL.
    Ok(unsafe {
        calls::store::<InDir<T>>(
            dir.kobj(),
            attr,
            input.as_char_ptr(),
            input.to_bytes().len(),
        )
    })
}

#[macros::kunit_tests(rust_kobject_policy)]
mod cases {
    use super::*;

    /// Which of the four can be seen.
    fn seen(estate: &Dir<Estate>) -> Result<[bool; 4]> {
        let mut guard = estate.try_lock()?;
        let held = &guard.held();

        Ok([
            find::<Estate>(c"garden")?.visible_mode(estate) != 0,
            find::<Estate>(c"secret")?.visible_mode(estate) != 0,
            estate.vault.in_sysfs(held).is_ok(),
            estate.house.in_sysfs(held).is_ok(),
        ])
    }

    #[test]
    fn what_is_privileged_is_left_out() -> Result {
        let estate = publish::<Estate>(c"rust_kunit")?;
        assert_eq!(seen(&estate)?, [true; 4]);
        assert!(!estate.is_delegated());
        drop(estate);

        let estate = delegate(SOMEBODY, Lease::new(1)?)?;
        assert_eq!(seen(&estate)?, [true, false, false, true]);
        assert!(estate.is_delegated());
        Ok(())
    }

    #[test]
    fn only_the_owner_writes() -> Result {
        // This is run by root.
        for (owner, result, value) in [
            (Owner::default(), 1, &b"7\n"[..]),
            // CAST: The numbers of errors are small.
            (SOMEBODY, EPERM.to_errno() as isize, b"0\n"),
        ] {
            let estate = delegate(owner, Lease::new(1)?)?;

            assert_eq!(write(&estate, c"garden", c"7")?, result);
            shows(&estate, c"garden", value)?;
            // It is not looked at what is written.
            let refused = write(&estate, c"garden", c"x")?;
            // CAST: As above.
            let is_refused = refused == EINVAL.to_errno() as isize;
            assert_eq!(is_refused, result == 1);
        }
        Ok(())
    }

    #[test]
    fn limits_are_those_of_the_tree() -> Result {
        for (max, one, two, three) in [
            (0, Err(EINVAL), Err(EINVAL), Err(EINVAL)),
            (1, Ok(()), Err(EINVAL), Err(EINVAL)),
            (2, Ok(()), Ok(()), Err(EINVAL)),
            (3, Ok(()), Ok(()), Err(EINVAL)),
        ] {
            let estate = delegate(SOMEBODY, Lease::new(max)?)?;

            assert_eq!(store(&estate, c"nr_leaves", c"1"), one);
            assert_eq!(store(&estate, c"nr_leaves", c"2"), two);
            assert_eq!(store(&estate, c"nr_leaves", c"3"), three);
            let guard = estate.try_lock()?;
            assert_eq!(store(&estate, c"nr_leaves", c"4"), Err(EINVAL));
            assert_eq!(store(&estate, c"nr_leaves", c"0"), Err(EBUSY));
            drop(guard);
            assert_eq!(store(&estate, c"nr_leaves", c"0"), Ok(()));
        }
        Ok(())
    }

    #[test]
    fn policies_are_of_a_type() -> Result {
        let estate = delegate(SOMEBODY, Arc::new(Other, GFP_KERNEL)?)?;

        assert!(estate.tree().policy::<Other>().is_some());
        assert!(estate.tree().policy::<Lease>().is_none());
        assert!(estate.is_delegated());
        let plain = Root::<Estate>::new(())?;
        assert!(plain.tree().policy::<Other>().is_none());
        Ok(())
    }

    #[test]
    fn owners_have_numbers() {
        // The namespace of the tests is the first one, which has all users but one.
        assert_eq!(Owner::from_uid(0), Some(Owner::default()));
        assert_eq!(Owner::from_uid(12_345), Some(SOMEBODY));
        assert_eq!(Owner::from_uid(u32::MAX), None);
        assert_eq!(SOMEBODY.uid_here(), Some(12_345));
    }

    /// Makes a tree in a directory.
    fn put(land: &Dir<Land>, held: &mut Held<'_>) -> Result<Arc<Lease>> {
        let lease = Lease::new(1)?;
        let estate = Root::<Estate>::delegate((), SOMEBODY, lease.clone())?;

        land.estate.replace(land, held, c"estate", estate)?;
        Ok(lease)
    }

    #[test]
    fn a_tree_in_a_tree_has_its_own_lock() -> Result {
        let land = publish::<Land>(c"rust_kunit")?;
        let mut guard = land.try_lock()?;
        let held = &mut guard.held();
        let lease = put(&land, held)?;

        {
            let estate = land.estate.get(held)?.ok_or(ENOENT)?;
            assert_eq!(estate.tree().owner, SOMEBODY);
            let mut inner = estate.try_lock()?;
            assert!(estate.house.in_sysfs(&inner.held()).is_ok());
            assert!(land.try_lock().is_err_and(|e| e == EBUSY));
            assert!(land.estate.get(&inner.held()).is_err_and(|e| e == EINVAL));
        }
        assert!(!lease.revoked.load(Relaxed));

        // A new one takes the place of the old one.
        let second = put(&land, held)?;
        assert!(lease.revoked.load(Relaxed) && !second.revoked.load(Relaxed));
        land.estate.remove(held)?;
        assert!(second.revoked.load(Relaxed));
        assert!(land.estate.get(held)?.is_none());
        Ok(())
    }

    #[test]
    fn a_tree_goes_with_the_directory_that_it_lies_in() -> Result {
        let country = publish::<Country>(c"rust_kunit")?;
        let mut leases = KVec::new();

        for nr in [c"2", c"1", c"0"] {
            store(&country, c"nr_lands", nr)?;
            let mut guard = country.try_lock()?;
            for lease in leases.drain_all() {
                let lease: Arc<Lease> = lease;
                assert!(lease.revoked.load(Relaxed));
            }
            country
                .lands
                .try_for_each(&mut guard.held(), |land, held| {
                    Ok(leases.push(put(land, held)?, GFP_KERNEL)?)
                })?;
        }
        assert!(leases.is_empty());

        // What lies deeper goes before.
        store(&country, c"nr_lands", c"1")?;
        let mut guard = country.try_lock()?;
        let mut lease = None;
        country.lands.with(&mut guard.held(), 0, |land, held| {
            lease = Some(put(land, held)?);
            Ok(())
        })?;
        drop(guard);
        drop(country);
        assert!(lease.is_some_and(|lease| lease.revoked.load(Relaxed)));
        Ok(())
    }

    /// Who removes a directory waits for who adds below it, with another lock.
    #[test]
    fn trees_go_before_what_they_lie_below() -> Result {
        let hall = publish::<Hall>(c"rust_kunit")?;
        let mut guard = hall.try_lock()?;
        let held = &mut guard.held();
        let (first, second) = (Lease::new(4)?, Lease::new(4)?);
        let [one, other] = [&first, &second]
            .map(|lease| Root::<Estate>::delegate((), Owner::default(), lease.clone()));

        // Not in the directory whose data they are part of.
        hall.one.replace(&hall.deep.wing, held, c"one", one?)?;
        hall.other.replace(&hall, held, c"other", other?)?;
        let estate = hall.one.get(held)?.ok_or(ENOENT)?;
        let user: ARef<Dir<Estate>> = (&**estate).into();
        store(&user, c"nr_leaves", c"1")?;

        // It waits for the lock, and asks its holder before that.
        let holder = user.clone();
        let started = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
        let has_started = started.clone();
        let lease = first.clone();
        workqueue::system_long().try_spawn(GFP_KERNEL, move || {
            let guard = holder.try_lock();

            has_started.complete_all();
            while guard.is_ok() && !lease.revoked.load(Relaxed) {
                fsleep(Delta::from_micros(100));
            }
            drop(guard);
        })?;
        started.wait_for_completion();
        assert!(user.try_lock().is_err_and(|e| e == EBUSY));
        hall.deep.remove(held)?;
        assert!(first.revoked.load(Relaxed) && !second.revoked.load(Relaxed));

        // Nothing can be added to it any more, and it can be made again elsewhere.
        assert_eq!(store(&user, c"nr_leaves", c"2"), Err(ENOENT));
        assert!(user.house.in_sysfs(&user.try_lock()?.held()).is_err());
        let again = Root::<Estate>::delegate((), Owner::default(), first.clone())?;
        assert_eq!(
            hall.one.replace(&hall.deep.wing, held, c"one", again),
            Err(ENOENT)
        );
        assert!(hall.one.get(held)?.is_none());
        let again = Root::<Estate>::delegate((), Owner::default(), first)?;
        hall.one.replace(&hall, held, c"one", again)?;
        hall.other.remove(held)?;
        assert!(second.revoked.load(Relaxed));
        Ok(())
    }

    #[test]
    fn trees_of_a_type_do_not_lie_in_each_other() -> Result {
        let nest = publish::<Nest>(c"rust_kunit")?;
        let mut guard = nest.try_lock()?;
        let held = &mut guard.held();

        let inner = Root::<Nest>::new(())?;
        assert_eq!(
            nest.inner.replace(&nest, held, c"inner", inner),
            Err(EINVAL)
        );
        // Neither does a tree whose lock is held get a name.
        let parent = mm_kobj().ok_or(ENODEV)?;
        let inner = Root::<Nest>::new(())?;
        let inner_guard = inner.try_lock()?;
        assert_eq!(inner.add(parent, c"rust_kunit_2"), Err(EBUSY));
        drop(inner_guard);
        assert_eq!(inner.add(parent, c"rust_kunit_2"), Ok(()));
        assert_eq!(inner.add(parent, c"rust_kunit_3"), Err(EEXIST));
        Ok(())
    }
}
