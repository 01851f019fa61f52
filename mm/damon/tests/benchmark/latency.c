// SPDX-License-Identifier: GPL-2.0
/*
 * What a process waits for while a kdamond looks at its memory
 *
 * A thread unmaps and maps some pages in the middle of an area that a kdamond monitors,
 * again and again, and then waits for the lock of the area alone.  It takes two
 * processors; with one of them, a process mostly waits for its turn on that.
 *
 * The suite prints lines as that of kdamond.c, of picoseconds:
 *
 *   mmap-p99	99 of 100 times that it took to unmap and map the pages were shorter
 *   vma-wait	the longest time that it took to get the lock of the area: somebody else
 *		held it for so long at least
 */

#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/clock.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/swap.h>

#include "../operations/ref-ops.h"
#include "../operations/space.h"
#include "benchmark.h"

/* The default */
#define SAMPLE_US	5000
#define TIMES		20000
#define PAGES		16UL
#define MIDDLE		(BENCHMARK_SPACE_START + BENCHMARK_SPACE_PAGES / 2 * PAGE_SIZE)

struct latency {
	u64 mmap[TIMES];
	u64 wait;
};

static void map_again(struct kunit *test, struct latency *l, unsigned int nr)
{
	u64 begin = local_clock();

	KUNIT_ASSERT_EQ(test, vm_munmap(MIDDLE, PAGES * PAGE_SIZE), 0);
	space_fill(test, MIDDLE, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE);
	l->mmap[nr] = local_clock() - begin;
}

static void wait_for_area(struct space *space, struct latency *l)
{
	struct vm_area_struct *vma;
	u64 begin;

	mmap_write_lock(space->mm);
	vma = vma_lookup(space->mm, MIDDLE);
	begin = local_clock();
	vma_start_write(vma);
	l->wait = max(l->wait, local_clock() - begin);
	mmap_write_unlock(space->mm);
}

static int compare_times(const void *a, const void *b)
{
	return cmp_int(*(const u64 *)a, *(const u64 *)b);
}

static void measure(struct kunit *test, const struct damon_core_functions *core,
		    const struct damon_operations *ops, struct space *space,
		    struct damon_addr_range *ranges, unsigned int nr, struct latency *l)
{
	struct damon_ctx *ctx = benchmark_kdamond_ctx(test, core, ops, space->pid,
						      SAMPLE_US, ranges, nr);
	unsigned int i;

	l->wait = 0;
	KUNIT_ASSERT_EQ(test, core->start(&ctx, 1, false), 0);
	space_enter(space);
	for (i = 0; i < TIMES; i++) {
		map_again(test, l, i);
		wait_for_area(space, l);
		cond_resched();
	}
	space_leave(space);
	core->stop(&ctx, 1);
	core->destroy_ctx(ctx);
	sort(l->mmap, TIMES, sizeof(u64), compare_times, NULL);
}

static void measure_size(struct kunit *test, struct space *space, struct latency *l,
			 unsigned int nr)
{
	unsigned long size = BENCHMARK_SPACE_PAGES / nr * PAGE_SIZE;
	struct benchmark_round p99[BENCHMARK_ROUNDS], wait[BENCHMARK_ROUNDS];
	struct damon_addr_range *ranges = kvcalloc(nr, sizeof(*ranges), GFP_KERNEL);
	unsigned int round, i;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	for (i = 0; i < nr; i++) {
		ranges[i].start = BENCHMARK_SPACE_START + i * size;
		ranges[i].end = ranges[i].start + size;
	}
	for (round = 0; round < BENCHMARK_ROUNDS; round++) {
		for (i = 0; i < BENCHMARK_COMBINATIONS; i++) {
			measure(test, benchmark_cores[i % 2],
				benchmark_ops(false, i / 2), space, ranges, nr, l);
			p99[round].ps[i] = l->mmap[TIMES * 99 / 100] * 1000;
			wait[round].ps[i] = l->wait * 1000;
		}
	}
	benchmark_print_combinations(test, "mmap-p99", nr, p99, BENCHMARK_ROUNDS);
	benchmark_print_combinations(test, "vma-wait", nr, wait, BENCHMARK_ROUNDS);
	kvfree(ranges);
}

static void benchmark_latency(struct kunit *test)
{
	struct latency *l;
	struct space space;

	if (num_online_cpus() < 2)
		kunit_skip(test, "there is one processor only");
	l = kvmalloc_obj(*l);
	KUNIT_ASSERT_NOT_NULL(test, l);
	space_begin(test, &space);
	space_enter(&space);
	space_fill(test, BENCHMARK_SPACE_START, BENCHMARK_SPACE_PAGES * PAGE_SIZE,
		   PROT_READ | PROT_WRITE);
	space_leave(&space);
	lru_add_drain_all();
	measure_size(test, &space, l, 1000);
	measure_size(test, &space, l, 10000);
	space_end(&space);
	kvfree(l);
}

static struct kunit_case latency_cases[] = {
	KUNIT_CASE_SLOW(benchmark_latency),
	{},
};

static struct kunit_suite latency_suite = {
	.name = "damon-latency-benchmark",
	.test_cases = latency_cases,
};

kunit_test_suite(latency_suite);
