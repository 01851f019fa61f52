// SPDX-License-Identifier: GPL-2.0
/*
 * Makes scenarios from numbers: targets, attributes, and what happens when
 *
 * Values at boundaries are likely, and so is what makes a kdamond do something.
 * What would only take long is not made: every sum of sizes fits into a word.
 */

#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "scenario.h"

static void generate_attrs(struct rnd_state *rnd, struct damon_attrs *a,
			   bool weights)
{
	struct damon_intervals_goal *goal = &a->intervals_goal;
	unsigned long samples;

	a->sample_interval = oracle_pick(rnd, 0, 1, 9, 10, 99, 1000, 1000, 5000,
					 5000, 5000, 20000, 100000, 1000000);
	samples = oracle_pick(rnd, 1, 2, 2, 3, 4, 5, 5, 10, 20, 100);
	/* Some that hits of probes cannot be counted in, where that is no mistake */
	if (!weights && oracle_chance(rnd, 4))
		samples = oracle_pick(rnd, 255, 256, 257, 300);
	a->aggr_interval = (a->sample_interval ?: 1) * samples;
	if (oracle_chance(rnd, 20))
		a->aggr_interval += oracle_below(rnd, a->sample_interval + 1);
	a->ops_update_interval = a->aggr_interval *
		oracle_pick(rnd, 0, 1, 1, 2, 3, 7, 100);
	a->min_nr_regions = oracle_pick(rnd, 3, 3, 4, 5, 10, 10, 20);
	a->max_nr_regions = a->min_nr_regions +
		oracle_pick(rnd, 0, 1, 5, 10, 20, 30, 60, 100);
	if (oracle_chance(rnd, 30)) {
		goal->aggrs = oracle_pick(rnd, 1, 1, 2, 3);
		goal->access_bp = oracle_pick(rnd, 0, 1, 40, 400, 5000, 10000);
		goal->min_sample_us = a->sample_interval /
			(unsigned long)oracle_pick(rnd, 1, 2, 10, 1000);
		goal->max_sample_us = a->sample_interval *
			oracle_pick(rnd, 1, 2, 10, 1000);
	}
	/* Some that are refused */
	switch (oracle_below(rnd, 60)) {
	case 0:
		a->min_nr_regions = oracle_below(rnd, 3);
		break;
	case 1:
		a->max_nr_regions = a->min_nr_regions - 1;
		break;
	case 2:
		a->aggr_interval = a->sample_interval / 2;
		break;
	case 3:
		goal->aggrs = 1;
		goal->min_sample_us = goal->max_sample_us + 1;
		break;
	case 4:
		goal->aggrs = 1;
		goal->max_sample_us = a->sample_interval / 2;
		break;
	case 5:
		/* more samples than hits of a probe can be counted */
		if (weights)
			a->aggr_interval = (a->sample_interval ?: 1) * 256;
		break;
	}
}

/* Ranges in order, within the part of the span that is the target's. */
static void generate_target(struct rnd_state *rnd, struct oracle_target *t,
			    const struct oracle_params *params,
			    struct damon_addr_range *span, bool pages)
{
	unsigned long room = (span->end - span->start) / ORACLE_MAX_RANGES;
	unsigned long unit = max(params->min_region_sz, 1UL);
	unsigned int i;

	t->nr_ranges = oracle_pick(rnd, 0, 1, 1, 1, 2, 3, ORACLE_MAX_RANGES);
	for (i = 0; i < t->nr_ranges; i++) {
		struct damon_addr_range *r = &t->ranges[i];
		unsigned long start = span->start + i * room;

		switch (oracle_below(rnd, 8)) {
		case 0:
			/* next to the one before */
			r->start = i ? r[-1].end : start;
			r->end = start + room;
			break;
		case 1:
			/* tiny */
			r->start = start;
			r->end = start + 1 + oracle_below(rnd, 3 * unit);
			break;
		case 2:
			/* overlaps the next */
			r->start = start;
			r->end = start + room + unit;
			break;
		default:
			r->start = start + oracle_below(rnd, room / 2);
			r->end = r->start + 1 + oracle_below(rnd, room / 2);
			break;
		}
		if (!is_power_of_2(unit) || oracle_chance(rnd, 20))
			continue;
		r->start = ALIGN_DOWN(r->start, unit);
		r->end = ALIGN(r->end, unit);
	}
	/*
	 * One that wraps around would become one of almost all addresses.  One that ends before it
	 * starts may, which is no good if each page of it is looked at.
	 */
	if (t->nr_ranges && t->ranges[0].start < t->ranges[0].end &&
	    oracle_chance(rnd, 2) && !pages)
		swap(t->ranges[0].start, t->ranges[0].end);
}

