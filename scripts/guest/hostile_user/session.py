# SPDX-License-Identifier: GPL-2.0

'''
What an ordinary user types, what is there, and what is left out.
'''

from errno import EACCES, EINVAL, EPERM
import os
import subprocess

from _sysfs_abi import table
from _sysfs_abi.lib import exists, read, value, write
from kdamond_threads import kdamond_threads

from .actor import Actor
from .claims import claim
from .tree import (ALICE, BOB, NR_USERS, USERS, Kdamond, await_that, directory, fresh,
                   limit, nothing, open_write, thread_of)

LEFT_OUT = ['addr_unit', 'probes', 'memcg_path', 'path']
LIMITS = {'max_kdamonds': 1, 'max_targets': 16, 'max_regions': 1000, 'max_schemes': 4,
          'min_sample_us': 5000}
# What is typed for the example of usage.rst.
SESSION = '''set -e
cd %s/0/
echo 1 > kdamonds/nr_kdamonds
echo 1 > kdamonds/0/contexts/nr_contexts
echo vaddr > kdamonds/0/contexts/0/operations
echo 1 > kdamonds/0/contexts/0/targets/nr_targets
echo %d > kdamonds/0/contexts/0/targets/0/pid_target
echo on > kdamonds/0/state
'''


@claim('Files, values and errors are those of admin/, without what a user may not have.')
def test_seven_commands(checks):
    '''And root takes the directory away while it runs.'''
    fresh(ALICE)
    with Actor(ALICE) as target:
        shell = subprocess.run(['/bin/bash', '-c', SESSION % (USERS, target.pid)],
                               user=ALICE, group=ALICE, extra_groups=[], check=False,
                               stderr=subprocess.PIPE)
        checks.equal('status', (shell.returncode, shell.stderr), (0, b''))
        checks.equal('state', Kdamond().state(), 'on')
        thread = thread_of()
        nothing()
        checks.that(thread not in kdamond_threads(), 'the thread is there')
        checks.that(not exists(directory()), 'the directory is there')


@claim('Files, values and errors are those of admin/, without what a user may not have.')
def test_files(checks):
    '''Those of the table of admin/, but for some.'''
    fresh(ALICE)
    top = directory() + '/'
    with Actor(ALICE) as user:
        for path in table.NR_FILES:
            if exists(top + path):
                checks.error('nr file %s' % path, user.do(write, top + path, '1'), 0)
        there = 0
        for file in table.FILES:
            if any(part in LEFT_OUT for part in file.path.split('/')):
                checks.that(not exists(top + file.path), '%s is there' % file.path)
                continue
            if not file.path.startswith('kdamonds/'):
                continue
            if not exists(top + file.path):
                checks.that(file.path in table.EXTENSIONS, 'no %s' % file.path)
                continue
            there += 1
            shown = user.do(read, top + file.path)
            if file.default not in (None, '-') and not file.nr and not file.words:
                checks.equal('%s: default' % file.path, shown, file.default + '\n')
        checks.that(there > 50, 'only %d files' % there)


@claim('Files, values and errors are those of admin/, without what a user may not have.')
def test_words(checks):
    '''Those that are left out are refused, and are not shown as available.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user:
        user.do(kdamond.prepare, user.pid)
        for path, good, bad in (
                (kdamond.context + '/operations', ('vaddr', 'fvaddr'), ('paddr', 'x')),
                (kdamond.scheme + '/action', ('stat',),
                 ('pageout', 'cold', 'willneed', 'hugepage', 'nohugepage', 'collapse',
                  'lru_prio', 'lru_deprio', 'migrate_hot', 'migrate_cold', 'x'))):
            for word in good:
                checks.error('%s %s' % (path, word), user.do(write, path, word), 0)
            for word in bad:
                checks.error('%s %s' % (path, word), user.do(write, path, word), EINVAL)
                checks.equal('%s shows' % path, user.do(value, path), good[-1])
        words = user.do(value, kdamond.context + '/avail_operations').split('\n')
        checks.equal('avail_operations', words, ['vaddr', 'fvaddr'])
        goals = kdamond.scheme + '/quotas/goals'
        if exists(goals):
            user.do(write, goals + '/nr_goals', '1')
            for word in ('node_mem_used_bp', 'node_memcg_used_bp', 'node_memcg_free_bp',
                         'active_mem_bp', 'inactive_mem_bp', 'some_mem_psi_us'):
                user.do(write, goals + '/0/target_metric', word)
                shown = user.do(value, goals + '/0/target_metric')
                checks.that('memcg' not in shown, 'a goal is about %s' % shown)
        for name in ('filters', 'core_filters', 'ops_filters'):
            filters = '%s/%s' % (kdamond.scheme, name)
            if exists(filters):
                user.do(write, filters + '/nr_filters', '1')
                checks.that(user.do(write, filters + '/0/type', 'memcg') != 0,
                            '%s can be about memcg' % name)


@claim('Only root makes directories, sets limits, and says whose a directory is.')
def test_what_belongs_to_root(checks):
    fresh(ALICE)
    paths = [NR_USERS, directory() + '/uid'] + [limit(name) for name in LIMITS]
    for uid in (ALICE, BOB):
        with Actor(uid) as user:
            for path in paths:
                checks.that(user.do(open_write, path) in (-EACCES, -EPERM),
                            '%d writes %s' % (uid, path))
            for name in ('mkdir', 'rmdir', 'unlink'):
                for path in (directory(), directory() + '/kdamonds', directory() + '/uid'):
                    checks.that(not user.do(works, name, path), '%s %s' % (name, path))


def works(name, path):
    try:
        getattr(os, name)(path)
        return True
    except OSError:
        return False


@claim('The owner can read the limits.')
def test_limits_are_shown(checks):
    '''With the values that they have first, and those that root has set.'''
    fresh(ALICE)
    with Actor(ALICE) as user:
        for name, number in LIMITS.items():
            checks.equal(name, user.do(value, limit(name)), '%d' % number)
            checks.error('root sets %s' % name, write(limit(name), '7'), 0)
            checks.equal(name, user.do(value, limit(name)), '7')
            for data in ('x', '-1'):
                checks.error('%s %s' % (name, data), write(limit(name), data), EINVAL)


@claim('Root can read everything, and sees what runs.')
def test_what_root_sees(checks):
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare, target.pid)
        checks.equal('state', kdamond.state(), 'off')
        checks.error('on', user.do(kdamond.on), 0)
        checks.equal('state', kdamond.state(), 'on')
        checks.that(thread_of() in kdamond_threads(), 'pid is %d' % thread_of())
        checks.error('off', user.do(kdamond.off), 0)
        checks.that(await_that(lambda: not kdamond_threads()), 'there is a thread')


@claim('Only root makes directories, sets limits, and says whose a directory is.')
def test_many_directories(checks):
    '''Each with its own owner; one user can have two.'''
    uids = [ALICE, BOB, ALICE, BOB + 1]
    fresh(*uids)
    for number, uid in enumerate(uids):
        with Actor(uid) as user, Actor(uid) as target:
            kdamond = Kdamond(number)
            user.do(kdamond.prepare, target.pid)
            checks.error('on of directory %d' % number, user.do(kdamond.on), 0)
            for other in range(len(uids)):
                path = '%s/kdamonds/0/state' % directory(other)
                if uids[other] != uid and exists(path):
                    checks.error('state of directory %d' % other,
                                 -user.do(open_write, path), EACCES)
    nothing()
    checks.equal('threads', kdamond_threads(), set())
