#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

'''
Test the DAMON sysfs interface file by file: mode, default, every form of
input that is accepted or refused and with which error, the numbered
directories, the commands of 'state', and removal while others read and write.

Both the C and the Rust implementation (DAMON_SYSFS_RUST) must pass.  The
names of the first proposal are tested where the kernel has them.
'''

import os
import sys

this_dir = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(this_dir, '../kselftest/'))
sys.dont_write_bytecode = True

import ksft

from errno import EACCES, EINVAL, ENOMEM, EPERM
from _sysfs_rust_lib import (ADMIN, Checks, KernelLog, Skip, build, exists,
                             full, must_write, read, reset, value, write)
import _sysfs_rust_commit
import _sysfs_rust_kdamond
import _sysfs_rust_monitor
import _sysfs_rust_removal
import _sysfs_rust_schemes
import _sysfs_rust_table as table


def check_node(checks, path, mode):
    stat = os.stat(full(path))
    checks.equal('%s mode' % path, oct(stat.st_mode & 0o7777), oct(mode))
    checks.equal('%s owner' % path, (stat.st_uid, stat.st_gid), (0, 0))


def check_values(checks, path, kind, others=()):
    '''
    Write everything that @kind knows to @path, and compare what it and the
    @others, names of the same value, show after that.
    '''
    names = [path] + list(others)

    for data, shown in kind.accepts:
        if checks.error('write %r' % data, write(path, data), 0):
            for name in names:
                checks.equal('%s after %r' % (name, data), read(name),
                             shown + '\n')

    before = read(path)
    for data, errno in kind.refuses:
        checks.error('write %r' % data, write(path, data), errno)
        for name in names:
            checks.equal('%s after %r' % (name, data), read(name), before)

    # An empty write succeeds and changes nothing: nothing is parsed.
    checks.error('empty write', write(path, b''), 0)
    checks.equal('%s after an empty write' % path, read(path), before)


def check_read_only(checks, path):
    for flags in (os.O_WRONLY, os.O_RDWR):
        try:
            os.close(os.open(full(path), flags))
            checks.that(False, 'opening for write works')
        except OSError as e:
            checks.error('opening for write', e.errno, EACCES)


def test_file(checks, path, kind, default, make=build):
    make()
    check_node(checks, path, 0o600 if kind.writable else 0o400)
    if kind.valid:
        shown = read(path)
        checks.that(kind.valid(shown), 'shows %r' % shown)
    if default is not None:
        if make != build:
            make(without=path)
        elif kind in (table.NR, table.NR_MAX_1):
            # nr_contexts and so on: not written yet
            build(**{os.path.basename(path)[len('nr_'):]: 0})
        checks.equal('default', read(path), default + '\n')
        make()
    if kind.writable:
        check_values(checks, path, kind)
    else:
        check_read_only(checks, path)


def expected_names():
    '''Map of each directory to the names that must be in it.'''
    dirs = {d: set() for d in table.DIRS}
    paths = [path for path, _, _ in table.FILES]
    if exists(table.RFC_NAMES[0][0]):
        paths += [path for path, _ in table.RFC_NAMES]
    for path in paths:
        while path:
            parent, name = os.path.split(path)
            dirs.setdefault(parent, set()).add(name)
            path = parent
    return dirs


def test_directories(checks):
    build()
    for path, names in expected_names().items():
        check_node(checks, path, 0o755)
        seen = set(os.listdir(full(path)))
        checks.equal('%s: missing' % path, sorted(names - seen), [])
        more = seen - names - table.NOT_TESTED.get(path, set())
        checks.equal('%s: more than expected' % path, sorted(more), [])


def test_by_hand(checks):
    '''Only the nr files make and remove directories.'''
    build()
    for call, path in ((os.mkdir, 'kdamonds/1'), (os.mkdir, 'x'),
                       (os.rmdir, 'kdamonds/0'), (os.rmdir, 'kdamonds'),
                       (os.unlink, 'kdamonds/nr_kdamonds'),
                       (os.unlink, table.TARGET + '/pid_target')):
        try:
            call(full(path))
            checks.that(False, '%s %s works' % (call.__name__, path))
        except OSError as e:
            checks.error('%s %s' % (call.__name__, path), e.errno, EPERM)
    checks.equal('nr_kdamonds', value('kdamonds/nr_kdamonds'), '1')


def child_numbers(nr_file):
    return sorted(name for name in os.listdir(full(os.path.dirname(nr_file)))
                  if name.isdigit())


