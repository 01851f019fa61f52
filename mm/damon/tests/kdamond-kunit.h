/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit Tests of DAMON with kdamonds that run
 */

#ifdef CONFIG_DAMON_KUNIT_TEST

#ifndef _DAMON_KDAMOND_TEST_H
#define _DAMON_KDAMOND_TEST_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#define KDAMOND_TEST_REGION_SZ	(64 * DAMON_MIN_REGION_SZ)

/* What the operations of a test have seen.  There is one test at a time. */
static struct {
	atomic_t nr_prepared;
	atomic_t nr_checked;
	atomic_t nr_applied[2];
	unsigned char hits;
	unsigned char last_hits;
	bool valid;
	struct completion aggregated;
} kdamond_test_seen;

static void kdamond_test_prepare(struct damon_ctx *ctx)
{
	atomic_inc(&kdamond_test_seen.nr_prepared);
}

static unsigned int kdamond_test_check(struct damon_ctx *ctx)
{
	atomic_inc(&kdamond_test_seen.nr_checked);
	return 0;
}

static unsigned long kdamond_test_apply_scheme(struct damon_ctx *ctx,
					       struct damon_target *t,
					       struct damon_region *r,
					       struct damos *s,
					       unsigned long *sz_filter_passed)
{
	bool first = t == list_first_entry(&ctx->adaptive_targets,
					   struct damon_target, list);

	atomic_inc(&kdamond_test_seen.nr_applied[first ? 0 : 1]);
	return 0;
}

static struct damon_target *kdamond_test_add_target(struct kunit *test,
						    struct damon_ctx *ctx,
						    bool with_regions)
{
	struct damon_addr_range range = {
		.start = 0,
		.end = 4 * KDAMOND_TEST_REGION_SZ,
	};
	struct damon_target *t = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	if (with_regions)
		KUNIT_ASSERT_EQ(test, damon_set_regions(t, &range, 1,
							DAMON_MIN_REGION_SZ), 0);
	return t;
}

/* A context with a target, whose operations count how often they are called */
static struct damon_ctx *kdamond_test_new_ctx(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 100,
		.aggr_interval = 1000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = damon_new_ctx();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	kdamond_test_add_target(test, ctx, true);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	/* physical addresses have no process to let go of */
	ctx->ops.id = DAMON_OPS_PADDR;
	ctx->ops.prepare_access_checks = kdamond_test_prepare;
	ctx->ops.check_accesses = kdamond_test_check;
	ctx->ops.apply_scheme = kdamond_test_apply_scheme;

	memset(&kdamond_test_seen, 0, sizeof(kdamond_test_seen));
	kdamond_test_seen.valid = true;
	init_completion(&kdamond_test_seen.aggregated);
	return ctx;
}

static struct damos *kdamond_test_add_scheme(struct kunit *test,
					     struct damon_ctx *ctx)
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

