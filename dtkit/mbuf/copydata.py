# SPDX-License-Identifier: BSD-2-Clause
"""
``dtrace_mbuf_copydata()``: the one walk over an mbuf chain beneath the D subroutines.

The order of what it does is part of what it is, because the kernel's C is compared with it
load for load. All arithmetic is that of ``size_t`` and ``uintptr_t``; no sum of an offset and a
length is ever formed, so nothing can wrap but an address.

**The walk.** While bytes are wanted and ``m`` is not NULL:

1. the hop limit: with ``dtrace_mbuf_maxchain`` mbufs visited (16384 at most), ILLOP;
2. ``canload(m, header)``, from ``m_next`` through ``m_len``, or through ``m_flags`` in a kernel
   that has unmapped mbufs;
3. load ``m_len`` (4); negative: BADADDR, ``illval`` = the address of that ``m_len``;
4. the whole mbuf lies before the offset (which an mbuf of length 0 always does): the offset
   shrinks by ``m_len``. Otherwise the bytes that are wanted of it are copied, see below, unless
   the walk only counts, and the offset is 0 from then on;
5. if more bytes are wanted: load ``m_next`` (pointer size).

**The bytes of one mbuf**, never none:

1. in a kernel that has unmapped mbufs, load the word of ``m_type`` and ``m_flags`` (4); if
   M_EXTPG is set and the machine has no direct map: BADADDR, ``illval`` = m;
2. load ``m_data`` (pointer size);
3. without M_EXTPG, *copy* from ``m_data`` + what is left of the offset;
4. with M_EXTPG, where the list of pages is not in the mbuf, ``canload`` and load of the pointer
   to it; ``canload`` of the counts (``m_epg_npgs`` through ``m_epg_last_len``), then load
   ``m_epg_npgs`` (1 or 2), ``m_epg_hdrlen`` (1), ``m_epg_trllen`` (1), ``m_epg_1st_off`` (2),
   ``m_epg_last_len`` (2); counts that leave their arrays or pages: BADADDR, ``illval`` = m.
   The pieces are the header, each page, the trailer. ``m_data`` plus what is left of the offset
   (a sum that saturates) says how many bytes of them to pass over. Then for each piece that
   bytes are wanted of: for a page, ``canload`` and load of its ``m_epg_pa[i]``, and BADADDR with
   ``illval`` = m when that is outside the direct map; *copy*. Bytes wanted past the last piece:
   BADADDR, ``illval`` = m.

**Copy**: one ``canload`` of just the bytes wanted, then loads, front to back, each of the widest
size (8, 4, 2, 1; not more than a word of the machine) that the bytes left allow and that the
source is aligned to; each is stored before the next is made. Only loads need alignment: scratch is
known to be there, and is stored to byte by byte where it has to be.

The fault flag is tested after each load, and the walk ends at the first fault.
"""

from __future__ import annotations

from collections.abc import Iterator

from dtkit.mbuf.faults import FaultFlag
from dtkit.mbuf.flags import MFlag
from dtkit.mbuf.layout import PageVector
from dtkit.mbuf.machine import MOST, Machine
from dtkit.mbuf.memory import DirectMap


def dtrace_mbuf_copydata(
    machine: Machine, m: int, offset: int, length: int, destination: int | None
) -> int:
    """
    Copy *length* bytes from *offset* of the chain at *m* to *destination*.

    :param offset: chain bytes to pass over; at or past the chain's end is no error.
    :param length: most bytes to copy; a chain that ends earlier is no error.
    :param destination: address in scratch, or None to count without copying.
    :returns: the bytes copied (counted): *length*, or what the chain has of them. Meaningless
        when :attr:`Machine.flags` says that there was a fault.

    Reads no header past the mbuf that holds the last byte wanted. Source: the RFD's internal
    interface of that name; ``m_copydata()`` in mbuf(9), by safe loads.
    """
    layout, mask = machine.layout, machine.memory.max_address
    copied = 0
    hops = 0
    while copied < length and m != 0:
        if hops >= min(machine.maxchain, MOST):
            machine.raise_fault(FaultFlag.ILLOP)
            break
        hops += 1
        if not machine.canload(m, layout.header_used):
            break
        m_len = machine.load(m + layout.m_len & mask, 4)
        if machine.flags:
            break
        if m_len > 0x7FFFFFFF:
            machine.raise_fault(FaultFlag.BADADDR, m + layout.m_len & mask)
            break
        if offset >= m_len:
            offset -= m_len
        else:
            wanted = min(m_len - offset, length - copied)
            if destination is not None:
                _copy_from_mbuf(machine, m, offset, wanted, destination + copied)
                if machine.flags:
                    break
            copied += wanted
            offset = 0
        if copied < length:
            m = machine.load_pointer(m + layout.m_next & mask)
            if machine.flags:
                break
    return copied


