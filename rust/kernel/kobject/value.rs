// SPDX-License-Identifier: GPL-2.0

//! The values that sysfs files hold.

use crate::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            AtomicBasicOps,
            AtomicType,
            Relaxed, //
        },
        Arc, //
    }, //
};
use core::{
    convert::identity,
    fmt::Write,
    num::NonZeroUsize, //
};

use super::Output;

/// The kernel's own parsers of numbers, `kstrtoul()` and relatives.
///
/// They take decimal, `0x` hexadecimal and `0` octal digits, an optional sign and one optional
/// newline at the end. All but [`boolean`](parse::boolean) fail with `EINVAL` for anything else
/// and with `ERANGE` for a number that does not fit.
pub mod parse {
    use crate::{
        bindings,
        error::to_result,
        prelude::*, //
    };

    /// Turns what a parser returns into a `Result`, without a call if all is well.
    #[inline]
    fn check(err: c_int) -> Result {
        if err != 0 {
            return to_result(err);
        }
        Ok(())
    }

    /// Parses an `unsigned long`, as `kstrtoul()` does.
    #[inline]
    pub fn ulong(input: &CStr) -> Result<usize> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        check(unsafe { bindings::kstrtoull(input.as_char_ptr(), 0, &mut value) })?;
        usize::try_from(value).map_err(|_| ERANGE)
    }

    /// Parses an `unsigned int`, as `kstrtouint()` does.
    #[inline]
    pub fn uint(input: &CStr) -> Result<u32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        check(unsafe { bindings::kstrtouint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses an `int`, as `kstrtoint()` does.
    #[inline]
    pub fn int(input: &CStr) -> Result<i32> {
        let mut value = 0;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        check(unsafe { bindings::kstrtoint(input.as_char_ptr(), 0, &mut value) })?;
        Ok(value)
    }

    /// Parses a `bool`, as `kstrtobool()` does: only the first character counts, or the first two
    /// of `on` and `off`.
    #[inline]
    pub fn boolean(input: &CStr) -> Result<bool> {
        let mut value = false;

        // SAFETY: `input` is NUL-terminated, and `value` is valid for a write.
        check(unsafe { bindings::kstrtobool(input.as_char_ptr(), &mut value) })?;
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

    /// What kind of value this is, for documentation and tests: `uint`, `keyword:off|on`.
    const KIND: &'static str;

    /// Turns `self` into what is kept.
    fn into_repr(self) -> Self::Repr;

    /// Turns what [`AttrValue::into_repr`] gave back into the value.
    fn from_repr(repr: Self::Repr) -> Self;

    /// Parses what user space wrote.
    fn parse(input: &CStr) -> Result<Self>;

    /// Shows the value, with a newline.
    fn emit(self, out: &mut Output<'_>) -> Result;
}

/// Implements [`AttrValue`] for numbers.
macro_rules! impl_attr_value {
    ($(
        $(#[$doc:meta])*
        $ty:ty as $repr:ty, $kind:literal, $parse:expr, $into:expr, $from:expr;
    )*) => {
        $(
            $(#[$doc])*
            impl AttrValue for $ty {
                type Repr = $repr;

                const KIND: &'static str = $kind;

                fn into_repr(self) -> $repr {
                    $into(self)
                }

                fn from_repr(repr: $repr) -> Self {
                    $from(repr)
                }

                #[inline]
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
    usize as usize, "ulong", parse::ulong, identity, identity;
    u32 as u32, "uint", parse::uint, identity, identity;
    i32 as i32, "int", parse::int, identity, identity;
    /// What is written is an `unsigned int` that fits.
    u8 as u32, "uint", |input| u8::try_from(parse::uint(input)?).map_err(|_| ERANGE), u32::from,
        |repr| u8::try_from(repr).unwrap_or(u8::MAX);
    /// A `usize` that refuses zero with `EINVAL`.
    NonZeroUsize as usize, "nonzero-ulong",
        |input| NonZeroUsize::new(parse::ulong(input)?).ok_or(EINVAL), NonZeroUsize::get,
        |repr| NonZeroUsize::new(repr).unwrap_or(NonZeroUsize::MIN);
}

/// A `bool` is shown as `Y` or `N`.
impl AttrValue for bool {
    type Repr = Self;

    const KIND: &'static str = "bool";

    fn into_repr(self) -> Self {
        self
    }

    fn from_repr(repr: Self) -> Self {
        repr
    }

    #[inline]
    fn parse(input: &CStr) -> Result<Self> {
        parse::boolean(input)
    }

    fn emit(self, out: &mut Output<'_>) -> Result {
        out.bytes(if self { b"Y\n" } else { b"N\n" });
        Ok(())
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
    /// What kind of value this is, for documentation and tests: `uint`, `keyword:off|on`.
    const KIND: &'static str;

    /// Shows the value, with a newline.
    fn show(&self, out: &mut Output<'_>) -> Result;

    /// Takes what user space wrote.
    fn store(&self, input: &CStr) -> Result;
}

impl<T: AttrValue> Attribute for Value<T> {
    const KIND: &'static str = T::KIND;

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
    const KIND: &'static str = T::KIND;

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
