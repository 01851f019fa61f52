// SPDX-License-Identifier: GPL-2.0

//! Identifiers of monitoring operations sets.

use crate::{
    bindings,
    prelude::*, //
};

/// A set of monitoring operations, that is, a kind of address space.
///
/// Corresponds to the C `enum damon_ops_id`.
///
/// # Examples
///
/// ```
/// use kernel::damon::OpsId;
///
/// assert!(OpsId::Vaddr.has_pid());
/// assert!(OpsId::Fvaddr.has_pid());
/// assert!(!OpsId::Paddr.has_pid());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "damon_ops_id")]
pub enum OpsId {
    /// Virtual address spaces of processes. The regions follow the mappings of the process.
    Vaddr,
    /// Fixed ranges of virtual address spaces of processes.
    Fvaddr,
    /// The physical address space.
    Paddr,
}

impl OpsId {
    /// Returns whether operations of this kind are registered, so that a context can
    /// [select](super::Context::select_ops) them.
    ///
    /// Corresponds to the C function `damon_is_registered_ops()`.
    #[doc(alias = "damon_is_registered_ops")]
    pub fn is_registered(self) -> bool {
        // SAFETY: Always safe to call from a context that can sleep.
        unsafe { bindings::damon_is_registered_ops(self.into_raw()) }
    }

    /// Returns whether each target of this kind is a process, named by a [`Pid`](crate::pid::Pid).
    ///
    /// Corresponds to the C function `damon_target_has_pid()`.
    #[doc(alias = "damon_target_has_pid")]
    #[inline]
    pub const fn has_pid(self) -> bool {
        match self {
            Self::Vaddr | Self::Fvaddr => true,
            Self::Paddr => false,
        }
    }

    /// Returns the C value.
    #[inline]
    pub(super) const fn into_raw(self) -> bindings::damon_ops_id {
        match self {
            Self::Vaddr => bindings::damon_ops_id_DAMON_OPS_VADDR,
            Self::Fvaddr => bindings::damon_ops_id_DAMON_OPS_FVADDR,
            Self::Paddr => bindings::damon_ops_id_DAMON_OPS_PADDR,
        }
    }
}

/// Converts the value of a C `enum damon_ops_id`.
///
/// # Errors
///
/// [`EINVAL`] if there is no such operations set.
impl TryFrom<c_uint> for OpsId {
    type Error = Error;

    fn try_from(id: c_uint) -> Result<Self> {
        match id {
            bindings::damon_ops_id_DAMON_OPS_VADDR => Ok(Self::Vaddr),
            bindings::damon_ops_id_DAMON_OPS_FVADDR => Ok(Self::Fvaddr),
            bindings::damon_ops_id_DAMON_OPS_PADDR => Ok(Self::Paddr),
            _ => Err(EINVAL),
        }
    }
}

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
#[macros::kunit_tests(rust_damon_ops)]
mod tests {
    use super::*;

    #[test]
    fn ops_id_round_trip() {
        for id in [OpsId::Vaddr, OpsId::Fvaddr, OpsId::Paddr] {
            assert_eq!(OpsId::try_from(id.into_raw()), Ok(id));
            assert!(id.is_registered());
        }
    }

    #[test]
    fn ops_id_out_of_range() {
        for id in [bindings::damon_ops_id_NR_DAMON_OPS, c_uint::MAX] {
            assert_eq!(OpsId::try_from(id), Err(EINVAL));
        }
    }
}
