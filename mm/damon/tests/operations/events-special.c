// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to the memory of the twins: huge pages, merging, swapping,
 * userfaultfd, moving, and threads that exit
 */

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagewalk.h>
#include <linux/swap.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd.h>
#include <linux/userfaultfd_k.h>

#include "ksm-control.h"
#include "twins.h"

/* Memory of the twins for arguments of system calls, out of what is looked at */
#define SCRATCH		(START - SZ_64M)

/* Events that walk pages do so with that many at most. */
#define MAX_WALKED	64UL

static unsigned long walked_end(struct span *r)
{
	return r->start + min(r->size, MAX_WALKED * PAGE_SIZE);
}

static bool has_thp(void)
{
	return IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE);
}

static long event_collapse(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long start = ALIGN_DOWN(r->start, SZ_2M);
	long err;

	if (vm_mmap(NULL, start, SZ_2M, PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    0) != start)
		return -ENOMEM;
	err = do_madvise(twin->space.mm, start, SZ_2M, MADV_COLLAPSE);
	if (err)
		return err;
	return kind_of(twin->space.mm, start) == KIND_HUGE ? 0 : -ENOENT;
}

/* The first huge page from the span on */
static unsigned long find_huge(struct twin *twin, struct span *r)
{
	unsigned long addr;

	for (addr = ALIGN_DOWN(r->start, SZ_2M); addr < END; addr += SZ_2M) {
		if (kind_of(twin->space.mm, addr) == KIND_HUGE)
			return addr;
	}
	return 0;
}

/* Has pages of a huge page mapped one by one. */
static long event_split_map(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr = find_huge(twin, r);

	if (!addr)
		return -ENOENT;
	mmap_read_lock(twin->space.mm);
	split_huge_pmd_address(vma_lookup(twin->space.mm, addr), addr, false);
	mmap_read_unlock(twin->space.mm);
	return kind_of(twin->space.mm, addr) == KIND_HUGE ? -EBUSY : 0;
}

