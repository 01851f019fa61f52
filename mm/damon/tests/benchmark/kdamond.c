// SPDX-License-Identifier: GPL-2.0
/*
 * What a kdamond costs, with its operations, for each region and sample
 *
 * That is CPU time from when it wakes up to when it goes to sleep again: checking
 * accesses, all that the core does, and preparing the next check.  Cores and
 * operations are combined in all ways, and take turns.  The number of regions is
 * fixed, and so is the memory in which they are: more regions are smaller.  Ranges of
 * addresses stay as they are with the operations for fixed ones, which are those for
 * virtual address spaces otherwise.
 *
 * In user mode it is measured with the clock of the host that counts CPU time of a
 * thread, which is one of this kernel's processors; so what else the host does is left
 * out.  In a virtual machine whose clock counts instructions it is these.  There has
 * to be one processor only.
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
#include <linux/pagewalk.h>
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

#define SPACE_START	BENCHMARK_SPACE_START
#define SPACE_PAGES	BENCHMARK_SPACE_PAGES

#define SAMPLE_US		100
#define SAMPLES_PER_AGGR	20
/* The first ones do not count. */
#define WARM_UP			3

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "damon_benchmark."

/* How often the combinations take turns */
static unsigned int rounds = BENCHMARK_ROUNDS;
module_param(rounds, uint, 0444);

/* How many processes there are with the same pages of a file */
#define SHARERS			64

enum layout {
	/* Everything is mapped, in one area, and not accessed. */
	MAPPED,
	/* The same with accesses to all of it between the samples. */
	ACCESSED,
	/* The same in huge pages, with no accesses. */
	HUGE_PAGES,
	/* Regions are in holes of 6 between 14 that are not. */
	HOLES,
	/* 1,000 areas */
	AREAS,
	/* Nothing is mapped. */
	EMPTY,
	/* Physical memory that is mapped. */
	PHYS_MAPPED,
	/* The same with accesses to all of it between the samples. */
	PHYS_ACCESSED,
	/* The same when every second page is free. */
	PHYS_HALF_FREE,
	/* The same in huge pages. */
	PHYS_HUGE_PAGES,
	/* Pages of a file that 64 processes have mapped. */
	PHYS_FILE,
};

struct setting {
	const char *name;
	enum layout layout;
	/* What takes too long otherwise; no limit if it is 0. */
	unsigned int max_regions;
};

static const struct setting settings[] = {
	{ "vaddr-mapped", MAPPED },
	{ "vaddr-holes", HOLES },
	{ "vaddr-1000-vmas", AREAS },
	{ "vaddr-accessed", ACCESSED },
	{ "vaddr-huge-pages", HUGE_PAGES },
	{ "paddr-mapped", PHYS_MAPPED },
	{ "paddr-half-free", PHYS_HALF_FREE },
	{ "paddr-accessed", PHYS_ACCESSED },
	{ "paddr-huge-pages", PHYS_HUGE_PAGES },
	{ "paddr-file-64", PHYS_FILE, .max_regions = 10000 },
};

static bool has_huge_pages(enum layout layout)
{
	return layout == HUGE_PAGES || layout == PHYS_HUGE_PAGES;
}

static bool is_accessed(enum layout layout)
{
	return layout == ACCESSED || layout == PHYS_ACCESSED;
}

static const unsigned int sizes[] = { 1000, 10000, 100000 };

/* There is one at a time. */
static struct kdamond_measurement {
	const struct damon_operations *ops;
	/* Whose memory is accessed between the samples, if it is */
	struct mm_struct *accessed;
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

static int access_pte(pte_t *pte, unsigned long addr, unsigned long next,
		      struct mm_walk *walk)
{
	set_pte_at(walk->mm, addr, pte, pte_mkyoung(ptep_get(pte)));
	return 0;
}

/* What a processor does when a program accesses memory */
static void access_all(struct mm_struct *mm)
{
	static const struct mm_walk_ops ops = {
		.pte_entry = access_pte,
		.walk_lock = PGWALK_RDLOCK,
	};

	mmap_read_lock(mm);
	walk_page_range(mm, SPACE_START, SPACE_START + SPACE_PAGES * PAGE_SIZE, &ops,
			NULL);
	mmap_read_unlock(mm);
}

static unsigned int check_accesses(struct damon_ctx *ctx)
{
	struct kdamond_measurement *m = &measurement;

	if (m->accessed)
		access_all(m->accessed);
	if (++m->sample == WARM_UP + m->samples)
		complete(&m->done);
	m->begin = cpu_ns();
	return m->ops->check_accesses(ctx);
}

/* The same for both cores. */
const struct damon_operations *benchmark_ops(bool phys, bool rust)
{
	static struct damon_ctx ctx;

	if (!rust)
		return phys ? ref_paddr_ops() : ref_fvaddr_ops();
	damon_select_ops(&ctx, phys ? DAMON_OPS_PADDR : DAMON_OPS_FVADDR);
	return &ctx.ops;
}

/* A context with these regions, at a fixed number, which can be started */
struct damon_ctx *benchmark_kdamond_ctx(struct kunit *test,
					const struct damon_core_functions *core,
					const struct damon_operations *ops,
					struct pid *pid, unsigned int sample_us,
					struct damon_addr_range *ranges, unsigned int nr)
{
	struct damon_attrs attrs = {
		.sample_interval = sample_us,
		.aggr_interval = sample_us * SAMPLES_PER_AGGR,
		.ops_update_interval = ULONG_MAX,
		.min_nr_regions = nr,
		.max_nr_regions = nr,
	};
	struct damon_ctx *ctx = core->new_ctx();
	struct damon_target *t;

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	/* The same random numbers for all */
	prandom_seed_state(&ctx->rnd_state, 1);
	ctx->ops = *ops;
	KUNIT_ASSERT_EQ(test, core->set_attrs(ctx, &attrs), 0);
	t = core->new_target();
	KUNIT_ASSERT_NOT_NULL(test, t);
	if (pid)
		t->pid = get_pid(pid);
	core->add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, core->set_regions(t, ranges, nr, PAGE_SIZE), 0);
	return ctx;
}

