# SPDX-License-Identifier: GPL-2.0

'''
Attacks on the rule of who may look at what.
'''

import ctypes
import os
import shutil
import subprocess
import sys

from _sysfs_abi import lib
from _sysfs_abi.lib import Skip, must_write

from . import memory
from .actor import (LIBC, PR_SET_NO_NEW_PRIVS, Actor, prctl, set_dumpable, set_fsuid,
                    spawn, user_namespace)
from .claims import attempts, claim, rounds
from .tree import (ALICE, BOB, Kdamond, await_that, ends, fresh, nothing, thread_of)

PROGRAMS = '/tmp/hostile-user'
SETUID_PYTHON = PROGRAMS + '/setuid-python'
SETUID_ENV = PROGRAMS + '/setuid-env'
SETUID_SLEEP = PROGRAMS + '/setuid-sleep'
# Begins as another user, becomes who started it again, and accesses the same memory.
AGAIN = '''
import os, sys
sys.path[:0] = [%r]
from hostile_user import actor, memory
os.setresuid(%d, %d, %d)
actor.set_dumpable(1)
memory.anonymous_and_busy()
print(flush=True)
sys.stdin.read()
'''


def set_uid_program(path, original, owner=0):
    os.makedirs(PROGRAMS, exist_ok=True)
    os.chmod(PROGRAMS, 0o755)
    if os.path.exists(path):
        os.unlink(path)
    shutil.copyfile(original, path)
    os.chown(path, owner, owner)
    os.chmod(path, 0o4755)


def watched(checks, target, user):
    '''A kdamond of Alice's sees that a target accesses memory.'''
    kdamond = Kdamond()
    user.do(kdamond.prepare_range, target.pid)
    checks.error('on', user.do(kdamond.on), 0)
    checks.equal('sees accesses', user.do(kdamond.sees_accesses), True)
    return kdamond


def goes_blind(checks, what, kdamond, user):
    '''No access is seen any more, or the kdamond has ended.'''
    # What was counted before belongs to the snapshot that comes next.
    user.do(kdamond.snapshot)
    user.do(kdamond.snapshot)
    seen = user.do(kdamond.sees_accesses)
    checks.that(not seen, '%s: accesses are seen' % what)


def is_refused(checks, what, pid, user, kdamond=None):
    kdamond = kdamond or Kdamond()
    user.do(kdamond.prepare_range, pid)
    result = user.do(kdamond.on)
    checks.that(result != 0, '%s is monitored' % what)
    if result == 0:
        user.do(kdamond.off)
    return result


@claim('Every sample asks again, for each target, on behalf of the owner.',
       'A kdamond whose last target is gone ends.')
def test_own_process_until_it_ends(checks):
    '''What all others are compared with: this works.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        kdamond = watched(checks, target, user)
        checks.error('commit', user.do(kdamond.command, 'commit'), 0)
        target.end()
        checks.that(ends(kdamond), 'it goes on without a target')
        checks.equal('pid', thread_of(), -1)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_processes_of_others(checks):
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(BOB) as bob, Actor(0) as root:
        results = {
            'a process of another user': is_refused(checks, 'another user', bob.pid, user),
            'a process of root': is_refused(checks, 'root', root.pid, user),
            'process 1': is_refused(checks, 'process 1', 1, user),
            'a kernel thread': is_refused(checks, 'a kernel thread', 2, user),
            'pid 0': is_refused(checks, 'pid 0', 0, user),
            'pid -1': is_refused(checks, 'pid -1', -1, user),
        }
    checks.that(len(set(results.values())) == 1, 'the errors differ: %s' % results)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_one_process_of_others_among_own(checks):
    '''Neither by on nor by commit.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as own, Actor(BOB) as bob:
        kdamond = Kdamond()
        user.do(kdamond.prepare_range, own.pid, bob.pid)
        checks.that(user.do(kdamond.on) != 0, 'on takes both')
        user.do(kdamond.off)
        user.do(kdamond.prepare_range, own.pid)
        checks.error('on', user.do(kdamond.on), 0)
        for pids in ((bob.pid,), (own.pid, bob.pid)):
            # Not by prepare_range(), which makes new directories for kdamonds.
            user.do(kdamond.set, 'contexts/0/targets/nr_targets', len(pids))
            for number, pid in enumerate(pids):
                user.do(kdamond.set, 'contexts/0/targets/%d/pid_target' % number, pid)
            checks.that(user.do(kdamond.command, 'commit') != 0, 'commit takes %s' % (pids,))


