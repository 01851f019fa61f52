// SPDX-License-Identifier: GPL-2.0
/*
 * Who has page tables of the memory of the twins as well, as devices and virtual machines
 * have them
 */

#include <linux/hash.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "twins.h"

struct other_tables {
	struct mmu_notifier notifier;
	/* What was asked, and how often: the same for both twins */
	u64 asked;
	unsigned int nr_asked;
};

/* Half of the answers say that there was an access. */
static bool answer(struct mmu_notifier *notifier, unsigned long addr, bool clears)
{
	struct other_tables *o = container_of(notifier, struct other_tables, notifier);

	o->nr_asked++;
	o->asked = hash_64(o->asked + addr + clears, 64);
	return hash_64(o->asked, 1);
}

static bool clear_young(struct mmu_notifier *notifier, struct mm_struct *mm,
			unsigned long start, unsigned long end)
{
	return answer(notifier, start ^ end, true);
}

static bool test_young(struct mmu_notifier *notifier, struct mm_struct *mm,
		       unsigned long addr)
{
	return answer(notifier, addr, false);
}

static const struct mmu_notifier_ops notifier_ops = {
	.clear_young = clear_young,
	.test_young = test_young,
};

void twins_add_notifiers(struct twins *t)
{
	int i;

	for (i = 0; i < NR_TWINS; i++) {
		struct twin *twin = &t->twin[i];

		twin->other = kunit_kzalloc(t->test, sizeof(*twin->other), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(t->test, twin->other);
		twin->other->notifier.ops = &notifier_ops;
		KUNIT_ASSERT_EQ(t->test, 0,
				mmu_notifier_register(&twin->other->notifier,
						      twin->space.mm));
	}
}

void twins_compare_notifiers(struct twins *t)
{
	struct other_tables *c = t->twin[C].other, *ours = t->twin[OURS].other;

	if (!c)
		return;
	KUNIT_EXPECT_EQ(t->test, c->nr_asked, ours->nr_asked);
	KUNIT_EXPECT_EQ(t->test, c->asked, ours->asked);
}

void twins_end_notifiers(struct twins *t)
{
	int i;

	if (!t->twin[C].other)
		return;
	kunit_info(t->test, "notifiers were asked %u times", t->twin[C].other->nr_asked);
	KUNIT_EXPECT_GT(t->test, t->twin[C].other->nr_asked, 0);
	for (i = 0; i < NR_TWINS; i++)
		mmu_notifier_unregister(&t->twin[i].other->notifier, t->twin[i].space.mm);
}
