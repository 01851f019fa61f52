# SPDX-License-Identifier: GPL-2.0

'''
What the files of sysfs_abi.py accept and refuse, depending on their kind:
which bytes may be written and how they read back, and which bytes are refused
with which error.
'''

from errno import EINVAL, ERANGE
import sys

ULONG_MAX = sys.maxsize * 2 + 1
UINT_MAX = (1 << 32) - 1
INT_MAX = (1 << 31) - 1
INT_MIN = -(1 << 31)


class Kind:
    '''What a file accepts and refuses, and what it shows.'''

    def __init__(self, accepts, refuses, most=None):
        self.accepts = accepts      # (bytes to write, text that reads back)
        self.refuses = refuses      # (bytes to write, errno)
        self.most = most            # the largest number of an nr file, if any


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


def int_kind():
    accepts = [(text(n), '%d' % n) for n in (0, 1, -1, INT_MAX, INT_MIN)]
    accepts += SAME_NUMBER + [(b'-0', '0'), (b'-0x10', '-16'), (b'-010', '-8')]
    refuses = not_numbers()
    refuses += [(b, ERANGE) for b in (
        text(INT_MAX + 1), text(INT_MIN - 1), b'0x80000000', b'-0x80000001',
        text(ULONG_MAX), text(ULONG_MAX + 1), text(10 ** 30),
        text(-10 ** 30))]
    return Kind(accepts, refuses)


def einval_kind(kind):
    '''Every parse error is reported as EINVAL, also an overflow.'''
    return Kind(kind.accepts, [(data, EINVAL) for data, _ in kind.refuses])


def nr_kind(most):
    accepts = [(b'1', '1'), (b'0', '0'), (b'+1\n', '1'), (b'0x1', '1'),
               (b'01', '1'), (b'-0', '0'), (b'1\0x', '1')]
    refuses = not_numbers(refused=[b'-1', b'-0x1', text(INT_MIN)])
    refuses += [(b, ERANGE)
                for b in (text(INT_MAX + 1), text(INT_MIN - 1), b'0x80000000',
                          text(ULONG_MAX), text(ULONG_MAX + 1),
                          text(10 ** 30), text(-10 ** 30))]
    for data, number in ((b'2', 2), (b'0x3\n', 3), (b'4', 4), (b'5', 5),
                         (b'010', 8)):
        if most is None or number <= most:
            accepts.append((data, '%d' % number))
        else:
            refuses.append((data, EINVAL))
    if most is not None:
        refuses.append((text(INT_MAX), EINVAL))
    return Kind(accepts, refuses, most)


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


def keyword_kind(words, others=()):
    '''The @others are words, too, but not for this file.'''
    accepts = []
    for word in words:
        b = word.encode()
        accepts += [(b, word), (b + b'\n', word), (b + b'\0x', word)]
    return Kind(accepts, keyword_refuses(words + list(others)) +
                [(word.encode(), EINVAL) for word in others])


# What is written is kept, with the newline, up to a null byte.
TEXT = Kind([(b'/a', '/a'), (b'/a\n', '/a\n'), (b'\n', '\n'), (b'x\0y', 'x'),
             (b'\xc3\xa4 b', '\u00e4 b'), (b'p' * 2000, 'p' * 2000)], [])

# The words that the file 'type' of the directory accepts.  The others are for
# filters that somebody else handles.
LAYERS = {'core_filters': ['addr', 'target'],
          'ops_filters': ['anon', 'active', 'memcg', 'young', 'hugepage_size',
                          'unmapped']}

# Files that report every parse error as EINVAL.
ONLY_EINVAL = ('/pid_target', '/pid', '/quotas/ms', '/quotas/bytes',
               '/quotas/reset_interval_ms', '/quotas/fail_charge_num',
               '/quotas/fail_charge_denom')


def kind_of(path, name):
    '''The kind of a file that can be written, by its name in the table.'''
    name, _, more = name.partition(':')
    words = more.split('|')
    if name == 'keyword' and path.endswith('/state'):
        # What the words do is tested as commands, not as values.
        return Kind([], keyword_refuses(words) + not_numbers())
    if name == 'keyword':
        mine = LAYERS.get(path.split('/')[-3], words)
        return keyword_kind([word for word in words if word in mine],
                            [word for word in words if word not in mine])
    kind = {'ulong': lambda: unsigned_kind(ULONG_MAX),
            'nonzero-ulong': lambda: unsigned_kind(ULONG_MAX, lowest=1),
            'uint': lambda: unsigned_kind(UINT_MAX),
            'int': int_kind,
            'bool': bool_kind,
            'text': lambda: TEXT,
            'nr': lambda: nr_kind(int(more) if more else None)}[name]()
    return einval_kind(kind) if path.endswith(ONLY_EINVAL) else kind
