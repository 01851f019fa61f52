// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of contexts that are not started.

#[macros::kunit_tests(rust_damon_context)]
mod cases {
    use crate::{
        damon::{
            Attrs,
            Context,
            IntervalsGoal,
            OpsId, //
        },
        page::PAGE_SIZE,
        prelude::*, //
    };

    #[test]
    fn new_context_is_default() -> Result {
        let ctx = Context::new()?;

        assert_eq!(ctx.attrs(), Attrs::default());
        assert_eq!(ctx.ops(), None);
        assert_eq!(ctx.min_region_sz(), PAGE_SIZE);
        Ok(())
    }

    fn attrs(sample_interval: usize, aggr_interval: usize, min: usize, max: usize) -> Attrs {
        Attrs {
            sample_interval,
            aggr_interval,
            min_nr_regions: min,
            max_nr_regions: max,
            ..Attrs::default()
        }
    }

    #[test]
    fn set_attrs_checks_boundaries() -> Result {
        let cases = [
            (attrs(5, 5, 3, 3), Ok(())),
            (attrs(5, 4, 3, 3), Err(EINVAL)),
            (attrs(0, 0, 3, 3), Ok(())),
            (attrs(usize::MAX, usize::MAX, 3, usize::MAX), Ok(())),
            (attrs(1, usize::MAX, usize::MAX, usize::MAX), Ok(())),
            (attrs(5, 5, 2, 3), Err(EINVAL)),
            (attrs(5, 5, 0, 0), Err(EINVAL)),
            (attrs(5, 5, 4, 3), Err(EINVAL)),
        ];

        for (attrs, expected) in cases {
            let mut ctx = Context::new()?;

            assert_eq!(ctx.set_attrs(&attrs), expected);
            let now = if expected.is_ok() {
                attrs
            } else {
                Attrs::default()
            };
            assert_eq!(ctx.attrs(), now);
        }
        Ok(())
    }

    #[test]
    fn set_attrs_checks_intervals_goal() -> Result {
        // (aggrs, minimum, maximum) for a sampling interval of 5 milliseconds.
        let cases = [
            (0, 9_000, 1_000, Ok(())),
            (1, 5_000, 5_000, Ok(())),
            (1, 1_000, 9_000, Ok(())),
            (1, 5_001, 9_000, Err(EINVAL)),
            (1, 1_000, 4_999, Err(EINVAL)),
            (1, 9_000, 1_000, Err(EINVAL)),
        ];

        for (aggrs, min_sample_us, max_sample_us, expected) in cases {
            let attrs = Attrs {
                intervals_goal: IntervalsGoal {
                    access_bp: 400,
                    aggrs,
                    min_sample_us,
                    max_sample_us,
                },
                ..Attrs::default()
            };

            assert_eq!(Context::new()?.set_attrs(&attrs), expected);
        }
        Ok(())
    }

    #[test]
    fn addr_unit_scales_paddr_only() -> Result {
        let cases = [
            (OpsId::Paddr, 0, Err(EINVAL)),
            (OpsId::Paddr, 1, Ok(PAGE_SIZE)),
            (OpsId::Paddr, 3, Err(EINVAL)),
            (OpsId::Paddr, 8, Ok(PAGE_SIZE / 8)),
            (OpsId::Paddr, PAGE_SIZE - 1, Ok(1)),
            (OpsId::Paddr, PAGE_SIZE, Ok(1)),
            (OpsId::Paddr, usize::MAX, Ok(1)),
            (OpsId::Vaddr, 0, Err(EINVAL)),
            (OpsId::Vaddr, 3, Ok(PAGE_SIZE)),
            (OpsId::Fvaddr, usize::MAX, Ok(PAGE_SIZE)),
        ];

        for (ops, addr_unit, expected) in cases {
            // In either order.
            let mut ctx = Context::new()?;
            let result = ctx
                .select_ops(ops)
                .and_then(|()| ctx.set_addr_unit(addr_unit))
                .map(|()| ctx.min_region_sz());
            assert_eq!(result, expected);

            let mut ctx = Context::new()?;
            let result = ctx
                .set_addr_unit(addr_unit)
                .and_then(|()| ctx.select_ops(ops))
                .map(|()| ctx.min_region_sz());
            assert_eq!(result, expected);
        }
        Ok(())
    }

    #[test]
    fn targets_pin_what_they_depend_on() -> Result {
        let mut ctx = Context::new()?;

        assert_eq!(ctx.add_target().err(), Some(EINVAL));
        ctx.select_ops(OpsId::Vaddr)?;
        ctx.select_ops(OpsId::Paddr)?;
        ctx.add_target()?;
        assert_eq!(ctx.select_ops(OpsId::Paddr), Err(EBUSY));
        assert_eq!(ctx.select_ops(OpsId::Vaddr), Err(EBUSY));
        assert_eq!(ctx.set_addr_unit(2), Err(EBUSY));
        assert_eq!(ctx.ops(), Some(OpsId::Paddr));
        assert_eq!(ctx.min_region_sz(), PAGE_SIZE);
        Ok(())
    }
}