static void generate_probe(struct rnd_state *rnd, struct oracle_probe *p,
			   bool weights)
{
	unsigned int i;

	if (weights)
		p->weight = oracle_pick(rnd, 0, 1, 1, 2, 5, 100, 1000000,
					UINT_MAX / 20, UINT_MAX);
	p->nr_filters = oracle_below(rnd, ORACLE_MAX_PROBE_FILTERS + 1);
	for (i = 0; i < p->nr_filters; i++) {
		p->filters[i].type = oracle_pick(rnd, DAMON_FILTER_TYPE_ANON,
						 DAMON_FILTER_TYPE_MEMCG);
		p->filters[i].matching = oracle_chance(rnd, 50);
		p->filters[i].allow = oracle_chance(rnd, 50);
		if (p->filters[i].type == DAMON_FILTER_TYPE_MEMCG)
			p->filters[i].memcg_id = oracle_below(rnd, 100);
	}
}

/* Each target has a part of the span of its own; some lie at its start, all. */
static void generate_targets(struct rnd_state *rnd, struct oracle_params *p,
			     const struct oracle_scenario *scenario,
			     bool committed)
{
	unsigned long room = (scenario->span.end - scenario->span.start) /
		ORACLE_MAX_TARGETS;
	unsigned int i;

	p->nr_targets = oracle_pick(rnd, 0, 1, 1, 1, 2, 2, 3, ORACLE_MAX_TARGETS);
	for (i = 0; i < p->nr_targets; i++) {
		struct damon_addr_range span = scenario->span;

		if (oracle_chance(rnd, 80))
			span.start += i * room;
		span.end = span.start + room;
		generate_target(rnd, &p->targets[i], p, &span, scenario->pages);
		p->targets[i].obsolete = oracle_chance(rnd, committed ? 15 : 1);
	}
}

static void generate_params(struct rnd_state *rnd, struct oracle_params *p,
			    const struct oracle_scenario *scenario,
			    bool committed)
{
	bool probes = oracle_chance(rnd, 25), weights = oracle_chance(rnd, 50);
	unsigned int i;

	generate_attrs(rnd, &p->attrs, probes && weights);
	p->ops_id = oracle_pick(rnd, DAMON_OPS_VADDR, DAMON_OPS_FVADDR,
				DAMON_OPS_PADDR, DAMON_OPS_PADDR);
	p->addr_unit = oracle_pick(rnd, 1, 1, 1, 1, 8, 1024);
	/* An address is a byte then, whatever is committed, in part or whole. */
	if (scenario->pages)
		p->addr_unit = 1;
	p->min_region_sz = oracle_pick(rnd, SZ_4K, SZ_4K, SZ_4K, SZ_4K, 1, 2, 512,
				       SZ_64K);
	if (oracle_chance(rnd, 2))
		p->min_region_sz = oracle_pick(rnd, 0, 3, SZ_4K + 1);
	p->pause = oracle_chance(rnd, committed ? 10 : 2);
	p->ops = ORACLE_OPS_ALL;
	if (oracle_chance(rnd, 15))
		p->ops &= ~BIT(oracle_below(rnd, ilog2(ORACLE_OPS_ALL + 1)));
	generate_targets(rnd, p, scenario, committed);
	p->nr_schemes = oracle_pick(rnd, 0, 1, 1, 1, 2, 2, 3, ORACLE_MAX_SCHEMES);
	for (i = 0; i < p->nr_schemes; i++)
		oracle_generate_scheme(rnd, &p->schemes[i], scenario, p);
	if (probes)
		p->nr_probes = 1 + oracle_below(rnd, DAMON_MAX_PROBES);
	for (i = 0; i < p->nr_probes; i++)
		generate_probe(rnd, &p->probes[i], weights);
}

