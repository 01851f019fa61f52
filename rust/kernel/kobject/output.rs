// SPDX-License-Identifier: GPL-2.0

//! What one read shows of a sysfs file.

use crate::page::PAGE_SIZE;
use core::fmt;

/// Collects what a file shows, in the page that sysfs gives for it.
///
/// What does not fit in [`Output::CAPACITY`] bytes is cut off, as `sysfs_emit()` does.
///
/// # Examples
///
/// ```
/// use core::fmt::Write;
/// use kernel::kobject::Output;
///
/// let mut page = KBox::new([0u8; kernel::page::PAGE_SIZE], GFP_KERNEL)?;
/// let mut out = Output::new(&mut page);
/// writeln!(out, "{}", 42)?;
/// out.bytes(b"tail\n");
/// assert_eq!(out.as_bytes(), b"42\ntail\n");
/// # Ok::<(), Error>(())
/// ```
pub struct Output<'a> {
    page: &'a mut [u8; PAGE_SIZE],
    len: usize,
}

impl<'a> Output<'a> {
    /// The number of bytes that a file can show: sysfs keeps the last one of the page.
    pub const CAPACITY: usize = PAGE_SIZE - 1;

    /// Starts an empty output in `page`.
    pub fn new(page: &'a mut [u8; PAGE_SIZE]) -> Self {
        Self { page, len: 0 }
    }

    /// Adds `bytes` as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let room = Self::CAPACITY.saturating_sub(self.len);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        let end = self.len.saturating_add(bytes.len());

        if let Some(dst) = self.page.get_mut(self.len..end) {
            dst.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Returns what was collected so far.
    pub fn as_bytes(&self) -> &[u8] {
        self.page.get(..self.len).unwrap_or_default()
    }
}

impl fmt::Write for Output<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.bytes(s.as_bytes());
        Ok(())
    }
}
