/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes with address spaces that tests make, for operations to look at
 */
#ifndef _DAMON_TEST_SPACE_H
#define _DAMON_TEST_SPACE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/mm_types.h>
#include <linux/pid.h>

/*
 * struct space - A process that only waits, and its address space.
 * @mm:		Valid as long as the process has not ended.
 * @pid:	Counted.
 */
struct space {
	struct mm_struct *mm;
	struct pid *pid;
/* private: */
	bool leader_exits, goes_on;
	struct completion end, began;
};

/*
 * There is a process without any memory; space_end() ends it, and waits until its
 * memory is free.
 */
void space_begin(struct kunit *test, struct space *space);
void space_end(struct space *space);

/* The same, but the first thread of the process exits, and a second one waits. */
void space_begin_leaderless(struct kunit *test, struct space *space);

/* Have the process exit, and become a zombie until space_end(). */
void space_exit(struct space *space);

/* Have the thread that waits exit, and another one of the process wait in its place. */
void space_hand_over(struct kunit *test, struct space *space);

/* Make another process, with a copy of the memory. To be called within a space. */
void space_fork(struct kunit *test, struct space *child);

/* What is called in between is done by the process, as far as memory goes. */
void space_enter(struct space *space);
void space_leave(struct space *space);

/*
 * A system call, if the kernel can make one like that.  To be called within a space,
 * but files are those of this thread.
 */
long space_syscall(unsigned int nr, unsigned long a, unsigned long b, unsigned long c,
		   unsigned long d, unsigned long e);

/* Map all of a range, with memory in it. To be called within the space. */
void space_fill(struct kunit *test, unsigned long start, unsigned long size,
		unsigned long prot);

/* The page frame at an address, or ULONG_MAX */
unsigned long space_pfn(struct space *space, unsigned long addr);

#endif /* _DAMON_TEST_SPACE_H */
