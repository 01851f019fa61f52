#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Makes commits of the overlay, as the manifest says.

series.py branch CHECKOUT REPOSITORY BASE BRANCH <FILES   make BRANCH, print its commits
series.py list CHECKOUT <FILES                            print what each patch has

FILES are the files of the checkout, as for overlay.py. scripts/manifest/series.toml of
the checkout says which of them are in which patch. REPOSITORY is a git repository
with the kernel's commit BASE. The branch is written by git fast-import, so that no
work tree is touched, with the author and the date that git's environment has.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import maintainers
import overlay
import pieces

MANIFEST = "scripts/manifest/series.toml"


class SeriesError(Exception):
    """What the user has to know."""


class Patch:
    """One entry of the manifest."""

    def __init__(self, number, entry):
        unknown = set(entry) - {"subject", "message", "files", "lines"}
        if unknown or not {"subject", "message"} <= set(entry):
            raise SeriesError(f"{MANIFEST}: patch {number} has or lacks a key: {sorted(entry)}")
        self.number = number
        self.subject = entry["subject"]
        self.message = f"{self.subject}\n\n{entry['message'].strip()}\n"
        self.pathspecs = entry.get("files", [])
        self.lines = entry.get("lines", {})


def load(checkout):
    """The patches of the manifest, in their order."""
    with open(checkout / MANIFEST, "rb") as file:
        entries = tomllib.load(file)["patch"]
    return [Patch(number, entry) for number, entry in enumerate(entries, 1)]


def matching(checkout, pathspec, names):
    """Those of the files NAMES that a pathspec of git matches."""
    done = subprocess.run(
        ["git", "-C", checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard",
         "--", *pathspec], stdout=subprocess.PIPE, check=True, text=True)
    return set(done.stdout.split("\0")) & set(names)


def assign(checkout, patches, names):
    """name -> Rules of every file; fails unless each is in the manifest, and that in it."""
    rules, errors = {}, []
    for patch in patches:
        for spec in patch.pathspecs:
            if not spec.startswith(":!") and not matching(checkout, [spec], names):
                errors.append(f"patch {patch.number}: {spec} matches no file of the overlay")
        found = matching(checkout, patch.pathspecs, names) if patch.pathspecs else ()
        for name in sorted(found):
            if name in rules:
                errors.append(f"{name} is in patch {rules[name].whole} and in {patch.number}")
            rules[name] = pieces.Rules(name, patch.number)
    for patch in patches:
        for name, patterns in patch.lines.items():
            if name not in names:
                errors.append(f"patch {patch.number}: {name} is no file of the overlay")
                continue
            rules.setdefault(name, pieces.Rules(name, None)).add(patch.number, patterns)
    errors += [f"{name} is in no patch" for name in names if name not in rules]
    if errors:
        raise SeriesError("\n".join(f"{MANIFEST}: {error}" for error in errors))
    return rules


def git(repository, *args, **options):
    """What a command of git says."""
    return subprocess.run(["git", "-C", repository, *args], stdout=subprocess.PIPE,
                          check=True, **options).stdout


def export(repository, base, names, directory):
    """Puts those files of the commit BASE that the overlay is about into DIRECTORY."""
    paths = [name.removesuffix(".patch") for name in names]
    known = git(repository, "ls-tree", "-z", "--name-only", base, "--", *paths, "MAINTAINERS")
    archive = git(repository, "archive", base, "--", *filter(None, known.decode().split("\0")))
    subprocess.run(["tar", "-x", "-C", directory], input=archive, check=True)


def apply(checkout, source, names):
    """target -> (name, old, new, mode); fails with everything that does not apply."""
    result, errors = {}, []
    for name in names:
        try:
            wanted = overlay.wanted(checkout, source, [name])
        except (overlay.OverlayError, maintainers.MaintainersError, OSError) as error:
            errors.append(str(error).replace(f"{source}/", ""))
            continue
        for target, (content, mode) in wanted.items():
            original = source / target
            old = original.read_bytes() if original.is_file() else None
            result[target] = name, old, content, mode
    if errors:
        raise SeriesError("\n".join(errors))
    return result


