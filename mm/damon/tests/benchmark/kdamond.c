// SPDX-License-Identifier: GPL-2.0
/*
 * What a kdamond costs, with its operations, for each region and sample
 *
 * That is CPU time from when it wakes up to when it goes to sleep again: checking
 * accesses, all that the core does, and preparing the next check.  Cores and
 * operations are combined in all ways, and take turns.  The number of regions is
 * fixed, and so is the memory in which they are: more regions are smaller.
 *
 * It is measured with the clock of the host that counts CPU time of a thread, which
 * is one of this kernel's processors; so what else the host does is left out.  There
 * has to be one processor only.
 *
 * The suite prints a line for each setting:
 *
 *   benchmark: NAME ps C/C ROUND... Rust/C ROUND... C/Rust ROUND... Rust/Rust ROUND...
 *
 * where the labels are core/operations.
 */

#include <linux/mman.h>
#include <linux/moduleparam.h>
#include <linux/sched/clock.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/swap.h>

#include "../operations/ref-ops.h"
#include "../operations/space.h"
#include "benchmark.h"

#ifdef CONFIG_UML
/* Of the C library of the host */
int clock_gettime(int clock, struct __kernel_timespec *ts);

#define HOST_CLOCK_THREAD_CPUTIME_ID	3

static u64 cpu_ns(void)
{
	struct __kernel_timespec ts;

	clock_gettime(HOST_CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}
#else
static u64 cpu_ns(void)
{
	return local_clock();
}
#endif

/* Where the memory is, and how much of it. */
#define SPACE_START	SZ_1G
#define SPACE_PAGES	100000UL

#define SAMPLE_US		100
#define SAMPLES_PER_AGGR	20
/* The first ones do not count. */
#define WARM_UP			3

#define COMBINATIONS		4

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "damon_benchmark."

/* How often the combinations take turns */
static unsigned int rounds = BENCHMARK_ROUNDS;
module_param(rounds, uint, 0444);

enum layout {
	/* Everything is mapped, in one area. */
	MAPPED,
	/* Regions are in holes of 6 between 14 that are not. */
	HOLES,
	/* 1,000 areas */
	AREAS,
	/* Nothing is mapped. */
	EMPTY,
	/* Physical memory that is mapped. */
	PHYS_MAPPED,
	/* The same when every second page is free. */
	PHYS_HALF_FREE,
};

struct setting {
	const char *name;
	enum layout layout;
};

static const struct setting settings[] = {
	{ "vaddr-mapped", MAPPED },
	{ "vaddr-holes", HOLES },
	{ "vaddr-1000-vmas", AREAS },
	{ "paddr-mapped", PHYS_MAPPED },
	{ "paddr-half-free", PHYS_HALF_FREE },
};

static const unsigned int sizes[] = { 1000, 10000, 100000 };

/* There is one at a time. */
static struct kdamond_measurement {
	const struct damon_operations *ops;
	unsigned int samples, sample;
	u64 begin, spent;
	struct completion done;
} measurement;

static void prepare_access_checks(struct damon_ctx *ctx)
{
	struct kdamond_measurement *m = &measurement;

	m->ops->prepare_access_checks(ctx);
	if (m->sample >= WARM_UP && m->sample < WARM_UP + m->samples)
		m->spent += cpu_ns() - m->begin;
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	struct kdamond_measurement *m = &measurement;

	if (++m->sample == WARM_UP + m->samples)
		complete(&m->done);
	m->begin = cpu_ns();
	return m->ops->check_accesses(ctx);
}

/* The same for both cores. */
static const struct damon_operations *ops_of(bool phys, bool rust)
{
	static struct damon_ctx ctx;

	if (!rust)
		return phys ? ref_paddr_ops() : ref_fvaddr_ops();
	damon_select_ops(&ctx, phys ? DAMON_OPS_PADDR : DAMON_OPS_FVADDR);
	return &ctx.ops;
}

static u64 measure(struct kunit *test, const struct damon_core_functions *core,
		   const struct damon_operations *ops, struct space *space,
		   struct damon_addr_range *ranges, unsigned int nr, bool phys)
{
	struct kdamond_measurement *m = &measurement;
	struct damon_ctx *ctx = core->new_ctx();
	struct damon_attrs attrs = {
		.sample_interval = SAMPLE_US,
		.aggr_interval = SAMPLE_US * SAMPLES_PER_AGGR,
		.ops_update_interval = ULONG_MAX,
		.min_nr_regions = nr,
		.max_nr_regions = nr,
	};
	struct damon_target *t;
	unsigned int nr_regions;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	memset(m, 0, sizeof(*m));
	m->ops = ops;
	/* As many whole aggregations as take about as long for all sizes */
	m->samples = SAMPLES_PER_AGGR * clamp(20000 / nr, 1, 10);
	init_completion(&m->done);

	/* The same random numbers for all */
	prandom_seed_state(&ctx->rnd_state, 1);
	ctx->ops = *ops;
	ctx->ops.prepare_access_checks = prepare_access_checks;
	ctx->ops.check_accesses = check_accesses;
	KUNIT_ASSERT_EQ(test, core->set_attrs(ctx, &attrs), 0);
	t = core->new_target();
	KUNIT_ASSERT_NOT_NULL(test, t);
	if (!phys)
		t->pid = get_pid(space->pid);
	core->add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, core->set_regions(t, ranges, nr, PAGE_SIZE), 0);

	KUNIT_ASSERT_EQ(test, core->start(&ctx, 1, false), 0);
	wait_for_completion(&m->done);
	/* Ranges that are larger than others are split, which both cores do alike. */
	nr_regions = core->nr_regions(t);
	KUNIT_EXPECT_GE(test, nr_regions, nr);
	KUNIT_EXPECT_LE(test, nr_regions, nr + nr / 5);
	core->stop(&ctx, 1);
	core->destroy_ctx(ctx);
	return div64_u64(m->spent * 1000, (u64)m->samples * nr_regions);
}

