// SPDX-License-Identifier: GPL-2.0
/*
 * Records everything that a context holds
 */

#include "record.h"

static int target_index(struct damon_ctx *ctx, struct damon_target *target)
{
	struct damon_target *t;
	int i = 0;

	damon_for_each_target(t, ctx) {
		if (t == target)
			return i;
		i++;
	}
	return -1;
}

static void record_region(struct oracle_record *record, struct damon_region *r,
			  int target, int region)
{
	int i;

	oracle_record_at(record, "region.start", target, region, r->ar.start);
	oracle_record_at(record, "region.end", target, region, r->ar.end);
	oracle_record_at(record, "region.nr_accesses", target, region,
			 r->nr_accesses);
	oracle_record_at(record, "region.last_nr_accesses", target, region,
			 r->last_nr_accesses);
	oracle_record_at(record, "region.age", target, region, r->age);
	for (i = 0; i < DAMON_MAX_PROBES; i++) {
		oracle_record_at(record, "region.probe_hits", target, region,
				 r->probe_hits[i]);
		oracle_record_at(record, "region.last_probe_hits", target, region,
				 r->last_probe_hits[i]);
	}
}

static void record_goal(struct oracle_record *record, struct damos_quota_goal *g,
			int scheme, int goal)
{
	oracle_record_at(record, "goal.metric", scheme, goal, g->metric);
	oracle_record_at(record, "goal.target_value", scheme, goal,
			 g->target_value);
	oracle_record_at(record, "goal.current_value", scheme, goal,
			 g->current_value);
	switch (g->metric) {
	case DAMOS_QUOTA_SOME_MEM_PSI_US:
		oracle_record_at(record, "goal.last_psi_total", scheme, goal,
				 g->last_psi_total);
		break;
	case DAMOS_QUOTA_NODE_MEMCG_USED_BP:
	case DAMOS_QUOTA_NODE_MEMCG_FREE_BP:
		oracle_record_at(record, "goal.memcg_id", scheme, goal,
				 g->memcg_id);
		fallthrough;
	case DAMOS_QUOTA_NODE_MEM_USED_BP:
	case DAMOS_QUOTA_NODE_MEM_FREE_BP:
	case DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP:
		oracle_record_at(record, "goal.nid", scheme, goal, g->nid);
		break;
	default:
		break;
	}
}

static void record_filter(struct oracle_record *record, struct damos_filter *f,
			  int scheme, int filter)
{
	oracle_record_at(record, "filter.type", scheme, filter, f->type);
	oracle_record_at(record, "filter.matching", scheme, filter, f->matching);
	oracle_record_at(record, "filter.allow", scheme, filter, f->allow);
	switch (f->type) {
	case DAMOS_FILTER_TYPE_MEMCG:
		oracle_record_at(record, "filter.memcg_id", scheme, filter,
				 f->memcg_id);
		break;
	case DAMOS_FILTER_TYPE_ADDR:
		oracle_record_at(record, "filter.addr_range.start", scheme, filter,
				 f->addr_range.start);
		oracle_record_at(record, "filter.addr_range.end", scheme, filter,
				 f->addr_range.end);
		break;
	case DAMOS_FILTER_TYPE_TARGET:
		oracle_record_at(record, "filter.target_idx", scheme, filter,
				 f->target_idx);
		break;
	case DAMOS_FILTER_TYPE_HUGEPAGE_SIZE:
		oracle_record_at(record, "filter.sz_range.min", scheme, filter,
				 f->sz_range.min);
		oracle_record_at(record, "filter.sz_range.max", scheme, filter,
				 f->sz_range.max);
		break;
	default:
		break;
	}
}

#define RECORD(value)	oracle_record_at(record, #value, i, -1, value)

static void record_quota(struct oracle_record *record, struct damon_ctx *ctx,
			 struct damos *s, int i)
{
	struct damos_quota_goal *goal;
	int j = 0;

	RECORD(s->quota.reset_interval);
	RECORD(s->quota.ms);
	RECORD(s->quota.sz);
	RECORD(s->quota.goal_tuner);
	RECORD(s->quota.esz);
	RECORD(s->quota.fail_charge_num);
	RECORD(s->quota.fail_charge_denom);
	RECORD(s->quota.weight_sz);
	RECORD(s->quota.weight_nr_accesses);
	RECORD(s->quota.weight_age);
	RECORD(s->quota.total_charged_sz);
	RECORD(s->quota.total_charged_ns);
	RECORD(s->quota.charged_sz);
	RECORD(s->quota.charged_from);
	oracle_record_at(record, "quota.charge_target_from", i, -1,
			 s->quota.charge_target_from ?
			 target_index(ctx, s->quota.charge_target_from) : -2);
	RECORD(s->quota.charge_addr_from);
	RECORD(s->quota.min_score);
	RECORD(s->quota.esz_bp);
	damos_for_each_quota_goal(goal, &s->quota)
		record_goal(record, goal, i, j++);
	oracle_record_at(record, "nr of goals", i, -1, j);
}

static void record_scheme(struct oracle_record *record, struct damon_ctx *ctx,
			  struct damos *s, int i)
{
	struct damos_filter *filter;
	size_t dest;
	int j = 0;

