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
from collections.abc import Sequence
from enum import Enum

HEADER = "             0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef"

#: Columns of the hex field, from the colon on.
HEX_WIDTH = 48

_START = re.compile(r" {5}( *[0-9a-f]+):(?: |$)")
#: In either case, though dtrace(1) prints lower: there is no doubt about what is meant.
_BYTES = re.compile(r"(?: [0-9a-fA-F]{2}){1,16}")


_SHOWN = bytes(byte if 0x20 <= byte <= 0x7E else ord(".") for byte in range(256))


def printable(data: bytes) -> str:
    """*data* as hexdumps show it beside the hex: a point for each byte that does not print."""
    return data.translate(_SHOWN).decode("ascii")


def proven(pairs: Sequence[str], text: str, most: int) -> bytes | None:
    """
    The bytes of a row whose columns are lost: what of it is hex, and what is text, the text tells.

    :param pairs: what looks like hex, a byte each; the last of them may be text.
    :param text: the rest of the row, blanks apart.
    :param most: the bytes that a whole row has.
    :return: None where no part of it is the text of what is in front.
    """
    rest = "".join(text.split())
    for count in range(len(pairs), 0, -1):
        data = bytes.fromhex("".join(pairs[:count]))
        if "".join(printable(data).split()) == "".join(pairs[count:]) + rest:
            return data
    return bytes.fromhex("".join(pairs)) if not rest or len(pairs) == most else None


class Flaw(Enum):
    """What can be wrong with a row; the value says it in a phrase."""

    CUT = "a row is cut"
    OFFSET = "a row has the wrong offset"
    HEX = "a row is not hex"
    LONG = "it is too long to keep"


#: A header whose last word was wrapped.
_WRAPPED = HEADER.rpartition("  ")[0]


def is_header(line: str) -> bool:
    """Whether *line* is the header of a dump; blanks may have been cut or added at its end."""
    return line == HEADER or (line.startswith(_WRAPPED) and line.rstrip() in (HEADER, _WRAPPED))


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
        self._shown = HEADER.split()[-1]  # the text that ends the last line, where it is not there

    def next_is(self, line: str) -> bool:
        """Whether *line*, which is a row, is the next one by its offset."""
        start = _START.match(line)
        return start is not None and int(start[1], 16) == len(self.data)

    def is_text(self, line: str) -> bool:
        """Whether *line* is the text of the row before, which was wrapped."""
        wrapped = bool(self._shown) and line.strip() == self._shown
        self._shown = "" if wrapped else self._shown
        return wrapped

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
        text = line[start.end(1) + 1 + HEX_WIDTH :]
        self._shown = "" if text.strip() else printable(row).strip()
        return bool(row)
