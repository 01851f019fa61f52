// SPDX-License-Identifier: GPL-2.0

//! Operations for virtual address spaces on behalf of a user who is not root.
//!
//! Each process is [checked](kernel::damon::guard) for each sample, and of its memory only areas
//! are looked at that `mincore()` would tell about: those of anonymous memory, and of files that
//! the user owns or may write to. Who else has a file open could be seen otherwise. What is not
//! looked at counts as not accessed, and is not touched.
//!
//! Nothing here waits for a lock that processes of the user can hold for as long as they like. What
//! is locked counts as not accessed in this sample.
//!
//! An area stays locked for a block, or a chunk of what a scheme looks at, also while C is called
//! for what is uncommon in it: otherwise it could become an area that must not be looked at.

use crate::{
    block::{
        self,
        Accessed, //
    },
    model::{
        cond_resched,
        guarded::{
            mkold_in,
            should_stop,
            stat_in,
            three_regions,
            young_in, //
        },
        Context,
        Region,
        Scheme,
        Target, //
    },
    vaddr::{
        visit_at,
        Mkold,
        Todo,
        Uncommon,
        Visit,
        Young, //
    },
};
use kernel::{
    damon::guard::{
        Area,
        Checked,
        Visible, //
    },
    page::PAGE_SIZE, //
};

/// How much of an area is looked at by a scheme before others have their turn, in bytes.
const CHUNK: usize = 64 << 20;

/// Finds the regions of targets that have none.
pub(crate) fn init(mut ctx: Context<'_>) {
    find_regions(&mut ctx, |target| target.regions().iter().next().is_none());
}

/// Lets the regions follow the address spaces.
pub(crate) fn update(mut ctx: Context<'_>) {
    find_regions(&mut ctx, |_| true);
}

/// Finds the regions of some targets. Those of what must not, or cannot be looked at now stay.
fn find_regions(ctx: &mut Context<'_>, is_wanted: impl Fn(&Target) -> bool) {
    let Some(viewer) = ctx.viewer() else { return };
    ctx.set_regions(|target| match is_wanted(target) {
        true => target.look(viewer, three_regions).flatten(),
        false => None,
    });
}

/// Draws an address of each region, and marks what is there as not accessed.
pub(crate) fn prepare_access_checks(mut ctx: Context<'_>) {
    let Some(viewer) = ctx.viewer() else { return };
    let mut random = ctx.random();
    for target in ctx.targets().iter() {
        target.look(viewer, |checked| {
            block::prepare(target.regions(), &mut random, block::nothing, |block| {
                visit(checked, block.addrs(), &mut Mkold);
            });
        });
    }
}

/// Counts an access for each region whose address was accessed.
///
/// Returns the highest count of a region.
pub(crate) fn check_accesses(ctx: Context<'_>) -> u32 {
    let viewer = ctx.viewer();
    let mut max_nr_accesses = 0;
    for target in ctx.targets().iter() {
        let max = viewer
            .and_then(|viewer| {
                target.look(viewer, |checked| {
                    block::check(target.regions(), block::nothing, |block| {
                        let mut young = Young::default();
                        visit(checked, block.addrs(), &mut young);
                        young.0
                    })
                })
            })
            .unwrap_or_else(|| {
                block::check(target.regions(), block::nothing, |_| Accessed::default())
            });
        max_nr_accesses = max_nr_accesses.max(max);
    }
    max_nr_accesses
}

/// Counts the memory of a region that passes the filters of a scheme that only counts. There are no
/// others for users.
///
/// Returns how much it was applied to, which for these schemes is nothing.
pub(crate) fn apply_scheme(
    ctx: Context<'_>,
    target: &Target,
    region: &Region,
    scheme: &mut Scheme<'_>,
    sz_filter_passed: &mut usize,
) -> usize {
    let Some(viewer) = ctx.viewer() else { return 0 };
    if scheme.only_counts() && scheme.has_filter() {
        target.look(viewer, |checked| {
            let mut addr = region.start();
            while addr < region.end() && !should_stop() {
                let end = region.end().min(addr.saturating_add(CHUNK));
                let next = checked.with_area(addr, |area| match area {
                    Area::Visible(area) => {
                        let end = end.min(area.end());
                        stat_in(&area, addr..end, scheme, sz_filter_passed);
                        end
                    }
                    Area::Hidden { end } | Area::Hole { end } => end,
                    Area::Busy => end,
                });
                addr = next.max(addr.saturating_add(PAGE_SIZE));
                cond_resched();
            }
        });
    }
    0
}

/// What is done with each of some addresses, in an area that may be looked at.
trait VisitArea: Visit {
    /// An address at which there may be anything.
    fn uncommon_in(&mut self, nr: usize, area: &Visible<'_>, addr: usize);
}

impl VisitArea for Mkold {
    fn uncommon_in(&mut self, _nr: usize, area: &Visible<'_>, addr: usize) {
        mkold_in(area, addr);
    }
}

impl VisitArea for Young {
    fn uncommon_in(&mut self, nr: usize, area: &Visible<'_>, addr: usize) {
        if young_in(area, addr) {
            self.0.set(nr);
        }
    }
}

/// Visits addresses, one after the other.
fn visit(checked: &Checked<'_>, addrs: &[usize], visitor: &mut impl VisitArea) {
    let mut todo = Todo::new(addrs);
    while let Some(addr) = todo.next() {
        checked.with_area(addr, |area| match area {
            Area::Visible(area) => visit_area(&area, &mut todo, visitor),
            Area::Hidden { end } | Area::Hole { end } => {
                todo.skip(addr, end);
                // The last address of all is in no area.
                if todo.next() == Some(usize::MAX) {
                    todo.advance();
                }
            }
            Area::Busy => todo.advance(),
        });
    }
}

/// Visits the addresses that are in an area.
fn visit_area(area: &Visible<'_>, todo: &mut Todo<'_>, visitor: &mut impl VisitArea) {
    while let Some(addr) = todo.next_in(area.start(), area.end()) {
        // The lock of a page table is not held any more when this returns.
        if let Err(Uncommon { end }) = visit_at(area, addr, todo, visitor) {
            todo.take(end, |nr, addr| visitor.uncommon_in(nr, area, addr));
        }
    }
}
