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

static struct kunit_case fixes_test_cases[] = {
	KUNIT_CASE(fixes_test_stop_together),
	{},
};

static struct kunit_suite fixes_test_suite = {
	.name = "damon-core-rust",
	.test_cases = fixes_test_cases,
};

kunit_test_suite(fixes_test_suite);

MODULE_DESCRIPTION("Tests of what the DAMON core in Rust does otherwise");
MODULE_LICENSE("GPL");
