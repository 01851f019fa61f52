// SPDX-License-Identifier: GPL-2.0
/*
 * Puts a core through a scenario
 *
 * The kdamond of the core runs in the thread of the test, in the world of env.c,
 * and the scenario goes on whenever it sleeps.
 */

#include <linux/damon.h>

#include "drive.h"

static void slept(void *data, bool coarse, u64 time)
{
	struct oracle_run *run = data;

	oracle_record(run->record, coarse ? "sleeps for ticks" : "sleeps for us",
		      time);
	oracle_record_ctx(run->record, run->ctx);
	oracle_record(run->record, "a walk is requested",
		      !!run->ctx->walk_control);
	oracle_record_step(run->record);
	oracle_events(run);
	if (++run->step >= run->scenario->nr_steps)
		oracle_world_stop();
	/* This ends the thread, so that a core that does not stop, stops. */
	KUNIT_ASSERT_LT_MSG(run->test, run->step, ORACLE_MAX_STEPS,
			    "the core in %s does not stop in scenario %llu",
			    run->core->name, run->scenario->seed);
}

/* What damon_start() does before it starts anything. */
static int validate(struct oracle_run *run)
{
	struct damon_ctx *ctx = run->core->new_ctx();
	int err;

	KUNIT_ASSERT_NOT_NULL(run->test, ctx);
	err = run->core->commit_ctx(ctx, run->ctx);
	oracle_record(run->record, "damon_commit_ctx() of the start", err);
	run->core->destroy_ctx(ctx);
	return err;
}

/* What can be asked of a kdamond that has ended: nothing. */
static void ask_ended(struct oracle_run *run)
{
	struct damon_call_control call = {};
	struct damos_walk_control walk = {};

	oracle_record(run->record, "damon_call() after the end",
		      run->core->call(run->ctx, &call));
	oracle_record(run->record, "damos_walk() after the end",
		      run->core->walk(run->ctx, &walk));
	oracle_record(run->record, "targets_empty()",
		      run->core->targets_empty(run->ctx));
}

/*
 * oracle_drive() - Put a core through a scenario.
 * @run:	What core, what scenario, and where to record what it does.
 */
void oracle_drive(struct oracle_run *run)
{
	const struct oracle_scenario *scenario = run->scenario;

	oracle_record_begin(run->record);
	memset(run->calls, 0, sizeof(run->calls));
	memset(run->walks, 0, sizeof(run->walks));
	run->step = 0;
	run->invalid_targets = 0;
	run->moving = 0;
	run->ctx = NULL;
	/* So many that they never run out, and the struct is never freed. */
	refcount_set(&run->pid->count, 1000000);
	oracle_running = run;
	oracle_trace(scenario->traced);

	oracle_world_begin(NULL, scenario->values, slept, run);
	run->ctx = oracle_build(run, &scenario->params[0]);
	oracle_record_ctx(run->record, run->ctx);
	oracle_world_begin(run->ctx, scenario->values, slept, run);
	if (!validate(run)) {
		/* As damon_start() does, which both cores take for running. */
		run->ctx->kdamond = current;
		oracle_record(run->record, "kdamond returns",
			      run->core->run_kdamond(run->ctx));
		oracle_record_ctx(run->record, run->ctx);
		oracle_events_record(run);
		ask_ended(run);
	}
	run->core->destroy_ctx(run->ctx);
	oracle_record(run->record, "time", oracle_world_ns());
	oracle_record(run->record, "references of the pid",
		      refcount_read(&run->pid->count));
	oracle_world_end();
	oracle_running = NULL;
}
