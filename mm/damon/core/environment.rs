// SPDX-License-Identifier: GPL-2.0

//! What the core knows about the world: time, sleep and memory.
//!
//! The questions and waits themselves are in `helpers.c`. None of them may be used in atomic
//! context.

use crate::prelude::*;

/// Defines functions that any thread may call at any time, with any numbers.
macro_rules! questions {
    ($($(#[$meta:meta])* $name:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)? = $c:ident;)+) => { $(
        $(#[$meta])*
        pub(crate) fn $name($($arg: $ty),*) $(-> $ret)? {
            // SAFETY: The function takes any numbers, and no pointers.
            unsafe { bindings::$c($($arg),*) }
        }
    )+ };
}

questions! {
    /// Returns whether somebody wants the current kdamond to end. Elsewhere nobody does.
    should_stop() -> bool = damon_core_should_stop;
    /// Sleeps for a number of microseconds, or until somebody wants the kdamond to end.
    /// Corresponds to `kdamond_usleep()`.
    kdamond_usleep(usecs: usize) = damon_core_usleep;
    /// Returns the number of ticks.
    jiffies() -> usize = damon_core_jiffies;
    /// Returns the time of the last tick in nanoseconds.
    coarse_ns() -> u64 = damon_core_coarse_ns;
    /// Returns for how many microseconds some task has waited for memory so far.
    some_mem_psi_total() -> u64 = damon_core_some_mem_psi_total;
    /// Returns whether a node is online.
    node_online(nid: i32) -> bool = damon_core_node_online;
    /// Returns the free memory in parts per thousand.
    free_mem_rate() -> usize = damon_core_free_mem_rate;
    /// Says in a debug message that a kdamond starts or finishes.
    debug_kdamond(starts: bool) = damon_core_debug_kdamond;
}

/// A clock that goes on with each tick.
pub(crate) struct CoarseClock {
    jiffies: usize,
    ns: u64,
}

impl CoarseClock {
    /// Returns a clock that shows the time.
    pub(crate) fn new() -> Self {
        Self {
            jiffies: jiffies(),
            ns: coarse_ns(),
        }
    }

    /// Returns the time of the last tick in nanoseconds.
    pub(crate) fn ns(&mut self) -> u64 {
        // The time is the same until the next tick, and takes longer to look up.
        if jiffies() != self.jiffies {
            *self = Self::new();
        }
        self.ns
    }
}

/// Returns how many pages a node has, and how many of them are free, if it has any memory.
pub(crate) fn node_mem(nid: i32) -> Option<(usize, usize)> {
    let (mut total, mut free) = (0, 0);
    // SAFETY: Both pointers are valid; the number is checked there.
    unsafe { bindings::damon_core_node_mem(nid, &mut total, &mut free) }.then_some((total, free))
}

/// Returns the pages of a memory cgroup on a node, if there are such a cgroup and node.
pub(crate) fn node_memcg_used(nid: i32, memcg_id: u64) -> Option<usize> {
    let mut used = 0;
    // SAFETY: The pointer is valid; the numbers are checked there.
    unsafe { bindings::damon_core_node_memcg_used(nid, memcg_id, &mut used) }.then_some(used)
}

/// Bytes of physical memory that are in use.
#[derive(Default)]
pub(crate) struct NodeBytes {
    on_node: bindings::phys_addr_t,
    all: bindings::phys_addr_t,
}

impl NodeBytes {
    /// Adds the bytes in an address range of the core.
    pub(crate) fn add(&mut self, start: usize, end: usize, addr_unit: usize, nid: i32) {
        // CAST: Physical addresses can have more bits than those of the core.
        let to_phys = |addr: usize| {
            (addr as bindings::phys_addr_t).wrapping_mul(addr_unit as bindings::phys_addr_t)
        };
        // SAFETY: Both pointers are valid. Pages that do not exist are passed over there.
        unsafe {
            bindings::damon_core_node_bytes(
                to_phys(start),
                to_phys(end),
                nid,
                &mut self.on_node,
                &mut self.all,
            );
        };
    }

    /// Returns how many of the bytes are on the node, in 1/10,000.
    pub(crate) fn bp_on_node(&self) -> usize {
        // CAST: C truncates as well.
        mult_frac(self.on_node as usize, BP, self.all as usize).unwrap_or(0)
    }
}

/// Returns the pages in active and in inactive LRU lists.
pub(crate) fn lru_pages() -> (usize, usize) {
    let (mut active, mut inactive) = (0, 0);
    // SAFETY: Both pointers are valid.
    unsafe { bindings::damon_core_lru_pages(&mut active, &mut inactive) };
    (active, inactive)
}

/// Returns the addresses of the core from the first to the last system RAM.
///
/// Returns [`None`] if there is none. Corresponds to `damon_find_system_rams_range()`.
pub(crate) fn system_ram(addr_unit: usize) -> Option<AddrRange> {
    let mut range = AddrRange { start: 0, end: 0 };
    // SAFETY: Both pointers are valid, and the address unit is not zero.
    let found = unsafe {
        bindings::damon_core_system_ram(addr_unit.max(1), &mut range.start, &mut range.end)
    };
    (found && range.start < range.end).then_some(range)
}

/// Says in a debug message that a scheme is activated, or deactivated because of a watermark, which
/// is the high one or the low one.
pub(crate) fn debug_wmark(scheme: &Scheme, activate: bool, high: bool) {
    // SAFETY: The scheme is valid, and no other thread uses it.
    unsafe { bindings::damon_core_debug_wmark(scheme.as_ptr(), activate, high) };
}
