# SPDX-License-Identifier: GPL-2.0

'''Three kdamonds that monitor a process whose memory changes all the time

The process is restless.c. What it does is counted, and so is what was monitored:
without either, this says nothing.
'''

import os
import random
import subprocess
import sys
import tempfile
import time

import differential_values as values
from hostile_files import KDAMONDS, PATIENCE, must_write, read, retry, turn_all_off

# Of restless.c
START = 1 << 36
SIZE = 64 << 20
THREADS = 4

KINDS = ('vaddr', 'fvaddr', 'paddr')
# Regions are many, so that there are many of them in a page table and in an area.
REGIONS = 1000
# What allows a process to do most of what restless.c can
SETTINGS = {
    '/proc/sys/vm/nr_hugepages': '8',
    '/sys/kernel/mm/ksm/run': '1',
    '/sys/kernel/mm/ksm/sleep_millisecs': '10',
    '/sys/kernel/mm/transparent_hugepage/enabled': 'always',
    '/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs': '100',
    '/proc/sys/vm/overcommit_memory': '1',
}


def memory_ranges():
    '''The physical memory, with its holes: user mode kernels have no /proc/iomem'''
    page = os.sysconf('SC_PAGE_SIZE')
    with open('/proc/zoneinfo', encoding='utf-8') as file:
        spanned = 0
        for line in filter(str.strip, file):
            name, *value = line.split()
            if name == 'spanned':
                spanned = int(value[0])
            elif name == 'start_pfn:' and spanned:
                start = int(value[0])
                yield start * page, (start + spanned) * page


def stage(number, kind, pid):
    '''One of the kdamonds; its schemes only say what was accessed'''
    context = '%s/%d/contexts/0' % (KDAMONDS, number)
    must_write('%s/%d/contexts/nr_contexts' % (KDAMONDS, number), '1')
    must_write(context + '/operations', kind)
    intervals = context + '/monitoring_attrs/intervals/'
    must_write(intervals + 'sample_us', '1000')
    must_write(intervals + 'aggr_us', '10000')
    must_write(intervals + 'update_us', '100000')
    must_write(context + '/monitoring_attrs/nr_regions/min', '%d' % REGIONS)
    must_write(context + '/monitoring_attrs/nr_regions/max', '%d' % (REGIONS * 2))
    must_write(context + '/targets/nr_targets', '1')
    target = context + '/targets/0/'
    if kind != 'paddr':
        must_write(target + 'pid_target', '%d' % pid)
    if kind != 'vaddr':
        ranges = list(memory_ranges()) if kind == 'paddr' else [(START, START + SIZE)]
        must_write(target + 'regions/nr_regions', '%d' % len(ranges))
        for i, (start, end) in enumerate(ranges):
            must_write('%sregions/%d/start' % (target, i), '%d' % start)
            must_write('%sregions/%d/end' % (target, i), '%d' % end)
    must_write(context + '/schemes/nr_schemes', '1')
    pattern = context + '/schemes/0/access_pattern/'
    for name in ('sz', 'nr_accesses', 'age'):
        must_write('%s%s/max' % (pattern, name), '%d' % values.ULONG_MAX)
    must_write(pattern + 'nr_accesses/min', '1')


def begin(program, seed):
    '''Returns the process'''
    process = subprocess.Popen([program, '%d' % THREADS, '%d' % seed],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               universal_newlines=True)
    names = process.stdout.readline().split()
    # Its memory is there.
    if not process.stdout.readline():
        sys.exit('the process to monitor has ended')
    must_write(KDAMONDS + '/nr_kdamonds', '%d' % len(KINDS))
    for number, kind in enumerate(KINDS):
        stage(number, kind, process.pid)
    for number in range(len(KINDS)):
        err = retry('%s/%d/state' % (KDAMONDS, number), 'on')
        if err:
            sys.exit('%s: turning it on failed: %s' % (KINDS[number], os.strerror(err)))
    return process, names


def accessed(number):
    '''The bytes that a kdamond has seen accesses to, all times added up'''
    retry('%s/%d/state' % (KDAMONDS, number), 'update_schemes_stats')
    return int(read('%s/%d/contexts/0/schemes/0/stats/sz_tried' % (KDAMONDS, number)))


def finish(process, how, totals):
    '''Has the process end under the eyes of the kdamonds, or after them'''
    seen = []
    for number, kind in enumerate(KINDS):
        if read('%s/%d/state' % (KDAMONDS, number)) != 'on':
            sys.exit('%s: the kdamond has ended, but not the process' % kind)
        seen.append(accessed(number))
    if how == 'after':
        turn_all_off()
    process.kill()
    lines = process.stdout.read().splitlines()
    process.wait()
    if how != 'after':
        # The one of physical memory goes on.
        for number in (0, 1):
            end = time.monotonic() + PATIENCE
            while read('%s/%d/state' % (KDAMONDS, number)) != 'off':
                if time.monotonic() > end:
                    sys.exit('%s: the kdamond goes on' % KINDS[number])
                time.sleep(0.01)
        turn_all_off()
    if lines:
        for i, count in enumerate(lines[-1].split()):
            totals[i] += int(count)
    return seen


def monitor(seconds, seed):
    '''See the top'''
    rng = random.Random(seed)
    for path, value in SETTINGS.items():
        if os.path.exists(path):
            must_write(path, value)
    with tempfile.TemporaryDirectory() as tmp:
        program = tmp + '/restless'
        source = os.path.dirname(os.path.realpath(__file__)) + '/restless.c'
        subprocess.run(['gcc', '-O2', '-static', '-pthread', '-o', program, source], check=True)
        end = time.monotonic() + seconds
        totals, seen, times = [0] * 100, [0] * len(KINDS), 0
        while time.monotonic() < end:
            process, names = begin(program, rng.randrange(1 << 30))
            time.sleep(rng.uniform(3, 15))
            how = rng.choice(['under', 'after'])
            seen = [a + b for a, b in zip(seen, finish(process, how, totals))]
            times += 1
    print('%d processes: %s' % (times, ', '.join('%s %d' % pair
                                                 for pair in zip(names, totals))))
    print('bytes seen accessed: %s' % ', '.join('%s %d' % pair for pair in zip(KINDS, seen)))
    for name, count in zip(list(names) + list(KINDS), totals[:len(names)] + seen):
        if not count:
            sys.exit('%s: there was none' % name)
