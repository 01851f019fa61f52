// SPDX-License-Identifier: GPL-2.0
/*
 * What the twins have at an address
 */

#include <linux/hugetlb.h>
#include <linux/leafops.h>
#include <linux/mm.h>
#include <linux/page_idle.h>
#include <linux/pagewalk.h>
#include <linux/swap.h>

#include "../../../internal.h"
#include "twins.h"

/* Without padding */
struct page_state {
	u8 kind, young, dirty, writable;
	u8 idle, was_young, lru, huge;
	int refs, maps;
};

static bool has_thp(void)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE);
}

static bool has_thp_migration(void)
{
	return thp_migration_supported();
}

static bool has_migration(void)
{
	return IS_ENABLED(CONFIG_MIGRATION);
}

static bool has_ksm(void)
{
	return IS_ENABLED(CONFIG_KSM);
}

static bool has_swap(void)
{
	return total_swap_pages > 0;
}

static bool has_hugetlb(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	return hugepages_supported() && default_hstate.nr_huge_pages;
#else
	return false;
#endif
}

static const struct {
	const char *name;
	bool (*possible)(void);
} kinds[NR_KINDS] = {
	[KIND_HOLE] = { "in no area" },
	[KIND_NOTHING] = { "without memory" },
	[KIND_PAGE] = { "in a page" },
	[KIND_PART] = { "in a part of a huge page", has_thp },
	[KIND_SHARED] = { "in shared memory" },
	[KIND_KSM] = { "in a merged page", has_ksm },
	[KIND_ZERO] = { "in a page of zeros" },
	[KIND_HUGE] = { "in a huge page", has_thp },
	[KIND_HUGETLB] = { "in a page of hugetlbfs", has_hugetlb },
	[KIND_PROTECTED] = { "without permissions" },
	[KIND_SWAP] = { "swapped out", has_swap },
	[KIND_MIGRATION] = { "on the way", has_migration },
	[KIND_HUGE_MIGRATION] = { "in a huge page on the way", has_thp_migration },
	[KIND_MARKER] = { "with a marker" },
};

static enum kind kind_of_pte(struct vm_area_struct *vma, unsigned long addr, pte_t pte)
{
	struct folio *folio;

	if (pte_none(pte))
		return KIND_NOTHING;
	if (!pte_present(pte)) {
		softleaf_t entry = softleaf_from_pte(pte);

		if (softleaf_is_swap(entry))
			return KIND_SWAP;
		return softleaf_is_migration(entry) ? KIND_MIGRATION : KIND_MARKER;
	}
	if (is_zero_pfn(pte_pfn(pte)))
		return KIND_ZERO;
	folio = vm_normal_folio(vma, addr, pte);
	if (!folio)
		return KIND_NOTHING;
	if (!vma_is_accessible(vma))
		return KIND_PROTECTED;
	if (folio_test_ksm(folio))
		return KIND_KSM;
	if (folio_test_large(folio))
		return KIND_PART;
	return folio_test_anon(folio) ? KIND_PAGE : KIND_SHARED;
}

static enum kind kind_locked(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	/* Of the page table */
	spinlock_t *ptl;
	enum kind kind;
	pmd_t *pmd;
	pte_t *pte;

	if (!vma)
		return KIND_HOLE;
	pmd = mm_find_pmd(mm, addr);
	if (!pmd || pmd_none(*pmd))
		return KIND_NOTHING;
	if (is_vm_hugetlb_page(vma))
		return KIND_HUGETLB;
	if (!pmd_present(*pmd))
		return KIND_HUGE_MIGRATION;
	if (pmd_trans_huge(*pmd))
		return KIND_HUGE;
	pte = pte_offset_map_lock(mm, pmd, addr, &ptl);
	if (!pte)
		return KIND_NOTHING;
	kind = kind_of_pte(vma, addr, ptep_get(pte));
	pte_unmap_unlock(pte, ptl);
	return kind;
}

/* Nothing changes the memory of a twin meanwhile. */
enum kind kind_of(struct mm_struct *mm, unsigned long addr)
{
	enum kind kind;

	mmap_read_lock(mm);
	kind = kind_locked(mm, addr);
	mmap_read_unlock(mm);
	return kind;
}

/* Returns the page of hugetlbfs that is there, without the marks of an unknown one. */
static struct folio *hugetlb_folio(struct mm_struct *mm, unsigned long addr,
				   struct folio *known)
{
	struct folio *folio = NULL;
	struct vm_area_struct *vma;
	struct folio_walk fw;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && is_vm_hugetlb_page(vma))
		folio = folio_walk_start(&fw, vma, addr, 0);
	if (folio) {
		if (folio != known) {
			folio_clear_idle(folio);
			folio_test_clear_young(folio);
		}
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(mm);
	return folio;
}

/*
 * Pages of hugetlbfs go back to a pool, which keeps their marks for whoever gets them
 * next.  The twins do not get the same.
 */
void twins_forget_marks(struct twins *t)
{
	int i, nr;

	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];

		for (nr = 0; nr < NR_HUGETLB; nr++)
			twin->hugetlb[nr] = hugetlb_folio(twin->space.mm, START + nr * SZ_2M,
							  twin->hugetlb[nr]);
	}
}

static struct page_state state_of(struct twin *twin, unsigned long addr)
{
	struct mm_struct *mm = twin->space.mm;
	struct page_state s = {};
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;

	mmap_read_lock(mm);
	s.kind = kind_locked(mm, addr);
	vma = vma_lookup(mm, addr);
	folio = vma ? folio_walk_start(&fw, vma, addr, FW_ZEROPAGE) : NULL;
	if (!folio)
		goto out;
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

void compare_page(struct twins *t, unsigned long addr, bool sampled)
{
	struct page_state c = state_of(&t->twin[C], addr);
	struct page_state ours = state_of(&t->twin[OURS], addr);

	KUNIT_EXPECT_MEMEQ_MSG(t->test, &c, &ours, sizeof(c), "page 0x%lx, %s", addr,
			       kinds[c.kind].name);
	t->idle += c.idle;
	if (sampled)
		t->sampled[ours.kind]++;
}

void twins_expect_kinds(struct twins *t)
{
	int i;

	for (i = 0; i < NR_KINDS; i++) {
		bool possible = !kinds[i].possible || kinds[i].possible();

		kunit_info(t->test, "%lu samples %s%s", t->sampled[i], kinds[i].name,
			   possible ? "" : ": not possible here");
		if (possible)
			KUNIT_EXPECT_GT_MSG(t->test, t->sampled[i], 0, "%s",
					    kinds[i].name);
	}
}
