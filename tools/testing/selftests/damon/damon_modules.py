#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

'''
Test the DAMON modules and samples beside kdamonds of the sysfs interface.

Kdamonds of the sysfs interface run beside each other.  DAMON_RECLAIM,
DAMON_LRU_SORT, DAMON_STAT and the samples want to be alone: while any
kdamond runs they are refused with EBUSY, and so is every kdamond that comes
while one of them runs.  What is refused changes nothing, and what ends, by
command or by itself, makes room.
'''

from errno import EBUSY, ECANCELED, EINVAL
import mmap
import os
import select
import time

from _sysfs_abi.lib import (DEADLINE_SEC, Kdamond, Process, Skip, await_exit,
                            build, deadline, error_name, reset, write)
from _sysfs_abi.run import main

SELF = os.getpid()
# How often each of several processes has to succeed beside the others.
ROUNDS = 5


class Module:
    '''A module of DAMON that is built in, and what shows that it runs.'''

    # How many kdamonds it starts.
    kdamonds = 1

    def __init__(self, name):
        self.name = name
        self.parameters = '/sys/module/%s/parameters/' % name

    def set(self, parameter, data):
        '''Write a parameter.  Return 0 or the errno.'''
        return write(self.parameters + parameter, data)

    def get(self, parameter):
        with open(self.parameters + parameter) as f:
            return f.read().rstrip('\n')

    def prepare(self):
        '''Give it what it needs before it can be enabled.'''
        if not os.path.exists(self.parameters + 'enabled'):
            raise Skip('%s is not built into this kernel' % self.name)

    def enable(self):
        return self.set('enabled', 'Y')

    def start(self, checks):
        '''Turn it on, alone, and return the pids of its kdamonds.'''
        checks.error('%s: Y' % self.name, self.enable(), 0)
        checks.equal('%s after Y' % self.name, self.get('enabled'), 'Y')
        pids = await_kdamonds(lambda pids: len(pids) == self.kdamonds)
        checks.equal('kdamonds of %s' % self.name, len(pids), self.kdamonds)
        return pids

    def stop(self, checks):
        checks.error('%s: N' % self.name, self.set('enabled', 'N'), 0)
        checks.equal('%s after N' % self.name, self.get('enabled'), 'N')
        check_kdamonds(checks, [])

    def check_refused(self, checks):
        checks.error('%s: Y beside others' % self.name, self.enable(), EBUSY)
        checks.equal('%s after that' % self.name, self.get('enabled'), 'N')


class PidModule(Module):
    '''One that tells the pid of its kdamond.'''

    def start(self, checks):
        pids = super().start(checks)
        checks.equal('kdamond_pid of %s' % self.name,
                     [self.get('kdamond_pid')], ['%d' % pid for pid in pids])
        return pids

    def stop(self, checks):
        super().stop(checks)
        checks.equal('kdamond_pid after N', self.get('kdamond_pid'), '-1')

    def check_refused(self, checks):
        super().check_refused(checks)
        checks.equal('kdamond_pid after that', self.get('kdamond_pid'), '-1')


class PidSample(Module):
    '''One that monitors a process, this one if no other is named.'''

    def prepare(self, pid=SELF):
        super().prepare()
        checked(self.set('target_pid', '%d' % pid))


class TieringSample(Module):
    '''
    One that starts two kdamonds, for the memory of two nodes.  Here both get
    the same memory, and nothing is migrated where there is no second node.
    '''

    kdamonds = 2

    def prepare(self):
        super().prepare()
        start, end = system_ram()
        for node in ('node0', 'node1'):
            checked(self.set(node + '_start_addr', '%d' % start))
            checked(self.set(node + '_end_addr', '%d' % end))


RECLAIM = PidModule('damon_reclaim')
LRU_SORT = PidModule('damon_lru_sort')
STAT = PidModule('damon_stat')
WSSE = PidSample('damon_sample_wsse')
PRCL = PidSample('damon_sample_prcl')
MODULES = [RECLAIM, LRU_SORT, STAT, WSSE, PRCL,
           TieringSample('damon_sample_mtier')]


def checked(error):
    if error:
        raise OSError(error, 'setup: %s' % error_name(error))


def system_ram():
    '''The address range of the first 64 MiB of a large piece of memory.'''
    size = 64 << 20
    with open('/proc/iomem') as f:
        for line in f:
            addresses, name = line.split(' : ')
            start, end = (int(a, 16) for a in addresses.split('-'))
            if name == 'System RAM\n' and end - start >= size:
                return start, start + size
    raise Skip('no 64 MiB of System RAM in /proc/iomem')


def kdamond_pids():
    '''The kdamonds that exist, also those that are about to end.'''
    pids = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/comm' % pid) as f:
                if f.read().startswith('kdamond.'):
                    pids.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass  # has ended since
    return sorted(pids)


def await_kdamonds(good):
    '''
    The kdamonds, once they are @good, or at last: one that has ended is seen
    for another moment.
    '''
    until = deadline(DEADLINE_SEC)
    while True:
        pids = kdamond_pids()
        if good(pids) or time.monotonic() > until:
            return pids
        time.sleep(0.01)


