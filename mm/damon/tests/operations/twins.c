// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that the kernel uses against those in C
 *
 * Two processes have the same done to their memory.  The operations in C look at one,
 * and those that the kernel uses at the other, with the same regions and the same
 * random numbers.  After each operation all that it returns, the regions, and the
 * memory are compared.  In between, random events change the memory.
 */

#include <linux/damon.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/moduleparam.h>
#include <linux/page_idle.h>
#include <linux/pagewalk.h>
#include <linux/prandom.h>
#include <linux/rmap.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>
#include <asm/tlb.h>

#include "../../../internal.h"
#include "ref-ops.h"
#include "space.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"damon_operations."

static unsigned int seed = 1;
module_param(seed, uint, 0400);
static unsigned int count = 10000;
module_param(count, uint, 0400);

/* Where memory may be: in twelve page tables, in two tables of these. */
#define START		(SZ_1G - 12UL * SZ_1M)
#define PAGES		(24 * SZ_1M / PAGE_SIZE)
/* Where regions may be, in pages: beyond that, too */
#define MARGIN		300
#define MAX_REGIONS	150
#define MAX_CHILDREN	3

enum { C, OURS, NR_TWINS };

struct twin {
	const struct damon_operations *ops;
	struct damon_ctx *ctx;
	struct space space;
	struct space children[MAX_CHILDREN];
	struct folio *isolated;
	/* Locked, and not mapped meanwhile */
	struct folio *migrating;
	/* What the last operation returned */
	unsigned int max;
};

struct twins {
	struct kunit *test;
	struct rnd_state rnd;
	bool phys;
	unsigned int nr_regions, nr_children;
	struct twin twin[NR_TWINS];
	/* What there was to compare */
	unsigned long accessed, idle, migrated, protected;
};

static unsigned long below(struct twins *t, unsigned long limit)
{
	return prandom_u32_state(&t->rnd) % limit;
}

static unsigned long addr_of(unsigned long page)
{
	return START + page * PAGE_SIZE;
}

/*
 * Events: each does the same to both twins, and returns what can be compared.
 */

struct span {
	unsigned long start, size;
	unsigned int number;
};

typedef long (*event_fn)(struct twins *t, struct twin *twin, struct span *r);

static long map(struct twin *twin, struct span *r, unsigned long prot,
		unsigned long flags)
{
	return vm_mmap(NULL, r->start, r->size, prot, MAP_FIXED | flags, 0);
}

