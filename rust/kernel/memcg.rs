// SPDX-License-Identifier: GPL-2.0

//! Identifiers of memory cgroups.
//!
//! C header: [`include/linux/memcontrol.h`](srctree/include/linux/memcontrol.h)

use crate::prelude::*;

#[cfg(CONFIG_MEMCG)]
use crate::bindings;
#[cfg(CONFIG_MEMCG)]
use core::ptr;

/// An identifier of a memory cgroup.
///
/// The kernel does not reuse identifiers. The cgroup can have been removed meanwhile; then there is
/// no memory that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemcgId(u64);

impl MemcgId {
    /// Returns the identifier with this number.
    #[inline]
    pub const fn from_raw(id: u64) -> Self {
        Self(id)
    }

    /// Returns the number.
    #[inline]
    pub const fn into_raw(self) -> u64 {
        self.0
    }

    /// Finds the memory cgroup with this path.
    ///
    /// The path is relative to the root of the cgroup file system, and starts with a slash. It need
    /// not be UTF-8. What follows a NUL byte is ignored, and so is a newline at the end.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] if there is no such memory cgroup now, or if the kernel has none at all.
    /// - [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::memcg::MemcgId;
    ///
    /// assert_eq!(MemcgId::find(b""), Err(EINVAL));
    /// assert_eq!(MemcgId::find(b"/this/does/not/exist\n"), Err(EINVAL));
    /// ```
    #[cfg(CONFIG_MEMCG)]
    pub fn find(path: &[u8]) -> Result<Self> {
        const PATH_MAX: usize = bindings::PATH_MAX as usize;

        let path = until_nul(path);
        let mut buf = KVec::from_elem(0u8, PATH_MAX, GFP_KERNEL)?;
        let mut memcgs = Memcgs(ptr::null_mut());

        while let Some(memcg) = memcgs.advance() {
            // SAFETY: By the type invariants of `Memcgs`, `memcg` is valid until we advance.
            if !unsafe { bindings::mem_cgroup_online(memcg) } {
                continue;
            }

            // SAFETY: `memcg` is valid until we advance, and `buf` for writes of its length.
            let ret = unsafe { bindings::mem_cgroup_path(memcg, buf.as_mut_ptr(), buf.len()) };
            // A path that is too long for the buffer cannot be named in a file of sysfs either.
            if ret >= 0 && sysfs_streq(until_nul(&buf), path) {
                // SAFETY: By the type invariants of `Memcgs`, `memcg` is valid.
                return Ok(Self(unsafe { bindings::mem_cgroup_id(memcg) }));
            }
        }
        Err(EINVAL)
    }

    /// Finds the memory cgroup with this path: never, because the kernel has no memory cgroups.
    ///
    /// # Errors
    ///
    /// [`EINVAL`], always.
    #[cfg(not(CONFIG_MEMCG))]
    pub fn find(_path: &[u8]) -> Result<Self> {
        Err(EINVAL)
    }
}

/// A walk over all memory cgroups.
///
/// # Invariants
///
/// The pointer is null, or what `mem_cgroup_iter()` returned last, which is valid until it is
/// passed to that function or to `mem_cgroup_iter_break()`.
#[cfg(CONFIG_MEMCG)]
struct Memcgs(*mut bindings::mem_cgroup);

#[cfg(CONFIG_MEMCG)]
impl Memcgs {
    /// Returns the next memory cgroup, which is valid until this is called again or dropped.
    fn advance(&mut self) -> Option<*mut bindings::mem_cgroup> {
        // INVARIANT: This is what `mem_cgroup_iter()` returns.
        // SAFETY: By the type invariants, the previous one is null or came from this function.
        self.0 = unsafe { bindings::mem_cgroup_iter(ptr::null_mut(), self.0, ptr::null_mut()) };

        (!self.0.is_null()).then_some(self.0)
    }
}

#[cfg(CONFIG_MEMCG)]
impl Drop for Memcgs {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: By the type invariants, `mem_cgroup_iter()` returned it last.
            unsafe { bindings::mem_cgroup_iter_break(ptr::null_mut(), self.0) };
        }
    }
}

/// Returns what precedes the first NUL byte.
#[cfg(any(CONFIG_MEMCG, CONFIG_RUST_DAMON_KUNIT_TEST))]
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Returns whether the strings are equal, except for one newline that one of them may have more at
/// its end; as the C function `sysfs_streq()` does.
#[cfg(any(CONFIG_MEMCG, CONFIG_RUST_DAMON_KUNIT_TEST))]
fn sysfs_streq(a: &[u8], b: &[u8]) -> bool {
    a == b || a.strip_suffix(b"\n") == Some(b) || b.strip_suffix(b"\n") == Some(a)
}

#[cfg(CONFIG_RUST_DAMON_KUNIT_TEST)]
#[macros::kunit_tests(rust_memcg)]
mod tests {
    use super::*;

    #[test]
    fn streq_ignores_one_newline() {
        let cases: [(&[u8], &[u8], bool); 10] = [
            (b"", b"", true),
            (b"", b"\n", true),
            (b"/a", b"/a", true),
            (b"/a", b"/a\n", true),
            (b"/a\n", b"/a\n", true),
            (b"/a\n", b"/a\n\n", true),
            (b"/a", b"/a\n\n", false),
            (b"/a", b"/a\nb", false),
            (b"/a", b"/ab", false),
            (b"/\xff", b"/\xfe", false),
        ];

        for (a, b, expected) in cases {
            assert_eq!(sysfs_streq(a, b), expected);
            assert_eq!(sysfs_streq(b, a), expected);
        }
    }

    #[test]
    fn nul_ends() {
        let cases: [(&[u8], &[u8]); 4] = [
            (b"", b""),
            (b"\0", b""),
            (b"/a", b"/a"),
            (b"/a\0b\0", b"/a"),
        ];

        for (bytes, expected) in cases {
            assert_eq!(until_nul(bytes), expected);
        }
    }

    #[test]
    fn find_needs_a_memcg() {
        for path in [&b""[..], b"a", b"/\xff", b"/no/such/memcg", &[b'/'; 5_000]] {
            assert_eq!(MemcgId::find(path), Err(EINVAL));
        }
        // The root exists if there are memory cgroups, and if they are not disabled.
        if let Ok(id) = MemcgId::find(b"/\n") {
            assert_eq!(MemcgId::find(b"/\0a"), Ok(id));
        }
    }
}
