// SPDX-License-Identifier: GPL-2.0
/*
 * What the DAMON core in Rust needs in C
 *
 * There is what can only be written in C: tracepoints, static locks, the initcall,
 * macros that hide allocation and thread creation.  And there is all that the core
 * learns from the world outside of DAMON: plain questions and plain waits.  What
 * follows from the answers is decided in Rust.
 */

#define pr_fmt(fmt) "damon: " fmt

#include <linux/completion.h>
#include <linux/damon.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/printk.h>
#include <linux/psi.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string_choices.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>

#include "../ops-common.h"
#include "helpers.h"

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include <trace/events/damon.h>

/* Protects damon_registered_ops. */
DEFINE_MUTEX(damon_ops_lock);
struct damon_operations damon_registered_ops[NR_DAMON_OPS];

struct kmem_cache *damon_region_cache __ro_after_init;

#ifdef CONFIG_DAMON_SYSFS_USERS
/*
 * Charges what this thread allocates for a user to a memory cgroup.  Returns the
 * one that was charged before.
 */
struct mem_cgroup *damon_core_charge(struct mem_cgroup *memcg)
{
	return set_active_memcg(memcg);
}

bool damon_core_is_charged(void)
{
#ifdef CONFIG_MEMCG
	return current->active_memcg;
#else
	return false;
#endif
}
#else
static bool damon_core_is_charged(void)
{
	return false;
}
#endif

/* kmem_cache_alloc() is a macro. */
struct damon_region *damon_core_alloc_region(void)
{
	return kmem_cache_alloc(damon_region_cache, damon_core_is_charged() ?
				GFP_KERNEL_ACCOUNT : GFP_KERNEL);
}

/*
 * Initializes what is not plain values.  Each use of mutex_init() defines a lock
 * class of its own.
 */
void damon_core_init_ctx(struct damon_ctx *ctx)
{
	init_completion(&ctx->kdamond_started);
	mutex_init(&ctx->kdamond_lock);
	mutex_init(&ctx->call_controls_lock);
	mutex_init(&ctx->walk_control_lock);
	INIT_LIST_HEAD(&ctx->call_controls);
	INIT_LIST_HEAD(&ctx->adaptive_targets);
	INIT_LIST_HEAD(&ctx->probes);
	INIT_LIST_HEAD(&ctx->schemes);
	prandom_seed_state(&ctx->rnd_state, get_random_u64());
}

/*
 * The thread's data is the context itself: debuggers find the context of a
 * kdamond there.
 */
struct task_struct *damon_core_run_kdamond(struct damon_ctx *ctx, int nr)
{
	reinit_completion(&ctx->kdamond_started);
	return kthread_run(damon_core_kdamond_fn, ctx, "kdamond.%d", nr);
}

/* These two are functions for the sake of dynamic debug. */
void damon_core_debug_kdamond(bool starts)
{
	pr_debug("kdamond (%d) %s\n", current->pid,
		 starts ? "starts" : "finishes");
}

void damon_core_debug_wmark(struct damos *scheme, bool activate, bool high)
{
	if (activate)
		pr_debug("activate a scheme (%d)\n", scheme->action);
	else
		pr_debug("deactivate a scheme (%d) for %s wmark\n",
			 scheme->action, str_high_low(high));
}

/*
 * Returns whether kthread_stop() was called on this kdamond.  Only kernel
 * threads can be asked.
 */
bool damon_core_should_stop(void)
{
	return (current->flags & PF_KTHREAD) && kthread_should_stop();
}

/* Any length fits, unlike in usecs_to_jiffies(). */
static long damon_core_sleep_jiffies(unsigned long usecs)
{
	unsigned long secs = usecs / USEC_PER_SEC;

	if (secs >= MAX_JIFFY_OFFSET / HZ)
		return MAX_JIFFY_OFFSET;
	return secs * HZ + usecs_to_jiffies(usecs % USEC_PER_SEC);
}

/*
 * Sleep for @usecs microseconds, or until the kdamond is told to stop in case
 * that is longer than what usleep_range() is for.
 */
void damon_core_usleep(unsigned long usecs)
{
	if (usecs < USLEEP_RANGE_UPPER_BOUND) {
		usleep_range_idle(usecs, usecs + 1);
		return;
	}

	/*
	 * kthread_stop() sets its flag before it wakes the thread up.  Hence
	 * it is either seen here, or makes the thread runnable again.
	 */
	set_current_state(TASK_IDLE);
	if (damon_core_should_stop()) {
		__set_current_state(TASK_RUNNING);
		return;
	}
	schedule_timeout(damon_core_sleep_jiffies(usecs));
}

unsigned long damon_core_jiffies(void)
{
	return jiffies;
}

/* Returns the time of the last tick in nanoseconds. */
u64 damon_core_coarse_ns(void)
{
	struct timespec64 now;

	ktime_get_coarse_ts64(&now);
	return timespec64_to_ns(&now);
}

/* Returns for how many microseconds some task has waited for memory so far. */
u64 damon_core_some_mem_psi_total(void)
{
#ifdef CONFIG_PSI
	if (static_branch_likely(&psi_disabled))
		return 0;
	return div_u64(psi_system.total[PSI_AVGS][PSI_MEM * 2],
		       NSEC_PER_USEC);
#else
	return 0;
#endif
}

bool damon_core_node_online(int nid)
{
	return nid >= 0 && nid < MAX_NUMNODES && node_online(nid);
}

