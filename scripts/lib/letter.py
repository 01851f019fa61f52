#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the cover letter of a series.

letter.py CHECKOUT NAME RECORDS CONTENT BASE VERSION

The text is scripts/manifest/cover/NAME.txt, in which are replaced

  $tests    a table of what the suites of scripts/test said last,
  $bench    what scripts/bench said last,
  $kdamond  what scripts/bench --kdamond said last,
  $sysfs    what scripts/bench --sysfs said last,
  $sizes    the sizes of the objects, which the suite combos has measured,
  $base     BASE, the kernel that the series was made for,
  $changes  what changed up to VERSION, of scripts/manifest/versions.toml.

RECORDS is the directory of what was recorded; see record.sh. CONTENT names the
overlay as it is now. What was recorded with another one is said to be so.
"""

import string
import sys
import tomllib
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
    rows, remarks = [], {}
    for path in sorted(records.glob("test-*")):
        lines, remark = load(path, content)
        words = [line.split("\t")[0] for line in lines]
        name = path.name.removeprefix("test-")
        rows.append((name, *(str(words.count(word)) for word in ("pass", "fail", "skip"))))
        remarks.setdefault(remark, []).append(name)
    if not rows:
        return "Nothing is recorded: scripts/test does."
    table = [f"{'suite':<20} {'passed':>7} {'failed':>7} {'skipped':>7}"]
    table += [f"{row[0]:<20} {row[1]:>7} {row[2]:>7} {row[3]:>7}" for row in rows]
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
    lines = (checkout / f"scripts/manifest/cover/{name}.txt").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#")).strip()
    print(string.Template(text).substitute(
        tests=tests(records, content),
        bench=verbatim(records, "bench", "scripts/bench", content),
        kdamond=verbatim(records, "bench-kdamond", "scripts/bench --kdamond", content),
        sysfs=verbatim(records, "bench-sysfs", "scripts/bench --sysfs", content),
        sizes=verbatim(records, "sizes", "scripts/test combos", content),
        base=base,
        changes=changes(checkout, version)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
