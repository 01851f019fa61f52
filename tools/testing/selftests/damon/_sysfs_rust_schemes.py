# SPDX-License-Identifier: GPL-2.0

'''
The files of sysfs_rust.py that are for schemes and probes, and what 'on' and
the commands of the 'state' file say about them.
'''

from errno import ECANCELED, EINVAL, ENOMEM, ERANGE
import os

from _sysfs_rust_lib import Kdamond, build, exists, must_write, write
from _sysfs_rust_table import (ATTRS, BOOL, CONTEXT, INT_MAX, INT_MIN, KDAMOND,
                               Kind, NR, READ_ONLY, SAME_NUMBER, ULONG,
                               ULONG_MAX, keyword_kind, keyword_refuses,
                               not_numbers, text, unsigned_kind)

SELF = os.getpid()
PROBE = ATTRS + '/probes/0'
SCHEME = CONTEXT + '/schemes/0'
QUOTAS = SCHEME + '/quotas'
GOAL = QUOTAS + '/goals/0'
FILTERS = ['filters', 'core_filters', 'ops_filters']

CORE_TYPES = ['addr', 'target']
OPS_TYPES = ['anon', 'active', 'memcg', 'young', 'hugepage_size', 'unmapped']


def einval_kind(kind):
    '''Every parse error is reported as EINVAL, also an overflow.'''
    return Kind(kind.accepts, [(data, EINVAL) for data, _ in kind.refuses])


def int_kind():
    accepts = [(text(n), '%d' % n) for n in (0, 1, -1, INT_MAX, INT_MIN)]
    accepts += SAME_NUMBER + [(b'-0', '0'), (b'-0x10', '-16')]
    refuses = not_numbers()
    refuses += [(b, ERANGE) for b in (text(INT_MAX + 1), text(INT_MIN - 1),
                                      b'0x80000000', text(ULONG_MAX + 1))]
    return Kind(accepts, refuses)


def part_kind(words, others):
    '''Of the keywords, the @others are not for this directory.'''
    kind = keyword_kind(words)
    return Kind(kind.accepts, keyword_refuses(words + others) +
                [(word.encode(), EINVAL) for word in others])


UINT = unsigned_kind((1 << 32) - 1)
INT = int_kind()
ULONG_EINVAL = einval_kind(ULONG)
UINT_EINVAL = einval_kind(UINT)
# What is written is kept, with the newline, up to a null byte.
PATH = Kind([(b'/a', '/a'), (b'/a\n', '/a\n'), (b'\n', '\n'), (b'x\0y', 'x'),
             (b'\xc3\xa4 b', '\u00e4 b'), (b'p' * 2000, 'p' * 2000)], [])
NR_MAX_4 = Kind([(b'4', '4'), (b'0', '0'), (b'0x3\n', '3'), (b'01', '1')],
                not_numbers(refused=[b'-1', b'5', text(INT_MAX)]) +
                [(text(INT_MAX + 1), ERANGE)])

ACTION = keyword_kind(['willneed', 'cold', 'pageout', 'hugepage', 'nohugepage',
                       'collapse', 'lru_prio', 'lru_deprio', 'migrate_hot',
                       'migrate_cold', 'stat'])
TUNER = keyword_kind(['consist', 'temporal'])
WMARK_METRIC = keyword_kind(['none', 'free_mem_rate'])
GOAL_METRIC = keyword_kind([
        'user_input', 'some_mem_psi_us', 'node_mem_used_bp',
        'node_mem_free_bp', 'node_memcg_used_bp', 'node_memcg_free_bp',
        'active_mem_bp', 'inactive_mem_bp', 'node_eligible_mem_bp'])
FILTER_TYPE = {'filters': keyword_kind(CORE_TYPES + OPS_TYPES),
               'core_filters': part_kind(CORE_TYPES, OPS_TYPES),
               'ops_filters': part_kind(OPS_TYPES, CORE_TYPES)}

