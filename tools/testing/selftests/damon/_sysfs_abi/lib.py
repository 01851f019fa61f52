# SPDX-License-Identifier: GPL-2.0

'''
What the test groups of sysfs_abi.py share: files of the DAMON sysfs tree,
kdamonds, processes to monitor, and the kernel's log.

Everything happens in this process: no command is executed.
'''

import errno
import os
import select
import signal
import time

ADMIN = '/sys/kernel/mm/damon/admin'
# For what takes milliseconds, on a machine that may be a hundred times slower.
DEADLINE_SEC = 30


# Commands whose 'state_error' is not as it should be.
UNEXPLAINED = []


class Skip(Exception):
    '''Raised by a test that cannot be done on this kernel.'''


class Checks:
    '''The failures that one test saw.'''

    def __init__(self):
        self.failures = []

    def that(self, good, message):
        if not good:
            self.failures.append(message)
        return good

    def equal(self, what, seen, expected):
        return self.that(seen == expected, '%s: %r, expected %r' % (
            what, seen, expected))

    def error(self, what, seen, expected):
        return self.equal(what, error_name(seen), error_name(expected))


def error_name(number):
    if number == 0:
        return 'success'
    return errno.errorcode.get(number, number)


def full(path):
    return os.path.join(ADMIN, path)


def exists(path):
    return os.path.lexists(full(path))


def write(path, data):
    '''Write with one system call.  Return 0 or the errno.'''
    if isinstance(data, str):
        data = data.encode()
    try:
        fd = os.open(full(path), os.O_WRONLY)
    except OSError as e:
        return e.errno
    try:
        written = os.write(fd, data)
    except OSError as e:
        return e.errno
    finally:
        os.close(fd)
    return 0 if written == len(data) else errno.EIO


def read_bytes(path):
    fd = os.open(full(path), os.O_RDONLY)
    try:
        data = b''
        while True:
            part = os.read(fd, 4096)
            if not part:
                return data
            data += part
    finally:
        os.close(fd)


def read(path):
    '''The whole content, or the name of the errno.'''
    try:
        return read_bytes(path).decode()
    except OSError as e:
        return error_name(e.errno)


def value(path):
    '''The content without its newline, which must be there.'''
    content = read(path)
    return content[:-1] if content.endswith('\n') else content


def must_write(path, data):
    '''Write what a test needs before it can test something.'''
    err = write(path, data)
    if err:
        raise OSError(err, 'setup: cannot write %r to %s: %s' % (
            data, path, error_name(err)))


def thread_name(pid):
    try:
        with open('/proc/%d/comm' % pid) as f:
            return f.read().strip()
    except OSError:
        return None


def await_exit(pid):
    '''Wait until a process is gone.  Return whether that happened.'''
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return len(poll.poll(DEADLINE_SEC * 1000)) > 0
    finally:
        os.close(fd)


class Kdamond:
    '''The directory and the thread of one kdamond.'''

    def __init__(self, index=0):
        self.dir = 'kdamonds/%d' % index
        self.context = self.dir + '/contexts/0'
        self.targets = self.context + '/targets'

    def command(self, word):
        result = write(self.dir + '/state', word)
        # What CONFIG_DAMON_SYSFS_EXTENSIONS has: a reason for each refusal.
        line = read(self.dir + '/state_error')
        if line != 'ENOENT' and (
                (line == '') != (result == 0) or 'refuses it' in line):
            UNEXPLAINED.append((word, error_name(result), line))
        return result

    def explains(self, checks, line):
        '''Check the reason for what was refused last, if it is told.'''
        told = read(self.dir + '/state_error')
        if told != 'ENOENT':
            checks.equal('state_error', told, line + '\n')

    def tried(self, word):
        '''
        Write a command that walks through the regions.  For a moment after
        such a walk has ended, the core may say that there is one already.
        '''
        until = deadline(DEADLINE_SEC)
        while True:
            result = self.command(word)
            if result != errno.EBUSY or time.monotonic() > until:
                return result

    def state(self):
        return value(self.dir + '/state')

    def pid(self):
        return int(value(self.dir + '/pid'))

    def stage(self, pid):
        '''Make a context that monitors the virtual memory of a process.'''
        must_write(self.dir + '/contexts/nr_contexts', '1')
        must_write(self.targets + '/nr_targets', '1')
        must_write(self.targets + '/0/pid_target', '%d' % pid)

    def start(self, checks):
        '''Turn it on and return the pid of its thread.'''
        checks.error('on', self.command('on'), 0)
        checks.equal('state after on', self.state(), 'on')
        pid = self.pid()
        if checks.that(pid > 0, 'pid after on: %d' % pid):
            name = thread_name(pid)
            checks.that(name and name.startswith('kdamond.'),
                        'pid %d is the thread %s' % (pid, name))
        return pid

    def stop(self, checks):
        '''Turn it off; its thread must be gone.'''
        pid = self.pid()
        checks.error('off', self.command('off'), 0)
        self.check_off(checks)
        if pid > 0:
            checks.that(await_exit(pid), 'thread %d outlives off' % pid)

    def check_off(self, checks):
        checks.equal('state', self.state(), 'off')
        checks.equal('pid', self.pid(), -1)

    def await_end(self, checks):
        '''Wait until a kdamond without a live target ends by itself.'''
        pid = self.pid()
        if pid > 0:
            checks.that(await_exit(pid), 'kdamond %d does not end' % pid)
        self.check_off(checks)


