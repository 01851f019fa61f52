// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what the DAMON core in Rust does otherwise than core.c
 *
 * Or what was once done otherwise by mistake. What differs is described in
 * Documentation/mm/damon/rust.rst.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/damon.h>
#include <linux/kthread.h>

#include "helpers.h"
#include "kunit.h"

/* A context with a target, and with operations that do nothing. */
static struct damon_ctx *fixes_new_ctx(struct kunit *test)
{
	struct damon_addr_range range = {
		.start = 0,
		.end = 256 * DAMON_MIN_REGION_SZ,
	};
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *t = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, t);
	damon_add_target(ctx, t);
	KUNIT_ASSERT_EQ(test, damon_set_regions(t, &range, 1,
						DAMON_MIN_REGION_SZ), 0);
	/* Physical addresses have no process to let go of. */
	ctx->ops.id = DAMON_OPS_PADDR;
	return ctx;
}

struct fixes_stopper {
	struct damon_ctx *ctx;
	struct completion begun;
	struct completion stopped;
};

static void fixes_init_stopper(struct fixes_stopper *stopper,
			       struct damon_ctx *ctx)
{
	stopper->ctx = ctx;
	init_completion(&stopper->begun);
	init_completion(&stopper->stopped);
}

static int fixes_stop(void *data)
{
	struct fixes_stopper *stopper = data;

	complete(&stopper->begun);
	damon_stop(&stopper->ctx, 1);
	complete(&stopper->stopped);
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
			fixes_init_stopper(&stoppers[i], ctx);
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

static DECLARE_COMPLETION(fixes_prepared);
static DECLARE_COMPLETION(fixes_may_go_on);

/* Keeps the kdamond until the test is ready. */
static void fixes_prepare_and_wait(struct damon_ctx *ctx)
{
	complete(&fixes_prepared);
	wait_for_completion(&fixes_may_go_on);
}

static void fixes_wait_for_sleep(struct task_struct *task)
{
	while (!(READ_ONCE(task->__state) & TASK_UNINTERRUPTIBLE))
		schedule_timeout_uninterruptible(1);
}

/*
 * A thread that stops a context together with another one waits for the kdamond,
 * not for the context: that may be running again by then, or freed.
 */
static void fixes_test_stop_second(struct kunit *test)
{
	struct damon_ctx *ctx = fixes_new_ctx(test);
	struct fixes_stopper stoppers[2];
	struct task_struct *threads[2];
	int i;

	ctx->ops.prepare_access_checks = fixes_prepare_and_wait;
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	wait_for_completion(&fixes_prepared);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		fixes_init_stopper(&stoppers[i], ctx);
		threads[i] = kthread_run(fixes_stop, &stoppers[i], "stop.%d",
					 i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(threads[i]));
		get_task_struct(threads[i]);
		wait_for_completion(&stoppers[i].begun);
		fixes_wait_for_sleep(threads[i]);
	}
	ctx->ops.prepare_access_checks = NULL;
	complete(&fixes_may_go_on);
	wait_for_completion(&stoppers[0].stopped);
	KUNIT_EXPECT_EQ(test, damon_start(&ctx, 1, false), 0);
	/* It hangs, if at all, for as long as the context is running. */
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&stoppers[1].stopped,
							  2 * HZ), 0);
	KUNIT_EXPECT_TRUE(test, damon_is_running(ctx));
	damon_stop(&ctx, 1);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		kthread_stop_put(threads[i]);
	damon_destroy_ctx(ctx);
}

/* What is between the fields of an entry does not make it a registered one. */
static void fixes_test_free_entry(struct kunit *test)
{
	const size_t begin = offsetofend(struct damon_operations, id);
	const size_t end = offsetof(struct damon_operations, init);
	struct damon_operations *entry, saved;
	bool registered, registered_again;
	struct damon_operations ops = {
		.id = DAMON_OPS_PADDR,
		.prepare_access_checks = fixes_prepare_and_wait,
	};
	int err;

	entry = &damon_registered_ops[DAMON_OPS_PADDR];
	mutex_lock(&damon_ops_lock);
	memcpy(&saved, entry, sizeof(saved));
	memset(entry, 0, sizeof(*entry));
	memset((u8 *)entry + begin, 0x5a, end - begin);
	mutex_unlock(&damon_ops_lock);

	registered = damon_is_registered_ops(DAMON_OPS_PADDR);
	err = damon_register_ops(&ops);
	registered_again = damon_is_registered_ops(DAMON_OPS_PADDR);

	mutex_lock(&damon_ops_lock);
	memcpy(entry, &saved, sizeof(saved));
	mutex_unlock(&damon_ops_lock);
	KUNIT_EXPECT_FALSE(test, registered);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_TRUE(test, registered_again);
}

