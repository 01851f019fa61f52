// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of the oracle, which make up all results from the scenario
 *
 * Every call of one is recorded with what it is given, and gives the same for the
 * same in the same step.
 */

#include <linux/log2.h>
#include <linux/sizes.h>

#include "drive.h"

struct oracle_run *oracle_running;

int oracle_target_index(struct damon_ctx *ctx, struct damon_target *target)
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

int oracle_scheme_index(struct damon_ctx *ctx, struct damos *scheme)
{
	struct damos *s;
	int i = 0;

	damon_for_each_scheme(s, ctx) {
		if (s == scheme)
			return i;
		i++;
	}
	return -1;
}

/* Make regions for targets that have none. */
static void ops_init(struct damon_ctx *ctx)
{
	struct oracle_run *run = oracle_running;
	struct damon_addr_range range = run->scenario->span;
	unsigned long size = range.end - range.start;
	struct damon_target *t;
	int i = 0;

	oracle_record(run->record, "ops.init()", 0);
	damon_for_each_target(t, ctx) {
		range.start = run->scenario->span.start + size / 8 * i;
		range.end = range.start + size / 8;
		if (!damon_nr_regions(t) && range.end - range.start > SZ_64K)
			oracle_record_at(run->record, "set_regions()", i, -1,
					 run->core->set_regions(t, &range, 1,
							ctx->min_region_sz));
		i++;
	}
}

/* Move the ranges of a target, in one of several ways. */
static void update_target(struct oracle_run *run, struct damon_target *t,
			  int i, unsigned long unit)
{
	u64 random = oracle_mix(run->step, i + 1);
	struct damon_addr_range ranges[2];
	unsigned long start, size;
	unsigned int nr = 1;

	if (list_empty(&t->regions_list))
		return;
	start = damon_first_region(t)->ar.start;
	size = damon_last_region(t)->ar.end - start;
	ranges[0].start = start;
	ranges[0].end = start + size;
	switch (oracle_rest(random, 5)) {
	case 0:
		return;
	case 1:
		break;
	case 2:
		ranges[0].end = start + size / 3;
		ranges[1].start = start + size / 3 * 2;
		ranges[1].end = start + size;
		nr = 2;
		break;
	case 3:
		if (start + size > ULONG_MAX - size)
			return;
		ranges[0].start += size / 2;
		ranges[0].end += size / 2;
		break;
	case 4:
		ranges[0].start += size / 4;
		ranges[0].end -= size / 4;
		break;
	}
	oracle_record_at(run->record, "set_regions()", i, -1,
			 run->core->set_regions(t, ranges, nr, unit));
}

static void update_targets(struct damon_ctx *ctx)
{
	struct damon_target *t;
	int i = 0;

	damon_for_each_target(t, ctx)
		update_target(oracle_running, t, i++, ctx->min_region_sz);
}

static void ops_update(struct damon_ctx *ctx)
{
	oracle_record(oracle_running->record, "ops.update()", 0);
	update_targets(ctx);
}

/* Regions can change in operations that are not there to update them, too. */
static bool maybe_move(struct damon_ctx *ctx, enum oracle_ops op)
{
	struct oracle_run *run = oracle_running;

	if (run->moving != op)
		return false;
	run->moving = 0;
	oracle_record(run->record, "moves", op);
	update_targets(ctx);
	return true;
}

static void set_samples(struct oracle_run *run, struct damon_ctx *ctx)
{
	struct damon_target *t;
	struct damon_region *r;

	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			r->sampling_addr = damon_rand(ctx, r->ar.start, r->ar.end);
			oracle_record(run->record, "sampling_addr",
				      r->sampling_addr);
		}
	}
}

static void ops_prepare_access_checks(struct damon_ctx *ctx)
{
	struct oracle_run *run = oracle_running;

	oracle_record(run->record, "ops.prepare_access_checks()", 0);
	maybe_move(ctx, ORACLE_OPS_PREPARE);
	set_samples(run, ctx);
}

static unsigned int ops_check_accesses(struct damon_ctx *ctx)
{
	struct oracle_run *run = oracle_running;
	unsigned int i = 0, most = 0;
	struct damon_target *t;
	struct damon_region *r;
	unsigned long addr;
	bool moved;

	oracle_record(run->record, "ops.check_accesses()", 0);
	moved = maybe_move(ctx, ORACLE_OPS_CHECK);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			/* Without the other operation, nobody has set it. */
			addr = ctx->ops.prepare_access_checks && !moved ?
				r->sampling_addr : r->ar.start;
			run->core->update_region_access_rate(r,
				oracle_accessed(run->scenario, run->step, i, addr));
			most = max(most, r->nr_accesses);
		}
		i++;
	}
	return most;
}