def of_one_user(*ids):
    '''Called as root: a program whose ids are not all the same.'''
    os.setgroups([])
    os.setresgid(*ids[3:])
    os.setresuid(*ids[:3])
    set_dumpable(1)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_targets_with_other_ids(checks):
    '''Real, effective and saved ids count, as for ptrace().'''
    fresh(ALICE)
    a, b = ALICE, BOB
    with Actor(ALICE) as user:
        for ids in ((a, a, b, a, a, a), (a, b, a, a, a, a), (b, a, a, a, a, a),
                    (a, a, a, a, a, b), (a, a, a, a, b, a), (a, a, a, b, a, a)):
            with Actor(0) as target:
                target.do(of_one_user, *ids)
                is_refused(checks, 'a process with the ids %s' % (ids,), target.pid, user)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_target_with_capabilities(checks):
    '''It can do more than its owner.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(0) as target:
        target.do(prctl, 8, 1)      # PR_SET_KEEPCAPS
        target.do(of_one_user, *[ALICE] * 6)
        is_refused(checks, 'a process with capabilities', target.pid, user)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_not_dumpable_before(checks):
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(set_dumpable, 0)
        is_refused(checks, 'a process that is not dumpable', target.pid, user)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_not_dumpable_any_more(checks):
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        kdamond = watched(checks, target, user)
        target.do(set_dumpable, 0)
        goes_blind(checks, 'not dumpable', kdamond, user)


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_security_module(checks):
    '''Landlock lets nobody look out of its domain.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(enter_landlock)
        is_refused(checks, 'what a security module refuses', target.pid, user)


def enter_landlock():
    rules = ctypes.c_uint64(1)      # handled_access_fs: to execute files
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    domain = LIBC.syscall(444, ctypes.byref(rules), 8, 0)
    if domain < 0:
        raise Skip('no Landlock on this kernel')
    if LIBC.syscall(446, domain, 0):
        raise OSError(ctypes.get_errno(), 'landlock_restrict_self')


def with_fsuid_of(uid):
    '''Called as root, with all its capabilities.'''
    set_fsuid(uid)


@claim('What counts are the credentials of the program that wrote on, without any capability.')
def test_capabilities_of_the_writer(checks):
    '''It has all of them, and the file system uid of the owner.'''
    fresh(ALICE)
    with Actor(0) as user, Actor(BOB) as bob, Actor(0) as root, Actor(ALICE) as own:
        user.do(with_fsuid_of, ALICE)
        is_refused(checks, 'a process of another user', bob.pid, user)
        is_refused(checks, 'a process of root', root.pid, user)
        own.do(set_dumpable, 0)
        is_refused(checks, 'a process that is not dumpable', own.pid, user)


@claim('What counts are the credentials of the program that wrote on, without any capability.')
def test_writer_that_changed_later(checks):
    '''The kdamond goes on as whom it was turned on by, also when that one has ended.'''
    fresh(ALICE)
    with Actor(ALICE) as target, Actor(ALICE) as other:
        target.do(memory.anonymous_and_busy)
        with Actor(ALICE) as user:
            kdamond = watched(checks, target, user)
        checks.equal('sees accesses', other.do(kdamond.sees_accesses), True)
        checks.error('off', other.do(kdamond.off), 0)


@claim('A target that has executed a set-uid program is gone from then on.',
       'A kdamond whose last target is gone ends.')