def states(changes, rules):
    """number -> {target: (content, mode)} of what each patch writes."""
    result = {}
    for target, (name, old, new, mode) in sorted(changes.items()):
        if name.endswith(".patch") or rules[name].patterns:
            versions = pieces.divide(old, new, rules[name])
        else:
            versions = {rules[name].whole: new}
        if versions[max(versions)] != new:
            raise SeriesError(f"{target}: the patches do not add up to the overlay")
        for number, content in versions.items():
            result.setdefault(number, {})[target] = content, mode
    return result


def ident(role):
    """The author or committer, as git's environment has it."""
    return subprocess.run(["git", "var", f"GIT_{role}_IDENT"], stdout=subprocess.PIPE,
                          check=True).stdout.rstrip(b"\n")


def data(content):
    """A block of git fast-import's stream."""
    return b"data %d\n" % len(content) + content + b"\n"


def stream(base, branch, patches, written):
    """What git fast-import makes the branch of."""
    parent = base.encode()
    for patch in patches:
        if patch.number not in written:
            raise SeriesError(f"{MANIFEST}: patch {patch.number}, {patch.subject}, changes nothing")
        yield b"commit refs/heads/%s\nmark :%d\n" % (branch.encode(), patch.number)
        yield b"author %s\ncommitter %s\n" % (ident("AUTHOR"), ident("COMMITTER"))
        yield data(patch.message.encode())
        yield b"from %s\n" % parent
        for target, (content, mode) in sorted(written[patch.number].items()):
            kind = b"100755" if mode & 0o100 else b"100644"
            yield b"M %s inline %s\n" % (kind, target.encode())
            yield data(content)
        parent = b":%d" % patch.number
    yield b"done\n"


def check_lines(repository, base, branch):
    """Fails unless the patches together add and remove what the whole series does."""
    def count(*args):
        total = {}
        for line in git(repository, *args).decode().splitlines():
            if line:
                added, removed, path = line.split("\t")
                was = total.get(path, (0, 0))
                total[path] = was[0] + int(added), was[1] + int(removed)
        return total
    whole = count("diff", "--numstat", "--no-renames", base, branch)
    each = count("log", "--format=", "--numstat", "--no-renames", f"{base}..{branch}")
    wrong = sorted(path for path in whole | each if whole.get(path) != each.get(path))
    if wrong:
        raise SeriesError(f"lines of these files are in more than one patch: {' '.join(wrong)}")


def make_branch(checkout, repository, base, branch, names):
    """Everything but the command line."""
    patches = load(checkout)
    rules = assign(checkout, patches, names)
    base = git(repository, "rev-parse", "--verify", f"{base}^{{commit}}", text=True).strip()
    with tempfile.TemporaryDirectory() as source:
        export(repository, base, names, source)
        changes = apply(checkout, Path(source), names)
    content = b"".join(stream(base, branch, patches, states(changes, rules)))
    git(repository, "fast-import", "--quiet", "--force", "--done", input=content)
    check_lines(repository, base, branch)


def show(checkout, names):
    """Prints what each patch has of which file."""
    patches = load(checkout)
    rules = assign(checkout, patches, names)
    for patch in patches:
        print(f"{patch.number}. {patch.subject}")
        for name in names:
            parts = any(p[0] == patch.number for p in rules[name].patterns)
            if parts or rules[name].whole == patch.number:
                print(f"    {name}{' (lines of it)' if parts else ''}")


def main():
    """See the top."""
    command, checkout = sys.argv[1], Path(sys.argv[2]).resolve()
    names = sorted(n for n in sys.stdin.read().split("\0")
                   if n and overlay.in_overlay(n) and (checkout / n).is_file())
    try:
        if command == "list":
            show(checkout, names)
        else:
            make_branch(checkout, *sys.argv[3:6], names)
    except (SeriesError, pieces.PiecesError, tomllib.TOMLDecodeError, OSError) as error:
        for line in str(error).splitlines():
            print(f"series: {line}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"series: {' '.join(map(str, error.cmd[:6]))}... failed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
