# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about files that the kernel writes: the results of
schemes, the regions that they are tried with, and the quotas.
'''

from errno import EACCES, ECANCELED, ENODEV
import os
import stat

from .kinds import ULONG_MAX, UINT_MAX
from .lib import (DEADLINE_SEC, Kdamond, Skip, build, deadline, exists, full,
                  must_write, time, value, write)
from . import table

SELF = os.getpid()
MIB = 1 << 20
HIGHEST = {'ulong': ULONG_MAX, 'uint': UINT_MAX}
BYTES = table.TRIED + '/total_bytes'


def stage(ops='vaddr', unit=1, region=(MIB, 65 * MIB), pattern=()):
    '''A scheme that looks at a region, accessed or not.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    must_write(kdamond.context + '/operations', ops)
    must_write(kdamond.context + '/addr_unit', '%d' % unit)
    must_write(table.TARGET + '/regions/nr_regions', '1')
    must_write(table.REGION + '/end', '%d' % region[1])
    must_write(table.REGION + '/start', '%d' % region[0])
    must_write(table.CONTEXT + '/schemes/nr_schemes', '1')
    bounds = {name + '/max': ULONG_MAX for name in ('sz', 'nr_accesses', 'age')}
    for path, number in {**bounds, **dict(pattern)}.items():
        must_write('%s/access_pattern/%s' % (table.SCHEME, path),
                   '%d' % number)
    return kdamond


def regions():
    return sorted((name for name in os.listdir(full(table.TRIED))
                   if name.isdigit()), key=int)


def await_stat(checks, kdamond, name):
    '''Wait until the scheme was tried, as its statistics tell.'''
    until = deadline(DEADLINE_SEC)
    while value('%s/stats/%s' % (table.SCHEME, name)) == '0':
        if not checks.that(time.monotonic() < until, '%s stays 0' % name):
            return
        checks.error('update_schemes_stats',
                     kdamond.command('update_schemes_stats'), 0)


def check_region(checks, file, index):
    path = file.path.replace('/tried_regions/0/',
                             '/tried_regions/%s/' % index)
    mode = stat.S_IMODE(os.stat(full(path)).st_mode)
    checks.equal('%s mode' % path, oct(mode), oct(0o400))
    checks.error('%s write' % path, write(path, '1'), EACCES)
    number = value(path)
    # As one writes it, and within the type.
    checks.that(number.isdigit() and number == '%d' % int(number) and
                int(number) <= (255 if path.endswith('hits') else ULONG_MAX),
                '%s shows %r' % (path, number))
    return int(number)


def test_tried_regions(checks):
    '''Each region has a directory with all files of the table.'''
    kdamond = stage()
    must_write(table.ATTRS + '/probes/nr_probes', '1')
    kdamond.start(checks)
    await_stat(checks, kdamond, 'nr_tried')
    checks.error('update', kdamond.tried('update_schemes_tried_regions'), 0)
    seen = regions()
    checks.equal('names', seen, ['%d' % i for i in range(len(seen))])
    checks.that(seen, 'no region')
    total = 0
    files = {file.path.rsplit('/', 1)[1] for file in table.TRIED_FILES}
    for index in seen:
        found = {name for _, _, names in
                 os.walk('%s/%s' % (full(table.TRIED), index))
                 for name in names}
        checks.equal('files of region %s' % index, found, files)
        numbers = {table.name(file.path): check_region(checks, file, index)
                   for file in table.TRIED_FILES}
        checks.that(MIB <= numbers['start'] < numbers['end'] <= 65 * MIB,
                    'region %r' % numbers)
        total += numbers['end'] - numbers['start']
    checks.equal('total_bytes', value(BYTES), '%d' % total)

    checks.error('bytes', kdamond.tried('update_schemes_tried_bytes'), 0)
    checks.equal('regions after that', regions(), [])
    checks.equal('total_bytes', value(BYTES), '%d' % (64 * MIB))
    checks.error('update', kdamond.tried('update_schemes_tried_regions'), 0)
    checks.that(regions(), 'no region')
    checks.error('clear', kdamond.command('clear_schemes_tried_regions'), 0)
    checks.equal('after clear', (regions(), value(BYTES)), ([], '0'))
    kdamond.stop(checks)


