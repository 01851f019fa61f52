# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about what reaches DAMON: a kdamond must monitor what
was staged.  What it does is seen in the trace of its aggregations.
'''

from errno import EINVAL
import os
import re
import select

from .lib import (DEADLINE_SEC, Kdamond, Skip, build, deadline,
                  in_pid_namespace, must_write, time)

PAGE = os.sysconf('SC_PAGE_SIZE')
MIB = 1 << 20
SELF = os.getpid()


class Trace:
    '''The damon trace events from now on, in an instance of their own.'''

    EVENTS = ('damon_aggregated', 'damon_monitor_intervals_tune')
    EVENT = re.compile(
            rb'-(\d+) +\[\d+\][^:]* (\d+\.\d+): '
            rb'(?:damon_aggregated: target_id=(\d+) nr_regions=(\d+) '
            rb'(\d+)-(\d+): (\d+) \d+'
            rb'|damon_monitor_intervals_tune: sample_us=(\d+))$')

    def __init__(self):
        for root in ('/sys/kernel/tracing', '/sys/kernel/debug/tracing'):
            if os.path.isdir(root + '/events/damon'):
                break
        else:
            raise Skip('no trace events of DAMON')
        self.dir = '%s/instances/damon_%d' % (root, SELF)
        os.mkdir(self.dir)
        self.set_events('1')
        self.pipe = os.open(self.dir + '/trace_pipe',
                            os.O_RDONLY | os.O_NONBLOCK)
        self.text = b''

    def set_events(self, value):
        for event in self.EVENTS:
            path = '%s/events/damon/%s/enable' % (self.dir, event)
            with open(path, 'w') as f:
                f.write(value)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.set_events('0')
        os.close(self.pipe)
        os.rmdir(self.dir)

    def events(self, pid, seconds=DEADLINE_SEC):
        '''
        Yield the numbers in each event of kdamond @pid, as they come, until
        there was time for more.
        '''
        until = deadline(seconds)
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        while time.monotonic() < until:
            while b'\n' in self.text:
                line, self.text = self.text.split(b'\n', 1)
                match = self.EVENT.search(line)
                if match and int(match[1]) == pid:
                    yield match
            if poll.poll(max(0, until - time.monotonic()) * 1000):
                try:
                    self.text += os.read(self.pipe, 65536)
                except BlockingIOError:
                    pass

    def aggregations(self, pid, number):
        '''
        The first aggregations of kdamond @pid: of each its time, the target,
        and (start, end, nr_accesses) of all regions.
        '''
        whole, regions = [], []
        for event in self.events(pid):
            if event[3] is None:
                continue
            regions.append((int(event[5]), int(event[6]), int(event[7])))
            if len(regions) == int(event[4]):
                whole.append((float(event[2]), int(event[3]), regions))
                regions = []
                if len(whole) == number:
                    break
        return whole


def ranges(regions):
    '''The address ranges that regions cover together.'''
    merged = []
    for start, end, _ in sorted(regions):
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def stage_regions(kdamond, target, staged):
    regions = '%s/%d/regions' % (kdamond.targets, target)
    must_write(regions + '/nr_regions', '%d' % len(staged))
    for i, (start, end) in enumerate(staged):
        must_write('%s/%d/start' % (regions, i), '%d' % start)
        must_write('%s/%d/end' % (regions, i), '%d' % end)


def test_regions(checks, ops, addr_unit, staged, expected):
    '''The regions of each target are those that were staged for it.'''
    build(targets=len(staged), regions=0)
    kdamond = Kdamond()
    must_write(kdamond.context + '/operations', ops)
    must_write(kdamond.context + '/addr_unit', '%d' % addr_unit)
    for target, regions in enumerate(staged):
        must_write('%s/%d/pid_target' % (kdamond.targets, target),
                   '%d' % SELF)
        stage_regions(kdamond, target, regions)
    with Trace() as trace:
        pid = kdamond.start(checks)
        seen = trace.aggregations(pid, 2 * len(staged))
        kdamond.stop(checks)
    checks.equal('aggregations', len(seen), 2 * len(staged))
    for i, (_, target, regions) in enumerate(seen):
        checks.equal('target id', target, i % len(staged))
        checks.equal('regions of target %d' % target, ranges(regions),
                     expected[target])


def test_own_memory(checks):
    '''Without staged regions it is the memory that the process has.'''
    build(regions=0)
    kdamond = Kdamond()
    kdamond.stage(SELF)
    with Trace() as trace:
        pid = kdamond.start(checks)
        seen = trace.aggregations(pid, 1)
        kdamond.stop(checks)
    if not checks.equal('aggregations', len(seen), 1):
        return
    monitored = ranges(seen[0][2])
    with open('/proc/self/maps') as f:
        stack = [line for line in f if line.endswith('[stack]\n')][0]
    start, end = (int(x, 16) for x in stack.split()[0].split('-'))
    checks.that(any(s <= start and end <= e for s, e in monitored),
                'the stack %s is not in %r' % (stack.split()[0], monitored))


def test_nr_regions(checks):
    '''Memory is divided into as many regions as were asked for.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    stage_regions(kdamond, 0, [(MIB, 65 * MIB)])
    must_write(kdamond.context + '/monitoring_attrs/nr_regions/max', '60')
    must_write(kdamond.context + '/monitoring_attrs/nr_regions/min', '50')
    with Trace() as trace:
        pid = kdamond.start(checks)
        seen = trace.aggregations(pid, 5)
        kdamond.stop(checks)
    checks.equal('aggregations', len(seen), 5)
    for _, _, regions in seen:
        checks.that(50 <= len(regions) <= 60, '%d regions' % len(regions))


