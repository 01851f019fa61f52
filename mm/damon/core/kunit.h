/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions of the DAMON core in Rust that only its KUnit tests call
 *
 * They are static in core.c, which includes the tests.
 */

#ifndef _DAMON_CORE_KUNIT_H
#define _DAMON_CORE_KUNIT_H

#include <linux/damon.h>

void damon_add_region(struct damon_region *r, struct damon_target *t);
void damon_free_region(struct damon_region *r);
void damon_destroy_region(struct damon_region *r, struct damon_target *t);
bool damon_is_last_region(struct damon_region *r, struct damon_target *t);
unsigned long damon_mvsum(unsigned long current_nr, unsigned long last_nr,
			  unsigned long left_window_bp);
void damon_update_monitoring_result(struct damon_region *r,
				    struct damon_attrs *old_attrs,
				    struct damon_attrs *new_attrs,
				    bool aggregating, struct damon_ctx *ctx);
int damon_commit_target_regions(struct damon_target *dst,
				struct damon_target *src,
				unsigned long src_min_region_sz);
unsigned long damon_apply_min_nr_regions(struct damon_ctx *ctx);
void damon_merge_two_regions(struct damon_target *t, struct damon_region *l,
			     struct damon_region *r);
void damon_merge_regions_of(struct damon_target *t, unsigned int thres,
			    unsigned long sz_limit, struct damon_ctx *ctx,
			    bool count_age);
int damon_split_region_at(struct damon_target *t, struct damon_region *r,
			  unsigned long sz_r);
void damon_split_regions_of(struct damon_ctx *ctx, struct damon_target *t,
			    int nr_subs, unsigned long min_region_sz);
void kdamond_reset_aggregated(struct damon_ctx *c);
void kdamond_split_regions(struct damon_ctx *ctx);

void damos_free_filter(struct damos_filter *f);
bool damos_filter_match(struct damon_ctx *ctx, struct damon_target *t,
			struct damon_region *r, struct damos_filter *filter,
			unsigned long min_region_sz, int *err);
void damos_set_filters_default_reject(struct damos *s);
int damos_commit_quota_goal(struct damos_quota_goal *dst,
			    struct damos_quota_goal *src);
int damos_commit_quota(struct damos_quota *dst, struct damos_quota *src);
void damos_commit_filter(struct damos_filter *dst, struct damos_filter *src);
int damos_commit_dests(struct damos_migrate_dests *dst,
		       struct damos_migrate_dests *src);
int damos_commit(struct damos *dst, struct damos *src);
unsigned long damon_feed_loop_next_input(unsigned long last_input,
					 unsigned long score);

#endif	/* _DAMON_CORE_KUNIT_H */
