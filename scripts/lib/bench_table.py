#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints the table of a benchmark and says what exceeds its bound.

bench_table.py core|sysfs|users|kdamond|kdamond-vm TSV

TSV has a line for each thing: NAME UNIT "C" NUMBER... "Rust" NUMBER..., with a
number for each round; for users, "root" and "user" instead. For kdamonds there are four such lists, of cores and
operations: "C/C", "Rust/C", "C/Rust", "Rust/Rust"; a bound is one of Rust/Rust to C/C,
or of Rust/Rust in nanoseconds. The exit status is 1 if something exceeds its bound or
is not there.
"""

import statistics
import sys

# Rust/C, of what is measured in time or bytes.
CORE_RATIOS = {
    "no-scheme-1000": 0.9, "no-scheme-10000": 0.5, "no-scheme-100000": 0.5,
    "one-scheme-1000": 0.9, "one-scheme-10000": 0.5, "one-scheme-100000": 0.5,
    "four-schemes-1000": 0.9, "four-schemes-10000": 0.5, "four-schemes-100000": 0.5,
    "start-stop": 1.0, "commit-100-targets-32-schemes": 1.0, "walk-10000-regions": 1.0,
    "stack": 1.0, "text": 1.0,
}
ATTRIBUTES = (
    "ulong", "int", "bool", "keyword", "last-keyword", "path", "nr-targets", "nr-schemes",
)
SYSFS_RATIOS = {
    "update-1000": 0.7, "update-10000": 0.7, "read-1000": 1.1, "read-10000": 1.1,
    "update-and-read-1000": 0.7, "update-and-read-10000": 0.7,
    "memory-1000": 1.02, "memory-10000": 1.02,
    "read-list": 1.1, "read-stat": 1.1, "read-state": 1.1,
    **{f"{access}-{name}": 1.1 for access in ("read", "write") for name in ATTRIBUTES},
}
# A kdamond of a user's to one of root's.
USERS_RATIOS = {"sample-1000": 1.03}
RATIOS = {"core": CORE_RATIOS, "sysfs": SYSFS_RATIOS, "users": USERS_RATIOS}
COLUMNS = {"core": ("C", "Rust"), "sysfs": ("C", "Rust"), "users": ("root", "user")}
SIZES = (1000, 10000, 100000)


def of_sizes(name, *bounds):
    """A row for each number of regions."""
    return {f"{name}-{size}": bound for size, bound in zip(SIZES, bounds)}


# Rust/Rust to C/C.
KDAMOND_RATIOS = {
    **of_sizes("vaddr-mapped", 0.6, 0.45, 0.4),
    **of_sizes("vaddr-holes", 0.6, 0.45, 0.4),
    # An area for each region leaves nothing to do at once.
    **of_sizes("vaddr-1000-vmas", 1.02, 0.45, 0.4),
    **of_sizes("vaddr-accessed", 0.6, 0.45, 0.4),
    **of_sizes("paddr-mapped", 0.85, 0.7, 0.65),
    **of_sizes("paddr-half-free", 0.65, 0.55, 0.5),
    **of_sizes("paddr-accessed", 0.85, 0.7, 0.65),
    # What there is to do is done for each of 64 page tables.
    **of_sizes("paddr-file-64", 1.02, 1.02),
}
LATENCY_RATIOS = {"mmap-p99-1000": 1.05, "mmap-p99-10000": 1.05}
# Rust/Rust alone, in nanoseconds.
LATENCIES = {"vma-wait-1000": 20000, "vma-wait-10000": 20000}
# Instructions
KDAMOND_VM_RATIOS = {
    **{name: 0.5 if name.startswith("vaddr") else 0.75 for name in KDAMOND_RATIOS},
    **of_sizes("vaddr-1000-vmas", 1.02, 0.5, 0.5),
    # A huge page is one region, or many.
    **of_sizes("vaddr-huge-pages", 1.02, 0.5, 0.5),
    **of_sizes("paddr-huge-pages", 1.02, 1.02, 1.02),
    **of_sizes("paddr-file-64", 1.02, 1.02),
}
COMBINATIONS = ("C/C", "Rust/C", "C/Rust", "Rust/Rust")
# Rust alone.
NUMBERS = {"core": {"region": 64, "allocations-10000": 0}, "sysfs": {}, "users": {}}
# For information.
UNBOUND = {
    "core": {"quotas-1000", "quotas-10000", "quotas-100000"},
    "sysfs": {"first-update-1000", "first-update-10000"},
    "users": set(),
}


def parse(line, second):
    """A line as name, unit, numbers of one, numbers of the other, which has this label."""
    name, unit, _, *rest = line.rstrip("\n").split("\t")
    middle = rest.index(second)
    return name, unit, [float(n) for n in rest[:middle]], [float(n) for n in rest[middle + 1:]]


def bound_text(what, name):
    """The bound as it is printed."""
    if name in RATIOS[what]:
        return f"{RATIOS[what][name]:.2f}"
    return f"= {NUMBERS[what][name]}" if name in NUMBERS[what] else "-"


def exceeds(what, name, ratio, rust):
    """Whether a row is beyond its bound."""
    if name in RATIOS[what]:
        return ratio is None or ratio > RATIOS[what][name]
    return name in NUMBERS[what] and rust > NUMBERS[what][name]


def parse_combinations(line):
    """A line as name and a list of numbers for each combination."""
    name, _, *rest = line.rstrip("\n").split("\t")
    starts = [rest.index(label) for label in COMBINATIONS] + [len(rest)]
    return name, [[float(n) for n in rest[start + 1:end]]
                  for start, end in zip(starts, starts[1:])]


def kdamonds(path, bounds, numbers_bounds):
    """Prints the table of kdamonds; returns the exit status."""
    bad, seen = [], set()
    print(f"{'core/operations':26} {'C/C':>10} {'Rust/C':>7} {'C/Rust':>7} {'Rust/Rust':>10}"
          f" {'from':>6} {'to':>6} {'bound':>6}")
    with open(path, encoding="utf-8") as file:
        rows = [parse_combinations(line) for line in file]
    for name, numbers in rows:
        seen.add(name)
        ratios = [[n / max(c, 1) for n, c in zip(list_, numbers[0])] for list_ in numbers]
        _, rust_c, c_rust, both = (statistics.median(list_) for list_ in ratios)
        if name in numbers_bounds:
            over = max(numbers[3]) / 1000 > numbers_bounds[name]
            bound = f"{numbers_bounds[name]} ns, {max(numbers[3]) / 1000:.0f} at most"
        else:
            over, bound = both > bounds[name], f"{bounds[name]:6.2f}"
        if over:
            bad.append(f"{name}: exceeds its bound, {bound.strip()}")
        print(f"{name:26} {statistics.median(numbers[0]) / 1000:7.1f} ns {rust_c:7.2f} {c_rust:7.2f}"
              f" {both:10.2f} {min(ratios[3]):6.2f} {max(ratios[3]):6.2f} {bound}"
              f"{' !' if over else ''}")
    missing = (bounds.keys() | numbers_bounds.keys()) - seen
    for name in sorted(missing):
        print(f"{name}: was not measured", file=sys.stderr)
    for line in bad:
        print(line, file=sys.stderr)
    return 1 if bad or missing else 0


def main():
    """See the top."""
    what, path = sys.argv[1:]
    if what == "kdamond":
        return kdamonds(path, {**KDAMOND_RATIOS, **LATENCY_RATIOS}, LATENCIES)
    if what == "kdamond-vm":
        return kdamonds(path, KDAMOND_VM_RATIOS, {})
    bad, seen = [], set()
    first, second = COLUMNS[what]
    print(f"{'':30} {'unit':>16} {first:>10} {second:>10}"
          f" {second + '/' + first:>9} {'from':>6} {'to':>6} {'bound':>6}")
    with open(path, encoding="utf-8") as file:
        rows = [parse(line, second) for line in file]
    for name, unit, of_c, of_rust in rows:
        seen.add(name)
        ratios = [r / c for c, r in zip(of_c, of_rust) if c]
        ratio = statistics.median(ratios) if ratios else None
        c, rust = statistics.median(of_c), statistics.median(of_rust)
        over = exceeds(what, name, ratio, rust)
        if over:
            bad.append(name)
        spread = (ratio, min(ratios), max(ratios)) if ratios else ()
        text = "".join(f"{x:7.2f}" for x in spread)
        print(f"{name:30} {unit:>16} {c:10.0f} {rust:10.0f}   {text:21} {bound_text(what, name):>6}"
              f"{' !' if over else ''}")
    missing = (RATIOS[what].keys() | NUMBERS[what].keys() | UNBOUND[what]) - seen
    for name in sorted(missing):
        print(f"{name}: was not measured", file=sys.stderr)
    for name in bad:
        print(f"{name}: exceeds its bound, {bound_text(what, name)}", file=sys.stderr)
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
