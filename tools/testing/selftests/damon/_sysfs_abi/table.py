# SPDX-License-Identifier: GPL-2.0

'''
The DAMON sysfs files that sysfs_abi.py tests: those of _sysfs_abi/files.tsv.

In a path, which is relative to the admin directory, every number is 0 here.
'''

import collections
import os

from .kinds import kind_of
from .lib import exists, must_write, reset

# kind is None for a file that cannot be written, words are those of a keyword.
File = collections.namedtuple('File', 'path kind default words nr')

KDAMOND = 'kdamonds/0'
CONTEXT = KDAMOND + '/contexts/0'
ATTRS = CONTEXT + '/monitoring_attrs'
PROBE = ATTRS + '/probes/0'
TARGET = CONTEXT + '/targets/0'
REGION = TARGET + '/regions/0'
SCHEME = CONTEXT + '/schemes/0'
QUOTAS = SCHEME + '/quotas'
GOAL = QUOTAS + '/goals/0'
TRIED = SCHEME + '/tried_regions'
FILTERS = ['filters', 'core_filters', 'ops_filters']

# What files show in a new directory that only their methods know.
FRESH = {
    KDAMOND + '/state': 'off',
    KDAMOND + '/pid': '-1',
    KDAMOND + '/state_error': None,
    KDAMOND + '/cpu_time_us': '0',
    CONTEXT + '/avail_operations': None,
}

# Files that a kernel need not have.
EXTENSIONS = [
    KDAMOND + '/state_error',
    KDAMOND + '/cpu_time_us',
    CONTEXT + '/current_nr_regions',
    TARGET + '/regions/current_nr',
]


def rows():
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                        'files.tsv')
    with open(path, encoding='ascii') as f:
        for line in f:
            if line.startswith('#'):
                continue
            path, mode, kind, default, first, _ = line.split('\t')
            parts = ['0' if part == 'N' else part for part in path.split('/')]
            # The first ones are damon/admin.
            path = '/'.join(parts[2:] if parts[1] else ['..'])
            yield path, mode, kind, default, first


def parent(path):
    return os.path.dirname(path.rstrip('/'))


def name(path):
    return os.path.basename(path.rstrip('/'))


# Files, and second names with the first ones, in the order of the table: a
# directory comes before what is below it.
FILES, SECOND_NAMES, DIRS = [], [], []
for _path, _mode, _kind, _default, _first in rows():
    if _mode == 'dir':
        DIRS.append(_path.rstrip('/'))
    elif _first != '-':
        SECOND_NAMES.append((_path, os.path.join(parent(_path), _first)))
    else:
        FILES.append(File(
            _path, kind_of(_path, _kind) if _mode == 'rw' else None,
            FRESH.get(_path, _default),
            [word for word in _kind.partition(':')[2].split('|') if word],
            _kind.startswith('nr')))

# What a command makes, and no nr file.
TRIED_FILES = [file for file in FILES if file.path.startswith(TRIED + '/0/')]
FILES = [file for file in FILES if file not in TRIED_FILES]
DIRS = [path for path in DIRS if not path.startswith(TRIED + '/0')]

BY_PATH = {file.path: file for file in FILES}
COMMANDS = BY_PATH[KDAMOND + '/state'].words
OPERATIONS = BY_PATH[CONTEXT + '/operations'].words


# The files that make numbered directories, from the top.
NR_FILES = [file.path for file in FILES if file.nr]


def has_second_names():
    '''Whether this kernel has the second names, which it need not have.'''
    return any(exists(path) for path, _ in SECOND_NAMES)


def is_left_out(file):
    '''Whether this kernel has no such file, and need not have it.'''
    return file.path in EXTENSIONS and not exists(file.path)


def takes_default(file):
    '''Whether what a new file shows can be written to it.'''
    return not file.words or file.default in [
            shown for _, shown in file.kind.accepts]


def a_change(directory):
    '''A file of a directory, and a value other than that of a new one.'''
    for file in FILES:
        if parent(file.path) == directory and file.kind:
            for data, shown in file.kind.accepts:
                if shown != file.default:
                    return file.path, data.decode()
    return None


def build_all(without=None):
    '''Make a tree with one of everything, but for what one nr file makes.'''
    reset()
    for path in NR_FILES:
        if path != without and exists(path):
            must_write(path, '1')
