#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

'''
A change of refresh_ms counts from when it is written.
'''

import os
import sys
import time

ksft_skip = 4

ADMIN = '/sys/kernel/mm/damon/admin'
KDAMOND = ADMIN + '/kdamonds/0'
CONTEXT = KDAMOND + '/contexts/0'
SCHEME = CONTEXT + '/schemes/0'
HOUR = 3600 * 1000

def read(path):
    with open(path) as f:
        return f.read().strip()

def write(path, value):
    with open(path, 'w') as f:
        f.write('%s' % value)

def start():
    '''A kdamond that monitors this process, and refreshes each hour.'''
    write(ADMIN + '/kdamonds/nr_kdamonds', 1)
    write(KDAMOND + '/contexts/nr_contexts', 1)
    write(CONTEXT + '/operations', 'vaddr')
    write(CONTEXT + '/targets/nr_targets', 1)
    write(CONTEXT + '/targets/0/pid_target', os.getpid())
    write(CONTEXT + '/schemes/nr_schemes', 1)
    write(SCHEME + '/action', 'stat')
    for name in 'sz', 'nr_accesses', 'age':
        write('%s/access_pattern/%s/max' % (SCHEME, name), 2**64 - 1)
    write(KDAMOND + '/refresh_ms', HOUR)
    write(KDAMOND + '/state', 'on')

def stop():
    write(KDAMOND + '/state', 'off')
    write(KDAMOND + '/refresh_ms', 0)
    write(ADMIN + '/kdamonds/nr_kdamonds', 0)

def refreshed(before, seconds=10):
    '''If the file is written to within some seconds.'''
    deadline = time.monotonic() + seconds
    while read(SCHEME + '/stats/nr_tried') == before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

def check():
    if refreshed('0', 1):
        return 'refreshed in the first hour'
    write(KDAMOND + '/refresh_ms', 100)
    if not refreshed('0'):
        return 'not refreshed after the interval was lowered'
    write(KDAMOND + '/refresh_ms', HOUR)
    # what was due before the write may just be on its way
    time.sleep(0.5)
    before = read(SCHEME + '/stats/nr_tried')
    if refreshed(before, 1):
        return 'refreshed after the interval was raised'
    write(KDAMOND + '/refresh_ms', 0)
    write(KDAMOND + '/refresh_ms', HOUR)
    if not refreshed(before):
        return 'not refreshed when it was enabled again'
    return None

def main():
    if os.geteuid() != 0:
        print('Run as root')
        sys.exit(ksft_skip)
    if not os.path.exists('/sys/kernel/mm/damon/admin/kdamonds'):
        print('No %s' % ADMIN)
        sys.exit(ksft_skip)

    start()
    try:
        reason = check()
    finally:
        stop()
    if reason is not None:
        print(reason)
        sys.exit(1)

if __name__ == '__main__':
    main()
