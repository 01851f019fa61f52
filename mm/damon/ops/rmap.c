// SPDX-License-Identifier: GPL-2.0
/*
 * What the operations in Rust do with all page tables that map a folio
 *
 * This is damon_folio_mkold(), less the references to the folio that it takes for
 * each of these, as the caller has one.
 */

#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "../../internal.h"
#include "../ops-common.h"
#include "hand-over.h"

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

static bool mkold_one(struct folio *folio, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, addr, 0);

	while (page_vma_mapped_walk(&pvmw)) {
		if (pvmw.pte)
			mkold_pte(folio, vma, PAGE_ALIGN_DOWN(pvmw.address),
				  pvmw.pte);
		else
			damon_pmdp_mkold(pvmw.pmd, vma, pvmw.address);
	}
	return true;
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
