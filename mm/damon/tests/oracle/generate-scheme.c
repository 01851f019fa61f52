// SPDX-License-Identifier: GPL-2.0
/*
 * Makes scenarios from numbers: schemes
 */

#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/sizes.h>

#include "scenario.h"

static void generate_pattern(struct rnd_state *rnd,
			     struct damos_access_pattern *p)
{
	p->min_sz_region = oracle_pick(rnd, 0, 0, 0, SZ_4K, SZ_1M, ULONG_MAX);
	p->max_sz_region = oracle_pick(rnd, ULONG_MAX, ULONG_MAX, ULONG_MAX, 0,
				       SZ_4K, SZ_64K, SZ_16M);
	p->min_nr_accesses = oracle_pick(rnd, 0, 0, 0, 1, 1, 3, 5, 20, UINT_MAX);
	p->max_nr_accesses = oracle_pick(rnd, UINT_MAX, UINT_MAX, UINT_MAX, 0, 0,
					 1, 4, 5, 20);
	p->min_age_region = oracle_pick(rnd, 0, 0, 0, 1, 2, 5, UINT_MAX);
	p->max_age_region = oracle_pick(rnd, UINT_MAX, UINT_MAX, UINT_MAX, 0, 3,
					10);
}

static void generate_quota(struct rnd_state *rnd, struct damos_quota *q)
{
	q->reset_interval = oracle_pick(rnd, 0, 1, 10, 50, 100, 100, 500, 1000,
					ULONG_MAX);
	q->ms = oracle_pick(rnd, 0, 0, 0, 1, 5, 100, ULONG_MAX);
	q->sz = oracle_pick(rnd, 0, 0, 1, SZ_4K, SZ_4K, SZ_64K, SZ_64K, SZ_1M,
			    SZ_16M, ORACLE_POW2(55), ULONG_MAX);
	q->goal_tuner = oracle_pick(rnd, DAMOS_QUOTA_GOAL_TUNER_CONSIST,
				    DAMOS_QUOTA_GOAL_TUNER_TEMPORAL);
	if (oracle_chance(rnd, 50)) {
		q->fail_charge_num = oracle_pick(rnd, 0, 1, 1, 3, UINT_MAX);
		q->fail_charge_denom = oracle_pick(rnd, 0, 1, 2, 10, 4096,
						   UINT_MAX);
	}
	q->weight_sz = oracle_pick(rnd, 0, 1, 100, 1000);
	q->weight_nr_accesses = oracle_pick(rnd, 0, 1, 100, 1000);
	q->weight_age = oracle_pick(rnd, 0, 1, 100, 1000);
}

/* The node, mostly the one that there is, and the cgroup likewise. */
static void generate_goal(struct rnd_state *rnd, struct damos_quota_goal *g,
			  bool pages)
{
	g->metric = oracle_below(rnd, NR_DAMOS_QUOTA_GOAL_METRICS);
	/* Of huge spans, this would never come to an end. */
	if (g->metric == DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP && !pages)
		g->metric = DAMOS_QUOTA_ACTIVE_MEM_BP;
	g->target_value = oracle_pick(rnd, 1, 50, 500, 5000, 9999, 10000, 10000,
				      ULONG_MAX);
	if (oracle_chance(rnd, 1))
		g->target_value = 0;
	switch (g->metric) {
	case DAMOS_QUOTA_USER_INPUT:
		g->current_value = oracle_pick(rnd, 0, 1, 4999, 10000, 15000,
					       30000, ULONG_MAX);
		break;
	case DAMOS_QUOTA_NODE_MEM_USED_BP:
	case DAMOS_QUOTA_NODE_MEM_FREE_BP:
	case DAMOS_QUOTA_NODE_MEMCG_USED_BP:
	case DAMOS_QUOTA_NODE_MEMCG_FREE_BP:
	case DAMOS_QUOTA_NODE_ELIGIBLE_MEM_BP:
		g->nid = (int)oracle_pick(rnd, ORACLE_NODE, ORACLE_NODE,
					  ORACLE_NODE, 1, NUMA_NO_NODE, INT_MAX);
		break;
	default:
		break;
	}
	if (g->metric == DAMOS_QUOTA_NODE_MEMCG_USED_BP ||
	    g->metric == DAMOS_QUOTA_NODE_MEMCG_FREE_BP)
		g->memcg_id = oracle_pick(rnd, ORACLE_MEMCG_ID, ORACLE_MEMCG_ID, 0);
}

