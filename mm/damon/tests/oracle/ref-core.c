// SPDX-License-Identifier: GPL-2.0
/*
 * The reference core: mm/damon/core.c, unmodified, under other names
 *
 * It is linked beside the core that the kernel uses.  The oracle compares the
 * two, and the benchmark times them.
 *
 * For the oracle, three things of core.c that the core in Rust has fixed are
 * fixed here too, so that what is compared is the fixed behaviour, and all of
 * it:
 *
 * - What new regions, filters and goals are not initialized with is zero.
 * - A walk that is canceled leaves no scheme behind that seems to be walked.
 * - What functions keep in static variables does not outlive a context: the
 *   oracle resets it for each.
 */

/* As core.c has it, whose headers are included here first. */
#define pr_fmt(fmt) "damon: " fmt

#include "ref-names.h"

#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST
#include "env-override.h"
#endif

#include <linux/damon.h>
#include <linux/slab.h>
#include <linux/unroll.h>

#include "ref-core.h"

/* The kernel's core has a cache of this name. */
#undef KMEM_CACHE
#define KMEM_CACHE(type, flags)						\
	kmem_cache_create("ref_" #type, sizeof(struct type),		\
			  __alignof__(struct type), flags, NULL)

/* The kernel's core has the tests. */
#undef CONFIG_DAMON_KUNIT_TEST

#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST

#undef kmalloc_obj
#define kmalloc_obj	kzalloc_obj
#undef kmem_cache_alloc
#define kmem_cache_alloc(cache, flags)					\
	alloc_hooks(kmem_cache_alloc_noprof(cache, (flags) | __GFP_ZERO))

static void ref_complete(struct completion *completion)
{
	struct damos_walk_control *control =
		container_of(completion, struct damos_walk_control, completion);
	struct damon_ctx *ctx = oracle_ctx();
	struct damos *s;

	if (ctx && ctx->walk_control == control && control->canceled) {
		damon_for_each_scheme(s, ctx)
			s->walk_completed = false;
	}
	complete(completion);
}

#define complete	ref_complete

/*
 * These move static variables out of the functions that declare them.  The name of
 * one stands for another one that is not used where it is declared, which is the
 * first time that the compiler sees it.  From then on, it stands for one of this
 * file.
 */
static unsigned long ref_rotation;
#define rotation	ref_rotation
#pragma push_macro("rotation")
#undef rotation
#define rotation							\
	int unused_rotation __maybe_unused				\
	__pick_unrolled(pop_macro("rotation"), pop_macro("rotation"))

static unsigned long ref_last_nr_regions;
#define last_nr_regions	ref_last_nr_regions
#pragma push_macro("last_nr_regions")
#undef last_nr_regions
#define last_nr_regions							\
	int unused_nr_regions __maybe_unused				\
	__pick_unrolled(pop_macro("last_nr_regions"),			\
			pop_macro("last_nr_regions"))

#endif /* CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST */

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

static void ref_reset(void)
{
	ref_rotation = 0;
	ref_last_nr_regions = 0;
}

#endif /* CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST */

const struct damon_core_functions ref_core_functions = {
	.name = "C",
#include "ref-table.h"
#ifdef CONFIG_DAMON_CORE_RUST_ORACLE_KUNIT_TEST
	.run_kdamond = ref_run_kdamond,
	.reset = ref_reset,
#endif
};
