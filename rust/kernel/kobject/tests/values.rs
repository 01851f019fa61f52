// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of what files take and show.

use super::Colour;
use crate::{
    kobject::{
        parse,
        AttrValue,
        Output, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};
use core::{
    fmt::Write,
    num::NonZeroUsize, //
};

#[macros::kunit_tests(rust_kobject_values)]
mod cases {
    use super::*;

    #[test]
    fn numbers_are_parsed_as_in_c() {
        let max = if usize::BITS == 64 {
            c"18446744073709551615"
        } else {
            c"4294967295"
        };
        let above = if usize::BITS == 64 {
            c"18446744073709551616"
        } else {
            c"4294967296"
        };
        let cases = [
            (c"0", Ok(0)),
            (c"5", Ok(5)),
            (c"5\n", Ok(5)),
            (c"+5", Ok(5)),
            (c"0x10", Ok(16)),
            (c"+0x10\n", Ok(16)),
            (c"0X1f", Ok(31)),
            (c"010", Ok(8)),
            (max, Ok(usize::MAX)),
            (above, Err(ERANGE)),
            (c"", Err(EINVAL)),
            (c"\n", Err(EINVAL)),
            (c"5\n\n", Err(EINVAL)),
            (c" 5", Err(EINVAL)),
            (c"5 ", Err(EINVAL)),
            (c"-1", Err(EINVAL)),
            (c"-0", Err(EINVAL)),
            (c"0x", Err(EINVAL)),
            (c"0x+5", Err(EINVAL)),
            (c"08", Err(EINVAL)),
            (c"0b1", Err(EINVAL)),
            (c"0o17", Err(EINVAL)),
            (c"five", Err(EINVAL)),
        ];

        for (input, expected) in cases {
            assert_eq!(usize::parse(input), expected);
        }
        for (input, expected) in [
            (c"4294967295", Ok(u32::MAX)),
            (c"4294967296", Err(ERANGE)),
            (c"-1", Err(EINVAL)),
        ] {
            assert_eq!(u32::parse(input), expected);
        }
        for (input, expected) in [
            (c"2147483647", Ok(i32::MAX)),
            (c"2147483648", Err(ERANGE)),
            (c"-2147483648", Ok(i32::MIN)),
            (c"-2147483649", Err(ERANGE)),
            (c"-0x10", Ok(-16)),
        ] {
            assert_eq!(i32::parse(input), expected);
        }
        for (input, expected) in [
            (c"0", Err(EINVAL)),
            (c"1", Ok(NonZeroUsize::MIN)),
            (above, Err(ERANGE)),
        ] {
            assert_eq!(NonZeroUsize::parse(input), expected);
        }
    }

    #[test]
    fn words_are_parsed_as_in_c() {
        for (input, expected) in [
            (c"1", Ok(true)),
            (c"1234", Ok(true)),
            (c"yes", Ok(true)),
            (c"on", Ok(true)),
            (c"0\n", Ok(false)),
            (c"No", Ok(false)),
            (c"off", Ok(false)),
            (c"o", Err(EINVAL)),
            (c"2", Err(EINVAL)),
            (c"", Err(EINVAL)),
        ] {
            assert_eq!(bool::parse(input), expected);
        }
        for (input, expected) in [
            (c"red", Ok(Colour::Red)),
            (c"red\n", Ok(Colour::Red)),
            (c"off-white", Ok(Colour::OffWhite)),
            (c"red\n\n", Err(EINVAL)),
            (c"Red", Err(EINVAL)),
            (c" red", Err(EINVAL)),
            (c"re", Err(EINVAL)),
            (c"off_white", Err(EINVAL)),
            (c"", Err(EINVAL)),
        ] {
            assert_eq!(Colour::parse(input), expected);
        }
        assert_eq!(Colour::KIND, "keyword:red|off-white");
        for colour in [Colour::Red, Colour::OffWhite] {
            assert_eq!(Colour::from_repr(colour.into_repr()), colour);
        }
        for (input, word) in [
            (c"on", &b"on"[..]),
            (c"on\n", b"on"),
            (c"on\n\n", b"on\n"),
            (c"\non", b"\non"),
            (c"\n", b""),
            (c"", b""),
        ] {
            assert_eq!(parse::word(input), word);
        }
    }

    #[test]
    fn output_is_cut_off_at_the_end_of_the_page() -> Result {
        let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
        let mut out = Output::new(&mut page);

        for _ in 0..Output::CAPACITY - 1 {
            out.bytes(b"x");
        }
        write!(out, "{}", 12)?;
        out.bytes(b"more");
        assert_eq!(out.as_bytes().len(), PAGE_SIZE - 1);
        assert_eq!(out.as_bytes().last(), Some(&b'1'));
        Ok(())
    }
}
