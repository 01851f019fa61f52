# SPDX-License-Identifier: GPL-2.0

'''
Attacks that want to cost others something: memory, CPU time, locks, and DAMON itself.
'''

from errno import EBUSY, EINVAL
import os
import time

from _sysfs_abi import lib
from _sysfs_abi.lib import Skip, must_write, read, value, write
from kdamond_threads import kdamond_threads

from . import memory
from .actor import Actor
from .claims import attempts, claim, rounds
from .tree import (ALICE, BOB, Kdamond, await_that, ends, fresh, nothing, thread_of)

CGROUPS = '/sys/fs/cgroup'
CGROUP = CGROUPS + '/hostile-user'
CHARGED = "Memory is charged to the memory cgroup of the user's programs."
# How many programs were ended for what they wanted, each of which is in the log.
OOM_KILLS = []
MODULES = '/sys/module/%s/parameters/'


def into_cgroup():
    '''As root, before it is a program of a user.'''
    must_write(CGROUP + '/cgroup.procs', '%d' % os.getpid())


def make_cgroup(most=None):
    if 'memory' not in (read(CGROUPS + '/cgroup.controllers') or '').split():
        raise Skip('no memory cgroups on this kernel')
    must_write(CGROUPS + '/cgroup.subtree_control', '+memory')
    if not os.path.isdir(CGROUP):
        os.mkdir(CGROUP)
    must_write(CGROUP + '/memory.max', most or 'max')


def kernel_memory(cgroup=CGROUP):
    '''What the kernel has for it, in bytes.'''
    for line in read(cgroup + '/memory.stat').splitlines():
        name, number = line.split()
        if name == 'kernel':
            return int(number)
    raise Skip('memory.stat does not tell what the kernel has')


def remove_cgroup():
    if os.path.isdir(CGROUP):
        for line in read(CGROUP + '/memory.events').splitlines():
            if line.startswith('oom_kill '):
                OOM_KILLS.append(int(line.split()[1]))
        await_that(lambda: 'populated 0' in read(CGROUP + '/cgroup.events'))
        os.rmdir(CGROUP)