# The nr files, from the top, each of which makes one directory for the tests.
NR_FILES = [(ATTRS + '/probes/nr_probes', NR_MAX_4),
            (PROBE + '/filters/nr_filters', NR),
            (CONTEXT + '/schemes/nr_schemes', NR),
            (SCHEME + '/dests/nr_dests', NR),
            (QUOTAS + '/goals/nr_goals', NR)]
NR_FILES += [('%s/%s/nr_filters' % (SCHEME, name), NR) for name in FILTERS]

# path, kind, what it shows when it is new
FILES = [(path, kind, '0') for path, kind in NR_FILES]
FILES += [(KDAMOND + '/refresh_ms', UINT, '0'),
          (PROBE + '/weight', UINT, '0'),
          (PROBE + '/filters/0/type', keyword_kind(['anon', 'memcg']), 'anon'),
          (PROBE + '/filters/0/matching', BOOL, 'N'),
          (PROBE + '/filters/0/allow', BOOL, 'N'),
          (PROBE + '/filters/0/path', PATH, ''),
          (SCHEME + '/action', ACTION, 'stat'),
          (SCHEME + '/apply_interval_us', ULONG, '0'),
          (SCHEME + '/target_nid', INT, '-1'),
          (SCHEME + '/dests/0/id', UINT, '0'),
          (SCHEME + '/dests/0/weight', UINT, '0'),
          (QUOTAS + '/effective_bytes', READ_ONLY, '0'),
          (QUOTAS + '/goal_tuner', TUNER, 'consist'),
          (GOAL + '/target_metric', GOAL_METRIC, 'user_input'),
          (GOAL + '/target_value', ULONG, '0'),
          (GOAL + '/current_value', ULONG, '0'),
          (GOAL + '/nid', INT, '0'),
          (GOAL + '/path', PATH, ''),
          (SCHEME + '/watermarks/metric', WMARK_METRIC, 'none'),
          (SCHEME + '/stats/max_nr_snapshots', ULONG, '0'),
          (SCHEME + '/tried_regions/total_bytes', READ_ONLY, '0')]
FILES += [('%s/access_pattern/%s/%s' % (SCHEME, of, end), ULONG, '0')
          for of in ('sz', 'nr_accesses', 'age') for end in ('min', 'max')]
FILES += [(QUOTAS + '/' + name, ULONG_EINVAL, '0')
          for name in ('ms', 'bytes', 'reset_interval_ms')]
FILES += [(QUOTAS + '/' + name, UINT_EINVAL, '0')
          for name in ('fail_charge_num', 'fail_charge_denom')]
FILES += [('%s/weights/%s_permil' % (QUOTAS, name), UINT, '0')
          for name in ('sz', 'nr_accesses', 'age')]
FILES += [(SCHEME + '/watermarks/' + name, ULONG, '0')
          for name in ('interval_us', 'high', 'mid', 'low')]
FILES += [(SCHEME + '/stats/' + name, READ_ONLY, '0')
          for name in ('nr_tried', 'sz_tried', 'nr_applied', 'sz_applied',
                       'sz_ops_filter_passed', 'qt_exceeds', 'nr_snapshots')]
for filters in FILTERS:
    first = '%s/%s/0/' % (SCHEME, filters)
    FILES += [(first + 'type', FILTER_TYPE[filters], 'anon'),
              (first + 'matching', BOOL, 'N'),
              (first + 'allow', BOOL, 'N'),
              (first + 'memcg_path', PATH, ''),
              (first + 'addr_start', ULONG, '0'),
              (first + 'addr_end', ULONG, '0'),
              (first + 'min', ULONG, '0'),
              (first + 'max', ULONG, '0'),
              (first + 'damon_target_idx', INT, '0')]


def build_schemes(without=None):
    '''Make a tree with one of everything, but for what one nr file makes.'''
    build()
    for path, _ in NR_FILES:
        if path != without and exists(path):
            must_write(path, '1')


