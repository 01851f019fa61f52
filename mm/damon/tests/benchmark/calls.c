// SPDX-License-Identifier: GPL-2.0
/*
 * What functions cost that other threads call
 */

#include <linux/ktime.h>
#include <linux/sizes.h>

#include "benchmark.h"

#define REPEATS		100

/* Have both cores take turns at what @once measures, and print it. */
static void measure(struct kunit *test, const char *name,
		    u64 (*once)(struct kunit *test,
				const struct damon_core_functions *core))
{
	struct benchmark_row row;
	u64 ns[REPEATS];
	int round, core, i;

	for (round = 0; round < BENCHMARK_ROUNDS; round++) {
		for (core = 0; core < BENCHMARK_NR_CORES; core++) {
			for (i = 0; i < REPEATS; i++)
				ns[i] = once(test, benchmark_cores[core]);
			row.values[core][round] = benchmark_median(ns, REPEATS);
		}
	}
	benchmark_print(test, name, "ns", &row);
}

static u64 start_stop(struct kunit *test, const struct damon_core_functions *core)
{
	struct damon_ctx *ctx = benchmark_new_ctx(test, core);
	struct damon_attrs attrs = {
		.sample_interval = 1,
		.aggr_interval = 1000,
		.ops_update_interval = ULONG_MAX,
		.min_nr_regions = 10,
		.max_nr_regions = 1000,
	};
	u64 begin, end;

	KUNIT_ASSERT_EQ(test, core->set_attrs(ctx, &attrs), 0);
	benchmark_new_target(test, core, ctx, SZ_1G, SZ_16M);
	begin = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, core->start(&ctx, 1, false), 0);
	core->stop(&ctx, 1);
	end = ktime_get_ns();
	core->destroy_ctx(ctx);
	return end - begin;
}

void benchmark_start_stop(struct kunit *test)
{
	measure(test, "start-stop", start_stop);
}

#define NR_TARGETS	100
#define NR_SCHEMES	32

static struct damon_ctx *commit_ctx(struct kunit *test,
				    const struct damon_core_functions *core)
{
	struct damon_ctx *ctx = benchmark_new_ctx(test, core);
	unsigned int i;

	for (i = 0; i < NR_TARGETS; i++)
		benchmark_new_target(test, core, ctx, SZ_1G + i * SZ_64M, SZ_16M);
	for (i = 0; i < NR_SCHEMES; i++)
		benchmark_new_scheme(test, core, ctx, i, true, SZ_16M);
	return ctx;
}

static u64 commit(struct kunit *test, const struct damon_core_functions *core)
{
	struct damon_ctx *dst = commit_ctx(test, core);
	struct damon_ctx *src = commit_ctx(test, core);
	u64 begin, end;

	begin = ktime_get_ns();
	KUNIT_ASSERT_EQ(test, core->commit_ctx(dst, src), 0);
	end = ktime_get_ns();
	core->destroy_ctx(src);
	core->destroy_ctx(dst);
	return end - begin;
}

void benchmark_commit(struct kunit *test)
{
	measure(test, "commit-100-targets-32-schemes", commit);
}

#define NR_WALKED	10000

struct walk {
	unsigned int nr;
	u64 begin;
	u64 end;
};

/* From the first region to the last: the rest of the call is a wait. */
static void walk_fn(void *data, struct damon_ctx *ctx, struct damon_target *t,
		    struct damon_region *r, struct damos *s,
		    unsigned long sz_filter_passed)
{
	struct walk *walk = data;

	if (!walk->nr++)
		walk->begin = ktime_get_ns();
	if (list_is_last(&r->list, &t->regions_list))
		walk->end = ktime_get_ns();
}

/* The regions stay as they are: nothing is accessed, and there is no room. */
static struct damon_ctx *walk_ctx(struct kunit *test,
				  const struct damon_core_functions *core)
{
	struct damon_ctx *ctx = benchmark_new_ctx(test, core);
	struct damon_attrs attrs = {
		.sample_interval = 100,
		.aggr_interval = 100,
		.ops_update_interval = ULONG_MAX,
		.min_nr_regions = NR_WALKED,
		.max_nr_regions = NR_WALKED,
	};

	KUNIT_ASSERT_EQ(test, core->set_attrs(ctx, &attrs), 0);
	benchmark_new_target(test, core, ctx, SZ_1G, NR_WALKED * SZ_4K);
	benchmark_new_scheme(test, core, ctx, 0, false, 0);
	return ctx;
}

static unsigned long apply_scheme(struct damon_ctx *ctx, struct damon_target *t,
				  struct damon_region *r, struct damos *s,
				  unsigned long *sz_filter_passed)
{
	return damon_sz_region(r);
}

static u64 walk(struct kunit *test, const struct damon_core_functions *core)
{
	struct walk walk = {};
	struct damos_walk_control control = { .walk_fn = walk_fn, .data = &walk };
	struct damon_ctx *ctx = walk_ctx(test, core);

	ctx->ops.apply_scheme = apply_scheme;
	KUNIT_ASSERT_EQ(test, core->start(&ctx, 1, false), 0);
	KUNIT_EXPECT_EQ(test, core->walk(ctx, &control), 0);
	core->stop(&ctx, 1);
	core->destroy_ctx(ctx);
	KUNIT_EXPECT_EQ(test, walk.nr, NR_WALKED);
	return walk.end - walk.begin;
}

void benchmark_walk(struct kunit *test)
{
	measure(test, "walk-10000-regions", walk);
}