/* Has a huge page be pages. */
static long event_split(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr = find_huge(twin, r);
	struct vm_area_struct *vma;
	struct folio *folio;
	struct folio_walk fw;
	long err;

	if (!addr)
		return -ENOENT;
	mmap_read_lock(twin->space.mm);
	vma = vma_lookup(twin->space.mm, addr);
	folio = folio_walk_start(&fw, vma, addr, 0);
	if (folio) {
		folio_get(folio);
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(twin->space.mm);
	if (!folio)
		return -ENOENT;
	folio_lock(folio);
	err = split_folio(folio);
	folio_unlock(folio);
	folio_put(folio);
	return err;
}

static bool has_hugetlb(void)
{
#ifdef CONFIG_HUGETLB_PAGE
	return hugepages_supported() && default_hstate.nr_huge_pages;
#else
	return false;
#endif
}

static long event_hugetlb(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long start = ALIGN_DOWN(r->start, SZ_2M);
	unsigned long flags = MAP_FIXED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE;

	flags |= r->number % 2 ? MAP_PRIVATE : MAP_SHARED;
	return ksys_mmap_pgoff(start, SZ_2M, PROT_READ | PROT_WRITE, flags, -1, 0);
}

static long event_mremap(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long to = addr_of(r->number % PAGES);
	unsigned long size = min(r->size, END - to);
	/* For the whole of an area this leaves the old one in place, without memory. */
	unsigned long flags = r->number & BIT(20) ? MREMAP_DONTUNMAP : 0;

	return space_syscall(__NR_mremap, r->start, size, size,
			     MREMAP_MAYMOVE | MREMAP_FIXED | flags, to);
}

/* An area, or a part of it, grows or becomes smaller. */
static long event_resize(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long size = PAGE_SIZE * (1 + r->number % (r->size / PAGE_SIZE));

	return space_syscall(__NR_mremap, r->start, r->size, size, 0, 0);
}

/* Pages that nothing may access, without an area of their own, or no more of them */
static long event_guard(struct twins *t, struct twin *twin, struct span *r)
{
	return do_madvise(twin->space.mm, r->start, r->size,
			  r->number % 3 ? MADV_GUARD_INSTALL : MADV_GUARD_REMOVE);
}

static bool has_swap(void)
{
	return total_swap_pages > 0;
}

static long event_page_out(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr;
	long swapped = 0, err;

	err = do_madvise(twin->space.mm, r->start, r->size, MADV_PAGEOUT);
	if (err)
		return err;
	for (addr = r->start; addr < r->start + r->size; addr += PAGE_SIZE)
		swapped += kind_of(twin->space.mm, addr) == KIND_SWAP;
	return swapped ?: -ENOENT;
}

/* Memory that is shared is left out, and that is no error. */
static bool is_mergeable(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	bool is;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	is = vma && (vma->vm_flags & VM_MERGEABLE);
	mmap_read_unlock(mm);
	return is;
}

/*
 * Has pages the same content as others of the same twin, and as those that have the same
 * by accident.  They are merged when both twins are ready.
 */
static long event_merge(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr;
	long err;

	for (addr = r->start; addr < walked_end(r); addr += PAGE_SIZE) {
		u64 content = (u64)(twin - t->twin) << 32 | (r->number & ~3U) |
			      (addr >> PAGE_SHIFT) % 4;

		if (put_user(content, (u64 __user *)addr))
			break;
	}
	err = do_madvise(twin->space.mm, r->start, walked_end(r) - r->start,
			 MADV_MERGEABLE);
	if (!err && !is_mergeable(twin->space.mm, r->start))
		return -ENOENT;
	return err ?: (addr - r->start) >> PAGE_SHIFT ?: -EFAULT;
}

/*
 * Has entries of merged pages say that they were accessed.  Those for a page that was
 * replaced do; those for the page that stays, which may be one of either twin, say what
 * they said before.
 */
static void mark_merged(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	struct folio_walk fw;
	struct folio *folio;
	unsigned long addr;

	mmap_read_lock(mm);
	for (addr = START; addr < END; addr += PAGE_SIZE) {
		vma = vma_lookup(mm, addr);
		folio = vma ? folio_walk_start(&fw, vma, addr, 0) : NULL;
		if (!folio)
			continue;
		if (folio_test_ksm(folio))
			set_pte_at(mm, addr, fw.ptep, pte_mkyoung(ptep_get(fw.ptep)));
		folio_walk_end(&fw, vma);
	}
	mmap_read_unlock(mm);
}

static void merge_done(struct twins *t)
{
	int i;

	KUNIT_EXPECT_EQ(t->test, ksm_scan_all(), 0);
	for (i = 0; i < NR_TWINS; i++)
		mark_merged(t->twin[i].space.mm);
}

static bool has_ksm(void)
{
	return IS_ENABLED(CONFIG_KSM);
}

static bool has_userfaultfd(void)
{
	return IS_ENABLED(CONFIG_USERFAULTFD);
}

#ifdef CONFIG_USERFAULTFD

static long uffd_ioctl(struct twin *twin, unsigned int cmd, const void *arg, size_t size)
{
	if (copy_to_user((void __user *)SCRATCH, arg, size))
		return -EFAULT;
	return space_syscall(__NR_ioctl, twin->uffd - 1, cmd, SCRATCH, 0, 0);
}

/* Faults fail at once: nobody would resolve them. */
static long uffd_open(struct twin *twin)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_SIGBUS };
	long fd;

	if (uffd_supports_wp_marker())
		api.features |= UFFD_FEATURE_WP_UNPOPULATED;
	if (vm_mmap(NULL, SCRATCH, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0) != SCRATCH)
		return -ENOMEM;
	fd = space_syscall(__NR_userfaultfd, UFFD_USER_MODE_ONLY, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	twin->uffd = fd + 1;
	return uffd_ioctl(twin, UFFDIO_API, &api, sizeof(api));
}

static long event_uffd_register(struct twins *t, struct twin *twin, struct span *r)
{
	struct uffdio_register reg = {
		.range = { .start = r->start, .len = r->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	long err = 0;

	if (!twin->uffd)
		err = uffd_open(twin);
	if (err)
		return err;
	if (uffd_supports_wp_marker())
		reg.mode |= UFFDIO_REGISTER_MODE_WP;
	return uffd_ioctl(twin, UFFDIO_REGISTER, &reg, sizeof(reg));
}

static long event_uffd_unregister(struct twins *t, struct twin *twin, struct span *r)
{
	struct uffdio_range range = { .start = r->start, .len = r->size };

	if (!twin->uffd)
		return -EBADF;
	return uffd_ioctl(twin, UFFDIO_UNREGISTER, &range, sizeof(range));
}

static long event_uffd_protect(struct twins *t, struct twin *twin, struct span *r)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = r->start, .len = r->size },
		.mode = r->number % 3 ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	if (!twin->uffd)
		return -EBADF;
	return uffd_ioctl(twin, UFFDIO_WRITEPROTECT, &wp, sizeof(wp));
}