def check_kdamonds(checks, expected):
    checks.equal('kdamonds', await_kdamonds(lambda pids: pids == expected),
                 expected)


class Messages:
    '''What the kernel's log gets from now on.'''

    def __init__(self):
        self.fd = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def await_start(self, start):
        '''The rest of the next message that starts so, or None.'''
        until = deadline(DEADLINE_SEC)
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while time.monotonic() < until:
            if not poll.poll(1000):
                continue
            record = os.read(self.fd, 8192).decode(errors='replace')
            message = record.split('\n')[0].split(';', 1)[-1]
            if message.startswith(start):
                return message[len(start):]
        return None

    def close(self):
        os.close(self.fd)


def test_refused(checks, module):
    '''A module beside kdamonds that are started, stopped, and end alone.'''
    module.prepare()
    build(kdamonds=2)
    first, second = Kdamond(0), Kdamond(1)
    first.stage(SELF)
    first_pid = first.start(checks)
    module.check_refused(checks)
    checks.equal('pid of the first', first.pid(), first_pid)

    with Process() as target:
        second.stage(target.pid)
        second_pid = second.start(checks)
        check_kdamonds(checks, sorted([first_pid, second_pid]))
        module.check_refused(checks)
        first.stop(checks)
        checks.equal('pid of the second', second.pid(), second_pid)
        module.check_refused(checks)
        check_kdamonds(checks, [second_pid])
        target.end()
        second.await_end(checks)
    module.start(checks)
    module.stop(checks)


def test_alone(checks, module):
    '''What comes while a module runs.'''
    for other in MODULES:
        try:
            other.prepare()
        except Skip:
            if other is module:
                raise
    build(kdamonds=2)
    kdamonds = [Kdamond(0), Kdamond(1)]
    for kdamond in kdamonds:
        kdamond.stage(SELF)

    pids = module.start(checks)
    for kdamond in kdamonds:
        checks.error('on beside %s' % module.name, kdamond.command('on'),
                     EBUSY)
        kdamond.check_off(checks)
    for other in MODULES:
        if other is not module and os.path.exists(other.parameters):
            other.check_refused(checks)
    checks.error('Y again', module.enable(), 0)
    checks.equal('%s at last' % module.name, module.get('enabled'), 'Y')
    check_kdamonds(checks, pids)

    module.stop(checks)
    for kdamond in kdamonds:
        kdamond.start(checks)
    for kdamond in kdamonds:
        kdamond.stop(checks)


def test_commit_inputs(checks, module):
    '''Parameters of a module that runs, and of one that does not.'''
    module.prepare()
    reset()
    before = {name: module.get(name)
              for name in ('aggr_interval', 'wmarks_interval')}
    # It takes commands when it looks whether there is something to do.
    checked(module.set('wmarks_interval', '1000'))
    try:
        for _ in range(2):
            checked(module.set('aggr_interval', before['aggr_interval']))
            pids = module.start(checks)
            checks.error('commit_inputs', module.set('commit_inputs', 'Y'), 0)
            checked(module.set('aggr_interval', '0'))
            checks.error('commit_inputs of what is invalid',
                         module.set('commit_inputs', 'Y'), EINVAL)
            check_kdamonds(checks, pids)
            module.stop(checks)
            checks.error('commit_inputs of one that has ended',
                         module.set('commit_inputs', 'Y'), ECANCELED)
            checks.error('Y with what is invalid', module.enable(), EINVAL)
            check_kdamonds(checks, [])
    finally:
        for name, data in before.items():
            checked(module.set(name, data))


def test_target_exits(checks, sample):
    '''A sample whose kdamond ends with its target makes room.'''
    build()
    kdamond = Kdamond()
    kdamond.stage(SELF)
    for _ in range(2):
        with Process() as target:
            sample.prepare(target.pid)
            pid, = sample.start(checks) or [0]
            checks.error('on', kdamond.command('on'), EBUSY)
            target.end()
            checks.that(await_exit(pid), 'kdamond %d does not end' % pid)
        kdamond.start(checks)
        kdamond.stop(checks)
        sample.stop(checks)


def test_working_set(checks, sample):
    '''A sample tells the size of the working set again and again.'''
    sample.prepare()
    reset()
    messages = Messages()
    try:
        sample.start(checks)
        for _ in range(3):
            size = messages.await_start('%s: wss: ' % sample.name)
            checks.that(size and size.isdigit(),
                        'working set size: %r' % size)
        sample.stop(checks)
    finally:
        messages.close()


def await_change(module, parameter, before):
    '''What it shows as soon as that differs, or at last.'''
    until = deadline(DEADLINE_SEC)
    while module.get(parameter) == before and time.monotonic() < until:
        time.sleep(0.1)
    return module.get(parameter)