@claim(CHARGED)
def test_directories_are_charged(checks):
    '''And given back when they go.'''
    make_cgroup()
    try:
        fresh(ALICE, max_targets=2000, max_regions=20000)
        kdamond = Kdamond()
        with Actor(ALICE, into_cgroup) as user:
            user.do(kdamond.prepare, user.pid)
            before = kernel_memory()
            user.do(write, kdamond.targets + '/nr_targets', '1000')
            # A target and its regions/, and what sysfs has of these and of each file: a node,
            # and who owns it. What is charged is summed up from time to time.
            nodes = sum(1 + len(files) for _, _, files in os.walk(kdamond.targets + '/0'))
            enough = 1000 * (256 + nodes * 192)
            checks.that(await_that(lambda: kernel_memory() - before > enough),
                        '1000 targets: %d bytes are charged' % (kernel_memory() - before))
            made = kernel_memory() - before
            user.do(write, kdamond.targets + '/nr_targets', '0')
            checks.that(await_that(lambda: kernel_memory() - before < made // 4),
                        '%d of %d bytes are left' % (kernel_memory() - before, made))
            # And by the number itself, if there is no room.
            used = int(value(CGROUP + '/memory.current'))
            must_write(CGROUP + '/memory.max', '%d' % (used + (256 << 10)))
            try:
                result = user.do(write, kdamond.targets + '/nr_targets', '2000')
                checks.that(result != 0, '2000 targets in 256 KiB')
            except (EOFError, ConnectionError):
                pass        # the program was ended, which is what becomes of those
        nothing()
    finally:
        remove_cgroup()


@claim(CHARGED)
def test_regions_are_charged(checks):
    '''Those that the kdamond makes, too.'''
    make_cgroup()
    most = 20000
    try:
        fresh(ALICE, max_regions=most)
        kdamond = Kdamond()
        with Actor(ALICE, into_cgroup) as user, Actor(ALICE) as target:
            target.do(memory.map_anonymous, memory.START, 4 * most * memory.PAGE)
            user.do(kdamond.prepare_range, target.pid, length=4 * most * memory.PAGE)
            attrs = 'contexts/0/monitoring_attrs/nr_regions/'
            user.do(kdamond.set, attrs + 'max', most)
            user.do(kdamond.set, attrs + 'min', most // 2)
            user.do(kdamond.set, 'contexts/0/schemes/nr_schemes', 0)
            before = kernel_memory()
            checks.error('on', user.do(kdamond.on), 0)
            # A region of struct damon_region has 64 bytes and more.
            enough = most // 2 * 64
            checks.that(await_that(lambda: kernel_memory() - before > enough),
                        '%d bytes are charged for %d regions' % (
                            kernel_memory() - before, most // 2))
            checks.error('off', user.do(kdamond.off), 0)
        nothing()
    finally:
        remove_cgroup()


@claim('A kdamond is in the cgroups of the program that turned it on, if the kernel lets it.')
def test_cgroup_of_the_kdamond(checks):
    make_cgroup()
    try:
        fresh(ALICE)
        kdamond = Kdamond()
        with Actor(ALICE, into_cgroup) as user:
            user.do(kdamond.prepare, user.pid)
            checks.error('on', user.do(kdamond.on), 0)
            its = read('/proc/%d/cgroup' % thread_of())
            mine = read('/proc/%d/cgroup' % user.pid)
            # Whether the kernel lets a thread of its own be moved at all.
            try:
                with open(CGROUP + '/cgroup.procs', 'w', encoding='ascii') as f:
                    f.write('%d' % thread_of())
                possible = True
            except OSError:
                possible = False
            user.do(kdamond.off)
        nothing()
        if its != mine and not possible:
            raise Skip('the kernel does not let its thread be moved')
        checks.equal('cgroup of the kdamond', its, mine)
    finally:
        remove_cgroup()


@claim('A kdamond never has a better nice value than the program that turned it on.')
def test_nice_value(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    for nice in (0, 1, 10, 19):
        with Actor(ALICE) as user:
            user.do(os.nice, nice)
            user.do(kdamond.prepare, user.pid)
            checks.error('on', user.do(kdamond.on), 0)
            thread = thread_of()
            its = os.getpriority(os.PRIO_PROCESS, thread)
            checks.that(its >= nice, 'nice %d, and the kdamond has %d' % (nice, its))
            checks.equal('policy', os.sched_getscheduler(thread), os.SCHED_OTHER)
            checks.error('off', user.do(kdamond.off), 0)


@claim('A kdamond never has a better nice value than the program that turned it on.')
def test_nice_value_below_zero(checks):
    '''Root has given the program a better one: the kdamond has no better one still.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user:
        os.setpriority(os.PRIO_PROCESS, user.pid, -10)
        user.do(kdamond.prepare, user.pid)
        checks.error('on', user.do(kdamond.on), 0)
        its = os.getpriority(os.PRIO_PROCESS, thread_of())
        checks.that(its >= -10, 'the kdamond has %d' % its)


def write_for_ever(paths, data):
    while True:
        for path in paths:
            write(path, data)


def hammer(user):
    '''Paths whose writes take the lock of a tree, for as long as they can.'''
    kdamond = Kdamond(user)
    return [kdamond.targets + '/nr_targets', kdamond.context + '/schemes/nr_schemes',
            kdamond.dir + '/state', kdamond.dir + '/contexts/nr_contexts']


def writes_that_are_busy(kdamond, count, data='1'):
    '''Returns the errors, of a program that is alone in its tree.'''
    seen = set()
    for _ in range(count):
        for path in (kdamond.all + '/nr_kdamonds', kdamond.dir + '/contexts/nr_contexts',
                     kdamond.targets + '/nr_targets'):
            seen.add(write(path, data))
    return seen - {0}


@claim("Each tree has a lock of its own, so that nobody makes the write of another one fail with "
       'EBUSY.')
def test_writers_all_the_time(checks):
    '''Another user and root do not notice.'''
    fresh(ALICE, BOB)
    admin = lib.Kdamond()
    admin.all = 'kdamonds'
    writers = [Actor(ALICE) for _ in range(3)]
    try:
        with Actor(BOB) as bob, Actor(0) as root:
            writers[0].do(Kdamond().prepare, writers[0].pid)
            for writer in writers:
                writer.ask(write_for_ever, hammer(0), '2')
            bob.ask(writes_that_are_busy, Kdamond(1), rounds(300, 1000))
            root.ask(writes_that_are_busy, admin, rounds(300, 1000))
            checks.equal('errors of another user', bob.answer(), set())
            checks.equal('errors of root', root.answer(), set())
            for writer in writers:
                checks.that(not writer.answers(0), 'a writer has ended')
    finally:
        for writer in writers:
            writer.end()
    lib.reset()


@claim('Users of DAMON that are not exclusive do not see the kdamonds of users.')
def test_admin_beside(checks):
    '''Everything that root does with admin/ works, whatever users do.'''
    fresh(ALICE)
    kdamond, admin = Kdamond(), lib.Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare_range, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        for _ in attempts(3, 50):
            lib.build()
            # Root may look at Alice's processes, and at those of others.
            for pid in (target.pid, user.pid, os.getpid()):
                admin.stage(pid)
                lib.must_write(admin.context + '/schemes/nr_schemes', '1')
                admin.start(checks)
                for command in ('commit', 'update_schemes_stats', 'update_tuned_intervals',
                                'update_schemes_effective_quotas'):
                    checks.error(command, admin.command(command), 0)
                checks.error('tried', admin.tried('update_schemes_tried_regions'), 0)
                checks.error('Alice commits', user.do(kdamond.command, 'commit'), 0)
                admin.stop(checks)
        lib.reset()
        checks.equal('state', kdamond.state(), 'on')
        # And the other way round.
        lib.build()
        admin.stage(os.getpid())
        admin.start(checks)
        checks.error('off', user.do(kdamond.off), 0)
        checks.error('on beside root', user.do(kdamond.on), 0)
        admin.stop(checks)
        lib.reset()


def set_module(name, file, data):
    try:
        with open(MODULES % name + file, 'w', encoding='ascii') as f:
            f.write(data)
        return 0
    except OSError as e:
        return e.errno


def start_module(name):
    '''Returns 0 or the errno, or raises Skip.'''
    if not os.path.isdir(MODULES % name):
        raise Skip('no %s on this kernel' % name)
    # With a region of its own it does not have to find System RAM.
    if os.path.exists(MODULES % name + 'monitor_region_start'):
        set_module(name, 'monitor_region_start', '4096')
        set_module(name, 'monitor_region_end', '8388608')
    return set_module(name, 'enabled', 'Y')


def runs_alone(checks, name):
    fresh(ALICE, BOB)
    kdamonds = [Kdamond(0), Kdamond(1)]
    with Actor(ALICE) as alice, Actor(BOB) as bob:
        for user, kdamond in zip((alice, bob), kdamonds):
            user.do(kdamond.prepare, user.pid)
            checks.error('on', user.do(kdamond.on), 0)
        result = start_module(name)
        if result:
            nothing()
            alone = start_module(name)
            set_module(name, 'enabled', 'N')
            if alone:
                raise Skip('%s does not start on this kernel' % name)
        checks.error('%s starts beside kdamonds of users' % name, result, 0)
        for kdamond in kdamonds:
            checks.that(ends(kdamond), 'a kdamond of a user goes on')
        for user, kdamond in zip((alice, bob), kdamonds):
            checks.error('on beside %s' % name, user.do(kdamond.on), EBUSY)
        checks.error('%s stops' % name, set_module(name, 'enabled', 'N'), 0)
        for user, kdamond in zip((alice, bob), kdamonds):
            checks.that(await_that(lambda u=user, k=kdamond: u.do(k.on) == 0),
                        'on after %s' % name)
            checks.error('off', user.do(kdamond.off), 0)


def modules(*names):
    '''A test for each of the modules.'''
    for name in names:
        def test(checks, name=name):
            try:
                runs_alone(checks, name)
            finally:
                set_module(name, 'enabled', 'N')
        test.__name__ = 'test_%s_runs_alone' % name
        claim('Exclusive users of DAMON come first: when one starts, the kdamonds of users stop.',
              "While an exclusive user runs, a user's on fails with EBUSY.")(test)


modules('damon_reclaim', 'damon_lru_sort', 'damon_stat')


def on_and_off(kdamond, seconds):
    '''Returns the errors other than EBUSY, and how often it ran.'''
    end, seen, count = time.monotonic() + seconds, set(), 0
    while time.monotonic() < end:
        result = kdamond.on()
        count += result == 0
        seen |= {result, kdamond.off()}
    return seen, count


@claim('Exclusive users of DAMON come first: when one starts, the kdamonds of users stop.')
def test_exclusive_user_among_starts(checks):
    '''Users who turn theirs on all the time do not keep it from starting.'''
    fresh(ALICE, BOB)
    name = 'damon_reclaim'
    with Actor(ALICE) as alice, Actor(BOB) as bob:
        for user, kdamond in ((alice, Kdamond(0)), (bob, Kdamond(1))):
            user.do(kdamond.prepare, user.pid)
        if start_module(name):
            raise Skip('%s does not start on this kernel' % name)
        checks.error('stops', set_module(name, 'enabled', 'N'), 0)
        seconds = rounds(3, 60)
        alice.ask(on_and_off, Kdamond(0), seconds)
        bob.ask(on_and_off, Kdamond(1), seconds)
        count = 0
        while not (alice.answers(0) and bob.answers(0)):
            checks.error('start %d' % count, set_module(name, 'enabled', 'Y'), 0)
            checks.error('stop %d' % count, set_module(name, 'enabled', 'N'), 0)
            count += 1
        runs = 0
        for user in (alice, bob):
            seen, ran = user.answer()
            print('# %d starts of %s, %d of a kdamond' % (count, name, ran))
            checks.that(seen <= {0, EBUSY, EINVAL}, 'errors %s' % seen)
            runs += ran
        checks.that(count > 0 and runs > 0, 'only one of them ran')
    nothing()
    checks.that(await_that(lambda: not kdamond_threads()), 'a thread is left')
