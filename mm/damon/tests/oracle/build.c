// SPDX-License-Identifier: GPL-2.0
/*
 * Makes contexts of parameters, with the functions of a core
 *
 * Parameters that a function refuses are left in the context where a user could
 * have put them: what commits and starts contexts has to refuse them as well.
 */

#include "drive.h"

static void build_target(struct oracle_run *run, struct damon_ctx *ctx,
			 const struct oracle_params *params,
			 const struct oracle_target *from)
{
	struct damon_addr_range ranges[ORACLE_MAX_RANGES];
	struct damon_target *t = run->core->new_target();
	unsigned long unit = params->min_region_sz;

	KUNIT_ASSERT_NOT_NULL(run->test, t);
	if (damon_target_has_pid(ctx))
		t->pid = get_pid(run->pid);
	t->obsolete = from->obsolete;
	run->core->add_target(ctx, t);
	/* Only what commits a context looks at whether that is a power of two. */
	if (!is_power_of_2(unit))
		unit = DAMON_MIN_REGION_SZ;
	memcpy(ranges, from->ranges, sizeof(ranges));
	oracle_record(run->record, "set_regions()",
		      run->core->set_regions(t, ranges, from->nr_ranges, unit));
}

static void build_probe(struct oracle_run *run, struct damon_ctx *ctx,
			const struct oracle_probe *from)
{
	struct damon_probe *probe = run->core->new_probe();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(run->test, probe);
	probe->weight = from->weight;
	for (i = 0; i < from->nr_filters; i++) {
		const struct damon_filter *f = &from->filters[i];
		struct damon_filter *filter;

		filter = run->core->new_probe_filter(f->type, f->matching,
						     f->allow);
		KUNIT_ASSERT_NOT_NULL(run->test, filter);
		filter->memcg_id = f->memcg_id;
		run->core->add_probe_filter(probe, filter);
	}
	run->core->add_probe(ctx, probe);
}

/* oracle_build_goals() - Add the goals of a scheme to @quota. */
void oracle_build_goals(struct oracle_run *run, struct damos_quota *quota,
			const struct oracle_scheme *from)
{
	unsigned int i;

	for (i = 0; i < from->nr_goals; i++) {
		const struct damos_quota_goal *g = &from->goals[i];
		struct damos_quota_goal *goal;

		goal = run->core->new_goal(g->metric, g->target_value);
		KUNIT_ASSERT_NOT_NULL(run->test, goal);
		goal->current_value = g->current_value;
		/* For this one, the core has put something into the union. */
		if (g->metric != DAMOS_QUOTA_SOME_MEM_PSI_US) {
			goal->nid = g->nid;
			goal->memcg_id = g->memcg_id;
		}
		run->core->add_goal(quota, goal);
	}
}

static void build_dests(struct oracle_run *run, struct damos *scheme,
			const struct oracle_scheme *from)
{
	struct damos_migrate_dests *dests = &scheme->migrate_dests;
	size_t size = from->nr_dests * sizeof(unsigned int);

	if (!from->nr_dests)
		return;
	dests->node_id_arr = kmemdup(from->dest_nids, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(run->test, dests->node_id_arr);
	dests->weight_arr = kmemdup(from->dest_weights, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(run->test, dests->weight_arr);
	dests->nr_dests = from->nr_dests;
}

static struct damos *build_scheme(struct oracle_run *run,
				  const struct oracle_scheme *from)
{
	struct damos_access_pattern pattern = from->pattern;
	struct damos_watermarks wmarks = from->wmarks;
	struct damos_quota quota = from->quota;
	struct damos *scheme;
	unsigned int i;

	scheme = run->core->new_scheme(&pattern, from->action,
				       from->apply_interval_us, &quota, &wmarks,
				       from->target_nid);
	KUNIT_ASSERT_NOT_NULL(run->test, scheme);
	scheme->max_nr_snapshots = from->max_nr_snapshots;
	for (i = 0; i < from->nr_filters; i++) {
		const struct damos_filter *f = &from->filters[i];
		struct damos_filter *filter;

		filter = run->core->new_scheme_filter(f->type, f->matching,
						      f->allow);
		KUNIT_ASSERT_NOT_NULL(run->test, filter);
		/* the largest of the union */
		filter->addr_range = f->addr_range;
		run->core->add_scheme_filter(scheme, filter);
	}
	oracle_build_goals(run, &scheme->quota, from);
	build_dests(run, scheme, from);
	return scheme;
}

/* oracle_build() - Make a context of @params. */
struct damon_ctx *oracle_build(struct oracle_run *run,
			       const struct oracle_params *params)
{
	struct damos *schemes[ORACLE_MAX_SCHEMES];
	struct damon_attrs attrs = params->attrs;
	struct damon_ctx *ctx = run->core->new_ctx();
	unsigned int i;
	int err;

	KUNIT_ASSERT_NOT_NULL(run->test, ctx);
	prandom_seed_state(&ctx->rnd_state, run->scenario->seed);
	oracle_set_ops(ctx, params);
	ctx->addr_unit = params->addr_unit;
	ctx->min_region_sz = params->min_region_sz;
	ctx->pause = params->pause;
	err = run->core->set_attrs(ctx, &attrs);
	oracle_record(run->record, "set_attrs()", err);
	if (err)
		ctx->attrs = params->attrs;
	for (i = 0; i < params->nr_targets; i++)
		build_target(run, ctx, params, &params->targets[i]);
	for (i = 0; i < params->nr_probes; i++)
		build_probe(run, ctx, &params->probes[i]);
	for (i = 0; i < params->nr_schemes; i++)
		schemes[i] = build_scheme(run, &params->schemes[i]);
	/* Both ways to add schemes */
	if (oracle_rest(run->scenario->seed, 3)) {
		run->core->set_schemes(ctx, schemes, params->nr_schemes);
	} else {
		for (i = 0; i < params->nr_schemes; i++)
			run->core->add_scheme(ctx, schemes[i]);
	}
	return ctx;
}