def test_stat(checks):
    '''The numbers of DAMON_STAT, which come after 5 s.'''
    STAT.prepare()
    reset()
    before = STAT.get('memory_idle_ms_percentiles')
    STAT.start(checks)
    shown = await_change(STAT, 'memory_idle_ms_percentiles', before)
    checks.that(shown != before, 'the percentiles do not change')
    percentiles = [int(number) for number in shown.split(',')]
    checks.equal('percentiles', len(percentiles), 101)
    checks.equal('percentiles', percentiles, sorted(percentiles))
    checks.that(0 not in percentiles, 'an idle time of 0: %r' % shown)

    # 20 times what the samples are tuned to, which is 5 ms to 10 s.
    interval = int(STAT.get('aggr_interval_us'))
    checks.that(100000 <= interval <= 200000000,
                'aggr_interval_us: %d' % interval)
    bandwidth = int(STAT.get('estimated_memory_bandwidth'))
    checks.equal('bandwidth, where nothing or something is in use',
                 bandwidth > 0, percentiles[0] < 0)
    STAT.stop(checks)
    checks.equal('percentiles after N',
                 STAT.get('memory_idle_ms_percentiles'), shown)


class Worker:
    '''
    A process that starts and stops one thing until it has succeeded often
    enough.  @running has a byte for each of the workers, which is set at
    most as long as the thing runs.
    '''

    def __init__(self, on, off, alone):
        self.on, self.off, self.alone = on, off, alone

    def round(self, workers, index, running):
        '''Start, look around, stop.  Return whether that was possible.'''
        error = self.on()
        if error == EBUSY:
            return False
        if error:
            raise OSError(error, 'on: %s' % error_name(error))
        running[index] = 1
        beside = [other for other, worker in enumerate(workers)
                  if other != index and running[other] and
                  (self.alone or worker.alone)]
        running[index] = 0
        while True:
            error = self.off()
            # The interface handles one command at a time.
            if error != EBUSY:
                break
        checked(error)
        if beside:
            raise OSError(EBUSY, 'runs beside %s' % beside)
        return True

    def work(self, workers, index, running):
        until = deadline(4 * DEADLINE_SEC)
        done = 0
        while done < ROUNDS:
            if time.monotonic() > until:
                raise OSError(EBUSY, '%d of %d rounds' % (done, ROUNDS))
            done += self.round(workers, index, running)


def run_workers(checks, workers):
    running = mmap.mmap(-1, len(workers))
    pids = []
    for index, worker in enumerate(workers):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                worker.work(workers, index, running)
                status = 0
            except OSError as e:
                print('# worker %d: %s' % (index, e), flush=True)
            finally:
                os._exit(status)
        pids.append(pid)
    for index, pid in enumerate(pids):
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        checks.equal('worker %d' % index, status, 0)
    running.close()


def switch(module):
    return (module.enable, lambda: module.set('enabled', 'N'))


def directory(kdamond):
    return (lambda: kdamond.command('on'), lambda: kdamond.command('off'))


def check_room(checks, module):
    '''Nothing is left: neither a kdamond nor one that counts as running.'''
    check_kdamonds(checks, [])
    module.start(checks)
    module.stop(checks)
    kdamond = Kdamond()
    kdamond.start(checks)
    kdamond.stop(checks)


def test_parallel(checks):
    '''Processes that each start and stop a kdamond or a module.'''
    build(kdamonds=3)
    workers = []
    for k in range(3):
        Kdamond(k).stage(SELF)
        workers.append(Worker(*directory(Kdamond(k)), alone=False))
    for module in (RECLAIM, LRU_SORT, WSSE):
        try:
            module.prepare()
            workers.append(Worker(*switch(module), alone=True))
        except Skip:
            pass  # the others are left
    run_workers(checks, workers)
    for module in MODULES[:2]:
        module.prepare()
        check_room(checks, module)


def test_parallel_same(checks):
    '''Processes that all start and stop the same module.'''
    RECLAIM.prepare()
    build()
    Kdamond().stage(SELF)
    # Each may find that another has done it already, which is no error.
    run_workers(checks, [Worker(*switch(RECLAIM), alone=False)] * 4)
    check_room(checks, RECLAIM)


def test_log(checks, log):
    '''Clean up.  Nothing may have made the kernel complain until then.'''
    reset()
    for line in log.bad_lines():
        checks.that(False, 'kernel log: %s' % line)


def all_tests(log):
    tests = []
    for module in MODULES:
        tests += [('%s beside kdamonds' % module.name, test_refused,
                   (module,)),
                  ('%s alone' % module.name, test_alone, (module,))]
    tests += [('%s: commit_inputs' % module.name, test_commit_inputs,
               (module,)) for module in (RECLAIM, LRU_SORT)]
    for sample in (WSSE, PRCL):
        tests += [('%s: target exits' % sample.name, test_target_exits,
                   (sample,)),
                  ('%s: working set' % sample.name, test_working_set,
                   (sample,))]
    return tests + [
        ('damon_stat: numbers', test_stat, ()),
        ('starts and stops in parallel', test_parallel, ()),
        ('starts and stops of the same in parallel', test_parallel_same, ()),
        ('no complaint in the kernel log', test_log, (log,))]


if __name__ == '__main__':
    main(all_tests)