static atomic_t fixes_nr_checked, fixes_nr_probed;

static unsigned int fixes_check(struct damon_ctx *ctx)
{
	atomic_inc(&fixes_nr_checked);
	return 0;
}

static unsigned int fixes_apply_probes(struct damon_ctx *ctx, bool set_samples,
				       bool return_max_wsum)
{
	atomic_inc(&fixes_nr_probed);
	return 0;
}

/* Operations need not look at all regions for probes that there are not. */
static void fixes_test_no_probes(struct kunit *test)
{
	struct damon_attrs attrs = {
		.sample_interval = 100,
		.aggr_interval = 1000,
		.ops_update_interval = 1000000,
		.min_nr_regions = 4,
		.max_nr_regions = 100,
	};
	struct damon_ctx *ctx = fixes_new_ctx(test);

	atomic_set(&fixes_nr_checked, 0);
	atomic_set(&fixes_nr_probed, 0);
	ctx->ops.check_accesses = fixes_check;
	ctx->ops.apply_probes = fixes_apply_probes;
	KUNIT_ASSERT_EQ(test, damon_set_attrs(ctx, &attrs), 0);
	KUNIT_ASSERT_EQ(test, damon_start(&ctx, 1, false), 0);
	while (atomic_read(&fixes_nr_checked) < 20)
		cond_resched();
	damon_stop(&ctx, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fixes_nr_probed), 0);
	damon_destroy_ctx(ctx);
}

/* Destinations are committed without memory if there are as many as before. */
static void fixes_test_commit_dests(struct kunit *test)
{
	struct damos_migrate_dests dst = {}, src = {};
	unsigned int nids[] = { 1, 2 }, weights[] = { 30, 40 };
	unsigned int *node_id_arr, *weight_arr;

	src.node_id_arr = nids;
	src.weight_arr = weights;
	src.nr_dests = 2;
	KUNIT_ASSERT_EQ(test, damos_commit_dests(&dst, &src), 0);
	node_id_arr = dst.node_id_arr;
	weight_arr = dst.weight_arr;
	nids[1] = 3;
	weights[0] = 50;
	KUNIT_ASSERT_EQ(test, damos_commit_dests(&dst, &src), 0);
	KUNIT_EXPECT_PTR_EQ(test, dst.node_id_arr, node_id_arr);
	KUNIT_EXPECT_PTR_EQ(test, dst.weight_arr, weight_arr);
	KUNIT_EXPECT_MEMEQ(test, dst.node_id_arr, nids, sizeof(nids));
	KUNIT_EXPECT_MEMEQ(test, dst.weight_arr, weights, sizeof(weights));
	src.nr_dests = 0;
	KUNIT_EXPECT_EQ(test, damos_commit_dests(&dst, &src), 0);
	KUNIT_EXPECT_EQ(test, dst.nr_dests, 0);
}

/* What comes before the goals of a quota is committed before they are refused. */
static void fixes_test_commit_quota(struct kunit *test)
{
	struct damos_quota dst = { .sz = 1, .weight_sz = 1 };
	struct damos_quota src = { .sz = 2, .weight_sz = 2 };
	struct damos_quota_goal *goal;

	INIT_LIST_HEAD(&dst.goals);
	INIT_LIST_HEAD(&src.goals);
	goal = damos_new_quota_goal(DAMOS_QUOTA_USER_INPUT, 0);
	KUNIT_ASSERT_NOT_NULL(test, goal);
	damos_add_quota_goal(&src, goal);
	KUNIT_EXPECT_EQ(test, damos_commit_quota(&dst, &src), -EINVAL);
	KUNIT_EXPECT_EQ(test, dst.sz, 2);
	KUNIT_EXPECT_EQ(test, dst.weight_sz, 1);
	damos_destroy_quota_goal(goal);
}

static struct kunit_case fixes_test_cases[] = {
	KUNIT_CASE(fixes_test_stop_together),
	KUNIT_CASE(fixes_test_stop_second),
	KUNIT_CASE(fixes_test_free_entry),
	KUNIT_CASE(fixes_test_no_probes),
	KUNIT_CASE(fixes_test_commit_dests),
	KUNIT_CASE(fixes_test_commit_quota),
	{},
};

static struct kunit_suite fixes_test_suite = {
	.name = "damon-core-rust",
	.test_cases = fixes_test_cases,
};

kunit_test_suite(fixes_test_suite);

MODULE_DESCRIPTION("Tests of what the DAMON core in Rust does otherwise");
MODULE_LICENSE("GPL");
