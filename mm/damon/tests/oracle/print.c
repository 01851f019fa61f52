// SPDX-License-Identifier: GPL-2.0
/*
 * Prints a scenario for a person
 *
 * What is zero, or otherwise as it mostly is, is not mentioned.
 */

#include <linux/printk.h>
#include <linux/sizes.h>

#include "scenario.h"

static void print_scheme(const struct oracle_scheme *s, unsigned int n)
{
	const struct damos_access_pattern *p = &s->pattern;
	const struct damos_quota *q = &s->quota;
	const struct damos_watermarks *w = &s->wmarks;
	unsigned int i;

	pr_info("      scheme %u: action %d for sizes %lu-%lu, accesses %u-%u, ages %u-%u\n",
		n, s->action, p->min_sz_region, p->max_sz_region,
		p->min_nr_accesses, p->max_nr_accesses, p->min_age_region,
		p->max_age_region);
	if (s->apply_interval_us)
		pr_info("        apply_interval_us %lu\n",
			s->apply_interval_us);
	if (s->max_nr_snapshots)
		pr_info("        max_nr_snapshots %lu\n", s->max_nr_snapshots);
	if (q->ms || q->sz || q->reset_interval || s->nr_goals)
		pr_info("        quota: %lu ms, %lu bytes in %lu ms, failures %u/%u, weights %u %u %u, tuner %d\n",
			q->ms, q->sz, q->reset_interval, q->fail_charge_num,
			q->fail_charge_denom, q->weight_sz,
			q->weight_nr_accesses, q->weight_age, q->goal_tuner);
	for (i = 0; i < s->nr_goals; i++)
		pr_info("        goal: metric %d to be %lu, now %lu, node %d, cgroup %llu\n",
			s->goals[i].metric, s->goals[i].target_value,
			s->goals[i].current_value, s->goals[i].nid,
			s->goals[i].memcg_id);
	for (i = 0; i < s->nr_filters; i++) {
		const struct damos_filter *f = &s->filters[i];

		pr_info("        filter: %s %s type %d, argument %lx %lx\n",
			f->allow ? "allow" : "reject",
			f->matching ? "matching" : "other than", f->type,
			f->addr_range.start, f->addr_range.end);
	}
	if (w->metric)
		pr_info("        watermarks: %lu %lu %lu every %lu us\n",
			w->high, w->mid, w->low, w->interval);
	for (i = 0; i < s->nr_dests; i++)
		pr_info("        destination: node %u, weight %u\n",
			s->dest_nids[i], s->dest_weights[i]);
}

static void print_params(const struct oracle_params *p, unsigned int n)
{
	const struct damon_attrs *a = &p->attrs;
	unsigned int i, j;

	pr_info("    parameters %u: sample %lu us, aggregate %lu us, update %lu us, %lu-%lu regions\n",
		n, a->sample_interval, a->aggr_interval,
		a->ops_update_interval, a->min_nr_regions, a->max_nr_regions);
	if (a->intervals_goal.aggrs)
		pr_info("      intervals goal: %lu bp in %lu aggregations, sample %lu-%lu us\n",
			a->intervals_goal.access_bp, a->intervals_goal.aggrs,
			a->intervals_goal.min_sample_us,
			a->intervals_goal.max_sample_us);
	pr_info("      operations %d (those of %#x), unit %lu, smallest region %lu%s\n",
		p->ops_id, p->ops, p->addr_unit, p->min_region_sz,
		p->pause ? ", paused" : "");
	for (i = 0; i < p->nr_targets; i++) {
		pr_info("      target %u%s\n", i, p->targets[i].obsolete ?
			", obsolete" : "");
		for (j = 0; j < p->targets[i].nr_ranges; j++)
			pr_info("        %#lx-%#lx\n",
				p->targets[i].ranges[j].start,
				p->targets[i].ranges[j].end);
	}
	for (i = 0; i < p->nr_probes; i++)
		pr_info("      probe %u: weight %u, %u filters\n", i,
			p->probes[i].weight, p->probes[i].nr_filters);
	for (i = 0; i < p->nr_schemes; i++)
		print_scheme(&p->schemes[i], i);
}

static void print_event(const struct oracle_event *e, unsigned int n)
{
	static const char * const values[] = {
		"total pages", "free pages", "PSI in us", "pages of the node",
		"free pages of the node", "active anonymous pages",
		"inactive anonymous pages", "active file pages",
		"inactive file pages",
	};

	static_assert(ARRAY_SIZE(values) == ORACLE_NR_VALUES);
	switch (e->kind) {
	case ORACLE_EVENT_COMMIT:
		pr_info("    event %u: step %u: commit parameters %llu\n", n,
			e->step, e->a);
		break;
	case ORACLE_EVENT_ATTRS:
		pr_info("    event %u: step %u: set attributes of parameters %llu\n",
			n, e->step, e->a);
		break;
	case ORACLE_EVENT_GOALS:
		pr_info("    event %u: step %u: commit goals of parameters %llu, scheme %llu\n",
			n, e->step, e->a, e->b);
		break;
	case ORACLE_EVENT_USER_INPUT:
		pr_info("    event %u: step %u: user input for scheme %llu is %llu\n",
			n, e->step, e->a, e->b);
		break;
	case ORACLE_EVENT_REPEAT:
		pr_info("    event %u: step %u: a repeated call%s\n", n,
			e->step, e->a ? " that is to be freed" : "");
		break;
	case ORACLE_EVENT_CALL:
		pr_info("    event %u: step %u: a call that returns -%llu\n",
			n, e->step, e->a);
		break;
	case ORACLE_EVENT_WALK:
		pr_info("    event %u: step %u: a walk\n", n, e->step);
		break;
	case ORACLE_EVENT_VALUE:
		pr_info("    event %u: step %u: %s: %llu\n", n, e->step,
			values[e->a], e->b);
		break;
	case ORACLE_EVENT_TARGET:
		pr_info("    event %u: step %u: target %llu is valid or not\n",
			n, e->step, e->a);
		break;
	case ORACLE_EVENT_MOVE:
		pr_info("    event %u: step %u: operation %#llx moves the regions\n",
			n, e->step, e->a);
		break;
	case ORACLE_NR_EVENTS:
		break;
	}
}

/* oracle_print_scenario() - Print a scenario for a person. */
void oracle_print_scenario(const struct oracle_scenario *s)
{
	unsigned int i;

	pr_info("    scenario %llu: %u steps%s\n", s->seed, s->nr_steps,
		s->traced ? ", traced" : "");
	for (i = 0; i < s->nr_params; i++)
		print_params(&s->params[i], i);
	for (i = 0; i < s->nr_events; i++)
		print_event(&s->events[i], i);
	for (i = 0; i < s->nr_bands; i++)
		pr_info("    band %u in %#lx-%#lx: from %#lx, %#lx wide, moves by %#lx every %u steps, %u %% accessed\n",
			i, s->span.start, s->span.end, s->bands[i].offset,
			s->bands[i].width, s->bands[i].stride,
			s->bands[i].rest, s->bands[i].percent);
}
