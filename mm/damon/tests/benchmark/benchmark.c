// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark of the two cores
 *
 * Both are measured in the same run, and take turns.  They are used as everybody
 * uses them, by the functions of <linux/damon.h>; what monitoring operations cost
 * is left out.  The suite measures, and prints a line for each thing:
 *
 *   benchmark: NAME UNIT C RUST...
 *
 * with the median of each round.  Whether that is good is for scripts/bench.
 */

#include <kunit/test.h>
#include <linux/sizes.h>
#include <linux/sort.h>

#include "benchmark.h"

static const struct damon_core_functions rust_core_functions = {
	.name = "Rust",
#include "../oracle/ref-table.h"
};

const struct damon_core_functions *const benchmark_cores[] = {
	[BENCHMARK_C] = &ref_core_functions,
	[BENCHMARK_RUST] = &rust_core_functions,
};

static int compare(const void *a, const void *b)
{
	return cmp_int(*(const u64 *)a, *(const u64 *)b);
}

u64 benchmark_median(u64 *values, unsigned int nr)
{
	sort(values, nr, sizeof(*values), compare, NULL);
	return values[nr / 2];
}

void benchmark_print(struct kunit *test, const char *name, const char *unit,
		     struct benchmark_row *row)
{
	char line[32 * BENCHMARK_ROUNDS * BENCHMARK_NR_CORES];
	int round, core, length = 0;

	for (core = 0; core < BENCHMARK_NR_CORES; core++) {
		length += scnprintf(line + length, sizeof(line) - length, " %s",
				    benchmark_cores[core]->name);
		for (round = 0; round < BENCHMARK_ROUNDS; round++)
			length += scnprintf(line + length, sizeof(line) - length,
					    " %llu", row->values[core][round]);
	}
	kunit_info(test, "benchmark: %s %s%s", name, unit, line);
}

struct damon_ctx *benchmark_new_ctx(struct kunit *test,
				    const struct damon_core_functions *core)
{
	struct damon_ctx *ctx = core->new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	/* The same random numbers for both */
	prandom_seed_state(&ctx->rnd_state, 1);
	ctx->ops.id = DAMON_OPS_PADDR;
	return ctx;
}

struct damon_target *
benchmark_new_target(struct kunit *test, const struct damon_core_functions *core,
		     struct damon_ctx *ctx, unsigned long start,
		     unsigned long size)
{
	struct damon_addr_range range = { .start = start, .end = start + size };
	struct damon_target *t = core->new_target();

	KUNIT_ASSERT_NOT_NULL(test, t);
	core->add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, core->set_regions(t, &range, 1, SZ_4K), 0);
	return t;
}

static void new_filter(struct kunit *test, const struct damon_core_functions *core,
		       struct damos *s, enum damos_filter_type type)
{
	struct damos_filter *f = core->new_scheme_filter(type, true, true);

	KUNIT_ASSERT_NOT_NULL(test, f);
	/* All of it in the end: the first rules out a page, which is somewhere else */
	if (type == DAMOS_FILTER_TYPE_ADDR) {
		f->allow = false;
		f->addr_range.start = SZ_4K;
		f->addr_range.end = SZ_8K;
	} else {
		f->target_idx = 0;
	}
	core->add_scheme_filter(s, f);
}

/* The @nr-th of some schemes, which differ in the accesses that they want. */
struct damos *
benchmark_new_scheme(struct kunit *test, const struct damon_core_functions *core,
		     struct damon_ctx *ctx, unsigned int nr, bool filters,
		     unsigned long quota_sz)
{
	struct damos_access_pattern pattern = {
		.max_sz_region = ULONG_MAX,
		.min_nr_accesses = nr % 3,
		.max_nr_accesses = UINT_MAX,
		.max_age_region = UINT_MAX,
	};
	struct damos_quota quota = {
		.reset_interval = quota_sz ? 10 : 0,
		.sz = quota_sz,
		.weight_nr_accesses = 1,
		.weight_age = 1,
	};
	struct damos_watermarks wmarks = {};
	struct damos *s;

	s = core->new_scheme(&pattern, DAMOS_STAT, 0, &quota, &wmarks,
			     NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, s);
	if (filters) {
		new_filter(test, core, s, DAMOS_FILTER_TYPE_ADDR);
		new_filter(test, core, s, DAMOS_FILTER_TYPE_TARGET);
	}
	core->add_scheme(ctx, s);
	return s;
}

static struct kunit_case benchmark_cases[] = {
	KUNIT_CASE_SLOW(benchmark_no_scheme),
	KUNIT_CASE_SLOW(benchmark_one_scheme),
	KUNIT_CASE_SLOW(benchmark_four_schemes),
	KUNIT_CASE_SLOW(benchmark_quotas),
	KUNIT_CASE_SLOW(benchmark_space),
	KUNIT_CASE_SLOW(benchmark_start_stop),
	KUNIT_CASE_SLOW(benchmark_commit),
	KUNIT_CASE_SLOW(benchmark_walk),
	{},
};

static struct kunit_suite benchmark_suite = {
	.name = "damon-benchmark",
	.test_cases = benchmark_cases,
};

kunit_test_suite(benchmark_suite);
