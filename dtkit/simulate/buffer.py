# SPDX-License-Identifier: BSD-2-Clause
"""
Buffers of records: a CPU's principal one has two halves, one written while one is read; or it is a
ring, in which the newest records take the place of the oldest until all are read at the end.
"""

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


class Ring(Buffer):
    """
    The principal buffer of one CPU under ``bufpolicy=ring``.

    Where a record finds no room at the end, it goes to the front, and the oldest ones give way. The
    steps are those of FreeBSD's kernel. Scratch memory is the other half.

    :param record_size: bytes of a record, by the number of its enabling.
    """

    def __init__(
        self, memory: Memory, base: int, size: int, record_size: Callable[[int], int]
    ) -> None:
        super().__init__(memory, base, size)
        self._record_size = record_size
        self._wrapped = False
        self._oldest = 0

    def reserve(self, needed: int, alignment: int) -> int | None:
        at = self.offset
        total = needed + at % alignment
        if not self._wrapped and at + total <= self.size:
            return super().reserve(needed, alignment)
        oldest = self._oldest
        if at + total > self.size:
            if total > self.size:
                self.drops += 1
                return None
            if not self._wrapped or oldest >= at:
                oldest = 0
            self.data[at:] = bytes(self.size - at)
            at, total, self._wrapped = 0, needed, True
        elif oldest < at:
            # A record that began a lap was not kept.
            return self._padded(at, alignment)
        while at + total > oldest:
            epid = int.from_bytes(self.data[oldest : oldest + 4], "little")
            length = self._record_size(epid) if epid else 4
            if oldest + length >= self.size:
                oldest = 0
                if at == 0:
                    # All of them gave way: it is as if there had been no lap.
                    self._wrapped, self.offset = False, 0
                    self.data[total:] = bytes(self.size - total)
                break
            oldest += length
        self._oldest = oldest
        return self._padded(at, alignment)

    def _padded(self, at: int, alignment: int) -> int:
        end = at + -at % alignment
        self.data[at:end] = bytes(end - at)
        return end

    def scratch(self, at: int, needed: int) -> Scratch:
        return Scratch(self._idle.base, self.size)

    def switch(self) -> Space:
        """All that is in it, the oldest first; it is empty then."""
        data = self.data[: self.offset]
        if self._wrapped and self.offset <= self._oldest:
            data = self.data[self._oldest :] + data
        elif self._wrapped:
            data = data[self._oldest :]
        written = Space(data)
        written.offset, written.drops = len(data), self.drops
        self.offset = self.drops = self._oldest = 0
        self._wrapped = False
        return written
