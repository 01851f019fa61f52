// SPDX-License-Identifier: GPL-2.0

//! Directories with a smallest and a largest number.

use kernel::kobject::{
    sysfs_dir,
    Value, //
};

/// A range of numbers.
#[sysfs_dir]
pub(crate) struct UlRange {
    /// The smallest number.
    #[attr(admin_rw)]
    pub(crate) min: Value<usize>,

    /// The largest number.
    #[attr(admin_rw)]
    pub(crate) max: Value<usize>,
}
