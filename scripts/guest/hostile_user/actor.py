# SPDX-License-Identifier: GPL-2.0

'''
Programs of ordinary users, which do what they are told, one function after the other.
'''

import ctypes
import multiprocessing
import os
import signal
import time

from _sysfs_abi.lib import DEADLINE_SEC, Skip

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
# For what waits for locks of others, which a slow machine makes it do for long.
PATIENCE_SEC = 4 * DEADLINE_SEC


class Hangs(Exception):
    '''Raised when a program does not answer.'''


def prctl(option, value):
    if LIBC.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl %d' % option)


def set_dumpable(value):
    prctl(PR_SET_DUMPABLE, value)


def set_fsuid(uid):
    '''As root: what only the checks of files look at, and of DAMON.'''
    LIBC.setfsuid(uid)
    if LIBC.setfsuid(-1) != uid:
        raise OSError(0, 'setfsuid %d' % uid)


def become(uid, gid=None):
    '''What login does.'''
    os.setgroups([])
    gid = uid if gid is None else gid
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    # Otherwise nobody may look into it, as it was root's.
    set_dumpable(1)


def stack(pid):
    '''For the message about a process that hangs.'''
    try:
        with open('/proc/%d/stack' % pid, encoding='ascii') as f:
            return f.read()
    except OSError:
        return '(not known)'


def cpu_time(pid):
    '''In ticks; what is not there has used none.'''
    try:
        with open('/proc/%d/stat' % pid, encoding='ascii', errors='replace') as f:
            return sum(map(int, f.read().rpartition(')')[2].split()[11:13]))
    except OSError:
        return 0


class Actor:
    '''
    A program of @uid.  @first is called as root in it; with @pid_namespace it is
    process 1 of a new one.
    '''

    def __init__(self, uid, first=None, pid_namespace=False):
        self.uid = uid
        self.ours, theirs = multiprocessing.Pipe()
        self.outer = self.pid = os.fork()
        if self.pid == 0:
            try:
                self.ours.close()
                if pid_namespace:
                    self._enter_pid_namespace()
                self._serve(theirs, first)
            finally:
                os._exit(1)
        theirs.close()
        try:
            # From then on it is who it is to be, for those who look at it, too.
            self.do(os.getpid)
        except Exception:
            self.end()
            raise
        if pid_namespace:
            with open('/proc/%d/task/%d/children' % (self.pid, self.pid),
                      encoding='ascii') as f:
                self.pid = int(f.read())

    @staticmethod
    def _enter_pid_namespace():
        '''The children of this process are in it.'''
        os.unshare(os.CLONE_NEWPID)
        child = os.fork()
        if child:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.waitpid(child, 0)
            os._exit(0)

    def _serve(self, pipe, first):
        # A problem of what comes before the first function is the answer to that.
        problem = None
        try:
            if first:
                first()
            if self.uid:
                become(self.uid)
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        except Exception as e:
            problem = e
        while True:
            try:
                function, args, names = pipe.recv()
            except EOFError:
                os._exit(0)
            try:
                if problem:
                    raise problem
                reply = True, function(*args, **names)
            except Exception as e:
                reply = False, e
            pipe.send(reply)

    def ask(self, function, *args, **names):
        '''Begin to do something.'''
        self.ours.send((function, args, names))

    def answers(self, seconds=PATIENCE_SEC):
        return self.ours.poll(seconds)

    def answer(self, seconds=PATIENCE_SEC):
        '''
        What the function that was asked for has returned or raised.  Who goes on using
        CPU time does not hang, but is slow.
        '''
        before = cpu_time(self.pid)
        while not self.answers(seconds):
            used = cpu_time(self.pid)
            if used != before:
                before = used
                continue
            raise Hangs('uid %d, process %d hangs; its stack:\n%s' %
                        (self.uid, self.pid, stack(self.pid)))
        good, result = self.ours.recv()
        if not good:
            raise result
        return result

    def do(self, function, *args, **names):
        self.ask(function, *args, **names)
        return self.answer()

    def end(self):
        if self.outer:
            for pid in {self.pid, self.outer}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass    # with its namespace
            wait_for(self.outer)
            self.ours.close()
            self.outer = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def wait_for(pid):
    until = time.monotonic() + PATIENCE_SEC
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > until:
            raise Hangs('process %d does not end; its stack:\n%s' % (pid, stack(pid)))
        time.sleep(0.001)


def spawn():
    '''A process that does nothing, of who calls this.  Returns its pid as seen there.'''
    pid = os.fork()
    if pid == 0:
        try:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            while True:
                signal.pause()
        finally:
            os._exit(1)
    return pid


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def user_namespace(actor, *lines):
    '''
    Let an actor have a user namespace of its own, with @lines as root's map of uids
    and gids.
    '''
    try:
        actor.do(os.unshare, os.CLONE_NEWUSER)
    except OSError as e:
        raise Skip('no user namespaces on this kernel: %s' % e.strerror) from e
    for name in ('uid_map', 'gid_map'):
        with open('/proc/%d/%s' % (actor.pid, name), 'w', encoding='ascii') as f:
            f.write('\n'.join(lines))
