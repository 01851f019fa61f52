// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to the memory of the twins: mapping, using, forking, and so on
 */

#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/page_idle.h>
#include <linux/pagewalk.h>
#include <linux/rmap.h>
#include <linux/uaccess.h>
#include <asm/tlb.h>

#include "../../../internal.h"
#include "twins.h"

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
out:
	mmap_write_unlock(twin->space.mm);
	return err;
}

static long event_write(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr, written = 0;

	for (addr = r->start; addr < r->start + r->size; addr += 3 * PAGE_SIZE)
		written += !put_user(1, (char __user *)addr);
	return written ?: -EFAULT;
}

static long event_read(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr, read = 0;
	char c;

	for (addr = r->start; addr < r->start + r->size; addr += 2 * PAGE_SIZE)
		read += !get_user(c, (char __user *)addr);
	return read ?: -EFAULT;
}

static long event_fork(struct twins *t, struct twin *twin, struct span *r)
{
	if (t->nr_children == MAX_CHILDREN)
		return -EAGAIN;
	space_fork(t->test, &twin->children[t->nr_children]);
	return 0;
}

static void fork_done(struct twins *t)
{
	t->nr_children++;
}

void twins_end_children(struct twins *t)
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
		/*
		 * It is not on a list otherwise, and of no use afterwards.  One that
		 * was merged may be of both twins.
		 */
		if (!folio_test_ksm(folio) && folio_isolate_lru(folio))
			twin->isolated = folio;
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(twin->space.mm);
	return twin->isolated ? 0 : -ENOENT;
}

static bool has_memory(enum kind kind)
{
	return kind == KIND_PAGE || kind == KIND_PART || kind == KIND_SHARED ||
	       kind == KIND_HUGE || kind == KIND_PROTECTED;
}

/* An address that has memory and will be looked at, if there is one */
static unsigned long sampled_addr(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned int nr = t->nr_regions ? r->number % t->nr_regions : 0;
	struct damon_target *target;
	struct damon_region *region;

	if (t->phys || !twin->ctx)
		return r->start;
	damon_for_each_target(target, twin->ctx) {
		damon_for_each_region(region, target) {
			if (nr && nr--)
				continue;
			if (has_memory(kind_of(twin->space.mm, region->sampling_addr)))
				return region->sampling_addr;
		}
	}
	return r->start;
}

/* A page with migration entries in place of those that map it, until the next event */
static long event_migrate(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr = sampled_addr(t, twin, r);
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;

	mmap_read_lock(twin->space.mm);
	vma = vma_lookup(twin->space.mm, addr);
	folio = vma ? folio_walk_start(&fw, vma, addr, 0) : NULL;
	/* Pages of hugetlbfs want more locks, and one that was merged may be of both. */
	if (folio && (folio_test_hugetlb(folio) || folio_test_ksm(folio))) {
		folio_walk_end(&fw, vma);
		folio = NULL;
	}
	if (folio) {
		folio_get(folio);
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(twin->space.mm);
	if (!folio)
		return -ENOENT;
	folio_lock(folio);
	try_to_migrate(folio, 0);
	twin->migrating = folio;
	return folio_mapped(folio) ? -EBUSY : 0;
}

static bool can_migrate(void)
{
	return IS_ENABLED(CONFIG_MIGRATION);
}

void end_migration(struct twin *twin)
{
	if (!twin->migrating)
		return;
	remove_migration_ptes(twin->migrating, twin->migrating, 0);
	folio_unlock(twin->migrating);
	folio_put(twin->migrating);
	twin->migrating = NULL;
}

static void mark_huge(struct vm_area_struct *vma, unsigned long addr,
		      struct folio_walk *fw, bool young)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	pmd_t pmd = pmdp_get(fw->pmdp);

	if (is_vm_hugetlb_page(vma))
		return;
	set_pmd_at(vma->vm_mm, addr & HPAGE_PMD_MASK, fw->pmdp,
		   young ? pmd_mkyoung(pmd) : pmd_mkold(pmd));
#endif
}

/* Some of the marks of memory; pages of zeros are of everybody. */
static void mark_folio(struct folio *folio, u32 marks)
{
	if (is_zero_folio(folio))
		return;
	if (marks & 2)
		folio_set_idle(folio);
	else
		folio_clear_idle(folio);
	if (marks & 4)
		folio_test_clear_young(folio);
	else
		folio_set_young(folio);
}

