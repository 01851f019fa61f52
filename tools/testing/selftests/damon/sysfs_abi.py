#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

'''
Test the DAMON sysfs interface file by file: mode, default, every form of
input that is accepted or refused and with which error, the numbered
directories, every command of 'state' in every state, what 'on' and 'commit'
refuse, and removal while others read and write.

Which files there are, and of which kind, is in a table.  A kernel passes
whatever its interface is implemented in.  A test of what is documented to
differ is skipped, and says so.
'''

from _sysfs_abi.lib import reset
from _sysfs_abi.run import main
from _sysfs_abi import (
    commit,
    extensions,
    files,
    fixes,
    kdamond,
    matrix,
    monitor,
    quirks,
    removal,
    results,
    second_names,
    validation,
)

GROUPS = [
    files,
    second_names,
    matrix,
    kdamond,
    validation,
    commit,
    results,
    quirks,
    monitor,
    fixes,
    extensions,
    removal,
]


def test_log(checks, log):
    '''Clean up.  Nothing may have made the kernel complain until then.'''
    reset()
    for line in log.bad_lines():
        checks.that(False, 'kernel log: %s' % line)


def all_tests(log):
    tests = []
    for group in GROUPS:
        tests += group.tests()
    tests += extensions.last_tests()
    return tests + [('no complaint in the kernel log', test_log, (log,))]


if __name__ == '__main__':
    main(all_tests)