def test_family(checks, nr_file, member, changed):
    build()
    first = os.path.join(os.path.dirname(nr_file), '0', member)
    if nr_file == 'kdamonds/nr_kdamonds':
        must_write(first, '0')
    fresh = value(first)

    checks.equal('children of a new directory', child_numbers(nr_file), ['0'])
    must_write(first, changed)
    for data, errno in ((b'-1', EINVAL), (b'x', EINVAL)):
        checks.error('write %r' % data, write(nr_file, data), errno)
        checks.equal('%s after a refused number' % first, value(first),
                     changed)

    checks.error('the same number again', write(nr_file, '1'), 0)
    checks.equal('%s after the same number' % first, value(first),
                 '0' if nr_file == 'kdamonds/nr_kdamonds' else fresh)

    at_most_1 = nr_file.endswith('nr_contexts')
    for number in ([0, 1] if at_most_1 else [3, 1, 0, 12, 2]):
        checks.error('write %d' % number, write(nr_file, '%d' % number), 0)
        checks.equal('children after %d' % number, child_numbers(nr_file),
                     sorted('%d' % i for i in range(number)))
        checks.equal('number shown', value(nr_file), '%d' % number)

    # No allocation is that large: the old children are gone, none is new.
    if not at_most_1:
        checks.error('the largest number', write(nr_file, '2147483647'),
                     ENOMEM)
        checks.equal('children after that', child_numbers(nr_file), [])
        checks.equal('number after that', value(nr_file), '0')

    checks.error('a number after that', write(nr_file, '1'), 0)
    checks.that(exists(first), 'no %s' % first)
    checks.error('none', write(nr_file, '0'), 0)
    checks.equal('children at last', child_numbers(nr_file), [])


def test_rfc_presence(checks):
    '''All of the second names are there, or none of them is.'''
    build()
    expected = exists(table.RFC_NAMES[0][0])
    for path, _ in table.RFC_NAMES:
        checks.equal('%s exists' % path, exists(path), expected)


def test_rfc_name(checks, path, same_as, kind):
    build()
    if not exists(table.RFC_NAMES[0][0]):
        raise Skip('no second names on this kernel')
    check_node(checks, path, 0o600)
    checks.equal('what both show', read(path), read(same_as))
    check_values(checks, path, kind, others=[same_as])
    if 'nr' in os.path.basename(path):
        must_write(path, '1')
    check_values(checks, same_as, kind, others=[path])


def test_rfc_family(checks):
    '''A second name of an nr file makes and resets the same children.'''
    build()
    if not exists(table.RFC_NAMES[0][0]):
        raise Skip('no second names on this kernel')
    for nr_file, member, changed in table.FAMILIES[1:]:
        nr = os.path.join(os.path.dirname(nr_file), 'nr')
        build()
        first = os.path.join(os.path.dirname(nr_file), '0', member)
        fresh = value(first)
        must_write(first, changed)
        checks.error('%s' % nr, write(nr, '1'), 0)
        checks.equal('%s after that' % first, value(first), fresh)
        checks.error('%s none' % nr, write(nr, '0'), 0)
        checks.equal('children after that', child_numbers(nr), [])
        checks.equal('%s after that' % nr_file, value(nr_file), '0')


def test_log(checks, log):
    '''Clean up.  Nothing may have made the kernel complain until then.'''
    reset()
    for line in log.bad_lines():
        checks.that(False, 'kernel log: %s' % line)


def all_tests(log):
    kinds = {path: kind for path, kind, _ in table.FILES}
    tests = [('directories and names', test_directories, ()),
             ('nothing is made or removed by hand', test_by_hand, ())]
    tests += [('file %s' % row[0], test_file, row) for row in table.FILES]
    tests += [('children of %s' % row[0], test_family, row)
              for row in table.FAMILIES]
    tests += [('second names: all or none', test_rfc_presence, ())]
    tests += [('second name %s' % path, test_rfc_name,
               (path, same_as, kinds[same_as]))
              for path, same_as in table.RFC_NAMES]
    tests += [('second names of nr files', test_rfc_family, ())]
    tests += _sysfs_rust_kdamond.tests()
    tests += _sysfs_rust_commit.tests()
    tests += _sysfs_rust_schemes.tests(test_file)
    tests += _sysfs_rust_monitor.tests()
    tests += _sysfs_rust_removal.tests()
    tests += [('no complaint in the kernel log', test_log, (log,))]
    return tests


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


def main():
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


if __name__ == '__main__':
    main()
