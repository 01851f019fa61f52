// SPDX-License-Identifier: GPL-2.0

//! The doubly linked lists of C, to be changed while they are walked.
//!
//! `kernel::interop::list` reads lists that C owns. These are lists whose entries Rust adds,
//! removes and frees. Nothing here is about DAMON.
//!
//! An entry appears in three forms:
//!
//! - `&T`: it stays where it is as long as the reference lives.
//! - [`Mut<'_, T>`](Mut): in addition, the lists of the entry itself can be changed.
//! - [`Owned<T>`](Owned): the entry is in no list. Dropping it frees it.
//!
//! C header: [`include/linux/list.h`](srctree/include/linux/list.h)

use crate::prelude::*;
use core::{
    iter,
    ops::Deref, //
};

/// A type whose objects are kept in a list.
///
/// # Safety
///
/// - [`LINK`](Entry::LINK) is the offset of a `struct list_head` in the object, and
///   [`HEADS`](Entry::HEADS) are those of all others. Nothing else in it needs its address.
/// - The type allows that these change while references to the object exist.
pub(crate) unsafe trait Entry: Sized {
    /// Where in the object its link is, in bytes.
    const LINK: usize;

    /// Where in the object the heads of its own lists are, in bytes.
    const HEADS: &'static [usize] = &[];

    /// Frees what the object owns, when it is going to be freed.
    fn clear(_this: &mut Mut<'_, Self>) {}

    /// Frees an object and everything that it owns.
    ///
    /// # Safety
    ///
    /// `ptr` must come from an [`Owned`] which nothing uses any more.
    unsafe fn free(ptr: NonNull<Self>) {
        // SAFETY: The object is valid until it is freed below, and nothing else uses it.
        Self::clear(&mut unsafe { Mut::from_raw(ptr) });
        // SAFETY: `Owned::new()` allocated it, as a `KBox<Self>`.
        drop(unsafe { KBox::from_raw(ptr.as_ptr()) });
    }
}

/// A link: the head of a list or that of an entry.
///
/// # Invariants
///
/// It is initialized, as are those that it points to, for as long as this module keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Link(*mut bindings::list_head);

impl Link {
    /// The link of an entry.
    #[inline]
    fn of<T: Entry>(entry: NonNull<T>) -> Self {
        // INVARIANT: Objects that are used have initialized links.
        Self(entry.as_ptr().wrapping_byte_add(T::LINK).cast())
    }

    /// The entry that it is in, unless it is the head of its list.
    #[inline]
    fn entry<T: Entry>(self) -> *const T {
        self.0.wrapping_byte_sub(T::LINK).cast()
    }
    #[inline]
    fn next(self) -> Self {
        // SAFETY: The link is initialized, and so is the next one.
        Self(unsafe { (*self.0).next })
    }
    #[inline]
    fn prev(self) -> Self {
        // SAFETY: The link is initialized, and so is the one before.
        Self(unsafe { (*self.0).prev })
    }

    /// Makes two links neighbours.
    #[inline]
    fn join(prev: Self, next: Self) {
        // SAFETY: The link is initialized, and no reference to it is ever made.
        unsafe { (*prev.0).next = next.0 };
        // SAFETY: The link is initialized, and no reference to it is ever made.
        unsafe { (*next.0).prev = prev.0 };
    }

    /// Adds an entry that is in no list behind this link.
    fn add<T: Entry>(self, entry: Owned<T>) {
        let new = Self::of(entry.into_raw());
        if cfg!(CONFIG_LIST_HARDENED) {
            // SAFETY: This link is in a list, and the new one is valid and in none.
            unsafe { bindings::list_add(new.0, self.0) };
            return;
        }
        Self::join(new, self.next());
        Self::join(self, new);
    }

    /// Removes the entry of this link from its list. The link keeps what it points to.
    fn del(self) {
        if cfg!(CONFIG_LIST_HARDENED) {
            // SAFETY: The link is in a list, if only in one of its own.
            unsafe { bindings::list_del(self.0) };
            return;
        }
        Self::join(self.prev(), self.next());
    }
}

/// Exclusive access to an object and the lists that it owns.
///
/// # Invariants
///
/// The pointer is valid for `'a`, and nothing else changes the lists of the object during `'a`.
pub(crate) struct Mut<'a, T> {
    ptr: NonNull<T>,
    _borrow: PhantomData<&'a mut T>,
}

