/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the DAMON core in Rust and its helpers in C have in common
 */

#ifndef _DAMON_CORE_HELPERS_H
#define _DAMON_CORE_HELPERS_H

#include <linux/damon.h>
#include <linux/types.h>

/* Protects damon_registered_ops. */
extern struct mutex damon_ops_lock;
/* An entry that has no number and no functions is free. */
extern struct damon_operations damon_registered_ops[NR_DAMON_OPS];

/* NULL until DAMON is initialized. */
extern struct kmem_cache *damon_region_cache;

struct damon_region *damon_core_alloc_region(void);
void damon_core_init_ctx(struct damon_ctx *ctx);
struct task_struct *damon_core_run_kdamond(struct damon_ctx *ctx, int nr);

void damon_core_debug_kdamond(bool starts);
void damon_core_debug_wmark(struct damos *scheme, bool activate, bool high);

bool damon_core_should_stop(void);
void damon_core_usleep(unsigned long usecs);
unsigned long damon_core_jiffies(void);
u64 damon_core_coarse_ns(void);
u64 damon_core_some_mem_psi_total(void);
bool damon_core_node_online(int nid);
bool damon_core_node_mem(int nid, unsigned long *total, unsigned long *free);
bool damon_core_node_memcg_used(int nid, u64 memcg_id, unsigned long *used);
void damon_core_node_bytes(phys_addr_t start, phys_addr_t end, int nid,
			   phys_addr_t *node_bytes, phys_addr_t *all_bytes);
void damon_core_lru_pages(unsigned long *active, unsigned long *inactive);
unsigned long damon_core_free_mem_rate(void);
bool damon_core_system_ram(unsigned long addr_unit, unsigned long *start,
			   unsigned long *end);

#ifdef CONFIG_DAMON_SYSFS_USERS
/* The context of a user who is not root */
struct damon_core_guest {
	/* Whom to stop it together with */
	unsigned long owner;
	/* What its operations want to know, see rust/kernel/damon/viewer.rs */
	void *viewer;
	/* Who pays for the memory, or NULL */
	struct mem_cgroup *memcg;
	/* How many regions it may have */
	unsigned long max_nr_regions;
};

struct mem_cgroup *damon_core_charge(struct mem_cgroup *memcg);
bool damon_core_is_charged(void);

/* In Rust */
int damon_core_start_guest(struct damon_ctx *ctx,
			   struct damon_core_guest *guest);
void damon_core_stop_guests(unsigned long owner);
void *damon_core_viewer(struct damon_ctx *ctx);
#endif

/* In Rust */
int damon_core_init(void);
int damon_core_kdamond_fn(void *data);

#endif	/* _DAMON_CORE_HELPERS_H */
