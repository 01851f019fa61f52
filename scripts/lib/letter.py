#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the cover letter of a series.

letter.py CHECKOUT NAME RECORDS CONTENT BASE VERSION REPOSITORY COMMITS

The text is scripts/manifest/cover/NAME.txt, in which are replaced

  $tests    a table of what the suites of scripts/test said last,
  $bench    what scripts/bench said last,
  $kdamond  what scripts/bench --kdamond said last,
  $sysfs    what scripts/bench --sysfs said last,
  $users    what scripts/bench --users said last,
  $sizes    the sizes of the objects, which the suite combos has measured,
  $lines    a table of the lines that COMMITS of REPOSITORY, those of the series, add,
  $base     BASE, the kernel that the series was made for,
  $changes  what changed up to VERSION, of scripts/manifest/versions.toml.

RECORDS is the directory of what was recorded; see record.sh. CONTENT names the
overlay as it is now. What was recorded with another one is said to be so.
"""

import re
import string
import subprocess
import sys
import textwrap
import tomllib
from collections import Counter
from pathlib import Path


def load(path, content):
    """(lines, remark) of a record, or None if there is none."""
    if not path.is_file():
        return None
    head, *lines = path.read_text().splitlines()
    _, recorded, kernel = head.split(" ", 2)
    remark = f"on {kernel}" + ("" if recorded == content else ", before the last changes")
    return lines, remark


def tests(records, content):
    """The table of the suites, a line for each remark that some of them have."""
    rows, remarks = [("suite", "passed", "failed", "skipped", "seconds")], {}
    for path in sorted(records.glob("test-*")):
        lines, remark = load(path, content)
        results = [line.split("\t") for line in lines]
        counts = Counter(result[0] for result in results)
        seconds = next((f"{int(result[1]):,}" for result in results if result[0] == "time"), "-")
        name = path.name.removeprefix("test-")
        rows.append((name, counts["pass"], counts["fail"], counts["skip"], seconds))
        remarks.setdefault(remark, []).append(name)
    if not remarks:
        return "Nothing is recorded: scripts/test does."
    table = [f"{row[0]:<20} {row[1]:>7} {row[2]:>7} {row[3]:>7} {row[4]:>7}" for row in rows]
    if len(remarks) == 1:
        table.append(f"({next(iter(remarks))})")
    else:
        table += [f"({remark}: {', '.join(names)})" for remark, names in remarks.items()]
    return "\n".join("  " + line for line in table)


def verbatim(records, name, command, content):
    """What a command has recorded, as it is."""
    record = load(records / name, content)
    if not record:
        return f"Nothing is recorded: {command} does."
    lines, remark = record
    return "\n".join(f"  {line}".rstrip() for line in [*lines, f"({remark})"])


KINDS = (
    ("tests", re.compile(r"(^|[/_-])(self)?tests?([/_.]|$)|kunit|/golden/")),
    ("documentation", re.compile(r"^Documentation/|^MAINTAINERS$")),
    ("Rust", re.compile(r"\.rs$")),
    ("C", re.compile(r"\.[ch]$")),
    ("others", re.compile("")))


def lines_of(repository, commits):
    """The table of the lines that are added; tests in a file with code count as Rust."""
    diff = subprocess.run(
        ["git", "-C", repository, "log", "--format=", "--patch", "--unified=0", "--no-renames",
         commits], stdout=subprocess.PIPE, check=True, text=True, errors="replace").stdout
    counts, kind, unsafe = dict.fromkeys((name for name, _ in KINDS), 0), None, 0
    for line in diff.splitlines():
        if line.startswith("+++ b/"):
            kind = next(name for name, path in KINDS if path.search(line[6:]))
        elif line.startswith("+") and not line.startswith("+++ "):
            counts[kind] += 1
            code = line[1:].partition("//")[0]
            unsafe += kind == "Rust" and bool(re.search(r"\bunsafe\b", code))
    words = [f"{count:,} of {name}" for name, count in counts.items() if count]
    text = "Lines that are added: " + ", ".join(words)
    if counts["Rust"]:
        text += f". Lines of Rust with unsafe: {unsafe:,}"
    return textwrap.fill(text + ".", 80)


def changes(checkout, version):
    """The changes of all versions, newest first."""
    with open(checkout / "scripts/manifest/versions.toml", "rb") as file:
        versions = tomllib.load(file)["version"]
    known = [v for v in versions if v["number"] <= version]
    if not known or known[-1]["number"] != version:
        raise SystemExit(f"letter: scripts/manifest/versions.toml has no version {version}")
    return "\n\n".join(f"v{v['number']}: {v['changes'].strip()}" for v in reversed(known))


def main():
    """See the top."""
    checkout, name, records = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    content, base, version = sys.argv[4], sys.argv[5], int(sys.argv[6])
    repository, commits = sys.argv[7:9]
    lines = (checkout / f"scripts/manifest/cover/{name}.txt").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).strip()
    print(string.Template(text).substitute(
        tests=tests(records, content),
        bench=verbatim(records, "bench", "scripts/bench", content),
        kdamond=verbatim(records, "bench-kdamond", "scripts/bench --kdamond", content),
        sysfs=verbatim(records, "bench-sysfs", "scripts/bench --sysfs", content),
        users=verbatim(records, "bench-users", "scripts/bench --users", content),
        sizes=verbatim(records, "sizes", "scripts/test combos", content),
        lines=lines_of(repository, commits),
        base=base,
        changes=changes(checkout, version)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
