#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0

"""
Makes documentation and tests of the table of all DAMON sysfs files that the
implementation in Rust (CONFIG_DAMON_SYSFS_RUST) has, and checks that they are
up to date.

The KUnit suite rust_damon_sysfs_table writes the table to the kernel's log:
a row for each directory and file, with the path below /sys/kernel/mm/ ('N'
stands for a number), the mode, the kind, the default, the first name of a
second one, and the documentation.  kunit.py keeps that log in test.log of its
build directory.  To update what is made of it:

  %(prog)s table <.kunit/test.log >TABLE
  %(prog)s entries TABLE DOCUMENT

where TABLE is tools/testing/selftests/damon/_sysfs_abi/files.tsv and DOCUMENT
is Documentation/ABI/testing/sysfs-kernel-mm-damon.  The last command prints
what the document has to end with: the entries of second names.
"""

import argparse
import os
import re
import sys
import textwrap

TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), '../..')
sys.path.insert(0, os.path.join(TOP, 'tools/lib/python'))

from abi.abi_parser import AbiParser      # pylint: disable=C0413

ROOT = '/sys/kernel/mm/'
ROW = re.compile(r'# damon_sysfs_table: (.*)$')
COLUMNS = ('path', 'mode', 'kind', 'default', 'first', 'doc')

# What the table begins with.
HEAD = '''\
# SPDX-License-Identifier: GPL-2.0
#
# All directories and files of the DAMON sysfs interface, one a line, with what
# tests of it need to know, in columns with a tab between them:
#
# path     below /sys/kernel/mm/; N is any number, and directories end in /
# mode     dir for a directory, ro for a file of mode 0400, rw for 0600
# kind     what the file shows and takes: a number (int, uint, ulong, or
#          nonzero-ulong), bool, text, one of the words of keyword:WORD|WORD,
#          or nr, how many numbered directories there are beside it, with
#          the most after a colon; keywords shows some of the words
# default  what the file shows in a new directory, - if that is not always the
#          same, or for a directory
# first    for a second name of a file the first one, else -
# doc      what the directory or file is about
#
'''

# Directories whose files the document does not name: it says instead that they
# are the files of another directory.
SAME = {'filters': 'core_filters', 'ops_filters': 'core_filters'}


def read_table(path):
    '''The rows, each as a dictionary.'''
    with open(path, encoding='ascii') as f:
        lines = [line.rstrip('\n') for line in f if not line.startswith('#')]
    rows = []
    for line in lines:
        values = line.split('\t')
        if len(values) != len(COLUMNS):
            sys.exit('%s: not a row of the table: %s' % (path, line))
        rows.append(dict(zip(COLUMNS, values)))
    if not rows:
        sys.exit('%s: no rows' % path)
    return rows


def table(log):
    '''The table of a log.'''
    rows = [match[1] for match in map(ROW.search, log) if match]
    if not rows:
        sys.exit('no row of the table in the log: '
                 'did the KUnit suite rust_damon_sysfs_table run?')
    print(HEAD + '\n'.join(rows))


def read_document(path):
    '''The names in an ABI document, each with its description.'''
    parser = AbiParser(os.path.dirname(path))
    parser.parse_file(path, 'testing', os.path.basename(path))
    return {what: entry.get('description', '')
            for entry in parser.data.values() if 'type' not in entry
            for what in entry['what']}


def plain(what):
    '''A name of the document as the table has it.'''
    return re.sub(r'<\w+>', 'N', what.removeprefix(ROOT))


def parent(path):
    return os.path.dirname(path.rstrip('/'))


def entries(rows, document):
    '''The entries of second names, as the document should have them.'''
    # The document has names for the numbers, too.
    names = {plain(what): what for what in document}
    for row in rows:
        if row['first'] == '-':
            continue
        first = os.path.join(parent(row['path']), row['first'])
        if first not in names:
            continue
        text = ("Second name of '%s', there if CONFIG_DAMON_SYSFS_RFC_NAMES "
                'is set.  %s' % (row['first'], row['doc']))
        yield '\n'.join([
            '',
            'What:\t\t' + os.path.join(parent(names[first]),
                                       os.path.basename(row['path'])),
            'Date:\t\tNov 2026',
            'Contact:\tdamon@lists.linux.dev',
            'Description:\t' + '\n\t\t'.join(textwrap.wrap(text, 64)),
            ''])


def same_as(path, rows, document):
    '''
    The path of the file that documents this one, in a directory of the same
    files; None if there is no such directory, or if it has other files.
    '''
    parts = path.split('/')
    for name, other in SAME.items():
        if name not in parts or 'schemes' not in parts:
            continue
        at = parts.index(name)
        here = '/'.join(parts[:at + 1])
        there = '/'.join(parts[:at] + [other])
        if 'same' not in document.get(here, '') or files(rows, here) != files(
                rows, there):
            return None
        return '/'.join([there] + parts[at + 1:])
    return None


def files(rows, directory):
    '''What is below a directory, without what may depend on it.'''
    return [(row['path'].removeprefix(directory), row['mode'], row['default'])
            for row in rows if row['path'].startswith(directory + '/')]


def check(rows, path):
    '''Yield what is wrong with the document.'''
    document = read_document(path)
    by_path = {plain(what).rstrip('/'): text
               for what, text in document.items()}
    known = {row['path'].rstrip('/') for row in rows}

    for row in rows:
        name = row['path']
        if row['mode'] != 'dir' and name not in by_path and same_as(
                name, rows, by_path) not in by_path:
            yield '%s%s: not documented in %s' % (ROOT, name, path)
    for what in document:
        # The table is about the files of root, which are there from the start.
        if plain(what).startswith('damon/users/'):
            continue
        if plain(what).rstrip('/') not in known:
            yield '%s: in %s, but there is no such file' % (what, path)

    with open(path, encoding='utf-8') as f:
        text = f.read()
    if not text.endswith(''.join(entries(rows, document))):
        yield ('%s: the entries at the end are not those that "%s entries" '
               'prints' % (path, sys.argv[0]))


def main():
    parser = argparse.ArgumentParser(
            description=__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    commands.add_parser('table', help='print the table in a log (from stdin)')
    for name, text in (
            ('entries', 'print what is made for the document'),
            ('check', 'say where table and document differ')):
        command = commands.add_parser(name, help=text)
        command.add_argument('table', metavar='TABLE')
        command.add_argument('document', metavar='DOCUMENT')
    args = parser.parse_args()

    if args.command == 'table':
        table(sys.stdin)
        return 0
    rows = read_table(args.table)
    if args.command == 'entries':
        print(''.join(entries(rows, read_document(args.document))), end='')
        return 0
    problems = list(check(rows, args.document))
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


if __name__ == '__main__':
    sys.exit(main())