/* Test that new objects have no values of former ones. */
static void kdamond_test_new_objects(struct kunit *test)
{
	struct damos_quota_goal *goal;
	struct damos_filter *filter;
	struct damon_filter *probe_filter;
	struct damon_region *r;
	int i;

	/* objects of the same sizes are likely to be used again */
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

/* Test a sampling interval of 2^32 microseconds, and the end of it. */
static void kdamond_test_long_interval(struct kunit *test)
{
	struct damon_attrs attrs = {
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx;

	if (sizeof(long) < sizeof(u64))
		kunit_skip(test, "no interval is that long");
	ctx = kdamond_test_new_ctx(test);
	attrs.sample_interval = (unsigned long)BIT_ULL(32);
	attrs.aggr_interval = attrs.sample_interval;
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	while (!atomic_read(&kdamond_test_seen.nr_prepared))
		cond_resched();
	/* some ticks, each of which would be an interval of no length */
	schedule_timeout_uninterruptible(5);
	KUNIT_EXPECT_EQ(test, atomic_read(&kdamond_test_seen.nr_prepared), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&kdamond_test_seen.nr_checked), 0);
	damon_stop(&ctx, 1);
	damon_destroy_ctx(ctx);
}

/* Test that a request to stop ends a long sleep whenever it comes. */
static void kdamond_test_stop_before_sleep(struct kunit *test)
{
	struct damon_attrs attrs = {
		/* an hour */
		.sample_interval = 3600UL * USEC_PER_SEC,
		.aggr_interval = 3600UL * USEC_PER_SEC,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	int i;

	for (i = 0; i < 200; i++) {
		struct damon_ctx *ctx = kdamond_test_new_ctx(test);

		KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
		damon_stop(&ctx, 1);
		KUNIT_EXPECT_FALSE(test, damon_is_running(ctx));
		damon_destroy_ctx(ctx);
	}
}

/* Test that contexts do not share which regions are split next. */
static void kdamond_test_own_rotation(struct kunit *test)
{
	struct damon_ctx *ctxs[2];
	struct damon_target *targets[2];
	struct damon_region *r[2];
	int i, round;

	for (i = 0; i < 2; i++) {
		ctxs[i] = kdamond_test_new_ctx(test);
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
	/* otherwise it was not only some of the regions that were split */
	KUNIT_EXPECT_GT(test, damon_nr_regions(targets[0]), 50);
	for (i = 0; i < 2; i++)
		damon_destroy_ctx(ctxs[i]);
}

/* For walks of regions: count the regions. */
static void kdamond_test_walk_fn(void *data, struct damon_ctx *ctx,
				 struct damon_target *t, struct damon_region *r,
				 struct damos *s,
				 unsigned long sz_filter_passed)
{
	unsigned int *nr_visits = data;

	(*nr_visits)++;
}

/* Test that a canceled walk lets the next one begin with all schemes. */
static void kdamond_test_canceled_walk(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = kdamond_test_walk_fn,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damos *first = kdamond_test_add_scheme(test, ctx);
	struct damos *second = kdamond_test_add_scheme(test, ctx);

	/* as if the walk had been through with one of them */
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

/* Test that a completed walk lets the next one be requested at once. */
static void kdamond_test_walk_after_walk(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = kdamond_test_walk_fn,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	int i;

	kdamond_test_add_scheme(test, ctx);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, damos_walk(ctx, &control), 0);
	KUNIT_EXPECT_GE(test, nr_visits, 100);
	damon_stop(&ctx, 1);
	damon_destroy_ctx(ctx);
}

/* For tests of requests that may not end: another thread makes one. */
struct kdamond_test_request {
	struct damon_ctx *ctx;
	struct damon_call_control call;
	struct damos_walk_control walk;
	int ret;
	struct completion done;
};

static int kdamond_test_request_walk(void *data)
{
	struct kdamond_test_request *request = data;

	request->ret = damos_walk(request->ctx, &request->walk);
	complete(&request->done);
	return 0;
}

/* Test that a walk ends if the watermarks keep all schemes inactive. */
static void kdamond_test_walk_inactive(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct kdamond_test_request request = {
		.ctx = ctx,
		.walk = {
			.walk_fn = kdamond_test_walk_fn,
			.data = &nr_visits,
		},
	};
	struct task_struct *thread;
	bool ended;
	int i;

	for (i = 0; i < 2; i++) {
		struct damos *s = kdamond_test_add_scheme(test, ctx);

		/* there is more free memory than none */
		s->wmarks.metric = DAMOS_WMARK_FREE_MEM_RATE;
	}
	init_completion(&request.done);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	thread = kthread_run(kdamond_test_request_walk, &request, "walk");
	ended = !IS_ERR(thread) &&
		wait_for_completion_timeout(&request.done, 10 * HZ);
	KUNIT_EXPECT_TRUE(test, ended);
	/* this ends it in any case */
	damon_stop(&ctx, 1);
	if (!IS_ERR(thread) && !ended)
		wait_for_completion(&request.done);
	KUNIT_EXPECT_EQ(test, request.ret, -ECANCELED);
	KUNIT_EXPECT_EQ(test, nr_visits, 0);
	damon_destroy_ctx(ctx);
}

/* Test that a snapshot of two targets is one snapshot. */
static void kdamond_test_snapshots(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = kdamond_test_walk_fn,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damos *s = kdamond_test_add_scheme(test, ctx);
	int i;

	kdamond_test_add_target(test, ctx, true);
	/* one that has nothing to be seen is not waited for */
	kdamond_test_add_target(test, ctx, false);
	s->max_nr_snapshots = 1;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, damos_walk(ctx, &control), 0);
	damon_stop(&ctx, 1);

	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 1);
	KUNIT_EXPECT_GT(test, atomic_read(&kdamond_test_seen.nr_applied[0]), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&kdamond_test_seen.nr_applied[1]), 0);
	KUNIT_EXPECT_EQ(test, s->stat.nr_tried,
			atomic_read(&kdamond_test_seen.nr_applied[0]) +
			atomic_read(&kdamond_test_seen.nr_applied[1]));
	damon_destroy_ctx(ctx);
}