def test_target_executes_a_set_uid_program(checks):
    set_uid_program(SETUID_SLEEP, '/usr/bin/sleep')
    fresh(ALICE)
    for owner in (0, BOB):
        set_uid_program(SETUID_SLEEP, '/usr/bin/sleep', owner)
        with Actor(ALICE) as user, Actor(ALICE) as target:
            target.do(memory.anonymous_and_busy)
            kdamond = watched(checks, target, user)
            target.ask(os.execv, SETUID_SLEEP, [SETUID_SLEEP, '600'])
            checks.that(ends(kdamond), 'the kdamond goes on, set-uid %d' % owner)
            checks.equal('pid', thread_of(), -1)
            checks.that(isinstance(user.do(kdamond.snapshot), int), 'there is a snapshot')
            is_refused(checks, 'a set-uid program', target.pid, user)


def copy_modules():
    '''To where all users can read them.'''
    for module in (memory, lib):
        where = os.path.dirname(os.path.realpath(module.__file__))
        shutil.copytree(where, os.path.join(PROGRAMS, os.path.basename(where)),
                        dirs_exist_ok=True)


def become_again():
    '''Execute a set-uid program that is an ordinary one later.'''
    os.execv(SETUID_PYTHON, [SETUID_PYTHON, '-c', AGAIN % (PROGRAMS, *[ALICE] * 3)])


@claim('A target that has executed a set-uid program is gone from then on.')
def test_target_is_an_ordinary_program_again(checks):
    '''What it does then would be allowed to be seen, and is not.'''
    set_uid_program(SETUID_PYTHON, os.path.realpath(sys.executable), BOB)
    copy_modules()
    fresh(ALICE)
    ready, answer = os.pipe()
    wait, keep = os.pipe()
    with Actor(ALICE) as user, Actor(ALICE) as other, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        kdamond = Kdamond()
        # Another target keeps the kdamond alive.
        user.do(kdamond.prepare_range, target.pid, other.pid)
        checks.error('on', user.do(kdamond.on), 0)
        checks.equal('sees accesses', user.do(kdamond.sees_accesses), True)
        target.do(os.dup2, answer, 1)
        target.do(os.dup2, wait, 0)
        target.ask(become_again)
        os.close(answer)
        checks.equal('is there again', os.read(ready, 1), b'\n')
        goes_blind(checks, 'after a set-uid program', kdamond, user)
        checks.equal('state', kdamond.state(), 'on')
        # A new look at it is another matter.
        checks.error('off', user.do(kdamond.off), 0)
        checks.error('on again', user.do(kdamond.on), 0)
        checks.equal('sees accesses again', user.do(kdamond.sees_accesses), True)
    for fd in (ready, wait, keep):
        os.close(fd)


@claim('A target that has executed a set-uid program is gone from then on.')
def test_where_a_set_uid_program_lies(checks):
    '''The layout of its address space is not shown, either.'''
    set_uid_program(SETUID_SLEEP, '/usr/bin/sleep')
    fresh(ALICE)
    disjoint = 0
    for _ in attempts(2, 20):
        with Actor(ALICE) as user, Actor(ALICE) as other, Actor(ALICE) as target:
            kdamond = Kdamond()
            user.do(kdamond.prepare, target.pid, other.pid)
            checks.error('on', user.do(kdamond.on), 0)
            known = user.do(kdamond.snapshot) + [(start, end, 0) for pid in (
                target.pid, other.pid) for start, end in memory.areas(pid)]
            target.ask(os.execv, SETUID_SLEEP, [SETUID_SLEEP, '600'])
            await_that(lambda: os.readlink('/proc/%d/exe' % target.pid) == SETUID_SLEEP)
            new = [(start, end) for start, end in memory.areas(target.pid)
                   if not any(s < end and start < e for s, e, _ in known)]
            disjoint += len(new)
            for _ in range(4):
                for start, end, _ in user.do(kdamond.snapshot):
                    checks.that(not any(s < end and start < e for s, e in new),
                                '%#x-%#x is shown' % (start, end))
    if not disjoint:
        raise Skip('each program has the same addresses on this kernel')


