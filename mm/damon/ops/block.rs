// SPDX-License-Identifier: GPL-2.0

//! Regions in blocks.

use crate::model::{
    cond_resched,
    Random,
    Regions, //
};

/// How many regions are looked at together.
///
/// That bounds how long locks are held, and is enough for what is shared to cost little.
const MAX: usize = 32;

/// The sampling addresses of some regions that follow each other.
pub(crate) struct Block {
    addrs: [usize; MAX],
    len: usize,
}

impl Block {
    fn new() -> Self {
        Self {
            addrs: [0; MAX],
            len: 0,
        }
    }

    /// The addresses, in the order of the regions.
    pub(crate) fn addrs(&self) -> &[usize] {
        self.addrs.get(..self.len).unwrap_or_default()
    }
}

/// Which regions of a block were accessed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Accessed(u32);

const _: () = assert!(MAX <= u32::BITS as usize);

impl Accessed {
    /// Notes that the region of this number was accessed.
    pub(crate) fn set(&mut self, nr: usize) {
        self.0 |= 1 << (nr % MAX);
    }

    /// Returns whether the region of this number was accessed.
    fn get(self, nr: usize) -> bool {
        self.0 >> (nr % MAX) & 1 != 0
    }
}

/// Does nothing ahead of looking at an address.
#[cfg(CONFIG_DAMON_VADDR)]
pub(crate) fn nothing(_addr: usize) {}

/// Draws sampling addresses for all regions, and calls `ahead` for each, and `f` for each block.
///
/// Addresses are drawn in the order of the regions, and nothing else draws numbers meanwhile.
pub(crate) fn prepare(
    regions: &Regions,
    random: &mut Random<'_>,
    ahead: impl Fn(usize),
    mut f: impl FnMut(&Block),
) {
    let mut rest = regions.iter();
    let mut block = Block::new();
    loop {
        block.len = 0;
        for (addr, region) in block.addrs.iter_mut().zip(rest.by_ref()) {
            *addr = random.address_in(region);
            region.set_sampling_addr(*addr);
            ahead(*addr);
            block.len += 1;
        }
        if block.len == 0 {
            return;
        }
        f(&block);
        cond_resched();
    }
}

/// Calls `ahead` for each sampling address, and `f` for each block, and counts the accesses that
/// this returns.
///
/// Returns the highest count of a region.
pub(crate) fn check(
    regions: &Regions,
    ahead: impl Fn(usize),
    mut f: impl FnMut(&Block) -> Accessed,
) -> u32 {
    let mut max_nr_accesses = 0;
    let mut rest = regions.iter();
    let mut these = regions.iter();
    let mut block = Block::new();
    loop {
        block.len = 0;
        for (addr, region) in block.addrs.iter_mut().zip(rest.by_ref()) {
            *addr = region.sampling_addr();
            ahead(*addr);
            block.len += 1;
        }
        if block.len == 0 {
            return max_nr_accesses;
        }
        let accessed = f(&block);
        for (nr, region) in these.by_ref().take(block.len).enumerate() {
            max_nr_accesses = max_nr_accesses.max(region.update_access_rate(accessed.get(nr)));
        }
        cond_resched();
    }
}

/// Calls `f` for each region. As between blocks, other threads have their turn from time to time.
#[cfg(CONFIG_DAMON_PADDR)]
pub(crate) fn each(regions: &Regions, mut f: impl FnMut(&crate::model::Region)) {
    for (nr, region) in regions.iter().enumerate() {
        f(region);
        if nr % MAX == MAX - 1 {
            cond_resched();
        }
    }
}

#[cfg(CONFIG_DAMON_VADDR_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_ops_block)]
mod tests {
    use super::*;

    #[test]
    fn accessed_has_room_for_a_block() {
        for nr in 0..MAX {
            let mut accessed = Accessed::default();
            accessed.set(nr);
            for other in 0..MAX {
                assert_eq!(accessed.get(other), other == nr);
            }
        }
    }

    #[test]
    fn addresses_are_those_of_regions() {
        let mut block = Block::new();
        assert!(block.addrs().is_empty());
        block.len = 2;
        assert_eq!(block.addrs().len(), 2);
        block.len = MAX;
        assert_eq!(block.addrs().len(), MAX);
    }
}