/* Maps what a layout has, and says where the regions are. */
static void lay_out(struct kunit *test, struct space *space, enum layout layout,
		    struct damon_addr_range *ranges, unsigned int nr)
{
	unsigned long pages = SPACE_PAGES / nr, size = pages * PAGE_SIZE;
	unsigned int i, per_area = max(nr / 1000, 1), area;

	for (i = 0; i < nr; i++) {
		ranges[i].start = SPACE_START + i * size;
		ranges[i].end = ranges[i].start + size;
	}
	if (layout == EMPTY)
		return;
	space_enter(space);
	switch (layout) {
	case HOLES:
		for (i = 0; i < nr; i += 20)
			space_fill(test, ranges[i].start, 14 * size,
				   PROT_READ | PROT_WRITE);
		break;
	case AREAS:
		/* Neighbours that differ are not merged. */
		for (i = 0, area = 0; i < nr; i += per_area, area++)
			space_fill(test, ranges[i].start, per_area * size,
				   PROT_READ | (area % 2 ? PROT_WRITE : 0));
		break;
	default:
		space_fill(test, SPACE_START, SPACE_PAGES * PAGE_SIZE,
			   PROT_READ | PROT_WRITE);
	}
	space_leave(space);
	/* Pages that are not on the lists of the LRU yet do not count. */
	lru_add_drain_all();
}

static int compare_pfns(const void *a, const void *b)
{
	return cmp_int(*(const unsigned long *)a, *(const unsigned long *)b);
}

/* Has the regions lie in the physical memory of the space instead. */
static void lay_out_phys(struct kunit *test, struct space *space, bool half_free,
			 struct damon_addr_range *ranges, unsigned int nr)
{
	unsigned long pages = SPACE_PAGES / nr, i;
	unsigned long *pfns = kvcalloc(SPACE_PAGES, sizeof(*pfns), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pfns);
	for (i = 0; i < SPACE_PAGES; i++) {
		pfns[i] = space_pfn(space, SPACE_START + i * PAGE_SIZE);
		KUNIT_ASSERT_NE(test, pfns[i], ULONG_MAX);
	}
	sort(pfns, SPACE_PAGES, sizeof(*pfns), compare_pfns, NULL);
	for (i = 0; i < nr; i++) {
		ranges[i].start = PFN_PHYS(pfns[i * pages]);
		ranges[i].end = PFN_PHYS(pfns[i * pages + pages - 1] + 1);
	}
	kvfree(pfns);
	if (!half_free)
		return;
	space_enter(space);
	for (i = 0; i < SPACE_PAGES; i += 2)
		do_madvise(space->mm, SPACE_START + i * PAGE_SIZE, PAGE_SIZE,
			   MADV_DONTNEED);
	space_leave(space);
}

static void print_times(struct kunit *test, const struct setting *setting,
			unsigned int nr, u64 times[][COMBINATIONS])
{
	static const char *const labels[COMBINATIONS] = {
		"C/C", "Rust/C", "C/Rust", "Rust/Rust",
	};
	char line[512];
	int i, length = 0;
	unsigned int round;

	for (i = 0; i < COMBINATIONS; i++) {
		length += scnprintf(line + length, sizeof(line) - length, " %s",
				    labels[i]);
		for (round = 0; round < rounds; round++)
			length += scnprintf(line + length, sizeof(line) - length,
					    " %llu", times[round][i]);
	}
	kunit_info(test, "benchmark: %s-%u ps%s", setting->name, nr, line);
}

static void measure_size(struct kunit *test, const struct setting *setting,
			 unsigned int nr)
{
	bool phys = setting->layout >= PHYS_MAPPED;
	struct damon_addr_range *ranges = kvcalloc(nr, sizeof(*ranges), GFP_KERNEL);
	u64 (*times)[COMBINATIONS] = kcalloc(rounds, sizeof(*times), GFP_KERNEL);
	struct space space;
	unsigned int round, i;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	KUNIT_ASSERT_NOT_NULL(test, times);
	space_begin(test, &space);
	lay_out(test, &space, setting->layout, ranges, nr);
	if (phys)
		lay_out_phys(test, &space, setting->layout == PHYS_HALF_FREE,
			     ranges, nr);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < COMBINATIONS; i++)
			times[round][i] = measure(test, benchmark_cores[i % 2],
						  ops_of(phys, i / 2), &space,
						  ranges, nr, phys);
	}
	print_times(test, setting, nr, times);
	space_end(&space);
	kfree(times);
	kvfree(ranges);
}

static void setting_get_desc(const struct setting *setting, char *desc)
{
	strscpy(desc, setting->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(setting, settings, setting_get_desc);

static void benchmark_kdamond(struct kunit *test)
{
	int i;

	KUNIT_ASSERT_EQ(test, num_online_cpus(), 1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		measure_size(test, test->param_value, sizes[i]);
}

static struct kunit_case kdamond_cases[] = {
	KUNIT_CASE_PARAM_ATTR(benchmark_kdamond, setting_gen_params,
			      ((struct kunit_attributes){
				      .speed = KUNIT_SPEED_SLOW })),
	{},
};

static struct kunit_suite kdamond_suite = {
	.name = "damon-kdamond-benchmark",
	.test_cases = kdamond_cases,
};

kunit_test_suite(kdamond_suite);
