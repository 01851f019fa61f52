# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_rust.py about running kdamonds: the commands of the 'state'
file, what 'on' refuses, and kdamonds beside each other.
'''

from errno import EBUSY, EINVAL
import os

from _sysfs_rust_lib import (Kdamond, Process, Skip, build, must_write,
                             read, thread_name, value, write)
import _sysfs_rust_table as table

# An 'on' that only this process as its target makes valid.
SELF = os.getpid()
NO_PROCESS = (1 << 31) - 1


def test_state_never(checks):
    '''Commands to a kdamond that was never started.'''
    build(contexts=0)
    kdamond = Kdamond()
    kdamond.check_off(checks)
    checks.error('on without a context', kdamond.command('on'), EINVAL)
    checks.error('off', kdamond.command('off'), EINVAL)
    kdamond.stage(SELF)
    checks.error('off with a context', kdamond.command('off'), EINVAL)
    checks.error('an unknown command', kdamond.command('start'), EINVAL)
    kdamond.check_off(checks)


def test_state_run(checks):
    '''Commands to a running kdamond.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    pid = kdamond.start(checks)
    checks.error('on again', kdamond.command('on'), EBUSY)
    checks.error('on again with newline', kdamond.command('on\n'), EBUSY)
    for word, errno in table.STATE.refuses:
        checks.error('command %r' % word, kdamond.command(word), errno)
    checks.equal('state', kdamond.state(), 'on')
    checks.equal('pid', kdamond.pid(), pid)
    kdamond.stop(checks)


def test_state_ended(checks):
    '''Commands to a kdamond that was stopped.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    kdamond.start(checks)
    kdamond.stop(checks)
    checks.error('off again', kdamond.command('off'), 0)
    checks.error('an unknown command', kdamond.command('x'), EINVAL)
    kdamond.check_off(checks)

    for word in ('on\n', 'on'):
        checks.error('%r again' % word, kdamond.command(word), 0)
        checks.equal('state', kdamond.state(), 'on')
        checks.error('off\\n', kdamond.command('off\n'), 0)
        kdamond.check_off(checks)

    # A start that fails leaves nothing to turn off.
    must_write(kdamond.targets + '/0/pid_target', '0')
    checks.error('on with a bad target', kdamond.command('on'), EINVAL)
    kdamond.check_off(checks)
    checks.error('off after that', kdamond.command('off'), EINVAL)
    must_write(kdamond.targets + '/0/pid_target', '%d' % SELF)
    kdamond.start(checks)
    kdamond.stop(checks)


def test_state_no_context(checks):
    '''The context directory goes away while the kdamond runs.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    pid = kdamond.start(checks)
    checks.error('no context', write(kdamond.dir + '/contexts/nr_contexts',
                                     '0'), 0)
    checks.equal('state', kdamond.state(), 'on')
    checks.equal('pid', kdamond.pid(), pid)
    checks.error('on', kdamond.command('on'), EINVAL)
    checks.error('an unknown command', kdamond.command('x'), EINVAL)
    kdamond.stop(checks)


def test_nr_files_while_running(checks):
    '''nr_kdamonds is refused while any kdamond runs, the others are not.'''
    build(kdamonds=2)
    first, second = Kdamond(0), Kdamond(1)
    second.stage(SELF)
    must_write(first.context + '/addr_unit', '8')
    pid = second.start(checks)
    for data, errno in (('2', EBUSY), ('0', EBUSY), ('5\n', EBUSY),
                        ('-1', EINVAL), ('x', EINVAL)):
        checks.error('nr_kdamonds %r' % data,
                     write('kdamonds/nr_kdamonds', data), errno)
        checks.equal('nr_kdamonds', value('kdamonds/nr_kdamonds'), '2')
    checks.equal('untouched child', value(first.context + '/addr_unit'), '8')

    for path, number in ((second.targets + '/0/regions/nr_regions', '3'),
                         (second.targets + '/nr_targets', '4'),
                         (second.targets + '/nr_targets', '0'),
                         (second.dir + '/contexts/nr_contexts', '1'),
                         (second.dir + '/contexts/nr_contexts', '0')):
        checks.error('%s %s' % (path, number), write(path, number), 0)
        checks.equal('number shown', value(path), number)
        checks.equal('pid', second.pid(), pid)
    second.stop(checks)
    checks.error('nr_kdamonds after off', write('kdamonds/nr_kdamonds', '1'),
                 0)
    checks.equal('pid of a new child', Kdamond(0).pid(), -1)


# What 'on' validates: a name, what to write below the context directory
# (after one target, this process, and two regions were made), and the result.
PAGE = os.sysconf('SC_PAGE_SIZE')
ATTRS = 'monitoring_attrs/'
GOAL = ATTRS + 'intervals/intervals_goal/'
TARGET = 'targets/0/'


