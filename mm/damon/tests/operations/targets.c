// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes are there to be monitored
 */

#include <linux/damon.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/swap.h>

#include "space.h"

#define START	SZ_1G

static struct damon_ctx *new_ctx(struct kunit *test, struct space *space)
{
	struct damon_addr_range range = {
		.start = START,
		.end = START + PAGE_SIZE,
	};
	struct damon_ctx *ctx = damon_new_ctx();
	struct damon_target *target = damon_new_target();

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, target);
	KUNIT_ASSERT_EQ(test, damon_select_ops(ctx, DAMON_OPS_VADDR), 0);
	target->pid = get_pid(space->pid);
	damon_add_target(ctx, target);
	KUNIT_ASSERT_EQ(test, damon_set_regions(target, &range, 1, PAGE_SIZE), 0);
	return ctx;
}

static bool is_valid(struct damon_ctx *ctx)
{
	return ctx->ops.target_valid(list_first_entry(&ctx->adaptive_targets,
						      struct damon_target, list));
}

/* Whether an access is seen: new memory has been accessed. */
static unsigned int sees_accesses(struct kunit *test, struct damon_ctx *ctx,
				  struct space *space)
{
	space_enter(space);
	space_fill(test, START, PAGE_SIZE, PROT_READ | PROT_WRITE);
	space_leave(space);
	lru_add_drain_all();
	ctx->ops.prepare_access_checks(ctx);
	/* The mark is gone; accessed again, by a new page */
	KUNIT_EXPECT_EQ(test, ctx->ops.check_accesses(ctx), 0);
	space_enter(space);
	space_fill(test, START, PAGE_SIZE, PROT_READ | PROT_WRITE);
	space_leave(space);
	return ctx->ops.check_accesses(ctx);
}

static void targets_test_process(struct kunit *test)
{
	struct space space;
	struct damon_ctx *ctx;

	space_begin(test, &space);
	ctx = new_ctx(test, &space);
	KUNIT_EXPECT_TRUE(test, is_valid(ctx));
	KUNIT_EXPECT_EQ(test, sees_accesses(test, ctx, &space), 1);
	space_end(&space);
	KUNIT_EXPECT_FALSE(test, is_valid(ctx));
	/* There is nothing to see, and no harm in looking. */
	ctx->ops.prepare_access_checks(ctx);
	KUNIT_EXPECT_EQ(test, ctx->ops.check_accesses(ctx), 1);
	damon_destroy_ctx(ctx);
}

/*
 * Who has exited is there until somebody has asked for its status: programs ask for the
 * results of a process for as long as they take it to be there.
 */
static void targets_test_zombie(struct kunit *test)
{
	struct space space;
	struct damon_ctx *ctx;

	space_begin(test, &space);
	ctx = new_ctx(test, &space);
	space_exit(&space);
	KUNIT_EXPECT_TRUE(test, is_valid(ctx));
	space_end(&space);
	KUNIT_EXPECT_FALSE(test, is_valid(ctx));
	damon_destroy_ctx(ctx);
}

/* A process is there as long as one of its threads is. */
static void targets_test_leaderless(struct kunit *test)
{
	struct space space;
	struct damon_ctx *ctx;

	space_begin_leaderless(test, &space);
	ctx = new_ctx(test, &space);
	KUNIT_EXPECT_TRUE(test, is_valid(ctx));
	KUNIT_EXPECT_EQ(test, sees_accesses(test, ctx, &space), 1);
	space_end(&space);
	KUNIT_EXPECT_FALSE(test, is_valid(ctx));
	damon_destroy_ctx(ctx);
}

static struct kunit_case targets_cases[] = {
	KUNIT_CASE(targets_test_process),
	KUNIT_CASE(targets_test_zombie),
	KUNIT_CASE(targets_test_leaderless),
	{},
};

static struct kunit_suite targets_suite = {
	.name = "damon-operations-targets",
	.test_cases = targets_cases,
};

kunit_test_suite(targets_suite);