#ifdef CONFIG_NUMA
static bool damon_core_invalid_mem_node(int nid)
{
	return nid < 0 || nid >= MAX_NUMNODES || !node_state(nid, N_MEMORY);
}

/* Gets pages of a node.  Returns false if the node has no memory. */
bool damon_core_node_mem(int nid, unsigned long *total, unsigned long *free)
{
	struct sysinfo i;

	if (damon_core_invalid_mem_node(nid))
		return false;
	si_meminfo_node(&i, nid);
	*total = i.totalram;
	*free = i.freeram;
	return true;
}

/*
 * Gets the LRU pages of a memory cgroup on a node.  Returns false if the node
 * has no memory or there is no such memory cgroup.
 */
bool damon_core_node_memcg_used(int nid, u64 memcg_id, unsigned long *used)
{
	struct mem_cgroup *memcg;
	struct lruvec *lruvec;

	if (damon_core_invalid_mem_node(nid))
		return false;
	memcg = mem_cgroup_get_from_id(memcg_id);
	if (!memcg)
		return false;

	mem_cgroup_flush_stats(memcg);
	lruvec = mem_cgroup_lruvec(memcg, NODE_DATA(nid));
	*used = lruvec_page_state(lruvec, NR_ACTIVE_ANON);
	*used += lruvec_page_state(lruvec, NR_INACTIVE_ANON);
	*used += lruvec_page_state(lruvec, NR_ACTIVE_FILE);
	*used += lruvec_page_state(lruvec, NR_INACTIVE_FILE);
	mem_cgroup_put(memcg);
	return true;
}
#else
bool damon_core_node_mem(int nid, unsigned long *total, unsigned long *free)
{
	return false;
}

bool damon_core_node_memcg_used(int nid, u64 memcg_id, unsigned long *used)
{
	return false;
}
#endif	/* CONFIG_NUMA */

#if defined(CONFIG_NUMA) && defined(CONFIG_DAMON_PADDR)
/*
 * Adds the bytes of folios in the physical address range [@start, @end) to
 * @all_bytes, and those of them that are on node @nid to @node_bytes.
 */
void damon_core_node_bytes(phys_addr_t start, phys_addr_t end, int nid,
			   phys_addr_t *node_bytes, phys_addr_t *all_bytes)
{
	phys_addr_t addr = start;

	while (addr < end) {
		struct folio *folio = damon_get_folio(PHYS_PFN(addr));
		phys_addr_t folio_start, folio_end, bytes;

		if (!folio) {
			addr = PAGE_ALIGN_DOWN(addr + PAGE_SIZE);
			/* That was the last page of the address space. */
			if (!addr)
				break;
			continue;
		}

		/* The range can begin and end within a large folio. */
		folio_start = PFN_PHYS(folio_pfn(folio));
		folio_end = folio_start + folio_size(folio);
		if (min(end, folio_end) > max(addr, folio_start)) {
			bytes = min(end, folio_end) - max(addr, folio_start);
			*all_bytes += bytes;
			if (folio_nid(folio) == nid)
				*node_bytes += bytes;
		}
		addr = folio_end;
		folio_put(folio);
	}
	cond_resched();
}
#else
void damon_core_node_bytes(phys_addr_t start, phys_addr_t end, int nid,
			   phys_addr_t *node_bytes, phys_addr_t *all_bytes)
{
}
#endif

/* Gets the pages on LRU lists, as /proc/meminfo has them. */
void damon_core_lru_pages(unsigned long *active, unsigned long *inactive)
{
	*active = global_node_page_state(NR_LRU_BASE + LRU_ACTIVE_ANON) +
		global_node_page_state(NR_LRU_BASE + LRU_ACTIVE_FILE);
	*inactive = global_node_page_state(NR_LRU_BASE + LRU_INACTIVE_ANON) +
		global_node_page_state(NR_LRU_BASE + LRU_INACTIVE_FILE);
}

/* Returns the free memory in parts per thousand of all memory. */
unsigned long damon_core_free_mem_rate(void)
{
	return global_zone_page_state(NR_FREE_PAGES) * 1000 /
		totalram_pages();
}

struct damon_core_ram {
	bool found;
	resource_size_t start;
	resource_size_t end;
};

static int damon_core_add_ram(struct resource *res, void *arg)
{
	struct damon_core_ram *ram = arg;

	if (!ram->found) {
		ram->found = true;
		ram->start = res->start;
	}
	ram->end = res->end + 1;
	return 0;
}

/* A physical address can have more bits than an unsigned long. */
static unsigned long damon_core_addr(resource_size_t addr,
				     unsigned long addr_unit)
{
	if (sizeof(addr) == 8 && sizeof(addr_unit) == 4)
		return div_u64(addr, addr_unit);
	return addr / addr_unit;
}

/*
 * Gets the range from the first to the last 'System RAM' resource, in units
 * of @addr_unit bytes.  Returns false if there is none.
 */
bool damon_core_system_ram(unsigned long addr_unit, unsigned long *start,
			   unsigned long *end)
{
	struct damon_core_ram ram = {};

	walk_system_ram_res(0, -1, &ram, damon_core_add_ram);
	*start = damon_core_addr(ram.start, addr_unit);
	*end = damon_core_addr(ram.end, addr_unit);
	return ram.found;
}

static int __init damon_init(void)
{
	damon_region_cache = KMEM_CACHE(damon_region, 0);
	if (unlikely(!damon_region_cache)) {
		pr_err("creating damon_region_cache fails\n");
		return -ENOMEM;
	}

	return damon_core_init();
}

subsys_initcall(damon_init);
