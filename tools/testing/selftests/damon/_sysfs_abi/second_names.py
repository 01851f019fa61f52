# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about the second names of files, which are those of the
first proposal of the interface, and which only CONFIG_DAMON_SYSFS_RFC_NAMES
adds.
'''

import os

from .files import check_node, check_values, child_numbers
from .lib import Skip, build, exists, must_write, read, value, write
from . import table


def test_presence(checks):
    '''All of the second names are there, or none of them is.'''
    build()
    expected = table.has_second_names()
    for path, _ in table.SECOND_NAMES:
        checks.equal('%s exists' % path, exists(path), expected)


def test_name(checks, path, same_as):
    table.build_all()
    if not table.has_second_names():
        raise Skip('no second names on this kernel')
    kind = table.BY_PATH[same_as].kind
    check_node(checks, path, 0o600)
    checks.equal('what both show', read(path), read(same_as))
    check_values(checks, path, kind, others=[same_as])
    check_values(checks, same_as, kind, others=[path])


def test_families(checks):
    '''A second name of an nr file makes and resets the same children.'''
    if not table.has_second_names():
        raise Skip('no second names on this kernel')
    for nr, nr_file in table.SECOND_NAMES:
        if nr_file not in table.NR_FILES:
            continue
        table.build_all()
        changed, data = table.a_change(os.path.join(table.parent(nr), '0'))
        fresh = value(changed)
        must_write(changed, data)
        checks.error('%s' % nr, write(nr, '1'), 0)
        checks.equal('%s after that' % changed, value(changed), fresh)
        checks.error('%s none' % nr, write(nr, '0'), 0)
        checks.equal('children after that', child_numbers(nr), [])
        checks.equal('%s after that' % nr_file, value(nr_file), '0')


def tests():
    return [('second names: all or none', test_presence, ())] + [
            ('second name %s' % path, test_name, (path, same_as))
            for path, same_as in table.SECOND_NAMES] + [
            ('second names of nr files', test_families, ())]
