// SPDX-License-Identifier: GPL-2.0

//! The values that sysfs files hold.

use crate::{
    prelude::*,
    sync::{
        atomic::{
            ordering::Relaxed,
            Atomic,
            AtomicBasicOps,
            AtomicType, //
        },
        Arc, //
    }, //
};
use core::{
    fmt::Write,
    num::NonZeroUsize, //
};

use super::{
    Emitter,
    Input,
    Kind, //
};

/// The kernel's own parsers of numbers, `kstrtoul()` and relatives.
///
/// They take decimal, `0x` hexadecimal and `0` octal digits, an optional sign and one optional
/// newline at the end. All but [`boolean`](parse::boolean) fail with `EINVAL` for anything else
/// and with `ERANGE` for a number that does not fit.
pub mod parse {
    use crate::{
        bindings,
        ffi,
        prelude::*, //
    };

    use super::super::Input;

    /// Does what [`to_result()`](crate::error::to_result) does, in line: numbers take so little
    /// time that a call more is seen in it.
    #[inline(always)]
    fn checked(err: ffi::c_int) -> Result {
        if err < 0 {
            return Err(failed(err));
        }
        Ok(())
    }

    /// Keeps what follows a failure out of the way of what succeeds.
    #[cold]
    fn failed(err: ffi::c_int) -> Error {
        Error::from_errno(err)
    }

    /// Parses an `unsigned long`, as `kstrtoul()` does.
    #[inline]
    pub fn ulong(input: Input<'_>) -> Result<usize> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        checked(unsafe { bindings::kstrtoull(input.as_char_ptr(), 0, &mut value) })?;
        usize::try_from(value).map_err(|_| ERANGE)
    }

