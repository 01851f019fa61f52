/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations in C, beside those that the kernel uses
 */
#ifndef _DAMON_REF_OPS_H
#define _DAMON_REF_OPS_H

#include <linux/damon.h>

/* Tables of the operations in C.  Those that C does not have are not set. */
const struct damon_operations *ref_vaddr_ops(void);
const struct damon_operations *ref_fvaddr_ops(void);
const struct damon_operations *ref_paddr_ops(void);

#endif /* _DAMON_REF_OPS_H */
