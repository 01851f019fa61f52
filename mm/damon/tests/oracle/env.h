/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world of a scenario: what the oracle tells a core about its environment
 */
#ifndef _DAMON_ORACLE_ENV_H
#define _DAMON_ORACLE_ENV_H

#include <linux/damon.h>
#include <linux/mmzone.h>
#include <linux/psi_types.h>

/* What a scenario can change, and the cores can see. */
enum oracle_value {
	ORACLE_TOTAL_PAGES,
	ORACLE_FREE_PAGES,
	ORACLE_PSI_TOTAL_US,
	ORACLE_NODE_TOTAL_PAGES,
	ORACLE_NODE_FREE_PAGES,
	ORACLE_ACTIVE_ANON,
	ORACLE_INACTIVE_ANON,
	ORACLE_ACTIVE_FILE,
	ORACLE_INACTIVE_FILE,
	ORACLE_NR_VALUES,
};

/* The one node that has memory, and the one memory cgroup that is there. */
#define ORACLE_NODE		0
#define ORACLE_MEMCG_ID		7
/* The folios of the oracle are of this many pages. */
#define ORACLE_FOLIO_ORDER	9

/* For the oracle */

/* What happens during a sleep, for which the world tells the time. */
typedef void (*oracle_sleep_fn)(void *data, bool coarse, u64 time);

void oracle_world_begin(struct damon_ctx *ctx, const u64 *values,
			oracle_sleep_fn sleep, void *data);
void oracle_world_end(void);
void oracle_world_set(enum oracle_value which, u64 value);
void oracle_world_stop(void);
void oracle_world_pass(u64 ns);
u64 oracle_world_ns(void);

/* For the cores, through env-override.h */

bool oracle_drives_current(void);
struct damon_ctx *oracle_ctx(void);
unsigned long oracle_jiffies(void);
u64 oracle_coarse_ns(void);
void oracle_usleep(unsigned long min, unsigned long max);
long oracle_schedule_timeout(long timeout);
bool oracle_should_stop(void);
u64 oracle_random_u64(void);
unsigned long oracle_value(enum oracle_value which);
unsigned long oracle_lru_pages(enum node_stat_item item);
struct psi_group *oracle_psi_system(void);
int oracle_node_has_memory(int node);
bool oracle_memcg_exists(u64 id);
struct folio *oracle_folio(unsigned long pfn);
unsigned long oracle_folio_pfn(struct folio *folio);
size_t oracle_folio_size(struct folio *folio);
int oracle_folio_nid(struct folio *folio);

#endif /* _DAMON_ORACLE_ENV_H */
