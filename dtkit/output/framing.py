# SPDX-License-Identifier: BSD-2-Clause
"""
What dtrace(1) prints in front of a firing's own output.

By default ``%3d %6d %32s `` (cpu, probe id, function:name), with ``-F`` ``%3d %-41s `` (cpu,
indented arrow and function); under a heading printed once. A name too long for its field pushes
the rest to the right. (dtrace(1), the consumer of libdtrace.)
"""

from __future__ import annotations

import re

from dtkit.output.events import Source

HEADINGS = (
    f"{'CPU':>3} {'ID':>6} {'FUNCTION:NAME':>32}",
    f"{'CPU':>3} {'FUNCTION':<41}",
)

# The blank that ends a frame is missing where an editor cut what it could not show.
_FRAME = re.compile(r" {0,2}([0-9]{1,10}) {1,6}([0-9]{1,10}) +([^ :]*):([^ :]+)(?: |$)")
_FLOW = re.compile(r" {0,2}([0-9]{1,10})( +)(->|<-|=>|<=|\|) ([^ :]*)(?::([^ :]+))?(?: +|$)")

_ARROWS = {"->": "entry", "<-": "return", "=>": "entry", "<=": "return"}


def is_heading(line: str) -> bool:
    """Whether *line* is the heading of a framed output; trailing blanks may have been lost."""
    return line.startswith("CPU ") and line.rstrip() in (heading.rstrip() for heading in HEADINGS)


def frame(line: str) -> tuple[Source, str] | None:
    """
    Split a framed line, whose last blanks may have been cut.

    :return: the source and the text after the frame, or None when *line* is not framed exactly
        as dtrace(1) does it.
    """
    if found := _FRAME.match(line):
        cpu, id, function, name = found.groups()
        if found[0].removesuffix(" ") == f"{int(cpu):3d} {int(id):6d} {function + ':' + name:>32}":
            return Source(int(cpu), int(id), function, name), line[found.end() :]
    elif found := _FLOW.match(line):
        cpu, indent, arrow, function, name = found.groups()
        shown = f"{arrow} {function}" + (f":{name}" if name else "")
        lead = f"{int(cpu):3d} {indent[1:] + shown:<41} "
        whole = line.startswith(lead) or line == lead.rstrip(" ")
        if whole and (name is None) == (arrow in _ARROWS):
            return Source(int(cpu), None, function, name or _ARROWS[arrow]), line[len(lead) :]
    return None
