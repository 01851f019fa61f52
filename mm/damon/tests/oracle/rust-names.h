/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The names of the core in Rust that the oracle drives
 *
 * It is a copy of the object that the kernel has.  What it offers and what it asks
 * its helpers for gets the prefix rust_.  To be included before <linux/damon.h>,
 * whose declarations are renamed as well; the Makefile renames the symbols of the
 * object by this list.
 */
#ifndef _DAMON_RUST_NAMES_H
#define _DAMON_RUST_NAMES_H

#define damon_add_filter			rust_damon_add_filter
#define damon_add_probe				rust_damon_add_probe
#define damon_add_scheme			rust_damon_add_scheme
#define damon_add_target			rust_damon_add_target
#define damon_call				rust_damon_call
#define damon_commit_ctx			rust_damon_commit_ctx
#define damon_core_alloc_region			rust_damon_core_alloc_region
#define damon_core_charge			rust_damon_core_charge
#define damon_core_coarse_ns			rust_damon_core_coarse_ns
#define damon_core_debug_kdamond		rust_damon_core_debug_kdamond
#define damon_core_debug_wmark			rust_damon_core_debug_wmark
#define damon_core_free_mem_rate		rust_damon_core_free_mem_rate
#define damon_core_init				rust_damon_core_init
#define damon_core_init_ctx			rust_damon_core_init_ctx
#define damon_core_is_charged			rust_damon_core_is_charged
#define damon_core_jiffies			rust_damon_core_jiffies
#define damon_core_kdamond_fn			rust_damon_core_kdamond_fn
#define damon_core_lru_pages			rust_damon_core_lru_pages
#define damon_core_node_bytes			rust_damon_core_node_bytes
#define damon_core_node_mem			rust_damon_core_node_mem
#define damon_core_node_memcg_used		rust_damon_core_node_memcg_used
#define damon_core_node_online			rust_damon_core_node_online
#define damon_core_run_kdamond			rust_damon_core_run_kdamond
#define damon_core_should_stop			rust_damon_core_should_stop
#define damon_core_some_mem_psi_total		rust_damon_core_some_mem_psi_total
#define damon_core_start_guest			rust_damon_core_start_guest
#define damon_core_stop_guests			rust_damon_core_stop_guests
#define damon_core_system_ram			rust_damon_core_system_ram
#define damon_core_usleep			rust_damon_core_usleep
#define damon_core_viewer			rust_damon_core_viewer
#define damon_destroy_ctx			rust_damon_destroy_ctx
#define damon_destroy_filter			rust_damon_destroy_filter
#define damon_destroy_scheme			rust_damon_destroy_scheme
#define damon_destroy_target			rust_damon_destroy_target
#define damon_free_target			rust_damon_free_target
#define damon_initialized			rust_damon_initialized
#define damon_is_registered_ops			rust_damon_is_registered_ops
#define damon_is_running			rust_damon_is_running
#define damon_kdamond_pid			rust_damon_kdamond_pid
#define damon_new_ctx				rust_damon_new_ctx
#define damon_new_filter			rust_damon_new_filter
#define damon_new_probe				rust_damon_new_probe
#define damon_new_region			rust_damon_new_region
#define damon_new_scheme			rust_damon_new_scheme
#define damon_new_target			rust_damon_new_target
#define damon_nr_accesses_mvsum			rust_damon_nr_accesses_mvsum
#define damon_nr_regions			rust_damon_nr_regions
#define damon_nr_running_ctxs			rust_damon_nr_running_ctxs
#define damon_ops_lock				rust_damon_ops_lock
#define damon_probe_hits_mvsum			rust_damon_probe_hits_mvsum
#define damon_probe_hits_wsum			rust_damon_probe_hits_wsum
#define damon_region_cache			rust_damon_region_cache
#define damon_register_ops			rust_damon_register_ops
#define damon_registered_ops			rust_damon_registered_ops
#define damon_select_ops			rust_damon_select_ops
#define damon_set_attrs				rust_damon_set_attrs
#define damon_set_region_system_rams_default	rust_damon_set_region_system_rams_default
#define damon_set_regions			rust_damon_set_regions
#define damon_set_schemes			rust_damon_set_schemes
#define damon_start				rust_damon_start
#define damon_stop				rust_damon_stop
#define damon_targets_empty			rust_damon_targets_empty
#define damon_update_region_access_rate		rust_damon_update_region_access_rate
#define damos_add_filter			rust_damos_add_filter
#define damos_add_quota_goal			rust_damos_add_quota_goal
#define damos_commit_quota_goals		rust_damos_commit_quota_goals
#define damos_destroy_filter			rust_damos_destroy_filter
#define damos_destroy_quota_goal		rust_damos_destroy_quota_goal
#define damos_filter_for_ops			rust_damos_filter_for_ops
#define damos_new_filter			rust_damos_new_filter
#define damos_new_quota_goal			rust_damos_new_quota_goal
#define damos_walk				rust_damos_walk

#endif /* _DAMON_RUST_NAMES_H */