/* Count how often the first scheme is applied to the end of a target. */
static unsigned long kdamond_test_apply_last(struct damon_ctx *ctx,
					     struct damon_target *t,
					     struct damon_region *r,
					     struct damos *s,
					     unsigned long *sz_filter_passed)
{
	if (damon_is_last_region(r, t) &&
	    s == list_first_entry(&ctx->schemes, struct damos, list))
		atomic_inc(&kdamond_test_seen.nr_applied[0]);
	return 0;
}

/* Test that a last region that another scheme splits ends one snapshot. */
static void kdamond_test_last_snapshot(struct kunit *test)
{
	unsigned int nr_visits = 0;
	struct damos_walk_control control = {
		.walk_fn = kdamond_test_walk_fn,
		.data = &nr_visits,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damos *s = kdamond_test_add_scheme(test, ctx);
	struct damos *splits = kdamond_test_add_scheme(test, ctx);
	struct damos_filter *filter = damos_new_filter(DAMOS_FILTER_TYPE_ADDR,
						       true, true);

	KUNIT_ASSERT_NOT_NULL(test, filter);
	filter->addr_range.end = 4 * KDAMOND_TEST_REGION_SZ;
	filter->addr_range.start = filter->addr_range.end - DAMON_MIN_REGION_SZ;
	damos_add_filter(splits, filter);
	ctx->ops.apply_scheme = kdamond_test_apply_last;
	s->max_nr_snapshots = 1;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damos_walk(ctx, &control), 0);
	damon_stop(&ctx, 1);

	KUNIT_EXPECT_EQ(test, atomic_read(&kdamond_test_seen.nr_applied[0]), 1);
	KUNIT_EXPECT_EQ(test, s->stat.nr_snapshots, 1);
	damon_destroy_ctx(ctx);
}

static bool kdamond_test_target_valid(struct damon_target *t)
{
	return READ_ONCE(kdamond_test_seen.valid);
}

/* Test that a context can be freed when it has no kdamond any more. */
static void kdamond_test_free_after_end(struct kunit *test)
{
	int i;

	for (i = 0; i < 50; i++) {
		struct damon_ctx *ctx = kdamond_test_new_ctx(test);

		ctx->ops.target_valid = kdamond_test_target_valid;
		KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, true), 0);
		WRITE_ONCE(kdamond_test_seen.valid, false);
		while (damon_is_running(ctx))
			cond_resched();
		/* who starts the next one is not told that it is busy */
		KUNIT_EXPECT_EQ(test, damon_nr_running_ctxs(), 0);
		damon_destroy_ctx(ctx);
	}
}

/* As for virtual addresses: make regions for the targets without any. */
static void kdamond_test_init(struct damon_ctx *ctx)
{
	struct damon_addr_range range = {
		.start = 0,
		.end = 8 * KDAMOND_TEST_REGION_SZ,
	};
	struct damon_target *t;

	damon_for_each_target(t, ctx) {
		if (!damon_nr_regions(t))
			damon_set_regions(t, &range, 1, DAMON_MIN_REGION_SZ);
	}
}

struct kdamond_test_commit {
	struct damon_ctx *ctx;
	struct damon_ctx *src;
	unsigned long end[2];
};

static int kdamond_test_commit_fn(void *data)
{
	struct kdamond_test_commit *commit = data;
	struct damon_target *t;
	int i = 0, err;

	err = damon_commit_ctx(commit->ctx, commit->src);
	damon_for_each_target(t, commit->ctx) {
		if (i < ARRAY_SIZE(commit->end) && damon_nr_regions(t))
			commit->end[i] = damon_last_region(t)->ar.end;
		i++;
	}
	return err;
}

