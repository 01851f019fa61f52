// SPDX-License-Identifier: GPL-2.0
/*
 * The reference operations: mm/damon/paddr.c with its own functions in all places
 *
 * See ref-vaddr.c.
 */

/* As paddr.c has it, whose headers are included here first. */
#define pr_fmt(fmt) "damon-pa: " fmt

#include <linux/init.h>

#include "ref-ops.h"

static struct damon_operations ref_ops;

static int ref_register_ops(struct damon_operations *ops)
{
	ref_ops = *ops;
	return 0;
}

#define damon_register_ops	ref_register_ops

#undef __init
#define __init
#undef subsys_initcall
#define subsys_initcall(fn)	static int (*const ref_initcall)(void) = fn

#undef CONFIG_DAMON_OPS_RUST

#include "../../paddr.c"

const struct damon_operations *ref_paddr_ops(void)
{
	return ref_initcall() ? NULL : &ref_ops;
}
