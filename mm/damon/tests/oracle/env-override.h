/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Redirects what a core learns from its environment
 *
 * A core asks the kernel for the time, for its sleeps, and for what the goals and
 * watermarks of schemes measure.  This is put before the C code that asks, of both
 * cores: the task that drives a core through a scenario gets the answers of the
 * oracle, and all other tasks those of the kernel.
 */
#ifndef _DAMON_ORACLE_ENV_OVERRIDE_H
#define _DAMON_ORACLE_ENV_OVERRIDE_H

/* As core.c has it, which defines it after this. */
#define pr_fmt(fmt) "damon: " fmt

#include <linux/damon.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/psi.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_choices.h>
#include <linux/swap.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>

#include "../../ops-common.h"
#include "env.h"

/* How both use it: ASK(what the oracle says, what the kernel says). */
#define ORACLE_ASK(oracle, kernel)					\
	(oracle_drives_current() ? (oracle) : (kernel))

/* Time */

static inline unsigned long oracle_or_jiffies(void)
{
	return ORACLE_ASK(oracle_jiffies(), jiffies);
}

static inline void oracle_or_coarse_time(struct timespec64 *time)
{
	if (oracle_drives_current())
		*time = ns_to_timespec64(oracle_coarse_ns());
	else
		ktime_get_coarse_ts64(time);
}

static inline void oracle_or_usleep(unsigned long min, unsigned long max)
{
	if (oracle_drives_current())
		oracle_usleep(min, max);
	else
		usleep_range_idle(min, max);
}

static inline long oracle_or_schedule_idle(long timeout)
{
	return ORACLE_ASK(oracle_schedule_timeout(timeout),
			  schedule_timeout_idle(timeout));
}

static inline long oracle_or_schedule(long timeout)
{
	return ORACLE_ASK(oracle_schedule_timeout(timeout),
			  schedule_timeout(timeout));
}

static inline bool oracle_or_should_stop(void)
{
	return ORACLE_ASK(oracle_should_stop(), kthread_should_stop());
}

static inline u64 oracle_or_random_u64(void)
{
	return ORACLE_ASK(oracle_random_u64(), get_random_u64());
}

#undef jiffies
#define jiffies				oracle_or_jiffies()
#define ktime_get_coarse_ts64(time)	oracle_or_coarse_time(time)
#define usleep_range_idle(min, max)	oracle_or_usleep(min, max)
#define schedule_timeout_idle(timeout)	oracle_or_schedule_idle(timeout)
#define schedule_timeout(timeout)	oracle_or_schedule(timeout)
#define kthread_should_stop()		oracle_or_should_stop()
#define get_random_u64()		oracle_or_random_u64()

/* Memory of the system */

static inline unsigned long oracle_or_zone_state(enum zone_stat_item item)
{
	return ORACLE_ASK(oracle_value(ORACLE_FREE_PAGES),
			  global_zone_page_state(item));
}

static inline unsigned long oracle_or_totalram(void)
{
	return ORACLE_ASK(oracle_value(ORACLE_TOTAL_PAGES), totalram_pages());
}

static inline unsigned long oracle_or_global_state(enum node_stat_item item)
{
	return ORACLE_ASK(oracle_lru_pages(item), global_node_page_state(item));
}

#define global_zone_page_state(item)	oracle_or_zone_state(item)
#define totalram_pages()		oracle_or_totalram()
#define global_node_page_state(item)	oracle_or_global_state(item)

#ifdef CONFIG_PSI

static inline struct psi_group *oracle_or_psi_system(void)
{
	return ORACLE_ASK(oracle_psi_system(), &psi_system);
}

#define psi_system			(*oracle_or_psi_system())

#endif

#ifdef CONFIG_NUMA

/* Memory of a node */

static inline int oracle_or_node_state(int node, enum node_states state)
{
	return ORACLE_ASK(oracle_node_has_memory(node), node_state(node, state));
}

static inline void oracle_or_meminfo(struct sysinfo *info, int nid)
{
	si_meminfo_node(info, nid);
	if (oracle_drives_current()) {
		info->totalram = oracle_value(ORACLE_NODE_TOTAL_PAGES);
		info->freeram = oracle_value(ORACLE_NODE_FREE_PAGES);
	}
}

#ifdef CONFIG_MEMCG

/* The group is the root of all, which stays. */
static inline struct mem_cgroup *oracle_or_memcg(u64 id)
{
	return ORACLE_ASK(oracle_memcg_exists(id) ? root_mem_cgroup : NULL,
			  mem_cgroup_get_from_id(id));
}

static inline void oracle_or_memcg_put(struct mem_cgroup *memcg)
{
	if (!oracle_drives_current())
		mem_cgroup_put(memcg);
}

static inline void oracle_or_memcg_flush(struct mem_cgroup *memcg)
{
	if (!oracle_drives_current())
		mem_cgroup_flush_stats(memcg);
}

static inline unsigned long oracle_or_lruvec_state(struct lruvec *lruvec,
						   enum node_stat_item item)
{
	return ORACLE_ASK(oracle_lru_pages(item),
			  lruvec_page_state(lruvec, item));
}

#define mem_cgroup_get_from_id(id)	oracle_or_memcg(id)
#define mem_cgroup_put(memcg)		oracle_or_memcg_put(memcg)
#define mem_cgroup_flush_stats(memcg)	oracle_or_memcg_flush(memcg)
#define lruvec_page_state(lruvec, item)	oracle_or_lruvec_state(lruvec, item)

#endif /* CONFIG_MEMCG */

#undef node_online
#define node_state(node, state)		oracle_or_node_state(node, state)
#define node_online(node)		oracle_or_node_state(node, N_ONLINE)
#define si_meminfo_node(info, nid)	oracle_or_meminfo(info, nid)

/* Folios, which the oracle describes with a number in place of a pointer. */

static inline struct folio *oracle_or_folio(unsigned long pfn)
{
	return ORACLE_ASK(oracle_folio(pfn), damon_get_folio(pfn));
}

static inline unsigned long oracle_or_folio_pfn(struct folio *folio)
{
	return ORACLE_ASK(oracle_folio_pfn(folio), folio_pfn(folio));
}

static inline size_t oracle_or_folio_size(struct folio *folio)
{
	return ORACLE_ASK(oracle_folio_size(folio), folio_size(folio));
}

static inline int oracle_or_folio_nid(struct folio *folio)
{
	return ORACLE_ASK(oracle_folio_nid(folio), folio_nid(folio));
}

static inline void oracle_or_folio_put(struct folio *folio)
{
	if (!oracle_drives_current())
		folio_put(folio);
}

#define damon_get_folio(pfn)		oracle_or_folio(pfn)
#define folio_pfn(folio)		oracle_or_folio_pfn(folio)
#define folio_size(folio)		oracle_or_folio_size(folio)
#define folio_nid(folio)		oracle_or_folio_nid(folio)
#define folio_put(folio)		oracle_or_folio_put(folio)

#endif /* CONFIG_NUMA */

#endif /* _DAMON_ORACLE_ENV_OVERRIDE_H */
