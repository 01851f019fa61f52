// SPDX-License-Identifier: GPL-2.0

//! Weights of probes.

use crate::prelude::*;

/// The weights of the probes of a context.
///
/// Regions have counters for [`MAX_PROBES`] probes. Further ones have no weight here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Weights([u32; MAX_PROBES]);

impl Weights {
    /// Returns the weights.
    pub(crate) fn of(ctx: &Context<'_>) -> Self {
        let mut weights = [0; MAX_PROBES];
        for (weight, probe) in weights.iter_mut().zip(ctx.probes().iter()) {
            *weight = probe.weight();
        }
        Self(weights)
    }

    /// Returns the weighted sum of the hits of a region. Corresponds to `damon_probe_hits_wsum()`.
    pub(crate) fn sum(&self, hits: ProbeHits) -> u32 {
        self.0.iter().zip(hits).fold(0, |sum: u32, (weight, hits)| {
            sum.wrapping_add(weight.wrapping_mul(u32::from(hits)))
        })
    }
}

/// Returns whether any probe has a weight, so that hits of probes are what counts.
pub(crate) fn damon_has_probe_weights(ctx: &Context<'_>) -> bool {
    ctx.probes().iter().any(|probe| probe.weight() != 0)
}
