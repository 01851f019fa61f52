# SPDX-License-Identifier: GPL-2.0

'''
Tests of sysfs_abi.py about what each command of the 'state' file says in each
state of a kdamond, and about files that somebody else's command makes busy.
'''

from errno import EBUSY, ECANCELED, EINVAL
import os
import select

from .lib import (DEADLINE_SEC, Kdamond, Process, build, deadline, must_write,
                  read, time, write)
from . import table

SELF = os.getpid()
TRIED = ['update_schemes_tried_bytes', 'update_schemes_tried_regions']
CLEAR = 'clear_schemes_tried_regions'
# 'on', 'off' and the other commands; 'off' changes the state, and comes last.
OTHERS = [word for word in table.COMMANDS if word not in ('on', 'off')]


def stage_scheme(kdamond):
    '''A scheme that applies to everything, and does nothing.'''
    must_write(kdamond.context + '/schemes/nr_schemes', '1')
    for name in ('sz', 'nr_accesses', 'age'):
        must_write('%s/schemes/0/access_pattern/%s/max' % (
            kdamond.context, name), '%d' % ((1 << 64) - 1))


def started(checks, scheme=True, staged=()):
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    if scheme:
        stage_scheme(kdamond)
    for path, data in staged:
        must_write('%s/%s' % (kdamond.context, path), data)
    kdamond.start(checks)
    return kdamond


def never_without_context(_):
    build(contexts=0)
    return Kdamond()


def never(_):
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    stage_scheme(kdamond)
    return kdamond


def without_scheme(checks):
    return started(checks, scheme=False)


def inactive(checks):
    # No system is without free memory.
    marks = 'schemes/0/watermarks/'
    return started(checks, staged=[(marks + 'metric', 'free_mem_rate'),
                                   (marks + 'interval_us', '1000')])


def paused(checks):
    return started(checks, staged=[('pause', 'Y')])


def run_without_context(checks):
    kdamond = started(checks)
    must_write(kdamond.dir + '/contexts/nr_contexts', '0')
    return kdamond


def lost_scheme(checks):
    kdamond = started(checks)
    must_write(kdamond.context + '/schemes/nr_schemes', '0')
    return kdamond


def stopped(checks):
    kdamond = started(checks)
    kdamond.stop(checks)
    return kdamond


def stopped_without_context(checks):
    kdamond = stopped(checks)
    must_write(kdamond.dir + '/contexts/nr_contexts', '0')
    return kdamond


def ended(checks):
    build()
    kdamond = Kdamond()
    with Process() as target:
        kdamond.stage(target.pid)
        stage_scheme(kdamond)
        kdamond.start(checks)
        target.end()
        kdamond.await_end(checks)
    kdamond.stage(SELF)
    return kdamond


def says(errno, on, off, **others):
    '''What each of the commands says: most of them @errno.'''
    return {**dict.fromkeys(OTHERS, errno), 'on': on, 'off': off, **others}


CANCELED = dict.fromkeys(TRIED, ECANCELED)
DONE = {CLEAR: 0}
# How to get there, and what the commands say.
STATES = [
        ('never started, without a context', never_without_context,
         says(EINVAL, EINVAL, EINVAL)),
        ('never started', never, says(EINVAL, 0, EINVAL, **DONE)),
        ('running', started, says(0, EBUSY, 0)),
        ('running without a scheme', without_scheme,
         says(0, EBUSY, 0, **CANCELED)),
        ('running, scheme deactivated by watermarks', inactive,
         says(0, EBUSY, 0, **CANCELED)),
        ('running, paused', paused, says(0, EBUSY, 0, **CANCELED)),
        ('Q8: running, the directory of the scheme removed', lost_scheme,
         says(0, EBUSY, 0)),
        ('Q9: running, the context removed', run_without_context,
         says(EINVAL, EINVAL, 0)),
        ('stopped', stopped, says(ECANCELED, 0, 0, **DONE)),
        ('stopped, the context removed', stopped_without_context,
         says(EINVAL, EINVAL, 0)),
        ('ended with its target', ended, says(ECANCELED, 0, 0, **DONE)),
        ]


