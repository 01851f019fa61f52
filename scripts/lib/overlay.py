#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Brings a kernel tree to what the overlay says.

overlay.py apply CHECKOUT SOURCE TREE <FILES   change TREE, print an id of the overlay
overlay.py list CHECKOUT <FILES                print the in-tree paths, one a line

FILES are the files of the checkout, relative to it, separated by NUL. SOURCE is
the kernel without the overlay. In the checkout

  FILE          is a new file of the kernel,
  FILE.patch    is a change to the kernel's own FILE,
  MAINTAINERS   holds the lines that are added to the kernel's MAINTAINERS,

and what OUTSIDE names is not part of the kernel. Everything is worked out before
anything is written, and a file is written only if its content differs, so that
make sees exactly what changed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import maintainers

OUTSIDE = ("README.md", "COPYING", ".gitignore", ".ci/", "scripts/")
RECORD = ".overlay"  # in TREE: what the overlay has written there, one path a line
RSYNC_RECORD = ".overlay.rsync"  # the same as rsync's exclude patterns


class OverlayError(Exception):
    """What the user has to know, on one line."""


def in_overlay(name):
    """Whether the file of the checkout is a part of the kernel."""
    if name.startswith("scripts/") and name.endswith(".patch"):
        return True
    return not any(name == o or (o.endswith("/") and name.startswith(o)) for o in OUTSIDE)


def patched(source, checkout, name, change=None):
    """The kernel's file that NAME changes, with the change, or with this one instead."""
    target = name.removesuffix(".patch")
    original = source / target
    if not original.is_file():
        raise OverlayError(f"{name}: the kernel has no file {target} to change")
    change = (checkout / name).read_text() if change is None else change
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch, target)
        work.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, work)
        done = subprocess.run(
            ["patch", "-p1", "--fuzz=0", "--force", "--no-backup-if-mismatch",
             "--reject-file", "-", "-d", scratch],
            input=change, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        if done.returncode:
            hunks = [line for line in done.stdout.splitlines() if "FAILED" in line]
            reason = "; ".join(hunks) or " ".join(done.stdout.split())
            raise OverlayError(f"{name}: does not apply to {original}: {reason}")
        others = [p for p in Path(scratch).rglob("*") if p.is_file() and p != work]
        if others or not work.is_file():
            raise OverlayError(f"{name}: changes another file than {target}")
        return target, work.read_bytes(), original.stat().st_mode & 0o777


def wanted(checkout, source, names):
    """path -> (content, mode) of everything that the overlay puts into the tree."""
    result = {}
    for name in names:
        path = checkout / name
        if name == "MAINTAINERS":
            target, mode = name, 0o644
            added = maintainers.name(path.read_text(), os.environ.get("SERIES_MAINTAINER"))
            content = maintainers.merge((source / name).read_text(), added).encode()
        elif name.endswith(".patch"):
            target, content, mode = patched(source, checkout, name)
        else:
            target, content = name, path.read_bytes()
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            if (source / target).exists():
                raise OverlayError(f"{name}: the kernel has this file: make it {name}.patch")
        if target in result:
            raise OverlayError(f"{name}: {target} is also in the overlay by another name")
        result[target] = content, mode
    return result


def write(path, content, mode):
    """Writes PATH, whole or not at all, unless it is like that already."""
    if path.is_file() and path.read_bytes() == content and path.stat().st_mode & 0o777 == mode:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".overlay-new.{path.name}")
    scratch.write_bytes(content)
    scratch.chmod(mode)
    scratch.replace(path)


def put_back(source, tree, name):
    """Undoes what the overlay once did to NAME."""
    path, original = tree / name, source / name
    if original.is_file():
        # With the time of now, for make.
        write(path, original.read_bytes(), original.stat().st_mode & 0o777)
        return
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == tree or (source / parent.relative_to(tree)).is_dir() or any(parent.iterdir()):
            break
        parent.rmdir()


def record(tree, names):
    """Notes what in TREE is not the kernel's own."""
    names = sorted(names)
    write(tree / RECORD, "".join(f"{n}\n" for n in names).encode(), 0o644)
    write(tree / RSYNC_RECORD, "".join(f"/{n}\n" for n in names).encode(), 0o644)


def apply(checkout, source, tree, names):
    """Changes TREE and returns the id of what it now is."""
    files = wanted(checkout, source, names)
    noted = tree / RECORD
    before = set(noted.read_text().splitlines()) if noted.exists() else set()
    # Interrupted between here and the end, the next run still knows all.
    record(tree, before | set(files))
    for name in sorted(before - set(files)):
        put_back(source, tree, name)
    digest = hashlib.sha256()
    for name, (content, mode) in sorted(files.items()):
        write(tree / name, content, mode)
        digest.update(f"{name} {mode:o} {len(content)}\n".encode() + content)
    record(tree, files)
    return digest.hexdigest()[:16]


def main():
    """See the top."""
    command, checkout = sys.argv[1], Path(sys.argv[2])
    names = sorted(n for n in sys.stdin.read().split("\0")
                   if n and in_overlay(n) and (checkout / n).is_file())
    if command == "list":
        print("\n".join(names))
        return 0
    try:
        print(apply(checkout, Path(sys.argv[3]), Path(sys.argv[4]), names))
    except (OverlayError, maintainers.MaintainersError, OSError) as error:
        print(f"overlay: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
