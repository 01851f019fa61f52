# SPDX-License-Identifier: GPL-2.0

'''
The DAMON sysfs files that sysfs_rust.py tests, and what each of them accepts
and refuses.

A kind says, for the files that have it, which bytes may be written and how
they read back, and which bytes are refused with which error.  To test a
further file, add a row to FILES (and its directory to DIRS).
'''

from errno import EINVAL, ERANGE
import sys

ULONG_MAX = sys.maxsize * 2 + 1
INT_MAX = (1 << 31) - 1
INT_MIN = -(1 << 31)


class Kind:
    def __init__(self, accepts, refuses, writable=True, valid=None):
        self.accepts = accepts      # (bytes to write, text that reads back)
        self.refuses = refuses      # (bytes to write, errno)
        self.writable = writable    # whether the mode is 0600 or 0400
        self.valid = valid          # judges the default that a kernel shows


def text(number):
    return b'%d' % number


# What no integer parser of the kernel takes: a single newline may follow the
# digits, nothing else may surround them, and the only prefixes are 0x and 0.
NOT_A_NUMBER = [
        b'\n', b'\0', b' ', b'abc', b' 5', b'5 ', b'\n5', b'5\n\n', b'5\r\n',
        b'\t5', b'0x', b'0xg', b'x5', b'08', b'0b1', b'0o7', b'1.5', b'1e3',
        b'5k', b'5_0', b'1,000', b'+', b'-', b'++5', b'+-5', b'-+5', b'--5',
        b'+ 5', b'0x 5', b'\xff', b'\xd9\xa3', b'5x\0',
        ]

# A trailing newline, a plus sign, other bases, and the C string that ends at
# a null byte.
SAME_NUMBER = [
        (b'5\n', '5'), (b'+5', '5'), (b'0x10', '16'), (b'0X1f', '31'),
        (b'+0x10', '16'), (b'010', '8'), (b'00', '0'), (b'0x0\n', '0'),
        (b'00000000000000000000000000000007', '7'), (b'5\0x', '5'),
        ]


def not_numbers(errno=EINVAL, refused=()):
    return [(b, errno) for b in NOT_A_NUMBER + list(refused)]


