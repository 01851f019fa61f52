# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about what 'on' and 'commit' refuse, with which error,
and which error comes first.
'''

from errno import EBUSY, EINVAL, ENOMEM
import os

from .kinds import ULONG_MAX
from .lib import Kdamond, Skip, build, must_write, read, value, write
from . import table

# Only this process as the target makes the staged context valid.
SELF = os.getpid()
NO_PROCESS = (1 << 31) - 1
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


SCHEME = [('schemes/nr_schemes', '1')]
S = 'schemes/0/'


def root_memcg(errno):
    '''
    What is said about the path of the root memory cgroup: @errno on a kernel
    without memory cgroups, None if that cannot be told.
    '''
    with open('/proc/mounts', encoding='utf-8') as f:
        mounts = [line.split() for line in f]
    for _, where, fs, *_ in mounts:
        if fs == 'cgroup2':
            with open(where + '/cgroup.controllers', encoding='ascii') as f:
                return 0 if 'memory' in f.read().split() else errno
    with open('/proc/filesystems', encoding='ascii') as f:
        return None if 'cgroup2' in f.read() else errno


def filters(layer, kind, **members):
    '''A scheme with one filter.'''
    first = '%s%s_filters/0/' % (S, layer)
    return (SCHEME + [('%s%s_filters/nr_filters' % (S, layer), '1'),
                      (first + 'type', kind)] +
            [(first + name, data) for name, data in members.items()])


def quota_goal(metric, **members):
    '''A scheme whose quota has one goal.'''
    first = S + 'quotas/goals/0/'
    members = {'target_metric': metric, 'target_value': 1, **members}
    return (SCHEME + [(S + 'quotas/goals/nr_goals', '1')] +
            [(first + name, data) for name, data in members.items()])


def probe(weight, memcg_path=None):
    first = ATTRS + 'probes/0/'
    writes = [(ATTRS + 'probes/nr_probes', '1'), (first + 'weight', weight)]
    if memcg_path:
        writes += [(first + 'filters/nr_filters', '1'),
                   (first + 'filters/0/type', 'memcg'),
                   (first + 'filters/0/path', memcg_path)]
    return writes


BAD_SCHEME = filters('core', 'addr', addr_start=2, addr_end=1)
PADDR = [('operations', 'paddr')]
TWO_TARGETS = [('targets/nr_targets', '2'), (TARGET + 'pid_target', SELF)]

# A name, what to write below the context directory after one target, this
# process, was made, and what 'on' says.
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
         two_regions(PAGE, 2 * PAGE, 3 * PAGE, ULONG_MAX), EINVAL),
        ('regions never set', two_regions(), EINVAL),

        ('paddr, page size / addr_unit not a power of two',
         PADDR + [('addr_unit', '3')], EINVAL),
        ('paddr, addr_unit above the page size',
         PADDR + [('addr_unit', PAGE + 1)], 0),
        ('paddr, addr_unit 2', PADDR + [('addr_unit', '2')], 0),
        ('vaddr does not look at addr_unit', [('addr_unit', '3')], 0),

        ('a scheme', SCHEME, 0),
        ('a filter that ends before it starts',
         filters('core', 'addr', addr_start=2, addr_end=1), ENOMEM),
        ('a filter of no addresses', filters('core', 'addr'), 0),
        ('sizes that end before they start',
         filters('ops', 'hugepage_size', min=2, max=1), ENOMEM),
        ('Q6: a filter of no memory cgroup',
         filters('ops', 'memcg', memcg_path='/no/such'), ENOMEM),
        ('a filter of a memory cgroup without a path', filters('ops', 'memcg'),
         ENOMEM),
        ('a filter of the root memory cgroup',
         filters('ops', 'memcg', memcg_path='/'), root_memcg(ENOMEM)),
        ('Q4: a filter of the root memory cgroup, with a newline',
         filters('ops', 'memcg', memcg_path='/\n'), root_memcg(ENOMEM)),
        ('Q3: a core filter of the default type',
         SCHEME + [(S + 'core_filters/nr_filters', '1')], 0),
        ('a filter of a target that there is not',
         filters('core', 'target', damon_target_idx=-5), 0),
        ('Q6: a goal of no memory cgroup',
         quota_goal('node_memcg_used_bp', path='/no/such'), ENOMEM),
        ('a goal without a target value is none',
         quota_goal('node_memcg_used_bp', target_value=0), 0),
        ('a goal that needs physical addresses',
         quota_goal('node_eligible_mem_bp'), EINVAL),
        ('a goal that has physical addresses',
         PADDR + quota_goal('node_eligible_mem_bp'), 0),
        ('what nobody checks',
         quota_goal('user_input') + [
             (S + 'target_nid', '12345'), (S + 'watermarks/low', '1000'),
             (S + 'quotas/weights/sz_permil', '4294967295'),
             (S + 'quotas/fail_charge_num', '9')], 0),

        ('Q6: a probe of no memory cgroup', probe(0, '/no/such'), EINVAL),
        ('a probe of the root memory cgroup', probe(0, '/'),
         root_memcg(EINVAL)),
        ('255 samples for a probe with a weight',
         PADDR + probe(1) + intervals(1000, 255999), 0),
        ('256 samples for a probe with a weight',
         PADDR + probe(1) + intervals(1000, 256000), EINVAL),
        ('256 samples for a probe without a weight',
         PADDR + probe(0) + intervals(1000, 256000), 0),
        ('weights of probes up to 32 bits',
         PADDR + probe(0xffffffff // 20) + intervals(5000, 100000), 0),
        ('weights of probes above 32 bits',
         PADDR + probe(0xffffffff // 20 + 1) + intervals(5000, 100000), EINVAL),

        # ENOMEM is what is said about a scheme.  What is checked before and
        # after that says EINVAL.
        ('order: intervals, scheme', intervals(2, 1) + BAD_SCHEME, EINVAL),
        ('order: probe, scheme', probe(0, '/no/such') + BAD_SCHEME, EINVAL),
        ('order: target, scheme',
         [(TARGET + 'pid_target', '-1')] + BAD_SCHEME, EINVAL),
        ('order: regions, scheme',
         two_regions(3 * PAGE, 4 * PAGE, PAGE, 2 * PAGE) + BAD_SCHEME, EINVAL),
        ('order: scheme, addr_unit',
         PADDR + [('addr_unit', '3')] + BAD_SCHEME, ENOMEM),
        ('order: scheme, goal that needs physical addresses',
         quota_goal('node_eligible_mem_bp') + BAD_SCHEME[1:], ENOMEM),
        ('order: scheme, weights of probes',
         PADDR + probe(1) + intervals(1000, 256000) + BAD_SCHEME, ENOMEM),
        ]

# What 'commit' says is the same, but for this.
COMMIT = {'obsolete_target': 0}


def stage(kdamond, writes):
    for path, data in writes:
        must_write('%s/%s' % (kdamond.context, path), '%s' % data)


def expected(kdamond, errno):
    '''What is said if it is @errno on a kernel that has the operations.'''
    if errno is None:
        raise Skip('cgroup2 is not mounted')
    ops = value(kdamond.context + '/operations')
    # operations is written, but not checked until now
    avail = read(kdamond.context + '/avail_operations').split()
    return errno if ops in avail else EINVAL


def test_on(checks, writes, errno):
    build(regions=0)
    kdamond = Kdamond()
    kdamond.stage(SELF)
    stage(kdamond, writes)
    errno = expected(kdamond, errno)
    if errno == 0:
        kdamond.start(checks)
        kdamond.stop(checks)
    else:
        checks.error('on', kdamond.command('on'), errno)
        kdamond.check_off(checks)
        checks.error('off', kdamond.command('off'), EINVAL)


def test_commit(checks, writes, errno):
    build(regions=0)
    kdamond = Kdamond()
    kdamond.stage(SELF)
    pid = kdamond.start(checks)
    stage(kdamond, writes)
    errno = expected(kdamond, errno)
    checks.error('commit', kdamond.command('commit'), errno)
    if errno:
        # It goes on as it was.
        intervals_dir = kdamond.context + '/monitoring_attrs/intervals/'
        checks.error('update_tuned_intervals',
                     kdamond.command('update_tuned_intervals'), 0)
        checks.equal('intervals', (value(intervals_dir + 'sample_us'),
                                   value(intervals_dir + 'aggr_us')),
                     ('5000', '100000'))
        checks.equal('state and pid', (kdamond.state(), kdamond.pid()),
                     ('on', pid))
    checks.error('off', kdamond.command('off'), 0)


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
        kdamond.explains(checks, 'contexts/0/operations: the kernel does not '
                         'have them')


def test_exclusive(checks):
    '''Nothing starts beside DAMON_RECLAIM; what is not valid comes first.'''
    enabled = '/sys/module/damon_reclaim/parameters/enabled'
    if not os.path.exists(enabled):
        raise Skip('no DAMON_RECLAIM')

    def reclaim(on):
        with open(enabled, 'w', encoding='ascii') as f:
            f.write(on)

    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    try:
        reclaim('Y')
    except OSError as e:
        raise Skip('DAMON_RECLAIM does not start: %s' % e.strerror) from e
    try:
        checks.error('on', kdamond.command('on'), EBUSY)
        kdamond.explains(checks, 'another kdamond needs DAMON for itself')
        kdamond.check_off(checks)
        checks.error('off', kdamond.command('off'), EINVAL)
        kdamond.explains(checks, 'the kdamond was never turned on')
        must_write(kdamond.targets + '/0/pid_target', '0')
        checks.error('on with a bad target', kdamond.command('on'), EINVAL)
    finally:
        reclaim('N')
    kdamond.stage(SELF)
    kdamond.start(checks)
    kdamond.stop(checks)


def tests():
    run = [('on: %s' % name, test_on, (writes, errno))
           for name, writes, errno in VALIDATION]
    run += [('commit: %s' % name, test_commit,
             (writes, COMMIT.get(name, errno)))
            for name, writes, errno in VALIDATION]
    return run + [('Q5: on: operations not registered', test_not_registered,
                   ()),
                  ('on: beside DAMON_RECLAIM', test_exclusive, ())]
