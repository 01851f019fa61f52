// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a scenario smaller for as long as it still fails
 */

#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "shrink.h"

/* Take the @n-th out of an array of @nr.  Returns whether there is one. */
static bool remove_nth(void *array, unsigned int *nr, size_t size, unsigned int n)
{
	if (n >= *nr)
		return false;
	(*nr)--;
	memmove(array + n * size, array + (n + 1) * size, (*nr - n) * size);
	return true;
}

/*
 * Each of these makes the @n-th change of its kind.  It returns whether there is
 * such a one; if it changes nothing, that is found out by who calls it.
 */
typedef bool (*shrink_fn)(struct oracle_scenario *s, unsigned int n);

static bool fewer_events(struct oracle_scenario *s, unsigned int n)
{
	return remove_nth(s->events, &s->nr_events, sizeof(s->events[0]), n);
}

static bool fewer_bands(struct oracle_scenario *s, unsigned int n)
{
	return remove_nth(s->bands, &s->nr_bands, sizeof(s->bands[0]), n);
}

/* The first parameters stay; who committed the others commits the first. */
static bool fewer_params(struct oracle_scenario *s, unsigned int n)
{
	unsigned int i;

	if (!remove_nth(s->params, &s->nr_params, sizeof(s->params[0]), n + 1))
		return false;
	for (i = 0; i < s->nr_events; i++) {
		struct oracle_event *e = &s->events[i];

		if (e->kind > ORACLE_EVENT_GOALS || e->a <= n)
			continue;
		e->a = e->a == n + 1 ? 0 : e->a - 1;
	}
	return true;
}

/* Others than the first are what it starts with. */
static bool other_start(struct oracle_scenario *s, unsigned int n)
{
	if (n + 1 >= s->nr_params)
		return false;
	s->params[0] = s->params[n + 1];
	return fewer_params(s, n);
}

static bool plainer_bands(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_band *band = &s->bands[n / 3];

	if (n / 3 >= s->nr_bands)
		return false;
	switch (n % 3) {
	case 0:
		band->offset = 0;
		band->width = s->span.end - s->span.start;
		break;
	case 1:
		band->stride = 0;
		break;
	case 2:
		band->percent = 100;
		break;
	}
	return true;
}

/* What belongs to the parameters is numbered through all of them. */
static struct oracle_params *params_of(struct oracle_scenario *s,
				       unsigned int *n, unsigned int per_params)
{
	unsigned int i = *n / per_params;

	*n %= per_params;
	return i < s->nr_params ? &s->params[i] : NULL;
}

static bool fewer_targets(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_TARGETS);

	if (p)
		remove_nth(p->targets, &p->nr_targets, sizeof(p->targets[0]),
			   n);
	return p;
}

static bool fewer_ranges(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_TARGETS *
					    ORACLE_MAX_RANGES);
	struct oracle_target *t;

	if (!p)
		return false;
	t = &p->targets[n / ORACLE_MAX_RANGES];
	remove_nth(t->ranges, &t->nr_ranges, sizeof(t->ranges[0]),
		   n % ORACLE_MAX_RANGES);
	return true;
}

static bool smaller_ranges(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_TARGETS *
					    ORACLE_MAX_RANGES);
	struct damon_addr_range *r;

	if (!p)
		return false;
	r = &p->targets[n / ORACLE_MAX_RANGES].ranges[n % ORACLE_MAX_RANGES];
	if (r->end > r->start)
		r->end = r->start + round_up((r->end - r->start) / 2, SZ_4K);
	return true;
}

static bool fewer_probes(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, DAMON_MAX_PROBES);

	if (p)
		remove_nth(p->probes, &p->nr_probes, sizeof(p->probes[0]), n);
	return p;
}

static bool fewer_schemes(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_SCHEMES);

	if (p)
		remove_nth(p->schemes, &p->nr_schemes, sizeof(p->schemes[0]),
			   n);
	return p;
}

static bool fewer_filters(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_SCHEMES *
					    ORACLE_MAX_FILTERS);
	struct oracle_scheme *scheme;

	if (!p)
		return false;
	scheme = &p->schemes[n / ORACLE_MAX_FILTERS];
	remove_nth(scheme->filters, &scheme->nr_filters, sizeof(scheme->filters[0]),
		   n % ORACLE_MAX_FILTERS);
	return true;
}

