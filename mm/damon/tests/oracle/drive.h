/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Puts a core through a scenario
 */
#ifndef _DAMON_ORACLE_DRIVE_H
#define _DAMON_ORACLE_DRIVE_H

#include <kunit/test.h>
#include <linux/damon.h>
#include <linux/pid.h>

#include "record.h"
#include "ref-core.h"
#include "scenario.h"

struct oracle_run;

/* A damon_call() that an event makes. */
struct oracle_call {
	struct oracle_run *run;
	const struct oracle_event *event;
	struct damon_call_control control;
};

/* A core in a scenario. */
struct oracle_run {
	struct kunit *test;
	const struct damon_core_functions *core;
	const struct oracle_scenario *scenario;
	struct oracle_record *record;
	struct damon_ctx *ctx;
	/* Whose references are counted */
	struct pid *pid;
	unsigned int step;
	/* A bit for each target that is not valid */
	unsigned long invalid_targets;
	/* The operation that is to move the regions, or 0 */
	enum oracle_ops moving;
	/* One for each event that wants one */
	struct oracle_call calls[ORACLE_MAX_EVENTS];
	struct damos_walk_control walks[ORACLE_MAX_EVENTS];
};

/* The run that goes on, or NULL. */
extern struct oracle_run *oracle_running;

/* drive.c */
void oracle_drive(struct oracle_run *run);

/* events.c */
void oracle_events(struct oracle_run *run);
void oracle_events_record(struct oracle_run *run);

/* build.c */
struct damon_ctx *oracle_build(struct oracle_run *run,
			       const struct oracle_params *params);
void oracle_build_goals(struct oracle_run *run, struct damos_quota *quota,
			const struct oracle_scheme *from);

/* ops.c */
void oracle_set_ops(struct damon_ctx *ctx, const struct oracle_params *params);
int oracle_target_index(struct damon_ctx *ctx, struct damon_target *target);
int oracle_scheme_index(struct damon_ctx *ctx, struct damos *scheme);

/* trace.c */
void oracle_trace(bool on);

#endif /* _DAMON_ORACLE_DRIVE_H */