/* Test that a target that is committed without regions gets some at once. */
static void kdamond_test_commit_target(struct kunit *test)
{
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct kdamond_test_commit commit = {
		.ctx = ctx,
		.src = kdamond_test_new_ctx(test),
	};
	struct damon_call_control control = {
		.fn = kdamond_test_commit_fn,
		.data = &commit,
	};

	ctx->ops.init = kdamond_test_init;
	commit.src->ops.init = kdamond_test_init;
	kdamond_test_add_target(test, commit.src, false);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damon_call(ctx, &control), 0);
	damon_stop(&ctx, 1);

	KUNIT_EXPECT_EQ(test, control.return_code, 0);
	KUNIT_EXPECT_EQ(test, commit.end[0], 4 * KDAMOND_TEST_REGION_SZ);
	KUNIT_EXPECT_EQ(test, commit.end[1], 8 * KDAMOND_TEST_REGION_SZ);
	damon_destroy_ctx(commit.src);
	damon_destroy_ctx(ctx);
}

/* Test that weights of probes are refused by operations without probes. */
static void kdamond_test_probe_ops(struct kunit *test)
{
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damon_ctx *src = kdamond_test_new_ctx(test);
	struct damon_probe *probe = damon_new_probe();
	int err;

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(src, probe);
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), 0);
	probe->weight = 1;
	KUNIT_EXPECT_EQ(test, damon_commit_ctx(ctx, src), -EINVAL);
	err = damon_start(&src, 1, false);
	KUNIT_EXPECT_EQ(test, err, -EINVAL);
	if (!err)
		damon_stop(&src, 1);
	damon_destroy_ctx(src);
	damon_destroy_ctx(ctx);
}

/* All regions are hit in each sample that is probed. */
static unsigned int kdamond_test_apply_probes(struct damon_ctx *ctx,
					      bool set_samples,
					      bool return_max_wsum)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			r->probe_hits[0]++;
			kdamond_test_seen.hits = max(kdamond_test_seen.hits,
						     r->probe_hits[0]);
			kdamond_test_seen.last_hits = r->last_probe_hits[0];
		}
	}
	if (kdamond_test_seen.last_hits)
		complete(&kdamond_test_seen.aggregated);
	return 0;
}

/* Test that hits of a probe do not wrap around. */
static void kdamond_test_many_hits(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 10,
		.aggr_interval = 3000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damon_probe *probe = damon_new_probe();

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	ctx->ops.apply_probes = kdamond_test_apply_probes;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	wait_for_completion(&kdamond_test_seen.aggregated);
	damon_stop(&ctx, 1);
	KUNIT_EXPECT_EQ(test, kdamond_test_seen.hits, U8_MAX);
	KUNIT_EXPECT_EQ(test, kdamond_test_seen.last_hits, U8_MAX);
	damon_destroy_ctx(ctx);
}

/* When nearly all probed samples were taken, an interval begins anew. */
static int kdamond_test_shorter_fn(void *data)
{
	struct damon_ctx *ctx = data;
	struct damon_attrs attrs = ctx->attrs;

	if (ctx->passed_sample_intervals != 260)
		return 0;
	attrs.aggr_interval = 1000;
	attrs.aggr_samples = 0;
	return damon_set_attrs(ctx, &attrs);
}

/* Test that an interval that begins anew has all of its samples probed. */
static void kdamond_test_many_hits_shorter(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 10,
		.aggr_interval = 3000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damon_call_control control = {
		.fn = kdamond_test_shorter_fn,
		.data = ctx,
		.repeat = true,
	};
	struct damon_probe *probe = damon_new_probe();

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	ctx->ops.apply_probes = kdamond_test_apply_probes;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	KUNIT_EXPECT_EQ(test, damon_call(ctx, &control), 0);
	wait_for_completion(&kdamond_test_seen.aggregated);
	damon_stop(&ctx, 1);
	KUNIT_EXPECT_EQ(test, kdamond_test_seen.last_hits, 100);
	damon_destroy_ctx(ctx);
}

/* Test that what is calculated from hits of a probe does not wrap around. */
static void kdamond_test_many_hits_converted(struct kunit *test)
{
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);
	struct damon_attrs attrs = ctx->attrs;
	struct damon_probe *probe = damon_new_probe();
	struct damon_region *r;

	KUNIT_ASSERT_NOT_NULL(test, probe);
	damon_add_probe(ctx, probe);
	r = damon_first_region(list_first_entry(&ctx->adaptive_targets,
						struct damon_target, list));
	r->probe_hits[0] = 200;
	r->last_probe_hits[0] = 200;
	/* the middle of an aggregation interval of ten samples */
	ctx->passed_sample_intervals = 5;
	ctx->next_aggregation_sis = 10;
	KUNIT_EXPECT_EQ(test, damon_probe_hits_mvsum(0, r, ctx), U8_MAX);

	/* twice as many samples */
	attrs.sample_interval = 50;
	attrs.aggr_samples = 0;
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	KUNIT_EXPECT_EQ(test, r->last_probe_hits[0], U8_MAX);
	damon_destroy_ctx(ctx);
}

