/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios: what a core is put through
 *
 * A scenario is plain data, so that it can be made from a number, printed, and
 * made smaller by taking things out of it.
 */
#ifndef _DAMON_ORACLE_SCENARIO_H
#define _DAMON_ORACLE_SCENARIO_H

#include <linux/damon.h>
#include <linux/math64.h>
#include <linux/prandom.h>

#include "env.h"

#define ORACLE_MAX_TARGETS	4
#define ORACLE_MAX_RANGES	5
#define ORACLE_MAX_SCHEMES	4
#define ORACLE_MAX_FILTERS	4
#define ORACLE_MAX_GOALS	3
#define ORACLE_MAX_DESTS	3
#define ORACLE_MAX_PROBE_FILTERS 2
#define ORACLE_MAX_PARAMS	5
#define ORACLE_MAX_EVENTS	20
#define ORACLE_MAX_BANDS	4

struct oracle_target {
	bool obsolete;
	unsigned int nr_ranges;
	struct damon_addr_range ranges[ORACLE_MAX_RANGES];
};

/* Of the kernel's structs in here, what a user sets is used, and nothing else. */
struct oracle_scheme {
	struct damos_access_pattern pattern;
	enum damos_action action;
	unsigned long apply_interval_us;
	struct damos_quota quota;
	struct damos_watermarks wmarks;
	int target_nid;
	unsigned long max_nr_snapshots;
	unsigned int nr_dests;
	unsigned int dest_nids[ORACLE_MAX_DESTS];
	unsigned int dest_weights[ORACLE_MAX_DESTS];
	unsigned int nr_filters;
	struct damos_filter filters[ORACLE_MAX_FILTERS];
	unsigned int nr_goals;
	struct damos_quota_goal goals[ORACLE_MAX_GOALS];
};

struct oracle_probe {
	unsigned int weight;
	unsigned int nr_filters;
	struct damon_filter filters[ORACLE_MAX_PROBE_FILTERS];
};

/* Operations that a context does not need to have. */
enum oracle_ops {
	ORACLE_OPS_INIT		= 1 << 0,
	ORACLE_OPS_UPDATE	= 1 << 1,
	ORACLE_OPS_PREPARE	= 1 << 2,
	ORACLE_OPS_CHECK	= 1 << 3,
	ORACLE_OPS_PROBES	= 1 << 4,
	ORACLE_OPS_SCORE	= 1 << 5,
	ORACLE_OPS_APPLY	= 1 << 6,
	ORACLE_OPS_VALID	= 1 << 7,
	ORACLE_OPS_CLEANUP	= 1 << 8,
	ORACLE_OPS_ALL		= (1 << 9) - 1,
};

/* The parameters of a context. */
struct oracle_params {
	struct damon_attrs attrs;
	unsigned long addr_unit;
	unsigned long min_region_sz;
	enum damon_ops_id ops_id;
	unsigned int ops;
	bool pause;
	unsigned int nr_targets;
	struct oracle_target targets[ORACLE_MAX_TARGETS];
	unsigned int nr_schemes;
	struct oracle_scheme schemes[ORACLE_MAX_SCHEMES];
	unsigned int nr_probes;
	struct oracle_probe probes[DAMON_MAX_PROBES];
};

/* An area that is accessed, and moves. */
struct oracle_band {
	unsigned long offset;
	unsigned long width;
	unsigned long stride;
	/* How many steps it rests before it moves by a stride. */
	unsigned int rest;
	unsigned int percent;
};

enum oracle_event_kind {
	/* @a: the index of the parameters that are committed in a damon_call() */
	ORACLE_EVENT_COMMIT,
	/* @a: the same, whose attributes are set in a damon_call() */
	ORACLE_EVENT_ATTRS,
	/* @a: the same, @b: a scheme; commits the quota goals in a damon_call() */
	ORACLE_EVENT_GOALS,
	/* @a: a scheme, @b: a value for its goals of user input */
	ORACLE_EVENT_USER_INPUT,
	/* a repeated damon_call(); @a: whether the core is to free its control */
	ORACLE_EVENT_REPEAT,
	/* @a: what a damon_call() returns */
	ORACLE_EVENT_CALL,
	ORACLE_EVENT_WALK,
	/* @a: which value of the world, @b: what it becomes */
	ORACLE_EVENT_VALUE,
	/* @a: the index of a target that is no longer valid, or is again */
	ORACLE_EVENT_TARGET,
	/* @a: the operation (enum oracle_ops) that moves the regions next time */
	ORACLE_EVENT_MOVE,
	ORACLE_NR_EVENTS,
};

struct oracle_event {
	unsigned int step;
	enum oracle_event_kind kind;
	u64 a;
	u64 b;
};

struct oracle_scenario {
	u64 seed;
	/* Whether the tracepoints are on. */
	bool traced;
	/* Whether there are so few addresses that goals may look at the page of each. */
	bool pages;
	/* How many times the kdamond sleeps before it is asked to stop. */
	unsigned int nr_steps;
	/* The first are those that the context starts with. */
	unsigned int nr_params;
	struct oracle_params params[ORACLE_MAX_PARAMS];
	unsigned int nr_events;
	struct oracle_event events[ORACLE_MAX_EVENTS];
	/* Where the bands lie. */
	struct damon_addr_range span;
	unsigned int nr_bands;
	struct oracle_band bands[ORACLE_MAX_BANDS];
	u64 values[ORACLE_NR_VALUES];
};

enum oracle_size {
	/* Some dozen regions at most, so that many scenarios can be tried. */
	ORACLE_SMALL,
	/* Thousands of regions. */
	ORACLE_LARGE,
};

void oracle_generate(struct oracle_scenario *scenario, u64 seed,
		     enum oracle_size size);
void oracle_generate_scheme(struct rnd_state *rnd, struct oracle_scheme *s,
			    const struct oracle_scenario *scenario,
			    const struct oracle_params *params);
void oracle_print_scenario(const struct oracle_scenario *scenario);

bool oracle_accessed(const struct oracle_scenario *scenario, unsigned int step,
		     unsigned int target, unsigned long addr);

/* Helpers to make things up. */

/* 2^@n, or the highest power of two that is an address. */
#define ORACLE_POW2(n)	(1UL << min((n), BITS_PER_LONG - 1))

/* What is left of @value when it is divided by @n, on 32 bits as well */
static inline u64 oracle_rest(u64 value, u64 n)
{
	u64 rest;

	div64_u64_rem(value, n, &rest);
	return rest;
}

/* A number below @n. */
static inline u64 oracle_below(struct rnd_state *rnd, u64 n)
{
	u64 value = prandom_u32_state(rnd);

	if (n > U32_MAX)
		value |= (u64)prandom_u32_state(rnd) << 32;
	return oracle_rest(value, n);
}

static inline bool oracle_chance(struct rnd_state *rnd, unsigned int percent)
{
	return oracle_below(rnd, 100) < percent;
}

/* One of the values. */
#define oracle_pick(rnd, ...)						\
	({								\
		const u64 __values[] = { __VA_ARGS__ };			\
									\
		__values[oracle_below(rnd, ARRAY_SIZE(__values))];	\
	})

/* A number that has little to do with @a and @b, but is always the same. */
static inline u64 oracle_mix(u64 a, u64 b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ULL;
	return a ^ a >> 29;
}

#endif /* _DAMON_ORACLE_SCENARIO_H */