/* Puts something at an address that has nothing yet. */
static long uffd_fill(struct twin *twin, unsigned long addr, unsigned int how)
{
	struct uffdio_range range = { .start = addr, .len = PAGE_SIZE };
	struct uffdio_copy copy = {
		.dst = addr, .src = SCRATCH + PAGE_SIZE, .len = PAGE_SIZE,
	};
	struct uffdio_zeropage zero = { .range = range };
	struct uffdio_poison poison = { .range = range };

	switch (how) {
	case 0:
		return uffd_ioctl(twin, UFFDIO_COPY, &copy, sizeof(copy));
	case 1:
		return uffd_ioctl(twin, UFFDIO_ZEROPAGE, &zero, sizeof(zero));
	default:
		/* User mode Linux stops for good when such a page is accessed. */
		if (IS_ENABLED(CONFIG_UML))
			return -EOPNOTSUPP;
		return uffd_ioctl(twin, UFFDIO_POISON, &poison, sizeof(poison));
	}
}

static long event_uffd_fill(struct twins *t, struct twin *twin, struct span *r)
{
	unsigned long addr;
	long filled = 0;

	if (!twin->uffd)
		return -EBADF;
	for (addr = r->start; addr < walked_end(r); addr += PAGE_SIZE)
		filled += !uffd_fill(twin, addr, (r->number + (addr >> PAGE_SHIFT)) % 3);
	return filled ?: -ENOENT;
}

static bool has_uffd_wp(void)
{
	return uffd_supports_wp_marker();
}

void end_special_events(struct twin *twin)
{
	if (twin->uffd)
		space_syscall(__NR_close, twin->uffd - 1, 0, 0, 0, 0);
	twin->uffd = 0;
}

#else

static long event_uffd_register(struct twins *t, struct twin *twin, struct span *r)
{
	return -EOPNOTSUPP;
}

#define event_uffd_unregister	event_uffd_register
#define event_uffd_protect	event_uffd_register
#define event_uffd_fill		event_uffd_register

static bool has_uffd_wp(void)
{
	return false;
}

void end_special_events(struct twin *twin)
{
}

#endif /* CONFIG_USERFAULTFD */

static long event_hand_over(struct twins *t, struct twin *twin, struct span *r)
{
	space_hand_over(t->test, &twin->space);
	return 0;
}

const struct event special_events[] = {
	{ "collapse", event_collapse, .possible = has_thp, .weight = 2 },
	{ "map a huge page by pages", event_split_map, .possible = has_thp, .weight = 1 },
	{ "split a huge page", event_split, .possible = has_thp, .weight = 1 },
	{ "hugetlbfs", event_hugetlb, .possible = has_hugetlb, .weight = 1 },
	{ "mremap", event_mremap, .weight = 3 },
	{ "mremap in place", event_resize, .weight = 1 },
	{ "guard pages", event_guard, .weight = 1 },
	{ "page out", event_page_out, .possible = has_swap, .weight = 2 },
	{ "merge", event_merge, .done = merge_done, .possible = has_ksm, .weight = 1 },
	{ "userfaultfd: register", event_uffd_register, .possible = has_userfaultfd,
	  .weight = 2 },
	{ "userfaultfd: unregister", event_uffd_unregister, .possible = has_userfaultfd,
	  .weight = 1 },
	{ "userfaultfd: protect", event_uffd_protect, .possible = has_uffd_wp,
	  .weight = 2 },
	{ "userfaultfd: fill", event_uffd_fill, .possible = has_userfaultfd,
	  .weight = 3 },
	{ "exit of a thread", event_hand_over, .weight = 1 },
};

const unsigned int nr_special_events = ARRAY_SIZE(special_events);
