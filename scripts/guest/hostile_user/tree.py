# SPDX-License-Identifier: GPL-2.0

'''
The files below users/.  Who calls these functions is who reads and writes.
'''

import errno
import os
import stat
import time

from _sysfs_abi import lib
from _sysfs_abi.lib import DEADLINE_SEC, must_write, read, value, write

from . import memory

USERS = '/sys/kernel/mm/damon/users'
NR_USERS = USERS + '/nr_users'
ALICE, BOB = 1000, 1001
ULONG_MAX = (1 << 64) - 1
SAMPLE_US, AGGR_US = 5000, 50000
COMMANDS = ['on', 'off', 'commit', 'commit_schemes_quota_goals', 'update_schemes_stats',
            'update_schemes_tried_bytes', 'update_schemes_tried_regions',
            'clear_schemes_tried_regions', 'update_schemes_effective_quotas',
            'update_tuned_intervals']


def directory(user=0):
    return '%s/%d' % (USERS, user)


def limit(name, user=0):
    return '%s/limits/%s' % (directory(user), name)


def fresh(*uids, **limits):
    '''As root: a directory for each of the uids, with the same limits.'''
    must_write(NR_USERS, '0')
    must_write(NR_USERS, '%d' % len(uids))
    for user, uid in enumerate(uids):
        for name, number in limits.items():
            must_write(limit(name, user), '%d' % number)
        must_write(directory(user) + '/uid', '%d' % uid)


def nothing():
    must_write(NR_USERS, '0')


def open_write(path):
    '''A descriptor, or minus the errno.'''
    try:
        return os.open(path, os.O_WRONLY)
    except OSError as e:
        return -e.errno


def write_fd(fd, data):
    '''Like write().'''
    try:
        os.pwrite(fd, data.encode(), 0)
        return 0
    except OSError as e:
        return e.errno


def read_fd(fd):
    '''0 or the errno.'''
    try:
        os.pread(fd, 4096, 0)
        return 0
    except OSError as e:
        return e.errno


def files(top):
    '''The paths of all files below a directory, some of which may go meanwhile.'''
    for path, _, names in os.walk(top):
        for name in names:
            yield os.path.join(path, name)


def counts(top):
    '''How many numbered directories there are below one, of each kind.'''
    seen = {}
    for path, names, _ in os.walk(top):
        number = len([name for name in names if name.isdigit()])
        kind = os.path.basename(path)
        if number:
            seen[kind] = seen.get(kind, 0) + number
    return seen


def modes(top):
    '''What is to be known of each file without reading it.'''
    for path in files(top):
        about = os.lstat(path)
        yield path, stat.S_IMODE(about.st_mode), about.st_uid


class Kdamond(lib.Kdamond):
    '''The directory of one kdamond of a user.'''

    def __init__(self, user=0, index=0, top=None):
        super().__init__(index)
        self.all = top or directory(user) + '/kdamonds'
        self.dir = '%s/%d' % (self.all, index)
        self.context = self.dir + '/contexts/0'
        self.targets = self.context + '/targets'
        self.scheme = self.context + '/schemes/0'
        self.tried_dir = self.scheme + '/tried_regions'

    def set(self, path, data):
        must_write('%s/%s' % (self.dir, path), str(data))

    def prepare(self, *pids, operations='vaddr', kdamonds=1):
        '''What is to be monitored, and a scheme that takes all regions.'''
        must_write(self.all + '/nr_kdamonds', '%d' % kdamonds)
        self.set('contexts/nr_contexts', 1)
        for path, data in (
                ('operations', operations),
                ('monitoring_attrs/intervals/sample_us', SAMPLE_US),
                ('monitoring_attrs/intervals/aggr_us', AGGR_US),
                ('monitoring_attrs/intervals/update_us', AGGR_US),
                ('targets/nr_targets', len(pids)),
                ('schemes/nr_schemes', 1),
                ('schemes/0/access_pattern/sz/max', ULONG_MAX),
                ('schemes/0/access_pattern/nr_accesses/max', (1 << 32) - 1),
                ('schemes/0/access_pattern/age/max', (1 << 32) - 1)):
            self.set('contexts/0/' + path, data)
        for number, pid in enumerate(pids):
            self.set('contexts/0/targets/%d/pid_target' % number, pid)

    def prepare_range(self, *pids, length=memory.LENGTH):
        '''The same for what memory.py maps.'''
        self.prepare(*pids, operations='fvaddr')
        self.set('contexts/0/monitoring_attrs/nr_regions/min', 3)
        self.set('contexts/0/monitoring_attrs/nr_regions/max', 20)
        for number, _ in enumerate(pids):
            regions = 'contexts/0/targets/%d/regions/' % number
            self.set(regions + 'nr_regions', 1)
            self.set(regions + '0/start', memory.START)
            self.set(regions + '0/end', memory.START + length)

    def on(self):
        return write(self.dir + '/state', 'on')

    def off(self):
        return write(self.dir + '/state', 'off')

    def snapshot(self):
        '''(start, end, nr_accesses) of each region, or an errno.'''
        result = self.tried('update_schemes_tried_regions')
        if result:
            return result
        regions = []
        for name in sorted(filter(str.isdigit, os.listdir(self.tried_dir)), key=int):
            regions.append(tuple(int(value('%s/%s/%s' % (self.tried_dir, name, what)))
                                 for what in ('start', 'end', 'nr_accesses')))
        return regions

    def sees_accesses(self, snapshots=20):
        '''Whether one of some snapshots has an access.  None without a kdamond.'''
        for _ in range(snapshots):
            regions = self.snapshot()
            if isinstance(regions, int):
                return None
            if any(nr_accesses for _, _, nr_accesses in regions):
                return True
        return False


def thread_of(user=0, index=0):
    '''As root: the pid of a kdamond that runs.'''
    return int(value('%s/kdamonds/%d/pid' % (directory(user), index)))


def await_that(condition, seconds=DEADLINE_SEC):
    '''Whether that becomes true.  For what the kernel tells nobody about.'''
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def ends(kdamond, seconds=DEADLINE_SEC):
    return await_that(lambda: read(kdamond.dir + '/state') != 'on\n', seconds)


def is_gone(result):
    '''What is said about a file that was there once.'''
    return result in (errno.ENODEV, errno.ENOENT)