impl<T> Mut<'_, T> {
    /// # Safety
    ///
    /// `ptr` must be valid for the lifetime that the caller chooses, during which nothing else
    /// changes the lists of the object.
    pub(crate) unsafe fn from_raw(ptr: NonNull<T>) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            ptr,
            _borrow: PhantomData,
        }
    }

    /// Returns a pointer to the object.
    pub(crate) fn as_non_null(&self) -> NonNull<T> {
        self.ptr
    }
}

impl<T> Deref for Mut<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: The object is valid for longer than `self` is borrowed.
        unsafe { self.ptr.as_ref() }
    }
}

/// An object that is in no list, and freed when it is dropped.
///
/// # Invariants
///
/// The pointer is valid, and nothing else uses the object.
pub(crate) struct Owned<T: Entry>(NonNull<T>);

impl<T: Entry> Owned<T> {
    /// # Safety
    ///
    /// `ptr` must point to an initialized object that is in no list, was allocated as
    /// [`Entry::free`] wants it, and becomes the property of the returned value.
    pub(crate) unsafe fn from_raw(ptr: NonNull<T>) -> Self {
        // INVARIANT: The caller promises it.
        Self(ptr)
    }

    /// Takes an object out of the list that it is in, if it is in one.
    ///
    /// # Safety
    ///
    /// As for [`from_raw()`](Self::from_raw), except that the object can be in a list, which
    /// nothing else uses meanwhile. Its link is initialized in any case.
    pub(crate) unsafe fn take(ptr: NonNull<T>) -> Self {
        Link::of(ptr).del();
        // INVARIANT: It is in no list any more.
        Self(ptr)
    }

    /// Allocates an object that is in no list, and makes its own lists empty.
    pub(crate) fn new(object: T) -> Result<Self> {
        let object = NonNull::from(KBox::leak(KBox::new(object, super::gfp())?));
        for &offset in Iterator::chain([T::LINK].iter(), T::HEADS) {
            // SAFETY: The implementation of `Entry` says that the offset is one in the object.
            let head = unsafe { object.byte_add(offset) }.cast::<bindings::list_head>();
            // SAFETY: The implementation of `Entry` says that there is a `struct list_head`.
            unsafe { bindings::INIT_LIST_HEAD(head.as_ptr()) };
        }
        // INVARIANT: It was allocated just now.
        Ok(Self(object))
    }

    /// Gives the object away, to a list or to C.
    pub(crate) fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }

    /// Borrows the object together with its lists.
    pub(crate) fn as_mut(&mut self) -> Mut<'_, T> {
        // SAFETY: The object is valid and used by nothing else, and `self` is borrowed.
        unsafe { Mut::from_raw(self.0) }
    }
}

impl<T: Entry> Deref for Owned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: The object is valid as long as `self` is.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Entry> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: Nothing else uses the object, and this is its last use.
        unsafe { T::free(self.0) };
    }
}

/// A list that does not change.
///
/// # Invariants
///
/// `head` is an initialized list whose entries are of type `T`. Nothing adds or removes entries
/// during `'a`.
pub(crate) struct List<'a, T: Entry> {
    head: Link,
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
    pub(crate) unsafe fn from_raw(head: *mut bindings::list_head) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            head: Link(head),
            _borrow: PhantomData,
        }
    }

    /// Returns whether there is no entry.
    pub(crate) fn is_empty(self) -> bool {
        self.head.next() == self.head
    }

    /// Returns the last entry.
    pub(crate) fn last(self) -> Option<&'a T> {
        self.entry(self.head.prev())
    }

    /// Returns the last one of the entries that satisfy a condition.
    pub(crate) fn rfind(self, condition: impl Fn(&T) -> bool) -> Option<&'a T> {
        let mut at = self.head.prev();
        loop {
            let entry = self.entry(at)?;
            if condition(entry) {
                return Some(entry);
            }
            at = at.prev();
        }
    }

    /// Returns an iterator over the entries.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a T> {
        let mut at = self.head.next();
        iter::from_fn(move || {
            let entry = self.entry(at)?;
            at = at.next();
            Some(entry)
        })
    }

    /// Returns the entry of a link of this list, or [`None`] for the head.
    #[inline]
    fn entry(self, link: Link) -> Option<&'a T> {
        // SAFETY: The link is that of an entry, which stays in the list for `'a`.
        (link != self.head).then(|| unsafe { &*link.entry::<T>() })
    }
}

/// A list that can be changed.
///
/// # Invariants
///
/// As for [`List`], except that this value is what adds and removes entries.
pub(crate) struct ListMut<'a, T: Entry> {
    head: Link,
    _borrow: PhantomData<&'a mut T>,
}