def _copy_from_mbuf(machine: Machine, m: int, offset: int, length: int, destination: int) -> None:
    """Copy *length* > 0 bytes from *offset* of the one mbuf at *m*, which has them."""
    layout, mask = machine.layout, machine.memory.max_address
    if layout.extpg is not None:
        type_flags = machine.load(m + layout.m_type_flags & mask, 4)
        if machine.flags:
            return
        if layout.flags(type_flags, machine.memory.byteorder) & MFlag.EXTPG:
            if machine.direct_map is None:
                machine.raise_fault(FaultFlag.BADADDR, m)
                return
            _copy_from_pages(
                machine, m, layout.extpg, machine.direct_map, offset, length, destination
            )
            return
    m_data = machine.load_pointer(m + layout.m_data & mask)
    if machine.flags:
        return
    _copy(machine, m_data + offset & mask, length, destination)


def _copy_from_pages(
    machine: Machine,
    m: int,
    epg: PageVector,
    direct_map: DirectMap,
    offset: int,
    length: int,
    destination: int,
) -> None:
    """Copy *length* > 0 bytes from *offset* of the unmapped mbuf at *m*."""
    mask = machine.memory.max_address
    skip = machine.load_pointer(m + machine.layout.m_data & mask) + offset
    if machine.flags:
        return
    base = m
    if epg.pointer is not None:
        if not machine.canload(m + epg.pointer & mask, machine.memory.word):
            return
        base = machine.load_pointer(m + epg.pointer & mask)
        if machine.flags:
            return
    for index, start, size in _pieces(machine, m, base, epg, direct_map.page_size):
        if skip >= size:
            skip -= size
            continue
        wanted = min(size - skip, length)
        if index is None:
            source = base + start + skip & mask
        else:
            field = base + epg.pa + index * epg.pa_size & mask
            if not machine.canload(field, epg.pa_size):
                return
            physical = machine.load(field, epg.pa_size)
            if machine.flags:
                return
            page = direct_map.address(physical)
            if page is None:
                machine.raise_fault(FaultFlag.BADADDR, m)
                return
            source = page + start + skip & mask
        _copy(machine, source, wanted, destination)
        if machine.flags:
            return
        skip = 0
        length -= wanted
        destination += wanted
        if length == 0:
            return
    if not machine.flags:
        machine.raise_fault(FaultFlag.BADADDR, m)


def _pieces(
    machine: Machine, m: int, base: int, epg: PageVector, page_size: int
) -> Iterator[tuple[int | None, int, int]]:
    """
    The pieces of an unmapped mbuf whose list is at *base* as ``(page, start, size)``.

    *start* is an offset into that page, or with *page* None into the list. Nothing is
    yielded when a load faults or the counts are impossible; the flag is set then.
    """
    mask = machine.memory.max_address
    at, size = epg.counts
    if not machine.canload(base + at & mask, size):
        return
    counts = []
    for field, width in (
        (epg.npgs, epg.npgs_size),
        (epg.hdrlen, 1),
        (epg.trllen, 1),
        (epg.first_off, 2),
        (epg.last_len, 2),
    ):
        counts.append(machine.load(base + field & mask, width))
        if machine.flags:
            return
    npgs, hdrlen, trllen, first_off, last_len = counts
    if (
        npgs > epg.max_pages
        or hdrlen > epg.max_hdr
        or trllen > epg.max_trail
        or first_off >= page_size
        or last_len > page_size - (first_off if npgs == 1 else 0)
    ):
        machine.raise_fault(FaultFlag.BADADDR, m)
        return
    yield None, epg.hdr, hdrlen
    for index in range(npgs):
        start = first_off if index == 0 else 0
        yield index, start, last_len if index == npgs - 1 else page_size - start
    yield None, epg.trail, trllen


def _copy(machine: Machine, source: int, length: int, destination: int) -> None:
    """Copy *length* > 0 bytes from *source* by safe loads, after one ``canload``."""
    mask = machine.memory.max_address
    if not machine.canload(source, length):
        return
    while length > 0:
        size: int = machine.memory.word
        while size > length or source % size:
            size //= 2
        value = machine.load(source, size)
        if machine.flags:
            return
        machine.store(destination, size, value)
        source = source + size & mask
        destination += size
        length -= size
