# SPDX-License-Identifier: GPL-2.0

'''
Memory at known addresses, and accesses to it that DAMON sees on any machine: it does
not flush TLBs, so each access here begins with a page table that has nothing.
'''

import ctypes
import os
import threading
import time

from .actor import LIBC

PAGE = os.sysconf('SC_PAGE_SIZE')
START = 1 << 36
LENGTH = 64 * PAGE
PROT_READ, PROT_WRITE = 1, 2
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS = 1, 2, 0x10, 0x20
MADV_DONTNEED = 4

LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int,
                      ctypes.c_int, ctypes.c_long]
LIBC.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def map_at(start, length, prot, flags, fd=-1):
    seen = LIBC.mmap(start, length, prot, flags | MAP_FIXED, fd, 0)
    if seen != start:
        raise OSError(ctypes.get_errno(), 'mmap at %#x' % start)


def map_anonymous(start=START, length=LENGTH):
    map_at(start, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS)


def map_file(path, start=START, length=LENGTH, shared=True):
    '''To read a file.'''
    fd = os.open(path, os.O_RDONLY)
    map_at(start, length, PROT_READ, MAP_SHARED if shared else MAP_PRIVATE, fd)
    os.close(fd)


def access_for_ever(start, length, write):
    while True:
        LIBC.madvise(start, length, MADV_DONTNEED)
        if write:
            ctypes.memset(start, 1, length)
        else:
            ctypes.string_at(start, length)
        time.sleep(0.001)


def keep_accessing(start=START, length=LENGTH, write=True):
    '''In a thread, until the program ends.'''
    threading.Thread(target=access_for_ever, args=(start, length, write),
                     daemon=True).start()


def anonymous_and_busy(start=START, length=LENGTH):
    map_anonymous(start, length)
    keep_accessing(start, length)


def file_and_busy(path, shared=True):
    map_file(path, shared=shared)
    keep_accessing(write=False)


def access_each_second_page(start, pages):
    while True:
        for page in range(0, pages, 2):
            LIBC.madvise(start + page * PAGE, PAGE, MADV_DONTNEED)
            ctypes.memset(start + page * PAGE, 1, PAGE)
        time.sleep(0.001)


def striped_and_busy(pages):
    '''Memory of which each page is unlike the next one.'''
    map_anonymous()
    threading.Thread(target=access_each_second_page, args=(START, pages), daemon=True).start()


def areas(pid):
    '''The address ranges of a process, as root sees them.'''
    with open('/proc/%d/maps' % pid, encoding='ascii', errors='replace') as f:
        return [tuple(int(part, 16) for part in line.split()[0].split('-'))
                for line in f]