def unsigned_kind(highest, lowest=0):
    over = highest + 1
    accepts = [(text(n), '%d' % n)
               for n in (lowest, 1, highest // 2 + 1, highest)]
    accepts += [(b'0x%x' % highest, '%d' % highest)]
    accepts += [case for case in SAME_NUMBER if int(case[1]) >= lowest]
    refuses = not_numbers(refused=[b'-1', b'-0', b'-0x10', text(-over)])
    refuses += [(b, EINVAL) for b in (b'0', b'00\n', b'0x0') if lowest > 0]
    refuses += [(b, ERANGE)
                for b in (text(over), b'0x%x' % over, b'+%d\n' % over,
                          text(10 ** 30), b'0%o' % over)]
    return Kind(accepts, refuses)


def pid_kind():
    # Every parse error is reported as EINVAL, also an overflow.
    accepts = [(text(n), '%d' % n)
               for n in (0, 1, -1, INT_MAX, INT_MIN)]
    accepts += SAME_NUMBER + [(b'-0', '0'), (b'-0x10', '-16'), (b'-010', '-8')]
    refuses = not_numbers(refused=[
        text(INT_MAX + 1), text(INT_MIN - 1), b'0x80000000',
        text(ULONG_MAX), text(ULONG_MAX + 1), text(10 ** 30),
        text(-10 ** 30)])
    return Kind(accepts, refuses)


def nr_kind(at_most_1=False):
    accepts = [(b'1', '1'), (b'0', '0'), (b'+1\n', '1'), (b'0x1', '1'),
               (b'01', '1'), (b'-0', '0'), (b'1\0x', '1')]
    refuses = not_numbers(refused=[b'-1', b'-0x1', text(INT_MIN)])
    refuses += [(b, ERANGE)
                for b in (text(INT_MAX + 1), text(INT_MIN - 1), b'0x80000000',
                          text(ULONG_MAX), text(ULONG_MAX + 1),
                          text(10 ** 30), text(-10 ** 30))]
    more = [(b'2', '2'), (b'0x2\n', '2'), (b'010', '8')]
    if at_most_1:
        refuses += [(b, EINVAL)
                    for b in [b for b, _ in more] + [text(INT_MAX)]]
    else:
        accepts += more
    return Kind(accepts, refuses)


def bool_kind():
    # Only the first character counts, the first two after an 'o'.
    yes = [b'Y', b'y', b'yes', b'T', b't', b'true\n', b'E', b'enable', b'1',
           b'1\n', b'1234', b'10', b'on', b'ON\n', b'oN', b'onion', b'1\0x']
    no = [b'N', b'n\n', b'no', b'F', b'f', b'false', b'D', b'disable', b'0',
          b'0\n', b'0x1', b'01', b'of', b'off\n', b'OFF', b'oFfer']
    accepts = [case for pair in zip(((b, 'Y') for b in yes),
                                    ((b, 'N') for b in no)) for case in pair]
    accepts += [(b, 'Y') for b in yes[len(no):]]
    refuses = [(b, EINVAL)
               for b in (b'\n', b'\0', b'2', b'-1', b'+1', b' 1', b'\nY',
                         b'x', b'o', b'o\n', b'o n', b'ao', b'\xff')]
    return Kind(accepts, refuses)


def keyword_refuses(words):
    refuses = [b'\n', b'\0', b'x', b'0', b'1', b'\xff']
    for word in words:
        word = word.encode()
        refuses += [word.upper(), word + b'x', b' ' + word, word + b' ',
                    word + b'\n\n', b'\n' + word, word + b'\nx', word + b'\r\n']
        refuses += [word[:-1]] if word[:-1].decode() not in words else []
    return [(b, EINVAL) for b in refuses]


def keyword_kind(words):
    accepts = []
    for word in words:
        b = word.encode()
        accepts += [(b, word), (b + b'\n', word), (b + b'\0x', word)]
    return Kind(accepts, keyword_refuses(words))


def ops_list(shown):
    '''One registered operations set per line, in the order of OPERATIONS.'''
    lines = shown.split('\n')
    return (lines[-1] == '' and len(lines) > 1 and
            lines[:-1] == [op for op in OPERATIONS if op in lines])


OPERATIONS = ['vaddr', 'fvaddr', 'paddr']
STATE_WORDS = ['on', 'off']

ULONG = unsigned_kind(ULONG_MAX)
ULONG_NOT_0 = unsigned_kind(ULONG_MAX, lowest=1)
PID = pid_kind()
BOOL = bool_kind()
NR = nr_kind()
NR_MAX_1 = nr_kind(at_most_1=True)
OPERATIONS_KIND = keyword_kind(OPERATIONS)
# What 'on' and 'off' do is tested by commands, not as values.
STATE = Kind([], keyword_refuses(STATE_WORDS) + not_numbers())
READ_ONLY = Kind([], [], writable=False)
OPS_LIST = Kind([], [], writable=False, valid=ops_list)

KDAMOND = 'kdamonds/0'
CONTEXT = KDAMOND + '/contexts/0'
ATTRS = CONTEXT + '/monitoring_attrs'
TARGET = CONTEXT + '/targets/0'
REGION = TARGET + '/regions/0'

# path below the admin directory, kind, what it shows when it is new
FILES = [
        ('kdamonds/nr_kdamonds', NR, '0'),
        (KDAMOND + '/state', STATE, 'off'),
        (KDAMOND + '/pid', READ_ONLY, '-1'),
        (KDAMOND + '/contexts/nr_contexts', NR_MAX_1, '0'),
        (CONTEXT + '/avail_operations', OPS_LIST, None),
        (CONTEXT + '/operations', OPERATIONS_KIND, 'vaddr'),
        (CONTEXT + '/addr_unit', ULONG_NOT_0, '1'),
        (CONTEXT + '/pause', BOOL, 'N'),
        (ATTRS + '/intervals/sample_us', ULONG, '5000'),
        (ATTRS + '/intervals/aggr_us', ULONG, '100000'),
        (ATTRS + '/intervals/update_us', ULONG, '60000000'),
        (ATTRS + '/intervals/intervals_goal/access_bp', ULONG, '0'),
        (ATTRS + '/intervals/intervals_goal/aggrs', ULONG, '0'),
        (ATTRS + '/intervals/intervals_goal/min_sample_us', ULONG, '0'),
        (ATTRS + '/intervals/intervals_goal/max_sample_us', ULONG, '0'),
        (ATTRS + '/nr_regions/min', ULONG, '10'),
        (ATTRS + '/nr_regions/max', ULONG, '1000'),
        (CONTEXT + '/targets/nr_targets', NR, '0'),
        (TARGET + '/pid_target', PID, '0'),
        (TARGET + '/obsolete_target', BOOL, 'N'),
        (TARGET + '/regions/nr_regions', NR, '0'),
        (REGION + '/start', ULONG, '0'),
        (REGION + '/end', ULONG, '0'),
        ]

# The names that the first proposal of the interface used, as second names in
# the same directories: all of them exist where the first one does.
RFC_NAMES = [
        ('kdamonds/nr', 'kdamonds/nr_kdamonds'),
        (KDAMOND + '/contexts/nr', KDAMOND + '/contexts/nr_contexts'),
        (CONTEXT + '/damon_type', CONTEXT + '/operations'),
        (CONTEXT + '/targets/nr', CONTEXT + '/targets/nr_targets'),
        (TARGET + '/pid', TARGET + '/pid_target'),
        (TARGET + '/regions/nr', TARGET + '/regions/nr_regions'),
        ]

# Numbered families: the file that makes the children, and a file of a child
# with a value other than its default.
FAMILIES = [
        ('kdamonds/nr_kdamonds', 'contexts/nr_contexts', '1'),
        (KDAMOND + '/contexts/nr_contexts', 'addr_unit', '8'),
        (CONTEXT + '/targets/nr_targets', 'pid_target', '42'),
        (TARGET + '/regions/nr_regions', 'start', '4096'),
        ]

# Directories without a file of their own in FILES.
DIRS = ['', ATTRS]

# What _sysfs_rust_schemes.py and the kernel's own tests look at.
NOT_TESTED = {
        KDAMOND: {'refresh_ms'},
        CONTEXT: {'schemes'},
        ATTRS: {'probes'},
        }