def two_regions(*numbers):
    names = ['0/start', '0/end', '1/start', '1/end']
    return ([(TARGET + 'regions/nr_regions', '2')] +
            [(TARGET + 'regions/' + name, '%d' % number)
             for name, number in zip(names, numbers)])


def goal(aggrs, low, sample, high):
    return [(GOAL + 'aggrs', '%d' % aggrs),
            (GOAL + 'min_sample_us', '%d' % low),
            (ATTRS + 'intervals/sample_us', '%d' % sample),
            (GOAL + 'max_sample_us', '%d' % high)]


def nr_regions(low, high):
    return [(ATTRS + 'nr_regions/min', '%d' % low),
            (ATTRS + 'nr_regions/max', '%d' % high)]


def intervals(sample, aggr):
    return [(ATTRS + 'intervals/sample_us', '%d' % sample),
            (ATTRS + 'intervals/aggr_us', '%d' % aggr)]


PADDR = [('operations', 'paddr')]
TWO_TARGETS = [('targets/nr_targets', '2'), (TARGET + 'pid_target', SELF)]

VALIDATION = [
        ('unchanged', [], 0),
        ('fvaddr', [('operations', 'fvaddr')], 0),
        ('paddr', PADDR, 0),
        ('paddr without a target', PADDR + [('targets/nr_targets', '0')], 0),
        ('paddr does not look at pid_target',
         PADDR + [(TARGET + 'pid_target', '-1')], 0),

        ('goal: min_sample_us > max_sample_us', goal(1, 6000, 5500, 5000),
         EINVAL),
        ('goal: sample_us < min_sample_us', goal(1, 5001, 5000, 9000), EINVAL),
        ('goal: sample_us > max_sample_us', goal(1, 1, 5000, 4999), EINVAL),
        ('goal: min_sample_us = sample_us = max_sample_us',
         goal(1, 5000, 5000, 5000), 0),
        ('goal: not looked at with aggrs 0', goal(0, 9000, 5000, 1), 0),

        ('nr_regions/min 2', nr_regions(2, 1000), EINVAL),
        ('nr_regions/min 0', nr_regions(0, 1000), EINVAL),
        ('nr_regions/min > max', nr_regions(11, 10), EINVAL),
        ('nr_regions/max 0', nr_regions(10, 0), EINVAL),
        ('nr_regions/min 3 = max', nr_regions(3, 3), 0),
        ('sample_us > aggr_us', intervals(100001, 100000), EINVAL),
        ('aggr_us 0', intervals(5000, 0), EINVAL),
        ('sample_us = aggr_us', intervals(50000, 50000), 0),

        ('two targets of paddr', PADDR + TWO_TARGETS, EINVAL),
        ('two targets of vaddr',
         TWO_TARGETS + [('targets/1/pid_target', SELF)], 0),
        ('pid_target 0', [(TARGET + 'pid_target', '0')], EINVAL),
        ('pid_target -1', [(TARGET + 'pid_target', '-1')], EINVAL),
        ('no such process', [(TARGET + 'pid_target', NO_PROCESS)], EINVAL),
        ('no such second process',
         TWO_TARGETS + [('targets/1/pid_target', NO_PROCESS)], EINVAL),
        ('obsolete_target', [(TARGET + 'obsolete_target', 'Y')], EINVAL),

        ('two regions', two_regions(PAGE, 2 * PAGE, 2 * PAGE, 3 * PAGE), 0),
        ('regions that overlap',
         two_regions(PAGE, 3 * PAGE, 2 * PAGE, 4 * PAGE), EINVAL),
        ('regions in falling order',
         two_regions(3 * PAGE, 4 * PAGE, PAGE, 2 * PAGE), EINVAL),
        ('an empty region', two_regions(PAGE, PAGE, 2 * PAGE, 3 * PAGE),
         EINVAL),
        ('a region that ends before it starts',
         two_regions(2 * PAGE, PAGE, 3 * PAGE, 4 * PAGE), EINVAL),
        ('regions that share a page',
         two_regions(PAGE, 2 * PAGE + 1, 2 * PAGE + 2, 3 * PAGE), EINVAL),
        ('less than a page each',
         two_regions(PAGE + 1, PAGE + 2, 2 * PAGE + 1, 2 * PAGE + 2), 0),
        ('a region up to the last byte',
         two_regions(PAGE, 2 * PAGE, 3 * PAGE, table.ULONG_MAX), EINVAL),
        ('regions never set', two_regions(), EINVAL),

        ('paddr, page size / addr_unit not a power of two',
         PADDR + [('addr_unit', '3')], EINVAL),
        ('paddr, addr_unit above the page size',
         PADDR + [('addr_unit', PAGE + 1)], 0),
        ('paddr, addr_unit 2', PADDR + [('addr_unit', '2')], 0),
        ('vaddr does not look at addr_unit', [('addr_unit', '3')], 0),
        ]


