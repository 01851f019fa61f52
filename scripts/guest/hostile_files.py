# SPDX-License-Identifier: GPL-2.0

'''The DAMON sysfs files, for hostile'''

import errno
import os
import sys
import time

ADMIN = '/sys/kernel/mm/damon/admin'
KDAMONDS = ADMIN + '/kdamonds'
# How long something may take that has to end
PATIENCE = 120


def write(path, data):
    '''Returns the errno, or 0'''
    if isinstance(data, str):
        data = data.encode()
    try:
        fd = os.open(path, os.O_WRONLY)
    except OSError as error:
        return error.errno
    try:
        os.write(fd, data)
        return 0
    except OSError as error:
        return error.errno
    finally:
        os.close(fd)


def read(path):
    '''Returns the text, or None'''
    try:
        with open(path, 'rb') as f:
            return f.read().decode(errors='replace').strip()
    except OSError:
        return None


def must_write(path, data):
    err = write(path, data)
    if err:
        sys.exit('%s: writing %r failed: %s' % (path, data, errno.errorcode[err]))


def retry(path, data):
    '''Writes when the lock is free'''
    end = time.monotonic() + PATIENCE
    while True:
        err = write(path, data)
        if err != errno.EBUSY:
            return err
        if time.monotonic() > end:
            sys.exit('%s: still busy after %d s' % (path, PATIENCE))
        time.sleep(0.01)


def turn_all_off():
    for name in os.listdir(KDAMONDS):
        if name.isdigit():
            retry('%s/%s/state' % (KDAMONDS, name), 'off')
    err = retry(KDAMONDS + '/nr_kdamonds', '0')
    if err:
        sys.exit('removing the kdamonds failed: %s' % errno.errorcode[err])
