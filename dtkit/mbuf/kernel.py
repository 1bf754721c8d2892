# SPDX-License-Identifier: BSD-2-Clause
"""
A small kernel to try things on: memory, mbufs laid out as a network stack would, and CPUs.

>>> from dtkit.mbuf import Kernel, Segment, copyoutmbuf
>>> kernel = Kernel()
>>> chain = kernel.build([Segment(b"head"), Segment(b"er and data")])
>>> cpu = kernel.cpu()
>>> cpu.memory.read(copyoutmbuf(cpu, chain.address, 8, 2), 8)
b'ader and'
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dtkit.mbuf.flags import MFlag
from dtkit.mbuf.layout import FREEBSD_14, Layout
from dtkit.mbuf.machine import MAXCHAIN, Machine, Scratch
from dtkit.mbuf.memory import ByteOrder, DirectMap, Memory, Region, ToxicRange

#: MCLBYTES, MJUMPAGESIZE, MJUM9BYTES and MJUM16BYTES: the cluster sizes of mbuf(9).
CLUSTERS = (2048, 4096, 9216, 16384)

#: ``m_type`` of dynamic data.
MT_DATA = 1

#: What scratch is full of before a firing, so that a test sees a stale byte.
STALE = 0xA5


class Storage(enum.Enum):
    """Where an mbuf keeps its data."""

    #: In the mbuf itself.
    INTERNAL = "internal"
    #: In a cluster behind ``m_ext.ext_buf`` (M_EXT).
    CLUSTER = "cluster"
    #: In physical pages without a mapping (M_EXT and M_EXTPG).
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Segment:
    """
    One mbuf to be built: its data, and how it is stored.

    Without *storage* it is as the stack's allocators do: in the mbuf when it fits there, else in
    the smallest cluster that holds it.
    """

    data: bytes = b""
    storage: Storage | None = None
    #: Bytes between the start of the storage and the data: what M_PREPEND would use. With
    #: PAGES, bytes that were trimmed off the front: ``m_data``.
    leading: int = 0
    #: With PAGES: how many of the bytes (the trimmed ones counted) are header and trailer bytes
    #: kept in the mbuf, and where the rest starts in the first page.
    header: int = 0
    trailer: int = 0
    first_off: int = 0


@dataclass(frozen=True, slots=True)
class Mbuf:
    """An mbuf that was built."""

    address: int
    #: ``m_data``: an address, or with PAGES an offset.
    data: int
    length: int
    storage: Storage
    #: ``(address, size)`` of where the data lies, in order; empty when it is nowhere in the
    #: address space (pages without a direct map).
    spans: tuple[tuple[int, int], ...]
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that was built: what a probe's argument points to."""

    address: int
    mbufs: tuple[Mbuf, ...]

    def __len__(self) -> int:
        """Mbufs, as built."""
        return len(self.mbufs)


