# SPDX-License-Identifier: GPL-2.0

'''
Attacks that want to know something about processes of others from how they are refused.
'''

import os
import statistics
import time

from _sysfs_abi.lib import exists, read, value, write

from . import memory
from .actor import Actor, set_dumpable
from .claims import claim, rounds
from .tree import ALICE, BOB, Kdamond, directory, files, fresh, write_fd

# What the kernel has to be better than, in seconds and as a part of the whole.
DIFFERENCE_SEC, DIFFERENCE = 20e-6, 0.25


def large():
    '''An address space with much in it.'''
    for number in range(2000):
        memory.map_anonymous(memory.START + 2 * number * memory.PAGE, memory.PAGE)
    set_dumpable(1)


def free_pid():
    '''A number that no process has.'''
    with open('/proc/sys/kernel/pid_max', encoding='ascii') as f:
        return int(f.read()) - 1


def other_processes(bob, root, own):
    '''What may not be told from each other.'''
    return {'no process': free_pid(), 'of another user': bob.pid, 'of root': root.pid,
            'process 1': 1, 'a kernel thread': 2, 'not dumpable': own.pid}


@claim('No address, pid or path of a process of another user can be learnt.',
       'All refusals of a process give the same error and the same reason.')
def test_errors(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    seen = {}
    with Actor(ALICE) as user, Actor(BOB) as bob, Actor(0) as root, Actor(ALICE) as own, \
            Actor(ALICE) as target:
        own.do(set_dumpable, 0)
        for name, pid in other_processes(bob, root, own).items():
            user.do(kdamond.prepare, pid)
            on = user.do(kdamond.on), reason(user, kdamond, pid)
            user.do(kdamond.prepare, target.pid)
            checks.error('on', user.do(kdamond.on), 0)
            user.do(kdamond.set, 'contexts/0/targets/0/pid_target', pid)
            commit = user.do(kdamond.command, 'commit'), reason(user, kdamond, pid)
            seen[name] = on + commit
            checks.that(on[0] and commit[0], '%s is monitored: %s' % (name, seen[name]))
            checks.error('off', user.do(kdamond.off), 0)
    checks.that(len(set(seen.values())) == 1, 'they differ: %s' % seen)


def reason(user, kdamond, pid):
    '''What state_error says, with the number that was written there as PID.'''
    path = kdamond.dir + '/state_error'
    return user.do(read, path).replace(str(pid), 'PID') if exists(path) else ''


def times(fd, pids, pid_fd, count):
    '''How long each refusal takes, one after the other in turns.'''
    seconds = {name: [] for name in pids}
    for _ in range(count):
        for name, pid in pids.items():
            write_fd(pid_fd, '%d' % pid)
            start = time.perf_counter()
            write_fd(fd, 'on')
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def open_both(kdamond):
    return [os.open(path, os.O_WRONLY) for path in (
        kdamond.dir + '/state', kdamond.targets + '/0/pid_target')]


@claim('All refusals of a process take the same time.')
def test_times(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(BOB) as bob, Actor(0) as root, Actor(ALICE) as own, \
            Actor(BOB) as big:
        own.do(set_dumpable, 0)
        big.do(large)
        pids = other_processes(bob, root, own)
        pids['a large one of another user'] = big.pid
        user.do(kdamond.prepare, 1)
        state, pid_fd = user.do(open_both, kdamond)
        for attempt in range(3):
            medians = user.do(times, state, pids, pid_fd, rounds(300, 5000))
            print('# median of refusals in us, %s' % ', '.join(
                '%s: %.1f' % (name, 1e6 * value) for name, value in medians.items()))
            difference = max(medians.values()) - min(medians.values())
            if difference < max(DIFFERENCE_SEC, DIFFERENCE * min(medians.values())):
                break
            # What else the machine does can be the reason once, but not each time.
            print('# attempt %d: %.1f us apart' % (attempt, 1e6 * difference))
        else:
            checks.that(False, 'times differ each time, in us: %s' % {
                name: round(1e6 * value, 1) for name, value in medians.items()})


@claim('No address, pid or path of a process of another user can be learnt.')
def test_what_another_user_can_read(checks):
    '''Of a kdamond that runs: nothing.'''
    fresh(ALICE, BOB)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target, Actor(BOB) as bob:
        target.do(memory.anonymous_and_busy)
        user.do(kdamond.prepare_range, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        checks.that(isinstance(user.do(kdamond.snapshot), list), 'no snapshot')
        checks.equal('can be read', bob.do(readable, directory() + '/kdamonds'), [])
        for path in ('/sys/kernel/debug', '/sys/kernel/tracing'):
            checks.equal('%s can be read' % path, bob.do(readable, path, 100), [])


def readable(top, most=None):
    found = []
    for number, path in enumerate(files(top)):
        if number == most:
            break
        try:
            os.close(os.open(path, os.O_RDONLY))
            found.append(path)
        except OSError:
            pass        # is what is wanted
    return found


@claim('No address, pid or path of a process of another user can be learnt.')
def test_next_owner(checks):
    '''Does not find what the one before has left.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        user.do(kdamond.prepare_range, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        checks.that(isinstance(user.do(kdamond.snapshot), list), 'no snapshot')
        checks.error('another owner', write(directory() + '/uid', '%d' % BOB), 0)
        with Actor(BOB) as bob:
            checks.equal('nr_kdamonds', bob.do(value, kdamond.all + '/nr_kdamonds'), '0')
            bob.do(write, kdamond.all + '/nr_kdamonds', '1')
            checks.equal('nr_contexts', bob.do(value, kdamond.dir + '/contexts/nr_contexts'), '0')
            checks.equal('pid', bob.do(value, kdamond.dir + '/pid'), '-1')