    /// Parses an `unsigned int`, as `kstrtouint()` does.
    #[inline]
    pub fn uint(input: Input<'_>) -> Result<u32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        checked(unsafe { bindings::kstrtouint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses an `int`, as `kstrtoint()` does.
    #[inline]
    pub fn int(input: Input<'_>) -> Result<i32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        checked(unsafe { bindings::kstrtoint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses a `bool`, as `kstrtobool()` does: only the first character counts, or the first two
    /// of `on` and `off`.
    #[inline]
    pub fn boolean(input: Input<'_>) -> Result<bool> {
        let mut value = false;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        checked(unsafe { bindings::kstrtobool(input.as_char_ptr(), &mut value) })?;
        Ok(value)
    }

    /// Returns the word that `input` is: all of it but for one newline at the end, which is what
    /// `sysfs_streq()` compares.
    #[inline]
    pub fn word(input: Input<'_>) -> &[u8] {
        let line = input.to_c_str().to_bytes();

        line.strip_suffix(b"\n").unwrap_or(line)
    }
}

/// A type whose values a file can hold: how they are kept, parsed and shown.
/// Enums of keywords get it from [`#[derive(Keyword)]`](derive@crate::kobject::Keyword).
pub trait AttrValue: Copy + Send + Sync + 'static {
    /// What a value is kept as: something that is read and written in one piece.
    type Repr: AtomicType<Repr: AtomicBasicOps>;

    /// What kind of value this is, for documentation and tests.
    const KIND: Kind;

    /// Turns `self` into what is kept.
    fn into_repr(self) -> Self::Repr;

    /// Turns what [`AttrValue::into_repr`] gave back into the value.
    fn from_repr(repr: Self::Repr) -> Self;

    /// Parses what user space wrote.
    fn parse(input: Input<'_>) -> Result<Self>;

    /// Shows the value, with a newline.
    fn emit(self, out: &mut Emitter<'_>) -> Result;
}

/// Implements [`AttrValue`] for a number that is kept as it is.
macro_rules! impl_attr_value {
    ($($ty:ty => $kind:expr, $parse:path;)*) => {
        $(
            impl AttrValue for $ty {
                type Repr = Self;

                const KIND: Kind = $kind;

                #[inline]
                fn into_repr(self) -> Self {
                    self
                }

                #[inline]
                fn from_repr(repr: Self) -> Self {
                    repr
                }

                #[inline]
                fn parse(input: Input<'_>) -> Result<Self> {
                    $parse(input)
                }

                fn emit(self, out: &mut Emitter<'_>) -> Result {
                    Ok(writeln!(out, "{self}")?)
                }
            }
        )*
    };
}

impl_attr_value! {
    usize => Kind::Ulong, parse::ulong;
    u32 => Kind::Uint, parse::uint;
    i32 => Kind::Int, parse::int;
}

/// A `u8` is for files that are only read: what is written is an `unsigned int` that fits.
impl AttrValue for u8 {
    type Repr = u32;

    const KIND: Kind = Kind::Uint;

    fn into_repr(self) -> u32 {
        self.into()
    }

    fn from_repr(repr: u32) -> Self {
        Self::try_from(repr).unwrap_or(Self::MAX)
    }

    fn parse(input: Input<'_>) -> Result<Self> {
        Self::try_from(parse::uint(input)?).map_err(|_| ERANGE)
    }

    fn emit(self, out: &mut Emitter<'_>) -> Result {
        u32::from(self).emit(out)
    }
}

/// A `bool` is shown as `Y` or `N`.
impl AttrValue for bool {
    type Repr = Self;

    const KIND: Kind = Kind::Bool;

    #[inline]
    fn into_repr(self) -> Self {
        self
    }

    #[inline]
    fn from_repr(repr: Self) -> Self {
        repr
    }

    #[inline]
    fn parse(input: Input<'_>) -> Result<Self> {
        parse::boolean(input)
    }

    fn emit(self, out: &mut Emitter<'_>) -> Result {
        out.bytes(if self { b"Y\n" } else { b"N\n" });
        Ok(())
    }
}

/// A `usize` that refuses zero with `EINVAL`.
impl AttrValue for NonZeroUsize {
    type Repr = usize;

    const KIND: Kind = Kind::NonZeroUlong;

    #[inline]
    fn into_repr(self) -> usize {
        self.get()
    }

    #[inline]
    fn from_repr(repr: usize) -> Self {
        Self::new(repr).unwrap_or(Self::MIN)
    }

    #[inline]
    fn parse(input: Input<'_>) -> Result<Self> {
        Self::new(parse::ulong(input)?).ok_or(EINVAL)
    }

    fn emit(self, out: &mut Emitter<'_>) -> Result {
        self.get().emit(out)
    }
}

/// The value of a file.
///
/// It is read whole and written whole, with no lock: a reader sees what was there before or after
/// a write, never a mix. There is no order between the values of different files.
///
/// # Examples
///
/// ```
/// use kernel::kobject::Value;
///
/// let interval = Value::new(5_000usize);
/// interval.set(100);
/// assert_eq!(interval.get(), 100);
/// ```
pub struct Value<T: AttrValue>(Atomic<T::Repr>);

impl<T: AttrValue> Value<T> {
    /// Starts with `value`.
    pub fn new(value: T) -> Self {
        Self(Atomic::new(value.into_repr()))
    }

    /// Reads the value.
    pub fn get(&self) -> T {
        T::from_repr(self.0.load(Relaxed))
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        // This `write_volatile` is intended to correspond to a `WRITE_ONCE()`, as does a relaxed
        // store, but is not a call where the helpers of the C side are not inlined.
        //
        // SAFETY: `Atomic::as_ptr()` guarantees a valid and aligned pointer. A `WRITE_ONCE()` does
        // not race with the relaxed loads, the only other accesses.
        unsafe { self.0.as_ptr().write_volatile(value.into_repr()) };
    }

    /// Shows `value` as the file would whose value `_field` picks from its directory.
    #[doc(hidden)]
    pub fn emit_as<D>(_field: fn(&D) -> &Self, value: T, out: &mut Emitter<'_>) -> Result {
        value.emit(out)
    }
}

/// What a field is that keeps the value of a file in its own way, and shows and takes it itself.
///
/// A [`Value`] is the usual one. Others are for what is not read and written in one piece.
pub trait AttrCell {
    /// What kind of value this is, for documentation and tests.
    const KIND: Kind;

    /// Shows the value, with a newline.
    fn show(&self, out: &mut Emitter<'_>) -> Result;

    /// Takes what user space wrote.
    fn store(&self, input: Input<'_>) -> Result;
}

impl<T: AttrValue> AttrCell for Value<T> {
    const KIND: Kind = T::KIND;

    fn show(&self, out: &mut Emitter<'_>) -> Result {
        self.get().emit(out)
    }

    fn store(&self, input: Input<'_>) -> Result {
        self.set(T::parse(input)?);
        Ok(())
    }
}

/// An [`Arc`] is for what somebody else than the directory looks at, too.
impl<T: AttrCell> AttrCell for Arc<T> {
    const KIND: Kind = T::KIND;

    fn show(&self, out: &mut Emitter<'_>) -> Result {
        T::show(self, out)
    }

    fn store(&self, input: Input<'_>) -> Result {
        T::store(self, input)
    }
}