/* The first parameters with something else in place of a part of them. */
static void generate_variation(struct rnd_state *rnd, struct oracle_params *p,
			       const struct oracle_scenario *scenario)
{
	struct oracle_scheme *s;

	*p = scenario->params[0];
	switch (oracle_below(rnd, 5)) {
	case 0:
		memset(&p->attrs, 0, sizeof(p->attrs));
		generate_attrs(rnd, &p->attrs, false);
		break;
	case 1:
		memset(p->targets, 0, sizeof(p->targets));
		generate_targets(rnd, p, scenario, true);
		break;
	case 2:
		p->nr_schemes = max(p->nr_schemes, 1);
		s = &p->schemes[oracle_below(rnd, p->nr_schemes)];
		memset(s, 0, sizeof(*s));
		oracle_generate_scheme(rnd, s, scenario, p);
		break;
	case 3:
		p->pause = !p->pause;
		break;
	case 4:
		/* nothing: what does not change must not change anything */
		break;
	}
}

static u64 generate_value(struct rnd_state *rnd, enum oracle_value which)
{
	switch (which) {
	case ORACLE_TOTAL_PAGES:
		return oracle_pick(rnd, 1000, 1000, 1000, 1, 262144);
	case ORACLE_PSI_TOTAL_US:
		return oracle_below(rnd, 1000000);
	default:
		return oracle_pick(rnd, 0, 1, 1000, oracle_below(rnd, 1001),
				   oracle_below(rnd, 1001), 262144);
	}
}

static void generate_event(struct rnd_state *rnd, struct oracle_event *e,
			   const struct oracle_scenario *scenario)
{
	e->step = oracle_below(rnd, scenario->nr_steps);
	e->kind = oracle_below(rnd, ORACLE_NR_EVENTS);
	switch (e->kind) {
	case ORACLE_EVENT_COMMIT:
	case ORACLE_EVENT_ATTRS:
		e->a = oracle_below(rnd, scenario->nr_params);
		break;
	case ORACLE_EVENT_GOALS:
		e->a = oracle_below(rnd, scenario->nr_params);
		e->b = oracle_below(rnd, ORACLE_MAX_SCHEMES);
		break;
	case ORACLE_EVENT_USER_INPUT:
		e->a = oracle_below(rnd, ORACLE_MAX_SCHEMES);
		e->b = oracle_pick(rnd, 0, 1, 100, 5000, 10000, 20000, ULONG_MAX);
		break;
	case ORACLE_EVENT_REPEAT:
		e->a = oracle_below(rnd, 2);
		break;
	case ORACLE_EVENT_CALL:
		e->a = oracle_below(rnd, 3);
		break;
	case ORACLE_EVENT_VALUE:
		e->a = oracle_below(rnd, ORACLE_NR_VALUES);
		e->b = generate_value(rnd, e->a);
		break;
	case ORACLE_EVENT_TARGET:
		e->a = oracle_below(rnd, ORACLE_MAX_TARGETS);
		break;
	case ORACLE_EVENT_MOVE:
		e->a = oracle_pick(rnd, ORACLE_OPS_PREPARE, ORACLE_OPS_CHECK,
				   ORACLE_OPS_PROBES);
		break;
	default:
		break;
	}
}

static void generate_bands(struct rnd_state *rnd, struct oracle_scenario *s)
{
	unsigned long span = s->span.end - s->span.start;
	unsigned int i;

	s->nr_bands = oracle_below(rnd, ORACLE_MAX_BANDS + 1);
	for (i = 0; i < s->nr_bands; i++) {
		struct oracle_band *band = &s->bands[i];

		band->offset = oracle_below(rnd, span);
		band->width = span /
			(unsigned long)oracle_pick(rnd, 1, 2, 4, 10, 100);
		band->stride = oracle_pick(rnd, 0, band->width, span / 3,
					   span / 20);
		band->rest = oracle_pick(rnd, 1, 2, 5, 10, 30);
		band->percent = oracle_pick(rnd, 1, 20, 50, 90, 100, 100);
	}
}

static void generate_span(struct rnd_state *rnd, struct damon_addr_range *span)
{
	unsigned long size = oracle_pick(rnd, SZ_64K, SZ_1M, SZ_1M, SZ_16M, SZ_16M,
					 SZ_256M, ORACLE_POW2(36), ORACLE_POW2(60));

	span->start = oracle_pick(rnd, 0, SZ_4K, SZ_2G, ORACLE_POW2(40),
				  ULONG_MAX - size);
	/* and not beyond the end of all addresses */
	span->start = min(span->start, ULONG_MAX - size);
	span->end = span->start + size;
}