def test_cleared_first(checks):
    '''Results are gone, also if there cannot be new ones.'''
    kdamond = stage()
    for command in ('update_schemes_tried_regions',
                    'update_schemes_tried_bytes'):
        kdamond.start(checks)
        checks.error('update',
                     kdamond.tried('update_schemes_tried_regions'), 0)
        checks.that(regions() and value(BYTES) != '0', 'no region')
        kdamond.stop(checks)
        checks.that(regions() and value(BYTES) != '0', 'gone with off')
        checks.error('%s of a stopped one' % command,
                     kdamond.tried(command), ECANCELED)
        kdamond.explains(checks, 'the kdamond has ended')
        checks.equal('after that', (regions(), value(BYTES)), ([], '0'))


def test_open_files(checks):
    '''An update keeps the directories that it needs, and files of them open.'''
    page = os.sysconf('SC_PAGE_SIZE')
    kdamond = stage('paddr')
    kdamond.start(checks)
    checks.error('update', kdamond.tried('update_schemes_tried_regions'), 0)
    seen = regions()
    checks.that(len(seen) > 1, 'too few regions: %s' % seen)
    files = [os.open('%s/%s/end' % (full(table.TRIED), index), os.O_RDONLY)
             for index in (seen[0], seen[-1])]
    must_write(table.REGION + '/end', '%d' % (MIB + page))
    checks.error('commit', kdamond.command('commit'), 0)
    checks.error('update', kdamond.tried('update_schemes_tried_regions'), 0)
    checks.equal('regions', regions(), seen[:1])
    found = [read_of(file) for file in files]
    for file in files:
        os.close(file)
    kdamond.stop(checks)
    if not table.has_second_names() and found == [ENODEV, ENODEV]:
        raise Skip('documented difference: the implementation in C makes all '
                   'directories anew')
    checks.equal('end of the first', found[0], '%d\n' % (MIB + page))
    checks.equal('end of one too many', found[1], ENODEV)


def read_of(file):
    '''What an open file shows, or the error.'''
    try:
        return os.pread(file, 4096, 0).decode()
    except OSError as e:
        return e.errno


def test_addr_unit(checks):
    '''The regions of paddr are in the unit that was asked for.'''
    unit = os.sysconf('SC_PAGE_SIZE')
    kdamond = stage('paddr', unit, (101, 1001))
    kdamond.start(checks)
    checks.error('update', kdamond.tried('update_schemes_tried_regions'), 0)
    checks.equal('total_bytes', value(BYTES), '900')
    ranges = [(int(value('%s/%s/start' % (table.TRIED, name))),
               int(value('%s/%s/end' % (table.TRIED, name))))
              for name in regions()]
    checks.equal('first and last', (ranges[:1] and ranges[0][0],
                                    ranges[-1:] and ranges[-1][1]),
                 (101, 1001))
    kdamond.stop(checks)


def test_u32(checks, name, bound, number, applies):
    '''The core has 32 bits for what the files have a word for.'''
    kdamond = stage(pattern=[('%s/%s' % (name, bound), number)])
    path = '%s/access_pattern/%s/%s' % (table.SCHEME, name, bound)
    checks.equal('reads back', value(path), '%d' % number)
    kdamond.start(checks)
    checks.error('update', kdamond.tried('update_schemes_tried_bytes'), 0)
    checks.equal('tried', value(BYTES), '%d' % (64 * MIB if applies else 0))
    kdamond.stop(checks)


STATS = [table.name(file.path) for file in table.FILES
         if file.path.startswith(table.SCHEME + '/stats/') and not file.kind]


def stats():
    return [value('%s/stats/%s' % (table.SCHEME, name)) for name in STATS]


def test_stats(checks):
    '''Results are 0 until they are asked for, and stay after the end.'''
    kdamond = stage()
    limit = table.SCHEME + '/stats/max_nr_snapshots'
    must_write(limit, '1000000')
    zeros = ['0' for _ in STATS]
    kdamond.start(checks)
    checks.error('tried', kdamond.tried('update_schemes_tried_bytes'), 0)
    checks.equal('before the update', stats(), zeros)
    await_stat(checks, kdamond, 'nr_snapshots')
    seen = dict(zip(STATS, stats()))
    for name in ('nr_tried', 'sz_tried', 'nr_snapshots'):
        checks.that(int(seen[name]) > 0, '%s is %s' % (name, seen[name]))
    checks.equal('Q15: max_nr_snapshots', value(limit), '1000000')
    kdamond.stop(checks)
    checks.equal('after off', dict(zip(STATS, stats())), seen)
    kdamond.start(checks)
    checks.equal('after on', dict(zip(STATS, stats())), seen)
    kdamond.stop(checks)


