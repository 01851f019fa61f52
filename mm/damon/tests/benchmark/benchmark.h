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

/* Of whole kdamonds: cores and operations, C/C, Rust/C, C/Rust, Rust/Rust */
#define BENCHMARK_COMBINATIONS	4

/* What was measured in a round, in ps */
struct benchmark_round {
	u64 ps[BENCHMARK_COMBINATIONS];
};

/* Where the memory of kdamonds is, and how much of it. */
#define BENCHMARK_SPACE_START	SZ_1G
#define BENCHMARK_SPACE_PAGES	100000UL

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

/* kdamond.c */
const struct damon_operations *benchmark_ops(bool phys, bool rust);
struct damon_ctx *benchmark_kdamond_ctx(struct kunit *test,
					const struct damon_core_functions *core,
					const struct damon_operations *ops,
					struct pid *pid, unsigned int sample_us,
					struct damon_addr_range *ranges, unsigned int nr);
void benchmark_print_combinations(struct kunit *test, const char *name, unsigned int nr,
				  const struct benchmark_round *results,
				  unsigned int nr_rounds);

#endif /* _DAMON_BENCHMARK_H */