def in_pid_namespace(function):
    '''
    Call a function as process 1 of a new pid name space, and return whether it
    returned something true.
    '''
    if not hasattr(os, 'unshare'):
        raise Skip('this Python has no os.unshare()')
    child = os.fork()
    if child == 0:
        # A new name space holds the next child.
        try:
            os.unshare(os.CLONE_NEWPID)
        except OSError:
            os._exit(255)
        inner = os.fork()
        if inner == 0:
            try:
                os._exit(not function())
            finally:
                os._exit(1)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 255:
        raise Skip('no pid name spaces on this kernel')
    return status == 0


class Process:
    '''
    A process to monitor, which does nothing until it is ended, or until the
    test itself is.
    '''

    def __init__(self):
        wait, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            os.read(wait, 1)
            os._exit(0)
        os.close(wait)

    def end(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.pipe)
            self.pid = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def reset():
    '''Turn every kdamond off and remove all of them.'''
    for name in os.listdir(full('kdamonds')):
        if name.isdigit():
            kdamond = Kdamond(int(name))
            if kdamond.state() == 'on':
                kdamond.command('off')
    must_write('kdamonds/nr_kdamonds', '0')


def build(kdamonds=1, contexts=1, targets=1, regions=1):
    '''
    Make a new tree with these numbers of directories at each level.  Where a
    number is 0, the file that says so is not written.
    '''
    reset()
    must_write('kdamonds/nr_kdamonds', '%d' % kdamonds)
    for k in range(kdamonds):
        kdamond = Kdamond(k)
        if not contexts:
            continue
        must_write(kdamond.dir + '/contexts/nr_contexts', '%d' % contexts)
        if not targets:
            continue
        must_write(kdamond.targets + '/nr_targets', '%d' % targets)
        for t in range(targets):
            if regions:
                must_write('%s/%d/regions/nr_regions' % (kdamond.targets, t),
                           '%d' % regions)


class KernelLog:
    '''The kernel's messages from now on.'''

    BAD = ('BUG', 'WARNING', 'Oops', 'KASAN', 'UBSAN', 'KCSAN', 'kmemleak',
           'general protection', 'stack-out-of', 'use-after-free',
           'refcount_t', 'rust_kernel: panicked', 'blocked for more than',
           'scheduling while atomic', 'locking dependency', 'kobject:',
           'sysfs: cannot create', 'page allocation failure', 'Call Trace')

    def __init__(self):
        self.fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def bad_lines(self):
        lines = []
        while True:
            try:
                record = os.read(self.fd, 8192)
            except BlockingIOError:
                return lines
            except BrokenPipeError:
                lines.append('messages were lost: too many of them')
                continue
            line = record.decode(errors='replace').split('\n')[0]
            message = line.split(';', 1)[-1]
            if any(word in message for word in self.BAD):
                lines.append(message)


def deadline(seconds):
    return time.monotonic() + seconds
