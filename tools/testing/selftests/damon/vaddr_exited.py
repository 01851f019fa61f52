#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

'''
Processes whose first thread has exited.
'''

import ctypes
import os
import sys
import threading
import time

ksft_skip = 4

ADMIN = '/sys/kernel/mm/damon/admin'
KDAMOND = ADMIN + '/kdamonds/0'
CONTEXT = KDAMOND + '/contexts/0'

def read(path):
    with open(path) as f:
        return f.read().strip()

def write(path, value):
    with open(path, 'w') as f:
        f.write('%s' % value)

def start(pid):
    write(ADMIN + '/kdamonds/nr_kdamonds', 1)
    write(KDAMOND + '/contexts/nr_contexts', 1)
    write(CONTEXT + '/operations', 'vaddr')
    write(CONTEXT + '/targets/nr_targets', 1)
    write(CONTEXT + '/targets/0/pid_target', pid)
    # a scheme for all regions
    write(CONTEXT + '/schemes/nr_schemes', 1)
    write(CONTEXT + '/schemes/0/action', 'stat')
    pattern = CONTEXT + '/schemes/0/access_pattern'
    for name in 'sz', 'nr_accesses', 'age':
        write('%s/%s/max' % (pattern, name), 2**64 - 1)
    write(KDAMOND + '/state', 'on')

def stop():
    if read(KDAMOND + '/state') == 'on':
        write(KDAMOND + '/state', 'off')
    write(ADMIN + '/kdamonds/nr_kdamonds', 0)

def process(function, *args):
    '''A child that runs @function, and a file that ends it when closed.'''
    go_r, go_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_w)
        function(go_r, *args)
        os._exit(0)
    os.close(go_r)
    return pid, go_w

def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True

def state_of(pid):
    return read('/proc/%d/stat' % pid).rsplit(')', 1)[1].split()[0]

def exit_first_thread(go):
    '''Lets another thread go on alone.'''
    def rest():
        os.read(go, 1)
        os._exit(0)
    threading.Thread(target=rest).start()
    # without telling Python, which would wait for the other one
    libc = ctypes.CDLL(None, use_errno=True)
    libc.pthread_exit.argtypes = [ctypes.c_void_p]
    libc.pthread_exit(None)

def test_first_thread():
    '''A process whose first thread has exited is monitored all the same.'''
    pid, go = process(exit_first_thread)
    try:
        if not wait_for(lambda: state_of(pid) == 'Z'):
            return 'the first thread does not end'
        start(pid)
        write(KDAMOND + '/state', 'update_schemes_tried_bytes')
        if read(KDAMOND + '/state') != 'on':
            return 'the kdamond ends while the process goes on'
        total = read(CONTEXT + '/schemes/0/tried_regions/total_bytes')
        if total == '0':
            return 'the process has no memory'
    finally:
        stop()
        os.close(go)
        os.waitpid(pid, 0)
    return None

def main():
    if os.geteuid() != 0:
        print('Run as root')
        sys.exit(ksft_skip)
    if not os.path.isdir(ADMIN):
        print('No %s' % ADMIN)
        sys.exit(ksft_skip)

    reason = test_first_thread()
    print('%s: %s' % (test_first_thread.__name__, reason or 'ok'))
    sys.exit(0 if reason is None else 1)

if __name__ == '__main__':
    main()
