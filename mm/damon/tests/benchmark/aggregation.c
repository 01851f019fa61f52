// SPDX-License-Identifier: GPL-2.0
/*
 * What a kdamond costs for each region and aggregation interval
 *
 * That is the time from the end of the last check of accesses of an interval to the
 * preparation of the next one: the core merges regions, applies schemes, and splits
 * regions then, and does not sleep.  The operations that it calls meanwhile do next
 * to nothing.  Which memory is hot changes all the time, so that there is always
 * something to merge and to split.
 */

#include <linux/ktime.h>
#include <linux/sched/task_stack.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <trace/events/kmem.h>

#include "benchmark.h"

#define SAMPLE_US		20
#define SAMPLES_PER_AGGR	4
/* The first ones, in which the regions come into being, do not count. */
#define WARM_UP			20
#define MAX_AGGREGATIONS	400

/* Four pages for each region */
#define SIZE_OF(nr_regions)	((unsigned long)(nr_regions) * SZ_16K)

struct setting {
	const char *name;
	unsigned int nr_schemes;
	bool filters;
	bool quota;
};

static const struct setting settings[] = {
	{ "no-scheme", 0, false, false },
	{ "one-scheme", 1, false, false },
	{ "four-schemes", 4, true, false },
	{ "quotas", 4, true, true },
};

static const unsigned int sizes[] = { 1000, 10000, 100000 };

/* There is one at a time. */
static struct measurement {
	const struct damon_core_functions *core;
	unsigned int nr_aggregations;
	unsigned int sample;
	unsigned int aggregation;
	bool ended;
	u64 begin;
	unsigned long nr_regions;
	/* per thousand regions */
	u64 ns[MAX_AGGREGATIONS];
	struct task_struct *kdamond;
	/* in this interval so far, and in each of them */
	u64 allocated;
	u64 allocations[MAX_AGGREGATIONS];
	unsigned long stack;
	size_t region_bytes;
	struct completion done;
} measurement;

static bool is_hot(struct measurement *m, unsigned long addr)
{
	unsigned long page = addr / SZ_4K;

	/* Bands of 64 pages that move by 24, and some pages that are always hot */
	return ((page + m->aggregation * 24) / 64) % 3 == 0 || page % 13 == 0;
}

static void begin_aggregation(struct measurement *m, struct damon_ctx *ctx)
{
	struct damon_target *t;

	m->nr_regions = 0;
	damon_for_each_target(t, ctx)
		m->nr_regions += m->core->nr_regions(t);
	m->ended = true;
	WRITE_ONCE(m->kdamond, current);
	m->begin = ktime_get_ns();
}

/* The interval of the core itself is over: look at what it has cost. */
static void end_aggregation(struct measurement *m, struct damon_ctx *ctx, u64 now)
{
	unsigned int i = m->aggregation++;
	u64 allocated = m->allocated;
	struct damon_target *t;

	WRITE_ONCE(m->kdamond, NULL);
	m->ended = false;
	m->allocated = 0;
	if (i < WARM_UP)
		return;
	i -= WARM_UP;
	if (i >= m->nr_aggregations)
		return;
	m->allocations[i] = allocated;
	m->ns[i] = div64_ul((now - m->begin) * 1000, m->nr_regions);
	if (i + 1 < m->nr_aggregations)
		return;
#ifdef CONFIG_DEBUG_STACK_USAGE
	m->stack = THREAD_SIZE - stack_not_used(current);
#endif
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);
	m->region_bytes = ksize(damon_first_region(t));
	complete(&m->done);
}

static void prepare_access_checks(struct damon_ctx *ctx)
{
	struct measurement *m = &measurement;
	u64 now = ktime_get_ns();

	if (m->ended)
		end_aggregation(m, ctx, now);
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	struct measurement *m = &measurement;
	struct damon_target *t;
	struct damon_region *r;
	unsigned int most = 0;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			if (is_hot(m, r->ar.start))
				r->nr_accesses++;
			most = max(most, r->nr_accesses);
		}
	}
	if (++m->sample % SAMPLES_PER_AGGR == 0)
		begin_aggregation(m, ctx);
	return most;
}

static unsigned long apply_scheme(struct damon_ctx *ctx, struct damon_target *t,
				  struct damon_region *r, struct damos *s,
				  unsigned long *sz_filter_passed)
{
	return damon_sz_region(r);
}

static int get_scheme_score(struct damon_ctx *ctx, struct damon_region *r,
			    struct damos *s)
{
	return min(r->age, DAMOS_MAX_SCORE);
}

static struct damon_ctx *new_ctx(struct kunit *test,
				 const struct damon_core_functions *core,
				 const struct setting *setting, unsigned int nr)
{
	struct damon_ctx *ctx = benchmark_new_ctx(test, core);
	struct damon_attrs attrs = {
		.sample_interval = SAMPLE_US,
		.aggr_interval = SAMPLE_US * SAMPLES_PER_AGGR,
		.ops_update_interval = ULONG_MAX,
		.min_nr_regions = nr / 2,
		.max_nr_regions = nr + nr / 2,
	};
	unsigned int i;

	ctx->ops.prepare_access_checks = prepare_access_checks;
	ctx->ops.check_accesses = check_accesses;
	ctx->ops.apply_scheme = apply_scheme;
	ctx->ops.get_scheme_score = get_scheme_score;
	KUNIT_ASSERT_EQ(test, core->set_attrs(ctx, &attrs), 0);
	benchmark_new_target(test, core, ctx, SZ_1G, SIZE_OF(nr));
	for (i = 0; i < setting->nr_schemes; i++)
		benchmark_new_scheme(test, core, ctx, i, setting->filters,
				     setting->quota ? SIZE_OF(nr) / 4 : 0);
	return ctx;
}

