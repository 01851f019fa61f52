// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what the DAMON core in Rust does otherwise than core.c
 *
 * On core.c each test fails, hangs, or, where it is about a race, can do so.
 * What they are about is described in Documentation/mm/damon/rust.rst.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/damon.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "kunit.h"

#define REGION_SZ	(64 * DAMON_MIN_REGION_SZ)

/* What the operations of a test have seen. There is one test at a time. */
static struct {
	atomic_t nr_prepared;
	atomic_t nr_checked;
	unsigned char hits;
	unsigned char last_hits;
	bool valid;
	struct completion aggregated;
} seen;

static void fixes_prepare(struct damon_ctx *ctx)
{
	atomic_inc(&seen.nr_prepared);
}

static unsigned int fixes_check(struct damon_ctx *ctx)
{
	atomic_inc(&seen.nr_checked);
	return 0;
}

static bool fixes_target_valid(struct damon_target *t)
{
	return READ_ONCE(seen.valid);
}

/* All regions are hit in each sample that is probed. */
static unsigned int fixes_apply_probes(struct damon_ctx *ctx, bool set_samples,
				       bool return_max_wsum)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			r->probe_hits[0]++;
			seen.hits = max(seen.hits, r->probe_hits[0]);
			seen.last_hits = r->last_probe_hits[0];
		}
	}
	if (seen.last_hits)
		complete(&seen.aggregated);
	return 0;
}

static unsigned long fixes_apply_scheme(struct damon_ctx *ctx,
					struct damon_target *t,
					struct damon_region *r,
					struct damos *s,
					unsigned long *sz_filter_passed)
{
	return 0;
}

static struct damon_ctx *fixes_new_ctx(struct kunit *test)
{
	struct damon_addr_range range = { .start = 0, .end = 4 * REGION_SZ };
	struct damon_attrs attrs = {
		.sample_interval = 100,
		.aggr_interval = 1000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, damon_set_regions(t, &range, 1,
						DAMON_MIN_REGION_SZ), 0);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	/* Physical addresses have no process to let go of. */
	ctx->ops.id = DAMON_OPS_PADDR;
	ctx->ops.prepare_access_checks = fixes_prepare;
	ctx->ops.check_accesses = fixes_check;
	ctx->ops.apply_scheme = fixes_apply_scheme;

	memset(&seen, 0, sizeof(seen));
	seen.valid = true;
	init_completion(&seen.aggregated);
	return ctx;
}

static struct damos *fixes_add_scheme(struct kunit *test, struct damon_ctx *ctx)
{
	struct damos_access_pattern pattern = {
		.max_sz_region = ULONG_MAX,
		.max_nr_accesses = UINT_MAX,
		.max_age_region = UINT_MAX,
	};
	struct damos_quota quota = {};
	struct damos_watermarks wmarks = {};
	struct damos *s = damon_new_scheme(&pattern, DAMOS_STAT, 0, &quota,
					   &wmarks, NUMA_NO_NODE);

	KUNIT_ASSERT_NOT_NULL(test, s);
	damon_add_scheme(ctx, s);
	return s;
}

static void fixes_walk(void *data, struct damon_ctx *ctx,
		       struct damon_target *t, struct damon_region *r,
		       struct damos *s, unsigned long sz_filter_passed)
{
	unsigned int *nr_visits = data;

	(*nr_visits)++;
}

/* A canceled walk lets the next one begin with all schemes. */
static void fixes_test_canceled_walk(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = fixes_walk,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = fixes_new_ctx(test);
	struct damos *first = fixes_add_scheme(test, ctx);
	struct damos *second = fixes_add_scheme(test, ctx);

	/* As if the walk had been through with one of them */
	first->walk_completed = true;
	ctx->pause = true;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damos_walk(ctx, &control), -ECANCELED);
	damon_stop(&ctx, 1);

	KUNIT_EXPECT_FALSE(test, first->walk_completed);
	KUNIT_EXPECT_FALSE(test, second->walk_completed);
	KUNIT_EXPECT_EQ(test, nr_visits, 0);
	damon_destroy_ctx(ctx);
}

/* Who is told that a walk is complete can request the next one at once. */
static void fixes_test_walk_after_walk(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = fixes_walk,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = fixes_new_ctx(test);
	int i;

	fixes_add_scheme(test, ctx);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, damos_walk(ctx, &control), 0);
	KUNIT_EXPECT_GE(test, nr_visits, 100);
	damon_stop(&ctx, 1);
	damon_destroy_ctx(ctx);
}

