# SPDX-License-Identifier: GPL-2.0

'''
How tests that are functions are run, and reported as kselftests are.
'''

import os
import sys

this_dir = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(this_dir, '../../kselftest/'))

import ksft

from .lib import ADMIN, Checks, KernelLog, Skip


def run(description, function, args):
    checks = Checks()
    try:
        function(checks, *args)
    except Skip as e:
        ksft.test_result_skip('%s: %s' % (description, e))
        return
    except (OSError, ValueError) as e:
        checks.that(False, '%s: %s' % (type(e).__name__, e))
    for failure in checks.failures[:20]:
        ksft.print_msg(failure)
    if len(checks.failures) > 20:
        ksft.print_msg('and %d more' % (len(checks.failures) - 20))
    ksft.test_result(not checks.failures, description)


def cannot_run():
    '''The reason why nothing can be tested here, if there is one.'''
    if os.geteuid() != 0:
        return 'must be run as root'
    if not os.path.isdir(ADMIN):
        return 'no %s: CONFIG_DAMON_SYSFS is not set' % ADMIN
    for module in ('damon_stat', 'damon_reclaim', 'damon_lru_sort'):
        try:
            with open('/sys/module/%s/parameters/enabled' % module) as f:
                if f.read().strip() == 'Y':
                    return '%s runs, and would run alone' % module
        except FileNotFoundError:
            pass
    return None


def main(all_tests):
    '''
    Run what @all_tests returns: a description, a function and its further
    arguments for each test.  It is given the kernel's log.
    '''
    sys.stdout.reconfigure(line_buffering=True)
    ksft.print_header()
    reason = cannot_run()
    if reason:
        print('1..0 # SKIP %s' % reason)
        sys.exit(ksft.KSFT_SKIP)

    tests = all_tests(KernelLog())
    ksft.set_plan(len(tests))
    for test in tests:
        run(*test)
    ksft.finished()
