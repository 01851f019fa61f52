/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lies before <trace/events/damon.h> in the include path of ref-core.c and rust-core.c
 *
 * Both ask for the definitions of the tracepoints, which the kernel has already.
 * The cores that are compared share them.
 */
#undef CREATE_TRACE_POINTS
#undef CREATE_RUST_TRACE_POINTS
#include_next <trace/events/damon.h>
