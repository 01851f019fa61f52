# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about directories that are removed: under open files,
and while other processes read and write them.
'''

from errno import EBUSY, EINVAL, ENODEV, ENOENT
import mmap
import os
import pickle
import select
import signal

from .lib import (DEADLINE_SEC, Kdamond, build, deadline, error_name, full,
                  must_write, time, write)
from . import table

STRESS_SEC = 3

# What holds a value of its own.
LEAVES = [file for file in table.FILES
          if file.kind and file.kind.accepts and not file.nr]


def test_open_files(checks):
    '''A file of a removed directory gives ENODEV for good.'''
    for nr_file, number in [(path, number) for path in table.NR_FILES
                            for number in ('0', '1')]:
        table.build_all()
        parent = os.path.dirname(nr_file) + '/0/'
        files = [(file.path, file.kind, os.open(
                     full(file.path), os.O_RDWR if file.kind else os.O_RDONLY))
                 for file in table.FILES if file.path.startswith(parent) and
                 not table.is_left_out(file)]
        checks.that(files, 'no file below %s' % parent)
        must_write(nr_file, number)
        for path, kind, fd in files:
            calls = [('read', lambda fd: os.pread(fd, 4096, 0))]
            if kind:
                calls += [('write', lambda fd: os.write(fd, b'1'))]
            for name, call in calls:
                try:
                    call(fd)
                    checks.that(False, '%s: %s works' % (path, name))
                except OSError as e:
                    checks.error('%s: %s' % (path, name), e.errno, ENODEV)
            os.close(fd)
        if number == '0':
            checks.error('open again', write(files[0][0], '1'), ENOENT)


class Worker:
    '''
    A process that does one kind of access again and again until the time is
    over and every worker has succeeded once, however slow the machine is, and
    reports which errors it met.  'successes' is shared and has a byte for each.
    '''

    def __init__(self, place, successes, until, name, allowed, access):
        self.place = place
        self.successes = successes
        self.until = until
        self.name = name
        self.allowed = allowed
        self.pipe, report = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.write(report, pickle.dumps(self.work(access)))
            except Exception as e:      # pylint: disable=broad-except
                os.write(report, pickle.dumps({-1: repr(e)}))
            finally:
                os._exit(0)
        os.close(report)

    def goes_on(self):
        now = time.monotonic()
        return now < self.until or (now < self.until + DEADLINE_SEC and
                                    not all(self.successes[:]))

    def work(self, access):
        errors, rounds = {}, 0
        while self.goes_on():
            for what, errno in access(rounds):
                if errno == 0:
                    self.successes[self.place] = 1
                else:
                    errors.setdefault(errno, what)
            rounds += 1
        return errors

    def finish(self, checks):
        '''Judge the report.  A worker that hangs in the kernel has none.'''
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        left = max(0, self.until + 2 * DEADLINE_SEC - time.monotonic()) * 1000
        if poll.poll(left):
            report = os.read(self.pipe, 65536)
        else:
            report = b''
        os.close(self.pipe)
        if not report:
            checks.that(False, '%s: hangs or died' % self.name)
            os.kill(self.pid, signal.SIGKILL)
            return
        os.waitpid(self.pid, 0)
        checks.that(self.successes[self.place],
                    '%s: never succeeds' % self.name)
        for errno, what in pickle.loads(report).items():
            checks.that(errno in self.allowed, '%s: %s gives %s' % (
                self.name, what, error_name(errno)))


def write_each(pairs):
    def access(rounds):
        for path, values in pairs:
            data = values[rounds % len(values)]
            yield '%r to %s' % (data, path), write(path, data)
    return access


def leaf_writes():
    # Small numbers only: 'off' can have to wait for a sampling interval.
    for file in LEAVES:
        yield file.path, [data for data, shown in file.kind.accepts
                          if len(shown) <= 5 or not shown.isdigit()]


def read_files(_):
    '''Every file, also those of directories that come later.'''
    for parent, _, names in os.walk(full('kdamonds')):
        for name in names:
            path = os.path.join(parent, name)
            try:
                fd = os.open(path, os.O_RDONLY)
                try:
                    os.read(fd, 4096)
                finally:
                    os.close(fd)
                yield path, 0
            except OSError as e:
                yield path, e.errno


def use(path, fd):
    try:
        os.write(fd, os.pread(fd, 4096, 0))
        return path, 0
    except OSError as e:
        return path, e.errno


def hold_open(_):
    '''Keep files open over a removal, and use them before and after it.'''
    files = []
    for file in LEAVES:
        if not table.takes_default(file):
            continue
        try:
            files.append((file.path, os.open(full(file.path), os.O_RDWR)))
        except OSError as e:
            yield file.path, e.errno
            continue
        # Before all others are open, because that takes longer than some live.
        yield use(*files[-1])
    for path, fd in files * 2:
        yield use(path, fd)
    for _, fd in files:
        os.close(fd)


def stress(checks, state_words):
    build(kdamonds=2)
    gone = {ENOENT, ENODEV}
    pid = '%d' % os.getpid()
    nr = [('kdamonds/nr_kdamonds', ['2', '1', '2', '0'])]
    # With kdamonds, random schemes would do random things to the memory.
    below = [(path, [n for n in ('2', '1', '3', '1', '0', '1')
                     if int(n) <= (table.BY_PATH[path].kind.most or 3)])
             for path in table.NR_FILES[1:]
             if not (state_words and 'schemes' in path)]
    seconds = []
    if table.has_second_names():
        nr += [('kdamonds/nr', ['1', '2'])]
        below += [(path, ['1', '0', '1']) for path, first in table.SECOND_NAMES[1:]
                  if first in table.NR_FILES]
        seconds = [(path, ['vaddr'] if 'type' in path else ['1'])
                   for path, first in table.SECOND_NAMES
                   if first not in table.NR_FILES]

    busy = gone | {EBUSY}
    workers = [
            ('nr_kdamonds', busy, write_each(nr)),
            ('other nr files', busy, write_each(below)),
            ('leaf files', busy, write_each(list(leaf_writes()) + seconds)),
            ('readers', busy, read_files),
            ('open files', busy, hold_open),
            ]
    if state_words:
        # No context, no target or a target of another test: EINVAL.
        kdamond = Kdamond()
        start = [(kdamond.dir + '/contexts/nr_contexts', ['1']),
                 (kdamond.targets + '/nr_targets', ['1']),
                 (kdamond.targets + '/0/pid_target', [pid]),
                 (kdamond.dir + '/state', ['on']),
                 (kdamond.dir + '/state', ['off'])]
        workers += [('state', busy | {EINVAL}, write_each(start))]
    # Memory that the workers share.
    successes = memoryview(mmap.mmap(-1, mmap.PAGESIZE))[:len(workers)]
    until = deadline(STRESS_SEC)
    workers = [Worker(place, successes, until, *args)
               for place, args in enumerate(workers)]
    for worker in workers:
        worker.finish(checks)

    # Whatever is left can be used.
    build(kdamonds=2)
    for kdamond in (Kdamond(0), Kdamond(1)):
        kdamond.stage(os.getpid())
        kdamond.start(checks)
        kdamond.stop(checks)


def tests():
    return [('open files of removed directories', test_open_files, ()),
            ('removal against readers and writers', stress, (False,)),
            ('removal against readers, writers and kdamonds', stress,
             (True,))]
