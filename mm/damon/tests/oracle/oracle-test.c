// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle: the core in Rust does what core.c does
 *
 * Both are put through the same scenarios, which are made from numbers, and must
 * at every step hold the same, call the same operations, and return the same.
 * What differs is made as small as it can be and printed.
 *
 *   damon_oracle.seed=N	the first scenario; a random one if it is 0
 *   damon_oracle.count=N	how many
 *
 * "damon_oracle.seed=N damon_oracle.count=1" repeats the one that has failed.
 */

#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/random.h>

#include "drive.h"
#include "shrink.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"damon_oracle."

static unsigned int seed;
module_param(seed, uint, 0400);
static unsigned int count = 10000;
module_param(count, uint, 0400);

/* How many scenarios there are for each one with thousands of regions. */
#define SMALL_PER_LARGE		200

/* After how many scenarios it says how far it is. */
#define SAY_AFTER		500

/* What of one step can be kept: thousands of regions with all of their fields. */
#define MAX_ENTRIES		200000

struct oracle {
	struct kunit *test;
	/* The reference, and what is compared to it */
	const struct damon_core_functions *cores[2];
	struct oracle_run *run;
	struct oracle_record *records[2];
	struct oracle_scenario *scenario;
	struct oracle_scenario *scratch;
};

/* Put both through a scenario, and say which step differs, or -1. */
static int compare(struct oracle *oracle, const struct oracle_scenario *scenario)
{
	int i;

	for (i = 0; i < 2; i++) {
		oracle->run->core = oracle->cores[i];
		oracle->run->scenario = scenario;
		oracle->run->record = oracle->records[i];
		oracle_drive(oracle->run);
	}
	return oracle_record_diff(oracle->records[0], oracle->records[1]);
}

static bool fails(void *data, const struct oracle_scenario *scenario)
{
	return compare(data, scenario) >= 0;
}

/* Put both through a scenario again, and print how the step differs. */
static void print_step(struct oracle *oracle,
		       const struct oracle_scenario *scenario, int step)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct oracle_record *record = oracle->records[i];

		record->entries = kvmalloc_objs(*record->entries, MAX_ENTRIES);
		record->max_entries = record->entries ? MAX_ENTRIES : 0;
		record->detailed_step = step;
	}
	compare(oracle, scenario);
	oracle_record_print_diff(oracle->cores[0]->name, oracle->records[0],
				 oracle->cores[1]->name, oracle->records[1]);
	for (i = 0; i < 2; i++) {
		kvfree(oracle->records[i]->entries);
		oracle->records[i]->entries = NULL;
	}
}

static void explain(struct oracle *oracle)
{
	struct oracle_scenario *s = oracle->scenario;
	unsigned int tried;

	tried = oracle_shrink(s, oracle->scratch, fails, oracle);
	kunit_info(oracle->test, "smallest of %u scenarios that differ:", tried);
	oracle_print_scenario(s);
	print_step(oracle, s, compare(oracle, s));
}

/* Whether the cores do the same in the scenario of a number. */
static bool agree(struct oracle *oracle, u64 number, enum oracle_size size)
{
	oracle_generate(oracle->scenario, number, size);
	/* A single one is of interest, even if a core never comes to its end. */
	if (count == 1)
		oracle_print_scenario(oracle->scenario);
	return compare(oracle, oracle->scenario) < 0;
}

static int oracle_init(struct kunit *test)
{
	struct oracle *oracle = kunit_kzalloc(test, sizeof(*oracle), GFP_KERNEL);
	size_t size;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, oracle);
	test->priv = oracle;
	oracle->test = test;
	oracle->cores[0] = &ref_core_functions;
	oracle->cores[1] = &rust_core_functions;
	oracle->run = kunit_kzalloc(test, sizeof(*oracle->run), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, oracle->run);
	oracle->run->test = test;
	size = struct_size(oracle->run->pid, numbers, 1);
	oracle->run->pid = kunit_kzalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, oracle->run->pid);
	for (i = 0; i < 2; i++) {
		oracle->records[i] = kunit_kzalloc(test,
						   sizeof(*oracle->records[i]),
						   GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, oracle->records[i]);
	}
	oracle->scenario = kunit_kzalloc(test, sizeof(*oracle->scenario),
					 GFP_KERNEL);
	oracle->scratch = kunit_kzalloc(test, sizeof(*oracle->scratch),
					GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, oracle->scenario);
	KUNIT_ASSERT_NOT_NULL(test, oracle->scratch);
	return 0;
}

