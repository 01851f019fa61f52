/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes a scenario smaller for as long as it still fails
 */
#ifndef _DAMON_ORACLE_SHRINK_H
#define _DAMON_ORACLE_SHRINK_H

#include "scenario.h"

/* When to be content with what has been reached. */
#define ORACLE_MAX_TRIES	5000

typedef bool (*oracle_fails_fn)(void *data, const struct oracle_scenario *s);

unsigned int oracle_shrink(struct oracle_scenario *s,
			   struct oracle_scenario *scratch,
			   oracle_fails_fn fails, void *data);

#endif /* _DAMON_ORACLE_SHRINK_H */
