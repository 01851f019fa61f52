// SPDX-License-Identifier: GPL-2.0

//! The doubly linked lists of C, to be changed while they are walked.
//!
//! `kernel::interop::list` reads such lists. DAMON's are owned by the core, which adds and removes
//! entries.
//!
//! C header: [`include/linux/list.h`](srctree/include/linux/list.h)

use super::{
    Mut,
    Owned, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::bindings;

/// A type whose objects are kept in a list.
///
/// # Safety
///
/// [`LINK`](Entry::LINK) is the offset of a `struct list_head` in the object, and the type allows
/// that this link changes while references to the object exist.
pub(crate) unsafe trait Entry: Sized {
    /// Where in the object its link is, in bytes.
    const LINK: usize;

    /// Frees an object and everything that it owns.
    ///
    /// # Safety
    ///
    /// `ptr` must point to an object that is in no list, and that nothing uses any more.
    unsafe fn free(ptr: NonNull<Self>);
}

/// Returns the link of an entry.
#[inline(always)]
pub(super) fn link_of<T: Entry>(entry: NonNull<T>) -> *mut bindings::list_head {
    entry.as_ptr().wrapping_byte_add(T::LINK).cast()
}

/// Returns the entry that a link is in.
#[inline(always)]
pub(super) fn entry_of<T: Entry>(link: *mut bindings::list_head) -> *mut T {
    link.wrapping_byte_sub(T::LINK).cast()
}

/// Adds `new` between `prev` and `next`.
///
/// # Safety
///
/// `prev` and `next` must be neighbours in a list, and `new` must be valid and in no list.
#[inline(always)]
pub(super) unsafe fn add_between(
    new: *mut bindings::list_head,
    prev: *mut bindings::list_head,
    next: *mut bindings::list_head,
) {
    #[cfg(CONFIG_LIST_HARDENED)]
    // SAFETY: By the function's contract; `list_add()` adds behind `prev`, that is before `next`.
    unsafe {
        let _ = next;
        bindings::list_add(new, prev)
    };
    #[cfg(not(CONFIG_LIST_HARDENED))]
    // SAFETY: By the function's contract, all three are valid.
    unsafe {
        (*next).prev = new;
        (*new).next = next;
        (*new).prev = prev;
        (*prev).next = new;
    }
}

/// Removes `link` from its list.
///
/// # Safety
///
/// `link` must be valid, and in a list or initialized to be a list of its own.
#[inline(always)]
pub(crate) unsafe fn del(link: *mut bindings::list_head) {
    #[cfg(CONFIG_LIST_HARDENED)]
    // SAFETY: By the function's contract.
    unsafe {
        bindings::list_del(link)
    };
    #[cfg(not(CONFIG_LIST_HARDENED))]
    // SAFETY: By the function's contract, the neighbours are valid.
    unsafe {
        (*(*link).next).prev = (*link).prev;
        (*(*link).prev).next = (*link).next;
    }
}

/// Makes an empty list of `head`.
///
/// # Safety
///
/// `head` must be valid for writes.
pub(super) unsafe fn init(head: *mut bindings::list_head) {
    // SAFETY: By the function's contract.
    unsafe { bindings::INIT_LIST_HEAD(head) };
}

/// A list that does not change.
///
/// # Invariants
///
/// `head` is an initialized list whose entries are of type `T`. Nothing adds or removes entries
/// during `'a`.
pub(crate) struct List<'a, T: Entry> {
    head: *mut bindings::list_head,
    _borrow: PhantomData<&'a T>,
}

impl<T: Entry> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Entry> Copy for List<'_, T> {}

impl<'a, T: Entry> List<'a, T> {
    /// # Safety
    ///
    /// `head` must be an initialized list of entries of type `T`, to which nothing adds and from
    /// which nothing removes entries during `'a`.
    #[inline(always)]
    pub(super) unsafe fn from_raw(head: *mut bindings::list_head) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            head,
            _borrow: PhantomData,
        }
    }

    /// Returns whether there is no entry.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { (*self.head).next == self.head }
    }

    /// Returns the last entry.
    pub(crate) fn last(self) -> Option<&'a T> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: By the type invariant, `prev` is the link of an entry, which stays there for
        // `'a`.
        Some(unsafe { &*entry_of::<T>((*self.head).prev) })
    }

    /// Returns the last one of the entries that satisfy a condition.
    pub(crate) fn rfind(self, condition: impl Fn(&T) -> bool) -> Option<&'a T> {
        // SAFETY: By the type invariant, the head is valid.
        let mut link = unsafe { (*self.head).prev };
        while link != self.head {
            // SAFETY: By the type invariant, `link` is that of an entry, which stays there for
            // `'a`.
            let entry = unsafe { &*entry_of::<T>(link) };
            if condition(entry) {
                return Some(entry);
            }
            // SAFETY: `link` is in the list.
            link = unsafe { (*link).prev };
        }
        None
    }

    /// Returns an iterator over the entries.
    #[inline(always)]
    pub(crate) fn iter(self) -> Iter<'a, T> {
        Iter {
            // SAFETY: By the type invariant.
            next: unsafe { (*self.head).next },
            list: self,
        }
    }
}

