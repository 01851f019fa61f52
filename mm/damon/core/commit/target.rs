// SPDX-License-Identifier: GPL-2.0

//! Committing targets.

use crate::{
    prelude::*,
    quota::forget_charge_target,
    regions::damon_set_regions, //
};
use kernel::alloc::flags::__GFP_NOWARN;

/// Fits the regions of a target to those of another one, if this has any.
///
/// # Errors
///
/// - [`EINVAL`] if the regions of `src` are not sorted, or empty after alignment.
/// - [`ENOMEM`] if there is no memory.
pub(crate) fn damon_commit_target_regions(
    dst: &mut Mut<'_, Target>,
    src: &Target,
    src_min_region_sz: usize,
) -> Result {
    // How many ranges there are: adjacent regions make one.
    let mut nr_ranges: usize = 0;
    let mut prev_end = None;
    for region in src.regions().iter() {
        if prev_end != Some(region.start()) {
            nr_ranges = nr_ranges.wrapping_add(1);
        }
        prev_end = Some(region.end());
    }
    if nr_ranges == 0 {
        return Ok(());
    }

    let mut ranges = KVVec::<AddrRange>::with_capacity(nr_ranges, GFP_KERNEL | __GFP_NOWARN)?;
    for region in src.regions().iter() {
        match ranges.last_mut() {
            Some(range) if range.end == region.start() => range.end = region.end(),
            _ => ranges.push(
                AddrRange {
                    start: region.start(),
                    end: region.end(),
                },
                GFP_KERNEL,
            )?,
        }
    }
    damon_set_regions(dst, &ranges, src_min_region_sz)
}

/// Corresponds to `damon_commit_target()`.
fn damon_commit_target(
    dst: &mut Mut<'_, Target>,
    dst_pids: Option<PidsCounted>,
    src: &Target,
    src_pids: Option<PidsCounted>,
    src_min_region_sz: usize,
) -> Result {
    damon_commit_target_regions(dst, src, src_min_region_sz)?;
    if let Some(counted) = dst_pids {
        dst.put_pid(counted);
    }
    dst.copy_pid(src, src_pids);
    Ok(())
}

/// Lets go of the processes of committed targets that the operations of `dst` do not clean up.
///
/// Those are the targets before `failed`, or all.
pub(super) fn damon_revert_target_commits(
    dst: &Context<'_>,
    src: &Context<'_>,
    failed: Option<*const Target>,
) {
    let Some(counted) = src.target_has_pid() else {
        return;
    };
    if dst.ops().has_cleanup_target() {
        return;
    }
    for target in dst.targets().iter() {
        if failed.is_some_and(|failed| ptr::eq(failed, target)) {
            return;
        }
        target.put_pid(counted);
    }
}

/// Corresponds to `damon_commit_targets()`.
pub(super) fn damon_commit_targets(dst: &mut Context<'_>, src: &Context<'_>) -> Result {
    commit_targets(dst, src).map_err(|(err, failed)| {
        damon_revert_target_commits(dst, src, failed);
        err
    })
}

/// Returns, in case of an error, the target of `dst` that could not be committed.
fn commit_targets(
    dst: &mut Context<'_>,
    src: &Context<'_>,
) -> Result<(), (Error, Option<*const Target>)> {
    let (dst_pids, src_pids) = (dst.target_has_pid(), src.target_has_pid());
    let min_region_sz = src.min_region_sz();
    let mut parts = dst.parts();

    let mut src_targets = src.targets().iter();
    let mut cursor = parts.targets.cursor();
    while let Some(mut target) = cursor.current() {
        match src_targets.next() {
            Some(src) if !src.obsolete() => {
                damon_commit_target(&mut target, dst_pids, src, src_pids, min_region_sz)
                    .map_err(|err| (err, Some(ptr::from_ref::<Target>(&target))))?;
                cursor.move_next();
            }
            _ => {
                forget_charge_target(parts.schemes, &target);
                parts.ops.destroy_target(&mut cursor);
            }
        }
    }

    for src in src_targets {
        // There is nothing in `dst` that it could remove.
        if src.obsolete() {
            return Err((EINVAL, None));
        }
        let mut new = Target::new().map_err(|err| (err, None))?;
        damon_commit_target(&mut new.as_mut(), None, src, src_pids, min_region_sz)
            .map_err(|err| (err, None))?;
        parts.targets.push(new);
    }
    Ok(())
}
