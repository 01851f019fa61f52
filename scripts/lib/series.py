#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Makes commits of the overlay, as the manifest says.

series.py branch CHECKOUT REPOSITORY BASE VERSION <FILES   make a branch of each series
series.py write CHECKOUT SOURCE NAME DIR <FILES            write what changes up to NAME
series.py names CHECKOUT                                   print the names of the series
series.py large CHECKOUT                                   print why patches are large
series.py list CHECKOUT [NAME] <FILES                      print what each patch has

FILES are the files of the checkout, as for overlay.py. scripts/manifest/series.toml of
the checkout says which of them are in which patch of which series. REPOSITORY is a git
repository with the kernel's commit BASE. The branches, NAME/vVERSION, begin one where
the other ends, the first one at BASE. They are written by git fast-import, so that no
work tree is touched, with the author and the date that git's environment has. SOURCE is
a directory with the kernel's files. In the environment, SERIES_TRAILERS has lines for
each commit message, and SERIES_MAINTAINER who is named in MAINTAINERS.
"""

import os
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

    def __init__(self, series, number, entry):
        unknown = set(entry) - {"subject", "message", "files", "lines", "hunks", "large"}
        if unknown or not {"subject", "message"} <= set(entry):
            raise SeriesError(f"{MANIFEST}: patch {number} has or lacks a key: {sorted(entry)}")
        self.series = series
        self.number = number
        self.subject = entry["subject"]
        self.message = f"{self.subject}\n\n{entry['message'].strip()}\n"
        self.pathspecs = entry.get("files", [])
        self.lines = entry.get("lines", {})
        self.labels = entry.get("hunks", [])


def manifest(checkout):
    """The series of the manifest, in their order."""
    with open(checkout / MANIFEST, "rb") as file:
        entries = tomllib.load(file)["series"]
    for entry in entries:
        unknown = set(entry) - {"name", "sent", "patch"}
        if unknown or not {"name", "patch"} <= set(entry):
            raise SeriesError(f"{MANIFEST}: a series has or lacks a key: {sorted(entry)}")
    names = [entry["name"] for entry in entries]
    if len(set(names)) < len(names):
        raise SeriesError(f"{MANIFEST}: two series have one name: {' '.join(names)}")
    return entries


def load(checkout):
    """The patches of all series, in their order."""
    patches = []
    for series in manifest(checkout):
        for entry in series["patch"]:
            patches.append(Patch(series["name"], len(patches) + 1, entry))
    return patches


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
    errors += assign_labels(checkout, patches, names, rules)
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


def assign_labels(checkout, patches, names, rules):
    """Notes in RULES who has the labels of the hunks of NAMES, and returns what is wrong."""
    numbers = {}
    errors = []
    for patch in patches:
        for label in patch.labels:
            if label in numbers:
                errors.append(f"patches {numbers[label]} and {patch.number} have the label {label}")
            numbers[label] = patch.number
    unused = set(numbers)
    for name in names:
        found = pieces.labels((checkout / name).read_text()) if name.endswith(".patch") else ()
        for label in found:
            if label not in numbers:
                errors.append(f"{name}: no patch has the label {label}")
                continue
            unused.discard(label)
            rules.setdefault(name, pieces.Rules(name, None)).labels[label] = numbers[label]
    errors += [f"patch {numbers[label]}: no hunk has the label {label}" for label in unused]
    return errors


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


def labelled(checkout, source, name, rules):
    """{number: content} of a file after each patch that has hunks of it by their labels."""
    try:
        return {number: overlay.patched(source, checkout, name, change)[1] for number, change
                in pieces.divide_labelled((checkout / name).read_text(), rules).items()}
    except overlay.OverlayError as error:
        raise SeriesError(f"{error} (the hunks with labels alone)") from error


def states(checkout, source, changes, rules):
    """number -> {target: (content, mode)} of what each patch writes."""
    result = {}
    for target, (name, old, new, mode) in sorted(changes.items()):
        if rules[name].labels:
            versions = labelled(checkout, source, name, rules[name])
            last = max(versions)
            others = pieces.divide(versions[last], new, rules[name])
            if others and min(others) <= last:
                raise SeriesError(f"{name}: hunks without a label are in patch {min(others)}, "
                                  f"those with one up to patch {last}")
            versions |= others
        elif name.endswith(".patch") or rules[name].patterns:
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


def with_trailers(message):
    """The message, with what the one who sends it adds."""
    trailers = [f"--trailer={line}" for line in os.environ.get("SERIES_TRAILERS", "").splitlines()]
    if not trailers:
        return message
    return subprocess.run(["git", "interpret-trailers", "--if-exists=addIfDifferent", *trailers],
                          input=message, stdout=subprocess.PIPE, check=True, text=True).stdout


def stream(base, version, patches, written):
    """What git fast-import makes the branches of."""
    parent = base.encode()
    for patch in patches:
        if patch.number not in written:
            raise SeriesError(f"{MANIFEST}: patch {patch.number}, {patch.subject}, changes nothing")
        branch = f"{patch.series}/v{version}"
        yield b"commit refs/heads/%s\nmark :%d\n" % (branch.encode(), patch.number)
        yield b"author %s\ncommitter %s\n" % (ident("AUTHOR"), ident("COMMITTER"))
        yield data(with_trailers(patch.message).encode())
        yield b"from %s\n" % parent
        for target, (content, mode) in sorted(written[patch.number].items()):
            kind = b"100755" if mode & 0o100 else b"100644"
            yield b"M %s inline %s\n" % (kind, target.encode())
            yield data(content)
        parent = b":%d" % patch.number
    yield b"done\n"


def check_lines(repository, base, branch):
    """Fails unless the patches together add and remove what all of them do."""
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


def make_branches(checkout, repository, base, version, names):
    """The command branch."""
    patches = load(checkout)
    rules = assign(checkout, patches, names)
    base = git(repository, "rev-parse", "--verify", f"{base}^{{commit}}", text=True).strip()
    with tempfile.TemporaryDirectory() as source:
        export(repository, base, names, source)
        changes = apply(checkout, Path(source), names)
        written = states(checkout, Path(source), changes, rules)
    content = b"".join(stream(base, version, patches, written))
    git(repository, "fast-import", "--quiet", "--force", "--done", input=content)
    check_lines(repository, base, f"{patches[-1].series}/v{version}")


def write(checkout, source, name, directory, names):
    """The command write."""
    patches = load(checkout)
    rules = assign(checkout, patches, names)
    changes = apply(checkout, Path(source), names)
    last = max((patch.number for patch in patches if patch.series == name), default=0)
    if not last:
        raise SeriesError(f"there is no series {name}")
    for number, files in sorted(states(checkout, Path(source), changes, rules).items()):
        for target, (content, mode) in files.items() if number <= last else ():
            overlay.write(Path(directory, target), content, mode)


def large(checkout):
    """The command large: NAME/NUMBER, as mails have it, and the reason."""
    for series in manifest(checkout):
        for number, entry in enumerate(series["patch"], 1):
            if "large" in entry:
                print(f"{series['name']}/{number:04}", entry["large"], sep="\t")


def show(checkout, name, names):
    """The command list."""
    patches = load(checkout)
    rules = assign(checkout, patches, names)
    if name and name not in {patch.series for patch in patches}:
        raise SeriesError(f"there is no series {name}")
    series = None
    for patch in patches:
        if name not in (None, patch.series):
            continue
        if patch.series != series:
            series = patch.series
            print(f"{series}:")
        print(f"{patch.number}. {patch.subject}")
        for file in names:
            parts = any(p[0] == patch.number for p in rules[file].patterns)
            parts = parts or patch.number in rules[file].labels.values()
            if parts or rules[file].whole == patch.number:
                print(f"    {file}{' (lines of it)' if parts else ''}")


def main():
    """See the top."""
    command, checkout = sys.argv[1], Path(sys.argv[2]).resolve()
    try:
        if command == "names":
            for series in manifest(checkout):
                print(series["name"], "sent" if series.get("sent", True) else "kept")
            return 0
        if command == "large":
            large(checkout)
            return 0
        names = sorted(n for n in sys.stdin.read().split("\0")
                       if n and overlay.in_overlay(n) and (checkout / n).is_file())
        if command == "list":
            show(checkout, sys.argv[3] if len(sys.argv) > 3 else None, names)
        elif command == "write":
            write(checkout, *sys.argv[3:6], names)
        else:
            make_branches(checkout, *sys.argv[3:6], names)
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
