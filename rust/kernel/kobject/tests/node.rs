// SPDX-License-Identifier: GPL-2.0

//! Files as user space finds them.

use crate::{
    bindings,
    kobject::Kobject,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        CStr,
        CStrExt as _, //
    },
    sync::aref::ARef, //
};
use core::ptr;

/// A file of sysfs, as user space finds it.
pub(super) struct Node {
    kobj: ARef<Kobject>,
    node: *mut bindings::kernfs_node,
}

impl Node {
    /// Finds a file by its path, which is one or two names.
    pub(super) fn find(kobj: &Kobject, path: &[&CStr]) -> Result<Self> {
        // SAFETY: The kobject is in sysfs during the test.
        let mut node = unsafe { (*kobj.as_raw()).sd };

        // SAFETY: The node is that of the kobject.
        unsafe { bindings::kernfs_get(node) };
        for name in path {
            // SAFETY: We have a reference to the node, and `name` is a string.
            let next =
                unsafe { bindings::kernfs_find_and_get_ns(node, name.as_char_ptr(), ptr::null()) };

            // SAFETY: This is that reference.
            unsafe { bindings::kernfs_put(node) };
            if next.is_null() {
                return Err(ENOENT);
            }
            node = next;
        }
        Ok(Self {
            kobj: kobj.into(),
            node,
        })
    }

    /// Returns the same file as one of `kobj`, whose directory it is in.
    pub(super) fn of(mut self, kobj: &Kobject) -> Self {
        self.kobj = kobj.into();
        self
    }

    fn ops(&self) -> &bindings::sysfs_ops {
        // SAFETY: The type and the operations of a kobject in sysfs are there.
        unsafe { &*(*(*self.kobj.as_raw()).ktype).sysfs_ops }
    }

    /// Checks what the file shows.
    pub(super) fn shows(&self, expected: &[u8]) -> Result {
        let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
        let show = self.ops().show.ok_or(EIO)?;
        // SAFETY: The file is not removed during the test. What sysfs keeps with it is its
        // attribute.
        let len = unsafe {
            show(
                self.kobj.as_raw(),
                (*self.node).priv_.cast(),
                page.as_mut_ptr(),
            )
        };

        assert_eq!(page.get(..usize::try_from(len)?), Some(expected));
        Ok(())
    }

    /// Writes to the file.
    pub(super) fn store(&self, input: &CStr) -> Result<isize> {
        let store = self.ops().store.ok_or(EIO)?;
        let len = input.to_bytes().len();

        // SAFETY: As above.
        Ok(unsafe {
            store(
                self.kobj.as_raw(),
                (*self.node).priv_.cast(),
                input.as_char_ptr(),
                len,
            )
        })
    }

    /// Reads from a binary file.
    pub(super) fn read_at(&self, pos: i64, buf: &mut [u8]) -> Result<isize> {
        // SAFETY: As above, but the attribute is that of a binary file.
        let attr = unsafe { &*(*self.node).priv_.cast::<bindings::bin_attribute>() };
        let read = attr.read.ok_or(EIO)?;
        let kobj = self.kobj.as_raw();

        // SAFETY: The buffer is valid for writes, and our methods do not look at the `file`.
        Ok(unsafe {
            read(
                ptr::null_mut(),
                kobj,
                attr,
                buf.as_mut_ptr(),
                pos,
                buf.len(),
            )
        })
    }

    /// Writes to a binary file.
    pub(super) fn write_at(&self, pos: i64, buf: &mut [u8]) -> Result<isize> {
        // SAFETY: As above.
        let attr = unsafe { &*(*self.node).priv_.cast::<bindings::bin_attribute>() };
        let write = attr.write.ok_or(EIO)?;
        let kobj = self.kobj.as_raw();

        // SAFETY: As above.
        Ok(unsafe {
            write(
                ptr::null_mut(),
                kobj,
                attr,
                buf.as_mut_ptr(),
                pos,
                buf.len(),
            )
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // SAFETY: We own this reference.
        unsafe { bindings::kernfs_put(self.node) };
    }
}
