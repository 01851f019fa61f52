# SPDX-License-Identifier: GPL-2.0

'''
Attacks on the limits, at the edge of each and by several programs at once.
'''

import os

from _sysfs_abi import table
from _sysfs_abi.lib import must_write, read, value, write
from kdamond_threads import kdamond_threads

from . import memory
from .actor import Actor, kill, spawn
from .claims import attempts, claim, rounds
from .tree import (ALICE, Kdamond, counts, directory, fresh, limit, thread_of)

SENTENCE = 'Limits hold where things are made, before memory is taken.'
SPLIT = 'Splitting makes no more regions than max_regions, of all targets together.'
HUGE = (1 << 31) - 1


def numbers(path):
    return len([name for name in os.listdir(os.path.dirname(path)) if name.isdigit()])


def at_the_edge(checks, user, path, most):
    '''As many as the limit, not one more, and nothing that would take all memory.'''
    for number in (1, most, most + 1, 2 * most + 5, 1 << 20, HUGE):
        checks.error('%s %d' % (path, min(number, most)),
                     user.do(write, path, '%d' % min(number, most)), 0)
        result = user.do(write, path, '%d' % number)
        if number <= most:
            checks.error('%s %d' % (path, number), result, 0)
        else:
            checks.that(result != 0, '%s takes %d' % (path, number))
        checks.that(numbers(path) <= most, '%s: %d are there' % (path, numbers(path)))


@claim(SENTENCE)
def test_numbers_at_the_edge(checks):
    for kdamonds, targets, schemes in ((1, 16, 4), (3, 2, 1), (2, 1, 7)):
        fresh(ALICE, max_kdamonds=kdamonds, max_targets=targets, max_schemes=schemes)
        kdamond = Kdamond()
        with Actor(ALICE) as user:
            at_the_edge(checks, user, kdamond.all + '/nr_kdamonds', kdamonds)
            user.do(kdamond.prepare, user.pid)
            at_the_edge(checks, user, kdamond.targets + '/nr_targets', targets)
            at_the_edge(checks, user, kdamond.context + '/schemes/nr_schemes', schemes)


@claim(SENTENCE)
def test_limits_of_zero(checks):
    '''Root lets a user have nothing.'''
    fresh(ALICE, max_kdamonds=0)
    with Actor(ALICE) as user:
        path = Kdamond().all + '/nr_kdamonds'
        checks.that(user.do(write, path, '1') != 0, 'there is a kdamond')
        checks.equal('nr_kdamonds', user.do(value, path), '0')