static u64 measure(struct kunit *test, const struct damon_core_functions *core,
		   const struct damon_operations *ops, struct space *space,
		   struct damon_addr_range *ranges, unsigned int nr,
		   enum layout layout)
{
	struct kdamond_measurement *m = &measurement;
	bool phys = layout >= PHYS_MAPPED;
	unsigned int nr_regions;
	struct damon_target *t;
	struct damon_ctx *ctx;

	memset(m, 0, sizeof(*m));
	m->ops = ops;
	m->accessed = is_accessed(layout) ? space->mm : NULL;
	/* As many whole aggregations as take about as long for all sizes */
	m->samples = SAMPLES_PER_AGGR * clamp(20000 / nr, 1, 10);
	init_completion(&m->done);

	ctx = benchmark_kdamond_ctx(test, core, ops, phys ? NULL : space->pid, SAMPLE_US,
				    ranges, nr);
	ctx->ops.prepare_access_checks = prepare_access_checks;
	ctx->ops.check_accesses = check_accesses;
	t = list_first_entry(&ctx->adaptive_targets, struct damon_target, list);

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
	case PHYS_FILE:
		KUNIT_ASSERT_EQ(test, SPACE_START,
				vm_mmap(NULL, SPACE_START, SPACE_PAGES * PAGE_SIZE,
					PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED |
					MAP_POPULATE, 0));
		break;
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
	if (has_huge_pages(layout))
		KUNIT_ASSERT_EQ(test, 0,
				do_madvise(space->mm, SPACE_START,
					   ALIGN_DOWN(SPACE_PAGES * PAGE_SIZE, SZ_2M),
					   MADV_COLLAPSE));
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

/* Processes with the same memory, which is a file; their page tables are their own. */
static void share(struct kunit *test, struct space *space, struct space *sharers)
{
	unsigned int i;

	for (i = 0; i < SHARERS - 1; i++) {
		space_enter(space);
		space_fork(test, &sharers[i]);
		space_leave(space);
		space_enter(&sharers[i]);
		KUNIT_ASSERT_EQ(test, 0,
				do_madvise(sharers[i].mm, SPACE_START,
					   SPACE_PAGES * PAGE_SIZE,
					   MADV_POPULATE_READ));
		space_leave(&sharers[i]);
	}
}

void benchmark_print_combinations(struct kunit *test, const char *name, unsigned int nr,
				  const struct benchmark_round *results,
				  unsigned int nr_rounds)
{
	static const char *const labels[BENCHMARK_COMBINATIONS] = {
		"C/C", "Rust/C", "C/Rust", "Rust/Rust",
	};
	char line[512];
	int i, length = 0;
	unsigned int round;

	for (i = 0; i < BENCHMARK_COMBINATIONS; i++) {
		length += scnprintf(line + length, sizeof(line) - length, " %s",
				    labels[i]);
		for (round = 0; round < nr_rounds; round++)
			length += scnprintf(line + length, sizeof(line) - length,
					    " %llu", results[round].ps[i]);
	}
	kunit_info(test, "benchmark: %s-%u ps%s", name, nr, line);
}

static void measure_size(struct kunit *test, const struct setting *setting,
			 unsigned int nr)
{
	bool phys = setting->layout >= PHYS_MAPPED;
	struct damon_addr_range *ranges = kvcalloc(nr, sizeof(*ranges), GFP_KERNEL);
	struct benchmark_round *times = kcalloc(rounds, sizeof(*times), GFP_KERNEL);
	struct space space, *sharers = NULL;
	unsigned int round, i;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	KUNIT_ASSERT_NOT_NULL(test, times);
	if (setting->layout == PHYS_FILE) {
		sharers = kcalloc(SHARERS, sizeof(*sharers), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, sharers);
	}
	space_begin(test, &space);
	lay_out(test, &space, setting->layout, ranges, nr);
	if (sharers)
		share(test, &space, sharers);
	if (phys)
		lay_out_phys(test, &space, setting->layout == PHYS_HALF_FREE,
			     ranges, nr);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < BENCHMARK_COMBINATIONS; i++)
			times[round].ps[i] =
				measure(test, benchmark_cores[i % 2],
					benchmark_ops(phys, i / 2), &space, ranges, nr,
					setting->layout);
	}
	benchmark_print_combinations(test, setting->name, nr, times, rounds);
	for (i = 0; sharers && i < SHARERS - 1; i++)
		space_end(&sharers[i]);
	kfree(sharers);
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
	const struct setting *setting = test->param_value;
	int i;

	KUNIT_ASSERT_EQ(test, num_online_cpus(), 1);
	if (has_huge_pages(setting->layout) && !has_transparent_hugepage())
		kunit_skip(test, "there are no huge pages here");
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!setting->max_regions || sizes[i] <= setting->max_regions)
			measure_size(test, setting, sizes[i]);
	}
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
