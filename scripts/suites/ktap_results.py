#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Turns the JSON of kunit.py into the lines of a suite's results.

ktap_results.py JSON [--suites A,B] [--not-suites A,B] [--case SUITE.CASE...]
"""

import argparse
import json
import sys

WORDS = {"PASS": "pass", "SKIP": "skip"}


def cases(group, path=()):
    """Every (path, status) below a group."""
    for case in group["test_cases"]:
        yield (*path, case["name"]), case["status"]
    for sub in group["sub_groups"]:
        yield from cases(sub, (*path, sub["name"]))


def main():
    """See the top."""
    parser = argparse.ArgumentParser()
    parser.add_argument("json")
    parser.add_argument("--suites", type=lambda s: s.split(","))
    parser.add_argument("--not-suites", type=lambda s: s.split(","), default=[])
    args = parser.parse_args()
    with open(args.json, encoding="utf-8") as file:
        result = json.load(file)
    for path, status in cases(result):
        if path[0] in args.not_suites or (args.suites and path[0] not in args.suites):
            continue
        # The log names what a skipped test has given as its reason.
        print(WORDS.get(status, "fail"), ".".join(path), sep="\t",
              end="\tsee its log\n" if status == "SKIP" else "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
