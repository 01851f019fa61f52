# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about what one would not expect of the interface, but
what user space may have got used to.  Quirks have a number; those that other
tests are about have it in the names of these tests.
'''

from errno import EINVAL
import os

from .lib import Kdamond, build, must_write, read, value, write
from . import table

SELF = os.getpid()


def test_filter_type(checks):
    '''Q3: core_filters show a default that they do not accept.'''
    table.build_all()
    path = table.SCHEME + '/core_filters/0/type'
    checks.equal('default', value(path), 'anon')
    checks.error('write it', write(path, 'anon'), EINVAL)
    checks.equal('after that', value(path), 'anon')
    checks.error('write another', write(path, 'addr'), 0)
    checks.error('write it then', write(path, 'anon'), EINVAL)
    checks.equal('after that', value(path), 'addr')


def test_path(checks, path):
    '''Q4: the newline of 'echo' is a part of what is kept.'''
    table.build_all()
    checks.equal('at first', read(path), '\n')
    checks.error('echo', write(path, '/a\n'), 0)
    checks.equal('after echo', read(path), '/a\n\n')
    checks.error('echo -n', write(path, '/b'), 0)
    checks.equal('after echo -n', read(path), '/b\n')
    # A page holds it, but not with the newline that reading adds.
    page = os.sysconf('SC_PAGE_SIZE')
    for length in (page - 2, page - 1):
        checks.error('%d characters' % length, write(path, 'x' * length), 0)
        checks.equal('after %d characters' % length, read(path),
                     ('x' * length + '\n')[:page - 1])


def test_operations(checks):
    '''Q5: operations are accepted, whether the kernel has them or not.'''
    table.build_all()
    path = table.CONTEXT + '/operations'
    for word in table.OPERATIONS:
        checks.error('write %s' % word, write(path, word), 0)
        checks.equal('operations', value(path), word)


def test_quota_goals(checks):
    '''Q6: a goal that is wrong has another error than in a new scheme.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    must_write(table.CONTEXT + '/schemes/nr_schemes', '1')
    kdamond.start(checks)
    must_write(table.QUOTAS + '/goals/nr_goals', '1')
    must_write(table.GOAL + '/target_value', '1')
    must_write(table.GOAL + '/target_metric', 'node_memcg_free_bp')
    must_write(table.GOAL + '/path', '/no/such')
    command = 'commit_schemes_quota_goals'
    checks.error(command, kdamond.command(command), EINVAL)
    # Without a target value, nobody looks at it.
    must_write(table.GOAL + '/target_value', '0')
    checks.error(command, kdamond.command(command), 0)
    must_write(table.GOAL + '/target_value', '1')
    must_write(table.GOAL + '/target_metric', 'user_input')
    checks.error(command, kdamond.command(command), 0)
    kdamond.stop(checks)


def tests():
    run = [('Q3: core_filters: default type', test_filter_type, ())]
    run += [('Q4: %s' % file.path, test_path, (file.path,))
            for file in table.FILES if file.default == '']
    return run + [('Q5: operations that there may not be', test_operations,
                   ()),
                  ('Q6: goals of a running scheme', test_quota_goals, ())]