static unsigned int ops_apply_probes(struct damon_ctx *ctx, bool sample,
				     bool return_max_wsum)
{
	struct oracle_run *run = oracle_running;
	unsigned int i, wsum, most = 0;
	struct damon_target *t;
	struct damon_region *r;
	struct damon_probe *p;

	/* Without probes, a core need not call this. */
	if (list_empty(&ctx->probes))
		return 0;
	oracle_record(run->record, "ops.apply_probes() set_samples", sample);
	oracle_record(run->record, "ops.apply_probes() return_max_wsum",
		      return_max_wsum);
	maybe_move(ctx, ORACLE_OPS_PROBES);
	if (sample)
		set_samples(run, ctx);
	damon_for_each_target(t, ctx) {
		damon_for_each_region(r, t) {
			i = 0;
			damon_for_each_probe(p, ctx) {
				/* The hits of more samples do not fit. */
				if (oracle_accessed(run->scenario, run->step, i,
						    r->ar.start) &&
				    r->probe_hits[i] < U8_MAX)
					r->probe_hits[i]++;
				i++;
			}
			if (!return_max_wsum)
				continue;
			wsum = run->core->probe_hits_wsum(r, false, ctx);
			most = max(most, wsum);
		}
	}
	return most;
}

static int ops_get_scheme_score(struct damon_ctx *ctx, struct damon_region *r,
				struct damos *s)
{
	struct oracle_run *run = oracle_running;
	u64 weights = (u64)s->quota.weight_sz + s->quota.weight_nr_accesses +
		s->quota.weight_age;
	u64 score, accesses = run->core->nr_accesses_mvsum(r, ctx);

	oracle_record(run->record, "ops.get_scheme_score()", r->ar.start);
	score = ilog2(damon_sz_region(r)) * (u64)s->quota.weight_sz;
	score += min(accesses * 10, DAMOS_MAX_SCORE) * s->quota.weight_nr_accesses;
	score += min(r->age * 7ULL, DAMOS_MAX_SCORE) * s->quota.weight_age;
	if (weights)
		score = div64_u64(score, weights);
	score = min(score, DAMOS_MAX_SCORE);
	return s->action == DAMOS_COLD ? DAMOS_MAX_SCORE - score : score;
}

static unsigned long ops_apply_scheme(struct damon_ctx *ctx,
				      struct damon_target *t,
				      struct damon_region *r, struct damos *s,
				      unsigned long *sz_filter_passed)
{
	struct oracle_run *run = oracle_running;
	int scheme = oracle_scheme_index(ctx, s);
	int target = oracle_target_index(ctx, t);
	unsigned long size = damon_sz_region(r);
	u64 random = oracle_mix(r->ar.start, run->step);

	oracle_record_at(run->record, "ops.apply_scheme() start", target, scheme,
			 r->ar.start);
	oracle_record_at(run->record, "ops.apply_scheme() end", target, scheme,
			 r->ar.end);
	oracle_record_at(run->record, "ops.apply_scheme() core_filters_allowed",
			 target, scheme, s->core_filters_allowed);
	s->last_applied = r;
	oracle_world_pass(oracle_rest(random, 5 * NSEC_PER_MSEC));
	*sz_filter_passed = random & 1 ? size : size / 2;
	switch (random >> 32 & 7) {
	case 0:
		return 0;
	case 1:
		return size / 2;
	case 2:
		/* as when a region has a part of a larger folio */
		return size * 2;
	default:
		return size;
	}
}

static bool ops_target_valid(struct damon_target *t)
{
	struct oracle_run *run = oracle_running;
	int i = oracle_target_index(run->ctx, t);

	oracle_record(run->record, "ops.target_valid()", i);
	return !(run->invalid_targets & BIT(i));
}

static void ops_cleanup_target(struct damon_target *t)
{
	struct oracle_run *run = oracle_running;
	int i = oracle_target_index(run->ctx, t);

	/* How a core tries a commit first is its own business. */
	if (i >= 0)
		oracle_record(run->record, "ops.cleanup_target()", i);
	put_pid(t->pid);
}

void oracle_set_ops(struct damon_ctx *ctx, const struct oracle_params *params)
{
#define OPERATION(bit, name)						\
	.name = params->ops & ORACLE_OPS_##bit ? ops_##name : NULL

	ctx->ops = (struct damon_operations){
		.id = params->ops_id,
		OPERATION(INIT, init),
		OPERATION(UPDATE, update),
		OPERATION(PREPARE, prepare_access_checks),
		OPERATION(CHECK, check_accesses),
		OPERATION(PROBES, apply_probes),
		OPERATION(SCORE, get_scheme_score),
		OPERATION(APPLY, apply_scheme),
		OPERATION(VALID, target_valid),
		OPERATION(CLEANUP, cleanup_target),
	};
}