/* A kdamond leaves a context alone that does not have it any more. */
static void fixes_test_free_after_end(struct kunit *test)
{
	int i;

	for (i = 0; i < 50; i++) {
		struct damon_ctx *ctx = fixes_new_ctx(test);

		ctx->ops.target_valid = fixes_target_valid;
		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, true), 0);
		WRITE_ONCE(seen.valid, false);
		while (damon_is_running(ctx))
			cond_resched();
		/* Whoever starts the next one is not told that it is busy. */
		KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
		damon_destroy_ctx(ctx);
	}
}

/* An interval can be longer than 2^32 microseconds, and a stop ends it. */
static void fixes_test_long_interval(struct kunit *test)
{
	struct damon_attrs attrs = {
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = fixes_new_ctx(test);

	if (sizeof(long) < sizeof(u64)) {
		damon_destroy_ctx(ctx);
		kunit_skip(test, "no number is that large");
	}
	attrs.sample_interval = (unsigned long)BIT_ULL(32);
	attrs.aggr_interval = attrs.sample_interval;
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	while (!atomic_read(&seen.nr_prepared))
		cond_resched();
	/* Some ticks, each of which would be an interval of no length. */
	schedule_timeout_uninterruptible(5);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen.nr_prepared), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen.nr_checked), 0);
	damon_stop(&ctx, 1);
	damon_destroy_ctx(ctx);
}

