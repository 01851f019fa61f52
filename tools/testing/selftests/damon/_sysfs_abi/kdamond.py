# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about the life of kdamonds: on and off, their targets,
and kdamonds beside each other.
'''

from errno import EBUSY, EINVAL
import os

from .lib import Kdamond, Process, build, must_write, thread_name, value, write

SELF = os.getpid()


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
    return [('state: off and on again', test_state_ended, ()),
            ('nr files while a kdamond runs', test_nr_files_while_running, ()),
            ('Q12: on succeeds, and without a target that was all',
             test_no_target, ()),
            ('kdamonds beside each other', test_beside_each_other, ()),
            ('a target that exits', test_target_exits, ()),
            ('one target of two exits', test_one_target_of_two_exits, ())]
