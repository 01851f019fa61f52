// SPDX-License-Identifier: GPL-2.0

//! What becomes of directories and files when the module with their code goes.
//!
//! A module drops its trees and groups before that. Those that it has leaked are removed here.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::{
    bindings,
    error::to_result,
    impl_has_work,
    new_mutex,
    new_work,
    prelude::*,
    sync::{
        rcu,
        Arc,
        Mutex, //
    },
    types::Opaque,
    workqueue::{
        self,
        Work,
        WorkItem, //
    }, //
};

/// The module that code belongs to; null for that of the kernel itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Module(*mut bindings::module);

// SAFETY: The C side takes the pointer, and null, from any thread.
unsafe impl Send for Module {}

// SAFETY: Nothing is read or written through the pointer but by the C side, which locks.
unsafe impl Sync for Module {}

impl Module {
    /// Returns the module that `code` belongs to.
    pub(super) fn of(code: *const ()) -> Self {
        let _guard = rcu::read_lock();

        // SAFETY: We are in an RCU section.
        Self(unsafe { bindings::__module_text_address(code.addr()) })
    }

    /// Fails with `ENODEV` if the module has not finished to come: when that fails, nobody waits
    /// for who uses the module.
    ///
    /// # Safety
    ///
    /// The caller must keep the module from going.
    pub(super) unsafe fn check_has_come(self) -> Result {
        // SAFETY: The caller keeps the module; or it is null, which is allowed.
        if !unsafe { bindings::module_has_come(self.0) } {
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Keeps the module from going while `f` runs. This is for code that is not the module's.
    ///
    /// Fails with `ENODEV` if it is about to go.
    ///
    /// # Safety
    ///
    /// The module must be there until it is kept from going.
    pub(super) unsafe fn with<R>(self, f: impl FnOnce() -> R) -> Result<R> {
        // SAFETY: The caller promises that the module is there; or it is null, which is allowed.
        if !unsafe { bindings::try_module_get(self.0) } {
            return Err(ENODEV);
        }
        let result = f();

        // SAFETY: This gives back the reference that was taken above.
        unsafe { bindings::module_put(self.0) };
        Ok(result)
    }
}

/// Calls a function when a module goes, unless this is dropped before.
pub(super) struct Watch(Arc<Watcher>);

/// What listens for a module to go.
///
/// # Invariants
///
/// `notifier` is the first field, so that a pointer to it is a pointer to this. It is registered
/// until the work has run.
#[repr(C)]
#[pin_data]
struct Watcher {
    #[pin]
    notifier: Opaque<bindings::notifier_block>,
    module: Module,
    /// Who takes it out calls it, or drops it, which may need the code of the module.
    #[pin]
    leave: Mutex<Option<KBox<dyn Fn() + Send + Sync>>>,
    #[pin]
    work: Work<Self>,
}

// SAFETY: The notifier is for the C side, which locks it; the rest can be sent.
unsafe impl Send for Watcher {}

// SAFETY: The notifier is for the C side, which locks it; the rest can be shared.
unsafe impl Sync for Watcher {}

impl_has_work! {
    impl HasWork<Self> for Watcher { self.work }
}

impl Watch {
    /// Arranges for `leave` to be called. Nothing is needed for the code of the kernel itself.
    pub(super) fn new(
        module: Module,
        leave: impl Fn() + Send + Sync + 'static,
    ) -> Result<Option<Self>> {
        if module.0.is_null() {
            return Ok(None);
        }

        let leave: KBox<dyn Fn() + Send + Sync> = KBox::new(leave, GFP_KERNEL)?;
        let watcher = Arc::pin_init(
            // INVARIANT: The notifier is registered here, and this is `repr(C)`.
            try_pin_init!(Watcher {
                module,
                leave <- new_mutex!(Some(leave), "kobject::Watcher::leave"),
                work <- new_work!("kobject::Watcher::work"),
                notifier <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                    let mut notifier: bindings::notifier_block = pin_init::zeroed();

                    notifier.notifier_call = Some(module_changes);
                    // SAFETY: `slot` is valid for a write.
                    unsafe { slot.write(notifier) };
                    // SAFETY: The notifier stays where it is until it is unregistered. The fields
                    // that it uses are initialized.
                    to_result(unsafe { bindings::register_module_notifier(slot) })
                }),
            }? Error),
            GFP_KERNEL,
        )?;
        Ok(Some(Self(watcher)))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let leave = self.0.leave.lock().take();

        drop(leave);
        // The notifier's own lock must not be waited for here: our caller may be called with it,
        // or hold the lock of a tree that somebody waits for who has it. This fails only if it
        // was done before, which it was not.
        let _ = workqueue::system_long().enqueue(self.0.clone());
    }
}

impl WorkItem for Watcher {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        // SAFETY: The notifier was registered, and this runs once. It waits until the notifier
        // does not run any more.
        unsafe { bindings::unregister_module_notifier(this.notifier.get()) };
    }
}

/// Learns that a module comes or goes. When one goes it has run its `exit`, and its code is still
/// there.
///
/// # Safety
///
/// `notifier` must be that of a [`Watcher`], and `module` the module that changes.
unsafe extern "C" fn module_changes(
    notifier: *mut bindings::notifier_block,
    change: usize,
    module: *mut c_void,
) -> c_int {
    // SAFETY: The notifier is the first field of a `Watcher`, which is there while it is
    // registered.
    let watcher = unsafe { &*notifier.cast::<Watcher>() };
    // CAST: The numbers are small.
    let going = bindings::module_state_MODULE_STATE_GOING as usize;

    if change == going && watcher.module.0.cast() == module {
        let leave = watcher.leave.lock().take();

        if let Some(leave) = leave {
            leave();
        }
    }
    // CAST: It is 1.
    bindings::NOTIFY_OK as c_int
}
