# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_rust.py about the commands of the 'state' file that work on a
running kdamond: 'commit' and 'update_tuned_intervals'.
'''

from errno import ECANCELED, EINVAL
import os

from _sysfs_rust_lib import (Kdamond, Process, Skip, build, exists,
                             in_pid_namespace, must_write, value)
import _sysfs_rust_table as table

SELF = os.getpid()
COMMANDS = ('commit', 'update_tuned_intervals')


def set_intervals(kdamond, sample_us, aggr_us):
    intervals = kdamond.context + '/monitoring_attrs/intervals'
    must_write(intervals + '/sample_us', '%d' % sample_us)
    must_write(intervals + '/aggr_us', '%d' % aggr_us)


def intervals_in_use(checks, kdamond):
    '''The intervals of the running kdamond, which overwrite the files.'''
    intervals = kdamond.context + '/monitoring_attrs/intervals'
    checks.error('update_tuned_intervals',
                 kdamond.command('update_tuned_intervals'), 0)
    return (int(value(intervals + '/sample_us')),
            int(value(intervals + '/aggr_us')))


def test_errors(checks):
    '''What they say when there is nothing to work on.'''
    build(contexts=0)
    kdamond = Kdamond()
    for command in COMMANDS:
        checks.error('%s without a context' % command,
                     kdamond.command(command), EINVAL)
    kdamond.stage(SELF)
    for command in COMMANDS:
        checks.error('%s, never started' % command, kdamond.command(command),
                     EINVAL)
    kdamond.start(checks)
    for command in COMMANDS:
        checks.error('%s, running' % command, kdamond.command(command), 0)
        checks.error('%s\\n, running' % command,
                     kdamond.command(command + '\n'), 0)
    kdamond.stop(checks)
    for command in COMMANDS:
        checks.error('%s, stopped' % command, kdamond.command(command),
                     ECANCELED)
    kdamond.start(checks)
    must_write(kdamond.dir + '/contexts/nr_contexts', '0')
    for command in COMMANDS:
        checks.error('%s after the context went away' % command,
                     kdamond.command(command), EINVAL)
    kdamond.stop(checks)


def test_ended(checks):
    '''A kdamond that has ended with its target cannot be changed.'''
    build()
    kdamond = Kdamond()
    with Process() as target:
        kdamond.stage(target.pid)
        kdamond.start(checks)
        target.end()
        kdamond.await_end(checks)
    # Even if what is staged would be refused.
    for command in COMMANDS:
        checks.error(command, kdamond.command(command), ECANCELED)


def test_commit(checks):
    '''Staged values are used once they are committed, all or none.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    pid = kdamond.start(checks)
    checks.equal('at first', intervals_in_use(checks, kdamond), (5000, 100000))

    set_intervals(kdamond, 2000, 50000)
    checks.equal('staged', intervals_in_use(checks, kdamond), (5000, 100000))

    set_intervals(kdamond, 2000, 50000)
    checks.error('commit', kdamond.command('commit'), 0)
    checks.equal('committed', intervals_in_use(checks, kdamond), (2000, 50000))

    # A valid and an invalid change in one commit: neither is made.
    regions = kdamond.context + '/monitoring_attrs/nr_regions'
    set_intervals(kdamond, 3000, 60000)
    must_write(regions + '/min', '2')
    checks.error('invalid commit', kdamond.command('commit'), EINVAL)
    checks.equal('state', kdamond.state(), 'on')
    checks.equal('after it', intervals_in_use(checks, kdamond), (2000, 50000))

    must_write(regions + '/min', '3')
    set_intervals(kdamond, 3000, 60000)
    checks.error('commit', kdamond.command('commit'), 0)
    checks.equal('committed', intervals_in_use(checks, kdamond), (3000, 60000))
    checks.equal('pid', kdamond.pid(), pid)
    kdamond.stop(checks)


def test_targets(checks):
    '''A commit adds targets, and removes those that are obsolete.'''
    build()
    kdamond = Kdamond()
    with Process() as first, Process() as second:
        kdamond.stage(first.pid)
        pid = kdamond.start(checks)
        must_write(kdamond.targets + '/nr_targets', '2')
        must_write(kdamond.targets + '/0/pid_target', '%d' % first.pid)
        must_write(kdamond.targets + '/1/pid_target', '%d' % second.pid)
        checks.error('one more', kdamond.command('commit'), 0)
        # The second target keeps the kdamond alive now.
        first.end()
        must_write(kdamond.targets + '/nr_targets', '1')
        must_write(kdamond.targets + '/0/pid_target', '%d' % first.pid)
        checks.error('one that is gone', kdamond.command('commit'), EINVAL)
        checks.equal('pid', kdamond.pid(), pid)
        second.end()
        kdamond.await_end(checks)

    with Process() as first, Process() as second:
        kdamond.stage(first.pid)
        must_write(kdamond.targets + '/nr_targets', '2')
        must_write(kdamond.targets + '/0/pid_target', '%d' % first.pid)
        must_write(kdamond.targets + '/1/pid_target', '%d' % second.pid)
        kdamond.start(checks)
        must_write(kdamond.targets + '/1/obsolete_target', 'Y')
        checks.error('an obsolete one', kdamond.command('commit'), 0)
        # Without the second target, the end of the first is the end of all.
        first.end()
        kdamond.await_end(checks)


def test_pid_namespace(checks):
    '''pid_target is a number in the name space of who writes 'commit'.'''
    if not exists(table.RFC_NAMES[0][0]):
        raise Skip('the implementation in C uses the initial name space')
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    kdamond.start(checks)

    def inside():
        # Outside the number is this program's, in here it is nobody's.
        here = [kdamond.command('commit')]
        must_write(kdamond.targets + '/0/pid_target', '1')
        return here + [kdamond.command('commit')] == [EINVAL, 0]

    checks.that(in_pid_namespace(inside), 'wrong errors in the name space')
    # The target was process 1 of the name space, which has ended.
    kdamond.await_end(checks)


def tests():
    return [('commit: errors', test_errors, ()),
            ('commit: ended', test_ended, ()),
            ('commit: values', test_commit, ()),
            ('commit: targets', test_targets, ()),
            ('commit: pid_target in another name space',
             test_pid_namespace, ())]
