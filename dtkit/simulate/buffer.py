# SPDX-License-Identifier: BSD-2-Clause
"""A CPU's principal buffer: two halves, one that records go to while the other is read."""

from __future__ import annotations

from dtkit.mbuf import Memory, Scratch

#: What fills the space before an aligned record, where a record's number would be.
_FILLER = (0).to_bytes(4, "little")


class Buffer:
    """
    The buffer of one CPU.

    :param memory: the address space; the buffer's two halves are mapped there.
    :param base: where; twice *size* bytes, and a hole behind each half.
    :param size: bytes of each half.
    """

    def __init__(self, memory: Memory, base: int, size: int) -> None:
        self._active = memory.map(base, size, "buffer")
        self._idle = memory.map(base + size + 0x1000 & ~0xFFF, size, "buffer")
        self.size = size
        #: Bytes in use of the active half.
        self.offset = 0
        #: Records that did not fit, since the last switch.
        self.drops = 0
        self.data = self._active.data

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

    def scratch(self, at: int, needed: int) -> Scratch:
        """The scratch memory of a clause whose record is at *at*: all that is behind it."""
        base = self._active.base + at + needed
        return Scratch(base, self.size - at - needed)

    def switch(self) -> tuple[bytearray, int, int]:
        """
        Turn to the other half.

        :returns: the half that was written, the bytes in use of it, and its drops.
        """
        written, used, drops = self.data, self.offset, self.drops
        self._active, self._idle = self._idle, self._active
        self.data = self._active.data
        self.offset = self.drops = 0
        return written, used, drops
