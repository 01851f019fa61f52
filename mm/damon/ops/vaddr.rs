// SPDX-License-Identifier: GPL-2.0

//! Operations for virtual address spaces, and for fixed ranges of them.

use crate::{
    block::{
        self,
        Accessed, //
    },
    model::{
        virt::{
            va_mkold,
            va_young, //
        },
        Context,
        Target, //
    },
};
use kernel::mm::{
    virt::{
        flags,
        VmaRef, //
    },
    walk::{
        Entry,
        Lookup,
        Mapped,
        PageTable, //
    },
    MmWithUser, //
};

/// Draws an address of each region, and marks what is there as not accessed.
///
/// Corresponds to `damon_va_prepare_access_checks()`.
pub(crate) fn prepare_access_checks(mut ctx: Context<'_>) {
    let mut random = ctx.random();
    for target in ctx.targets().iter() {
        let Some(mm) = target.mm() else { continue };
        block::prepare(target.regions(), &mut random, block::nothing, |block| {
            visit(&mm, block.addrs(), &mut Mkold);
        });
    }
}

/// Counts an access for each region whose address was accessed.
///
/// Returns the highest count of a region.
///
/// Corresponds to `damon_va_check_accesses()`.
pub(crate) fn check_accesses(ctx: Context<'_>) -> u32 {
    let mut max_nr_accesses = 0;
    for target in ctx.targets().iter() {
        let mm = target.mm();
        let max = block::check(target.regions(), block::nothing, |block| {
            let mut young = Young::default();
            if let Some(mm) = &mm {
                visit(mm, block.addrs(), &mut young);
            }
            young.0
        });
        max_nr_accesses = max_nr_accesses.max(max);
    }
    max_nr_accesses
}

/// Returns whether there is still something to monitor.
///
/// Corresponds to `damon_va_target_valid()`.
pub(crate) fn target_valid(target: &Target) -> bool {
    target.is_alive()
}

/// What is done with each of some addresses.
pub(crate) trait Visit {
    /// An entry of a page table that maps memory.
    fn mapped(&mut self, nr: usize, mapped: &Mapped<'_>);

    /// An address at which there may be anything.
    fn uncommon(&mut self, nr: usize, mm: &MmWithUser, addr: usize);
}

/// Marks memory as not accessed.
///
/// Corresponds to `damon_va_mkold()`.
pub(crate) struct Mkold;

impl Visit for Mkold {
    // Corresponds to `damon_ptep_mkold()`.
    #[inline]
    fn mapped(&mut self, _nr: usize, mapped: &Mapped<'_>) {
        let folio = mapped.folio();
        if !folio.is_on_lru() {
            return;
        }
        if mapped.is_young() && mapped.test_and_clear_young() {
            folio.mark_young();
        }
        folio.mark_idle();
    }

    fn uncommon(&mut self, _nr: usize, mm: &MmWithUser, addr: usize) {
        va_mkold(mm, addr);
    }
}

/// Finds out which memory was accessed.
///
/// Corresponds to `damon_va_young()`.
#[derive(Default)]
pub(crate) struct Young(pub(crate) Accessed);

impl Visit for Young {
    // Corresponds to `damon_young_pmd_entry()`.
    #[inline]
    fn mapped(&mut self, nr: usize, mapped: &Mapped<'_>) {
        if mapped.is_young() || !mapped.folio().is_idle() {
            self.0.set(nr);
        }
    }

    fn uncommon(&mut self, nr: usize, mm: &MmWithUser, addr: usize) {
        if va_young(mm, addr) {
            self.0.set(nr);
        }
    }
}

/// Says that addresses, one at least, are to be visited without what is shared with others.
pub(crate) struct Uncommon {
    /// The address behind them.
    pub(crate) end: usize,
}

/// Addresses to visit, with their numbers.
pub(crate) struct Todo<'a> {
    addrs: &'a [usize],
    nr: usize,
}

impl<'a> Todo<'a> {
    /// Begins with the first address.
    pub(crate) fn new(addrs: &'a [usize]) -> Self {
        Self { addrs, nr: 0 }
    }

    /// The next address.
    #[inline]
    pub(crate) fn next(&self) -> Option<usize> {
        self.addrs.first().copied()
    }

    /// The next address, if it is in a range.
    #[inline]
    pub(crate) fn next_in(&self, start: usize, end: usize) -> Option<usize> {
        self.next().filter(|addr| (start..end).contains(addr))
    }

    /// Goes on to the address behind.
    #[inline]
    pub(crate) fn advance(&mut self) {
        self.addrs = self.addrs.get(1..).unwrap_or_default();
        self.nr += 1;
    }

    /// Calls `f` with the number of the next address and the address, and likewise with those that
    /// follow, as long as they are not below it and below `end`.
    pub(crate) fn take(&mut self, end: usize, mut f: impl FnMut(usize, usize)) {
        let Some(first) = self.next() else { return };
        let mut next = Some(first);
        while let Some(addr) = next {
            f(self.nr, addr);
            self.advance();
            next = self.next_in(first, end);
        }
    }

    /// Passes over addresses as long as they are in a range.
    #[inline]
    pub(crate) fn skip(&mut self, start: usize, end: usize) {
        while self.next_in(start, end).is_some() {
            self.advance();
        }
    }
}