static long event_map(struct twins *t, struct twin *twin, struct span *r)
{
	return map(twin, r, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static long event_map_all(struct twins *t, struct twin *twin, struct span *r)
{
	return map(twin, r, PROT_READ | (r->number % 2 ? PROT_WRITE : 0),
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
}

static long event_map_shared(struct twins *t, struct twin *twin, struct span *r)
{
	return map(twin, r, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE);
}

static long event_map_none(struct twins *t, struct twin *twin, struct span *r)
{
	return map(twin, r, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static long event_unmap(struct twins *t, struct twin *twin, struct span *r)
{
	return vm_munmap(r->start, r->size);
}

static long event_free(struct twins *t, struct twin *twin, struct span *r)
{
	return do_madvise(twin->space.mm, r->start, r->size, MADV_DONTNEED);
}

static long event_cold(struct twins *t, struct twin *twin, struct span *r)
{
	return do_madvise(twin->space.mm, r->start, r->size, MADV_COLD);
}

static long event_free_lazily(struct twins *t, struct twin *twin, struct span *r)
{
	return do_madvise(twin->space.mm, r->start, r->size, MADV_FREE);
}

/* Has one area, or a part of it, other permissions, with the memory in place. */
static long event_protect(struct twins *t, struct twin *twin, struct span *r)
{
	static const vm_flags_t permissions[] = {
		VM_NONE, VM_READ, VM_READ | VM_WRITE,
	};
	VMA_ITERATOR(vmi, twin->space.mm, r->start);
	unsigned long end = r->start + r->size;
	struct vm_area_struct *vma, *prev;
	struct mmu_gather tlb;
	vm_flags_t flags;
	long err = -ENOMEM;

	mmap_write_lock(twin->space.mm);
	vma = vma_find(&vmi, end);
	if (!vma || vma->vm_start > r->start)
		goto out;
	prev = vma_prev(&vmi);
	if (r->start > vma->vm_start)
		prev = vma;
	vma = vma_find(&vmi, end);
	flags = vma->vm_flags & ~VM_ACCESS_FLAGS;
	flags |= permissions[r->number % ARRAY_SIZE(permissions)];
	tlb_gather_mmu(&tlb, twin->space.mm);
	err = mprotect_fixup(&vmi, &tlb, vma, &prev, r->start,
			     min(end, vma->vm_end), flags);
	tlb_finish_mmu(&tlb);
	t->protected += !err;
out:
	mmap_write_unlock(twin->space.mm);
	return err;
}

static long event_collapse(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long start = ALIGN_DOWN(r->start, SZ_2M);

	/* Huge pages, where there are any */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return 0;
	if (vm_mmap(NULL, start, SZ_2M, PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    0) != start)
		return -ENOMEM;
	do_madvise(twin->space.mm, start, SZ_2M, MADV_HUGEPAGE);
	return do_madvise(twin->space.mm, start, SZ_2M, MADV_COLLAPSE);
}

static long event_write(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr, failed = 0;

	for (addr = r->start; addr < r->start + r->size; addr += 3 * PAGE_SIZE)
		failed += put_user(1, (char __user *)addr) ? 1 : 0;
	return failed;
}

static long event_read(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr, failed = 0;
	char c;

	for (addr = r->start; addr < r->start + r->size; addr += 2 * PAGE_SIZE)
		failed += get_user(c, (char __user *)addr) ? 1 : 0;
	return failed;
}

static long event_fork(struct twins *t, struct twin *twin, struct span *r)
{
	if (t->nr_children == MAX_CHILDREN)
		return 0;
	space_fork(t->test, &twin->children[t->nr_children]);
	return 0;
}

static void fork_done(struct twins *t)
{
	if (t->nr_children < MAX_CHILDREN)
		t->nr_children++;
}

static void end_children(struct twins *t)
{
	int i;

	while (t->nr_children) {
		t->nr_children--;
		for (i = 0; i < NR_TWINS; i++)
			space_end(&t->twin[i].children[t->nr_children]);
	}
}

/* A page that somebody has taken off the lists for a while */
static long event_isolate(struct twins *t, struct twin *twin, struct span *r)
{
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;

	if (twin->isolated) {
		folio_putback_lru(twin->isolated);
		twin->isolated = NULL;
		return 0;
	}
	mmap_read_lock(twin->space.mm);
	vma = vma_lookup(twin->space.mm, r->start);
	folio = vma ? folio_walk_start(&fw, vma, r->start, 0) : NULL;
	if (folio) {
		/* It is not on a list otherwise, and of no use afterwards. */
		if (folio_isolate_lru(folio))
			twin->isolated = folio;
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(twin->space.mm);
	return !!twin->isolated;
}

/* A page with migration entries in place of those that map it, until the next event */
static long event_migrate(struct twins *t, struct twin *twin, struct span *r)
{
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;

	if (!IS_ENABLED(CONFIG_MIGRATION))
		return 0;
	mmap_read_lock(twin->space.mm);
	vma = vma_lookup(twin->space.mm, r->start);
	folio = vma ? folio_walk_start(&fw, vma, r->start, 0) : NULL;
	if (folio) {
		folio_get(folio);
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(twin->space.mm);
	if (!folio)
		return 0;
	folio_lock(folio);
	try_to_migrate(folio, 0);
	twin->migrating = folio;
	t->migrated += !folio_mapped(folio);
	return 1 + folio_mapped(folio);
}

static void end_migration(struct twin *twin)
{
	if (!twin->migrating)
		return;
	remove_migration_ptes(twin->migrating, twin->migrating, 0);
	folio_unlock(twin->migrating);
	folio_put(twin->migrating);
	twin->migrating = NULL;
}

/* Have entries and memory all marks that there are, in all combinations. */
static long event_marks(struct twins *t, struct twin *twin, struct span *r)
{
	struct mm_struct *mm = twin->space.mm;
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;
	unsigned long addr;
	u32 marks;

	mmap_read_lock(mm);
	for (addr = r->start; addr < r->start + r->size; addr += PAGE_SIZE) {
		vma = vma_lookup(mm, addr);
		folio = vma ? folio_walk_start(&fw, vma, addr, FW_ZEROPAGE) : NULL;
		if (!folio)
			continue;
		marks = hash_32(r->number + (addr >> PAGE_SHIFT), 3);
		if (fw.level == FW_LEVEL_PTE)
			set_pte_at(mm, addr, fw.ptep,
				   marks & 1 ? pte_mkyoung(ptep_get(fw.ptep)) :
				   pte_mkold(ptep_get(fw.ptep)));
		if (!is_zero_folio(folio)) {
			if (marks & 2)
				folio_set_idle(folio);
			else
				folio_clear_idle(folio);
			if (marks & 4)
				folio_test_clear_young(folio);
		}
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(mm);
	return 0;
}

static const struct event {
	event_fn fn;
	void (*done)(struct twins *t);
	unsigned int weight;
} events[] = {
	{ .fn = event_marks, .weight = 10 },
	{ .fn = event_write, .weight = 4 },
	{ .fn = event_read, .weight = 2 },
	{ .fn = event_map, .weight = 2 },
	{ .fn = event_map_all, .weight = 3 },
	{ .fn = event_map_shared, .weight = 1 },
	{ .fn = event_map_none, .weight = 1 },
	{ .fn = event_unmap, .weight = 3 },
	{ .fn = event_free, .weight = 2 },
	{ .fn = event_cold, .weight = 1 },
	{ .fn = event_free_lazily, .weight = 1 },
	{ .fn = event_protect, .weight = 3 },
	{ .fn = event_collapse, .weight = 1 },
	{ .fn = event_isolate, .weight = 2 },
	{ .fn = event_migrate, .weight = 2 },
	{ .fn = event_fork, .done = fork_done, .weight = 1 },
};

static const struct event *draw_event(struct twins *t)
{
	unsigned int i, sum = 0, nr;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		sum += events[i].weight;
	nr = below(t, sum);
	for (i = 0; nr >= events[i].weight; i++)
		nr -= events[i].weight;
	return &events[i];
}

static void happen(struct twins *t, const struct event *event)
{
	unsigned long page = below(t, PAGES);
	struct span r = {
		.start = addr_of(page),
		.size = PAGE_SIZE * (1 + below(t, min(PAGES - page, 700UL))),
		.number = prandom_u32_state(&t->rnd),
	};
	long result[NR_TWINS];
	int i;

	/* A fault would wait for this thread to end the migration. */
	for (i = 0; i < NR_TWINS; i++)
		end_migration(&t->twin[i]);
	for (i = 0; i < NR_TWINS; i++) {
		space_enter(&t->twin[i].space);
		result[i] = event->fn(t, &t->twin[i], &r);
		space_leave(&t->twin[i].space);
	}
	KUNIT_EXPECT_EQ(t->test, result[C], result[OURS]);
	if (event->done)
		event->done(t);
}

/*
 * Regions: new ones from time to time.
 */

static void free_contexts(struct twins *t)
{
	int i;

	for (i = 0; i < NR_TWINS; i++) {
		if (t->twin[i].ctx)
			damon_destroy_ctx(t->twin[i].ctx);
		t->twin[i].ctx = NULL;
	}
}

/* One page of each twin, where both have one */
static bool phys_range(struct twin *twin, unsigned long page,
		       struct damon_addr_range *range)
{
	unsigned long pfn = space_pfn(&twin->space, addr_of(page));

	if (pfn == ULONG_MAX)
		return false;
	range->start = PFN_PHYS(pfn);
	range->end = PFN_PHYS(pfn + 1);
	return true;
}

static unsigned int draw_phys(struct twins *t, struct damon_addr_range (*ranges)[NR_TWINS],
			      unsigned int nr)
{
	unsigned int drawn = 0, tries;

	for (tries = 0; tries < 4 * nr && drawn < nr; tries++) {
		unsigned long page = below(t, PAGES);

		if (phys_range(&t->twin[C], page, &ranges[drawn][C]) &&
		    phys_range(&t->twin[OURS], page, &ranges[drawn][OURS]))
			drawn++;
	}
	return drawn;
}

static unsigned int draw_virt(struct twins *t, struct damon_addr_range (*ranges)[NR_TWINS],
			      unsigned int nr)
{
	unsigned long page = 0, step = 2 * (PAGES + 2 * MARGIN) / nr;
	unsigned int drawn;

	for (drawn = 0; drawn < nr; drawn++) {
		struct damon_addr_range *r = ranges[drawn];

		page += below(t, step);
		r[C].start = addr_of(page) - MARGIN * PAGE_SIZE;
		page += 1 + below(t, step);
		r[C].end = addr_of(page) - MARGIN * PAGE_SIZE;
		r[OURS] = r[C];
	}
	return drawn;
}

static void add_regions(struct twins *t, struct damon_target *target, int twin,
			struct damon_addr_range (*ranges)[NR_TWINS],
			unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct damon_region *r = damon_new_region(ranges[i][twin].start,
							  ranges[i][twin].end);

		KUNIT_ASSERT_NOT_NULL(t->test, r);
		list_add_tail(&r->list, &target->regions_list);
		target->nr_regions++;
	}
}

static void new_regions(struct twins *t)
{
	struct damon_addr_range (*ranges)[NR_TWINS];
	unsigned int nr = 1 + below(t, MAX_REGIONS), i;
	u32 numbers = prandom_u32_state(&t->rnd);

	ranges = kvcalloc(MAX_REGIONS, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(t->test, ranges);
	nr = t->phys ? draw_phys(t, ranges, nr) : draw_virt(t, ranges, nr);
	t->nr_regions = nr;
	free_contexts(t);
	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];
		struct damon_target *target = damon_new_target();

		twin->ctx = damon_new_ctx();
		KUNIT_ASSERT_NOT_NULL(t->test, twin->ctx);
		KUNIT_ASSERT_NOT_NULL(t->test, target);
		twin->ctx->ops = *twin->ops;
		prandom_seed_state(&twin->ctx->rnd_state, numbers);
		if (!t->phys)
			target->pid = get_pid(twin->space.pid);
		damon_add_target(twin->ctx, target);
		add_regions(t, target, i, ranges, nr);
	}
	kvfree(ranges);
}

/*
 * Comparing.
 */

/* Without padding */
struct page_state {
	u8 mapped, young, dirty, writable;
	u8 idle, was_young, lru, huge;
	int refs, maps;
};

static struct page_state state_of(struct twin *twin, unsigned long addr)
{
	struct mm_struct *mm = twin->space.mm;
	struct page_state s = {};
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	folio = vma ? folio_walk_start(&fw, vma, addr, FW_ZEROPAGE) : NULL;
	if (!folio)
		goto out;
	s.mapped = true;
	if (fw.level == FW_LEVEL_PTE) {
		s.young = !!pte_young(fw.pte);
		s.dirty = !!pte_dirty(fw.pte);
		s.writable = !!pte_write(fw.pte);
	} else {
		s.young = !!pmd_young(fw.pmd);
		s.huge = true;
	}
	s.idle = folio_test_idle(folio);
	s.was_young = folio_test_young(folio);
	s.lru = folio_test_lru(folio);
	if (!is_zero_folio(folio)) {
		s.refs = folio_ref_count(folio);
		s.maps = folio_mapcount(folio);
	}
	folio_walk_end(&fw, vma);
out:
	mmap_read_unlock(mm);
	return s;
}

static void compare_page(struct twins *t, unsigned long addr)
{
	struct page_state c = state_of(&t->twin[C], addr);
	struct page_state ours = state_of(&t->twin[OURS], addr);

	KUNIT_EXPECT_MEMEQ_MSG(t->test, &c, &ours, sizeof(c), "page 0x%lx", addr);
	t->idle += c.idle;
}

static struct damon_target *target_of(struct twin *twin)
{
	return list_first_entry(&twin->ctx->adaptive_targets, struct damon_target,
				list);
}

static void compare_regions(struct twins *t)
{
	struct damon_target *target = target_of(&t->twin[OURS]);
	struct damon_region *ours = damon_first_region(target), *c;

	damon_for_each_region(c, target_of(&t->twin[C])) {
		KUNIT_EXPECT_EQ(t->test, c->sampling_addr - c->ar.start,
				ours->sampling_addr - ours->ar.start);
		KUNIT_EXPECT_EQ(t->test, c->nr_accesses, ours->nr_accesses);
		t->accessed += c->nr_accesses;
		if (!t->phys)
			compare_page(t, c->sampling_addr);
		ours = damon_next_region(ours);
	}
	KUNIT_EXPECT_PTR_EQ(t->test, &ours->list, &target->regions_list);
}

static void compare(struct twins *t, bool everything)
{
	struct damon_ctx *c = t->twin[C].ctx, *ours = t->twin[OURS].ctx;
	unsigned long page;

	KUNIT_EXPECT_EQ(t->test, t->twin[C].max, t->twin[OURS].max);
	KUNIT_EXPECT_MEMEQ(t->test, &c->rnd_state, &ours->rnd_state,
			   sizeof(c->rnd_state));
	compare_regions(t);
	for (page = 0; everything && page < PAGES; page++)
		compare_page(t, addr_of(page));
}

static void operate(struct twins *t, bool check)
{
	int i;

	/* What memory waits to be put on lists on differs. */
	lru_add_drain_all();
	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];

		if (check)
			twin->max = twin->ops->check_accesses(twin->ctx);
		else
			twin->ops->prepare_access_checks(twin->ctx);
	}
}

static void run(struct kunit *test, enum damon_ops_id id,
		const struct damon_operations *in_c)
{
	struct twins *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct damon_ctx *ctx = damon_new_ctx();
	unsigned int nr;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_ASSERT_NOT_NULL(test, ctx);
	KUNIT_ASSERT_NOT_NULL(test, in_c);
	KUNIT_ASSERT_EQ(test, damon_select_ops(ctx, id), 0);
	/* Otherwise there is nothing to compare. */
	KUNIT_ASSERT_PTR_NE(test, ctx->ops.check_accesses, in_c->check_accesses);
	t->test = test;
	t->phys = id == DAMON_OPS_PADDR;
	prandom_seed_state(&t->rnd, seed);
	t->twin[C].ops = in_c;
	t->twin[OURS].ops = &ctx->ops;
	for (i = 0; i < NR_TWINS; i++)
		space_begin(test, &t->twin[i].space);

	for (nr = 0; nr < count && test->status != KUNIT_FAILURE; nr++) {
		bool change = below(t, 3) == 0;

		if (change)
			happen(t, draw_event(t));
		if (t->nr_children == MAX_CHILDREN && below(t, 50) == 0)
			end_children(t);
		/* Physical memory that was given back has no twin any more. */
		if (!t->twin[C].ctx || below(t, 20) == 0 || (t->phys && change))
			new_regions(t);
		operate(t, nr % 2);
		compare(t, nr % 64 == 0);
	}
	compare(t, true);
	kunit_info(test, "%u operations, %lu accesses, %lu idle pages, %lu migrations",
		   nr, t->accessed, t->idle, t->migrated);
	KUNIT_EXPECT_GT(test, t->accessed, 0);
	KUNIT_EXPECT_GT(test, t->idle, 0);
	KUNIT_EXPECT_GT(test, t->protected, 0);
	if (IS_ENABLED(CONFIG_MIGRATION))
		KUNIT_EXPECT_GT(test, t->migrated, 0);

	end_children(t);
	free_contexts(t);
	for (i = 0; i < NR_TWINS; i++) {
		end_migration(&t->twin[i]);
		if (t->twin[i].isolated)
			folio_putback_lru(t->twin[i].isolated);
		space_end(&t->twin[i].space);
	}
	damon_destroy_ctx(ctx);
}

static void twins_test_vaddr(struct kunit *test)
{
	run(test, DAMON_OPS_VADDR, ref_vaddr_ops());
}

static void twins_test_fvaddr(struct kunit *test)
{
	run(test, DAMON_OPS_FVADDR, ref_fvaddr_ops());
}

static void twins_test_paddr(struct kunit *test)
{
	run(test, DAMON_OPS_PADDR, ref_paddr_ops());
}

static struct kunit_case twins_cases[] = {
	KUNIT_CASE_SLOW(twins_test_vaddr),
	KUNIT_CASE_SLOW(twins_test_fvaddr),
	KUNIT_CASE_SLOW(twins_test_paddr),
	{},
};

static struct kunit_suite twins_suite = {
	.name = "damon-operations-twins",
	.test_cases = twins_cases,
};

kunit_test_suite(twins_suite);