static void oracle_exit(struct kunit *test)
{
	/* A test that was ended in the middle has left them. */
	oracle_world_end();
	oracle_running = NULL;
	oracle_trace(false);
}

static void oracle_test_scenarios(struct kunit *test)
{
	struct oracle *oracle = test->priv;
	unsigned int i, traced, first = seed ?: get_random_u32() / 2 + 1;
	unsigned int done = 0;
	u64 steps = 0;

	kunit_info(test, "damon_oracle.seed=%u damon_oracle.count=%u", first,
		   count);
	/* Switching tracepoints takes time: first those without, then those with. */
	for (traced = 0; traced < 2; traced++) {
		for (i = 0; i < count; i++) {
			u64 number = (u64)first + i;
			enum oracle_size size = number % SMALL_PER_LARGE ?
				ORACLE_SMALL : ORACLE_LARGE;

			if ((number & 1) != traced)
				continue;
			if (!agree(oracle, number, size)) {
				kunit_info(test, "%llu differs, looking for a smaller one",
					   number);
				explain(oracle);
				KUNIT_FAIL(test,
					   "the cores differ, see above; it is damon_oracle.seed=%llu damon_oracle.count=1",
					   number);
				return;
			}
			steps += oracle->records[0]->nr_steps;
			if (!(++done % SAY_AFTER))
				kunit_info(test, "%u of %u, the last is %llu", done,
					   count, number);
			cond_resched();
		}
	}
	kunit_info(test, "%u scenarios, %llu steps", count, steps);
}

/* A core does the same twice: what differs is never the oracle's own doing. */
static void oracle_test_repeats(struct kunit *test)
{
	struct oracle *oracle = test->priv;
	u64 number;
	int i;

	for (i = 0; i < 2; i++) {
		oracle->cores[1] = oracle->cores[0];
		for (number = 1; number <= 100; number++)
			KUNIT_EXPECT_TRUE_MSG(test, agree(oracle, number,
							  ORACLE_SMALL),
					      "the core in %s, scenario %llu",
					      oracle->cores[0]->name, number);
		oracle->cores[0] = &rust_core_functions;
	}
}

/* The reference with a mistake: it misses an access that comes after three. */
static void miss_access(struct damon_region *r, bool accessed)
{
	ref_core_functions.update_region_access_rate(r, accessed &&
						     r->nr_accesses != 3);
}

/* It finds a mistake, and makes the scenario that shows it small. */
static void oracle_test_notices(struct kunit *test)
{
	struct damon_core_functions mistaken = ref_core_functions;
	struct oracle *oracle = test->priv;
	struct oracle_scenario *s = oracle->scenario;
	u64 number;

	mistaken.name = "mistaken";
	mistaken.update_region_access_rate = miss_access;
	oracle->cores[1] = &mistaken;
	for (number = 1; number <= 200; number++) {
		if (!agree(oracle, number, ORACLE_SMALL))
			break;
	}
	KUNIT_ASSERT_LE_MSG(test, number, 200, "no scenario shows the mistake");
	oracle_shrink(s, oracle->scratch, fails, oracle);
	KUNIT_EXPECT_TRUE(test, fails(oracle, s));
	/* Some accesses to one target need no more than that. */
	KUNIT_EXPECT_LE(test, s->nr_steps, 10);
	KUNIT_EXPECT_LE(test, s->nr_events, 1);
	KUNIT_EXPECT_EQ(test, s->nr_params, 1);
	KUNIT_EXPECT_EQ(test, s->params[0].nr_targets, 1);
	KUNIT_EXPECT_EQ(test, s->params[0].nr_schemes, 0);
	KUNIT_EXPECT_EQ(test, s->params[0].nr_probes, 0);
	KUNIT_EXPECT_EQ(test, s->nr_bands, 1);
}

static struct kunit_case oracle_cases[] = {
	KUNIT_CASE(oracle_test_repeats),
	KUNIT_CASE(oracle_test_notices),
	KUNIT_CASE_SLOW(oracle_test_scenarios),
	{},
};

static struct kunit_suite oracle_suite = {
	.name = "damon-oracle",
	.init = oracle_init,
	.exit = oracle_exit,
	.test_cases = oracle_cases,
};

kunit_test_suite(oracle_suite);
