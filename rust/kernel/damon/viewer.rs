// SPDX-License-Identifier: GPL-2.0

//! On whose behalf a kdamond looks at memory.

use crate::{
    bindings,
    cred::Credential,
    mm::virt::VmaRef,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
    types::NotThreadSafe, //
};
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};

/// A user who is not root, with the rights and the memory cgroup of the task that stood for him.
///
/// He has no capabilities, also if the task had some.
pub struct Viewer {
    cred: ARef<Credential>,
    payer: Payer,
}

impl Viewer {
    /// Returns the user that the current task stands for.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    pub fn current() -> Result<Arc<Self>> {
        // SAFETY: Always safe to call from a context that can sleep.
        let cred = NonNull::new(unsafe { bindings::prepare_creds() }).ok_or(ENOMEM)?;

        // SAFETY: Nobody else knows the new credentials yet.
        let caps = unsafe { &mut *cred.as_ptr() };
        for set in [
            &mut caps.cap_inheritable,
            &mut caps.cap_permitted,
            &mut caps.cap_effective,
            &mut caps.cap_bset,
            &mut caps.cap_ambient,
        ] {
            set.val = 0;
        }
        // CAST: `Credential` is a transparent wrapper.
        // SAFETY: The reference that `prepare_creds()` made is passed on.
        let cred = unsafe { ARef::from_raw(cred.cast::<Credential>()) };

        Ok(Arc::new(
            Self {
                cred,
                payer: Payer::current(),
            },
            GFP_KERNEL,
        )?)
    }

    /// Calls `f` with the rights of the user instead of those of the current task.
    pub(super) fn act<R>(&self, f: impl FnOnce(&Acting<'_>) -> R) -> R {
        // SAFETY: The credentials are there until `acting` is dropped, which restores those that
        // were there before.
        let old = unsafe { bindings::override_creds(self.cred.as_ptr()) };
        // INVARIANT: The credentials were replaced just now.
        let acting = Acting {
            old,
            _viewer: PhantomData,
            _not_send: NotThreadSafe,
        };

        f(&acting)
    }

    /// Calls `f`, and lets the memory that DAMON allocates meanwhile be charged to the user.
    pub fn pay_for<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: The cgroup is there until `_paying` is dropped, which restores the old one.
        let old = unsafe { bindings::damon_core_charge(self.payer.0) };
        let _paying = Paying(old);

        f()
    }

    /// Returns who is charged, or null.
    pub(super) fn memcg(&self) -> *mut bindings::mem_cgroup {
        self.payer.0
    }

    /// Returns the user that a context of the core is for, if it is for one.
    ///
    /// # Safety
    ///
    /// `ctx` must point to a valid context that nobody frees or starts for all of `'a`, and the
    /// current task must be its kdamond.
    pub unsafe fn of_context<'a>(ctx: *mut bindings::damon_ctx) -> Option<&'a Self> {
        // SAFETY: The context is valid, and only the current task uses it.
        let viewer = unsafe { bindings::damon_core_viewer(ctx) };

        // SAFETY: What is not null comes from `Guest::raw()`, for a `Viewer` that the owner of the
        // context keeps for as long as that.
        unsafe { viewer.cast::<Self>().as_ref() }
    }
}

/// Proves that the current task acts with the rights of a [`Viewer`].
///
/// # Invariants
///
/// The credentials of the current task are those of a viewer which exists for `'a`, and `old` are
/// those that it had before.
pub(super) struct Acting<'a> {
    old: *const bindings::cred,
    _viewer: PhantomData<&'a Viewer>,
    // Credentials are those of one task.
    _not_send: NotThreadSafe,
}

impl Acting<'_> {
    /// Tells whether accesses to an area tell nothing about other users, as `mincore()` sees it:
    /// its memory is anonymous, or that of a file that the viewer owns or may write to.
    pub(super) fn may_see(&self, vma: &VmaRef) -> bool {
        // SAFETY: The area is locked, by the invariant of `VmaRef`.
        unsafe { bindings::damon_vma_is_own(vma.as_ptr()) }
    }
}

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants these are the credentials that the task had before, and it
        // is still the same task.
        unsafe { bindings::revert_creds(self.old) };
    }
}

/// Lets what was charged before [`Viewer::pay_for`] be charged again.
struct Paying(*mut bindings::mem_cgroup);

impl Drop for Paying {
    fn drop(&mut self) {
        // SAFETY: This was charged before, by the current task.
        unsafe { bindings::damon_core_charge(self.0) };
    }
}

/// The memory cgroup of a task.
///
/// # Invariants
///
/// The pointer is null, or owns a reference.
struct Payer(*mut bindings::mem_cgroup);

// SAFETY: References to memory cgroups can be given back by any thread.
unsafe impl Send for Payer {}

// SAFETY: Nothing but passing the pointer on can be done with a shared one.
unsafe impl Sync for Payer {}

impl Payer {
    /// Returns that of the current task.
    #[cfg(CONFIG_MEMCG)]
    fn current() -> Self {
        // SAFETY: Always safe to call for the current task, and for the one that it asks for itself
        // if there is no address space.
        let memcg = unsafe { bindings::get_mem_cgroup_from_mm((*bindings::get_current()).mm) };

        // INVARIANT: The function has counted a reference.
        Self(memcg)
    }

    /// Returns that of the current task: there are none.
    #[cfg(not(CONFIG_MEMCG))]
    fn current() -> Self {
        Self(ptr::null_mut())
    }
}

impl Drop for Payer {
    fn drop(&mut self) {
        #[cfg(CONFIG_MEMCG)]
        if !self.0.is_null() {
            // SAFETY: By the type invariants we own this reference.
            unsafe { bindings::mem_cgroup_put(self.0) };
        }
    }
}

/// Whose kdamonds are to be [stopped](Self::stop) together.
pub struct GuestKey(KBox<u8>);

impl GuestKey {
    /// Returns one that is different from all others that exist.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    pub fn new() -> Result<Self> {
        Ok(Self(KBox::new(0, GFP_KERNEL)?))
    }

    fn raw(&self) -> usize {
        ptr::from_ref(&*self.0).addr()
    }

    /// Stops the kdamonds, and waits until they have ended. Who waits for one of them, to be called
    /// for example, gets [`ECANCELED`].
    pub fn stop(&self) {
        // SAFETY: Always safe to call from a context that can sleep.
        unsafe { bindings::damon_core_stop_guests(self.raw()) };
    }
}

/// For whom a [`Context`](super::Context) is, if not for the kernel itself or for root.
#[derive(Clone)]
pub struct Guest {
    /// The user.
    pub viewer: Arc<Viewer>,
    /// Whom its kdamond is stopped together with.
    pub key: Arc<GuestKey>,
    /// How many regions it may have, which splitting does not exceed either.
    pub max_nr_regions: usize,
}

impl Guest {
    /// Returns what the core knows of it, for as long as this exists.
    pub(super) fn raw(&self) -> bindings::damon_core_guest {
        bindings::damon_core_guest {
            owner: self.key.raw(),
            viewer: ptr::from_ref(&*self.viewer).cast_mut().cast(),
            memcg: self.viewer.memcg(),
            max_nr_regions: self.max_nr_regions,
        }
    }
}
