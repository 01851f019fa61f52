// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that the kernel uses against those in C
 *
 * Two processes have the same done to their memory.  The operations in C look at one,
 * and those that the kernel uses at the other, with the same regions and the same
 * random numbers.  After each operation all that it returns, the regions, and the
 * memory are compared.  In between, random events change the memory.
 */

#include <linux/hash.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/swap.h>

#include "ref-ops.h"
#include "twins.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"damon_operations."

static unsigned int seed = 1;
module_param(seed, uint, 0400);
static unsigned int count = 10000;
module_param(count, uint, 0400);

/* As many operations see everything that there can be. */
#define ENOUGH	10000

unsigned long below(struct twins *t, unsigned long limit)
{
	return prandom_u32_state(&t->rnd) % limit;
}

unsigned long addr_of(unsigned long page)
{
	return START + page * PAGE_SIZE;
}

/*
 * Regions: new ones from time to time.
 */

static void free_contexts(struct twins *t)
{
	int i;

	for (i = 0; i < NR_TWINS; i++) {
		if (t->twin[i].ctx)
			damon_destroy_ctx(t->twin[i].ctx);
		t->twin[i].ctx = NULL;
	}
}

/* One page of each twin, where both have one */
static bool phys_range(struct twin *twin, unsigned long page,
		       struct damon_addr_range *range)
{
	unsigned long pfn = space_pfn(&twin->space, addr_of(page));

	if (pfn == ULONG_MAX)
		return false;
	range->start = PFN_PHYS(pfn);
	range->end = PFN_PHYS(pfn + 1);
	return true;
}

static unsigned int draw_phys(struct twins *t, struct damon_addr_range (*ranges)[NR_TWINS],
			      unsigned int nr)
{
	unsigned int drawn = 0, tries;

	for (tries = 0; tries < 4 * nr && drawn < nr; tries++) {
		unsigned long page = below(t, PAGES);

		if (phys_range(&t->twin[C], page, &ranges[drawn][C]) &&
		    phys_range(&t->twin[OURS], page, &ranges[drawn][OURS]))
			drawn++;
	}
	return drawn;
}

static unsigned int draw_virt(struct twins *t, struct damon_addr_range (*ranges)[NR_TWINS],
			      unsigned int nr)
{
	unsigned long page = 0, step = 2 * (PAGES + 2 * MARGIN) / nr;
	unsigned int drawn;

	for (drawn = 0; drawn < nr; drawn++) {
		struct damon_addr_range *r = ranges[drawn];

		page += below(t, step);
		r[C].start = addr_of(page) - MARGIN * PAGE_SIZE;
		page += 1 + below(t, step);
		r[C].end = addr_of(page) - MARGIN * PAGE_SIZE;
		r[OURS] = r[C];
	}
	return drawn;
}

static void add_regions(struct twins *t, struct damon_target *target, int twin,
			struct damon_addr_range (*ranges)[NR_TWINS],
			unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct damon_region *r = damon_new_region(ranges[i][twin].start,
							  ranges[i][twin].end);

		KUNIT_ASSERT_NOT_NULL(t->test, r);
		list_add_tail(&r->list, &target->regions_list);
		target->nr_regions++;
	}
}

/* Questions about memory: whether it is anonymous, or is not. */
static void add_probes(struct twins *t, struct damon_ctx *ctx, u32 numbers)
{
	unsigned int i;

	for (i = 0; i < numbers % 4; i++) {
		struct damon_probe *probe = damon_new_probe();
		struct damon_filter *filter;

		KUNIT_ASSERT_NOT_NULL(t->test, probe);
		probe->weight = numbers >> (8 * i) & 15;
		filter = damon_new_filter(DAMON_FILTER_TYPE_ANON,
					  numbers >> (4 + i) & 1, numbers >> (8 + i) & 1);
		KUNIT_ASSERT_NOT_NULL(t->test, filter);
		damon_add_filter(probe, filter);
		damon_add_probe(ctx, probe);
	}
}

static void new_regions(struct twins *t)
{
	struct damon_addr_range (*ranges)[NR_TWINS];
	unsigned int nr = 1 + below(t, MAX_REGIONS), i;
	u32 numbers = prandom_u32_state(&t->rnd);

	ranges = kvcalloc(MAX_REGIONS, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(t->test, ranges);
	nr = t->phys ? draw_phys(t, ranges, nr) : draw_virt(t, ranges, nr);
	t->nr_regions = nr;
	free_contexts(t);
	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];
		struct damon_target *target = damon_new_target();

		twin->ctx = damon_new_ctx();
		KUNIT_ASSERT_NOT_NULL(t->test, twin->ctx);
		KUNIT_ASSERT_NOT_NULL(t->test, target);
		twin->ctx->ops = *twin->ops;
		prandom_seed_state(&twin->ctx->rnd_state, numbers);
		if (!t->phys)
			target->pid = get_pid(twin->space.pid);
		damon_add_target(twin->ctx, target);
		add_regions(t, target, i, ranges, nr);
		if (t->phys)
			add_probes(t, twin->ctx, hash_32(numbers, 32));
	}
	kvfree(ranges);
}

/*
 * Comparing.
 */

static struct damon_target *target_of(struct twin *twin)
{
	return list_first_entry(&twin->ctx->adaptive_targets, struct damon_target,
				list);
}