class Kernel:
    """
    Memory with an mbuf allocator and CPUs.

    :param layout: the kernel's ``struct mbuf``; its word size is the memory's.
    :param direct_map: whether physical memory can be read (64-bit kernels only).
    :param strict_alignment: whether loads must be aligned, as off x86.

    Addresses are handed out as amd64 has them (ILP32: as i386 has them), and freed ones are
    handed out again first, as UMA does.
    """

    def __init__(
        self,
        layout: Layout = FREEBSD_14,
        *,
        byteorder: ByteOrder = "little",
        direct_map: bool = True,
        strict_alignment: bool = False,
    ) -> None:
        wide = layout.word == 8
        base = 0xFFFFF800_00000000 if wide else 0xC0000000
        #: Device memory, which no safe load may touch.
        self.device = ToxicRange(base + 0x0F000000, base + 0x10000000)
        self.memory = Memory(
            word=layout.word, byteorder=byteorder, toxic=(ToxicRange(0, 0x2000), self.device)
        )
        self.layout = layout
        self.direct_map = DirectMap(base, 0x4000_0000) if wide and direct_map else None
        self.strict_alignment = strict_alignment
        self._mbufs = _Zone(self.memory, base + 0x03A00000, layout.msize, "mbuf")
        self._clusters = {
            size: _Zone(self.memory, base + 0x04000000 + index * 0x01000000, size, "cluster")
            for index, size in enumerate(CLUSTERS)
        }
        list_size = layout.extpg.size if layout.extpg is not None else 0
        self._lists = _Zone(self.memory, base + 0x10000000, list_size, "page list")
        self._pages = _Zone(self.memory, base + 0x20000000, 4096, "page")
        self._next_scratch = 0xFFFFFE00_03000000 if wide else 0xE0000000

    def cpu(
        self,
        scratch: int = 4096,
        *,
        kernel_access: bool = True,
        maxchain: int = MAXCHAIN,
        used: int = 0,
    ) -> Machine:
        """
        One more CPU, with *scratch* bytes of its own of which *used* are handed out already.

        The scratch is full of 0xa5, and ends at a hole.
        """
        base = self._next_scratch
        region = self.memory.map(base, bytes([STALE]) * scratch, "scratch")
        self._next_scratch = region.limit + 0x2000 & ~0xFFF
        return Machine(
            self.memory,
            self.layout,
            Scratch(base, scratch, base + used),
            kernel_access=kernel_access,
            strict_alignment=self.strict_alignment,
            direct_map=self.direct_map,
            maxchain=maxchain,
        )

    def build(self, segments: Iterable[Segment | bytes]) -> Chain:
        """
        A chain of these segments; the first mbuf has the packet header (unless it is PAGES).

        ``ValueError`` when a segment does not fit its storage, or there are none.
        """
        wanted = [item if isinstance(item, Segment) else Segment(item) for item in segments]
        if not wanted:
            raise ValueError("a chain has at least one mbuf")
        total = sum(len(segment.data) for segment in wanted)
        mbufs = tuple(
            self._mbuf(segment, total if index == 0 else None)
            for index, segment in enumerate(wanted)
        )
        for mbuf, following in itertools.pairwise(mbufs):
            self.poke(mbuf, "m_next", following.address)
        return Chain(mbufs[0].address, mbufs)

    def free(self, chain: Chain) -> None:
        """Take the chain's mbufs and storage out of memory; their addresses may come again."""
        for mbuf in chain.mbufs:
            for region in mbuf.regions:
                for zone in (self._mbufs, *self._clusters.values(), self._lists, self._pages):
                    zone.free(region)

    def poke(self, mbuf: Mbuf, field: str, value: int) -> None:
        """Set ``m_next``, ``m_nextpkt``, ``m_data``, ``m_len`` or ``m_pkthdr_len`` of *mbuf*."""
        size = 4 if field in ("m_len", "m_pkthdr_len") else self.layout.word
        self.memory.write_uint(mbuf.address + getattr(self.layout, field), size, value)

    def _mbuf(self, segment: Segment, pkthdr_len: int | None) -> Mbuf:
        layout, memory = self.layout, self.memory
        room = layout.msize - (layout.m_dat if pkthdr_len is None else layout.m_pktdat)
        size = segment.leading + len(segment.data)
        storage = segment.storage
        if storage is None:
            storage = Storage.INTERNAL if size <= room else Storage.CLUSTER
        if storage is Storage.PAGES:
            return self._page_mbuf(segment)
        flags = MFlag(0) if pkthdr_len is None else MFlag.PKTHDR
        mbuf = self._mbufs.allocate()
        regions = [mbuf]
        if storage is Storage.INTERNAL:
            if size > room:
                raise ValueError(f"{size} bytes do not fit an mbuf's {room}")
            data = mbuf.limit - room + segment.leading
        else:
            flags |= MFlag.EXT
            zone = next((self._clusters[n] for n in CLUSTERS if size <= n), None)
            if zone is None:
                raise ValueError(f"{size} bytes do not fit the largest cluster, {CLUSTERS[-1]}")
            cluster = zone.allocate()
            regions.append(cluster)
            memory.write_uint(mbuf.base + layout.ext_buf, layout.word, cluster.base)
            memory.write_uint(mbuf.base + layout.ext_size, 4, len(cluster.data))
            data = cluster.base + segment.leading
        memory.write(data, segment.data)
        spans = ((data, len(segment.data)),)
        built = Mbuf(mbuf.base, data, len(segment.data), storage, spans, tuple(regions))
        self._fill_header(built, flags)
        if pkthdr_len is not None:
            self.poke(built, "m_pkthdr_len", pkthdr_len)
        return built

    def _page_mbuf(self, segment: Segment) -> Mbuf:
        epg = self.layout.extpg
        if epg is None:
            raise ValueError(f"{self.layout.name} has no unmapped mbufs")
        memory, page_size, first_off = self.memory, 4096, segment.first_off
        content = bytes(segment.leading) + segment.data
        middle = len(content) - segment.header - segment.trailer
        pages = -(-(first_off + middle) // page_size) if middle > 0 else 0
        if (
            middle < 0
            or segment.header > epg.max_hdr
            or segment.trailer > epg.max_trail
            or pages > epg.max_pages
            or not 0 <= first_off < page_size
        ):
            raise ValueError("the segment does not fit an unmapped mbuf")
        mbuf = self._mbufs.allocate()
        regions = [mbuf]
        base = mbuf.base
        if epg.pointer is not None:
            regions.append(self._lists.allocate())
            base = regions[-1].base
            memory.write_uint(mbuf.base + epg.pointer, self.layout.word, base)
        last_len = middle - (pages - 1) * page_size + (first_off if pages > 1 else 0)
        spans = [(base + epg.hdr, segment.header)]
        for index in range(pages):
            physical = 0x1000_0000 + index * page_size
            if self.direct_map is not None:
                page = self._pages.allocate()
                regions.append(page)
                physical = page.base - self.direct_map.base
                start = first_off if index == 0 else 0
                size = last_len if index == pages - 1 else page_size - start
                spans.append((page.base + start, size))
            # Without a direct map the pages are nowhere in the address space.
            memory.write_uint(base + epg.pa + index * epg.pa_size, epg.pa_size, physical)
        spans.append((base + epg.trail, segment.trailer))
        if self.direct_map is not None:
            at = 0
            for address, size in spans:
                memory.write(address, content[at : at + size])
                at += size
        for at, size, value in (
            (epg.npgs, epg.npgs_size, pages),
            (epg.hdrlen, 1, segment.header),
            (epg.trllen, 1, segment.trailer),
            (epg.first_off, 2, first_off),
            (epg.last_len, 2, last_len if pages else 0),
        ):
            memory.write_uint(base + at, size, value)
        built = Mbuf(
            mbuf.base,
            segment.leading,
            len(segment.data),
            Storage.PAGES,
            tuple(_trim(spans, segment.leading)) if self.direct_map is not None else (),
            tuple(regions),
        )
        self._fill_header(built, MFlag.EXT | MFlag.EXTPG | MFlag.RDONLY)
        return built

    def _fill_header(self, mbuf: Mbuf, flags: MFlag) -> None:
        self.poke(mbuf, "m_data", mbuf.data)
        self.poke(mbuf, "m_len", mbuf.length)
        word = self.layout.type_flags(MT_DATA, flags, self.memory.byteorder)
        self.memory.write_uint(mbuf.address + self.layout.m_type_flags, 4, word)


def split(data: bytes, lengths: Sequence[int]) -> list[bytes]:
    """
    *data* cut into pieces of these lengths; what is left over is one more piece, or as many as
    the largest cluster makes of it.

    >>> split(b"abcdef", [2, 0, 3])
    [b'ab', b'', b'cde', b'f']
    """
    pieces = []
    at = 0
    for length in lengths:
        pieces.append(data[at : at + length])
        at += length
    largest = CLUSTERS[-1]
    return pieces + [data[start : start + largest] for start in range(at, len(data), largest)]


def _trim(spans: Iterable[tuple[int, int]], skip: int) -> Iterator[tuple[int, int]]:
    """The spans without their first *skip* bytes, and without empty ones."""
    for address, size in spans:
        passed = min(skip, size)
        skip -= passed
        if size > passed:
            yield address + passed, size - passed


class _Zone:
    """Items of one size, as UMA hands them out: side by side, the last freed first."""

    def __init__(self, memory: Memory, base: int, size: int, name: str) -> None:
        self._memory, self._size, self._name = memory, size, name
        self._next = base
        self._free: list[int] = []
        self._used: dict[int, Region] = {}

    def allocate(self) -> Region:
        if self._free:
            base = self._free.pop()
        else:
            base = self._next
            self._next += self._size
        region = self._used[base] = self._memory.map(base, self._size, self._name)
        return region

    def free(self, region: Region) -> None:
        if self._used.get(region.base) is region:
            self._memory.unmap(self._used.pop(region.base))
            self._free.append(region.base)
