# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about defects that implementations of the interface and
of the core had.
'''

from errno import ECANCELED, EBUSY, EINVAL
import os
import signal

from .kinds import ULONG_MAX
from .lib import (DEADLINE_SEC, Kdamond, Process, await_exit, build, deadline,
                  must_write, time, value, write)
from . import table

SELF = os.getpid()
MIB = 1 << 20
HOUR_US = 3600 * 1000 * 1000
INTERVALS = table.ATTRS + '/intervals'
TRIED_BYTES = table.TRIED + '/total_bytes'
NR_TRIED = table.SCHEME + '/stats/nr_tried'

# Those that wait for the kdamond.
COMMANDS = ('commit', 'commit_schemes_quota_goals', 'update_schemes_stats',
            'update_schemes_tried_bytes', 'update_schemes_tried_regions',
            'update_schemes_effective_quotas', 'update_tuned_intervals')


def stage(pids=(SELF,), ops='fvaddr'):
    '''A scheme that takes all regions, 64 MiB of each process with fvaddr.'''
    build(targets=len(pids), regions=0 if ops == 'vaddr' else 1)
    kdamond = Kdamond()
    must_write(kdamond.context + '/operations', ops)
    for t, pid in enumerate(pids):
        target = '%s/%d' % (kdamond.targets, t)
        must_write(target + '/pid_target', '%d' % pid)
        if ops != 'vaddr':
            must_write(target + '/regions/0/end', '%d' % (65 * MIB))
            must_write(target + '/regions/0/start', '%d' % MIB)
    make_scheme()
    return kdamond


def make_scheme():
    '''A new scheme that takes all regions.'''
    must_write(table.CONTEXT + '/schemes/nr_schemes', '1')
    for name in ('sz', 'nr_accesses', 'age'):
        must_write('%s/access_pattern/%s/max' % (table.SCHEME, name),
                   '%d' % ULONG_MAX)


class Writer:
    '''
    A process that writes a command, again if the lock of the tree is held at
    that moment.  Its exit status is the errno.
    '''

    def __init__(self, kdamond, command):
        self.pid = os.fork()
        if self.pid == 0:
            result = EBUSY
            while result == EBUSY:
                result = kdamond.command(command)
            os._exit(result)

    def ended(self):
        '''Wait until it has ended.  Return whether that happened.'''
        return await_exit(self.pid)

    def status(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def is_running(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG |
                         os.WNOWAIT) is None


def await_busy(checks, kdamond, writer):
    '''Wait until the command of a writer keeps the lock of the tree.'''
    until = deadline(DEADLINE_SEC)
    in_a_row = 0
    while in_a_row < 100:
        busy = write(kdamond.dir + '/state', 'x') == EBUSY
        in_a_row = in_a_row + 1 if busy else 0
        if not checks.that(writer.is_running() and time.monotonic() < until,
                           'the command does not wait'):
            return


def test_killed_writer(checks, command):
    '''A writer that is killed does not wait for the kdamond to wake up.'''
    kdamond = stage()
    short = {name: value('%s/%s' % (INTERVALS, name))
             for name in ('sample_us', 'aggr_us')}
    for name in ('aggr_us', 'sample_us'):
        must_write('%s/%s' % (INTERVALS, name), '%d' % HOUR_US)
    kdamond.start(checks)
    # What the first leaves behind would be met by the second.
    for _ in range(2):
        writer = Writer(kdamond, command)
        await_busy(checks, kdamond, writer)
        os.kill(writer.pid, signal.SIGKILL)
        if not checks.that(writer.ended(), 'the writer waits'):
            return
        checks.equal('exit status', writer.status(), -signal.SIGKILL)
        checks.error('the lock after that', kdamond.command('x'), EINVAL)
        checks.equal('state', kdamond.state(), 'on')
    kdamond.stop(checks)

    for name in ('sample_us', 'aggr_us'):
        must_write('%s/%s' % (INTERVALS, name), short[name])
    kdamond.start(checks)
    checks.error('%s of the next kdamond' % command, kdamond.tried(command), 0)
    kdamond.stop(checks)


def test_killed_walk(checks):
    '''A walk that follows one that was withdrawn half way is a whole one.'''
    kdamond = stage()
    must_write(table.CONTEXT + '/schemes/nr_schemes', '2')
    schemes = [table.SCHEME, table.SCHEME.replace('schemes/0', 'schemes/1')]
    # The second scheme has its turn long after the first one.
    for scheme, apply_us in zip(schemes, (5000, 2000000)):
        must_write(scheme + '/apply_interval_us', '%d' % apply_us)
        for name in ('sz', 'nr_accesses', 'age'):
            must_write('%s/access_pattern/%s/max' % (scheme, name),
                       '%d' % ULONG_MAX)
    kdamond.start(checks)
    writer = Writer(kdamond, 'update_schemes_tried_bytes')
    await_busy(checks, kdamond, writer)
    until = deadline(DEADLINE_SEC)
    while value(TRIED_BYTES) == '0':
        if not checks.that(time.monotonic() < until, 'nothing is tried'):
            break
    os.kill(writer.pid, signal.SIGKILL)
    checks.equal('exit status', writer.status(), -signal.SIGKILL)
    checks.error('the next walk',
                 kdamond.command('update_schemes_tried_bytes'), 0)
    for scheme in schemes:
        tried = int(value(scheme + '/tried_regions/total_bytes'))
        checks.that(tried >= 64 * MIB, '%s: %d bytes' % (scheme, tried))
    kdamond.stop(checks)


def test_inactive(checks):
    '''A walk ends if the watermarks let no scheme be active.'''
    with Process() as target:
        kdamond = stage([target.pid])
        watermarks = table.SCHEME + '/watermarks'
        must_write(watermarks + '/metric', 'free_mem_rate')
        checks.equal('interval_us', value(watermarks + '/interval_us'), '0')
        kdamond.start(checks)
        writer = Writer(kdamond, 'update_schemes_tried_bytes')
        ended = writer.ended()
        if not ended:
            # This ends the kdamond, and that the walk.
            target.end()
        status = writer.status()
    checks.that(ended, 'the walk does not end')
    checks.error('update_schemes_tried_bytes', status, ECANCELED)
    if ended:
        kdamond.explains(checks,
                         'the kdamond is paused, or has no active scheme')
    checks.error('off', kdamond.command('off'), 0)


def test_snapshots(checks):
    '''A snapshot has all targets, and counts once.'''
    with Process() as other:
        kdamond = stage([SELF, other.pid])
        must_write(table.SCHEME + '/stats/max_nr_snapshots', '1')
        kdamond.start(checks)
        until = deadline(DEADLINE_SEC)
        while value(table.SCHEME + '/stats/nr_snapshots') == '0':
            if not checks.that(time.monotonic() < until, 'no snapshot'):
                break
            checks.error('update_schemes_stats',
                         kdamond.command('update_schemes_stats'), 0)
        seen = tuple(int(value('%s/stats/%s' % (table.SCHEME, name)))
                     for name in ('nr_snapshots', 'sz_tried'))
        kdamond.stop(checks)
    checks.equal('snapshots and bytes', seen, (1, 128 * MIB))


def test_new_target(checks):
    '''A target that a commit adds is monitored from the next sample on.'''
    with Process() as other:
        kdamond = stage(ops='vaddr')
        must_write(INTERVALS + '/update_us', '%d' % HOUR_US)
        kdamond.start(checks)
        walk = 'update_schemes_tried_bytes'
        checks.error('walk', kdamond.tried(walk), 0)
        before = int(value(TRIED_BYTES))
        must_write(kdamond.targets + '/nr_targets', '2')
        for t, pid in enumerate((SELF, other.pid)):
            must_write('%s/%d/pid_target' % (kdamond.targets, t), '%d' % pid)
        checks.error('commit', kdamond.command('commit'), 0)
        checks.error('walk', kdamond.tried(walk), 0)
        after = int(value(TRIED_BYTES))
        kdamond.stop(checks)
    # The other one is a copy of this process.
    checks.that(after > before * 1.5,
                '%d bytes, %d before' % (after, before))


def test_weights(checks):
    '''Weights are refused with operations that cannot probe.'''
    kdamond = stage()
    kdamond.start(checks)
    must_write(table.ATTRS + '/probes/nr_probes', '1')
    must_write(table.ATTRS + '/probes/0/weight', '1')
    seen = [kdamond.command('commit')]
    kdamond.stop(checks)
    seen += [kdamond.command('on')]
    if seen == [0, 0]:
        kdamond.stop(checks)
    checks.equal('commit and on', seen, [EINVAL, EINVAL])
    must_write(table.ATTRS + '/probes/0/weight', '0')
    kdamond.start(checks)
    kdamond.stop(checks)


def await_refresh(kdamond):
    '''Return whether the statistics are refreshed without a command.'''
    until = deadline(DEADLINE_SEC)
    while value(NR_TRIED) == '0':
        if time.monotonic() > until:
            return False
    return True


def test_refresh_ms(checks, refresh_ms):
    '''A new refresh_ms is honoured from its write on.'''
    kdamond = stage()
    path = kdamond.dir + '/refresh_ms'
    for before, after in refresh_ms:
        make_scheme()
        must_write(path, before)
        kdamond.start(checks)
        # A walk has seen the scheme tried, and the kdamond the value.
        checks.error('walk', kdamond.tried('update_schemes_tried_bytes'), 0)
        checks.equal('before', value(NR_TRIED), '0')
        must_write(path, after)
        refreshed = await_refresh(kdamond)
        kdamond.stop(checks)
        checks.that(refreshed, 'no refresh after %s, %s' % (before, after))


def tests():
    return [('a killed writer of %s' % command, test_killed_writer, (command,))
            for command in COMMANDS] + [
            ('a killed walk', test_killed_walk, ()),
            ('a walk without an active scheme', test_inactive, ()),
            ('max_nr_snapshots of two targets', test_snapshots, ()),
            ('a target that a commit adds', test_new_target, ()),
            ('weights without probes', test_weights, ()),
            ('refresh_ms: shorter', test_refresh_ms, ([('3600000', '1')],)),
            ('refresh_ms: first', test_refresh_ms,
             ([('0', '3600000'), ('0', '4294967295')],))]