impl<'a, T: Entry> ListMut<'a, T> {
    /// # Safety
    ///
    /// `head` must be an initialized list of entries of type `T`, and during the lifetime that the
    /// caller chooses nothing else adds or removes entries or uses the lists of these.
    pub(crate) unsafe fn from_raw(head: *mut bindings::list_head) -> Self {
        // INVARIANT: The caller promises it.
        Self {
            head: Link(head),
            _borrow: PhantomData,
        }
    }

    /// Returns the list for reading.
    pub(crate) fn as_list(&self) -> List<'_, T> {
        // INVARIANT: The borrow of `self` keeps the list from changes.
        List {
            head: self.head,
            _borrow: PhantomData,
        }
    }

    /// Returns an iterator over the entries together with their lists.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = Mut<'_, T>> {
        self.as_list().iter().map(|entry| {
            // SAFETY: Each entry is returned once, and the list itself stays as it is during the
            // borrow of `self`, which has the lists of the entries for itself.
            unsafe { Mut::from_raw(NonNull::from(entry)) }
        })
    }

    /// Adds an entry at the end.
    pub(crate) fn push(&mut self, entry: Owned<T>) {
        self.head.prev().add(entry);
    }

    /// Removes and frees all entries.
    pub(crate) fn clear(&mut self) {
        let mut cursor = self.cursor();
        while cursor.remove().is_some() {}
    }

    /// Returns a cursor at the first entry.
    pub(crate) fn cursor(&mut self) -> Cursor<'_, T> {
        // INVARIANT: What `self` has exclusively is borrowed.
        Self { ..*self }.into_cursor()
    }

    /// Returns a cursor at the first entry.
    pub(crate) fn into_cursor(self) -> Cursor<'a, T> {
        // INVARIANT: What `self` has exclusively is passed on.
        Cursor {
            at: self.head.next(),
            list: self,
        }
    }
}

/// A place in a list: at an entry or behind the last one.
///
/// # Invariants
///
/// `at` is the head of the list or the link of an entry.
pub(crate) struct Cursor<'a, T: Entry> {
    list: ListMut<'a, T>,
    at: Link,
}

impl<T: Entry> Cursor<'_, T> {
    /// Goes to an entry from a place before it, or to the end if it is not there.
    pub(crate) fn move_to(&mut self, entry: *const T) {
        while self.get().is_some_and(|at| !ptr::eq(at, entry)) {
            self.move_next();
        }
    }

    /// Returns the entry at this place, or [`None`] at the end.
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.list.as_list().entry(self.at)
    }

    /// Returns the entry at this place together with its lists, or [`None`] at the end.
    #[inline]
    pub(crate) fn current(&mut self) -> Option<Mut<'_, T>> {
        let entry = NonNull::from(self.get()?);
        // SAFETY: The entry stays in the list while `self` is borrowed, and so does access to it.
        Some(unsafe { Mut::from_raw(entry) })
    }

    /// Returns the entry before this place.
    pub(crate) fn prev(&self) -> Option<&T> {
        self.list.as_list().entry(self.at.prev())
    }

    /// Returns whether this is at the last entry.
    pub(crate) fn is_last(&self) -> bool {
        self.at.next() == self.list.head
    }

    /// Begins to load the next entry from memory.
    ///
    /// Walking a list waits for memory most of the time. What is done with an entry may take about
    /// as long as to load one, and takes no time if both are done together.
    pub(crate) fn load_next(&self) {
        let next = self.at.next().0;
        // SAFETY: The link is initialized. The value is not used.
        unsafe { (&raw const (*next).next).read_volatile() };
    }

    /// Goes to the next entry, from the end to the first one.
    pub(crate) fn move_next(&mut self) {
        self.at = self.at.next();
    }

    /// Goes to the entry before, from the first one to the end.
    pub(crate) fn move_prev(&mut self) {
        self.at = self.at.prev();
    }

    /// Adds an entry before this place.
    pub(crate) fn insert_before(&mut self, entry: Owned<T>) {
        self.at.prev().add(entry);
    }

    /// Adds an entry behind this place.
    pub(crate) fn insert_after(&mut self, entry: Owned<T>) {
        self.at.add(entry);
    }

    /// Removes the entry at this place and goes to the next one.
    pub(crate) fn remove(&mut self) -> Option<Owned<T>> {
        let entry = NonNull::from(self.get()?);
        let removed = self.at;
        self.move_next();
        removed.del();
        // INVARIANT: It is in no list any more, and no reference to it can exist.
        Some(Owned(entry))
    }
}
