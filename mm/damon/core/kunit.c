// SPDX-License-Identifier: GPL-2.0
/*
 * The KUnit tests of core.c, on the DAMON core in Rust
 */

#include <linux/damon.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "helpers.h"
#include "kunit.h"

#include "../tests/core-kunit.h"
#include "../tests/kdamond-kunit.h"
