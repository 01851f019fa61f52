// SPDX-License-Identifier: GPL-2.0
/*
 * The reference operations: mm/damon/vaddr.c with its own functions in all places
 *
 * They are linked beside the operations that the kernel uses, and registered
 * nowhere.
 */

/* As vaddr.c has it, whose headers are included here first. */
#define pr_fmt(fmt) "damon-va: " fmt

#include <linux/init.h>

#include "ref-ops.h"

static struct damon_operations ref_ops[NR_DAMON_OPS];

static int ref_register_ops(struct damon_operations *ops)
{
	ref_ops[ops->id] = *ops;
	return 0;
}

#define damon_register_ops	ref_register_ops

/* It is called by tests, which run when the memory for __init is gone. */
#undef __init
#define __init
#undef subsys_initcall
#define subsys_initcall(fn)	static int (*const ref_initcall)(void) = fn

/* The kernel's operations have the tests. */
#undef CONFIG_DAMON_VADDR_KUNIT_TEST
#undef CONFIG_DAMON_OPS_RUST
#undef CONFIG_DAMON_SYSFS_USERS

#include "../../vaddr.c"

const struct damon_operations *ref_vaddr_ops(void)
{
	return ref_initcall() ? NULL : &ref_ops[DAMON_OPS_VADDR];
}

const struct damon_operations *ref_fvaddr_ops(void)
{
	return ref_initcall() ? NULL : &ref_ops[DAMON_OPS_FVADDR];
}