def test_state(checks, make, expected):
    kdamond = make(checks)
    state, pid = kdamond.state(), kdamond.pid()
    checks.equal('state and pid', state == 'on', pid > 0)
    checks.equal('commands without an expectation',
                 set(table.COMMANDS) ^ set(expected), set())

    for data, errno in table.BY_PATH[table.KDAMOND + '/state'].kind.refuses:
        checks.error('command %r' % data, kdamond.command(data), errno)
    # What 'commit' makes of a scheme without a directory is that it goes.
    for word in sorted(OTHERS, key=lambda word: word == 'commit'):
        command = kdamond.tried if word in TRIED else kdamond.command
        for end in ('', '\n'):
            checks.error('command %r' % (word + end), command(word + end),
                         expected[word])
    if state == 'on':
        checks.error('on', kdamond.command('on'), expected['on'])
    checks.equal('state after all of them', (kdamond.state(), kdamond.pid()),
                 (state, pid))

    checks.error('off', kdamond.command('off\n'), expected['off'])
    kdamond.check_off(checks)
    if state == 'off':
        checks.error('on', kdamond.command('on\n'), expected['on'])
        checks.equal('state after on', kdamond.state(),
                     'off' if expected['on'] else 'on')


class Command:
    '''A process that writes a command, which takes its time.'''

    def __init__(self, kdamond, word):
        self.pipe, report = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.write(report, b'%d\n' % kdamond.command(word))
            os._exit(0)
        os.close(report)

    def result(self, seconds):
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return None
        result = int(os.read(self.pipe, 16))
        os.close(self.pipe)
        os.waitpid(self.pid, 0)
        return result


def busy_files(context):
    '''
    Files, the data that is written, and what that gives while the lock of the
    tree is held: what needs the lock is busy, but only once it is parsed.
    '''
    cases = [('kdamonds/nr_kdamonds', '1', EBUSY)]
    for path in table.NR_FILES[1:]:
        cases += [(path, '1', EBUSY), (path, '-1', EINVAL)]
    cases += [(table.KDAMOND + '/state', word, EBUSY)
              for word in table.COMMANDS + ['x', '\n']]
    cases += [(context + '/contexts/nr_contexts', '2', EINVAL)]
    cases += [(file.path, '/a', EBUSY) for file in table.FILES
              if file.default == '']
    # The others have no lock.
    for file in table.FILES:
        if (file.kind and not file.nr and file.kind.accepts and
                file.default != ''):
            cases += [(file.path, file.default,
                       0 if table.takes_default(file) else EINVAL)]
    return cases


def test_busy(checks):
    '''Q11: what needs the lock does not wait for it.'''
    table.build_all()
    kdamond = Kdamond()
    must_write(table.TARGET + '/pid_target', '%d' % SELF)
    must_write(table.TARGET + '/regions/nr_regions', '0')
    # A command waits for the next sample, which is far away.
    intervals = kdamond.context + '/monitoring_attrs/intervals/'
    must_write(intervals + 'aggr_us', '3000000')
    must_write(intervals + 'sample_us', '3000000')
    pid = kdamond.start(checks)
    must_write(table.TARGET + '/regions/nr_regions', '1')
    paths = [file.path for file in table.FILES if file.default == '']
    cases = busy_files(kdamond.dir)

    until = deadline(DEADLINE_SEC * 4)
    while time.monotonic() < until:
        command = Command(kdamond, 'update_tuned_intervals')
        seen = []
        # It has the lock from the moment that an unknown command is refused
        # for that.
        while write(kdamond.dir + '/state', 'x') != EBUSY:
            if command.result(0) is not None:
                break
        else:
            seen = [(path, data, write(path, data)) for path, data, _ in cases]
            reads = [(path, read(path)) for path in
                     [kdamond.dir + '/state', kdamond.dir + '/pid'] + paths]
        if seen and command.result(0) is None:
            # It had the lock all the time.
            break
        command.result(DEADLINE_SEC)
    else:
        checks.that(False, 'the lock is never held for long enough')
        return
    for (path, data, errno), (_, _, expected) in zip(seen, cases):
        checks.error('%r to %s' % (data, path), errno, expected)
    # An implementation refuses readers meanwhile, or it does not.
    if any(shown != 'EBUSY' for _, shown in reads):
        for (path, shown), expected in zip(
                reads, ['on\n', '%d\n' % pid] + ['\n' for _ in paths]):
            checks.equal(path, shown, expected)
    checks.error('the command itself', command.result(DEADLINE_SEC), 0)
    checks.equal('state after that', kdamond.state(), 'on')
    kdamond.stop(checks)


def tests():
    run = [('state: every command: %s' % name, test_state, (make, expected))
           for name, make, expected in STATES]
    return run + [('Q11: state: while a command holds the lock', test_busy,
                   ())]