/// An iterator over the entries of a [`List`].
///
/// # Invariants
///
/// `next` is the head of the list or the link of an entry.
pub(crate) struct Iter<'a, T: Entry> {
    list: List<'a, T>,
    next: *mut bindings::list_head,
}

impl<'a, T: Entry> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a T> {
        if self.next == self.list.head {
            return None;
        }
        let entry = entry_of::<T>(self.next);
        // SAFETY: By the type invariants of `self` and of the list.
        unsafe { self.next = (*self.next).next };
        // SAFETY: By the type invariant of the list, the entry stays there for `'a`.
        Some(unsafe { &*entry })
    }
}

/// A list that can be changed.
///
/// # Invariants
///
/// As for [`List`], except that this value is what adds and removes entries.
pub(crate) struct ListMut<'a, T: Entry> {
    head: *mut bindings::list_head,
    _borrow: PhantomData<&'a mut T>,
}

impl<'a, T: Entry> ListMut<'a, T> {
    /// # Safety
    ///
    /// `head` must be an initialized list of entries of type `T`, and during `'a` nothing else
    /// adds or removes entries or uses the lists of these.
    #[inline(always)]
    pub(super) unsafe fn from_raw(head: *mut bindings::list_head) -> Self {
        // INVARIANT: By the function's contract.
        Self {
            head,
            _borrow: PhantomData,
        }
    }

    /// Returns the list for reading.
    #[inline(always)]
    pub(crate) fn as_list(&self) -> List<'_, T> {
        // SAFETY: By the type invariant, and the borrow of `self` keeps the list from changes.
        unsafe { List::from_raw(self.head) }
    }

    /// Returns an iterator over the entries together with their lists.
    #[inline(always)]
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = Mut<'_, T>> {
        self.as_list().iter().map(|entry| {
            // SAFETY: By the type invariant. Each entry is returned once, and the list itself
            // stays as it is during the borrow.
            unsafe { Mut::from_raw(NonNull::from(entry)) }
        })
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, entry: Owned<T>) {
        let new = link_of(entry.into_raw());
        // SAFETY: By the type invariants of `self` and `Owned`.
        unsafe { add_between(new, (*self.head).prev, self.head) };
    }

    /// Removes and frees all entries.
    pub(crate) fn clear(&mut self) {
        let mut cursor = self.cursor();
        while cursor.remove().is_some() {}
    }

    /// Returns a cursor at the first entry.
    #[inline(always)]
    pub(crate) fn cursor(&mut self) -> Cursor<'_, T> {
        Cursor {
            head: self.head,
            // SAFETY: By the type invariant.
            at: unsafe { (*self.head).next },
            _borrow: PhantomData,
        }
    }
}

/// A place in a list: at an entry or behind the last one.
///
/// # Invariants
///
/// As for [`ListMut`]; `at` is the head or the link of an entry.
pub(crate) struct Cursor<'a, T: Entry> {
    head: *mut bindings::list_head,
    at: *mut bindings::list_head,
    _borrow: PhantomData<&'a mut T>,
}

impl<T: Entry> Cursor<'_, T> {
    /// Returns the entry at this place, or [`None`] at the end.
    #[inline(always)]
    pub(crate) fn current(&mut self) -> Option<Mut<'_, T>> {
        if self.at == self.head {
            return None;
        }
        let entry = NonNull::new(entry_of::<T>(self.at))?;
        // SAFETY: By the type invariant, and the borrow keeps the entry in the list.
        Some(unsafe { Mut::from_raw(entry) })
    }

    /// Goes to the next entry, from the end to the first one.
    #[inline(always)]
    pub(crate) fn move_next(&mut self) {
        // SAFETY: By the type invariant.
        self.at = unsafe { (*self.at).next };
    }

    /// Removes the entry at this place and goes to the next one.
    pub(crate) fn remove(&mut self) -> Option<Owned<T>> {
        if self.at == self.head {
            return None;
        }
        let link = self.at;
        let entry = NonNull::new(entry_of::<T>(link))?;
        self.move_next();
        // SAFETY: By the type invariant, `link` is in the list.
        unsafe { del(link) };
        // SAFETY: The entry has just been removed, and no reference to it can exist.
        Some(unsafe { Owned::from_raw(entry) })
    }
}
