# SPDX-License-Identifier: GPL-2.0

'''
What is promised, each with the tests that attack it.  It is what the document says:
the first sentence of each item of the section on that.
'''

import os
import re
import time

DOCUMENT = os.path.join(os.path.dirname(os.path.realpath(__file__)), '../../..',
                        'Documentation/admin-guide/mm/damon/users.rst')
SECTION = 'What is promised'

TESTS = []
SCALE = {'long': False}
# What a slow machine has time for is enough, if it is that many.
ATTEMPTS_SEC = 120
ATTEMPTS_MIN = 10


class Test:
    '''A function that gets the Checks of _sysfs_abi.lib, and what it attacks.'''

    def __init__(self, function, sentences, long):
        self.function, self.sentences, self.long = function, sentences, long
        self.name = function.__name__.removeprefix('test_').replace('_', ' ')

    def __call__(self, checks):
        for sentence in self.sentences:
            print('# attacks: %s' % sentence)
        self.function(checks)


def claim(*sentences, long=False):
    '''Says which promises a test is about, and whether it is one of the long form only.'''
    def register(function):
        TESTS.append(Test(function, sentences, long))
        return function
    return register


def rounds(short, long):
    '''How often.'''
    return long if SCALE['long'] else short


def attempts(short, long):
    '''The numbers of so many attempts, or of as many as there is time for.'''
    wanted = rounds(short, long)
    until = time.monotonic() + ATTEMPTS_SEC
    for number in range(wanted):
        if number >= ATTEMPTS_MIN and time.monotonic() > until:
            print('# time for %d of %d attempts' % (number, wanted))
            return
        yield number


def promised():
    '''The sentences of the document.'''
    with open(DOCUMENT, encoding='utf-8') as f:
        text = f.read().replace('``', '')
    section = re.search(r'^%s\n=+\n(.*?)^[^\n]+\n===' % SECTION, text, re.M | re.S)[1]
    items = re.findall(r'^- (.*?)(?=^\S|^$)', section, re.M | re.S)
    return [re.match(r'.*?[.]( |$)', ' '.join(item.split()))[0].strip() for item in items]


def test_each_has_a_test(checks):
    '''And no test attacks what nobody has promised.'''
    sentences = promised()
    attacked = {sentence for test in TESTS for sentence in test.sentences}
    checks.that(len(sentences) > 20, 'found only %d promises' % len(sentences))
    for sentence in sentences:
        checks.that(sentence in attacked, 'no test: %s' % sentence)
    for sentence in sorted(attacked - set(sentences)):
        checks.that(False, 'not in the document: %s' % sentence)
