#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Single changes of Rust code that its tests should notice.

mutations.py CHECKOUT SEED COUNT <FILES    chooses some, a line each:
                                           FILE, LINE, KIND, OLD and NEW with tabs between
mutations.py --apply FILE LINE OLD NEW     makes one

FILES are names below CHECKOUT, with a zero byte after each.
"""

import random
import re
import sys

# What is looked for, what is put in its place, and what that is called. A pattern is
# for a whole expression, so that the replacement stands in the same place.
OPERATORS = [
    ("comparison", r" == ", " != "),
    ("comparison", r" != ", " == "),
    ("comparison", r" < ", " <= "),
    ("comparison", r" <= ", " < "),
    ("comparison", r" > ", " >= "),
    ("comparison", r" >= ", " > "),
    ("condition", r" && ", " || "),
    ("condition", r"(?<=\w) \|\| ", " && "),
    ("condition", r"(?<=[ (])!(?=\w)", ""),
    ("constant", r"\btrue\b", "false"),
    ("constant", r"\bfalse\b", "true"),
    ("arithmetic", r"\bwrapping_add\b", "wrapping_sub"),
    ("arithmetic", r"\bwrapping_sub\b", "wrapping_add"),
    ("arithmetic", r"\bwrapping_mul\b", "wrapping_add"),
    ("arithmetic", r"\.min\(", ".max("),
    ("arithmetic", r"\.max\(", ".min("),
    ("arithmetic", r" / ", " * "),
]
CONSTANT = re.compile(r"(?<![\w.\[])\d[\d_]*(?![\w.])")
# It does not matter which one comes first of those that are compared.
SWAP = re.compile(r"(?<=\()(?<!ptr::eq\()([\w.&]+), ([\w.&]+)(?=\))")
# Arguments of a type that no other one of the call has, as a rule.
TYPED = {"self", "false", "true", "Acquire", "Relaxed", "Release"}
CALL = re.compile(r"^\s*[a-z_][\w.:]*\(.*\);$")
# What is no code that runs.
SKIP = re.compile(r'^\s*(//|#!?\[|use |mod |pub\b|fn |impl|struct |enum )|"')


def changes(text):
    """Yield the number of the line, what kind of change, and the old and the new text."""
    for number, line in enumerate(text.splitlines(), 1):
        # Tests are at the end of a file.
        if re.match(r"#\[.*kunit_tests", line):
            return
        if SKIP.search(line):
            continue
        code = line.split("//")[0].rstrip()
        for kind, pattern, new in OPERATORS:
            for match in re.finditer(pattern, code):
                yield number, kind, code, code[: match.start()] + new + code[match.end():]
        for match in CONSTANT.finditer(code):
            new = str(int(match.group().replace("_", "")) + 1)
            yield number, "constant", code, code[: match.start()] + new + code[match.end():]
        for match in SWAP.finditer(code):
            if not set(match.groups()) & TYPED and match.group(1) != match.group(2):
                new = f"{match.group(2)}, {match.group(1)}"
                yield number, "arguments", code, code[: match.start()] + new + code[match.end():]
        if CALL.match(code) and not re.match(r"\s*(return|drop)\b", code):
            yield number, "call", code, ""


def choose(checkout, seed, count):
    names = sorted(name for name in sys.stdin.read().split("\0") if name.endswith(".rs"))
    found = []
    for name in names:
        if re.search(r"(^|/|_)(tests?|kunit)(/|\.rs|_)", name):
            continue
        with open(f"{checkout}/{name}", encoding="utf-8") as file:
            found += [(name, *change) for change in changes(file.read())]
    groups = {}
    for change in found:
        directory = "/".join(change[0].split("/")[:3]).removesuffix(".rs")
        groups.setdefault((change[2], directory), []).append(change)
    # Each kind in each directory in turn: there are far more constants than swapped
    # arguments, and far more of either in the core than elsewhere.
    generator = random.Random(seed)
    for group in groups.values():
        generator.shuffle(group)
    chosen = []
    while groups and len(chosen) < count:
        for key in sorted(groups):
            chosen.append(groups[key].pop())
            if not groups[key]:
                del groups[key]
    for name, line, kind, old, new in chosen[:count]:
        print(name, line, kind, old.strip(), new.strip() or "(nothing)", sep="\t")


def apply(name, line, old, new):
    with open(name, encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    index = int(line) - 1
    if old not in lines[index]:
        sys.exit(f"{name}:{line}: there is no '{old}'")
    lines[index] = lines[index].replace(old, "" if new == "(nothing)" else new)
    with open(name, "w", encoding="utf-8") as file:
        file.write("".join(lines))


def main():
    if len(sys.argv) == 6 and sys.argv[1] == "--apply":
        apply(*sys.argv[2:])
    elif len(sys.argv) == 4:
        choose(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