/* Run a core until it has been measured. */
static void measure(struct kunit *test, const struct damon_core_functions *core,
		    const struct setting *setting, unsigned int nr)
{
	struct measurement *m = &measurement;
	struct damon_ctx *ctx;

	memset(m, 0, sizeof(*m));
	m->core = core;
	m->nr_aggregations = clamp(2000000 / nr, 20, MAX_AGGREGATIONS);
	init_completion(&m->done);
	ctx = new_ctx(test, core, setting, nr);
	KUNIT_ASSERT_EQ(test, core->start(&ctx, 1, false), 0);
	wait_for_completion(&m->done);
	core->stop(&ctx, 1);
	core->destroy_ctx(ctx);
}

static void measure_time(struct kunit *test, const struct setting *setting,
			 unsigned int nr)
{
	struct benchmark_row time = {}, regions = {};
	struct measurement *m = &measurement;
	char name[32];
	int round, i;

	for (round = 0; round < BENCHMARK_ROUNDS; round++) {
		for (i = 0; i < BENCHMARK_NR_CORES; i++) {
			measure(test, benchmark_cores[i], setting, nr);
			time.values[i][round] =
				benchmark_median(m->ns, m->nr_aggregations);
			regions.values[i][round] = m->nr_regions;
		}
		/* Whoever has other regions than the other was not measured. */
		KUNIT_EXPECT_LE(test, regions.values[BENCHMARK_C][round],
				regions.values[BENCHMARK_RUST][round] * 11 / 10);
		KUNIT_EXPECT_LE(test, regions.values[BENCHMARK_RUST][round],
				regions.values[BENCHMARK_C][round] * 11 / 10);
	}
	snprintf(name, sizeof(name), "%s-%u", setting->name, nr);
	benchmark_print(test, name, "ps/region", &time);
}

#ifdef CONFIG_TRACEPOINTS

static void count(const void *allocated)
{
	if (READ_ONCE(measurement.kdamond) == current)
		measurement.allocated++;
}

static void count_kmem_cache(void *data, unsigned long call_site,
			     const void *ptr, struct kmem_cache *s, gfp_t flags,
			     int node)
{
	count(ptr);
}

static void count_kmalloc(void *data, unsigned long call_site, const void *ptr,
			  size_t requested, size_t allocated, gfp_t flags,
			  int node)
{
	count(ptr);
}

static void start_counting(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, register_trace_kmem_cache_alloc(count_kmem_cache,
							      NULL), 0);
	KUNIT_ASSERT_EQ(test, register_trace_kmalloc(count_kmalloc, NULL), 0);
}

static void stop_counting(void)
{
	unregister_trace_kmem_cache_alloc(count_kmem_cache, NULL);
	unregister_trace_kmalloc(count_kmalloc, NULL);
	tracepoint_synchronize_unregister();
}

#else

static void start_counting(struct kunit *test)
{
	kunit_skip(test, "there are no tracepoints to count allocations with");
}

static void stop_counting(void)
{
}

#endif

static void measure_sizes(struct kunit *test, const struct setting *setting)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		measure_time(test, setting, sizes[i]);
}

void benchmark_no_scheme(struct kunit *test)
{
	measure_sizes(test, &settings[0]);
}

void benchmark_one_scheme(struct kunit *test)
{
	measure_sizes(test, &settings[1]);
}

void benchmark_four_schemes(struct kunit *test)
{
	measure_sizes(test, &settings[2]);
}

void benchmark_quotas(struct kunit *test)
{
	measure_sizes(test, &settings[3]);
}

/*
 * Allocations of an interval in which the regions merge and split, and sizes.  That
 * there are more regions than ever before happens, but not in most intervals.
 */
void benchmark_space(struct kunit *test)
{
	struct benchmark_row allocations = {}, bytes = {}, stack = {};
	struct measurement *m = &measurement;
	int round, i;

	start_counting(test);
	for (round = 0; round < BENCHMARK_ROUNDS; round++) {
		for (i = 0; i < BENCHMARK_NR_CORES; i++) {
			measure(test, benchmark_cores[i], &settings[2], 10000);
			allocations.values[i][round] =
				benchmark_median(m->allocations, m->nr_aggregations);
			bytes.values[i][round] = m->region_bytes;
			stack.values[i][round] = m->stack;
		}
	}
	stop_counting();
	benchmark_print(test, "allocations-10000", "per-aggregation",
			&allocations);
	benchmark_print(test, "region", "bytes", &bytes);
	if (IS_ENABLED(CONFIG_DEBUG_STACK_USAGE))
		benchmark_print(test, "stack", "bytes", &stack);
}
