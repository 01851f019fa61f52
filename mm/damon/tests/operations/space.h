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
	bool leader_exits;
	struct completion end;
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

/* Make another process, with a copy of the memory. To be called within a space. */
void space_fork(struct kunit *test, struct space *child);

/* What is called in between is done by the process, as far as memory goes. */
void space_enter(struct space *space);
void space_leave(struct space *space);

/* Map all of a range, with memory in it. To be called within the space. */
void space_fill(struct kunit *test, unsigned long start, unsigned long size,
		unsigned long prot);

/* The page frame at an address, or ULONG_MAX */
unsigned long space_pfn(struct space *space, unsigned long addr);

#endif /* _DAMON_TEST_SPACE_H */
