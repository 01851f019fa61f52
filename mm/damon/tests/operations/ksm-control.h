/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Merging pages when a test wants it
 */
#ifndef _DAMON_TEST_KSM_CONTROL_H
#define _DAMON_TEST_KSM_CONTROL_H

/*
 * Has ksmd scan all memory that may be merged until there is nothing left to merge, and
 * stop then.  Returns an error if that is not possible.
 */
int ksm_scan_all(void);

#endif /* _DAMON_TEST_KSM_CONTROL_H */
