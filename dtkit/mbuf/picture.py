# SPDX-License-Identifier: BSD-2-Clause
"""A chain as a small picture: each mbuf, its length, and which bytes of it were taken."""

from __future__ import annotations

from collections.abc import Iterator

from dtkit.mbuf.case import Setup
from dtkit.mbuf.kernel import Mbuf, Storage
from dtkit.mbuf.machine import Load

#: Cells of the longest mbuf's bar.
WIDTH = 32


def m_len(setup: Setup, mbuf: Mbuf) -> int:
    """``m_len`` as it is in memory now, broken or not; signed."""
    value = setup.kernel.memory.read_uint(mbuf.address + setup.kernel.layout.m_len, 4) or 0
    return value - (1 << 32) if value >= 1 << 31 else value


def taken(setup: Setup, mbuf: Mbuf) -> list[tuple[int, int]]:
    """Which bytes of an mbuf's data the machine has loaded: ranges [start, stop), ascending."""
    memory, layout = setup.kernel.memory, setup.kernel.layout
    spans = mbuf.spans
    if mbuf.storage is not Storage.PAGES:  # where the data is now, broken or not
        m_data = memory.read_uint(mbuf.address + layout.m_data, layout.word) or 0
        spans = ((m_data, max(m_len(setup, mbuf), 0)),)
    ranges: list[tuple[int, int]] = []
    position = 0
    loads = list(_data_loads(setup, mbuf))
    for address, size in spans:
        for load in loads:
            at = load.address - address
            if load.value is not None and at >= 0 and at + load.size <= size:
                ranges.append((position + at, position + at + load.size))
        position += size
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _data_loads(setup: Setup, mbuf: Mbuf) -> Iterator[Load]:
    """
    The loads of an mbuf's data, not of headers.

    The two can overlap, as where ``m_len`` is forged; but a walk asks canload about a header when
    it comes to the mbuf, and about everything else of it after that.
    """
    headers = {each.address for each in setup.chain.mbufs}
    here, asked = 0, range(0)
    for access in setup.machine.log:
        if isinstance(access, Load):
            if here == mbuf.address and access.address in asked:
                yield access
        elif access.address in headers and access.size == setup.kernel.layout.header_used:
            here, asked = access.address, range(0)
        else:
            asked = range(access.address, access.address + access.size)


def picture(setup: Setup) -> Iterator[str]:
    """
    The chain after a run, one line for each mbuf.

    The bar is to scale, to the longest mbuf as it was built; ``#`` marks a cell any byte of
    which was taken: ``    1  0xfffff80003a00100  internal  m_len    40  [..####..]  took 10-29``.
    """
    longest = max((mbuf.length for mbuf in setup.chain.mbufs), default=0)
    for index, mbuf in enumerate(setup.chain.mbufs):
        length, ranges = m_len(setup, mbuf), taken(setup, mbuf)
        said = ", ".join(f"{start}-{stop - 1}" for start, stop in ranges)
        yield (
            f"{index:5}  0x{mbuf.address:x}  {mbuf.storage.value:8}  m_len {length:>5}  "
            f"[{_cells(length, longest, ranges)}]{'  took ' + said if said else ''}"
        )


def _cells(length: int, longest: int, ranges: list[tuple[int, int]]) -> str:
    if length <= 0:
        return ""
    count = max(1, min(WIDTH, -(-length * WIDTH // max(longest, 1))))
    marks = ["."] * count
    for start, stop in ranges:
        for cell in range(start * count // length, -(-stop * count // length)):
            marks[cell] = "#"
    return "".join(marks)