/// Visits addresses, one after the other.
///
/// It is quick if many of those that follow each other are in the same area and page table.
fn visit(mm: &MmWithUser, addrs: &[usize], visitor: &mut impl Visit) {
    let mut todo = Todo::new(addrs);
    if mm.has_notifiers() {
        // No page table is given out.
        while todo.next().is_some() {
            todo.take(usize::MAX, |nr, addr| visitor.uncommon(nr, mm, addr));
        }
    }
    while let Some(addr) = todo.next() {
        // What is locked here is not locked any more when this returns.
        if let Err(Uncommon { end }) = visit_area(mm, addr, &mut todo, visitor) {
            todo.take(end, |nr, addr| visitor.uncommon(nr, mm, addr));
        }
    }
}

/// Visits the addresses that are in a hole of the address space, and in the area behind it.
fn visit_area(
    mm: &MmWithUser,
    addr: usize,
    todo: &mut Todo<'_>,
    visitor: &mut impl Visit,
) -> Result<(), Uncommon> {
    #[cfg(CONFIG_PER_VMA_LOCK)]
    let vma = mm.lock_next_vma(addr).map_err(|_| Uncommon { end: addr })?;
    #[cfg(not(CONFIG_PER_VMA_LOCK))]
    let lock = mm.mmap_read_lock();
    #[cfg(not(CONFIG_PER_VMA_LOCK))]
    let vma = lock.next_vma(addr);

    let Some(vma) = vma else {
        todo.skip(addr, usize::MAX);
        // The last address of all is in no area.
        if todo.next() == Some(usize::MAX) {
            todo.advance();
        }
        return Ok(());
    };
    todo.skip(addr, vma.start());
    if vma.flags() & flags::PFNMAP != 0 {
        todo.skip(vma.start(), vma.end());
        return Ok(());
    }
    #[cfg(CONFIG_PER_VMA_LOCK)]
    let is_contended = || vma.is_contended();
    #[cfg(not(CONFIG_PER_VMA_LOCK))]
    let is_contended = || lock.is_contended();
    while let Some(addr) = todo.next_in(vma.start(), vma.end()) {
        visit_at(&vma, addr, todo, visitor)?;
        // The rest looks the area up again, when it has been changed.
        if is_contended() {
            break;
        }
    }
    Ok(())
}

/// Visits the addresses of a page table.
#[inline]
pub(crate) fn visit_at(
    vma: &VmaRef,
    addr: usize,
    todo: &mut Todo<'_>,
    visitor: &mut impl Visit,
) -> Result<(), Uncommon> {
    vma.with_page_table(addr, |lookup| match lookup {
        Lookup::Table(table) => visit_table(table, todo, visitor),
        Lookup::Empty { end } => {
            todo.skip(addr, end);
            Ok(())
        }
        Lookup::Uncommon { end } => Err(Uncommon { end }),
    })
}

#[inline]
fn visit_table(
    table: &PageTable<'_>,
    todo: &mut Todo<'_>,
    visitor: &mut impl Visit,
) -> Result<(), Uncommon> {
    let range = table.range();
    // What comes from memory comes all at once.
    for addr in todo.addrs.iter().take_while(|addr| range.contains(addr)) {
        table.prefetch(*addr);
    }
    while let Some(addr) = todo.next_in(range.start, range.end) {
        match table.entry(addr) {
            Entry::Mapped(mapped) => visitor.mapped(todo.nr, &mapped),
            Entry::Empty => (),
            Entry::Uncommon => return Err(Uncommon { end: addr }),
        }
        todo.advance();
    }
    Ok(())
}

#[cfg(CONFIG_DAMON_VADDR_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_ops_vaddr)]
mod tests {
    use super::*;

    #[test]
    fn skips_what_is_in_a_range_only() {
        let mut todo = Todo {
            addrs: &[4, 5, 9, 10, 3],
            nr: 0,
        };
        // The first address is below the range.
        todo.skip(5, 10);
        assert_eq!((todo.next(), todo.nr), (Some(4), 0));
        assert_eq!(todo.next_in(4, 4), None);
        assert_eq!(todo.next_in(4, 5), Some(4));
        todo.skip(4, 10);
        assert_eq!((todo.next(), todo.nr), (Some(10), 3));
        // Nor is one skipped that is out of order.
        todo.skip(10, usize::MAX);
        assert_eq!((todo.next(), todo.nr), (Some(3), 4));
        todo.advance();
        assert_eq!((todo.next(), todo.nr), (None, 5));
        todo.advance();
        assert_eq!(todo.next(), None);
    }

    #[test]
    fn takes_one_at_least() {
        fn taken(todo: &mut Todo<'_>, end: usize) -> (usize, Option<(usize, usize)>) {
            let (mut count, mut last) = (0, None);
            todo.take(end, |nr, addr| {
                count += 1;
                last = Some((nr, addr));
            });
            (count, last)
        }

        let mut todo = Todo::new(&[4, 5, 9, 10, 3, usize::MAX]);
        assert_eq!(taken(&mut todo, 0), (1, Some((0, 4))));
        assert_eq!(taken(&mut todo, 10), (2, Some((2, 9))));
        // The last one of all is behind every end, and one out of order is in no range.
        assert_eq!(taken(&mut todo, usize::MAX), (1, Some((3, 10))));
        assert_eq!(taken(&mut todo, usize::MAX), (1, Some((4, 3))));
        assert_eq!(taken(&mut todo, usize::MAX), (1, Some((5, usize::MAX))));
        assert_eq!(taken(&mut todo, usize::MAX), (0, None));
    }
}
