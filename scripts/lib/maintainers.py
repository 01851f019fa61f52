# SPDX-License-Identifier: GPL-2.0
"""Puts the overlay's lines into the kernel's MAINTAINERS.

The added text is entries as MAINTAINERS has them. An entry whose title the kernel
does not have goes to its place in the alphabet; the lines of one that the kernel
has are added to that entry, each after the last line with its letter that does not
sort behind it. In an entry of ours a maintainer can be left to who sends the series.
"""


# In the place of a maintainer that the one who sends the series names.
WANTED = "M:\t@MAINTAINER@"


class MaintainersError(Exception):
    """What the user has to know, on one line."""


def entries(text):
    """[(title, [line...])] of a piece of MAINTAINERS."""
    blocks = [block.splitlines() for block in text.strip().split("\n\n") if block.strip()]
    return [(lines[0], lines[1:]) for lines in blocks]


def title_of(block):
    """The first line of a block of MAINTAINERS."""
    return block.strip("\n").partition("\n")[0]


def is_entry(block):
    """Whether a block of MAINTAINERS is a title followed by lines like `M:<tab>...`."""
    lines = block.strip("\n").splitlines()
    return len(lines) > 1 and lines[1][1:3] == ":\t" and lines[0][1:2] != ":"


def add_line(lines, line):
    """Puts LINE into the LINES of an entry, behind the others of its letter."""
    same = [i for i, other in enumerate(lines) if other[:2] == line[:2]]
    before = [i for i in same if lines[i] <= line]
    if before:
        lines.insert(before[-1] + 1, line)
    elif same:
        lines.insert(same[0], line)
    else:
        lines.append(line)


def name(added, who):
    """The added entries, with WHO, if somebody, in those that want a maintainer."""
    return "".join(line if line.strip() != WANTED else f"M:\t{who}\n" if who else ""
                   for line in added.splitlines(True))


def merge(kernel, added):
    """The text of the kernel's MAINTAINERS with the added entries."""
    added = "\n".join(line for line in added.splitlines() if not line.startswith("#"))
    blocks = kernel.rstrip("\n").split("\n\n")
    first = next((i for i, block in enumerate(blocks) if is_entry(block)), None)
    if first is None:
        raise MaintainersError("MAINTAINERS: the kernel's file has no entries")
    for title, lines in entries(added):
        known = [i for i in range(first, len(blocks)) if title_of(blocks[i]) == title]
        if known:
            body = blocks[known[0]].splitlines()[1:]
            for line in lines:
                add_line(body, line)
            blocks[known[0]] = "\n".join([title, *body])
            continue
        # The last entry, THE REST, stays the last one.
        place = next((i for i in range(first, len(blocks) - 1)
                      if title_of(blocks[i]).upper() > title.upper()), len(blocks) - 1)
        blocks.insert(place, "\n".join([title, *lines]))
    return "\n\n".join(blocks) + "\n"
