// SPDX-License-Identifier: GPL-2.0
/*
 * Records the tracepoints that a core passes
 */

#include <trace/events/damon.h>

#include "drive.h"

#ifdef CONFIG_TRACEPOINTS

static struct oracle_record *recording(void)
{
	return oracle_running && oracle_drives_current() ?
		oracle_running->record : NULL;
}

static void stat_after_apply_interval(void *data, unsigned int ctx,
				      unsigned int scheme,
				      struct damos_stat *stat)
{
	struct oracle_record *record = recording();

	if (!record)
		return;
	oracle_record_at(record, "damos_stat_after_apply_interval", ctx, scheme,
			 stat->nr_tried);
}

static void esz(void *data, unsigned int ctx, unsigned int scheme,
		unsigned long esz)
{
	struct oracle_record *record = recording();

	if (record)
		oracle_record_at(record, "damos_esz", ctx, scheme, esz);
}

static void before_apply(void *data, unsigned int ctx, unsigned int scheme,
			 unsigned int target, struct damon_region *r,
			 unsigned int nr_accesses, unsigned int nr_regions,
			 bool do_trace)
{
	struct oracle_record *record = recording();

	if (!record)
		return;
	oracle_record_at(record, "damos_before_apply", target, scheme,
			 r->ar.start);
	oracle_record(record, "damos_before_apply nr_accesses", nr_accesses);
	oracle_record(record, "damos_before_apply nr_regions", nr_regions);
	oracle_record(record, "damos_before_apply do_trace", do_trace);
}

static void intervals_tune(void *data, unsigned long sample_us)
{
	struct oracle_record *record = recording();

	if (record)
		oracle_record(record, "damon_monitor_intervals_tune", sample_us);
}

static void region_aggregated(void *data, unsigned int target,
			      struct damon_region *r, unsigned int nr_regions,
			      unsigned int nr_probes)
{
	struct oracle_record *record = recording();

	if (!record)
		return;
	oracle_record_at(record, "damon_region_aggregated", target, nr_regions,
			 r->ar.start);
	oracle_record(record, "damon_region_aggregated nr_probes", nr_probes);
	oracle_record(record, "damon_region_aggregated hits", r->probe_hits[0]);
}

static void aggregated(void *data, unsigned int target, struct damon_region *r,
		       unsigned int nr_regions)
{
	struct oracle_record *record = recording();

	if (!record)
		return;
	oracle_record_at(record, "damon_aggregated", target, nr_regions,
			 r->ar.start);
	oracle_record(record, "damon_aggregated nr_accesses", r->nr_accesses);
	oracle_record(record, "damon_aggregated age", r->age);
}

static int register_probes(void)
{
	int err = 0;

	err |= register_trace_damos_stat_after_apply_interval(stat_after_apply_interval, NULL);
	err |= register_trace_damos_esz(esz, NULL);
	err |= register_trace_damos_before_apply(before_apply, NULL);
	err |= register_trace_damon_monitor_intervals_tune(intervals_tune, NULL);
	err |= register_trace_damon_region_aggregated(region_aggregated, NULL);
	err |= register_trace_damon_aggregated(aggregated, NULL);
	return err;
}

static int unregister_probes(void)
{
	int err = 0;

	err |= unregister_trace_damos_stat_after_apply_interval(stat_after_apply_interval, NULL);
	err |= unregister_trace_damos_esz(esz, NULL);
	err |= unregister_trace_damos_before_apply(before_apply, NULL);
	err |= unregister_trace_damon_monitor_intervals_tune(intervals_tune, NULL);
	err |= unregister_trace_damon_region_aggregated(region_aggregated, NULL);
	err |= unregister_trace_damon_aggregated(aggregated, NULL);
	tracepoint_synchronize_unregister();
	return err;
}

/* oracle_trace() - Switch the tracepoints on or off. */
void oracle_trace(bool on)
{
	static bool is_on;

	if (on == is_on)
		return;
	WARN_ON(on ? register_probes() : unregister_probes());
	is_on = on;
}

#else

void oracle_trace(bool on)
{
}

#endif