@claim(SENTENCE)
def test_other_numbers(checks):
    '''Whatever can be made in numbers has a bound.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user:
        user.do(kdamond.prepare_range, user.pid)
        known = {table.name(path) for path in table.NR_FILES}
        tried = 0
        for path, _, names in os.walk(kdamond.dir):
            for name in names:
                if name not in known:
                    continue
                file = os.path.join(path, name)
                for number in (HUGE, 1 << 24, 1 << 20):
                    checks.that(user.do(write, file, '%d' % number) != 0,
                                '%s takes %d' % (file, number))
                tried += 1
        checks.that(tried >= 4, 'only %d files' % tried)


@claim(SENTENCE)
def test_regions_of_all_targets(checks):
    '''Made by hand, in each target as many as are allowed in all.'''
    most = 40
    fresh(ALICE, max_regions=most)
    kdamond = Kdamond()
    with Actor(ALICE) as user:
        user.do(kdamond.prepare, *[user.pid] * 4, operations='fvaddr')
        user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/max', most)
        for target in range(4):
            user.do(write, '%s/%d/regions/nr_regions' % (kdamond.targets, target), '%d' % most)
            made = sum(numbers('%s/%d/regions/nr_regions' % (kdamond.targets, number))
                       for number in range(4))
            checks.that(made <= most, '%d regions are there' % made)
        user.do(write, '%s/0/regions/nr_regions' % kdamond.targets, '0')
        for target in range(4):
            user.do(write, '%s/%d/regions/nr_regions' % (kdamond.targets, target),
                    '%d' % (most // 4 + 1))
        made = counts(kdamond.targets).get('regions', 0)
        checks.that(made <= most, '%d regions are there' % made)


@claim(SENTENCE)
def test_attributes(checks):
    '''A kdamond that would cost more than is allowed does not start, nor become one.'''
    fresh(ALICE, max_regions=100, min_sample_us=5000)
    kdamond = Kdamond()
    cases = (('nr_regions/max', 100, 101), ('nr_regions/min', 100, 101),
             ('intervals/sample_us', 5000, 4999), ('nr_regions/max', 100, HUGE),
             ('intervals/sample_us', 5000, 1), ('intervals/sample_us', 5000, 0))
    attrs = 'contexts/0/monitoring_attrs/'
    with Actor(ALICE) as user, Actor(ALICE) as target:
        for path, good, bad in cases:
            user.do(kdamond.prepare_range, target.pid)
            user.do(kdamond.set, attrs + 'nr_regions/max', 100)
            user.do(kdamond.set, attrs + path, good)
            checks.error('on with %s %d' % (path, good), user.do(kdamond.on), 0)
            refused = user.do(write, '%s/%s%s' % (kdamond.dir, attrs, path), '%d' % bad)
            if not refused:
                checks.that(user.do(kdamond.command, 'commit') != 0,
                            'commit with %s %d' % (path, bad))
            checks.error('off', user.do(kdamond.off), 0)
            if not refused:
                checks.that(user.do(kdamond.on) != 0, 'on with %s %d' % (path, bad))
                user.do(kdamond.off)


@claim(SENTENCE)
def test_tuned_intervals(checks):
    '''What the kdamond finds out by itself is not below the limit, either.'''
    fresh(ALICE, min_sample_us=5000)
    kdamond = Kdamond()
    intervals = 'contexts/0/monitoring_attrs/intervals/'
    with Actor(ALICE) as user, Actor(ALICE) as target:
        target.do(memory.anonymous_and_busy)
        user.do(kdamond.prepare_range, target.pid)
        for path, number in (('access_bp', 1), ('aggrs', 1), ('min_sample_us', 100),
                             ('max_sample_us', 10000)):
            if user.do(write, '%s/%sintervals_goal/%s' % (kdamond.dir, intervals, path),
                       '%d' % number):
                return      # is not taken at all
        if user.do(kdamond.on):
            return          # nor this
        for _ in attempts(5, 50):
            user.do(kdamond.snapshot)
            user.do(kdamond.command, 'update_tuned_intervals')
            sample = int(user.do(value, '%s/%ssample_us' % (kdamond.dir, intervals)))
            checks.that(sample >= 5000, 'samples each %d us' % sample)


@claim(SENTENCE)
def test_several_kdamonds(checks):
    '''All that are allowed run, and not one more.'''
    fresh(ALICE, max_kdamonds=3)
    with Actor(ALICE) as user, Actor(ALICE) as target:
        for index in range(3):
            user.do(Kdamond(0, index).prepare, target.pid, kdamonds=3) if index == 0 else \
                user.do(another, index, target.pid)
        for index in range(3):
            checks.error('on %d' % index, user.do(Kdamond(0, index).on), 0)
        checks.equal('threads', len(kdamond_threads()), 3)
        checks.that(user.do(write, Kdamond().all + '/nr_kdamonds', '4') != 0, 'a fourth')


def another(index, pid):
    '''Like prepare(), without making the directories of kdamonds.'''
    kdamond = Kdamond(0, index)
    kdamond.set('contexts/nr_contexts', 1)
    kdamond.set('contexts/0/targets/nr_targets', 1)
    kdamond.set('contexts/0/targets/0/pid_target', pid)


def write_numbers(paths, most, count):
    '''One of several programs.  Returns how often the limit was exceeded.'''
    bad = 0
    for number in range(count):
        for path in paths:
            write(path, '%d' % (number % (most + 3)))
            try:
                bad += numbers(path) > most
            except OSError:
                pass        # was removed by another one
    return bad


@claim(SENTENCE)
def test_several_programs_at_once(checks):
    most = 3
    fresh(ALICE, max_kdamonds=most, max_targets=most, max_schemes=most, max_regions=most)
    kdamond = Kdamond()
    actors = [Actor(ALICE) for _ in range(4)]
    try:
        actors[0].do(write, kdamond.all + '/nr_kdamonds', '1')
        actors[0].do(write, kdamond.dir + '/contexts/nr_contexts', '1')
        paths = [kdamond.all + '/nr_kdamonds', kdamond.dir + '/contexts/nr_contexts',
                 kdamond.targets + '/nr_targets', kdamond.context + '/schemes/nr_schemes',
                 kdamond.targets + '/0/regions/nr_regions',
                 kdamond.targets + '/1/regions/nr_regions']
        for number, actor in enumerate(actors):
            # Each in another order.
            actor.ask(write_numbers, paths[number:] + paths[:number], most, rounds(200, 1000))
        checks.equal('more than allowed', sum(actor.answer() for actor in actors), 0)
    finally:
        for actor in actors:
            actor.end()


@claim(SPLIT)
def test_splitting(checks):
    '''Several targets with memory that wants to be split as far as it goes.'''
    most = 60
    fresh(ALICE, max_regions=most)
    kdamond = Kdamond()
    targets = [Actor(ALICE) for _ in range(4)]
    try:
        for target in targets:
            target.do(memory.striped_and_busy, 32)
        with Actor(ALICE) as user:
            user.do(kdamond.prepare_range, *[target.pid for target in targets])
            user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/max', most)
            user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/min', most // 2)
            checks.error('on', user.do(kdamond.on), 0)
            seen = 0
            for _ in attempts(20, 200):
                regions = user.do(kdamond.snapshot)
                if not checks.that(isinstance(regions, list), 'errno %s' % regions):
                    break
                seen = max(seen, len(regions))
            checks.that(seen > most // 4, 'only %d regions: nothing is split' % seen)
            checks.that(seen <= most, '%d regions' % seen)
            total = user.do(read, kdamond.context + '/current_nr_regions')
            if total != 'ENOENT':
                checks.that(int(total) <= most, 'current_nr_regions: %s' % total)
    finally:
        for target in targets:
            target.end()


@claim(SPLIT)
def test_more_targets_than_regions(checks):
    '''A target of vaddr has three regions at first, whatever nr_regions/max says.'''
    most = 10
    fresh(ALICE, max_regions=most, max_targets=16)
    kdamond = Kdamond()
    with Actor(ALICE) as user:
        user.do(kdamond.prepare, *[user.pid] * 16)
        user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/min', 3)
        user.do(kdamond.set, 'contexts/0/monitoring_attrs/nr_regions/max', most)
        if user.do(kdamond.on) == 0:
            for _ in range(3):
                regions = user.do(kdamond.snapshot)
                checks.that(isinstance(regions, int) or len(regions) <= most,
                            '%s regions' % (regions if isinstance(regions, int) else len(regions)))


def bomb(depth):
    '''A process that has children, which have children.'''
    pids = [spawn() for _ in range(depth)]
    for pid in pids:
        kill(pid)


@claim(SENTENCE)
def test_targets_that_fork_and_die(checks):
    '''While kdamonds that monitor them start and end.'''
    fresh(ALICE, max_kdamonds=2)
    kdamond = Kdamond()
    targets = [Actor(ALICE) for _ in range(4)]
    with Actor(ALICE) as user, Actor(ALICE) as parent:
        for number in attempts(5, 300):
            for target in targets:
                target.ask(bomb, 5)
            pids = [parent.do(spawn) for _ in range(8)]
            user.do(kdamond.prepare, *pids, *[target.pid for target in targets])
            result = user.do(kdamond.on)
            checks.error('on %d' % number, result, 0)
            for pid in pids:
                parent.do(kill, pid)
            user.do(kdamond.command, 'commit')
            for target in targets:
                target.answer()
            checks.error('off %d' % number, user.do(kdamond.off), 0)
    for target in targets:
        target.end()
    checks.equal('threads', kdamond_threads(), set())
    checks.equal('pid', thread_of(), -1)


@claim(SENTENCE)
def test_limits_that_are_lowered(checks):
    '''While there is more: nothing breaks, and the next start knows.'''
    fresh(ALICE)
    kdamond = Kdamond()
    with Actor(ALICE) as user, Actor(ALICE) as target:
        user.do(kdamond.prepare, *[target.pid] * 3)
        checks.error('on', user.do(kdamond.on), 0)
        for name, number in (('max_targets', 1), ('max_regions', 5), ('max_schemes', 0),
                             ('min_sample_us', 10000000)):
            must_write(limit(name), '%d' % number)
        checks.that(user.do(kdamond.command, 'commit') != 0, 'commit takes more')
        checks.error('off', user.do(kdamond.off), 0)
        checks.that(user.do(kdamond.on) != 0, 'on takes more')
    checks.that(os.path.isdir(directory()), 'the directory is gone')
