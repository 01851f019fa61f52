// SPDX-License-Identifier: GPL-2.0
/*
 * What a core did in a scenario, so that two can be compared
 */

#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "record.h"

void oracle_record_begin(struct oracle_record *record)
{
	record->hash = 0;
	record->nr_steps = 0;
	record->nr_entries = 0;
}

/* oracle_record_step() - A step is over: what follows belongs to the next. */
void oracle_record_step(struct oracle_record *record)
{
	if (record->nr_steps < ORACLE_MAX_STEPS)
		record->hashes[record->nr_steps] = record->hash;
	record->nr_steps++;
}

void oracle_record_entry(struct oracle_record *record, const char *what, int i,
			 int j, u64 value)
{
	struct oracle_entry *entry;

	if (record->nr_steps != record->detailed_step ||
	    record->nr_entries == record->max_entries)
		return;
	entry = &record->entries[record->nr_entries++];
	*entry = (struct oracle_entry){
		.what = what, .i = i, .j = j, .value = value,
	};
}

/*
 * oracle_record_diff() - Which step is the first that differs.
 *
 * Return: its number, or -1 if there is none.
 */
int oracle_record_diff(const struct oracle_record *a,
		       const struct oracle_record *b)
{
	unsigned int i, nr = min3(a->nr_steps, b->nr_steps, ORACLE_MAX_STEPS);

	for (i = 0; i < nr; i++) {
		if (a->hashes[i] != b->hashes[i])
			return i;
	}
	return a->nr_steps == b->nr_steps && a->hash == b->hash ? -1 : nr;
}

static void print_entry(const char *name, const struct oracle_record *record,
			unsigned int i)
{
	const struct oracle_entry *entry = &record->entries[i];

	if (i >= record->nr_entries)
		pr_info("    %-4s nothing more\n", name);
	else if (entry->i < 0)
		pr_info("    %-4s %s = %llu\n", name, entry->what, entry->value);
	else if (entry->j < 0)
		pr_info("    %-4s %s[%d] = %llu\n", name, entry->what, entry->i,
			entry->value);
	else
		pr_info("    %-4s %s[%d][%d] = %llu\n", name, entry->what,
			entry->i, entry->j, entry->value);
}

static bool same_entry(const struct oracle_entry *a, const struct oracle_entry *b)
{
	return !strcmp(a->what, b->what) && a->i == b->i && a->j == b->j &&
		a->value == b->value;
}

/* oracle_record_print_diff() - Print where the two begin to differ, and how. */
void oracle_record_print_diff(const char *name_a, const struct oracle_record *a,
			      const char *name_b, const struct oracle_record *b)
{
	unsigned int i, first, nr = min(a->nr_entries, b->nr_entries);

	for (first = 0; first < nr; first++) {
		if (!same_entry(&a->entries[first], &b->entries[first]))
			break;
	}
	pr_info("  step %u: the cores agree on %u numbers, of which the last are\n",
		a->detailed_step, first);
	for (i = first - min(first, 4); i < first; i++)
		print_entry("both", a, i);
	pr_info("  and then\n");
	for (i = first; i < first + 3; i++)
		print_entry(name_a, a, i);
	for (i = first; i < first + 3; i++)
		print_entry(name_b, b, i);
}
