/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit test of the DAMON sysfs interface tests of the Rust code
 */

#ifndef _DAMON_SYSFS_KUNIT_SHIM_H
#define _DAMON_SYSFS_KUNIT_SHIM_H

#include <linux/damon.h>

/* Implemented in rust/kernel/damon/context/kunit_shim.rs. */
int damon_sysfs_rust_add_target(struct damon_ctx *ctx, int pid, bool obsolete,
				const struct damon_addr_range *ranges,
				unsigned int nr_ranges);

#endif /* _DAMON_SYSFS_KUNIT_SHIM_H */