/* For tests of requests whose waiters are killed. */
static int kdamond_test_request_killable(void *data)
{
	struct kdamond_test_request *request = data;

	allow_signal(SIGKILL);
	if (request->call.fn)
		request->ret = damon_call(request->ctx, &request->call);
	else
		request->ret = damos_walk(request->ctx, &request->walk);
	complete(&request->done);
	return 0;
}

static int kdamond_test_call_fn(void *data)
{
	unsigned int *nr_calls = data;

	(*nr_calls)++;
	return 0;
}

static bool kdamond_test_kill(struct kunit *test, struct damon_ctx *ctx,
			      struct kdamond_test_request *request)
{
	struct task_struct *thread;
	unsigned long left;

	request->ctx = ctx;
	init_completion(&request->done);
	thread = kthread_create(kdamond_test_request_killable, request,
				"killed");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	get_task_struct(thread);
	wake_up_process(thread);
	while (list_empty_careful(&ctx->call_controls) &&
	       !READ_ONCE(ctx->walk_control))
		cond_resched();
	send_sig(SIGKILL, thread, 1);
	left = wait_for_completion_timeout(&request->done, 10 * HZ);
	KUNIT_EXPECT_NE(test, left, 0);
	if (!left) {
		damon_stop(&ctx, 1);
		wait_for_completion(&request->done);
	}
	put_task_struct(thread);
	KUNIT_EXPECT_EQ(test, request->ret, -EINTR);
	KUNIT_EXPECT_TRUE(test, list_empty(&ctx->call_controls));
	KUNIT_EXPECT_NULL(test, ctx->walk_control);
	return left;
}

/* Test that a request is withdrawn if who has made it is killed. */
static void kdamond_test_killed_request(struct kunit *test)
{
	struct damon_attrs attrs = {
		/* an hour */
		.sample_interval = 3600UL * USEC_PER_SEC,
		.aggr_interval = 3600UL * USEC_PER_SEC,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	unsigned int nr_calls = 0;
	struct kdamond_test_request call = {
		.call = {
			.fn = kdamond_test_call_fn,
			.data = &nr_calls,
		},
	};
	struct kdamond_test_request walk = {
		.walk = {
			.walk_fn = kdamond_test_walk_fn,
			.data = &nr_calls,
		},
	};
	struct damon_ctx *ctx = kdamond_test_new_ctx(test);

	kdamond_test_add_scheme(test, ctx);
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	/* otherwise it has no kdamond any more */
	if (kdamond_test_kill(test, ctx, &call))
		kdamond_test_kill(test, ctx, &walk);
	damon_stop(&ctx, 1);
	KUNIT_EXPECT_EQ(test, nr_calls, 0);
	damon_destroy_ctx(ctx);
}

static struct kunit_case kdamond_test_cases[] = {
	KUNIT_CASE(kdamond_test_new_objects),
	KUNIT_CASE(kdamond_test_long_interval),
	KUNIT_CASE(kdamond_test_stop_before_sleep),
	KUNIT_CASE(kdamond_test_own_rotation),
	KUNIT_CASE(kdamond_test_canceled_walk),
	KUNIT_CASE(kdamond_test_walk_after_walk),
	KUNIT_CASE(kdamond_test_walk_inactive),
	KUNIT_CASE(kdamond_test_snapshots),
	KUNIT_CASE(kdamond_test_last_snapshot),
	KUNIT_CASE(kdamond_test_free_after_end),
	KUNIT_CASE(kdamond_test_commit_target),
	KUNIT_CASE(kdamond_test_probe_ops),
	KUNIT_CASE(kdamond_test_many_hits),
	KUNIT_CASE(kdamond_test_many_hits_shorter),
	KUNIT_CASE(kdamond_test_many_hits_converted),
	KUNIT_CASE(kdamond_test_killed_request),
	{},
};

static struct kunit_suite kdamond_test_suite = {
	.name = "damon-kdamond",
	.test_cases = kdamond_test_cases,
};

kunit_test_suite(kdamond_test_suite);

#endif /* _DAMON_KDAMOND_TEST_H */

#endif	/* CONFIG_DAMON_KUNIT_TEST */