/* Thousands of regions: attributes that want them, and room for them. */
static void generate_large(struct rnd_state *rnd, struct oracle_scenario *s)
{
	const unsigned int nr_ranges = ORACLE_MAX_TARGETS * ORACLE_MAX_RANGES;
	struct oracle_params *p = &s->params[0];
	unsigned long span = ORACLE_POW2(34), room;
	unsigned int i, j;

	s->nr_steps = 100;
	s->nr_events = min(s->nr_events, 3);
	s->span.start = SZ_1G;
	s->span.end = SZ_1G + span;
	room = min(round_down(span / nr_ranges, SZ_8K), SZ_256M);
	p->min_region_sz = SZ_4K;
	p->pause = false;
	p->nr_targets = max(p->nr_targets, 1);
	for (i = 0; i < p->nr_targets; i++) {
		struct oracle_target *t = &p->targets[i];

		t->obsolete = false;
		t->nr_ranges = max(t->nr_ranges, 1);
		for (j = 0; j < t->nr_ranges; j++) {
			t->ranges[j].start = s->span.start +
				(i * ORACLE_MAX_RANGES + j) * room;
			t->ranges[j].end = t->ranges[j].start + room / 2 +
				SZ_4K * oracle_below(rnd, room / 2 / SZ_4K);
		}
	}
	memset(&p->attrs, 0, sizeof(p->attrs));
	p->attrs.sample_interval = 5000;
	p->attrs.aggr_interval = 5000 * oracle_pick(rnd, 2, 4, 5);
	p->attrs.ops_update_interval = p->attrs.aggr_interval * 10;
	p->attrs.min_nr_regions = 500;
	p->attrs.max_nr_regions = oracle_pick(rnd, 1500, 3000, 5000);
}

/* oracle_generate() - Make the scenario of a number. */
void oracle_generate(struct oracle_scenario *s, u64 seed, enum oracle_size size)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, oracle_mix(seed, size + 1));
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->traced = seed & 1;
	s->nr_steps = oracle_pick(&rnd, 5, 20, 40, 60, 60, 100, 150);
	if (oracle_chance(&rnd, 3))
		s->nr_steps = oracle_pick(&rnd, 300, 600, 900);
	s->nr_params = 1 + oracle_below(&rnd, ORACLE_MAX_PARAMS);
	s->nr_events = oracle_below(&rnd, ORACLE_MAX_EVENTS + 1);
	generate_span(&rnd, &s->span);
	s->pages = size == ORACLE_SMALL && seed & 4 &&
		s->span.end - s->span.start <= SZ_256M &&
		s->span.end <= ULONG_MAX - SZ_1G;
	for (i = 0; i < ORACLE_NR_VALUES; i++)
		s->values[i] = generate_value(&rnd, i);
	generate_params(&rnd, &s->params[0], s, false);
	if (size == ORACLE_LARGE)
		generate_large(&rnd, s);
	for (i = 1; i < s->nr_params; i++) {
		if (oracle_chance(&rnd, 60))
			generate_variation(&rnd, &s->params[i], s);
		else
			generate_params(&rnd, &s->params[i], s, true);
	}
	for (i = 0; i < s->nr_events; i++)
		generate_event(&rnd, &s->events[i], s);
	generate_bands(&rnd, s);
}

/*
 * oracle_accessed() - Whether memory is found to be accessed in a step.
 *
 * A band covers the same part of the span in all targets, at other times.
 */
bool oracle_accessed(const struct oracle_scenario *s, unsigned int step,
		     unsigned int target, unsigned long addr)
{
	unsigned long span = s->span.end - s->span.start;
	unsigned long offset = addr - s->span.start;
	unsigned int i;

	for (i = 0; i < s->nr_bands; i++) {
		const struct oracle_band *b = &s->bands[i];
		unsigned long start = (b->offset + target * (span / 7) +
				       step / b->rest * b->stride) % span;

		if (offset - start < b->width &&
		    oracle_rest(oracle_mix(addr, step + i), 100) < b->percent)
			return true;
	}
	return false;
}
