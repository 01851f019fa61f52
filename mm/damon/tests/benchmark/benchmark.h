/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The benchmark of the two cores
 */
#ifndef _DAMON_BENCHMARK_H
#define _DAMON_BENCHMARK_H

#include <kunit/test.h>
#include <linux/damon.h>

#include "../oracle/ref-core.h"

/* How often the cores take turns. */
#define BENCHMARK_ROUNDS	5

/* The cores, by index */
enum benchmark_core {
	BENCHMARK_C,
	BENCHMARK_RUST,
	BENCHMARK_NR_CORES,
};

extern const struct damon_core_functions *const benchmark_cores[];

/* What was measured: a number for each core and round. */
struct benchmark_row {
	u64 values[BENCHMARK_NR_CORES][BENCHMARK_ROUNDS];
};

/* benchmark.c */
u64 benchmark_median(u64 *values, unsigned int nr);
void benchmark_print(struct kunit *test, const char *name, const char *unit,
		     struct benchmark_row *row);
struct damon_ctx *benchmark_new_ctx(struct kunit *test,
				    const struct damon_core_functions *core);
struct damon_target *
benchmark_new_target(struct kunit *test, const struct damon_core_functions *core,
		     struct damon_ctx *ctx, unsigned long start,
		     unsigned long size);
struct damos *
benchmark_new_scheme(struct kunit *test, const struct damon_core_functions *core,
		     struct damon_ctx *ctx, unsigned int nr, bool filters,
		     unsigned long quota_sz);

/* aggregation.c */
void benchmark_no_scheme(struct kunit *test);
void benchmark_one_scheme(struct kunit *test);
void benchmark_four_schemes(struct kunit *test);
void benchmark_quotas(struct kunit *test);
void benchmark_space(struct kunit *test);

/* calls.c */
void benchmark_start_stop(struct kunit *test);
void benchmark_commit(struct kunit *test);
void benchmark_walk(struct kunit *test);

#endif /* _DAMON_BENCHMARK_H */
