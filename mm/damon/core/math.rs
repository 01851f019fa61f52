// SPDX-License-Identifier: GPL-2.0

//! The arithmetic of C that results depend on.
//!
//! Numbers wrap around as those of type `unsigned long` and `unsigned int` do. A division by zero,
//! which would be a trap in C, has a result that the caller chooses.

/// The unit of parts of a whole, 1/10,000.
pub(crate) const BP: usize = 10_000;

/// Defines functions that return `x * n / d`, without the overflow of the product where possible.
///
/// They correspond to the C macro `mult_frac()`, and return [`None`] if `d` is zero.
macro_rules! mult_frac {
    ($($name:ident: $ty:ty),+) => { $(
        pub(crate) fn $name(x: $ty, n: $ty, d: $ty) -> Option<$ty> {
            let (quotient, rest) = (x.checked_div(d)?, x.checked_rem(d)?);
            let rest = rest.wrapping_mul(n).checked_div(d)?;
            Some(quotient.wrapping_mul(n).wrapping_add(rest))
        }
    )+ };
}

mult_frac!(mult_frac: usize, mult_frac_u32: u32);

/// Returns the largest multiple of `align`, a power of two, that is not above `x`.
pub(crate) fn align_down(x: usize, align: usize) -> usize {
    x & !align.wrapping_sub(1)
}

/// Returns the smallest multiple of `align`, a power of two, that is not below `x`.
pub(crate) fn align_up(x: usize, align: usize) -> usize {
    align_down(x.wrapping_add(align.wrapping_sub(1)), align)
}

/// Returns whether the time `a` is at or after `b`, for times that wrap around.
pub(crate) fn time_after_eq(a: usize, b: usize) -> bool {
    // CAST: The sign tells which one is later.
    a.wrapping_sub(b) as isize >= 0
}

/// Returns the average of `l` and `r`, weighted with the sizes, as C computes it.
///
/// If the sizes are zero together, it is `l`.
pub(crate) fn weighted_average(l: u32, sz_l: usize, r: u32, sz_r: usize) -> u32 {
    let sz = sz_l.wrapping_add(sz_r);
    // CAST: A `usize` has at least 32 bits.
    let (wide_l, wide_r) = (l as usize, r as usize);
    // Equal numbers, which are common, need no division. When their product with the size
    // overflows, the quotient is another one.
    if l == r && sz >= sz_l && wide_l.checked_mul(sz).is_some() {
        return l;
    }
    let sum = wide_l
        .wrapping_mul(sz_l)
        .wrapping_add(wide_r.wrapping_mul(sz_r));
    // CAST: C truncates as well.
    sum.checked_div(sz).map_or(l, |average| average as u32)
}

#[cfg(CONFIG_DAMON_CORE_RUST_KUNIT_TEST)]
#[kernel::macros::kunit_tests(rust_damon_math)]
mod tests {
    use super::*;

    #[test]
    fn fractions() {
        for (x, n, d, expected) in [
            (0, 10_000, 7, Some(0)),
            (7, 10_000, 7, Some(10_000)),
            (8, 10_000, 7, Some(11_428)),
            (usize::MAX, 10_000, 10_000, Some(usize::MAX)),
            (usize::MAX, 1, 1, Some(usize::MAX)),
            (usize::MAX, 2, 1, Some(usize::MAX - 1)),
            (1, 1, 0, None),
        ] {
            assert_eq!(mult_frac(x, n, d), expected);
        }
        for (x, n, d, expected) in [
            (20, 10_000, 20, Some(10_000)),
            (u32::MAX, 10_000, u32::MAX, Some(10_000)),
            // The rest times 10,000 does not fit.
            (500_000, 10_000, 1_000_000, Some(705)),
            (1, 1, 0, None),
        ] {
            assert_eq!(mult_frac_u32(x, n, d), expected);
        }
    }

    #[test]
    fn alignment() {
        for (x, align, down, up) in [
            (0, 1, 0, 0),
            (5, 1, 5, 5),
            (4095, 4096, 0, 4096),
            (4096, 4096, 4096, 4096),
            (4097, 4096, 4096, 8192),
            (usize::MAX, 4096, usize::MAX - 4095, 0),
        ] {
            assert_eq!(align_down(x, align), down);
            assert_eq!(align_up(x, align), up);
        }
    }

    #[test]
    fn times() {
        for (a, b, after_eq) in [
            (0, 0, true),
            (1, 0, true),
            (0, 1, false),
            (usize::MAX, 0, false),
            (0, usize::MAX, true),
            (usize::MAX / 2, 0, true),
            (usize::MAX / 2 + 1, 0, false),
        ] {
            assert_eq!(time_after_eq(a, b), after_eq);
        }
    }

    #[test]
    fn averages() {
        for (l, sz_l, r, sz_r, expected) in [
            (10, 100, 20, 200, 16),
            (9, 100, 21, 200, 17),
            (7, 1, 7, 1, 7),
            (0, 0, 5, 1, 5),
            (3, 0, 5, 0, 3),
            // The sum of the sizes wraps around to nothing.
            (5, usize::MAX, 5, 1, 5),
        ] {
            assert_eq!(weighted_average(l, sz_l, r, sz_r), expected);
        }
        // The products wrap around, for equal numbers as well.
        let sz = usize::MAX / 4;
        let sum = sz.wrapping_mul(8).wrapping_add(sz.wrapping_mul(8));
        assert_eq!(weighted_average(8, sz, 8, sz), (sum / (2 * sz)) as u32);
    }
}
