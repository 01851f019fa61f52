// SPDX-License-Identifier: GPL-2.0
/*
 * The KUnit test of the DAMON sysfs interface, for the one in Rust
 *
 * The test looks into structures of the implementation in C.  Here they have
 * only what it uses, and damon_sysfs_add_targets() calls the function that
 * adds a target for the files.  How that function is given what the files say
 * is not tested by this, but by the KUnit tests in Rust and by the selftests.
 */

#include <linux/damon.h>
#include <linux/slab.h>

#include "kunit-shim.h"

struct damon_sysfs_regions {
	struct damon_addr_range *ranges;
	unsigned int nr;
};

struct damon_sysfs_target {
	struct damon_sysfs_regions *regions;
	int pid;
	bool obsolete;
};

struct damon_sysfs_targets {
	struct damon_sysfs_target **targets_arr;
	int nr;
};

static struct damon_sysfs_regions *damon_sysfs_regions_alloc(void)
{
	return kzalloc_obj(struct damon_sysfs_regions);
}

static struct damon_sysfs_target *damon_sysfs_target_alloc(void)
{
	return kzalloc_obj(struct damon_sysfs_target);
}

static struct damon_sysfs_targets *damon_sysfs_targets_alloc(void)
{
	return kzalloc_obj(struct damon_sysfs_targets);
}

static int damon_sysfs_add_targets(struct damon_ctx *ctx,
				   struct damon_sysfs_targets *sysfs_targets)
{
	int i, err;

	/*
	 * A new context says that its operations are those of number zero.
	 * That is not enough here: they must have been selected.
	 */
	err = damon_select_ops(ctx, ctx->ops.id);
	if (err)
		return err;

	for (i = 0; i < sysfs_targets->nr; i++) {
		struct damon_sysfs_target *t = sysfs_targets->targets_arr[i];

		err = damon_sysfs_rust_add_target(ctx, t->pid, t->obsolete,
						  t->regions->ranges,
						  t->regions->nr);
		if (err)
			return err;
	}
	return 0;
}

#include "../tests/sysfs-kunit.h"
