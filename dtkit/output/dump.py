# SPDX-License-Identifier: BSD-2-Clause
"""
The hexdumps of tracemem() and printm(), row by row.

A header, then rows of 5 spaces, the offset in hex right-aligned in 5 (more from 0x100000 on), a
colon, `` %02x`` for each byte, blanks up to 16 of these, two spaces, and the bytes as text. The
text is not padded, may end in spaces and may itself look like hex, so rows are cut by column and
the text is never read: the hex says all.
"""

from __future__ import annotations

import re
from enum import Enum

HEADER = "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef"

#: Columns of the hex field, from the colon on.
HEX_WIDTH = 48

_START = re.compile(r" {5}( *[0-9a-f]+):(?: |$)")
#: In either case, though dtrace(1) prints lower: there is no doubt about what is meant.
_BYTES = re.compile(r"(?: [0-9a-fA-F]{2}){1,16}")


class Flaw(Enum):
    """What can be wrong with a row; the value says it in a phrase."""

    CUT = "a row is cut"
    OFFSET = "a row has the wrong offset"
    HEX = "a row is not hex"
    LONG = "it is too long to keep"


def is_row(line: str) -> bool:
    """Whether *line* has the form of a row, whatever its contents."""
    return line.startswith("     ") and _START.match(line) is not None


def is_whole_row(line: str) -> bool:
    """Whether *line* is a row to its last column: all of it is hex, and the bytes as text."""
    start = _START.match(line)
    found = _BYTES.match(line, start.end(1) + 1) if start else None
    if start is None or found is None:
        return False
    text = start.end(1) + 1 + HEX_WIDTH + 2
    return len(line) == text + len(found[0]) // 3 and not line[found.end() : text].strip(" ")


class Rows:
    """
    The rows of one dump, gathered.

    :ivar line: line of the header.
    :ivar size: how many bytes there will be, where that was said.
    :ivar data: the bytes so far.
    :ivar flaw: what was wrong with a row, if anything; nothing can be placed after that.
    """

    def __init__(self, line: int, size: int | None = None) -> None:
        self.line = line
        self.size = size
        self.data = bytearray()
        self.flaw: Flaw | None = None

    def add(self, line: str) -> bool:
        """Take the next row; returns whether any of it could be placed."""
        start = _START.match(line)
        if start is None or len(start[1]) < 5:
            self.flaw = Flaw.HEX
            return False
        if int(start[1], 16) != len(self.data):
            self.flaw = Flaw.OFFSET
            return False
        field = line[start.end(1) + 1 : start.end(1) + 1 + HEX_WIDTH]
        found = _BYTES.match(field)
        row = bytes.fromhex(found[0]) if found else b""
        rest = field[len(row) * 3 :]
        if len(field) < HEX_WIDTH and len(rest) <= 2:
            # Cut off in the hex; half a byte is none.
            self.flaw = Flaw.CUT
        elif not row or rest.strip(" "):
            self.flaw = Flaw.HEX
            return False
        self.data += row
        return bool(row)
