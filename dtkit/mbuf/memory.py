# SPDX-License-Identifier: BSD-2-Clause
"""
Kernel memory: an address space of mapped regions, toxic ranges and holes.

Nothing here knows of mbufs or of faults in the sense of DTrace: a read of what is not mapped
gives None, and :class:`dtkit.mbuf.machine.Machine` makes a fault of that, as the kernel does.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from dtkit.counted import counted

ByteOrder = Literal["little", "big"]


class KernelPanic(Exception):  # noqa: N818 (a panic is what it is called)
    """
    A raw access to memory that is not there: what ends a real kernel.

    Only stores of the model itself (into scratch memory that is not mapped or not writable)
    can raise it; no content of the memory that is read can.
    """


@dataclass(frozen=True, slots=True)
class Region:
    """A mapped piece of address space: where it starts, its bytes, and what it may be used for."""

    base: int
    data: bytearray = field(repr=False)
    name: str = ""
    readable: bool = True
    writable: bool = True

    @property
    def limit(self) -> int:
        """The first address past the region."""
        return self.base + len(self.data)


@dataclass(frozen=True, slots=True)
class ToxicRange:
    """Addresses that a safe load never touches: device memory, and the first pages."""

    base: int
    #: The first address past the range.
    limit: int


@dataclass(frozen=True, slots=True)
class DirectMap:
    """
    Physical memory as the kernel sees it at a fixed place (amd64's ``DMAP_MIN_ADDRESS``).

    The one way to read a page that has no mapping of its own from probe context.
    """

    base: int
    #: Physical addresses below this are in the map, in bytes.
    size: int
    page_size: int = 4096

    def address(self, physical: int) -> int | None:
        """Where *physical* (a byte address) is mapped; None when the map does not reach it."""
        return self.base + physical if physical < self.size else None


class Memory:
    """
    An address space.

    :param word: bytes of a pointer and of ``size_t``: 8 (LP64) or 4 (ILP32); addresses wrap
        at ``2 ** (8 * word)``.
    :param byteorder: ``"little"`` or ``"big"``.
    :param toxic: what safe loads refuse; by default the first two pages, so that a NULL pointer
        to a structure is caught whatever field of it is asked for.
    """

    def __init__(
        self,
        *,
        word: Literal[4, 8] = 8,
        byteorder: ByteOrder = "little",
        toxic: tuple[ToxicRange, ...] = (ToxicRange(0, 0x2000),),
    ) -> None:
        self.word = word
        self.byteorder: ByteOrder = byteorder
        self.toxic = list(toxic)
        #: The largest address, and the largest ``size_t``.
        self.max_address = (1 << 8 * word) - 1
        self._bases: list[int] = []
        self._regions: list[Region] = []

    def __iter__(self) -> Iterator[Region]:
        """The mapped regions by ascending address."""
        return iter(self._regions)

    def map(
        self,
        base: int,
        data: bytes | bytearray | int,
        name: str = "",
        *,
        readable: bool = True,
        writable: bool = True,
    ) -> Region:
        """
        Map *data* (bytes, or that many zero bytes) at *base*.

        :raises ValueError: the region would overlap another or leave the address space.
        """
        content = data if isinstance(data, bytearray) else bytearray(data)
        region = Region(base, content, name, readable, writable)
        if base < 0 or region.limit > self.max_address + 1:
            raise ValueError(f"{name or 'region'} at 0x{base:x} leaves the address space")
        at = bisect.bisect_left(self._bases, base)
        before = self._regions[at - 1] if at else None
        after = self._regions[at] if at < len(self._regions) else None
        for other in (before, after):
            if other is not None and base < other.limit and other.base < region.limit:
                raise ValueError(f"{name or 'region'} at 0x{base:x} overlaps {other.name}")
        self._bases.insert(at, base)
        self._regions.insert(at, region)
        return region

    def unmap(self, region: Region) -> None:
        """Take *region* out: from now on a hole. ``ValueError`` when it is not mapped."""
        at = bisect.bisect_left(self._bases, region.base)
        if at == len(self._regions) or self._regions[at] is not region:
            raise ValueError(f"0x{region.base:x}: no such region")
        del self._bases[at], self._regions[at]

    def region_at(self, address: int) -> Region | None:
        """The region that holds *address*, or None for a hole."""
        at = bisect.bisect_right(self._bases, address) - 1
        if at >= 0 and address < self._regions[at].limit:
            return self._regions[at]
        return None

    def is_toxic(self, address: int, size: int) -> bool:
        """Whether any of *size* bytes at *address* lies in a toxic range."""
        return any(address < toxic.limit and toxic.base < address + size for toxic in self.toxic)

    def read(self, address: int, size: int) -> bytes | None:
        """*size* bytes at *address* (which does not wrap); None where any cannot be read."""
        taken = b""
        while len(taken) < size:
            region = self.region_at(address)
            if region is None or not region.readable:
                return None
            start = address - region.base
            piece = bytes(region.data[start : start + size - len(taken)])
            taken += piece
            address = region.limit
        return taken

    def write(self, address: int, data: bytes) -> None:
        """Store *data* at *address*. :class:`KernelPanic` where it cannot be written."""
        while data:
            region = self.region_at(address)
            if region is None or not region.writable:
                raise KernelPanic(f"store of {counted(len(data), 'byte')} at 0x{address:x}")
            start = address - region.base
            piece = data[: len(region.data) - start]
            region.data[start : start + len(piece)] = piece
            address += len(piece)
            data = data[len(piece) :]

    def read_uint(self, address: int, size: int) -> int | None:
        """An unsigned integer of *size* bytes in this memory's byte order; None as in `read`."""
        data = self.read(address, size)
        return None if data is None else int.from_bytes(data, self.byteorder)

    def write_uint(self, address: int, size: int, value: int) -> None:
        """Store *value*, cut to *size* bytes (two's complement when negative)."""
        self.write(address, (value & (1 << 8 * size) - 1).to_bytes(size, self.byteorder))