def test_validation(checks, writes, errno):
    build(regions=0)
    kdamond = Kdamond()
    kdamond.stage(SELF)
    for path, data in writes:
        must_write('%s/%s' % (kdamond.context, path), '%s' % data)
    ops = value(kdamond.context + '/operations')
    if ops + '\n' not in read(kdamond.context + '/avail_operations'):
        # operations is written, but not checked until now
        errno = EINVAL
    if errno == 0:
        kdamond.start(checks)
        kdamond.stop(checks)
    else:
        checks.error('on', kdamond.command('on'), errno)
        kdamond.check_off(checks)
        checks.error('off', kdamond.command('off'), EINVAL)


def test_not_registered(checks):
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    avail = read(kdamond.context + '/avail_operations').split()
    missing = [op for op in table.OPERATIONS if op not in avail]
    if not missing:
        raise Skip('all operations are registered')
    for op in missing:
        checks.error('write %s' % op, write(kdamond.context + '/operations',
                                            op), 0)
        checks.error('on with %s' % op, kdamond.command('on'), EINVAL)


def test_no_target(checks):
    '''vaddr without a target is started, and ends at once.'''
    build(targets=0)
    kdamond = Kdamond()
    checks.error('on', kdamond.command('on'), 0)
    kdamond.await_end(checks)
    checks.error('off', kdamond.command('off'), 0)


def test_beside_each_other(checks):
    '''Each kdamond starts and stops alone.'''
    build(kdamonds=3)
    kdamonds = [Kdamond(k) for k in range(3)]
    for kdamond in kdamonds:
        kdamond.stage(SELF)
    pids = [kdamond.start(checks) for kdamond in kdamonds[:2]]
    checks.that(pids[0] != pids[1], 'both have pid %d' % pids[0])
    kdamonds[2].check_off(checks)

    kdamonds[0].stop(checks)
    checks.equal('state of the other', kdamonds[1].state(), 'on')
    checks.equal('pid of the other', kdamonds[1].pid(), pids[1])
    checks.that(thread_name(pids[1]), 'the thread of the other is gone')
    checks.error('off of one never started', kdamonds[2].command('off'),
                 EINVAL)

    # The one that stopped starts again beside the one that runs.
    again = kdamonds[0].start(checks)
    last = kdamonds[2].start(checks)
    checks.equal('different pids', len({again, last, pids[1]}), 3)
    checks.equal('pid of the other', kdamonds[1].pid(), pids[1])
    for kdamond in (kdamonds[1], kdamonds[0], kdamonds[2]):
        kdamond.stop(checks)


def test_target_exits(checks):
    '''A kdamond ends with its target, and can be started again.'''
    build(kdamonds=2)
    kdamond, other = Kdamond(0), Kdamond(1)
    other.stage(SELF)
    other_pid = other.start(checks)
    for _ in range(2):
        with Process() as target:
            kdamond.stage(target.pid)
            kdamond.start(checks)
            target.end()
            kdamond.await_end(checks)
        checks.error('on for a process that is gone', kdamond.command('on'),
                     EINVAL)
    with Process() as target:
        kdamond.stage(target.pid)
        kdamond.start(checks)
        target.end()
        kdamond.await_end(checks)
        checks.error('off after the end', kdamond.command('off'), 0)
        checks.error('off again', kdamond.command('off'), 0)
    checks.equal('state of the other', other.state(), 'on')
    checks.equal('pid of the other', other.pid(), other_pid)
    other.stop(checks)
    checks.error('nr_kdamonds', write('kdamonds/nr_kdamonds', '0'), 0)


def test_one_target_of_two_exits(checks):
    build()
    kdamond = Kdamond()
    with Process() as first, Process() as second:
        kdamond.stage(first.pid)
        must_write(kdamond.targets + '/nr_targets', '2')
        must_write(kdamond.targets + '/0/pid_target', '%d' % first.pid)
        must_write(kdamond.targets + '/1/pid_target', '%d' % second.pid)
        pid = kdamond.start(checks)
        first.end()
        checks.equal('pid with one target left', kdamond.pid(), pid)
        second.end()
        kdamond.await_end(checks)


def tests():
    run = [('state: never started', test_state_never, ()),
           ('state: running', test_state_run, ()),
           ('state: ended', test_state_ended, ()),
           ('state: without its context', test_state_no_context, ()),
           ('nr files while a kdamond runs', test_nr_files_while_running, ())]
    run += [('on: %s' % name, test_validation, (writes, errno))
            for name, writes, errno in VALIDATION]
    run += [('on: operations not registered', test_not_registered, ()),
            ('on: no target', test_no_target, ()),
            ('kdamonds beside each other', test_beside_each_other, ()),
            ('a target that exits', test_target_exits, ()),
            ('one target of two exits', test_one_target_of_two_exits, ())]
    return run
