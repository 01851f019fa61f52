// SPDX-License-Identifier: GPL-2.0

/*
 * Page tables of processes, for rust/kernel/mm/walk.rs.  There are no such functions in C: what
 * page tables are made of is inline, and different for each architecture.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/pgtable.h>
#include <linux/prefetch.h>

#ifdef CONFIG_MMU

#ifdef CONFIG_PER_VMA_LOCK
/*
 * Locks the area at an address, or else the next one.  NULL means that there is none, and an
 * error that this is not known.
 */
__rust_helper struct vm_area_struct *
rust_helper_vma_lock_next(struct mm_struct *mm, unsigned long addr)
{
	VMA_ITERATOR(vmi, mm, addr);
	struct vm_area_struct *vma;
	unsigned int seq;
	bool began;

	began = mmap_lock_speculate_try_begin(mm, &seq);
	rcu_read_lock();
	vma = lock_next_vma(mm, &vmi, addr);
	rcu_read_unlock();
	if (!vma && (!began || mmap_lock_speculate_retry(mm, seq)))
		return ERR_PTR(-EAGAIN);
	return vma;
}

/* There is no such function in C.  Returns whether somebody waits to change a locked area. */
__rust_helper bool rust_helper_vma_is_contended(struct vm_area_struct *vma)
{
	return refcount_read(&vma->vm_refcnt) & VM_REFCNT_EXCLUDE_READERS_FLAG;
}
#endif

__rust_helper int rust_helper_mmap_lock_is_contended(struct mm_struct *mm)
{
	return mmap_lock_is_contended(mm);
}

__rust_helper bool rust_helper_mm_has_notifiers(struct mm_struct *mm)
{
	return mm_has_notifiers(mm);
}

/*
 * Locks the entries for an address of an area that is locked: those of the lowest page table, the
 * first of which is returned, or one above that maps a huge page.  All addresses from this one up
 * to *end have them.  NULL means that these have none, and an error that it takes another function
 * to find out.
 */
__rust_helper void *rust_helper_page_table_lock(struct vm_area_struct *vma,
						unsigned long addr,
						unsigned long *end,
						spinlock_t **ptl, bool *huge)
{
	struct mm_struct *mm = vma->vm_mm;
	pgd_t *pgd = pgd_offset(mm, addr);
	pmd_t *pmd, pmdval;
	pte_t *pte;
	p4d_t *p4d;
	pud_t *pud, pudval;

	/* A level that is folded into the one above it has no end of its own. */
	*end = pgd_addr_end(addr, vma->vm_end);
	*end = p4d_addr_end(addr, *end);
	*end = pud_addr_end(addr, *end);
	*end = pmd_addr_end(addr, *end);
	/* Others want to know of accesses as well. */
	if (mm_has_notifiers(mm))
		return ERR_PTR(-EOPNOTSUPP);
	if (pgd_none(*pgd))
		return NULL;
	if (unlikely(pgd_bad(*pgd)))
		return ERR_PTR(-EOPNOTSUPP);
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return NULL;
	if (unlikely(p4d_bad(*p4d)))
		return ERR_PTR(-EOPNOTSUPP);
	pud = pud_offset(p4d, addr);
	pudval = pudp_get(pud);
	if (pud_none(pudval))
		return NULL;
	if (!pud_present(pudval) || pud_leaf(pudval))
		return ERR_PTR(-EOPNOTSUPP);
	pmd = pmd_offset(pud, addr);
	pmdval = pmdp_get_lockless(pmd);
	if (pmd_none(pmdval))
		return NULL;
	if (!pmd_present(pmdval) || pmd_leaf(pmdval)) {
		*ptl = pmd_trans_huge_lock(pmd, vma);
		*huge = true;
		return *ptl ? (void *)pmd : ERR_PTR(-EAGAIN);
	}
	/* This looks again, and says no if the table was taken away meanwhile. */
	pte = pte_offset_map_lock(mm, pmd, addr, ptl);
	*huge = false;
	return pte ? (void *)(pte - pte_index(addr)) : ERR_PTR(-EAGAIN);
}

__rust_helper void rust_helper_page_table_unlock(void *table, spinlock_t *ptl,
						 bool huge)
{
	spin_unlock(ptl);
	if (!huge)
		pte_unmap((pte_t *)table);
}

static inline pte_t *page_table_entry(void *table, unsigned long addr)
{
	return (pte_t *)table + pte_index(addr);
}

/*
 * Returns the folio that a locked entry maps, and whether the entry has been used.  NULL means that
 * it maps none, and an error that it takes another function to find out.
 */
__rust_helper struct folio *
rust_helper_page_table_folio(struct vm_area_struct *vma, void *table, bool huge,
			     unsigned long addr, bool *young)
{
	pte_t pte;

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (huge) {
		pmd_t pmd = pmdp_get((pmd_t *)table);

		if (!pmd_present(pmd) || is_huge_zero_pmd(pmd))
			return NULL;
		if (pmd_special(pmd))
			return ERR_PTR(-EOPNOTSUPP);
		*young = pmd_young(pmd);
		return vm_normal_folio_pmd(vma, addr, pmd);
	}
#endif
	pte = ptep_get(page_table_entry(table, addr));
	if (!pte_present(pte) || is_zero_pfn(pte_pfn(pte)))
		return NULL;
	if (pte_special(pte))
		return ERR_PTR(-EOPNOTSUPP);
	*young = pte_young(pte);
	return vm_normal_folio(vma, addr, pte);
}

__rust_helper bool
rust_helper_page_table_test_and_clear_young(struct vm_area_struct *vma,
					    void *table, bool huge,
					    unsigned long addr)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (huge)
		return pmdp_test_and_clear_young(vma, addr, (pmd_t *)table);
#endif
	/* Some architectures want an aligned address. */
	return ptep_test_and_clear_young(vma, PAGE_ALIGN_DOWN(addr),
					 page_table_entry(table, addr));
}

/* Begins to load what rust_helper_page_table_folio() will read. */
__rust_helper void rust_helper_page_table_prefetch(void *table, bool huge,
						   unsigned long addr)
{
#if defined(CONFIG_FLATMEM) || defined(CONFIG_SPARSEMEM_VMEMMAP)
	pte_t pte;

	if (huge)
		return;
	pte = ptep_get(page_table_entry(table, addr));
	if (pte_present(pte))
		prefetch(pfn_to_page(pte_pfn(pte)));
#endif
}

__rust_helper void rust_helper_folio_get(struct folio *folio)
{
	folio_get(folio);
}

__rust_helper void rust_helper_folio_put(struct folio *folio)
{
	folio_put(folio);
}

__rust_helper bool rust_helper_folio_test_lru(const struct folio *folio)
{
	return folio_test_lru(folio);
}

__rust_helper bool rust_helper_folio_test_idle(const struct folio *folio)
{
	return folio_test_idle(folio);
}

__rust_helper void rust_helper_folio_set_idle(struct folio *folio)
{
	folio_set_idle(folio);
}

__rust_helper bool rust_helper_folio_test_young(const struct folio *folio)
{
	return folio_test_young(folio);
}

__rust_helper void rust_helper_folio_set_young(struct folio *folio)
{
	folio_set_young(folio);
}

/*
 * There is no such function in C.  Begins to load what describes the page of this number.  If there
 * is no such page, nothing is loaded: it is only a hint.
 */
__rust_helper void rust_helper_pfn_prefetch(unsigned long pfn)
{
#if defined(CONFIG_FLATMEM) || defined(CONFIG_SPARSEMEM_VMEMMAP)
	prefetch(pfn_to_page(pfn));
#endif
}

#endif /* CONFIG_MMU */