@claim('A target that has changed its credentials is gone from then on.')
def test_target_becomes_another_user(checks):
    '''Which it may, in a user namespace of its own.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user_namespace(target, '0 %d 1' % ALICE, '1 %d 1' % BOB)
        target.do(memory.anonymous_and_busy)
        kdamond = Kdamond()
        user.do(kdamond.prepare_range, target.pid)
        if user.do(kdamond.on):
            raise Skip('a program in a user namespace is not monitored at all')
        checks.equal('sees accesses', user.do(kdamond.sees_accesses), True)
        target.do(os.setresuid, 1, 1, 1)
        target.do(set_dumpable, 1)
        checks.that(ends(kdamond), 'the kdamond goes on')
        checks.equal('pid', thread_of(), -1)


def go_into_a_user_namespace():
    os.unshare(os.CLONE_NEWUSER)


@claim('A target that has changed its credentials is gone from then on.')
def test_target_enters_a_user_namespace(checks):
    '''Has other capabilities, there.  Being gone and being monitored on are both right.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        kdamond = Kdamond()
        user.do(kdamond.prepare, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        try:
            target.do(go_into_a_user_namespace)
        except OSError as e:
            raise Skip('no user namespaces on this kernel') from e
        for _ in range(3):
            user.do(kdamond.snapshot)
        if kdamond.state() == 'off':
            checks.equal('pid', thread_of(), -1)


@claim('A target that has executed a set-uid program is gone from then on.', long=True)
def test_targets_that_execute_all_the_time(checks):
    '''While they are looked for, turned on, committed and sampled.'''
    set_uid_program(SETUID_ENV, '/usr/bin/env')
    # A shell gives up what the program has given it, and what that executes is as before.
    again = 'exec /bin/sh -c "$0" "$0"'
    program = 'sleep 0.05; exec %s /bin/sh -c \'%s\' "$0"' % (SETUID_ENV, again)
    fresh(ALICE)
    kdamond = Kdamond()
    ran = 0
    with Actor(ALICE) as user:
        targets = [subprocess.Popen(['/bin/sh', '-c', program, program], user=ALICE,
                                    group=ALICE, extra_groups=[]) for _ in range(3)]
        try:
            for number in attempts(50, 500):
                user.do(kdamond.prepare, *[target.pid for target in targets])
                user.do(kdamond.set, 'contexts/0/monitoring_attrs/intervals/sample_us', 5000)
                if user.do(kdamond.on):
                    continue    # one of them had the rights of another user just then
                ran += 1
                for command in ('commit', 'update_schemes_tried_regions'):
                    user.do(kdamond.command, command)
                checks.that(ends(kdamond), 'it goes on, %d' % number)
            checks.that(ran > 0, 'no kdamond has run')
            checks.equal('targets that have ended',
                         [target.pid for target in targets if target.poll() is not None], [])
        finally:
            for target in targets:
                target.kill()
                target.wait()


@claim('Every sample asks again, for each target, on behalf of the owner.')
def test_pid_of_another_process_later(checks):
    '''A number that another process has got since is not what is monitored.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(ALICE) as parent:
        pid = parent.do(spawn)
        kdamond = Kdamond()
        user.do(kdamond.prepare, pid)
        checks.error('on', user.do(kdamond.on), 0)
        parent.do(os.kill, pid, 9)
        parent.do(os.waitpid, pid, 0)
        must_write('/proc/sys/kernel/ns_last_pid', '%d' % (pid - 1))
        with Actor(BOB) as bob:
            if bob.pid != pid:
                raise Skip('another process was faster')
            bob.do(memory.anonymous_and_busy)
            checks.that(ends(kdamond), 'it goes on with a process of another user')
            is_refused(checks, 'the process of another user', pid, user)
    nothing()
