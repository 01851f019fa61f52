# SPDX-License-Identifier: GPL-2.0

'''
Root takes directories away, and users who want to keep them.
'''

import errno
import os
import time

from _sysfs_abi.lib import must_write, write
from kdamond_threads import kdamond_threads

from . import memory
from .actor import LIBC, Actor
from .claims import attempts, claim, rounds
from .tree import (ALICE, BOB, COMMANDS, NR_USERS, ULONG_MAX, Kdamond, await_that, directory,
                   files, fresh, is_gone, nothing, read_fd, thread_of, write_fd)

ANY_TIME = 'Root takes a directory away at any time, in bounded time, whatever its owner does.'
ENODEV = 'What a program still has open of it fails with ENODEV.'
NOTHING_LEFT = 'Nothing is left of it: no thread, no memory, no reference to a process.'
# How long it may take, on a slow machine with checks of everything.
BOUND_SEC = 10

WAYS = {
    'uid -1': lambda: must_write(directory() + '/uid', '-1'),
    'uid of another user': lambda: must_write(directory() + '/uid', '%d' % BOB),
    'the same uid': lambda: must_write(directory() + '/uid', '%d' % ALICE),
    'nr_users 0': lambda: must_write(NR_USERS, '0'),
    'nr_users 1': lambda: must_write(NR_USERS, '1'),
}


def open_all(top):
    '''Everything of a tree, as its owner.'''
    fds = []
    for path in files(top):
        try:
            fds.append(os.open(path, os.O_RDWR))
        except OSError:
            fds.append(os.open(path, os.O_RDONLY))
    fds.append(os.open(top, os.O_RDONLY))
    os.chdir(top)
    return fds


def use_all(fds):
    '''What reading and writing says, but for the directory.'''
    return {write_fd(fd, '1') for fd in fds[:-1]}, {read_fd(fd) for fd in fds[:-1]}


def in_time(checks, what, function):
    '''The time, which has a bound.'''
    start = time.monotonic()
    function()
    seconds = time.monotonic() - start
    checks.that(seconds < BOUND_SEC, '%s takes %.1f s' % (what, seconds))
    return seconds


@claim(ANY_TIME, ENODEV)
def test_open_files(checks):
    '''All of them, in each way to take it away.'''
    for name, way in WAYS.items():
        fresh(ALICE)
        kdamond = Kdamond()
        with Actor(ALICE) as user, Actor(ALICE) as target:
            user.do(kdamond.prepare, target.pid)
            checks.error('on', user.do(kdamond.on), 0)
            thread = thread_of()
            fds = user.do(open_all, kdamond.all)
            in_time(checks, name, way)
            checks.that(thread not in kdamond_threads(), '%s: the thread is there' % name)
            written, was_read = user.do(use_all, fds)
            # Not all of them can be written, which is looked at first.
            checks.that(written <= {errno.ENODEV, errno.EBADF, errno.ESPIPE},
                        '%s: writes: %s' % (name, written))
            checks.equal('%s: reads' % name, was_read, {errno.ENODEV})


def command_for_ever(path, command):
    '''Returns the error that it ends with.'''
    try:
        fd = os.open(path, os.O_WRONLY)
    except FileNotFoundError:
        return errno.ENODEV     # was as fast as that
    while True:
        result = write_fd(fd, command)
        if is_gone(result):
            return result


