// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a context while its kdamond sleeps
 */

#include <linux/completion.h>
#include <linux/slab.h>

#include "drive.h"

static struct damos *nth_scheme(struct damon_ctx *ctx, u64 n)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx) {
		if (!n--)
			return s;
	}
	return NULL;
}

static int call_commit(struct oracle_run *run, const struct oracle_event *event)
{
	struct damon_ctx *src;
	int err;

	src = oracle_build(run, &run->scenario->params[event->a]);
	err = run->core->commit_ctx(run->ctx, src);
	run->core->destroy_ctx(src);
	return err;
}

static int call_attrs(struct oracle_run *run, const struct oracle_event *event)
{
	struct damon_attrs attrs = run->scenario->params[event->a].attrs;
	unsigned long sample_interval = attrs.sample_interval ?: 1;
	struct damon_probe *p;

	/* A commit would refuse weights of more hits than can be counted. */
	if (attrs.aggr_interval / sample_interval > U8_MAX) {
		damon_for_each_probe(p, run->ctx) {
			if (p->weight)
				return -ERANGE;
		}
	}
	return run->core->set_attrs(run->ctx, &attrs);
}

static int call_goals(struct oracle_run *run, const struct oracle_event *event)
{
	const struct oracle_params *params = &run->scenario->params[event->a];
	struct damos *s = nth_scheme(run->ctx, event->b);
	struct damos_quota_goal *goal, *next;
	struct damos_quota quota = {};
	int err;

	/* Combinations that oracle_generate_scheme() avoids are avoided here. */
	if (!s || event->b >= params->nr_schemes || run->ctx->addr_unit != 1 ||
	    !list_empty(&s->core_filters))
		return -ENOENT;
	INIT_LIST_HEAD(&quota.goals);
	oracle_build_goals(run, &quota, &params->schemes[event->b]);
	err = run->core->commit_goals(&s->quota, &quota);
	damos_for_each_quota_goal_safe(goal, next, &quota)
		run->core->destroy_goal(goal);
	return err;
}

/* What sysfs does when it is read, and more of the same. */
static int call_repeat(struct oracle_run *run, const struct oracle_event *event)
{
	struct damon_target *t;
	struct damon_region *r;
	int i;

	damon_for_each_target(t, run->ctx) {
		oracle_record(run->record, "nr_regions()",
			      run->core->nr_regions(t));
		damon_for_each_region(r, t) {
			oracle_record(run->record, "nr_accesses_mvsum()",
				      run->core->nr_accesses_mvsum(r, run->ctx));
			for (i = 0; i < DAMON_MAX_PROBES; i++)
				oracle_record(run->record, "probe_hits_mvsum()",
					      run->core->probe_hits_mvsum(i, r,
								run->ctx));
			oracle_record(run->record, "probe_hits_wsum()",
				      run->core->probe_hits_wsum(r, true,
								 run->ctx));
		}
	}
	return 0;
}

static int call_fn(void *data)
{
	struct oracle_call *call = data;
	struct oracle_run *run = call->run;
	const struct oracle_event *event = call->event;
	int ret = 0;

	oracle_record(run->record, "call of event", event - run->scenario->events);
	switch (event->kind) {
	case ORACLE_EVENT_COMMIT:
		ret = call_commit(run, event);
		break;
	case ORACLE_EVENT_ATTRS:
		ret = call_attrs(run, event);
		break;
	case ORACLE_EVENT_GOALS:
		ret = call_goals(run, event);
		break;
	case ORACLE_EVENT_REPEAT:
		ret = call_repeat(run, event);
		break;
	default:
		ret = -event->a;
		break;
	}
	oracle_record(run->record, "call returns", ret);
	return ret;
}

/* damon_call() up to where it waits. */
static void call(struct oracle_run *run, struct oracle_call *call)
{
	struct damon_call_control *control = &call->control;

	control->fn = call_fn;
	control->data = call;
	init_completion(&control->completion);
	INIT_LIST_HEAD(&control->list);
	mutex_lock(&run->ctx->call_controls_lock);
	list_add_tail(&control->list, &run->ctx->call_controls);
	mutex_unlock(&run->ctx->call_controls_lock);
}