# What is staged beside a valid context, and what 'on' says about it.
ON = [('a scheme', [], 0),
      ('a filter that ends before it starts',
       [(SCHEME + '/core_filters/0/type', 'addr'),
        (SCHEME + '/core_filters/0/addr_start', '2'),
        (SCHEME + '/core_filters/0/addr_end', '1')], ENOMEM),
      ('a filter of no addresses',
       [(SCHEME + '/core_filters/0/type', 'addr')], 0),
      ('sizes that end before they start',
       [(SCHEME + '/ops_filters/0/type', 'hugepage_size'),
        (SCHEME + '/ops_filters/0/min', '2'),
        (SCHEME + '/ops_filters/0/max', '1')], ENOMEM),
      ('a filter of no memory cgroup',
       [(SCHEME + '/filters/0/type', 'memcg'),
        (SCHEME + '/filters/0/memcg_path', '/no/such')], ENOMEM),
      ('a goal of no memory cgroup',
       [(GOAL + '/target_metric', 'node_memcg_used_bp'),
        (GOAL + '/target_value', '1')], ENOMEM),
      ('a goal that is none',
       [(GOAL + '/target_metric', 'node_memcg_used_bp')], 0),
      ('a goal that needs physical addresses',
       [(GOAL + '/target_metric', 'node_eligible_mem_bp'),
        (GOAL + '/target_value', '1')], EINVAL),
      ('a probe of no memory cgroup',
       [(PROBE + '/filters/0/type', 'memcg')], EINVAL)]


def test_on(checks, staged, errno):
    build_schemes()
    must_write(CONTEXT + '/targets/nr_targets', '1')
    must_write(CONTEXT + '/targets/0/pid_target', '%d' % SELF)
    for path, data in staged:
        must_write(path, data)
    kdamond = Kdamond()
    checks.error('on', kdamond.command('on'), errno)
    if not errno:
        kdamond.stop(checks)


# What the commands say when the kdamond was never started, runs with a scheme,
# runs without one, and was stopped.
COMMANDS = [('commit_schemes_quota_goals', EINVAL, 0, 0, ECANCELED),
            ('update_schemes_stats', EINVAL, 0, 0, ECANCELED),
            ('update_schemes_effective_quotas', EINVAL, 0, 0, ECANCELED),
            ('update_schemes_tried_bytes', EINVAL, 0, ECANCELED, ECANCELED),
            ('update_schemes_tried_regions', EINVAL, 0, ECANCELED, ECANCELED),
            ('clear_schemes_tried_regions', 0, 0, 0, 0)]


def test_commands(checks):
    def say(when, errnos):
        for (command, *_), errno in zip(COMMANDS, errnos):
            checks.error('%s, %s' % (command, when),
                         kdamond.command(command), errno)

    never, scheme, none, ended = list(zip(*COMMANDS))[1:]
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    say('never started', never)
    kdamond.start(checks)
    say('without a scheme', none)
    kdamond.stop(checks)
    say('stopped', ended)
    must_write(CONTEXT + '/schemes/nr_schemes', '1')
    for name in ('sz', 'nr_accesses', 'age'):
        must_write('%s/access_pattern/%s/max' % (SCHEME, name),
                   '%d' % ULONG_MAX)
    kdamond.start(checks)
    say('with a scheme', scheme)
    # The scheme of the kdamond may have lost its directory.
    checks.error('no scheme', write(CONTEXT + '/schemes/nr_schemes', '0'), 0)
    say('without the directory of the scheme', scheme)
    kdamond.stop(checks)


def tests(test_file):
    run = [('file %s' % path, test_file, (path, kind, default, build_schemes))
           for path, kind, default in FILES]
    run += [('on: %s' % name, test_on, (staged, errno))
            for name, staged, errno in ON]
    return run + [('state: commands for schemes', test_commands, ())]
