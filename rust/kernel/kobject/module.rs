// SPDX-License-Identifier: GPL-2.0

//! What becomes of a tree when the module with its code goes.
//!
//! A module drops its trees before that. One that it has leaked is removed here.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h)

use crate::{
    bindings,
    ffi,
    new_mutex,
    prelude::*,
    sync::{
        rcu,
        Arc,
        Mutex,
        SetOnce, //
    },
    types::Opaque, //
};
use core::ptr;

use super::Tree;

/// A tree of a module.
///
/// # Invariants
///
/// `root` is the kobject at the top of `tree`, and this owns a reference to it.
struct ModuleTree {
    module: *mut bindings::module,
    root: *mut bindings::kobject,
    tree: Arc<Tree>,
}

// SAFETY: The references may be given back by any thread, and the module is only compared with.
unsafe impl Send for ModuleTree {}

impl Drop for ModuleTree {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, this owns a reference.
        unsafe { bindings::kobject_put(self.root) };
    }
}

/// All trees of modules, and who learns that a module goes.
#[pin_data]
struct Watch {
    #[pin]
    trees: Mutex<KVec<ModuleTree>>,
    notifier: Opaque<bindings::notifier_block>,
}

// SAFETY: The trees are behind a mutex, and the notifier is for the C side alone.
unsafe impl Send for Watch {}

// SAFETY: Likewise.
unsafe impl Sync for Watch {}

/// Made for the first tree of a module.
static WATCH: SetOnce<Arc<Watch>> = SetOnce::new();

impl Watch {
    fn get() -> Result<&'static Self> {
        if WATCH.as_ref().is_none() {
            let mut notifier: bindings::notifier_block = pin_init::zeroed();

            notifier.notifier_call = Some(module_changes);

            let watch = Arc::pin_init(
                pin_init!(Self {
                    trees <- new_mutex!(KVec::new(), "kobject::module::trees"),
                    notifier: Opaque::new(notifier),
                }),
                GFP_KERNEL,
            )?;
            let raw = watch.notifier.get();

            // SAFETY: The notifier is initialised, and stays where it is for as long as it is
            // registered. This does not fail.
            unsafe { bindings::register_module_notifier(raw) };
            if !WATCH.populate(watch.clone()) {
                // SAFETY: The notifier was registered, and `watch` still owns it.
                unsafe { bindings::unregister_module_notifier(raw) };
            }
        }
        // Another thread may be about to make it.
        Ok(WATCH.as_ref().ok_or(EBUSY)?)
    }
}

/// Returns the module that `code` belongs to, or null.
pub(super) fn of(code: *const ()) -> *mut bindings::module {
    let _guard = rcu::read_lock();

    // SAFETY: We are in an RCU section.
    unsafe { bindings::__module_text_address(code.addr()) }
}

/// Removes the tree below `root` when `module` goes, unless [`forget`] comes first.
///
/// # Safety
///
/// `root` must be the kobject at the top of `tree`.
pub(super) unsafe fn watch(
    module: *mut bindings::module,
    root: *mut bindings::kobject,
    tree: &Arc<Tree>,
) -> Result {
    let watch = Watch::get()?;

    // SAFETY: The kobject is initialised.
    unsafe { bindings::kobject_get(root) };
    // INVARIANT: We own that reference, and the caller promises that the tree is that of `root`.
    let module_tree = ModuleTree {
        module,
        root,
        tree: tree.clone(),
    };

    Ok(watch.trees.lock().push(module_tree, GFP_KERNEL)?)
}

/// Forgets a tree that is dropped.
pub(super) fn forget(tree: &Tree) {
    let Some(watch) = WATCH.as_ref() else {
        return;
    };

    drop(take(watch, |other| ptr::eq(&*other.tree, tree)));
}

/// Takes a tree out of the list.
fn take(watch: &Watch, is_wanted: impl Fn(&ModuleTree) -> bool) -> Option<ModuleTree> {
    let mut trees = watch.trees.lock();
    let nr = trees.iter().position(is_wanted)?;

    trees.remove(nr).ok()
}

/// Learns that a module comes or goes. When one goes it has run its `exit`, and its code is still
/// there.
///
/// # Safety
///
/// `module` must point to the module that changes. This is the contract of a module notifier.
unsafe extern "C" fn module_changes(
    _notifier: *mut bindings::notifier_block,
    change: usize,
    module: *mut ffi::c_void,
) -> ffi::c_int {
    // CAST: The numbers are small.
    let going = bindings::module_state_MODULE_STATE_GOING as usize;

    if let (true, Some(watch)) = (change == going, WATCH.as_ref()) {
        while let Some(leaked) = take(watch, |other| ptr::eq(other.module.cast(), module)) {
            {
                let _guard = leaked.tree.lock();

                // SAFETY: By its invariant, `leaked` owns a reference to the kobject.
                if unsafe { (*leaked.root).state_in_sysfs() } != 0 {
                    // SAFETY: The kobject was added. With the lock held, nobody adds or removes
                    // anything below it.
                    unsafe { bindings::kobject_del(leaked.root) };
                }
            }
            leaked.tree.wait_for_releases();
        }
    }
    // CAST: It is 1.
    bindings::NOTIFY_OK as ffi::c_int
}
