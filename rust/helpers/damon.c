// SPDX-License-Identifier: GPL-2.0

#include <linux/damon.h>

#ifdef CONFIG_DAMON
__rust_helper unsigned long rust_helper_damon_rand(struct damon_ctx *ctx,
						   unsigned long l,
						   unsigned long r)
{
	return damon_rand(ctx, l, r);
}
#endif