/* A stop ends a long sleep whenever it comes. */
static void fixes_test_stop_before_sleep(struct kunit *test)
{
	struct damon_attrs attrs = {
		/* An hour */
		.sample_interval = 3600UL * USEC_PER_SEC,
		.aggr_interval = 3600UL * USEC_PER_SEC,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	int i;

	for (i = 0; i < 200; i++) {
		struct damon_ctx *ctx = fixes_new_ctx(test);

		KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
		damon_stop(&ctx, 1);
		KUNIT_EXPECT_FALSE(test, damon_is_running(ctx));
		damon_destroy_ctx(ctx);
	}
}

struct fixes_stopper {
	struct damon_ctx *ctx;
	struct completion begun;
};

static int fixes_stop(void *data)
{
	struct fixes_stopper *stopper = data;

	complete(&stopper->begun);
	damon_stop(&stopper->ctx, 1);
	return damon_is_running(stopper->ctx);
}

/* Several threads can stop a context at the same time. */
static void fixes_test_stop_together(struct kunit *test)
{
	struct fixes_stopper stoppers[4];
	struct task_struct *threads[4];
	int round, i;

	for (round = 0; round < 20; round++) {
		struct damon_ctx *ctx = fixes_new_ctx(test);

		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
		for (i = 0; i < ARRAY_SIZE(threads); i++) {
			stoppers[i].ctx = ctx;
			init_completion(&stoppers[i].begun);
			threads[i] = kthread_create(fixes_stop, &stoppers[i],
						    "stop.%d", i);
			KUNIT_ASSERT_FALSE(test, IS_ERR(threads[i]));
			get_task_struct(threads[i]);
		}
		for (i = 0; i < ARRAY_SIZE(threads); i++)
			wake_up_process(threads[i]);
		damon_stop(&ctx, 1);
		for (i = 0; i < ARRAY_SIZE(threads); i++) {
			/* A thread that is stopped before that never runs. */
			wait_for_completion(&stoppers[i].begun);
			KUNIT_EXPECT_EQ(test, kthread_stop_put(threads[i]), 0);
		}
		KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
		damon_destroy_ctx(ctx);
	}
}

/* Which regions are split next is the business of each context. */
static void fixes_test_own_rotation(struct kunit *test)
{
	struct damon_ctx *ctxs[2];
	struct damon_target *targets[2];
	struct damon_region *r[2];
	int i, round;

	for (i = 0; i < 2; i++) {
		ctxs[i] = fixes_new_ctx(test);
		ctxs[i]->attrs.max_nr_regions = 100;
		prandom_seed_state(&ctxs[i]->rnd_state, 42);
		targets[i] = list_first_entry(&ctxs[i]->adaptive_targets,
					      struct damon_target, list);
	}
	for (round = 0; round < 12; round++) {
		for (i = 0; i < 2; i++)
			kdamond_split_regions(ctxs[i]);
		KUNIT_ASSERT_EQ(test, damon_nr_regions(targets[0]),
				damon_nr_regions(targets[1]));
		r[0] = damon_first_region(targets[0]);
		r[1] = damon_first_region(targets[1]);
		for (i = 0; i < damon_nr_regions(targets[0]); i++) {
			KUNIT_ASSERT_EQ(test, r[0]->ar.end, r[1]->ar.end);
			r[0] = damon_next_region(r[0]);
			r[1] = damon_next_region(r[1]);
		}
	}
	/* Otherwise it was not only some of the regions that were split. */
	KUNIT_EXPECT_GT(test, damon_nr_regions(targets[0]), 50);
	for (i = 0; i < 2; i++)
		damon_destroy_ctx(ctxs[i]);
}

/* Hits of a probe do not wrap around. */
static void fixes_test_many_hits(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 10,
		.aggr_interval = 3000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = fixes_new_ctx(test);
	struct damon_probe *probe = damon_new_probe();

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	ctx->ops.apply_probes = fixes_apply_probes;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	wait_for_completion(&seen.aggregated);
	damon_stop(&ctx, 1);
	KUNIT_EXPECT_EQ(test, seen.hits, U8_MAX);
	KUNIT_EXPECT_EQ(test, seen.last_hits, U8_MAX);
	damon_destroy_ctx(ctx);
}

/* New objects have no values of former ones. */
static void fixes_test_new_objects(struct kunit *test)
{
	struct damos_quota_goal *goal;
	struct damos_filter *filter;
	struct damon_filter *probe_filter;
	struct damon_region *r;
	int i;

	/* Objects of the same sizes are likely to be used again. */
	for (i = 0; i < 8; i++) {
		goal = damos_new_quota_goal(DAMOS_QUOTA_NODE_MEMCG_USED_BP, 1);
		filter = damos_new_filter(DAMOS_FILTER_TYPE_ADDR, true, true);
		probe_filter = damon_new_filter(DAMON_FILTER_TYPE_MEMCG, true,
						true);
		r = damon_new_region(DAMON_MIN_REGION_SZ,
				     2 * DAMON_MIN_REGION_SZ);
		KUNIT_ASSERT_NOT_NULL(test, goal);
		KUNIT_ASSERT_NOT_NULL(test, filter);
		KUNIT_ASSERT_NOT_NULL(test, probe_filter);
		KUNIT_ASSERT_NOT_NULL(test, r);
		KUNIT_EXPECT_EQ(test, goal->current_value, 0);
		KUNIT_EXPECT_EQ(test, goal->nid, 0);
		KUNIT_EXPECT_EQ(test, goal->memcg_id, 0);
		KUNIT_EXPECT_EQ(test, filter->addr_range.start, 0);
		KUNIT_EXPECT_EQ(test, filter->addr_range.end, 0);
		KUNIT_EXPECT_EQ(test, probe_filter->memcg_id, 0);
		KUNIT_EXPECT_EQ(test, r->sampling_addr, DAMON_MIN_REGION_SZ);
		memset(&goal->current_value, 0x5a, sizeof(goal->current_value));
		goal->nid = 0x5a5a5a5a;
		goal->memcg_id = 0x5a5a5a5a5a5a5a5aULL;
		memset(&filter->addr_range, 0x5a, sizeof(filter->addr_range));
		probe_filter->memcg_id = 0x5a5a5a5a5a5a5a5aULL;
		r->sampling_addr = 0x5a5a5a5a;
		damos_destroy_quota_goal(goal);
		damos_destroy_filter(filter);
		damon_destroy_filter(probe_filter);
		damon_free_region(r);
	}
}

static struct kunit_case fixes_test_cases[] = {
	KUNIT_CASE(fixes_test_canceled_walk),
	KUNIT_CASE(fixes_test_walk_after_walk),
	KUNIT_CASE(fixes_test_free_after_end),
	KUNIT_CASE(fixes_test_long_interval),
	KUNIT_CASE(fixes_test_stop_before_sleep),
	KUNIT_CASE(fixes_test_stop_together),
	KUNIT_CASE(fixes_test_own_rotation),
	KUNIT_CASE(fixes_test_many_hits),
	KUNIT_CASE(fixes_test_new_objects),
	{},
};

static struct kunit_suite fixes_test_suite = {
	.name = "damon-core-rust",
	.test_cases = fixes_test_cases,
};

kunit_test_suite(fixes_test_suite);

MODULE_DESCRIPTION("Tests of what the DAMON core in Rust does otherwise");
MODULE_LICENSE("GPL");