static void compare_regions(struct twins *t)
{
	struct damon_target *target = target_of(&t->twin[OURS]);
	struct damon_region *ours = damon_first_region(target), *c;

	damon_for_each_region(c, target_of(&t->twin[C])) {
		KUNIT_EXPECT_EQ(t->test, c->sampling_addr - c->ar.start,
				ours->sampling_addr - ours->ar.start);
		KUNIT_EXPECT_EQ(t->test, c->nr_accesses, ours->nr_accesses);
		KUNIT_EXPECT_MEMEQ(t->test, c->probe_hits, ours->probe_hits,
				   sizeof(c->probe_hits));
		t->accessed += c->nr_accesses;
		if (!t->phys)
			compare_page(t, c->sampling_addr, true);
		ours = damon_next_region(ours);
	}
	KUNIT_EXPECT_PTR_EQ(t->test, &ours->list, &target->regions_list);
}

static void compare(struct twins *t, bool everything)
{
	struct damon_ctx *c = t->twin[C].ctx, *ours = t->twin[OURS].ctx;
	unsigned long page;

	KUNIT_EXPECT_EQ(t->test, t->twin[C].max, t->twin[OURS].max);
	KUNIT_EXPECT_EQ(t->test, t->twin[C].max_wsum, t->twin[OURS].max_wsum);
	t->wsums += t->twin[C].max_wsum;
	KUNIT_EXPECT_MEMEQ(t->test, &c->rnd_state, &ours->rnd_state,
			   sizeof(c->rnd_state));
	compare_regions(t);
	twins_compare_notifiers(t);
	for (page = 0; everything && page < PAGES; page++)
		compare_page(t, addr_of(page), false);
}

static void operate(struct twins *t, bool check)
{
	bool set_samples = t->phys && below(t, 2), return_wsum = below(t, 2);
	int i;

	/* What memory waits to be put on lists on differs. */
	lru_add_drain_all();
	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];

		if (check)
			twin->max = twin->ops->check_accesses(twin->ctx);
		else
			twin->ops->prepare_access_checks(twin->ctx);
		if (check && t->phys)
			twin->max_wsum = twin->ops->apply_probes(twin->ctx, set_samples,
								 return_wsum);
	}
}

static void run(struct kunit *test, enum damon_ops_id id,
		const struct damon_operations *in_c, unsigned int count, bool notifiers)
{
	struct twins *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct damon_ctx *ctx = damon_new_ctx();
	unsigned int nr;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, in_c);
	KUNIT_ASSERT_EQ(test, damon_select_ops(ctx, id), 0);
	/* Otherwise there is nothing to compare. */
	KUNIT_ASSERT_PTR_NE(test, ctx->ops.check_accesses, in_c->check_accesses);
	t->test = test;
	t->phys = id == DAMON_OPS_PADDR;
	prandom_seed_state(&t->rnd, seed);
	t->twin[C].ops = in_c;
	t->twin[OURS].ops = &ctx->ops;
	for (i = 0; i < NR_TWINS; i++)
		space_begin(test, &t->twin[i].space);
	if (notifiers)
		twins_add_notifiers(t);

	for (nr = 0; nr < count && test->status != KUNIT_FAILURE; nr++) {
		bool change = below(t, 3) == 0;

		if (change) {
			twins_happen(t);
			twins_forget_marks(t);
		}
		if (t->nr_children == MAX_CHILDREN && below(t, 50) == 0)
			twins_end_children(t);
		/* Physical memory that was given back has no twin any more. */
		if (!t->twin[C].ctx || below(t, 20) == 0 || (t->phys && change))
			new_regions(t);
		operate(t, nr % 2);
		compare(t, nr % 64 == 0);
	}
	compare(t, true);
	kunit_info(test, "%u operations, %lu accesses, %lu idle pages", nr, t->accessed,
		   t->idle);
	if (test->status != KUNIT_FAILURE && count >= ENOUGH) {
		KUNIT_EXPECT_GT(test, t->accessed, 0);
		KUNIT_EXPECT_GT(test, t->idle, 0);
		if (t->phys)
			KUNIT_EXPECT_GT(test, t->wsums, 0);
		twins_expect_events(t);
		if (!t->phys)
			twins_expect_kinds(t);
	}

	twins_end_events(t);
	twins_end_notifiers(t);
	free_contexts(t);
	for (i = 0; i < NR_TWINS; i++)
		space_end(&t->twin[i].space);
	damon_destroy_ctx(ctx);
}

static void twins_test_vaddr(struct kunit *test)
{
	run(test, DAMON_OPS_VADDR, ref_vaddr_ops(), count, false);
}

static void twins_test_fvaddr(struct kunit *test)
{
	run(test, DAMON_OPS_FVADDR, ref_fvaddr_ops(), count, false);
}

static void twins_test_paddr(struct kunit *test)
{
	run(test, DAMON_OPS_PADDR, ref_paddr_ops(), count, false);
}

/* All of it goes other ways then, so some will do. */
static void twins_test_notifiers(struct kunit *test)
{
	run(test, DAMON_OPS_FVADDR, ref_fvaddr_ops(), DIV_ROUND_UP(count, 10), true);
}

static struct kunit_case twins_cases[] = {
	KUNIT_CASE_SLOW(twins_test_vaddr),
	KUNIT_CASE_SLOW(twins_test_fvaddr),
	KUNIT_CASE_SLOW(twins_test_paddr),
	KUNIT_CASE(twins_test_notifiers),
	{},
};

static struct kunit_suite twins_suite = {
	.name = "damon-operations-twins",
	.test_cases = twins_cases,
};

kunit_test_suite(twins_suite);
