// SPDX-License-Identifier: GPL-2.0

#include <linux/damon.h>
#include <linux/sched/cputime.h>
#include <linux/sched/task.h>

#ifdef CONFIG_DAMON
__rust_helper unsigned long rust_helper_damon_rand(struct damon_ctx *ctx,
						   unsigned long l,
						   unsigned long r)
{
	return damon_rand(ctx, l, r);
}

/*
 * There is no such function in C.  Returns a counted reference to the thread that runs on a
 * context, if one does.
 */
__rust_helper struct task_struct *rust_helper_damon_kdamond(struct damon_ctx *ctx)
{
	struct task_struct *kdamond;

	mutex_lock(&ctx->kdamond_lock);
	kdamond = ctx->kdamond;
	if (kdamond)
		get_task_struct(kdamond);
	mutex_unlock(&ctx->kdamond_lock);
	return kdamond;
}

/* There is no such function in C.  Returns whether a thread has ended, or is about to. */
__rust_helper bool rust_helper_damon_kdamond_ended(struct task_struct *kdamond)
{
	return READ_ONCE(kdamond->flags) & PF_EXITING;
}

__rust_helper unsigned long long
rust_helper_damon_kdamond_runtime(struct task_struct *kdamond)
{
	return task_sched_runtime(kdamond);
}
#endif
