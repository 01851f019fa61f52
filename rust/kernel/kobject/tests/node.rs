// SPDX-License-Identifier: GPL-2.0

//! Files as user space finds them.

use crate::{
    bindings,
    kobject::{
        Dir,
        DirData,
        Kobject, //
    },
    page::PAGE_SIZE,
    prelude::*,
    sync::aref::ARef, //
};
use core::ptr;

// As for all bindings: the locks that the structure has can be without fields.
#[allow(improper_ctypes)]
extern "C" {
    fn kernfs_get_active(node: *mut bindings::kernfs_node) -> *mut bindings::kernfs_node;
    fn kernfs_put_active(node: *mut bindings::kernfs_node);
}

/// A file of sysfs, as user space finds it.
pub(super) struct Node {
    kobj: ARef<Kobject>,
    node: *mut bindings::kernfs_node,
}

// SAFETY: References to nodes can be used and given back by any thread.
unsafe impl Send for Node {}

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

    /// Finds a file of a directory by its name.
    pub(super) fn of<T: DirData>(dir: &Dir<T>, name: &CStr) -> Result<Self> {
        // SAFETY: That is the kobject of the directory, which has a reference to it.
        Self::find(unsafe { Kobject::from_raw(dir.kobj()) }, &[name])
    }

    /// Calls `f` while the file is active, as it is during a read or a write. Fails with `ENODEV`
    /// if it is removed.
    fn with_active<R>(&self, f: impl FnOnce() -> Result<R>) -> Result<R> {
        // SAFETY: We have a reference to the node.
        let node = unsafe { kernfs_get_active(self.node) };
        if node.is_null() {
            return Err(ENODEV);
        }
        let result = f();

        // SAFETY: This undoes what was done above.
        unsafe { kernfs_put_active(node) };
        result
    }

    /// What the files of the kobject do. Only while the file is active.
    fn ops(&self) -> &bindings::sysfs_ops {
        // SAFETY: The type and the operations of a kobject in sysfs are there.
        unsafe { &*(*(*self.kobj.as_raw()).ktype).sysfs_ops }
    }

    /// Returns the attribute, which is what sysfs keeps with the file.
    fn attr<T>(&self) -> *mut T {
        // SAFETY: We have a reference to the node.
        unsafe { (*self.node).priv_.cast() }
    }

    /// Checks what the file shows.
    pub(super) fn shows(&self, expected: &[u8]) -> Result {
        self.with_active(|| {
            let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
            let show = self.ops().show.ok_or(EIO)?;
            // SAFETY: The file is active, and the page is initialized.
            let len = unsafe { show(self.kobj.as_raw(), self.attr(), page.as_mut_ptr()) };

            assert_eq!(page.get(..usize::try_from(len)?), Some(expected));
            Ok(())
        })
    }

    /// Writes to the file, and returns what the method does.
    pub(super) fn store(&self, input: &CStr) -> Result<isize> {
        self.with_active(|| {
            let store = self.ops().store.ok_or(EIO)?;
            let (input, len) = (input.as_char_ptr(), input.to_bytes().len());

            // SAFETY: The file is active, and `input` is a string.
            Ok(unsafe { store(self.kobj.as_raw(), self.attr(), input, len) })
        })
    }

    /// Reads from a binary file.
    pub(super) fn read_at(&self, pos: i64, buf: &mut [u8]) -> Result<isize> {
        self.with_active(|| {
            // SAFETY: The file is active, and a binary one.
            let attr = unsafe { &*self.attr::<bindings::bin_attribute>() };
            let read = attr.read.ok_or(EIO)?;
            let (kobj, len) = (self.kobj.as_raw(), buf.len());

            // SAFETY: The buffer is valid for writes, and our methods do not look at the `file`.
            Ok(unsafe { read(ptr::null_mut(), kobj, attr, buf.as_mut_ptr(), pos, len) })
        })
    }

    /// Writes to a binary file.
    pub(super) fn write_at(&self, pos: i64, buf: &mut [u8]) -> Result<isize> {
        self.with_active(|| {
            // SAFETY: The file is active, and a binary one.
            let attr = unsafe { &*self.attr::<bindings::bin_attribute>() };
            let write = attr.write.ok_or(EIO)?;
            let (kobj, len) = (self.kobj.as_raw(), buf.len());

            // SAFETY: The buffer is valid for reads, and our methods do not look at the `file`.
            Ok(unsafe { write(ptr::null_mut(), kobj, attr, buf.as_mut_ptr(), pos, len) })
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // SAFETY: We own this reference.
        unsafe { bindings::kernfs_put(self.node) };
    }
}
