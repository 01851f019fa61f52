// SPDX-License-Identifier: GPL-2.0
/*
 * The core in Rust that the oracle drives, with helpers in the oracle's environment
 *
 * The object of the core is the one of the kernel, byte for byte except for the names
 * of its symbols.  Thus the kernel's own core, and what it asks, are as they are
 * without the oracle.
 */

/* As helpers.c has it, whose headers are included here first. */
#define pr_fmt(fmt) "damon: " fmt

#include "rust-names.h"
#include "env-override.h"

#include <linux/damon.h>
#include <linux/slab.h>

#include "ref-core.h"

/* The kernel's core has a cache of this name. */
#undef KMEM_CACHE
#define KMEM_CACHE(type, flags)						\
	kmem_cache_create("rust_" #type, sizeof(struct type),		\
			  __alignof__(struct type), flags, NULL)

#include "../../core/helpers.c"

static int rust_run_kdamond(struct damon_ctx *ctx)
{
	return damon_core_kdamond_fn(ctx);
}

const struct damon_core_functions rust_core_functions = {
	.name = "Rust",
#include "ref-table.h"
	.run_kdamond = rust_run_kdamond,
};
