# SPDX-License-Identifier: GPL-2.0

'''
Which threads of kdamonds there are.
'''

import os

# include/linux/sched.h
PF_EXITING = 4


def is_kdamond(pid):
    '''
    Whether a kdamond runs as that thread.

    Who stops a kdamond waits until it has left its functions, as kthread_stop() does.
    The kernel takes such a thread out of /proc a moment later.
    '''
    try:
        with open('/proc/%s/stat' % pid, encoding='utf-8') as f:
            before, _, fields = f.read().rpartition(') ')
    except (FileNotFoundError, ProcessLookupError):
        return False
    return ' (kdamond.' in before and not int(fields.split()[6]) & PF_EXITING


def kdamond_threads():
    return {int(name) for name in os.listdir('/proc') if name.isdigit() and is_kdamond(name)}
