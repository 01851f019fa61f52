/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two cores side by side: tables of the functions of <linux/damon.h>
 */
#ifndef _DAMON_REF_CORE_H
#define _DAMON_REF_CORE_H

#include <linux/damon.h>

/*
 * struct damon_core_functions - A core.
 * @name:		The language that it is written in.
 * @run_kdamond:	Does what the kdamond of a context does, until that is to
 *			stop (only for the oracle).
 *
 * The other members are functions of <linux/damon.h>, as ref-table.h has them.
 * Where ref-names.h is in effect, they are those of the reference core.
 */
struct damon_core_functions {
	const char *name;
	typeof(damon_new_ctx) *new_ctx;
	typeof(damon_destroy_ctx) *destroy_ctx;
	typeof(damon_set_attrs) *set_attrs;
	typeof(damon_set_schemes) *set_schemes;
	typeof(damon_commit_ctx) *commit_ctx;
	typeof(damon_start) *start;
	typeof(damon_stop) *stop;
	typeof(damon_call) *call;
	typeof(damos_walk) *walk;
	typeof(damon_new_target) *new_target;
	typeof(damon_add_target) *add_target;
	typeof(damon_targets_empty) *targets_empty;
	typeof(damon_nr_regions) *nr_regions;
	typeof(damon_set_regions) *set_regions;
	typeof(damon_update_region_access_rate) *update_region_access_rate;
	typeof(damon_nr_accesses_mvsum) *nr_accesses_mvsum;
	typeof(damon_probe_hits_mvsum) *probe_hits_mvsum;
	typeof(damon_probe_hits_wsum) *probe_hits_wsum;
	typeof(damon_new_scheme) *new_scheme;
	typeof(damon_add_scheme) *add_scheme;
	typeof(damos_new_filter) *new_scheme_filter;
	typeof(damos_add_filter) *add_scheme_filter;
	typeof(damos_new_quota_goal) *new_goal;
	typeof(damos_add_quota_goal) *add_goal;
	typeof(damos_destroy_quota_goal) *destroy_goal;
	typeof(damos_commit_quota_goals) *commit_goals;
	typeof(damon_new_probe) *new_probe;
	typeof(damon_add_probe) *add_probe;
	typeof(damon_new_filter) *new_probe_filter;
	typeof(damon_add_filter) *add_probe_filter;
	int (*run_kdamond)(struct damon_ctx *ctx);
};

/* core.c under other names */
extern const struct damon_core_functions ref_core_functions;
/* The core in Rust under other names, for the oracle */
extern const struct damon_core_functions rust_core_functions;

#endif /* _DAMON_REF_CORE_H */
