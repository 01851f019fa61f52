// SPDX-License-Identifier: GPL-2.0

//! Schemes of contexts that are not started.

use super::{
    Context,
    Filter,
    Goal,
    Scheme, //
};
use crate::{
    bindings,
    prelude::*, //
};
use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    }, //
};

/// A scheme of a [`Context`] that is not started, exclusively borrowed.
///
/// Corresponds to the C `struct damos`.
///
/// # Invariants
///
/// `scheme` points to a valid `struct damos` that is in the list of schemes of a context to that
/// this has the exclusive reference. Each array of its `migrate_dests` is null, or was allocated
/// with `kmalloc()` and has `nr_dests` elements; it is not null if `nr_dests` is not zero.
#[doc(alias = "damos")]
pub struct SchemeMut<'a> {
    scheme: NonNull<bindings::damos>,
    _ctx: PhantomData<&'a mut Context>,
}

impl Context {
    /// Adds a scheme, without filters, goals and destinations.
    ///
    /// A scheme that was added stays, also if a later step fails. In that case drop the context.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::damon::{
    ///     Action,
    ///     AddrRange,
    ///     Context,
    ///     Exclusivity,
    ///     Filter,
    ///     FilterKind,
    ///     OpsId,
    ///     Scheme, //
    /// };
    ///
    /// let mut ctx = Context::new()?;
    /// ctx.select_ops(OpsId::Paddr)?;
    ///
    /// let mut scheme = ctx.add_scheme(&Scheme::new(Action::Stat))?;
    /// scheme.add_filter(Filter {
    ///     kind: FilterKind::Addr(AddrRange {
    ///         start: 0,
    ///         end: 0x10_0000,
    ///     }),
    ///     matching: true,
    ///     allow: true,
    /// })?;
    ///
    /// let kdamond = ctx.start(Exclusivity::Shared)?;
    /// assert_eq!(kdamond.call(|k| k.schemes().count()), Ok(1));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "damon_new_scheme")]
    #[doc(alias = "damon_add_scheme")]
    pub fn add_scheme(&mut self, scheme: &Scheme) -> Result<SchemeMut<'_>> {
        let mut pattern = scheme.pattern.to_raw();
        let mut quota = scheme.quota.to_raw();
        let mut watermarks = scheme.watermarks.to_raw();

        // SAFETY: The pointers are valid for the duration of the call, which copies what they point
        // to. Returns null or a new scheme.
        let scheme = unsafe {
            bindings::damon_new_scheme(
                &raw mut pattern,
                scheme.action.into_raw(),
                scheme.apply_interval_us,
                &raw mut quota,
                &raw mut watermarks,
                scheme.target_nid,
            )
        };
        let scheme = NonNull::new(scheme).ok_or(ENOMEM)?;

        // SAFETY: By the type invariants, the context is valid and nobody else accesses it. The
        // scheme is new, hence not in a list, and we pass the ownership of it to the context.
        unsafe { bindings::damon_add_scheme(self.as_ptr(), scheme.as_ptr()) };

        // INVARIANT: We just added `scheme` to the context. A new scheme has no destinations.
        Ok(SchemeMut {
            scheme,
            _ctx: PhantomData,
        })
    }
}

impl SchemeMut<'_> {
    /// Adds a filter, after those of the same [layer](super::FilterKind::is_for_ops) that were
    /// added before.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the maximum size of a huge page is less than the minimum, or the end of an
    ///   address range before its start.
    /// - [`ENOMEM`] if there is no memory.
    #[doc(alias = "damos_new_filter")]
    #[doc(alias = "damos_add_filter")]
    pub fn add_filter(&mut self, filter: Filter) -> Result {
        let filter = filter.to_raw()?;

        // SAFETY: By the type invariants, `scheme` is valid and nobody else accesses it. The filter
        // is in no list, and we pass the ownership of it to the scheme.
        unsafe { bindings::damos_add_filter(self.scheme.as_ptr(), filter.as_ptr()) };
        Ok(())
    }

    /// Adds a goal for tuning the quota, after those that were added before.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if the [target value](Goal::target_value) is zero.
    /// - [`ENOMEM`] if there is no memory.
    #[doc(alias = "damos_new_quota_goal")]
    #[doc(alias = "damos_add_quota_goal")]
    pub fn add_goal(&mut self, goal: Goal) -> Result {
        // SAFETY: By the type invariants, the scheme is valid and nobody else accesses it.
        let quota = unsafe { &raw mut (*self.scheme.as_ptr()).quota };

        // SAFETY: `quota` is a part of the scheme, and `damon_destroy_scheme()` destroys its goals.
        unsafe { goal.add_to(quota) }
    }

    /// Sets the nodes to migrate to, each with a weight: how much, relative to the others, goes to
    /// this node.
    ///
    /// They replace those that were set before. Without any, [`Scheme::target_nid`] applies.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory. The destinations are unchanged then.
    #[doc(alias = "damos_migrate_dests")]
    pub fn set_dests(&mut self, dests: &[(u32, u32)]) -> Result {
        let mut nids = KVec::with_capacity(dests.len(), GFP_KERNEL)?;
        let mut weights = KVec::with_capacity(dests.len(), GFP_KERNEL)?;

        for &(nid, weight) in dests {
            nids.push(nid, GFP_KERNEL)?;
            weights.push(weight, GFP_KERNEL)?;
        }

        let new = bindings::damos_migrate_dests {
            node_id_arr: into_array(nids),
            weight_arr: into_array(weights),
            nr_dests: dests.len(),
        };

        // INVARIANT: The new arrays are null if there are no destinations; else they have been
        // allocated with the allocator `Kmalloc` and have `nr_dests` elements.
        // SAFETY: By the type invariants, `scheme` is valid and nobody else accesses it. All bit
        // patterns are valid for `migrate_dests`.
        let old = unsafe {
            ptr::replace(
                &raw mut (*self.scheme.as_ptr())
                    .__bindgen_anon_1
                    .__bindgen_anon_1
                    .migrate_dests,
                new,
            )
        };

        for array in [old.node_id_arr, old.weight_arr] {
            // SAFETY: By the type invariants, `array` was null or allocated with `kmalloc()`, and
            // the scheme does not refer to it anymore.
            unsafe { bindings::kfree(array.cast()) };
        }
        Ok(())
    }

    /// Sets the number of snapshots after that the scheme does nothing anymore; zero for no limit.
    ///
    /// See [`Stat::nr_snapshots`](super::Stat::nr_snapshots).
    pub fn set_max_nr_snapshots(&mut self, max_nr_snapshots: usize) {
        // SAFETY: By the type invariants, `scheme` is valid and nobody else accesses it.
        unsafe { (*self.scheme.as_ptr()).max_nr_snapshots = max_nr_snapshots };
    }
}

/// Returns the elements as an array for `kfree()`, or null if there are none.
fn into_array(vec: KVec<u32>) -> *mut u32 {
    if vec.is_empty() {
        return ptr::null_mut();
    }

    // The vector has elements, hence its buffer is not dangling.
    let (array, _, _) = vec.into_raw_parts();
    array
}