def test_intervals(checks):
    '''An aggregation takes as long as was asked for, or longer.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    intervals = kdamond.context + '/monitoring_attrs/intervals/'
    must_write(intervals + 'aggr_us', '600000')
    must_write(intervals + 'sample_us', '200000')
    with Trace() as trace:
        pid = kdamond.start(checks)
        seen = trace.aggregations(pid, 3)
        kdamond.stop(checks)
    checks.equal('aggregations', len(seen), 3)
    for (before, _, _), (after, _, regions) in zip(seen, seen[1:]):
        # Two clocks are compared: allow for 1 percent.
        checks.that(after - before > 0.594, '%f s' % (after - before))
        checks.that(all(nr_accesses <= 3 for _, _, nr_accesses in regions),
                    'more accesses than samples: %r' % regions)


def test_intervals_goal(checks):
    '''
    Where nothing is accessed, the intervals grow up to their limit.  They do
    not without a goal.
    '''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    stage_regions(kdamond, 0, [(MIB, 65 * MIB)])
    intervals = kdamond.context + '/monitoring_attrs/intervals/'
    must_write(intervals + 'aggr_us', '20000')
    must_write(intervals + 'intervals_goal/access_bp', '400')
    must_write(intervals + 'intervals_goal/aggrs', '1')
    must_write(intervals + 'intervals_goal/min_sample_us', '5000')
    must_write(intervals + 'intervals_goal/max_sample_us', '12345')
    seen = []
    with Trace() as trace:
        pid = kdamond.start(checks)
        for event in trace.events(pid):
            if event[8] is not None:
                seen.append(int(event[8]))
                if seen[-1] == 12345 or len(seen) == 100:
                    break
        kdamond.stop(checks)
    checks.that(seen and seen[-1] == 12345, 'sample_us: %r' % seen)
    checks.that(all(5000 <= sample_us <= 12345 for sample_us in seen),
                'sample_us: %r' % seen)


def test_paused(checks):
    '''A kdamond that starts paused runs, and does not aggregate.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    must_write(kdamond.context + '/pause', 'Y')
    with Trace() as trace:
        pid = kdamond.start(checks)
        # Ten times as long as an aggregation takes.
        seen = list(trace.events(pid, seconds=1))
        checks.equal('state', kdamond.state(), 'on')
        kdamond.stop(checks)
    checks.equal('events of a paused kdamond', len(seen), 0)


def test_pid_namespace(checks):
    '''pid_target is a number in the name space of who writes 'on'.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)

    def inside():
        here = [kdamond.command('on')]
        kdamond.stage(1)
        here += [kdamond.command('on'), kdamond.command('off')]
        return here == [EINVAL, 0, 0]

    checks.that(in_pid_namespace(inside), 'wrong errors in the name space')


REGIONS = [
        ('vaddr', 'vaddr', 1, [[(PAGE, 9 * PAGE)]], [[(PAGE, 9 * PAGE)]]),
        ('fvaddr', 'fvaddr', 1, [[(PAGE, 9 * PAGE)]], [[(PAGE, 9 * PAGE)]]),
        ('two targets', 'vaddr', 1,
         [[(16 * MIB, 32 * MIB), (64 * MIB, 65 * MIB)],
          [(PAGE, 2 * PAGE), (3 * PAGE, 4 * PAGE), (MIB, 2 * MIB)]],
         [[(16 * MIB, 32 * MIB), (64 * MIB, 65 * MIB)],
          [(PAGE, 2 * PAGE), (3 * PAGE, 4 * PAGE), (MIB, 2 * MIB)]]),
        ('rounded to pages', 'vaddr', 1, [[(PAGE + 1, 9 * PAGE - 1)]],
         [[(PAGE, 9 * PAGE)]]),
        ('Q13: addr_unit of vaddr', 'vaddr', PAGE, [[(PAGE + 1, 9 * PAGE - 1)]],
         [[(PAGE, 9 * PAGE)]]),
        ('paddr', 'paddr', 1, [[(MIB, 4 * MIB)]], [[(MIB, 4 * MIB)]]),
        ('addr_unit of paddr', 'paddr', PAGE, [[(101, 1001)]],
         [[(101, 1001)]]),
        ]


def tests():
    return ([('monitored regions: %s' % row[0], test_regions, row[1:])
             for row in REGIONS] +
            [('monitored regions: own memory', test_own_memory, ()),
             ('monitoring: nr_regions', test_nr_regions, ()),
             ('monitoring: intervals', test_intervals, ()),
             ('monitoring: intervals_goal', test_intervals_goal, ()),
             ('monitoring: pause', test_paused, ()),
             ('Q17: on: pid_target in another name space',
              test_pid_namespace, ())])
