// SPDX-License-Identifier: GPL-2.0
/*
 * The world of a scenario: what the oracle tells a core about its environment
 *
 * Nothing happens in it by itself.  Time passes when the core sleeps, and as much
 * as it wants to; what else is to happen, happens then.
 */

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/time64.h>

#include "env.h"

/* Where the clock starts: jiffies wrap around soon, as in the kernel. */
#define START_JIFFIES	((unsigned long)-300)

static struct oracle_world {
	/* The task that sees the world, if any. */
	struct task_struct *task;
	struct damon_ctx *ctx;
	u64 ns;
	bool stop;
	u64 values[ORACLE_NR_VALUES];
	oracle_sleep_fn sleep;
	void *data;
#ifdef CONFIG_PSI
	struct psi_group psi;
#endif
} world;

/*
 * oracle_world_begin() - Make the current task see the oracle's world.
 * @ctx:	The context that it drives.
 * @values:	What a core sees of the system's memory.
 * @sleep:	Called with @data whenever the core sleeps.
 */
void oracle_world_begin(struct damon_ctx *ctx, const u64 *values,
			oracle_sleep_fn sleep, void *data)
{
	enum oracle_value i;

	world.ctx = ctx;
	world.ns = 0;
	world.stop = false;
	world.sleep = sleep;
	world.data = data;
	for (i = 0; i < ORACLE_NR_VALUES; i++)
		oracle_world_set(i, values[i]);
	WRITE_ONCE(world.task, current);
}

void oracle_world_end(void)
{
	WRITE_ONCE(world.task, NULL);
	world.ctx = NULL;
}

void oracle_world_set(enum oracle_value which, u64 value)
{
	world.values[which] = value;
#ifdef CONFIG_PSI
	if (which == ORACLE_PSI_TOTAL_US)
		world.psi.total[PSI_AVGS][PSI_MEM * 2] = value * NSEC_PER_USEC;
#endif
}

void oracle_world_stop(void)
{
	world.stop = true;
}

void oracle_world_pass(u64 ns)
{
	world.ns += ns;
}

u64 oracle_world_ns(void)
{
	return world.ns;
}

bool oracle_drives_current(void)
{
	return READ_ONCE(world.task) == current;
}

struct damon_ctx *oracle_ctx(void)
{
	return world.ctx;
}

unsigned long oracle_jiffies(void)
{
	return START_JIFFIES + div_u64(world.ns, NSEC_PER_SEC / HZ);
}

u64 oracle_coarse_ns(void)
{
	return div_u64(world.ns, NSEC_PER_SEC / HZ) * (NSEC_PER_SEC / HZ);
}

void oracle_usleep(unsigned long min, unsigned long max)
{
	world.ns += (u64)max * NSEC_PER_USEC;
	world.sleep(world.data, false, min);
}

long oracle_schedule_timeout(long timeout)
{
	__set_current_state(TASK_RUNNING);
	world.ns += (u64)timeout * (NSEC_PER_SEC / HZ);
	world.sleep(world.data, true, timeout);
	return 0;
}

bool oracle_should_stop(void)
{
	return world.stop;
}

/* The seed of a context.  The contexts that count get one from the scenario. */
u64 oracle_random_u64(void)
{
	return 1;
}

unsigned long oracle_value(enum oracle_value which)
{
	return world.values[which];
}

unsigned long oracle_lru_pages(enum node_stat_item item)
{
	switch (item) {
	case NR_ACTIVE_ANON:
		return oracle_value(ORACLE_ACTIVE_ANON);
	case NR_INACTIVE_ANON:
		return oracle_value(ORACLE_INACTIVE_ANON);
	case NR_ACTIVE_FILE:
		return oracle_value(ORACLE_ACTIVE_FILE);
	case NR_INACTIVE_FILE:
		return oracle_value(ORACLE_INACTIVE_FILE);
	default:
		return 0;
	}
}

#ifdef CONFIG_PSI
struct psi_group *oracle_psi_system(void)
{
	return &world.psi;
}
#endif

int oracle_node_has_memory(int node)
{
	return node == ORACLE_NODE;
}

bool oracle_memcg_exists(u64 id)
{
	return id == ORACLE_MEMCG_ID;
}

/* The folio that @pfn is in, as the number of its first page; every 7th is none. */
struct folio *oracle_folio(unsigned long pfn)
{
	unsigned long first = round_down(pfn, 1UL << ORACLE_FOLIO_ORDER);

	if ((pfn >> ORACLE_FOLIO_ORDER) % 7 == 3)
		return NULL;
	/* The lowest bit tells the first one from none. */
	return (struct folio *)(first | 1);
}

unsigned long oracle_folio_pfn(struct folio *folio)
{
	return (unsigned long)folio & ~1UL;
}

size_t oracle_folio_size(struct folio *folio)
{
	return PAGE_SIZE << ORACLE_FOLIO_ORDER;
}

int oracle_folio_nid(struct folio *folio)
{
	return oracle_folio_pfn(folio) >> ORACLE_FOLIO_ORDER & 1;
}
