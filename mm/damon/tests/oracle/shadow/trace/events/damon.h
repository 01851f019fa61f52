/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lies before <trace/events/damon.h> in the include path of ref-core.c
 *
 * core.c asks for the definitions of the tracepoints, which the kernel has
 * already.  The reference core shares them.
 */
#undef CREATE_TRACE_POINTS
#include_next <trace/events/damon.h>
