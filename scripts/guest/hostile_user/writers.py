# SPDX-License-Identifier: GPL-2.0

'''
Attacks on who may write, and on whose numbers are whose: namespaces.
'''

from errno import EACCES, EINVAL, EPERM
import array
import os
import socket
import subprocess

from _sysfs_abi.lib import value, write

from . import memory
from .access import SETUID_PYTHON, is_refused, set_uid_program
from .actor import Actor, kill, set_fsuid, spawn, user_namespace
from .claims import claim
from .tree import (ALICE, BOB, NR_USERS, Kdamond, directory, files, fresh, limit,
                   open_write, thread_of, write_fd)

FSUID = ('Only a program with the file system uid of the owner can write; others get EPERM, '
         'root too.')
HANDED = 'A descriptor that is handed to a set-uid program gains nothing.'
SETUID_PRINTF = '/tmp/hostile-user/setuid-printf'


@claim(FSUID)
def test_root_writes(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare, target.pid)
        for path in files(directory() + '/kdamonds'):
            if os.stat(path).st_mode & 0o200:
                checks.error('root writes %s' % path, write(path, '1'), EPERM)
        for command in ('on', 'off', 'commit', 'nonsense'):
            checks.error(command, kdamond.command(command), EPERM)
        checks.error('on by the owner', user.do(kdamond.on), 0)
        checks.error('off by root', kdamond.off(), EPERM)


@claim(FSUID)
def test_file_system_uid(checks):
    '''Of root's programs, some have that of the owner, as servers of files do.'''
    fresh(ALICE)
    with Actor(0) as server:
        server.do(set_fsuid, ALICE)
        checks.error('as the owner', server.do(write, Kdamond().all + '/nr_kdamonds', '1'), 0)
        server.do(set_fsuid, BOB)
        result = server.do(write, Kdamond().all + '/nr_kdamonds', '0')
        checks.that(result in (EACCES, EPERM), 'as another one: %s' % result)


@claim(FSUID)
def test_another_user(checks):
    '''Neither opens a file, nor writes to a descriptor that the owner has handed out.'''
    fresh(ALICE, BOB)
    kdamond = Kdamond()
    # Before there are programs that are to have it.
    ours, theirs = socket.socketpair()
    with ours, theirs, Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare, target.pid)
        with Actor(BOB) as bob:
            for path in files(directory() + '/kdamonds'):
                for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
                    checks.error('%s, flags %d' % (path, flags),
                                 bob.do(cannot_open, path, flags), EACCES)
            user.do(send_file, ours.fileno(), kdamond.dir + '/state')
            fd = bob.do(receive_file, theirs.fileno())
            checks.error('on', bob.do(write_fd, fd, 'on'), EPERM)
        checks.equal('state', kdamond.state(), 'off')


def cannot_open(path, flags):
    try:
        os.close(os.open(path, flags))
        return 0
    except OSError as e:
        return e.errno


def send_file(number, path):
    with socket.socket(fileno=os.dup(number)) as pipe:
        fd = os.open(path, os.O_RDWR)
        pipe.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                               array.array('i', [fd]))])
        os.close(fd)


def receive_file(number):
    with socket.socket(fileno=os.dup(number)) as pipe:
        _, ancillary, _, _ = pipe.recvmsg(1, 64)
        return array.array('i', ancillary[0][2])[0]


def run_on(path, argv):
    '''As a user: run a program whose output goes to a file.'''
    with open(path, 'wb') as f:
        return subprocess.run(argv, stdout=f, stderr=subprocess.DEVNULL, check=False).returncode


@claim(HANDED, FSUID)
def test_set_uid_program_writes(checks):
    '''One that prints what it is told, as the attacks on uid_map did.'''
    fresh(ALICE)
    kdamond = Kdamond()
    set_uid_program(SETUID_PRINTF, '/usr/bin/printf')
    with Actor(ALICE) as user, Actor(0) as root, Actor(ALICE) as own:
        for pid in (root.pid, own.pid):
            user.do(kdamond.prepare, pid)
            status = user.do(run_on, kdamond.dir + '/state', [SETUID_PRINTF, 'on'])
            checks.that(status != 0, 'a set-uid program turns it on')
            checks.equal('state', kdamond.state(), 'off')
            checks.error('on with pid %d' % pid, user.do(kdamond.on),
                         0 if pid == own.pid else EINVAL)
        checks.error('off', user.do(kdamond.off), 0)
        # What belongs to root alone is not written by it, either.
        for path in (NR_USERS, directory() + '/uid', limit('max_targets')):
            checks.that(user.do(open_write, path) in (-EACCES, -EPERM),
                        '%s is opened' % path)


