// SPDX-License-Identifier: GPL-2.0
/*
 * The part of the DAMON core in Rust that has to be C
 */

#define pr_fmt(fmt) "damon: " fmt

#include <linux/completion.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string_choices.h>

#include "companion.h"

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include <trace/events/damon.h>

/* Protects damon_registered_ops. */
DEFINE_MUTEX(damon_ops_lock);
struct damon_operations damon_registered_ops[NR_DAMON_OPS];

struct kmem_cache *damon_region_cache __ro_after_init;

/* kmem_cache_alloc() is a macro. */
struct damon_region *damon_core_alloc_region(void)
{
	return kmem_cache_alloc(damon_region_cache, GFP_KERNEL);
}

/* Each use of mutex_init() defines a lock class of its own. */
void damon_core_init_ctx(struct damon_ctx *ctx)
{
	init_completion(&ctx->kdamond_started);
	mutex_init(&ctx->kdamond_lock);
	mutex_init(&ctx->call_controls_lock);
	mutex_init(&ctx->walk_control_lock);
}

/*
 * The thread's data is the context itself: debuggers find the context of a
 * kdamond there.
 */
struct task_struct *damon_core_run_kdamond(struct damon_ctx *ctx, int nr)
{
	return kthread_run(damon_core_kdamond_fn, ctx, "kdamond.%d", nr);
}

void damon_core_reinit_started(struct damon_ctx *ctx)
{
	reinit_completion(&ctx->kdamond_started);
}

/* These two are functions for the sake of dynamic debug. */
void damon_core_debug_kdamond(bool starts)
{
	pr_debug("kdamond (%d) %s\n", current->pid,
		 starts ? "starts" : "finishes");
}

void damon_core_debug_wmark(struct damos *scheme, bool activate, bool high)
{
	if (activate)
		pr_debug("activate a scheme (%d)\n", scheme->action);
	else
		pr_debug("deactivate a scheme (%d) for %s wmark\n",
			 scheme->action, str_high_low(high));
}

static int __init damon_init(void)
{
	damon_region_cache = KMEM_CACHE(damon_region, 0);
	if (unlikely(!damon_region_cache)) {
		pr_err("creating damon_region_cache fails\n");
		return -ENOMEM;
	}

	return damon_core_init();
}

subsys_initcall(damon_init);