static bool fewer_goals(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_SCHEMES *
					    ORACLE_MAX_GOALS);
	struct oracle_scheme *scheme;

	if (!p)
		return false;
	scheme = &p->schemes[n / ORACLE_MAX_GOALS];
	remove_nth(scheme->goals, &scheme->nr_goals, sizeof(scheme->goals[0]),
		   n % ORACLE_MAX_GOALS);
	return true;
}

static bool plainer_schemes(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, ORACLE_MAX_SCHEMES * 8);
	struct oracle_scheme *scheme;

	if (!p)
		return false;
	scheme = &p->schemes[n / 8];
	switch (n % 8) {
	case 0:
		memset(&scheme->quota, 0, sizeof(scheme->quota));
		break;
	case 1:
		memset(&scheme->wmarks, 0, sizeof(scheme->wmarks));
		break;
	case 2:
		scheme->apply_interval_us = 0;
		break;
	case 3:
		scheme->max_nr_snapshots = 0;
		break;
	case 4:
		scheme->nr_dests = 0;
		break;
	case 5:
		scheme->pattern = (struct damos_access_pattern){
			.max_sz_region = ULONG_MAX,
			.max_nr_accesses = UINT_MAX,
			.max_age_region = UINT_MAX,
		};
		break;
	case 6:
		scheme->action = DAMOS_STAT;
		break;
	case 7:
		scheme->quota.ms = 0;
		break;
	}
	return true;
}

static bool plainer_params(struct oracle_scenario *s, unsigned int n)
{
	struct oracle_params *p = params_of(s, &n, 9);
	struct damon_attrs *a;

	if (!p)
		return false;
	a = &p->attrs;
	switch (n) {
	case 0:
		memset(&a->intervals_goal, 0, sizeof(a->intervals_goal));
		break;
	case 1:
		a->min_nr_regions = 3;
		break;
	case 2:
		a->max_nr_regions = max(a->max_nr_regions / 2, 3UL);
		break;
	case 3:
		a->ops_update_interval = ULONG_MAX;
		break;
	case 4:
		p->addr_unit = 1;
		break;
	case 5:
		p->min_region_sz = SZ_4K;
		break;
	case 6:
		p->pause = false;
		break;
	case 7:
		p->ops = ORACLE_OPS_ALL;
		break;
	case 8:
		a->aggr_interval = max(a->aggr_interval / 2, a->sample_interval);
		break;
	}
	return true;
}

static bool fewer_steps(struct oracle_scenario *s, unsigned int n)
{
	if (n > 1 || s->nr_steps == 1)
		return false;
	s->nr_steps -= n ? 1 : s->nr_steps / 2;
	return true;
}

static bool untraced(struct oracle_scenario *s, unsigned int n)
{
	s->traced = false;
	return !n;
}

/* What takes most away comes first. */
static const shrink_fn shrink_fns[] = {
	untraced, fewer_steps, fewer_events, fewer_params, other_start,
	fewer_schemes, fewer_targets, fewer_probes, fewer_bands, plainer_bands,
	fewer_filters, fewer_goals, fewer_ranges, plainer_schemes,
	plainer_params, smaller_ranges,
};

/*
 * oracle_shrink() - Make a scenario smaller for as long as it fails.
 * @s:		The scenario, which fails.
 * @scratch:	Room for another one.
 * @fails:	Tells, with @data, whether a scenario fails.
 *
 * Return: how many scenarios were tried.
 */
unsigned int oracle_shrink(struct oracle_scenario *s,
			   struct oracle_scenario *scratch,
			   oracle_fails_fn fails, void *data)
{
	unsigned int i, n, tried = 0;
	bool progress;

	do {
		progress = false;
		for (i = 0; i < ARRAY_SIZE(shrink_fns); i++) {
			n = 0;
			for (;;) {
				*scratch = *s;
				if (!shrink_fns[i](scratch, n))
					break;
				cond_resched();
				tried++;
				if (memcmp(scratch, s, sizeof(*s)) &&
				    fails(data, scratch)) {
					/* the n-th is another one now */
					*s = *scratch;
					progress = true;
				} else {
					n++;
				}
			}
		}
	} while (progress && tried < ORACLE_MAX_TRIES);
	return tried;
}
