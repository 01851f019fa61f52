# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about each file and directory of the table.
'''

from errno import EACCES, EINVAL, ENOMEM, EPERM
import os

from .lib import Skip, build, exists, full, must_write, read, value, write
from . import table


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


def need(file):
    if table.is_left_out(file):
        raise Skip('no further files on this kernel')


def test_mode(checks, file):
    table.build_all()
    need(file)
    check_node(checks, file.path, 0o600 if file.kind else 0o400)
    if not file.kind:
        check_read_only(checks, file.path)


def test_default(checks, file):
    table.build_all(without=file.path)
    need(file)
    shown = read(file.path)
    if file.path.endswith('/state_error'):
        checks.equal('default', shown, '')
        return
    if file.default is not None:
        checks.equal('default', shown, file.default + '\n')
        return
    # Some of the words, in the order of the table, one in each line.
    words = shown.split('\n')
    checks.that(words[-1] == '' and len(words) > 1 and words[:-1] ==
                [word for word in file.words if word in words],
                'shows %r' % shown)


def test_values(checks, file):
    table.build_all()
    check_values(checks, file.path, file.kind)


def test_directories(checks):
    table.build_all()
    paths = table.DIRS + [file.path for file in table.FILES
                          if file.path not in table.EXTENSIONS]
    paths += [path for path in table.EXTENSIONS if exists(path)]
    if table.has_second_names():
        paths += [path for path, _ in table.SECOND_NAMES]
    for directory in table.DIRS:
        check_node(checks, directory, 0o755)
        seen = set(os.listdir(full(directory)))
        # The paths are relative to 'admin', in which no directory is '..'.
        expected = {'admin'} if directory == '..' else {
                table.name(path) for path in paths
                if path not in ('', '..') and table.parent(path) == directory}
        # A kernel need not have directories for users who are not root.
        if directory == '..':
            seen.discard('users')
        checks.equal('%s: missing' % directory, sorted(expected - seen), [])
        checks.equal('%s: more than expected' % directory,
                     sorted(seen - expected), [])


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


def test_family(checks, nr_file, most):
    table.build_all()
    first = os.path.join(table.parent(nr_file), '0')
    changed, data = table.a_change(first)
    fresh = value(changed)

    checks.equal('children', child_numbers(nr_file), ['0'])
    must_write(changed, data)
    for refused in (b'-1', b'x'):
        checks.error('write %r' % refused, write(nr_file, refused), EINVAL)
        checks.equal('%s after a refused number' % changed, value(changed),
                     data)

    checks.error('Q1: the same number again', write(nr_file, '1'), 0)
    checks.equal('Q1: %s after that' % changed, value(changed), fresh)

    for number in [n for n in (3, 1, 0, 12, 2, 0, 1) if n <= (most or n)]:
        checks.error('write %d' % number, write(nr_file, '%d' % number), 0)
        checks.equal('children after %d' % number, child_numbers(nr_file),
                     sorted('%d' % i for i in range(number)))
        checks.equal('number shown', value(nr_file), '%d' % number)

    # No allocation is that large: the old children are gone, none is new.
    if most is None:
        checks.error('the largest number', write(nr_file, '2147483647'),
                     ENOMEM)
        checks.equal('children after that', child_numbers(nr_file), [])
        checks.equal('number after that', value(nr_file), '0')

    checks.error('a number after that', write(nr_file, '1'), 0)
    checks.that(exists(first), 'no %s' % first)
    checks.equal('what is in it', value(changed), fresh)
    checks.error('none', write(nr_file, '0'), 0)
    checks.equal('children at last', child_numbers(nr_file), [])


def tests():
    tests = [('directories and names', test_directories, ()),
             ('nothing is made or removed by hand', test_by_hand, ())]
    for file in table.FILES:
        tests += [('%s: mode' % file.path, test_mode, (file,)),
                  ('%s: default' % file.path, test_default, (file,))]
        if file.kind:
            tests += [('%s: values' % file.path, test_values, (file,))]
    return tests + [('children of %s' % path, test_family,
                     (path, table.BY_PATH[path].kind.most))
                    for path in table.NR_FILES]