/* Have entries and memory all marks that there are, in all combinations. */
static long event_marks(struct twins *t, struct twin *twin, struct span *r)
{
	struct mm_struct *mm = twin->space.mm;
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;
	unsigned long addr;
	long marked = 0;
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
		else
			mark_huge(vma, addr, &fw, marks & 1);
		mark_folio(folio, marks);
		folio_walk_end(&fw, vma);
		marked++;
	}
	mmap_read_unlock(mm);
	return marked ?: -ENOENT;
}

static const struct event common_events[] = {
	{ "marks", event_marks, .weight = 10 },
	{ "write", event_write, .weight = 4 },
	{ "read", event_read, .weight = 2 },
	{ "map", event_map, .weight = 2 },
	{ "map and fill", event_map_all, .weight = 3 },
	{ "map shared memory", event_map_shared, .weight = 1 },
	{ "map without permissions", event_map_none, .weight = 1 },
	{ "unmap", event_unmap, .weight = 3 },
	{ "free", event_free, .weight = 2 },
	{ "cold", event_cold, .weight = 1 },
	{ "free lazily", event_free_lazily, .weight = 1 },
	{ "mprotect", event_protect, .weight = 3 },
	{ "isolate", event_isolate, .weight = 2 },
	{ "migrate", event_migrate, .possible = can_migrate, .weight = 2 },
	{ "fork", event_fork, .done = fork_done, .weight = 1 },
};

/* These and the special ones are numbered through. */
static const struct event *event_at(unsigned int nr)
{
	if (nr < ARRAY_SIZE(common_events))
		return &common_events[nr];
	nr -= ARRAY_SIZE(common_events);
	return nr < nr_special_events ? &special_events[nr] : NULL;
}

static bool is_possible(const struct event *event)
{
	return !event->possible || event->possible();
}

static unsigned int draw_event(struct twins *t)
{
	unsigned int i, sum = 0, nr;

	for (i = 0; event_at(i); i++)
		sum += is_possible(event_at(i)) ? event_at(i)->weight : 0;
	nr = below(t, sum);
	for (i = 0; event_at(i); i++) {
		if (!is_possible(event_at(i)))
			continue;
		if (nr < event_at(i)->weight)
			break;
		nr -= event_at(i)->weight;
	}
	return i;
}

static void happen(struct twins *t)
{
	unsigned int nr = draw_event(t);
	const struct event *event = event_at(nr);
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
	KUNIT_EXPECT_EQ_MSG(t->test, result[C], result[OURS], "%s, 0x%lx, 0x%lx, %u",
			    event->name, r.start, r.size, r.number);
	if (IS_ERR_VALUE(result[C]))
		return;
	t->happened[nr]++;
	if (event->done)
		event->done(t);
}

void twins_happen(struct twins *t)
{
	struct span all = { .start = START, .size = END - START };
	int i;

	happen(t);
	if (IS_ENABLED(CONFIG_64BIT))
		return;
	/*
	 * The flags of a page have no room for these marks, which are kept beside, and a
	 * page has at first those that its last owner has left: give both twins the same.
	 */
	all.number = prandom_u32_state(&t->rnd);
	for (i = 0; i < NR_TWINS; i++)
		event_marks(t, &t->twin[i], &all);
}

void twins_end_events(struct twins *t)
{
	int i;

	twins_end_children(t);
	for (i = 0; i < NR_TWINS; i++) {
		end_migration(&t->twin[i]);
		if (t->twin[i].isolated)
			folio_putback_lru(t->twin[i].isolated);
		t->twin[i].isolated = NULL;
		end_special_events(&t->twin[i]);
	}
}

void twins_expect_events(struct twins *t)
{
	const struct event *event;
	unsigned int i;

	for (i = 0; (event = event_at(i)); i++) {
		kunit_info(t->test, "%lu times %s%s", t->happened[i], event->name,
			   is_possible(event) ? "" : ": not possible here");
		if (is_possible(event))
			KUNIT_EXPECT_GT_MSG(t->test, t->happened[i], 0, "%s", event->name);
	}
}