def test_positions(checks):
    '''The schemes of the kdamond belong to the directories by position.'''
    kdamond = stage()
    nr_schemes = table.CONTEXT + '/schemes/nr_schemes'
    kdamond.start(checks)
    # Now with a second directory, and both new.
    must_write(nr_schemes, '2')
    checks.equal('stats of a new directory', stats(), ['0' for _ in STATS])
    await_stat(checks, kdamond, 'nr_tried')
    second = table.SCHEME.replace('schemes/0', 'schemes/1')
    for command in ('update_schemes_stats', 'update_schemes_tried_regions',
                    'update_schemes_effective_quotas'):
        checks.error(command, kdamond.tried(command), 0)
    checks.that(regions(), 'no region of the first')
    checks.equal('nr_tried of one too many',
                 value(second + '/stats/nr_tried'), '0')
    checks.equal('regions of one too many',
                 value(second + '/tried_regions/total_bytes'), '0')
    must_write(nr_schemes, '0')
    for command in ('update_schemes_stats', 'update_schemes_tried_regions',
                    'commit_schemes_quota_goals'):
        checks.error('%s of none' % command, kdamond.tried(command), 0)
    checks.that(not exists(table.SCHEME), 'the directory is back')
    kdamond.stop(checks)


def test_quota(checks):
    '''The effective quota is shown when it is asked for.'''
    kdamond = stage()
    esz = table.QUOTAS + '/effective_bytes'
    must_write(table.QUOTAS + '/bytes', '%d' % MIB)
    must_write(table.QUOTAS + '/reset_interval_ms', '1000')
    kdamond.start(checks)
    await_stat(checks, kdamond, 'nr_tried')
    checks.equal('before the update', value(esz), '0')
    checks.error('update',
                 kdamond.command('update_schemes_effective_quotas'), 0)
    checks.equal('effective_bytes', value(esz), '%d' % MIB)
    kdamond.stop(checks)
    checks.equal('effective_bytes after off', value(esz), '%d' % MIB)


def test_refresh(checks):
    '''With refresh_ms all of that comes by itself, over what was staged.'''
    kdamond = stage()
    sample_us = table.ATTRS + '/intervals/sample_us'
    must_write(table.QUOTAS + '/bytes', '%d' % MIB)
    must_write(table.QUOTAS + '/reset_interval_ms', '1000')
    kdamond.start(checks)
    must_write(sample_us, '777')
    must_write(kdamond.dir + '/refresh_ms', '1')
    files = {sample_us: '777', table.QUOTAS + '/effective_bytes': '0',
             table.SCHEME + '/stats/nr_tried': '0'}
    until = deadline(DEADLINE_SEC)
    for path, before in files.items():
        while value(path) == before:
            if not checks.that(time.monotonic() < until,
                               '%s is not refreshed' % path):
                break
    checks.equal('sample_us', value(sample_us), '5000')
    checks.equal('regions', (regions(), value(BYTES)), ([], '0'))
    kdamond.stop(checks)


def tests():
    huge = 1 << 32
    return [('results: regions', test_tried_regions, ()),
            ('Q7: results: regions are cleared first', test_cleared_first, ()),
            ('results: files of regions stay open', test_open_files, ()),
            ('Q14: results: regions of paddr in its unit', test_addr_unit, ()),
            ('Q16: results: statistics', test_stats, ()),
            ('Q8: results: schemes and directories', test_positions, ()),
            ('results: quotas', test_quota, ()),
            ('Q10: results: refresh_ms', test_refresh, ())] + [
            ('Q2: %s/%s %d' % row[:3], test_u32, row) for row in (
                ('nr_accesses', 'min', huge, True),
                ('nr_accesses', 'min', UINT_MAX, False),
                ('nr_accesses', 'min', ULONG_MAX, False),
                ('nr_accesses', 'max', ULONG_MAX, True),
                ('age', 'min', huge, True),
                ('age', 'min', UINT_MAX, False),
                ('age', 'max', ULONG_MAX, True))]
