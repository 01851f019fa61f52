# SPDX-License-Identifier: GPL-2.0

'''
Attacks that look at what others do with files that they share with the owner.
'''

import os

from . import memory
from .actor import Actor
from .claims import claim
from .tree import ALICE, BOB, Kdamond, fresh

FILE = '/tmp/hostile-user-file'
SENTENCE = ('Only memory is sampled that is anonymous, or of a file that the owner owns or may '
            'write.')


def make_file(owner, mode):
    if os.path.exists(FILE):
        os.unlink(FILE)
    with open(FILE, 'wb') as f:
        f.write(b'x' * memory.LENGTH)
    os.chown(FILE, owner, owner)
    os.chmod(FILE, mode)


def sees(checks, user, target):
    '''Whether Alice's kdamond sees accesses of the target to what it has mapped.'''
    kdamond = Kdamond()
    user.do(kdamond.prepare_range, target.pid)
    checks.error('on', user.do(kdamond.on), 0)
    seen = user.do(kdamond.sees_accesses)
    checks.error('off', user.do(kdamond.off), 0)
    return seen


@claim(SENTENCE)
def test_file_of_another_user(checks):
    '''Neither what the target itself does with it, nor what others do.'''
    fresh(ALICE)
    for owner, mode in ((0, 0o644), (BOB, 0o644), (BOB, 0o604), (0, 0o444)):
        make_file(owner, mode)
        for shared in (True, False):
            with Actor(ALICE) as user, Actor(ALICE) as target, Actor(owner) as other:
                target.do(memory.file_and_busy, FILE, shared)
                other.do(memory.file_and_busy, FILE, shared)
                checks.equal('accesses to a file of %d, mode %o' % (owner, mode),
                             sees(checks, user, target), False)


@claim(SENTENCE)
def test_file_that_others_read(checks):
    '''The target has it mapped and does nothing; another one reads it.'''
    fresh(ALICE)
    make_file(0, 0o644)
    with Actor(ALICE) as user, Actor(ALICE) as target, Actor(0) as other:
        target.do(memory.map_file, FILE)
        other.do(memory.file_and_busy, FILE)
        checks.equal('accesses', sees(checks, user, target), False)


@claim(SENTENCE)
def test_own_and_writable_files(checks):
    '''These are sampled.'''
    fresh(ALICE)
    for owner, mode in ((ALICE, 0o600), (ALICE, 0o444), (BOB, 0o606), (0, 0o646)):
        make_file(owner, mode)
        with Actor(ALICE) as user, Actor(ALICE) as target:
            target.do(memory.file_and_busy, FILE)
            checks.equal('accesses to a file of %d, mode %o' % (owner, mode),
                         sees(checks, user, target), True)


@claim(SENTENCE)
def test_file_that_becomes_another_users(checks):
    '''While it is monitored: the next sample knows.'''
    fresh(ALICE)
    make_file(ALICE, 0o644)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.file_and_busy, FILE)
        kdamond = Kdamond()
        user.do(kdamond.prepare_range, target.pid)
        checks.error('on', user.do(kdamond.on), 0)
        checks.equal('accesses', user.do(kdamond.sees_accesses), True)
        os.chown(FILE, BOB, BOB)
        for _ in range(2):
            user.do(kdamond.snapshot)
        checks.equal('accesses after chown', user.do(kdamond.sees_accesses), False)


@claim(SENTENCE)
def test_memory_between_files(checks):
    '''One target with anonymous memory behind a file of root: only that is seen.'''
    fresh(ALICE)
    make_file(0, 0o644)
    half = memory.LENGTH // 2
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.map_file, FILE, memory.START, half)
        target.do(memory.keep_accessing, memory.START, half, False)
        target.do(memory.anonymous_and_busy, memory.START + half, half)
        kdamond = Kdamond()
        user.do(kdamond.prepare_range, target.pid)
        # One region a page.
        user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/min', 64)
        user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/max', 64)
        regions = 'contexts/0/targets/0/regions/'
        user.do(kdamond.set, regions + 'nr_regions', 2)
        for number in range(2):
            user.do(kdamond.set, regions + '%d/start' % number,
                    memory.START + number * half)
            user.do(kdamond.set, regions + '%d/end' % number,
                    memory.START + (number + 1) * half)
        checks.error('on', user.do(kdamond.on), 0)
        seen = {'file': 0, 'anonymous': 0}
        for _ in range(20):
            for start, end, accesses in user.do(kdamond.snapshot):
                if end <= memory.START + half:
                    seen['file'] += accesses
                elif start >= memory.START + half:
                    seen['anonymous'] += accesses
        checks.equal('accesses to the file', seen['file'], 0)
        checks.that(seen['anonymous'] > 0, 'no access to anonymous memory')
