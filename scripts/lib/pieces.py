# SPDX-License-Identifier: GPL-2.0
"""Divides the change of one file among several patches.

The change is what git diff says, without context. In a hunk that only adds lines each
line goes to the patch one of whose patterns matches it. A pattern is

  "RE"              the lines that RE matches, or
  ["RE", "BEFORE"]  from the line that RE matches to the one before that BEFORE matches,
                    which may be a line of the kernel's own.

A line that no pattern matches goes to the patch that has the file as a whole. If none
has, it goes with the line above it in the hunk, or else with the one below. A hunk
that takes lines away goes to one patch as it is.

A hunk of a .patch can have a label, behind its second @@. It then goes to the patch that
has the label, except for lines that it adds and that a pattern matches, whose patch has
to be a later one. All hunks without a label are for patches after those.
"""

import re
import subprocess
import tempfile
from pathlib import Path

LABEL = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ (\S+)$")
HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class PiecesError(Exception):
    """What the author of the manifest has to know, on one line."""


def hunks(old, new):
    """[(start, end, start, end)] of the lines of OLD and NEW that differ."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in (("old", old), ("new", new)):
            Path(scratch, name).write_bytes(content)
        done = subprocess.run(
            ["git", "diff", "--no-index", "--no-ext-diff", "--no-color", "--unified=0",
             "--indent-heuristic", "--diff-algorithm=histogram", "--text", "old", "new"],
            cwd=scratch, stdout=subprocess.PIPE, check=False)
    result = []
    for old_at, old_count, new_at, new_count in HUNK.findall(done.stdout):
        ends = []
        for at, count in ((int(old_at), old_count), (int(new_at), new_count)):
            # Nothing lies behind line `at`, a line lies at it; git counts from 1.
            count = int(count or 1)
            start = at - 1 if count else at
            ends += [start, start + count]
        result.append(tuple(ends))
    return result


class Rules:
    """Which patch wants which lines of one file; patches are known by their number."""

    def __init__(self, path, whole):
        self.path = path
        self.whole = whole  # the patch that has the file as a whole, or None
        self.labels = {}  # label: number
        self.patterns = []  # [(number, RE, BEFORE or None)]
        self.used = set()

    def add(self, number, patterns):
        """Takes the patterns of one patch, as they are in the manifest."""
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            first, *before = [pattern] if isinstance(pattern, str) else pattern
            if len(before) > 1:
                raise PiecesError(f"{self.path}: a pattern is RE or [RE, BEFORE], not {pattern}")
            self.patterns.append((number, re.compile(first), before and re.compile(before[0])))

    def match(self, line):
        """The pattern that LINE matches, or None; only one patch may want it."""
        found = [p for p in self.patterns if p[1].search(line)]
        self.used.update(p[1] for p in found)
        if len({p[0] for p in found}) > 1:
            raise PiecesError(f"{self.path}: patterns of two patches match {line.strip()!r}")
        return found[0] if found else None

    def wanted(self, lines, changed):
        """For each of the LINES the number of the patch whose pattern it matches, or None.

        Patterns are for the lines whose numbers are in CHANGED.
        """
        result, inside = [], None
        for number, line in enumerate(lines):
            if inside and inside[2].search(line):
                inside = None
            found = None if inside or number not in changed else self.match(line)
            if found and found[2]:
                inside = found
            owner = inside or found
            result.append(owner[0] if owner else None)
        return result

    def owners(self, lines, wanted):
        """For each of the LINES of a hunk the number of its patch."""
        result = []
        for owner in wanted:
            if owner is None:
                owner = self.whole if self.whole is not None else result[-1] if result else None
            result.append(owner)
        known = next((owner for owner in result if owner is not None), None)
        if known is None:
            raise PiecesError(f"{self.path}: no pattern matches any of {''.join(lines[:3])!r}...")
        return [known if owner is None else owner for owner in result]

    def check(self):
        """Fails if there is a pattern that matched nothing."""
        for _, first, _ in self.patterns:
            if first not in self.used:
                raise PiecesError(f"{self.path}: the pattern {first.pattern!r} matches no line")


def parts(change):
    """The head of a .patch, and its hunks, each a list of lines."""
    lines = change.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("@@ ")]
    ends = starts[1:] + [len(lines)]
    return lines[:starts[0]], [lines[start:end] for start, end in zip(starts, ends)]


def label(hunk):
    """The label of a hunk, or None."""
    found = LABEL.match(hunk[0])
    return found and found[3]


def labels(change):
    """The labels of the hunks of a .patch."""
    return {label(hunk) for hunk in parts(change)[1]} - {None}


def owned(hunk, rules):
    """For each line of a hunk with a label the number of its patch; None for context."""
    mine = rules.labels[label(hunk)]
    inside = [number for number, line in enumerate(hunk[1:]) if not line.startswith("-")]
    changed = {at for at, number in enumerate(inside) if hunk[1 + number].startswith("+")}
    wanted = rules.wanted([hunk[1 + number][1:] for number in inside], changed)
    result = [mine if line.startswith("-") else None for line in hunk[1:]]
    for at in changed:
        owner = mine if wanted[at] is None else wanted[at]
        if owner < mine:
            raise PiecesError(f"{rules.path}: {hunk[1 + inside[at]][1:]!r} is wanted by a patch "
                              f"before the one of its hunk, {label(hunk)}")
        result[inside[at]] = owner
    return result


def upto(hunk, owners, number):
    """What of a hunk the patches up to NUMBER have, or nothing."""
    lines, counts = [], {" ": 0, "-": 0, "+": 0}
    for line, owner in zip(hunk[1:], owners):
        if owner is not None and owner > number:
            continue
        lines.append(line)
        counts[line[0]] += 1
    if counts["-"] == counts["+"] == 0:
        return []
    old, new, _ = LABEL.match(hunk[0]).groups()
    return [f"@@ -{old},{counts[' '] + counts['-']} +{new},{counts[' '] + counts['+']} @@", *lines]


def divide_labelled(change, rules):
    """{number: change} of the hunks with a label: all that the patches up to it have."""
    head, hunks_ = parts(change)
    owners = [(hunk, owned(hunk, rules)) for hunk in hunks_ if label(hunk)]
    numbers = sorted({owner for _, each in owners for owner in each} - {None})
    return {number: "\n".join(sum((upto(hunk, each, number) for hunk, each in owners), head)) + "\n"
            for number in numbers}


def text(line):
    """What patterns are compared with."""
    return line.decode(errors="replace").removesuffix("\n")


def divide(old, new, rules):
    """{number: content} of a file after each patch that changes it.

    OLD is None for a new file, which then is there from the first such patch on.
    """
    before, after = (old or b"").splitlines(True), new.splitlines(True)
    found = hunks(old or b"", new)
    changed = {number for _, _, start, end in found for number in range(start, end)}
    wanted = rules.wanted([text(line) for line in after], changed)
    changes = []
    for old_start, old_end, new_start, new_end in found:
        gone = [text(line) for line in before[old_start:old_end]]
        if new_start < new_end:
            lines = [text(line) for line in after[new_start:new_end]]
            owners = rules.owners(lines, wanted[new_start:new_end])
        else:
            owners = rules.owners(gone, rules.wanted(gone, range(len(gone))))
        if gone and len(set(owners)) > 1:
            raise PiecesError(f"{rules.path}: {gone[0]!r} is replaced by lines of two patches")
        changes.append((old_start, old_end, after[new_start:new_end], owners))
    rules.check()
    result = {}
    for number in sorted({owner for change in changes for owner in change[3]}):
        content, at = [], 0
        for start, end, added, owners in changes:
            content += before[at:start]
            if start < end and owners[0] > number:
                content += before[start:end]
            content += [line for line, owner in zip(added, owners) if owner <= number]
            at = end
        result[number] = b"".join(content + before[at:])
    return result
