/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operations in C and in Rust have of each other
 *
 * vaddr.c and paddr.c register the operations, with these functions in Rust if they
 * are built.  Those call back for what is not common.
 */
#ifndef _DAMON_OPS_HAND_OVER_H
#define _DAMON_OPS_HAND_OVER_H

#include <linux/damon.h>

struct folio;

#ifdef CONFIG_DAMON_OPS_RUST

/* In Rust */
void damon_ops_va_prepare_access_checks(struct damon_ctx *ctx);
unsigned int damon_ops_va_check_accesses(struct damon_ctx *ctx);
bool damon_ops_va_target_valid(struct damon_target *t);
void damon_ops_pa_prepare_access_checks(struct damon_ctx *ctx);
unsigned int damon_ops_pa_check_accesses(struct damon_ctx *ctx);
unsigned int damon_ops_pa_apply_probes(struct damon_ctx *ctx, bool set_samples,
				       bool return_max_wsum);

/* In vaddr.c: for one address, whatever is there */
void damon_ops_va_mkold(struct mm_struct *mm, unsigned long addr);
bool damon_ops_va_young(struct mm_struct *mm, unsigned long addr);

/* In paddr.c: whether memory, or none, passes the filters of a probe */
bool damon_ops_pa_filter_pass(struct folio *folio, struct damon_probe *probe);

/* In ops-common.c */
struct folio *damon_get_folio(unsigned long pfn);
/* In rmap.c: for a folio that the caller has a reference to */
void damon_ops_folio_mkold(struct folio *folio);
bool damon_ops_folio_young(struct folio *folio);

#ifdef CONFIG_DAMON_SYSFS_USERS
/* In Rust: makes operations for processes those of a user who is not root */
void damon_ops_guard(struct damon_operations *ops);

/* In vaddr.c: for areas that are locked, or the whole address space if mmap_locked */
int damon_ops_va_three_regions(struct mm_struct *mm,
			       struct damon_addr_range regions[3]);
void damon_ops_va_mkold_area(struct vm_area_struct *vma, unsigned long addr,
			     bool mmap_locked);
bool damon_ops_va_young_area(struct vm_area_struct *vma, unsigned long addr,
			     bool mmap_locked);
void damon_ops_va_stat_area(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, bool mmap_locked,
			    struct damos *s, unsigned long *sz_filter_passed);
/* In ops-common.c */
bool damos_ops_has_filter(struct damos *s);
#endif

static inline void damon_ops_hand_over_va(struct damon_operations *ops)
{
	ops->prepare_access_checks = damon_ops_va_prepare_access_checks;
	ops->check_accesses = damon_ops_va_check_accesses;
	ops->target_valid = damon_ops_va_target_valid;
}

static inline void damon_ops_hand_over_pa(struct damon_operations *ops)
{
	ops->prepare_access_checks = damon_ops_pa_prepare_access_checks;
	ops->check_accesses = damon_ops_pa_check_accesses;
	ops->apply_probes = damon_ops_pa_apply_probes;
}

#else

static inline void damon_ops_hand_over_va(struct damon_operations *ops)
{
}

static inline void damon_ops_hand_over_pa(struct damon_operations *ops)
{
}

#endif /* CONFIG_DAMON_OPS_RUST */

#endif /* _DAMON_OPS_HAND_OVER_H */
