# SPDX-License-Identifier: BSD-2-Clause
"""
The model against an oracle that knows nothing of its walk.

For good chains the oracle is a slice of the joined bytes. For broken ones it looks at the list
of mbufs that a walk would meet, cycles unrolled, and says at which of them it must stop.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import assume, given

from dtkit.mbuf import (
    Canload,
    FaultFlag,
    KernelFault,
    Load,
    Machine,
    Mbuf,
    Storage,
    copyoutmbuf,
    mbuflen,
)
from dtkit.mbuf.kernel import STALE
from dtkit.testing import Case, Setup, cases


def sliced(case: Case, size_max: int) -> bytes:
    """What a good chain gives, by definition."""
    joined = b"".join(segment.data for segment in case.segments)
    length, offset = case.length & size_max, case.offset & size_max
    wanted = joined[offset : offset + length] if length else joined[offset:]
    return wanted.ljust(length, b"\0")


@dataclass
class Outcome:
    data: bytes | None
    fault: KernelFault | None
    #: The bytes of memory that were read; None where the oracle does not say.
    read: set[int] | None


@dataclass
class Hop:
    """One mbuf as a walk meets it: `length` is what the header says now."""

    mbuf: Mbuf
    data: int
    length: int
    content: bytes


class Oracle:
    def __init__(self, case: Case, setup: Setup) -> None:
        self.case, self.setup = case, setup
        self.memory, self.layout = setup.kernel.memory, setup.kernel.layout
        self.kind, self.at = case.broken[0] if case.broken else ("", 0)
        self.hops, self.end = self.unroll()

    def unroll(self) -> tuple[list[Hop], KernelFault | None]:
        """The mbufs of a walk that never has enough, and how it ends."""
        layout, case = self.layout, self.case
        hops = [
            Hop(
                mbuf,
                self.field(mbuf, layout.m_data, layout.word),
                self.field(mbuf, layout.m_len, 4),
                segment.data,
            )
            for mbuf, segment in zip(self.setup.chain.mbufs, case.segments, strict=True)
        ]
        end: KernelFault | None = None
        if self.kind.endswith("cycle"):
            again = hops[: self.at + 1] if self.kind == "cycle" else [hops[self.at]]
            hops = hops[: self.at + 1] + again * case.maxchain
        elif self.kind in ("hole-next", "misaligned-next"):
            hops = hops[: self.at + 1]
            following = self.field(hops[-1].mbuf, layout.m_next, layout.word)
            flag = FaultFlag.BADADDR if self.kind == "hole-next" else FaultFlag.BADALIGN
            end = KernelFault(flag, following + layout.m_len)
            if len(hops) == case.maxchain:
                end = KernelFault(FaultFlag.ILLOP)
        if len(hops) > case.maxchain:
            return hops[: case.maxchain], KernelFault(FaultFlag.ILLOP)
        return hops, end

    def field(self, mbuf: Mbuf, at: int, size: int) -> int:
        value = self.memory.read_uint(mbuf.address + at, size)
        assert value is not None
        return value

    def unreadable(self, start: int, stop: int) -> int | None:
        """The first address in [start, stop) that a load must not get."""
        while start < stop:
            region = self.memory.region_at(start)
            if region is None or self.memory.is_toxic(start, 1):
                return start
            start = region.limit
        return None

    def met(self, end: float) -> Iterator[tuple[Hop, int]]:
        """Each mbuf that is looked at when the bytes below `end` are wanted, and its position."""
        position = 0
        for hop in self.hops:
            if position >= end:
                return
            yield hop, position
            position += hop.length if hop.length < 1 << 31 else 0

    def header_fault(self, end: float) -> KernelFault | None:
        """What stops the walk over the headers, data left aside."""
        position = 0
        for hop, position in self.met(end):
            if not self.case.kernel_access:
                return KernelFault(FaultFlag.KPRIV, hop.mbuf.address)
            if hop.length >= 1 << 31:
                return KernelFault(FaultFlag.BADADDR, hop.mbuf.address + self.layout.m_len)
            position += hop.length
        return self.end if sum(hop.length for hop in self.hops) < end else None

    def data_of(self, hop: Hop, start: int, stop: int) -> bytes | KernelFault:
        """Bytes [start, stop) of one mbuf, none of which need be there."""
        if hop.mbuf.storage is Storage.PAGES:
            if self.setup.kernel.direct_map is None or stop > len(hop.content):
                return KernelFault(FaultFlag.BADADDR, hop.mbuf.address)
            return hop.content[start:stop]
        address = hop.data + start & self.memory.max_address  # addresses wrap, as in C
        bad = self.unreadable(address, address + stop - start)
        if bad is not None:
            return KernelFault(FaultFlag.BADADDR, bad & self.memory.max_address)
        read = self.memory.read(address, stop - start)
        assert read is not None
        return read

    def outcome(self, machine: Machine) -> Outcome:
        size_max, layout = self.memory.max_address, self.layout
        length, offset = self.case.length & size_max, self.case.offset & size_max
        if self.kind == "null":
            return Outcome(None, KernelFault(FaultFlag.BADADDR, 0), set())
        n = length
        read: set[int] = set()
        if length == 0:
            fault = self.header_fault(math.inf)
            if fault is not None:
                return Outcome(None, fault, None)
            for hop, _ in self.met(math.inf):
                read |= self.bytes_at(hop, layout.m_len, 4) | self.bytes_at(hop, 0, layout.word)
            n = max(sum(hop.length for hop in self.hops) - offset, 0)
        if -machine.scratch.ptr % 8 + n > machine.scratch.remaining:
            return Outcome(None, KernelFault(FaultFlag.NOSCRATCH), read)
        data = b""
        end = offset + n if n else 0
        for hop, position in self.met(end):
            stop_at = self.header_fault(position + 1)
            if stop_at is not None:
                return Outcome(None, stop_at, None)
            read |= self.bytes_at(hop, layout.m_len, 4)
            start, stop = max(offset - position, 0), min(end - position, hop.length)
            if start < stop:
                taken = self.data_of(hop, start, stop)
                if isinstance(taken, KernelFault):
                    return Outcome(None, taken, None)
                data += taken
                read |= self.source(hop, start, stop)
                read |= self.bytes_at(hop, layout.m_data, layout.word)
                if layout.extpg is not None:
                    read |= self.bytes_at(hop, layout.m_type_flags, 4)
            if position + hop.length < end:
                read |= self.bytes_at(hop, layout.m_next, layout.word)
        fault = self.header_fault(end)
        if fault is not None:
            return Outcome(None, fault, None)
        return Outcome(data.ljust(n, b"\0"), None, read)

    def source(self, hop: Hop, start: int, stop: int) -> set[int]:
        """The bytes of memory that must be read to have [start, stop) of one mbuf."""
        epg = self.layout.extpg
        if hop.mbuf.storage is not Storage.PAGES or epg is None:
            return set(range(hop.data + start, hop.data + stop))
        places = [at + i for at, size in hop.mbuf.spans for i in range(size)][start:stop]
        read = set(places)
        base, pages = hop.mbuf.address, hop.mbuf.regions[1:]
        if epg.pointer is not None:
            read |= self.bytes_at(hop, epg.pointer, self.layout.word)
            base, pages = pages[0].base, pages[1:]
        counts = [(epg.npgs, epg.npgs_size), (epg.hdrlen, 1), (epg.trllen, 1), (epg.first_off, 4)]
        for index, page in enumerate(pages):
            if any(page.base <= place < page.limit for place in places):
                counts.append((epg.pa + index * epg.pa_size, epg.pa_size))
        for at, size in counts:
            read |= set(range(base + at, base + at + size))
        return read

    def bytes_at(self, hop: Hop, at: int, size: int) -> set[int]:
        return set(range(hop.mbuf.address + at, hop.mbuf.address + at + size))


def is_predictable(case: Case) -> bool:
    """Where m_next is one too high and the machine does not mind, fields hold anything."""
    return case.strict_alignment or "misaligned-next" not in [kind for kind, _ in case.broken]


@given(cases(broken=False))
def test_a_good_chain_is_a_slice_of_its_bytes(case: Case) -> None:
    case = dataclasses.replace(case, kernel_access=True, maxchain=512)
    setup = case.build()
    machine, chain = setup.machine, setup.chain
    pages = any(segment.storage is Storage.PAGES for segment in case.segments)
    assume(machine.direct_map is not None or not pages)
    size_max = machine.memory.max_address
    length = case.length & size_max
    fits = length <= case.scratch
    expected = sliced(case, size_max) if fits else b""
    fits = fits and -machine.scratch.ptr % 8 + len(expected) <= machine.scratch.remaining
    result = copyoutmbuf(machine, chain.address, case.length, case.offset)
    if fits:
        assert machine.fault is None
        assert machine.memory.read(result, len(expected)) == expected
    else:
        assert machine.fault == KernelFault(FaultFlag.NOSCRATCH)
        assert result == 0


@given(cases())
def test_the_model_agrees_with_the_oracle(case: Case) -> None:
    assume(is_predictable(case))
    setup = case.build()
    machine = setup.machine
    expected = Oracle(case, setup).outcome(machine)
    ptr = machine.scratch.ptr
    result = copyoutmbuf(machine, setup.chain.address, case.length, case.offset)
    assert machine.fault == expected.fault
    if expected.data is None:
        assert (result, machine.scratch.ptr) == (0, ptr)
    else:
        assert result == ptr + -ptr % 8
        assert machine.memory.read(result, len(expected.data)) == expected.data
        assert machine.scratch.ptr == result + len(expected.data)
    if expected.read is not None:
        read = {
            at + i for at, size in ((x.address, x.size) for x in machine.loads) for i in range(size)
        }
        assert read == expected.read


@given(cases())
def test_a_fault_is_the_last_thing_and_nothing_else_is_written(case: Case) -> None:
    """For every case there is, the unpredictable ones too."""
    setup = case.build()
    machine = setup.machine
    scratch = machine.scratch
    before = {region.base: bytes(region.data) for region in machine.memory}
    ptr = scratch.ptr
    copyoutmbuf(machine, setup.chain.address, case.length, case.offset)

    fault = machine.fault
    for number, access in enumerate(machine.log, 1):
        if isinstance(access, Load) and access.value is None:
            assert number == len(machine.log)
            assert fault is not None
            assert fault.illval == access.address
        if isinstance(access, Canload) and not access.allowed:
            assert number == len(machine.log)
            assert fault == KernelFault(FaultFlag.KPRIV, access.address)
    if fault is not None:
        assert machine.scratch.ptr == ptr

    for region in machine.memory:
        if region.base != scratch.base:
            assert bytes(region.data) == before[region.base]
    held = next(r for r in machine.memory if r.base == scratch.base) if case.scratch else None
    if held is not None:
        assert set(held.data[: ptr - scratch.base]) <= {STALE}
        if machine.fault is None:
            assert set(held.data[scratch.ptr - scratch.base :]) <= {STALE}


@given(cases())
def test_mbuflen_agrees_with_the_oracle(case: Case) -> None:
    assume(is_predictable(case))
    setup = case.build()
    machine = setup.machine
    oracle = Oracle(case, setup)
    fault = (
        KernelFault(FaultFlag.BADADDR, 0)
        if oracle.kind == "null"
        else oracle.header_fault(math.inf)
    )
    length = mbuflen(machine, setup.chain.address)
    assert machine.fault == fault
    total = sum(hop.length for hop in oracle.hops)
    assert length == (0 if fault else total)
