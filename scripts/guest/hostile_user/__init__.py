# SPDX-License-Identifier: GPL-2.0

'''
What scripts/guest/hostile-user consists of: in actor.py programs of other users, in
memory.py what they access, in tree.py the files, in claims.py what is promised, and
the tests in the other modules.
'''
