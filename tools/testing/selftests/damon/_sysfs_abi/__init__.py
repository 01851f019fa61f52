# SPDX-License-Identifier: GPL-2.0

'''
Tests of the DAMON sysfs interface, which sysfs_abi.py runs.
'''
