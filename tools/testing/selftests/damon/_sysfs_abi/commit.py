# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about what the commands 'commit' and
'update_tuned_intervals' do to a running kdamond.
'''

from errno import EINVAL
import os

from .lib import (Kdamond, Process, Skip, build, in_pid_namespace, must_write,
                  value)
from . import table

SELF = os.getpid()


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
    if not table.has_second_names():
        raise Skip('documented difference: the implementation in C looks '
                   'up the pid in the initial name space')
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
    return [('commit: values', test_commit, ()),
            ('commit: targets', test_targets, ()),
            ('Q17: commit: pid_target in another name space',
             test_pid_namespace, ())]
