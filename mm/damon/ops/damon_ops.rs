// SPDX-License-Identifier: GPL-2.0

//! The monitoring operations of DAMON that run for each sample.
//!
//! A kdamond spends nearly all of its time in these. They do what the functions of the same names
//! in `vaddr.c` and `paddr.c` do, with the same results and in the same order, but take regions in
//! blocks, which share look-ups and locks:
//!
//! ```text
//! model   the structures of damon.h that are needed here, and what C calls and is called for
//! vaddr   virtual address spaces, and fixed ranges of them
//! paddr   the physical address space
//! guarded virtual address spaces, on behalf of users who are not root
//! block   regions in blocks
//! ```
//!
//! What is not common is left to the functions in C, for one address at a time: pages of hugetlbfs,
//! memory without folios, address spaces that devices use, and areas that are being changed.
//!
//! Only `model` has `unsafe` code.
//!
//! # Locking
//!
//! A lock of a memory area is held for a block of 32 regions at most, and not beyond a page table
//! if somebody waits to change the area; that of a page table for those entries of it that a block
//! has. Between blocks other threads have their turn. When `vaddr` and `paddr` call C, they hold no
//! lock.

mod block;
#[cfg(CONFIG_DAMON_SYSFS_USERS)]
mod guarded;
mod model;
#[cfg(CONFIG_DAMON_PADDR)]
mod paddr;
#[cfg(CONFIG_DAMON_VADDR)]
mod vaddr;

/// Prefix of log messages.
const __LOG_PREFIX: &[u8] = b"damon_ops\0";