# What makes commands wait: until the next sample, for hours, or for ever.
KINDS = {
    'short intervals': {},
    'long intervals': {'sample_us': 3600000000, 'aggr_us': 7200000000},
    'the longest intervals': {'sample_us': ULONG_MAX // 2, 'aggr_us': ULONG_MAX // 2},
    'a long aggregation': {'aggr_us': 7200000000},
    'a pause': {'pause': 'Y'},
    'inactive schemes': {'wmarks': True},
}


def stage_kind(kdamond, pid, kind):
    kdamond.prepare(pid)
    for name, data in kind.items():
        if name.endswith('_us'):
            # sample_us may not be more than aggr_us, in whatever order they are set.
            write('%s/monitoring_attrs/intervals/%s' % (kdamond.context, name), '%d' % data)
        elif name == 'pause':
            kdamond.set('contexts/0/pause', data)
        else:
            for file, value in (('metric', 'free_mem_rate'), ('interval_us', 3600000000),
                                ('high', 1), ('mid', 1), ('low', 1)):
                kdamond.set('contexts/0/schemes/0/watermarks/' + file, value)


@claim(ANY_TIME, ENODEV, NOTHING_LEFT)
def test_in_the_middle_of_each_command(checks):
    '''With programs that give the command all the time, or wait for it.'''
    kdamond = Kdamond()
    longest = 0
    kinds = list(KINDS)
    for number, command in enumerate(COMMANDS):
        for kind in rounds([kinds[0], kinds[1 + number % (len(kinds) - 1)]], kinds):
            for way in rounds(['uid -1'], ['uid -1', 'nr_users 0'] * 3):
                fresh(ALICE)
                with Actor(ALICE) as user, Actor(ALICE) as second, Actor(ALICE) as target:
                    user.do(stage_kind, kdamond, target.pid, KINDS[kind])
                    checks.error('on with %s' % kind, user.do(kdamond.on), 0)
                    for actor in (user, second):
                        actor.ask(command_for_ever, kdamond.dir + '/state', command)
                    # There is no event that says it is in the middle of it.
                    time.sleep(rounds(0.01, 0.05))
                    what = '%s while %s with %s' % (way, command, kind)
                    longest = max(longest, in_time(checks, what, WAYS[way]))
                    for actor in (user, second):
                        if not checks.that(actor.answers(BOUND_SEC),
                                           '%s: a writer does not come back' % what):
                            return
                        checks.error(what, actor.answer(), errno.ENODEV)
                checks.equal('%s: threads' % what, kdamond_threads(), set())
    print('# it took %.0f ms at most' % (1000 * longest))


class Insistent(Kdamond):
    '''One whose files are written to until no other program is faster.'''

    def set(self, path, data):
        result = errno.EBUSY
        while result == errno.EBUSY:
            result = write('%s/%s' % (self.dir, path), str(data))
        if result:
            raise OSError(result, path)


def make_for_ever(kdamond, pid):
    '''Makes the directories again as soon as they are gone.'''
    while True:
        try:
            kdamond.prepare(pid)
            while kdamond.on() in (0, errno.EBUSY):
                pass
        except OSError:
            pass        # was taken away meanwhile, or another program was faster


def turn_on_for_ever(kdamond):
    while True:
        kdamond.on()


def read_for_ever(top):
    while True:
        for path in files(top):
            try:
                with open(path, 'rb') as f:
                    f.read()
            except OSError:
                pass    # was taken away meanwhile


def fill_and_free(length):
    '''Holds the lock of its address space for as long as it can.'''
    while True:
        memory.map_anonymous(memory.START, length)
        LIBC.mlockall(4)        # MCL_ONFAULT
        LIBC.munmap(memory.START, length)


@claim(ANY_TIME)
def test_user_who_does_all_to_prevent_it(checks):
    '''Writers, readers, and targets that are hard to look at.'''
    fresh(ALICE)
    LIBC.munmap.argtypes = LIBC.madvise.argtypes[:2]
    kdamond = Kdamond()
    actors = [Actor(ALICE) for _ in range(6)]
    try:
        target = actors[-1]
        target.ask(fill_and_free, 1 << 26)
        actors[0].ask(make_for_ever, Insistent(), target.pid)
        for actor in actors[1:3]:
            actor.ask(turn_on_for_ever, kdamond)
        actors[3].ask(read_for_ever, kdamond.all)
        actors[4].ask(command_for_ever_again, kdamond.dir + '/state')
        names = list(WAYS)
        for number in attempts(40, 1000):
            in_time(checks, names[number % len(names)], WAYS[names[number % len(names)]])
            if not os.path.exists(directory()):
                must_write(NR_USERS, '1')
            must_write(directory() + '/uid', '%d' % ALICE)
            # Away again while there is little, and while a kdamond runs.
            if number % 4:
                time.sleep(0.02)
            else:
                checks.that(await_that(kdamond_threads), 'no kdamond has run, %d' % number)
        in_time(checks, 'the last time', nothing)
        checks.equal('threads', kdamond_threads(), set())
    finally:
        for actor in actors:
            actor.end()


def command_for_ever_again(path):
    while True:
        for command in COMMANDS:
            write(path, command)


@claim(ANY_TIME)
def test_stopped_programs(checks):
    '''They do not have to do anything for it.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        fds = user.do(open_all, kdamond.all)
        for pid in (user.pid, target.pid):
            os.kill(pid, 19)        # SIGSTOP
        in_time(checks, 'uid -1', WAYS['uid -1'])
        checks.equal('threads', kdamond_threads(), set())
        for pid in (user.pid, target.pid):
            os.kill(pid, 18)        # SIGCONT
        checks.equal('reads', user.do(use_all, fds)[1], {errno.ENODEV})


@claim(ANY_TIME, NOTHING_LEFT)
def test_killed_in_the_middle(checks):
    '''A program that dies in a command leaves the tree as one that root can use.'''
    kdamond = Kdamond()
    for number in attempts(10, 300):
        fresh(ALICE)
        with Actor(ALICE) as user, Actor(ALICE) as target:
            user.do(stage_kind, kdamond, target.pid, KINDS['long intervals'])
            checks.error('on %d' % number, user.do(kdamond.on), 0)
            user.ask(command_for_ever, kdamond.dir + '/state',
                     COMMANDS[number % len(COMMANDS)])
            time.sleep(0.005)
        in_time(checks, 'nr_users 0', nothing)
        checks.that(await_that(lambda: not kdamond_threads()), 'a thread is left')


@claim(NOTHING_LEFT)
def test_no_reference_to_a_process(checks):
    '''The memory of targets that have ended is free.'''
    fresh(ALICE)
    kdamond = Kdamond()
    size = 64 << 20
    with Actor(ALICE) as user:
        free = []
        for _ in attempts(8, 50):
            with Actor(ALICE) as target:
                target.do(memory.map_anonymous, memory.START, size)
                target.do(fill, size)
                user.do(kdamond.prepare, target.pid)
                checks.error('on', user.do(kdamond.on), 0)
            checks.error('off', user.do(kdamond.off), 0)
            free.append(free_memory())
        checks.that(free[1] - free[-1] < size, 'free memory: %s' % free)


def fill(size):
    LIBC.memset.argtypes = LIBC.mmap.argtypes[:1] + LIBC.mmap.argtypes[2:3] + \
        LIBC.mmap.argtypes[1:2]
    LIBC.memset(memory.START, 1, size)


def free_memory():
    with open('/proc/meminfo', encoding='ascii') as f:
        return 1024 * int(f.read().split('MemFree:')[1].split()[0])


@claim(NOTHING_LEFT)
def test_everything_gone(checks):
    '''As the last of all tests.'''
    nothing()
    checks.that(await_that(lambda: not kdamond_threads()), 'a thread is left')
    checks.equal('what is below users/', sorted(os.listdir(os.path.dirname(NR_USERS))),
                 ['nr_users'])
    fresh(ALICE)
    with Actor(ALICE) as user:
        user.do(Kdamond().prepare, user.pid)
        checks.error('on', user.do(Kdamond().on), 0)
    nothing()
    checks.equal('threads after one more', kdamond_threads(), set())
