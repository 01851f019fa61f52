# SPDX-License-Identifier: GPL-2.0

'''DAMON's sysfs files as differential uses them, with a log of what they answer'''

import errno
import os
import subprocess

ADMIN = '/sys/kernel/mm/damon/admin'
KDAMONDS = 'kdamonds'
LAST_PID = '/proc/sys/kernel/ns_last_pid'
# Of the processes that are monitored. No value that is written is one of these.
FIRST_PID = 20001


def is_number(text):
    return text.isascii() and text.strip().lstrip('-').isdigit()


def process_of(pid):
    '''A process of this number; others go on with the numbers that they would have had'''
    while True:
        with open(LAST_PID, encoding='ascii') as f:
            before = f.read()
        with open(LAST_PID, 'w', encoding='ascii') as f:
            f.write('%d' % (pid - 1))
        process = subprocess.Popen(['sleep', 'infinity'], stdin=subprocess.DEVNULL)
        with open(LAST_PID, 'w', encoding='ascii') as f:
            f.write(before)
        if process.pid == pid:
            return process
        # A thread of the kernel was faster, and may be gone again.
        process.kill()
        process.wait()


class Tree:
    '''
    The files, with a log of all that is done to them.

    What is not logged as it is:
    - The pid of a kdamond is whatever the kernel gives: it is logged as a name. That of
      the process that is monitored is the same on all kernels.
    - What the kdamond measures depends on when it runs: statistics, effective
      quotas and the size of tried regions are, once a kdamond has run since their
      directory was made, logged as "a number".  check_snapshot() has a case whose
      numbers do not depend on that.
    - Files with the second names of CONFIG_DAMON_SYSFS_RFC_NAMES, and those of
      CONFIG_DAMON_SYSFS_EXTENSIONS, are not in C, and not looked at.
    '''

    MEASURED = ['nr_tried', 'sz_tried', 'nr_applied', 'sz_applied',
                'sz_ops_filter_passed', 'qt_exceeds', 'nr_snapshots',
                'effective_bytes', 'total_bytes']
    NOT_IN_C = ['nr', 'damon_type', 'state_error', 'cpu_time_us',
                'current_nr_regions', 'current_nr']

    def __init__(self, log):
        self.log = log
        self.count = 0
        self.held = []
        self.ran = set()        # the kdamonds that ran since they were made
        self.monitoring = set() # those that run for as long as the process does
        self.process = process_of(FIRST_PID)

    def spawn(self):
        self.process.kill()
        self.process.wait()
        self.process = process_of(self.process.pid + 1)

    def pid(self):
        return b'%d' % self.process.pid

    def line(self, text):
        self.log.write('%6d %s\n' % (self.count, text))
        self.count += 1

    def attempt(self, what, function, show=repr):
        try:
            result = show(function())
            err = 0
        except OSError as error:
            err = error.errno
            result = errno.errorcode[err]
        self.line('%s -> %s' % (what, result))
        return err

    def write(self, path, data, offset=0):
        if isinstance(data, str):
            data = data.encode()

        def function():
            fd = os.open(os.path.join(ADMIN, path), os.O_WRONLY)
            try:
                return os.pwrite(fd, data, offset)
            finally:
                os.close(fd)

        shown = repr(data[:100])
        if len(data) > 100:
            shown += '... of %d bytes' % len(data)
        if offset:
            shown += ' at %d' % offset
        show = (lambda n: 'all' if n == len(data) else '%d bytes' % n)
        err = self.attempt('write %s %s' % (path, shown), function, show)
        # An empty write succeeds without the kernel asking DAMON: nothing is made anew.
        if not err and data and path == KDAMONDS + '/nr_kdamonds':
            self.ran.clear()
        return err

    def normal(self, path, data):
        name = os.path.basename(path)
        text = data.decode(errors='replace')
        if name == 'pid' and text.strip() != '-1' and is_number(text):
            return 'a pid'
        if (name in self.MEASURED and is_number(text) and
                path.split('/')[1] in self.ran):
            return 'a number'
        if len(data) > 100:
            return '%r... of %d bytes' % (data[:100], len(data))
        return repr(data)

    def read(self, path, size=65536, offset=0):
        def function():
            fd = os.open(os.path.join(ADMIN, path), os.O_RDONLY)
            try:
                return os.pread(fd, size, offset)
            finally:
                os.close(fd)

        self.attempt('read %s' % path, function,
                     lambda data: self.normal(path, data))

    def peek(self, path):
        '''What a file says, not logged: None if it cannot be read'''
        try:
            with open(os.path.join(ADMIN, path), 'rb') as f:
                return f.read().decode(errors='replace').rstrip('\n')
        except OSError:
            return None

    def entries(self, path):
        '''The directories and files in a directory, without those that vary'''
        directories, files = [], []
        try:
            names = sorted(os.listdir(os.path.join(ADMIN, path)))
        except OSError:
            names = []
        parent = os.path.basename(os.path.dirname(path))
        for name in names:
            below = os.path.join(path, name)
            if os.path.isdir(os.path.join(ADMIN, below)):
                if os.path.basename(path) != 'tried_regions':
                    directories.append(below)
            elif not (name in self.NOT_IN_C or
                      (name == 'pid' and parent == 'targets')):
                files.append(below)
        return directories, files

    def walk(self, path=KDAMONDS):
        '''Logs the whole tree: names, modes, owners, sizes and contents'''
        directories, files = self.entries(path)
        for below in files:
            s = os.stat(os.path.join(ADMIN, below))
            self.line('%o %d:%d %d %s' % (s.st_mode, s.st_uid, s.st_gid,
                                          s.st_size, below))
            self.read(below)
        for below in directories:
            s = os.stat(os.path.join(ADMIN, below))
            self.line('%o %d:%d %s' % (s.st_mode, s.st_uid, s.st_gid, below))
            self.walk(below)

    def hold(self, path):
        '''Opens a file for reading later, when it may have been removed'''
        def function():
            self.held.append((path, os.open(os.path.join(ADMIN, path),
                                            os.O_RDONLY)))
        self.attempt('open %s' % path, function, lambda _: 'opened')

    def read_held(self):
        while self.held:
            path, fd = self.held.pop()
            self.attempt('read the open %s' % path,
                         lambda fd=fd: os.pread(fd, 65536, 0),
                         lambda data, path=path: self.normal(path, data))
            os.close(fd)
