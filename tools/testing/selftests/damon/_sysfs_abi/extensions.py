# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about files that only CONFIG_DAMON_SYSFS_EXTENSIONS adds:
why commands are refused, how many regions there are, and what kdamonds cost.
'''

from errno import EBUSY, EINVAL, ENOMEM
import os

from .lib import (DEADLINE_SEC, UNEXPLAINED, Kdamond, Process, Skip, build,
                  deadline, exists, must_write, read, reset, time, value,
                  write)
from . import table

SELF = os.getpid()
MIB = 1 << 20
ERROR = table.KDAMOND + '/state_error'
CPU_TIME = table.KDAMOND + '/cpu_time_us'
TOTAL = table.CONTEXT + '/current_nr_regions'
NR = table.TARGET + '/regions/current_nr'

C = 'contexts/0/'
GOALS = C + 'schemes/0/quotas/goals/'
NO_CGROUP = '/no/such/cgroup'

# A command, files and what is written to them before, the error and the line.
REFUSALS = [
        ('x', [], EINVAL, 'there is no such command'),
        ('off', [], EINVAL, 'the kdamond was never turned on'),
        ('commit', [], EINVAL, 'the kdamond was never turned on'),
        ('on', [('contexts/nr_contexts', 0)], EINVAL,
         'contexts/nr_contexts: there is no context'),
        ('on', [(C + 'targets/0/pid_target', -1)], EINVAL,
         C + 'targets/0/pid_target: there is no process -1'),
        ('on', [(C + 'targets/0/obsolete_target', 'Y')], EINVAL,
         C + 'targets/0/obsolete_target: the kdamond has no such target'),
        ('on', [(C + 'operations', 'paddr'), (C + 'targets/nr_targets', 2)],
         EINVAL,
         C + 'targets/nr_targets: these operations have one target at most'),
        ('on', [(C + 'operations', 'paddr'), (C + 'addr_unit', 3)], EINVAL,
         C + 'addr_unit: a page divided by it is not a power of two'),
        ('on', [(C + 'monitoring_attrs/nr_regions/max', 5)], EINVAL,
         C + 'monitoring_attrs/nr_regions: max 5 is below min 10'),
        ('on', [(C + 'monitoring_attrs/nr_regions/min', 2)], EINVAL,
         C + 'monitoring_attrs/nr_regions/min: the number 2 is below the '
         'least possible 3'),
        ('on', [(C + 'monitoring_attrs/intervals/aggr_us', 4999)], EINVAL,
         C + 'monitoring_attrs/intervals: aggr_us 4999 is below sample_us '
         '5000'),
        ('on', [(C + 'monitoring_attrs/intervals/intervals_goal/aggrs', 1)],
         EINVAL,
         C + 'monitoring_attrs/intervals/intervals_goal: max_sample_us 0 is '
         'below sample_us 5000'),
        ('on', [(C + 'monitoring_attrs/probes/nr_probes', 2),
                (C + 'monitoring_attrs/probes/1/weight', 1)], EINVAL,
         C + 'monitoring_attrs/probes/1/weight: these operations do not '
         'probe'),
        ('on', [(C + 'operations', 'paddr'),
                (C + 'monitoring_attrs/intervals/aggr_us', 256 * 5000),
                (C + 'monitoring_attrs/probes/nr_probes', 1),
                (C + 'monitoring_attrs/probes/0/weight', 1)], EINVAL,
         C + 'monitoring_attrs/probes/0/weight: an aggregation has more than '
         '255 samples'),
        ('on', [(C + 'operations', 'paddr'),
                (C + 'monitoring_attrs/probes/nr_probes', 1),
                (C + 'monitoring_attrs/probes/0/weight', 0xffffffff)], EINVAL,
         C + 'monitoring_attrs/probes/0/weight: too large for the samples of '
         'an aggregation'),
        ('on', [(C + 'schemes/nr_schemes', 1), (GOALS + 'nr_goals', 1),
                (GOALS + '0/target_metric', 'node_eligible_mem_bp'),
                (GOALS + '0/target_value', 1)], EINVAL,
         GOALS + '0/target_metric: only paddr has this'),
        ('on', [(C + 'monitoring_attrs/probes/nr_probes', 1),
                (C + 'monitoring_attrs/probes/0/filters/nr_filters', 1),
                (C + 'monitoring_attrs/probes/0/filters/0/type', 'memcg'),
                (C + 'monitoring_attrs/probes/0/filters/0/path', NO_CGROUP)],
         EINVAL,
         C + 'monitoring_attrs/probes/0/filters/0/path: there is no memory '
         'cgroup ' + NO_CGROUP),
        ('on', [(C + 'targets/0/regions/nr_regions', 2),
                (C + 'targets/0/regions/0/end', 8 * MIB),
                (C + 'targets/0/regions/1/start', 4 * MIB),
                (C + 'targets/0/regions/1/end', 9 * MIB)], EINVAL,
         C + 'targets/0/regions/1: start %d is below the end before it %d' % (
             4 * MIB, 8 * MIB)),
        ('on', [(C + 'targets/0/regions/nr_regions', 1)], EINVAL,
         C + 'targets/0/regions: a region is empty, or ends in the last page '
         'of the address space'),
        ('on', [(C + 'schemes/nr_schemes', 1),
                (C + 'schemes/0/filters/nr_filters', 2),
                (C + 'schemes/0/filters/1/type', 'memcg'),
                (C + 'schemes/0/filters/1/memcg_path', NO_CGROUP)], ENOMEM,
         C + 'schemes/0/filters/1/memcg_path: there is no memory cgroup ' +
         NO_CGROUP),
        ('on', [(C + 'schemes/nr_schemes', 1),
                (C + 'schemes/0/core_filters/nr_filters', 1),
                (C + 'schemes/0/core_filters/0/type', 'addr'),
                (C + 'schemes/0/core_filters/0/addr_start', 1)], ENOMEM,
         C + 'schemes/0/core_filters/0: the range ends before it starts'),
        ('on', [(C + 'schemes/nr_schemes', 1), (GOALS + 'nr_goals', 1),
                (GOALS + '0/target_metric', 'node_memcg_used_bp'),
                (GOALS + '0/target_value', 1), (GOALS + '0/path', NO_CGROUP)],
         ENOMEM,
         GOALS + '0/path: there is no memory cgroup ' + NO_CGROUP),
        ]

# The same with a kdamond that runs, whose scheme takes all regions.
REFUSALS_ON = [
        ('on', [], EBUSY, 'the kdamond runs already'),
        ('commit', [(C + 'monitoring_attrs/nr_regions/max', 5)], EINVAL,
         C + 'monitoring_attrs/nr_regions: max 5 is below min 10'),
        ('commit', [(C + 'targets/nr_targets', 2),
                    (C + 'targets/0/pid_target', SELF),
                    (C + 'targets/1/pid_target', SELF),
                    (C + 'targets/1/obsolete_target', 'Y')], EINVAL,
         C + 'targets/1/obsolete_target: the kdamond has no such target'),
        # A target that a commit may remove is not the reason.
        ('commit', [(C + 'targets/0/obsolete_target', 'Y'),
                    (C + 'schemes/nr_schemes', 1), (GOALS + 'nr_goals', 1),
                    (GOALS + '0/target_metric', 'node_eligible_mem_bp'),
                    (GOALS + '0/target_value', 1)], EINVAL,
         GOALS + '0/target_metric: only paddr has this'),
        ('commit_schemes_quota_goals',
         [(C + 'schemes/nr_schemes', 1), (GOALS + 'nr_goals', 1),
          (GOALS + '0/target_metric', 'node_memcg_used_bp'),
          (GOALS + '0/target_value', 1), (GOALS + '0/path', NO_CGROUP)],
         EINVAL, GOALS + '0/path: there is no memory cgroup ' + NO_CGROUP),
        ]


def test_presence(checks):
    '''All of the further files are there, or none of them is.'''
    build()
    expected = exists(table.EXTENSIONS[0])
    for path in table.EXTENSIONS:
        checks.equal('%s exists' % path, exists(path), expected)


def need_extensions():
    if not exists(ERROR):
        raise Skip('no further files on this kernel')


def is_refused(checks, kdamond, command, files, errno, line):
    for path, data in files:
        must_write('%s/%s' % (kdamond.dir, path), '%s' % data)
    checks.error(command, kdamond.command(command), errno)
    checks.equal('state_error', read(ERROR), line + '\n')
    checks.error('an empty line', kdamond.command('\n'), EINVAL)
    checks.equal('state_error after that', value(ERROR),
                 'there is no such command')


def test_refusal(checks, command, files, errno, line):
    build()
    need_extensions()
    checks.equal('state_error of a new directory', read(ERROR), '')
    kdamond = Kdamond()
    kdamond.stage(SELF)
    is_refused(checks, kdamond, command, files, errno, line)


def stage_running(checks):
    build()
    need_extensions()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    must_write(table.CONTEXT + '/schemes/nr_schemes', '1')
    kdamond.start(checks)
    checks.equal('state_error after on', read(ERROR), '')
    return kdamond


def test_refusal_on(checks, command, files, errno, line):
    kdamond = stage_running(checks)
    is_refused(checks, kdamond, command, files, errno, line)
    kdamond.stop(checks)
    checks.equal('state_error after off', read(ERROR), '')


def test_ended(checks):
    build()
    need_extensions()
    kdamond = Kdamond()
    with Process() as target:
        kdamond.stage(target.pid)
        kdamond.start(checks)
        target.end()
        kdamond.await_end(checks)
    checks.that(kdamond.command('update_schemes_stats') != 0, 'it is updated')
    checks.equal('state_error', value(ERROR), 'the kdamond has ended')
    kdamond.command('off')
    checks.equal('state_error after off', read(ERROR), '')
    checks.equal('current_nr_regions after off', value(TOTAL), '0')


def await_value(checks, path, good):
    until = deadline(DEADLINE_SEC)
    while not good(int(value(path))):
        if not checks.that(time.monotonic() < until,
                           '%s: %s' % (path, value(path))):
            return


def test_numbers(checks):
    '''Ten regions of one page each in two targets, and in none after that.'''
    build(targets=2)
    need_extensions()
    page = os.sysconf('SC_PAGE_SIZE')
    kdamond = Kdamond()
    second = kdamond.targets + '/1/regions/current_nr'
    must_write(kdamond.context + '/operations', 'fvaddr')
    # Regions of one page are not split, and those with a gap not merged.
    for target, nr in ((0, 10), (1, 3)):
        path = '%s/%d' % (kdamond.targets, target)
        must_write(path + '/pid_target', '%d' % SELF)
        must_write(path + '/regions/nr_regions', '%d' % nr)
        for i in range(nr):
            region = '%s/regions/%d/' % (path, i)
            must_write(region + 'start', '%d' % ((2 * i + 1) * page))
            must_write(region + 'end', '%d' % ((2 * i + 2) * page))
    for path in (NR, second, TOTAL, CPU_TIME):
        checks.equal('%s before' % path, value(path), '0')
    kdamond.start(checks)
    await_value(checks, TOTAL, lambda number: number == 13)
    checks.equal(NR, value(NR), '10')
    checks.equal(second, value(second), '3')
    await_value(checks, CPU_TIME, lambda number: number > 0)

    # The second one is the first one after this.
    must_write(kdamond.targets + '/0/obsolete_target', 'Y')
    checks.error('commit', kdamond.command('commit'), 0)
    await_value(checks, TOTAL, lambda number: number == 3)
    checks.equal(second, value(second), '3')

    kdamond.stop(checks)
    for path in (second, TOTAL):
        checks.equal('%s after off' % path, value(path), '0')
    used = int(value(CPU_TIME))
    checks.that(used > 0, 'no CPU time after off')
    checks.equal('CPU time after off', int(value(CPU_TIME)), used)


def test_readers(checks):
    '''Readers beside commands: no EBUSY.  C refuses them.'''
    kdamond = stage_running(checks)
    filters = table.CONTEXT + '/schemes/0/filters'
    must_write(filters + '/nr_filters', '1')
    files = [kdamond.dir + '/state', kdamond.dir + '/pid', ERROR, CPU_TIME,
             TOTAL, filters + '/0/memcg_path']
    pid = os.fork()
    if pid == 0:
        failed = 1
        try:
            for _ in range(200):
                for command in ('update_schemes_stats', 'commit',
                                'update_tuned_intervals'):
                    if write(kdamond.dir + '/state', command):
                        os._exit(2)
            failed = 0
        finally:
            os._exit(failed)
    seen = set()
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG |
                    os.WNOWAIT) is None:
        seen |= {read(path) for path in files}
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    checks.equal('the writer of commands', status, 0)
    checks.that('EBUSY' not in seen, 'a reader has met EBUSY')
    kdamond.stop(checks)


def test_explained(checks):
    '''Each command of all tests that was refused has a line of its own.'''
    reset()
    must_write('kdamonds/nr_kdamonds', '1')
    need_extensions()
    for word, errno, line in UNEXPLAINED:
        checks.that(False, '%s: %s: %r' % (word, errno, line))


def tests():
    return [('further files: all or none', test_presence, ())] + [
            ('state_error: %s: %s' % (case[0], case[3]), test_refusal, case)
            for case in REFUSALS] + [
            ('state_error: running: %s: %s' % (case[0], case[3]),
             test_refusal_on, case)
            for case in REFUSALS_ON] + [
            ('state_error: the kdamond has ended', test_ended, ()),
            ('current_nr and cpu_time_us', test_numbers, ()),
            ('readers beside commands', test_readers, ()),
            ]


def last_tests():
    return [('state_error: each refusal has its reason', test_explained, ())]