/* One that repeats does not wait. */
static void call_repeatedly(struct oracle_run *run, struct oracle_call *call)
{
	struct damon_call_control *control = &call->control;

	if (call->event->a) {
		control = kzalloc_obj(*control);
		KUNIT_ASSERT_NOT_NULL(run->test, control);
	}
	control->fn = call_fn;
	control->data = call;
	control->repeat = true;
	control->dealloc_on_cancel = call->event->a;
	oracle_record(run->record, "damon_call()",
		      run->core->call(run->ctx, control));
}

static void walk_fn(void *data, struct damon_ctx *ctx, struct damon_target *t,
		    struct damon_region *r, struct damos *s,
		    unsigned long sz_filter_passed)
{
	struct oracle_run *run = data;
	int target = oracle_target_index(ctx, t);
	int scheme = oracle_scheme_index(ctx, s);

	oracle_record_at(run->record, "walk start", target, scheme, r->ar.start);
	oracle_record_at(run->record, "walk end", target, scheme, r->ar.end);
	oracle_record_at(run->record, "walk age", target, scheme, r->age);
	oracle_record_at(run->record, "walk sz_filter_passed", target, scheme,
			 sz_filter_passed);
}

/* damos_walk() up to where it waits, or all of it if that is refused. */
static void walk(struct oracle_run *run, struct damos_walk_control *control)
{
	control->walk_fn = walk_fn;
	control->data = run;
	if (run->ctx->walk_control) {
		oracle_record(run->record, "damos_walk()",
			      run->core->walk(run->ctx, control));
		return;
	}
	init_completion(&control->completion);
	mutex_lock(&run->ctx->walk_control_lock);
	run->ctx->walk_control = control;
	mutex_unlock(&run->ctx->walk_control_lock);
}

static void user_input(struct oracle_run *run, const struct oracle_event *event)
{
	struct damos *s = nth_scheme(run->ctx, event->a);
	struct damos_quota_goal *goal;

	if (!s)
		return;
	damos_for_each_quota_goal(goal, &s->quota) {
		if (goal->metric == DAMOS_QUOTA_USER_INPUT)
			goal->current_value = event->b;
	}
}

static void happen(struct oracle_run *run, unsigned int i)
{
	const struct oracle_event *event = &run->scenario->events[i];

	run->calls[i].run = run;
	run->calls[i].event = event;
	switch (event->kind) {
	case ORACLE_EVENT_COMMIT:
	case ORACLE_EVENT_ATTRS:
	case ORACLE_EVENT_GOALS:
	case ORACLE_EVENT_CALL:
		call(run, &run->calls[i]);
		break;
	case ORACLE_EVENT_REPEAT:
		call_repeatedly(run, &run->calls[i]);
		break;
	case ORACLE_EVENT_WALK:
		walk(run, &run->walks[i]);
		break;
	case ORACLE_EVENT_USER_INPUT:
		user_input(run, event);
		break;
	case ORACLE_EVENT_VALUE:
		oracle_world_set(event->a, event->b);
		break;
	case ORACLE_EVENT_TARGET:
		run->invalid_targets ^= BIT(event->a);
		break;
	case ORACLE_EVENT_MOVE:
		run->moving = event->a;
		break;
	case ORACLE_NR_EVENTS:
		break;
	}
}

/* oracle_events() - Let happen what does in this step. */
void oracle_events(struct oracle_run *run)
{
	unsigned int i;

	for (i = 0; i < run->scenario->nr_events; i++) {
		if (run->scenario->events[i].step == run->step)
			happen(run, i);
	}
}

/* oracle_events_record() - Record what has become of the calls and walks. */
void oracle_events_record(struct oracle_run *run)
{
	unsigned int i;

	for (i = 0; i < run->scenario->nr_events; i++) {
		struct damon_call_control *call = &run->calls[i].control;
		struct damos_walk_control *walk = &run->walks[i];

		oracle_record_at(run->record, "call.canceled", i, -1,
				 call->canceled);
		oracle_record_at(run->record, "call.return_code", i, -1,
				 call->return_code);
		oracle_record_at(run->record, "call.completion", i, -1,
				 call->completion.done);
		oracle_record_at(run->record, "walk.canceled", i, -1,
				 walk->canceled);
		oracle_record_at(run->record, "walk.completion", i, -1,
				 walk->completion.done);
	}
}
