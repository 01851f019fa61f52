// SPDX-License-Identifier: GPL-2.0
/*
 * The reference core: mm/damon/core.c, unmodified, under other names
 *
 * It is linked beside the core that the kernel uses.  The oracle compares the
 * two, and the benchmark times them.
 */

/* As core.c has it, whose headers are included here first. */
#define pr_fmt(fmt) "damon: " fmt

#include "ref-names.h"

#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST
#include "env-override.h"
#endif

#include <linux/damon.h>
#include <linux/slab.h>

#include "ref-core.h"

/* The kernel's core has a cache of this name. */
#undef KMEM_CACHE
#define KMEM_CACHE(type, flags)						\
	kmem_cache_create("ref_" #type, sizeof(struct type),		\
			  __alignof__(struct type), flags, NULL)

/* The kernel's core has the tests. */
#undef CONFIG_DAMON_KUNIT_TEST

#include "../../core.c"

#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST

/* What damon_start() has kthread_run() do, here and now. */
static int ref_run_kdamond(struct damon_ctx *ctx)
{
	mutex_lock(&damon_lock);
	nr_running_ctxs++;
	mutex_unlock(&damon_lock);
	return kdamond_fn(ctx);
}

#endif /* CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST */

const struct damon_core_functions ref_core_functions = {
	.name = "C",
#include "ref-table.h"
#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST
	.run_kdamond = ref_run_kdamond,
#endif
};
