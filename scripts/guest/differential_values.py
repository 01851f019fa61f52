# SPDX-License-Identifier: GPL-2.0

'''What is written to DAMON's sysfs files by differential: valid, at the limits, and not'''

ULONG_MAX = (1 << 64) - 1

BOOLEANS = ['Y', 'N', 'y', 'n', '1', '0', 'on', 'off', 'of', 'true', 'F', 'E', 'd', '2', 'o']
NUMBERS = ['0', '1', '2', '3', '5', '9', '10', '100', '255', '256', '1000', '4095', '4096',
           '5000', '65536', '100000', '1000000']
LIMITS = [str(n + d) for n in (1 << 7, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32, 1 << 63,
                               1 << 64) for d in (-1, 0, 1)]
NEGATIVE = ['-1', '-2', '-0', '-5', str(-(1 << 31)), str(-(1 << 31) - 1), str(-(1 << 63))]
SYNTAX = ['0x10', '0X1f', '010', '08', '+5', '+0x10', '0x+5', '0b1', '0o7', '5\n', '5\n\n',
          '\n5', ' 5', '5 ', '5k', '5.0', '1e3', '1,000', '5_0', '+', '-', '0x', '', '\n',
          '\0', '5\0', '\x005', '٣', 'abc', 'x' * 4095, '1' * 4096, 'a' * 5000, '%s%n']
# More directories than that take long to make, and far more than that cannot be.
COUNTS = ['0', '1', '1', '2', '2', '3', '4', '5']
COUNT_LIMITS = ['-1', str((1 << 31) - 1), str(1 << 31), str(1 << 32), str(1 << 63),
                str(1 << 64), str(-(1 << 31))]

METRICS = ['user_input', 'some_mem_psi_us', 'node_mem_used_bp', 'node_mem_free_bp',
           'node_memcg_used_bp', 'node_memcg_free_bp', 'active_mem_bp', 'inactive_mem_bp',
           'node_eligible_mem_bp']
ACTIONS = ['willneed', 'cold', 'pageout', 'hugepage', 'nohugepage', 'collapse', 'lru_prio',
           'lru_deprio', 'migrate_hot', 'migrate_cold', 'stat']
TYPES = ['anon', 'active', 'memcg', 'young', 'hugepage_size', 'unmapped', 'addr', 'target']
PATHS = ['/', '/\n', '', '/nowhere', '//', 'x' * 100]

WORDS = {
        'operations': ['vaddr', 'fvaddr', 'paddr'],
        'action': ACTIONS,
        'target_metric': METRICS,
        'goal_tuner': ['consist', 'temporal'],
        'metric': ['none', 'free_mem_rate'],
        'type': TYPES,
        'path': PATHS,
        'memcg_path': PATHS,
        'matching': BOOLEANS,
        'allow': BOOLEANS,
        'pause': ['N'] * 20 + BOOLEANS,
        'obsolete_target': ['N'] * 20 + BOOLEANS,
        }
ALL_WORDS = [word for words in WORDS.values() for word in words]


# In the order in which they make a tree with one of each directory.
COUNT_FILES = ['nr_kdamonds', '0/contexts/nr_contexts']
COUNT_FILES += ['0/contexts/0/' + name for name in (
    'monitoring_attrs/probes/nr_probes', 'monitoring_attrs/probes/0/filters/nr_filters',
    'targets/nr_targets', 'targets/0/regions/nr_regions', 'schemes/nr_schemes')]
COUNT_FILES += ['0/contexts/0/schemes/0/' + name for name in (
    'dests/nr_dests', 'quotas/goals/nr_goals', 'filters/nr_filters',
    'core_filters/nr_filters', 'ops_filters/nr_filters')]


def every(name):
    '''All there is, but for numbers of directories that would take too long to make'''
    words = sorted(set(ALL_WORDS + BOOLEANS))
    if name.startswith('nr_'):
        pool = COUNT_LIMITS + SYNTAX + words + sorted(set(COUNTS))
    else:
        pool = NUMBERS + LIMITS + NEGATIVE + SYNTAX + words
    for data in pool:
        yield data.encode()
        yield data.encode() + b'\n'


def choose(rng, name):
    '''Bytes for the file of that name, more often valid ones than not'''
    usual = rng.random() < 0.6
    if name.startswith('nr_') or (not usual and rng.random() < 0.3):
        pool = COUNTS if usual else COUNT_LIMITS + SYNTAX + ALL_WORDS
    elif name in WORDS:
        pool = WORDS[name] if usual else ALL_WORDS
    else:
        pool = NUMBERS if usual else LIMITS + NEGATIVE + SYNTAX + ALL_WORDS
    data = rng.choice(pool)
    if rng.random() < 0.3:
        data += '\n'
    if rng.random() < 0.05:
        data = data.swapcase()
    return data.encode()
