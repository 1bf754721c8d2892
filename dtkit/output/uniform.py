# SPDX-License-Identifier: BSD-2-Clause
"""
Runs of firings that all look alike, read column by column.

A one-liner that dumps 64 bytes at a probe prints the same 435 characters for every packet, hex
apart. Such a run is cut with one :mod:`struct` format, its fixed columns are compared as sets and
its hex is converted in one call, so that the work for each firing is done in C: several times as
fast as text2pcap(1) reads its own format, where line by line would be slower than it. What is not
alike to the letter is left to the reader of lines.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from dtkit.output.dump import HEADER, HEX_WIDTH
from dtkit.output.events import Dump, Firing, Source
from dtkit.output.framing import frame
from dtkit.output.lines import is_text

#: Columns of a row in front of its hex, where offsets have 5 digits.
_LEAD = 11

#: How many firings are looked at before all that there may be.
_FEW = 8

#: The largest dump that is read as part of a run; the larger, the less there is to gain.
LARGEST = 0x1000


@dataclass(frozen=True, slots=True)
class FiringRun:
    """
    Firings that look alike: each is one dump of one size. They are made when they are looked at.

    :ivar line: line of the first one.
    :ivar step: lines of each.
    :ivar header: lines of each in front of its dump.
    :ivar sources: where each came from.
    :ivar dumps: the bytes of each.
    """

    line: int
    step: int
    header: int
    sources: list[Source | None]
    dumps: list[bytes]

    def __len__(self) -> int:
        return len(self.dumps)

    @property
    def dump_lines(self) -> range:
        """The line that each dump begins on."""
        first = self.line + self.header
        return range(first, first + len(self) * self.step, self.step)

    def __iter__(self) -> Iterator[Firing]:
        # Made as plain tuples are: the classes' own constructors would take most of the time.
        new = tuple.__new__
        numbers = range(self.line, self.line + len(self) * self.step, self.step)
        dumps = map(new, repeat(Dump), zip(self.dump_lines, self.dumps, strict=True))
        fields = zip(numbers, self.sources, zip(dumps), repeat(None, len(self)), strict=True)
        return map(new, repeat(Firing), fields)


class Shape:
    """
    A firing of one frame line, one dump of *size* bytes and an empty line, and nothing else.

    :param frame_width: characters of the frame line without its newline; 0 for no framing, where
        the empty line is the newline that the next dump begins with.
    :param size: bytes of the dump; 1 to :data:`LARGEST`.
    :ivar size: bytes of the firing's text.
    """

    def __init__(self, frame_width: int, size: int) -> None:
        rows = -(-size // 16)
        last = size - 16 * (rows - 1)
        self._size = size
        self._framed = frame_width > 0
        first = (frame_width + 1 if self._framed else 0) + len(HEADER) + 1 + _LEAD
        #: After each row's hex: the text is skipped, then the next row's lead is compared.
        between = f"{2 + 16}x{1 + _LEAD}s{HEX_WIDTH}s"
        self._cut = struct.Struct(f"{first}s{HEX_WIDTH}s{between * (rows - 1)}{2 + last}x2s")
        self._leads = [f"\n     {16 * row:5x}:".encode() for row in range(1, rows)]
        self.size = self._cut.size
        self._blank = 3 * last
        self._lines = self._framed + 1 + rows + 1

    def read(self, text: bytes, start: int, line: int) -> FiringRun | None:
        """
        Read the run of firings of this shape that begins at *start*.

        The last one is left alone: what follows may still belong to it.

        :param text: output of dtrace(1).
        :param line: the number of the line at *start*.
        :return: None when there are not two of them.
        """
        whole = (len(text) - start) // self.size
        if whole > _FEW:
            # A look at a few, so that short runs in other output cost no more than their length.
            few = self._read(text, start, line, _FEW)
            if few is None or len(few) < _FEW - 1:
                return few
        return self._read(text, start, line, whole)

    def _read(self, text: bytes, start: int, line: int, whole: int) -> FiringRun | None:
        """Read the run at *start*, of *whole* firings at most."""
        if whole < 2:
            return None
        block = memoryview(text)[start : start + whole * self.size]
        lead, *columns, tails = zip(*self._cut.iter_unpack(block), strict=True)
        hexes, leads = columns[::2], columns[1::2]

        sources: dict[bytes, Source | None] = {}
        count = whole
        for first in dict.fromkeys(lead):
            known, source = self._source(first)
            if known:
                sources[first] = source
            else:
                count = min(count, lead.index(first))
        for column, expected in [*zip(leads, self._leads, strict=True), (tails, b"\n\n")]:
            if column.count(expected) < whole:
                other = next(index for index, got in enumerate(column) if got != expected)
                count = min(count, other)
        count -= 1
        if count < 1:
            return None
        # The text of a row was skipped: it must not hold the end of a line.
        if text.count(b"\n", start, start + count * self.size) != count * self._lines:
            return None

        joined = b"".join(chain.from_iterable(zip(*hexes, strict=True)))
        joined = joined[: count * len(hexes) * HEX_WIDTH]
        # Each third column is blank, and so is what a short last row leaves free: then as many
        # bytes as there ought to be in all are as many as there ought to be in each row.
        if joined[::3] != b" " * (len(joined) // 3):
            return None
        free = (
            b"".join([row[self._blank :] for row in hexes[-1]]) if self._blank < HEX_WIDTH else b""
        )
        if free != b" " * len(free):
            return None
        try:
            data = bytes.fromhex(joined.decode("latin-1"))
        except ValueError:
            return None
        size = self._size
        if len(data) != count * size:
            return None
        dumps = [data[at : at + size] for at in range(0, len(data), size)]
        from_ = list(map(sources.__getitem__, lead[:count]))
        return FiringRun(line, self._lines, int(self._framed), from_, dumps)

    def _source(self, lead: bytes) -> tuple[bool, Source | None]:
        """Whether *lead* is frame, header and offset 0; and the source in its frame."""
        lines = lead.decode("latin-1").split("\n")
        if lines[self._framed :] != [HEADER, "         0:"]:
            return False, None
        if not self._framed:
            return True, None
        found = frame(lines[0]) if is_text(lines[0]) else None
        return (True, found[0]) if found and not found[1] else (False, None)
