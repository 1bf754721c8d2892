# SPDX-License-Identifier: BSD-2-Clause
"""Buffers of records: a CPU's principal one has two halves, one written while one is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dtkit.mbuf import Memory, Scratch

#: What fills the space before an aligned record, where a record's number would be.
_FILLER = (0).to_bytes(4, "little")


class Space:
    """
    Room for records, one behind the other.

    :param data: the room, in bytes.
    :ivar offset: bytes in use.
    :ivar drops: records that did not fit.
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.size = len(data)
        self.offset = 0
        self.drops = 0

    def reserve(self, needed: int, alignment: int) -> int | None:
        """Where a record goes: an offset; None, and a drop is counted, when it does not fit."""
        padding = -self.offset % alignment
        at = self.offset + padding
        for filler in range(self.offset, min(at, self.size - 4), 4):
            self.data[filler : filler + 4] = _FILLER
        if at + needed > self.size:
            self.drops += 1
            return None
        return at

    def records(self, size: Callable[[int], int]) -> Iterator[tuple[int, int]]:
        """
        The place of each record, and the number of the enabling that made it.

        :param size: bytes of a record, by that number.
        """
        at = 0
        while at + 4 <= self.offset:
            epid = int.from_bytes(self.data[at : at + 4], "little")
            if epid == 0:
                at += 4
                continue
            yield at, epid
            at += size(epid)


class Buffer(Space):
    """
    The principal buffer of one CPU.

    :param memory: the address space; the buffer's two halves are mapped there.
    :param base: where; twice *size* bytes, and a hole behind each half.
    :param size: bytes of each half.
    """

    def __init__(self, memory: Memory, base: int, size: int) -> None:
        self._active = memory.map(base, size, "buffer")
        self._idle = memory.map(base + size + 0x1000 & ~0xFFF, size, "buffer")
        super().__init__(self._active.data)

    def scratch(self, at: int, needed: int) -> Scratch:
        """The scratch memory of a clause whose record is at *at*: all that is behind it."""
        base = self._active.base + at + needed
        return Scratch(base, self.size - at - needed)

    def switch(self) -> Space:
        """Turn to the other half; the one that was written, with its drops."""
        written = Space(self.data)
        written.offset, written.drops = self.offset, self.drops
        self._active, self._idle = self._idle, self._active
        self.data = self._active.data
        self.offset = self.drops = 0
        return written