@claim(HANDED)
def test_set_uid_program_of_the_owner(checks):
    '''Another user runs a program that is set-uid to the owner: the owner's business.'''
    fresh(ALICE)
    set_uid_program(SETUID_PYTHON, os.path.realpath('/usr/bin/python3'), ALICE)
    script = ('import os, sys; fd = os.open(sys.argv[1], os.O_WRONLY); os.write(fd, b"1")')
    with Actor(BOB) as bob:
        status = bob.do(run_on, '/dev/null', [
            SETUID_PYTHON, '-c', script, Kdamond().all + '/nr_kdamonds'])
        checks.equal('status', status, 0)
        checks.equal('nr_kdamonds', value(Kdamond().all + '/nr_kdamonds'), '1')


@claim('What counts are the credentials of the program that wrote on, without any capability.',
       FSUID)
def test_root_of_a_user_namespace(checks):
    '''Has all capabilities, in it.'''
    fresh(ALICE)
    with Actor(ALICE) as user, Actor(BOB) as bob, Actor(0) as root:
        user_namespace(user, '0 %d 1' % ALICE)
        user.do(os.setresuid, 0, 0, 0)
        is_refused(checks, 'a process of another user', bob.pid, user)
        is_refused(checks, 'a process of root', root.pid, user)
        for path in (NR_USERS, directory() + '/uid', limit('max_targets')):
            checks.error('opening %s' % path, -user.do(open_write, path), EACCES)


@claim('uids are those of the user namespace of who reads or writes them.')
def test_uids_in_a_user_namespace(checks):
    fresh(ALICE)
    path = directory() + '/uid'
    with Actor(0) as root:
        user_namespace(root, '0 0 1', '5 %d 1' % BOB)
        shown = root.do(value, path)
        checks.that(shown not in (str(ALICE), '5', '0'), 'one without a name is %s' % shown)
        for uid in (ALICE, BOB, 7):
            checks.error('uid %d' % uid, root.do(write, path, '%d' % uid), EINVAL)
        checks.equal('uid after that', value(path), str(ALICE))
        checks.error('uid 5', root.do(write, path, '5'), 0)
        checks.equal('uid there', root.do(value, path), '5')
        checks.equal('uid here', value(path), str(BOB))
    checks.equal('owner', os.stat(Kdamond().all + '/nr_kdamonds').st_uid, BOB)


@claim('uids are those of the user namespace of who reads or writes them.')
def test_values_of_uid(checks):
    fresh(ALICE)
    path = directory() + '/uid'
    for data in ('x', '', '-2', '4294967296', '1000 1001', '99999999999999999999'):
        if data:
            checks.error('write %r' % data, write(path, data), EINVAL)
        checks.equal('uid', value(path), str(ALICE))
    checks.error('-1', write(path, '-1'), 0)
    checks.equal('uid', value(path), '-1')
    checks.that(not os.path.exists(Kdamond().all), 'nobody has kdamonds')
    checks.error('0', write(path, '%d' % BOB), 0)
    checks.equal('owner', os.stat(Kdamond().all + '/nr_kdamonds').st_uid, BOB)


@claim('A pid is looked up in the PID namespace of the program that writes the command.')
def test_pid_namespace(checks):
    '''Process 2 of it is a process of Alice's, and outside one of the kernel's.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE, pid_namespace=True) as inside, Actor(ALICE) as outside:
        checks.equal('pid in it', inside.do(os.getpid), 1)
        pid = inside.do(spawn)
        inside.do(kdamond.prepare, pid)
        checks.error('on', inside.do(kdamond.on), 0)
        checks.error('commit', inside.do(kdamond.command, 'commit'), 0)
        checks.error('commit from outside', outside.do(kdamond.command, 'commit'), EINVAL)
        checks.error('off', inside.do(kdamond.off), 0)
        is_refused(checks, 'process %d from outside' % pid, pid, outside, kdamond)
        is_refused(checks, 'a process that is not in it', outside.pid, inside, kdamond)
        # The same processes by their other names.
        outside.do(kdamond.prepare, inside.pid)
        checks.error('on from outside', outside.do(kdamond.on), 0)
        inside.do(kill, pid)


@claim('Files below kdamonds/ have the mode 0600 and belong to the owner.')
def test_modes_and_owners(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        user.do(kdamond.prepare_range, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        checks.that(isinstance(user.do(kdamond.snapshot), list), 'no snapshot')
        for path in files(directory() + '/kdamonds'):
            about = os.stat(path)
            checks.equal('%s: owner' % path, about.st_uid, ALICE)
            checks.equal('%s: mode' % path, about.st_mode & 0o177, 0)
        # To let others read is the owner's business, to give it away is not.
        checks.that(not user.do(gives_away, kdamond.dir + '/state', BOB), 'chown works')
        checks.that(thread_of() > 0, 'it does not run any more')


def gives_away(path, uid):
    try:
        os.chown(path, uid, -1)
        return True
    except OSError:
        return False
