/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of the reference core
 *
 * Everything that mm/damon/core.c defines for others gets the prefix ref_, so
 * that it can be linked beside the core of the kernel.  To be included before
 * <linux/damon.h>, whose declarations are renamed as well.
 */
#ifndef _DAMON_REF_NAMES_H
#define _DAMON_REF_NAMES_H

#define damon_add_filter			ref_damon_add_filter
#define damon_add_probe				ref_damon_add_probe
#define damon_add_scheme			ref_damon_add_scheme
#define damon_add_target			ref_damon_add_target
#define damon_call				ref_damon_call
#define damon_commit_ctx			ref_damon_commit_ctx
#define damon_destroy_ctx			ref_damon_destroy_ctx
#define damon_destroy_filter			ref_damon_destroy_filter
#define damon_destroy_scheme			ref_damon_destroy_scheme
#define damon_destroy_target			ref_damon_destroy_target
#define damon_free_target			ref_damon_free_target
#define damon_initialized			ref_damon_initialized
#define damon_is_registered_ops			ref_damon_is_registered_ops
#define damon_is_running			ref_damon_is_running
#define damon_kdamond_pid			ref_damon_kdamond_pid
#define damon_new_ctx				ref_damon_new_ctx
#define damon_new_filter			ref_damon_new_filter
#define damon_new_probe				ref_damon_new_probe
#define damon_new_region			ref_damon_new_region
#define damon_new_scheme			ref_damon_new_scheme
#define damon_new_target			ref_damon_new_target
#define damon_nr_accesses_mvsum			ref_damon_nr_accesses_mvsum
#define damon_nr_regions			ref_damon_nr_regions
#define damon_nr_running_ctxs			ref_damon_nr_running_ctxs
#define damon_probe_hits_mvsum			ref_damon_probe_hits_mvsum
#define damon_probe_hits_wsum			ref_damon_probe_hits_wsum
#define damon_register_ops			ref_damon_register_ops
#define damon_select_ops			ref_damon_select_ops
#define damon_set_attrs				ref_damon_set_attrs
#define damon_set_region_system_rams_default	ref_damon_set_region_system_rams_default
#define damon_set_regions			ref_damon_set_regions
#define damon_set_schemes			ref_damon_set_schemes
#define damon_start				ref_damon_start
#define damon_stop				ref_damon_stop
#define damon_targets_empty			ref_damon_targets_empty
#define damon_update_region_access_rate		ref_damon_update_region_access_rate
#define damos_add_filter			ref_damos_add_filter
#define damos_add_quota_goal			ref_damos_add_quota_goal
#define damos_commit_quota_goals		ref_damos_commit_quota_goals
#define damos_destroy_filter			ref_damos_destroy_filter
#define damos_destroy_quota_goal		ref_damos_destroy_quota_goal
#define damos_filter_for_ops			ref_damos_filter_for_ops
#define damos_new_filter			ref_damos_new_filter
#define damos_new_quota_goal			ref_damos_new_quota_goal
#define damos_walk				ref_damos_walk

#endif /* _DAMON_REF_NAMES_H */
