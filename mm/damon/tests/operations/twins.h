/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two processes to which the same happens
 */
#ifndef _DAMON_TEST_TWINS_H
#define _DAMON_TEST_TWINS_H

#include <kunit/test.h>
#include <linux/damon.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "space.h"

/* Where memory may be: in twelve page tables, in two tables of these. */
#define START		(SZ_1G - 12UL * SZ_1M)
#define PAGES		(24 * SZ_1M / PAGE_SIZE)
#define END		(START + PAGES * PAGE_SIZE)
/* Where regions may be, in pages: beyond that, too */
#define MARGIN		300
#define MAX_REGIONS	150
#define MAX_CHILDREN	3
#define MAX_EVENTS	32
/* Where pages of hugetlbfs may be */
#define NR_HUGETLB	((END - START) / SZ_2M)

enum { C, OURS, NR_TWINS };

struct twin {
	const struct damon_operations *ops;
	struct damon_ctx *ctx;
	struct space space;
	struct space children[MAX_CHILDREN];
	struct folio *isolated;
	/* Locked, and not mapped meanwhile */
	struct folio *migrating;
	/* Pages of hugetlbfs that are known: only compared with what is there later */
	struct folio *hugetlb[NR_HUGETLB];
	/* A file descriptor plus one; 0 as long as there is none */
	int uffd;
	/* Who else has page tables of the memory, if somebody has */
	struct other_tables *other;
	/* What the last operations returned */
	unsigned int max, max_wsum;
};

/* What an address has; operations go other ways for each. */
enum kind {
	KIND_HOLE,
	KIND_NOTHING,
	KIND_PAGE,
	KIND_PART,
	KIND_SHARED,
	KIND_KSM,
	KIND_ZERO,
	KIND_HUGE,
	KIND_HUGETLB,
	KIND_PROTECTED,
	KIND_SWAP,
	KIND_MIGRATION,
	KIND_HUGE_MIGRATION,
	KIND_MARKER,
	NR_KINDS,
};

struct twins {
	struct kunit *test;
	struct rnd_state rnd;
	bool phys;
	unsigned int nr_regions, nr_children;
	struct twin twin[NR_TWINS];
	/* What there was to compare */
	unsigned long accessed, idle, wsums, sampled[NR_KINDS], happened[MAX_EVENTS];
};

/* A random number */
unsigned long below(struct twins *t, unsigned long limit);
unsigned long addr_of(unsigned long page);

/* What an event is about: some pages, and a number to choose from its variants */
struct span {
	unsigned long start, size;
	unsigned int number;
};

/*
 * Does the same to both twins, and returns what can be compared: a negative number if
 * it did not happen.
 */
typedef long (*event_fn)(struct twins *t, struct twin *twin, struct span *r);

struct event {
	const char *name;
	event_fn fn;
	/* Called once, when it happened to both. */
	void (*done)(struct twins *t);
	/* Whether it can happen here; always if there is none. */
	bool (*possible)(void);
	unsigned int weight;
};

/* events.c: one random event; and what is left of events, at the end. */
void twins_happen(struct twins *t);
void twins_end_children(struct twins *t);
void twins_end_events(struct twins *t);
void twins_expect_events(struct twins *t);

/* events-special.c */
extern const struct event special_events[];
extern const unsigned int nr_special_events;
/* Undoes what must not last until the next event. */
void end_migration(struct twin *twin);
void end_special_events(struct twin *twin);

/* notifier.c: somebody who has page tables of the memory of both, from then on. */
void twins_add_notifiers(struct twins *t);
void twins_compare_notifiers(struct twins *t);
void twins_end_notifiers(struct twins *t);

/* state.c */
void twins_forget_marks(struct twins *t);
enum kind kind_of(struct mm_struct *mm, unsigned long addr);
/* Compares an address, which the operations sampled or not. */
void compare_page(struct twins *t, unsigned long addr, bool sampled);
void twins_expect_kinds(struct twins *t);

#endif /* _DAMON_TEST_TWINS_H */
