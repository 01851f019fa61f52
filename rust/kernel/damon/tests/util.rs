// SPDX-License-Identifier: GPL-2.0

//! What the KUnit tests of several modules need.

use crate::damon::{
    AddrRange,
    Attrs,
    Context,
    OpsId, //
};
use crate::{
    page::PAGE_SIZE,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// The size of the one region of [`paddr`], in bytes.
pub(in crate::damon) const SIZE: usize = 64 * PAGE_SIZE;

/// Returns a context with short intervals that monitors the start of the physical memory.
pub(in crate::damon) fn paddr() -> Result<Context> {
    let mut ctx = Context::new()?;

    ctx.select_ops(OpsId::Paddr)?;
    ctx.set_attrs(&Attrs {
        sample_interval: 1_000,
        aggr_interval: 5_000,
        ..Attrs::default()
    })?;
    ctx.add_target()?.set_regions(&[AddrRange {
        start: 0,
        end: SIZE,
    }])?;
    Ok(ctx)
}

/// Calls `f` until it returns true, up to some seconds.
pub(in crate::damon) fn wait_for(mut f: impl FnMut() -> Result<bool>) -> Result {
    for _ in 0..2_000 {
        if f()? {
            return Ok(());
        }
        fsleep(Delta::from_millis(2));
    }
    Err(ETIMEDOUT)
}
