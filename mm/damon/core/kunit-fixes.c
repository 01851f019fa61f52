// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of what the DAMON core in Rust does otherwise than core.c
 *
 * On core.c each test fails or hangs. What they are about is described in
 * Documentation/mm/damon/rust.rst.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/damon.h>
#include <linux/kthread.h>

#include "companion.h"

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

static struct kunit_case fixes_test_cases[] = {
	KUNIT_CASE(fixes_test_stop_together),
	KUNIT_CASE(fixes_test_stop_second),
	KUNIT_CASE(fixes_test_free_entry),
	{},
};

static struct kunit_suite fixes_test_suite = {
	.name = "damon-core-rust",
	.test_cases = fixes_test_cases,
};

kunit_test_suite(fixes_test_suite);

MODULE_DESCRIPTION("Tests of what the DAMON core in Rust does otherwise");
MODULE_LICENSE("GPL");
