/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a core did in a scenario, so that two can be compared
 *
 * All that a core holds and does is a stream of numbers.  It is kept as a hash for
 * each step; for one step, the numbers themselves with their names can be kept.
 */
#ifndef _DAMON_ORACLE_RECORD_H
#define _DAMON_ORACLE_RECORD_H

#include <linux/damon.h>

/* A scenario takes fewer steps than this. */
#define ORACLE_MAX_STEPS	1024

struct oracle_entry {
	const char *what;
	/* Which one of them: of two levels, or -1. */
	int i;
	int j;
	u64 value;
};

struct oracle_record {
	u64 hash;
	unsigned int nr_steps;
	u64 hashes[ORACLE_MAX_STEPS];
	/* The step whose entries are kept, if there is room for them. */
	unsigned int detailed_step;
	unsigned int max_entries;
	unsigned int nr_entries;
	struct oracle_entry *entries;
};

void oracle_record_begin(struct oracle_record *record);
void oracle_record_step(struct oracle_record *record);
void oracle_record_ctx(struct oracle_record *record, struct damon_ctx *ctx);

void oracle_record_entry(struct oracle_record *record, const char *what, int i,
			 int j, u64 value);

/* oracle_record_at() - Note that @what of the (@i, @j)-th of them is @value. */
static inline void oracle_record_at(struct oracle_record *record,
				    const char *what, int i, int j, u64 value)
{
	record->hash = (record->hash ^ value) * 0x9e3779b97f4a7c15ULL;
	record->hash ^= record->hash >> 32;
	record->hash += ((u64)i << 32) + j;
	if (unlikely(record->entries))
		oracle_record_entry(record, what, i, j, value);
}

static inline void oracle_record(struct oracle_record *record, const char *what,
				 u64 value)
{
	oracle_record_at(record, what, -1, -1, value);
}

int oracle_record_diff(const struct oracle_record *a,
		       const struct oracle_record *b);
void oracle_record_print_diff(const char *name_a, const struct oracle_record *a,
			      const char *name_b, const struct oracle_record *b);

#endif /* _DAMON_ORACLE_RECORD_H */
