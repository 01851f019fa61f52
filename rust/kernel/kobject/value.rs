// SPDX-License-Identifier: GPL-2.0

//! The values that sysfs files hold.

use crate::{
    prelude::*,
    str::CStr,
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
    Kind,
    Output, //
};

/// The kernel's own parsers of numbers, `kstrtoul()` and relatives.
///
/// They take decimal, `0x` hexadecimal and `0` octal digits, an optional sign and one optional
/// newline at the end. All but [`boolean`](parse::boolean) fail with `EINVAL` for anything else
/// and with `ERANGE` for a number that does not fit.
pub mod parse {
    use crate::{
        bindings,
        error::to_result,
        prelude::*,
        str::{
            CStr,
            CStrExt as _, //
        }, //
    };

    /// Parses an `unsigned long`, as `kstrtoul()` does.
    pub fn ulong(input: &CStr) -> Result<usize> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        to_result(unsafe { bindings::kstrtoull(input.as_char_ptr(), 0, &mut value) })?;
        usize::try_from(value).map_err(|_| ERANGE)
    }

    /// Parses an `unsigned int`, as `kstrtouint()` does.
    pub fn uint(input: &CStr) -> Result<u32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        to_result(unsafe { bindings::kstrtouint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses an `int`, as `kstrtoint()` does.
    pub fn int(input: &CStr) -> Result<i32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        to_result(unsafe { bindings::kstrtoint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses a `bool`, as `kstrtobool()` does: only the first character counts, or the first two
    /// of `on` and `off`.
    pub fn boolean(input: &CStr) -> Result<bool> {
        let mut value = false;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        to_result(unsafe { bindings::kstrtobool(input.as_char_ptr(), &mut value) })?;
        Ok(value)
    }

    /// Returns the word that `input` is: all of it but for one newline at the end, which is what
    /// `sysfs_streq()` compares.
    pub fn word(input: &CStr) -> &[u8] {
        let line = input.to_bytes();

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
    fn parse(input: &CStr) -> Result<Self>;

    /// Shows the value, with a newline.
    fn emit(self, out: &mut Output<'_>) -> Result;
}

/// Implements [`AttrValue`] for a number that is kept as it is.
macro_rules! impl_attr_value {
    ($($ty:ty => $kind:expr, $parse:path;)*) => {
        $(
            impl AttrValue for $ty {
                type Repr = Self;

                const KIND: Kind = $kind;

                            fn into_repr(self) -> Self {
                    self
                }

                            fn from_repr(repr: Self) -> Self {
                    repr
                }

                            fn parse(input: &CStr) -> Result<Self> {
                    $parse(input)
                }

                fn emit(self, out: &mut Output<'_>) -> Result {
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

    fn parse(input: &CStr) -> Result<Self> {
        Self::try_from(parse::uint(input)?).map_err(|_| ERANGE)
    }

    fn emit(self, out: &mut Output<'_>) -> Result {
        u32::from(self).emit(out)
    }
}

/// A `bool` is shown as `Y` or `N`.
impl AttrValue for bool {
    type Repr = Self;

    const KIND: Kind = Kind::Bool;

    fn into_repr(self) -> Self {
        self
    }

    fn from_repr(repr: Self) -> Self {
        repr
    }

    fn parse(input: &CStr) -> Result<Self> {
        parse::boolean(input)
    }

    fn emit(self, out: &mut Output<'_>) -> Result {
        out.bytes(if self { b"Y\n" } else { b"N\n" });
        Ok(())
    }
}

/// A `usize` that refuses zero with `EINVAL`.
impl AttrValue for NonZeroUsize {
    type Repr = usize;

    const KIND: Kind = Kind::NonZeroUlong;

    fn into_repr(self) -> usize {
        self.get()
    }

    fn from_repr(repr: usize) -> Self {
        Self::new(repr).unwrap_or(Self::MIN)
    }

    fn parse(input: &CStr) -> Result<Self> {
        Self::new(parse::ulong(input)?).ok_or(EINVAL)
    }

    fn emit(self, out: &mut Output<'_>) -> Result {
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
        self.0.store(value.into_repr(), Relaxed);
    }

    /// Shows `value` as the file would whose value `_field` picks from its directory.
    #[cfg(CONFIG_RUST_KOBJECT_INFO)]
    #[doc(hidden)]
    pub fn emit_as<D>(_field: fn(&D) -> &Self, value: T, out: &mut Output<'_>) -> Result {
        value.emit(out)
    }
}

impl<T: AttrValue + Default> Default for Value<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// What a field is that keeps the value of a file in its own way, and shows and takes it itself.
///
/// A [`Value`] is the usual one. Others are for what is not read and written in one piece.
pub trait Attribute {
    /// What kind of value this is, for documentation and tests.
    const KIND: Kind;

    /// Shows the value, with a newline.
    fn show(&self, out: &mut Output<'_>) -> Result;

    /// Takes what user space wrote.
    fn store(&self, input: &CStr) -> Result;
}

impl<T: AttrValue> Attribute for Value<T> {
    const KIND: Kind = T::KIND;

    fn show(&self, out: &mut Output<'_>) -> Result {
        self.get().emit(out)
    }

    fn store(&self, input: &CStr) -> Result {
        self.set(T::parse(input)?);
        Ok(())
    }
}

/// An [`Arc`] is for what somebody else than the directory looks at, too.
impl<T: Attribute> Attribute for Arc<T> {
    const KIND: Kind = T::KIND;

    fn show(&self, out: &mut Output<'_>) -> Result {
        T::show(self, out)
    }

    fn store(&self, input: &CStr) -> Result {
        T::store(self, input)
    }
}

/// The type of a field that stands for a file without a value: its methods do everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoValue;