static void generate_filter(struct rnd_state *rnd, struct damos_filter *f,
			    const struct oracle_scenario *scenario)
{
	unsigned long span = scenario->span.end - scenario->span.start;

	f->type = oracle_pick(rnd, DAMOS_FILTER_TYPE_ADDR, DAMOS_FILTER_TYPE_ADDR,
			      DAMOS_FILTER_TYPE_TARGET,
			      oracle_below(rnd, NR_DAMOS_FILTER_TYPES));
	f->matching = oracle_chance(rnd, 50);
	f->allow = oracle_chance(rnd, 50);
	switch (f->type) {
	case DAMOS_FILTER_TYPE_ADDR:
		f->addr_range.start = scenario->span.start +
			oracle_below(rnd, span);
		f->addr_range.end = f->addr_range.start +
			oracle_below(rnd, oracle_pick(rnd, SZ_4K, span / 20 + 1,
						      span));
		break;
	case DAMOS_FILTER_TYPE_TARGET:
		f->target_idx = (int)oracle_pick(rnd, 0, 0, 1, 2, -1);
		break;
	case DAMOS_FILTER_TYPE_MEMCG:
		f->memcg_id = oracle_below(rnd, 100);
		break;
	case DAMOS_FILTER_TYPE_HUGEPAGE_SIZE:
		f->sz_range.min = oracle_pick(rnd, 0, SZ_2M);
		f->sz_range.max = oracle_pick(rnd, SZ_2M, ULONG_MAX);
		break;
	default:
		break;
	}
}

static void generate_wmarks(struct rnd_state *rnd, struct damos_watermarks *w)
{
	w->metric = DAMOS_WMARK_FREE_MEM_RATE;
	w->interval = oracle_pick(rnd, 0, 1, 1000, 5000, 100000, 5000000);
	w->high = oracle_pick(rnd, 1000, 900, 600, 0, ULONG_MAX);
	w->mid = oracle_pick(rnd, w->high, 500, 300);
	w->low = oracle_pick(rnd, 0, 0, 100, 200, w->mid);
}

/*
 * A region that is larger than what a quota has left is split, and if a filter then
 * rejects the part, nothing is charged: a core cuts all of it into such parts.
 */
static bool may_take_long(const struct oracle_scenario *scenario,
			  const struct oracle_params *params)
{
	unsigned long span = scenario->span.end - scenario->span.start;

	return span / max(params->min_region_sz, 1UL) > 4096;
}

/*
 * A commit that fails half way can leave the quota of one scheme with the filters of
 * another one. In a huge span that would never end, so its scenarios have either.
 */
static bool is_huge(const struct oracle_scenario *scenario)
{
	return scenario->span.end - scenario->span.start > SZ_256M;
}

static bool may_limit(const struct oracle_scenario *scenario)
{
	return !is_huge(scenario) || scenario->seed & 2;
}

static bool may_filter(const struct oracle_scenario *scenario)
{
	return !is_huge(scenario) || !(scenario->seed & 2);
}

void oracle_generate_scheme(struct rnd_state *rnd, struct oracle_scheme *s,
			    const struct oracle_scenario *scenario,
			    const struct oracle_params *params)
{
	unsigned int i;

	generate_pattern(rnd, &s->pattern);
	s->action = oracle_below(rnd, NR_DAMOS_ACTIONS);
	s->apply_interval_us = oracle_pick(rnd, 0, 0, 0, 1, 1000,
					   params->attrs.sample_interval,
					   params->attrs.aggr_interval,
					   params->attrs.aggr_interval * 3);
	s->target_nid = (int)oracle_pick(rnd, NUMA_NO_NODE, 0, 1);
	if (oracle_chance(rnd, 15))
		s->max_nr_snapshots = oracle_pick(rnd, 1, 2, 5, 50);
	if (oracle_chance(rnd, 60) && may_limit(scenario))
		generate_quota(rnd, &s->quota);
	if (oracle_chance(rnd, 35) && may_limit(scenario))
		s->nr_goals = 1 + oracle_below(rnd, ORACLE_MAX_GOALS);
	for (i = 0; i < s->nr_goals; i++)
		generate_goal(rnd, &s->goals[i], scenario->pages);
	if (oracle_chance(rnd, 50) &&
	    !((s->quota.ms || s->quota.sz || s->nr_goals) &&
	      may_take_long(scenario, params)) && may_filter(scenario))
		s->nr_filters = 1 + oracle_below(rnd, ORACLE_MAX_FILTERS);
	for (i = 0; i < s->nr_filters; i++)
		generate_filter(rnd, &s->filters[i], scenario);
	if (oracle_chance(rnd, 15))
		generate_wmarks(rnd, &s->wmarks);
	if (oracle_chance(rnd, 20))
		s->nr_dests = 1 + oracle_below(rnd, ORACLE_MAX_DESTS);
	for (i = 0; i < s->nr_dests; i++) {
		s->dest_nids[i] = oracle_below(rnd, 4);
		s->dest_weights[i] = oracle_below(rnd, 100);
	}
}
