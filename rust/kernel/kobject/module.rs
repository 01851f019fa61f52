// SPDX-License-Identifier: GPL-2.0

//! What becomes of directories and files when the module with their code goes.
//!
//! A module drops its trees and groups before that. Those that it has leaked are removed here.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::{
    bindings,
    error::to_result,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu, //
    },
    types::Opaque, //
};

/// The module that code belongs to; null for that of the kernel itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Module(pub(super) *mut bindings::module);

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
}

/// Calls a function when a module goes, unless this is dropped before.
///
/// # Invariants
///
/// `notifier` is registered, and the first field, so that a pointer to it is a pointer to this.
#[repr(C)]
#[pin_data(PinnedDrop)]
pub(super) struct Watch {
    #[pin]
    notifier: Opaque<bindings::notifier_block>,
    module: Module,
    is_over: Atomic<bool>,
    leave: KBox<dyn Fn() + Send + Sync>,
}

// SAFETY: The notifier is for the C side, which locks it.
unsafe impl Send for Watch {}

// SAFETY: The notifier is for the C side, which locks it; the rest can be shared.
unsafe impl Sync for Watch {}

impl Watch {
    /// Arranges for `leave` to be called. Nothing is needed for the code of the kernel itself.
    pub(super) fn new(
        module: Module,
        leave: impl Fn() + Send + Sync + 'static,
    ) -> Result<Option<Pin<KBox<Self>>>> {
        if module.0.is_null() {
            return Ok(None);
        }

        let leave: KBox<dyn Fn() + Send + Sync> = KBox::new(leave, GFP_KERNEL)?;
        let watch = KBox::pin_init(
            // INVARIANT: The notifier is registered here, and this is `repr(C)`.
            try_pin_init!(Self {
                module,
                is_over: Atomic::new(false),
                leave,
                notifier <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                    let mut notifier: bindings::notifier_block = pin_init::zeroed();

                    notifier.notifier_call = Some(module_changes);
                    // SAFETY: `slot` is valid for a write.
                    unsafe { slot.write(notifier) };
                    // SAFETY: The notifier stays where it is until `drop()` unregisters it. The
                    // fields that it uses are initialized.
                    to_result(unsafe { bindings::register_module_notifier(slot) })
                }),
            }? Error),
            GFP_KERNEL,
        )?;
        Ok(Some(watch))
    }
}

#[pinned_drop]
impl PinnedDrop for Watch {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `new()` registered the notifier. This waits until it does not run any more.
        unsafe { bindings::unregister_module_notifier(self.notifier.get()) };
    }
}

/// Learns that a module comes or goes. When one goes it has run its `exit`, and its code is still
/// there.
///
/// # Safety
///
/// `notifier` must be that of a [`Watch`], and `module` the module that changes.
unsafe extern "C" fn module_changes(
    notifier: *mut bindings::notifier_block,
    change: usize,
    module: *mut c_void,
) -> c_int {
    // SAFETY: The notifier is the first field of a `Watch`, which is there while it is registered.
    let watch = unsafe { &*notifier.cast::<Watch>() };
    // CAST: The numbers are small.
    let going = bindings::module_state_MODULE_STATE_GOING as usize;

    // What is leaked stays registered: another module may come to the same address.
    if change == going && watch.module.0.cast() == module && !watch.is_over.xchg(true, Relaxed) {
        (watch.leave)();
    }
    // CAST: It is 1.
    bindings::NOTIFY_OK as c_int
}
