// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations in Rust do with all page tables that map a folio
 *
 * These are damon_folio_mkold() and damon_folio_young(), less the references to the folio
 * that the first takes for each of these, as the caller has one, and less the general walk
 * for a page that is mapped as one.
 */

#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "../../internal.h"
#include "../ops-common.h"
#include "hand-over.h"

/*
 * Locks the entry of an area that maps a folio of one page, whose address in the area this
 * is.  NULL means that it takes a walk to find the entry, if there is one.
 */
static pte_t *lock_pte(struct folio *folio, struct vm_area_struct *vma,
		       unsigned long addr, spinlock_t **ptl)
{
	pmd_t *pmd;
	pte_t *pte, entry;

	if (folio_test_large(folio))
		return NULL;
	pmd = mm_find_pmd(vma->vm_mm, addr);
	if (!pmd)
		return NULL;
	pte = pte_offset_map_lock(vma->vm_mm, pmd, addr, ptl);
	if (!pte)
		return NULL;
	entry = ptep_get(pte);
	if (pte_present(entry) && pte_pfn(entry) == folio_pfn(folio))
		return pte;
	pte_unmap_unlock(pte, *ptl);
	return NULL;
}

static void mkold_pte(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, pte_t *pte)
{
	bool young = false;

	/* As damon_get_folio() wants it */
	if (!folio_test_lru(folio))
		return;
	/* An entry that is not present is old; a device may know better. */
	if (pte_present(ptep_get(pte)))
		young = ptep_test_and_clear_young(vma, addr, pte);
	young |= mmu_notifier_clear_young(vma->vm_mm, addr, addr + PAGE_SIZE);
	if (young)
		folio_set_young(folio);
	if (!folio_test_idle(folio))
		folio_set_idle(folio);
}

static void walk_mkold(struct folio *folio, struct vm_area_struct *vma,
		       unsigned long addr)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);

	while (page_vma_mapped_walk(&pvmw)) {
		if (pvmw.pte)
			mkold_pte(folio, vma, PAGE_ALIGN_DOWN(pvmw.address),
				  pvmw.pte);
		else
			damon_pmdp_mkold(pvmw.pmd, vma, pvmw.address);
	}
}

/* Goes on as long as something else may map the folio. */
static bool mkold_one(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	/* Of the page table */
	spinlock_t *ptl;
	pte_t *pte = lock_pte(folio, vma, addr, &ptl);

	if (!pte) {
		walk_mkold(folio, vma, addr);
		return true;
	}
	mkold_pte(folio, vma, addr, pte);
	pte_unmap_unlock(pte, ptl);
	return folio_mapcount(folio) > 1;
}

void damon_ops_folio_mkold(struct folio *folio)
{
	struct rmap_walk_control rwc = {
		.rmap_one = mkold_one,
		.anon_lock = folio_lock_anon_vma_read,
	};

	if (!folio_mapped(folio) || !folio_raw_mapping(folio)) {
		if (!folio_test_idle(folio))
			folio_set_idle(folio);
		return;
	}
	if (!folio_trylock(folio))
		return;
	rmap_walk(folio, &rwc);
	folio_unlock(folio);
}

static bool young_pte(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, pte_t pte)
{
	return (pte_present(pte) && pte_young(pte)) || !folio_test_idle(folio) ||
	       mmu_notifier_test_young(vma->vm_mm, addr);
}

static bool young_pmd(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, pmd_t *pmd)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	pmd_t entry = pmdp_get(pmd);

	return (pmd_present(entry) && pmd_young(entry)) || !folio_test_idle(folio) ||
	       mmu_notifier_test_young(vma->vm_mm, addr);
#else
	return false;
#endif
}

static bool walk_young(struct folio *folio, struct vm_area_struct *vma,
		       unsigned long addr)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);
	bool accessed = false;

	while (!accessed && page_vma_mapped_walk(&pvmw)) {
		if (pvmw.pte)
			accessed = young_pte(folio, vma, pvmw.address,
					     ptep_get(pvmw.pte));
		else
			accessed = young_pmd(folio, vma, pvmw.address, pvmw.pmd);
		if (accessed)
			page_vma_mapped_walk_done(&pvmw);
	}
	return accessed;
}

/* Goes on as long as there was no access, and something else may map the folio. */
static bool young_one(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	bool *accessed = arg;
	/* Of the page table */
	spinlock_t *ptl;
	pte_t *pte = lock_pte(folio, vma, addr, &ptl);

	if (!pte) {
		*accessed = walk_young(folio, vma, addr);
		return !*accessed;
	}
	*accessed = young_pte(folio, vma, addr, ptep_get(pte));
	pte_unmap_unlock(pte, ptl);
	return !*accessed && folio_mapcount(folio) > 1;
}

bool damon_ops_folio_young(struct folio *folio)
{
	bool accessed = false;
	struct rmap_walk_control rwc = {
		.arg = &accessed,
		.rmap_one = young_one,
		.anon_lock = folio_lock_anon_vma_read,
	};

	if (!folio_mapped(folio) || !folio_raw_mapping(folio))
		return !folio_test_idle(folio);
	if (!folio_trylock(folio))
		return false;
	rmap_walk(folio, &rwc);
	folio_unlock(folio);
	return accessed;
}
