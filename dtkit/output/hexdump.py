# SPDX-License-Identifier: BSD-2-Clause
"""
Plain hexdumps: those of ``hexdump -C``, xxd(1), ``od -Ax -tx1`` and the hexdump package.

Each is one packet. Rows start with an offset in the first column, which tells them from
dtrace(1)'s; the text behind the hex may look like hex itself and is cut off by layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dtkit.oddity import Oddity
from dtkit.output.dump import Flaw
from dtkit.output.events import Dump, Event, Firing, Message
from dtkit.output.lines import Block, decode

_OFFSET = re.compile(r"([0-9A-Fa-f]{6,16})(:?)(?=  ?[0-9A-Fa-f]{2})")
#: The groups of od, and of xxd. Wider groups are left alone, and pairs without xxd's colon: they
#: may be little-endian, and nothing says so.
_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2}(?: |$))+")
_PAIRS = re.compile(rf"{_BYTES.pattern}|(?:[0-9A-Fa-f]{{4}} )*(?:[0-9A-Fa-f]{{2}}){{1,2}} ?")
_END = re.compile(r"[0-9a-f]{6,}$")

#: What ``*`` may stand for: a hostile offset behind it must not fill the memory.
_LARGEST = 1 << 25


def read_row(line: str) -> tuple[int, bytes] | None:
    """The offset and the bytes of a row, or None when *line* is none."""
    found = _OFFSET.match(line)
    if found is None:
        return None
    rest = line[found.end() :]
    if rest.startswith("  "):  # hexdump -C: two halves, then the text between bars
        area, text = rest[2:50], rest[50:].strip()
        if text and not text.startswith("|"):
            return None
    elif found[2] and rest[23:26].endswith("  ") and len(rest) == 51 + len(rest[1:50].split()):
        area = rest[1:50]  # the hexdump package: two halves, and the text at a fixed column
    else:  # xxd and od: groups with one space between, then at least two
        area = rest[1:].partition("  ")[0]
        if not (_PAIRS if found[2] else _BYTES).fullmatch(area):
            return None
    try:
        return int(found[1], 16), bytes.fromhex(area)
    except ValueError:
        return None


def is_hexdump(first_line: str) -> bool:
    """Whether *first_line* begins a plain hexdump."""
    row = read_row(first_line)
    return row is not None and row[0] == 0


def read_hexdump(blocks: Iterable[Block]) -> Iterator[Event]:
    """
    Read plain hexdumps; an offset of 0 begins the next one.

    ``*`` repeats the row before it up to the next offset. Lines that are no rows are messages.
    """
    data, start, number = bytearray(), 0, 0
    last, repeat = b"", False
    for block in blocks:
        for line in block.lines():
            number += 1
            row = read_row(line)
            if row is None and data and _END.match(line):
                row = int(line, 16), b""  # the length, as hexdump and od close with it
            if row is None:
                if line == "*":
                    repeat = bool(last)
                elif line.strip():
                    yield Message(number, decode(line))
                continue
            offset, piece = row
            if offset == 0 and data:
                yield Firing(start, None, (Dump(start, bytes(data)),))
                data.clear()
            if not data:
                start = number
            if repeat and len(data) < offset <= _LARGEST:
                data += (last * ((offset - len(data)) // len(last) + 1))[: offset - len(data)]
            repeat = False
            if offset != len(data) or offset > _LARGEST:
                yield Oddity("line", number, Flaw.OFFSET.value, unread=1)
                continue
            data += piece
            last = piece or last
        if block.overlong:
            number += 1
            what = f"a line of {block.overlong} bytes is too long to keep"
            yield Oddity("line", number, what, unread=1)
    if data:
        yield Firing(start, None, (Dump(start, bytes(data)),))