	RECORD(s->pattern.min_sz_region);
	RECORD(s->pattern.max_sz_region);
	RECORD(s->pattern.min_nr_accesses);
	RECORD(s->pattern.max_nr_accesses);
	RECORD(s->pattern.min_age_region);
	RECORD(s->pattern.max_age_region);
	RECORD(s->action);
	RECORD(s->apply_interval_us);
	record_quota(record, ctx, s, i);
	RECORD(s->wmarks.metric);
	RECORD(s->wmarks.interval);
	RECORD(s->wmarks.high);
	RECORD(s->wmarks.mid);
	RECORD(s->wmarks.low);
	RECORD(s->wmarks.activated);
	RECORD(s->target_nid);
	RECORD(s->migrate_dests.nr_dests);
	for (dest = 0; dest < s->migrate_dests.nr_dests; dest++) {
		oracle_record_at(record, "dest.nid", i, dest,
				 s->migrate_dests.node_id_arr[dest]);
		oracle_record_at(record, "dest.weight", i, dest,
				 s->migrate_dests.weight_arr[dest]);
	}
	RECORD(s->stat.nr_tried);
	RECORD(s->stat.sz_tried);
	RECORD(s->stat.nr_applied);
	RECORD(s->stat.sz_applied);
	RECORD(s->stat.sz_ops_filter_passed);
	RECORD(s->stat.qt_exceeds);
	RECORD(s->stat.nr_snapshots);
	RECORD(s->max_nr_snapshots);
	RECORD(s->next_apply_sis);
	RECORD(s->walk_completed);
	RECORD(s->core_filters_allowed);
	RECORD(s->core_filters_default_reject);
	RECORD(s->ops_filters_default_reject);
	damos_for_each_core_filter(filter, s)
		record_filter(record, filter, i, j++);
	oracle_record_at(record, "nr of core filters", i, -1, j);
	damos_for_each_ops_filter(filter, s)
		record_filter(record, filter, i, j++);
	oracle_record_at(record, "nr of filters", i, -1, j);
	oracle_record_at(record, "last_applied", i, -1, !!s->last_applied);
}

static void record_probe(struct oracle_record *record, struct damon_probe *p,
			 int probe)
{
	struct damon_filter *f;
	int j = 0;

	oracle_record_at(record, "probe.weight", probe, -1, p->weight);
	damon_for_each_filter(f, p) {
		oracle_record_at(record, "probe.filter.type", probe, j, f->type);
		oracle_record_at(record, "probe.filter.matching", probe, j,
				 f->matching);
		oracle_record_at(record, "probe.filter.allow", probe, j, f->allow);
		if (f->type == DAMON_FILTER_TYPE_MEMCG)
			oracle_record_at(record, "probe.filter.memcg_id", probe, j,
					 f->memcg_id);
		j++;
	}
	oracle_record_at(record, "nr of probe filters", probe, -1, j);
}

#undef RECORD
#define RECORD(value)	oracle_record(record, #value, value)

/* oracle_record_ctx() - Record everything that @ctx holds. */
void oracle_record_ctx(struct oracle_record *record, struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;
	struct damon_probe *p;
	struct damos *s;
	int i = 0, j;

	RECORD(ctx->passed_sample_intervals);
	RECORD(ctx->next_aggregation_sis);
	RECORD(ctx->next_ops_update_sis);
	RECORD(ctx->next_intervals_tune_sis);
	RECORD(ctx->attrs.sample_interval);
	RECORD(ctx->attrs.aggr_interval);
	RECORD(ctx->attrs.ops_update_interval);
	RECORD(ctx->attrs.intervals_goal.access_bp);
	RECORD(ctx->attrs.intervals_goal.aggrs);
	RECORD(ctx->attrs.intervals_goal.min_sample_us);
	RECORD(ctx->attrs.intervals_goal.max_sample_us);
	RECORD(ctx->attrs.min_nr_regions);
	RECORD(ctx->attrs.max_nr_regions);
	RECORD(ctx->attrs.aggr_samples);
	RECORD(ctx->call_controls_obsolete);
	RECORD(ctx->walk_control_obsolete);
	oracle_record(record, "walk_control", !!ctx->walk_control);
	RECORD(ctx->maybe_corrupted);
	RECORD(ctx->addr_unit);
	RECORD(ctx->min_region_sz);
	RECORD(ctx->pause);
	RECORD(ctx->ops.id);
	RECORD(ctx->rnd_state.s1);
	RECORD(ctx->rnd_state.s2);
	RECORD(ctx->rnd_state.s3);
	RECORD(ctx->rnd_state.s4);
	damon_for_each_target(t, ctx) {
		oracle_record_at(record, "target.nr_regions", i, -1,
				 t->nr_regions);
		oracle_record_at(record, "target.obsolete", i, -1, t->obsolete);
		oracle_record_at(record, "target.pid", i, -1, !!t->pid);
		j = 0;
		damon_for_each_region(r, t)
			record_region(record, r, i, j++);
		oracle_record_at(record, "nr of regions", i++, -1, j);
	}
	oracle_record(record, "nr of targets", i);
	i = 0;
	damon_for_each_scheme(s, ctx)
		record_scheme(record, ctx, s, i++);
	oracle_record(record, "nr of schemes", i);
	i = 0;
	damon_for_each_probe(p, ctx)
		record_probe(record, p, i++);
	oracle_record(record, "nr of probes", i);
}
