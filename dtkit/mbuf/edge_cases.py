# SPDX-License-Identifier: BSD-2-Clause
"""The edge cases of ``copyoutmbuf()``, as calls to run: documentation that is computed."""

from __future__ import annotations

from dataclasses import dataclass

from dtkit.counted import counted
from dtkit.mbuf.case import Case
from dtkit.mbuf.copydata import dtrace_mbuf_copydata
from dtkit.mbuf.kernel import Segment, Storage
from dtkit.mbuf.subroutines import copyoutmbuf


def counting_bytes(size: int, start: int = 0) -> bytes:
    """*size* bytes that count up from *start*, so that a dump tells where each came from."""
    return bytes((start + at) & 0xFF for at in range(size))


def counting_segments(lengths: list[int]) -> tuple[Segment, ...]:
    """A chain of mbufs of these lengths whose data counts up all along it."""
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    return tuple(
        Segment(counting_bytes(length, start))
        for start, length in zip(starts, lengths, strict=True)
    )


@dataclass(frozen=True, slots=True)
class EdgeCase:
    """A call worth knowing the outcome of."""

    text: str
    #: The clause of the contract that decides it.
    clause: int
    case: Case

    @property
    def call(self) -> str:
        """The call as D has it: ``copyoutmbuf(m, 64, 20)``."""
        m = "NULL" if ("null", 0) in self.case.broken else "m"
        offset = f", {self.case.offset}" if self.case.offset else ""
        return f"copyoutmbuf({m}, {self.case.length}{offset})"

    def outcome(self) -> str:
        """Run it: ``64 bytes: 52 of the chain, 12 zero``, or the fault as dtrace(1) words it."""
        case = self.case
        setup = case.build()
        machine, m = setup.machine, setup.chain.address
        result = copyoutmbuf(machine, m, case.length, case.offset)
        if machine.fault is not None:
            return f"{machine.fault.flag.name}: {machine.fault}"
        n = machine.scratch.ptr - result
        copied = dtrace_mbuf_copydata(machine, m, case.offset, n, None)
        size = counted(n, "byte")
        return size if copied == n else f"{size}: {copied} of the chain, {n - copied} zero"


_PACKET = counting_segments([20, 32])
_LONG = counting_segments([20, 0, 40, 1448])
_ONES = counting_segments([1] * 513)
_UNMAPPED = (*counting_segments([20]), Segment(counting_bytes(4096, 20), Storage.PAGES))

#: In the order of the clauses.
EDGE_CASES: tuple[EdgeCase, ...] = (
    EdgeCase("m_pkthdr.len is wrong", 1, Case(_PACKET, 0, broken=(("pkthdr-len", 0),))),
    EdgeCase("length 0: all of it", 2, Case(_LONG, 0)),
    EdgeCase("length 0 from an offset on", 2, Case(_LONG, 0, 20)),
    EdgeCase("length 0, offset at the end", 2, Case(_PACKET, 0, 52)),
    EdgeCase("length 0, offset past the end", 2, Case(_PACKET, 0, 1000)),
    EdgeCase("within one mbuf", 3, Case(_PACKET, 16, 2)),
    EdgeCase("across mbufs, one of them empty", 3, Case(_LONG, 64, 10)),
    EdgeCase("longer than the chain", 3, Case(_PACKET, 64)),
    EdgeCase("longer than what follows the offset", 3, Case(_PACKET, 64, 20)),
    EdgeCase("offset past the end", 3, Case(_PACKET, 64, 1000)),
    EdgeCase("an offset as large as can be", 3, Case(_PACKET, 64, (1 << 64) - 1)),
    EdgeCase("a chain of empty mbufs", 3, Case(counting_segments([0, 0, 0]), 8)),
    EdgeCase("NULL, and no scratch either", 4, Case(_PACKET, 64, scratch=0, broken=(("null", 0),))),
    EdgeCase("scratch of exactly that size", 4, Case(_PACKET, 64, scratch=64)),
    EdgeCase("scratch one byte short", 4, Case(_PACKET, 64, scratch=63)),
    EdgeCase("scratch short by its alignment", 4, Case(_PACKET, 64, scratch=65, used=1)),
    EdgeCase("a length as large as can be", 4, Case(_PACKET, (1 << 64) - 1)),
    EdgeCase("length 0 of a chain that scratch cannot hold", 4, Case(_LONG, 0, scratch=1024)),
    EdgeCase("no kernel privilege", 5, Case(_PACKET, 64, kernel_access=False)),
    EdgeCase("m_data in a hole", 5, Case(_PACKET, 64, broken=(("hole-data", 1),))),
    EdgeCase("m_data in device memory", 5, Case(_PACKET, 64, broken=(("toxic-data", 1),))),
    EdgeCase("m_data is NULL", 5, Case(_PACKET, 64, broken=(("null-data", 1),))),
    EdgeCase("the data runs into a hole", 5, Case(_PACKET, 64, broken=(("edge-data", 1),))),
    EdgeCase("m_next in a hole", 5, Case(_PACKET, 64, broken=(("hole-next", 0),))),
    EdgeCase(
        "m_next misaligned, on a machine that minds",
        5,
        Case(_PACKET, 64, strict_alignment=True, broken=(("misaligned-next", 0),)),
    ),
    EdgeCase("NULL", 6, Case(_PACKET, 64, broken=(("null", 0),))),
    EdgeCase("a negative m_len", 6, Case(_PACKET, 64, broken=(("negative-len", 1),))),
    EdgeCase("a huge m_len", 6, Case(_PACKET, 4096, broken=(("huge-len", 1),))),
    EdgeCase("the last mbuf points to the first", 6, Case(_PACKET, 0, broken=(("cycle", 1),))),
    EdgeCase(
        "the same, with enough bytes on the way round", 6, Case(_PACKET, 64, broken=(("cycle", 1),))
    ),
    EdgeCase("an mbuf points to itself", 6, Case(_PACKET, 0, broken=(("self-cycle", 1),))),
    EdgeCase("an empty mbuf points to itself", 6, Case(_PACKET, 64, broken=(("zero-cycle", 1),))),
    EdgeCase("as many mbufs as may be visited", 6, Case(_ONES, 512)),
    EdgeCase("one mbuf more", 6, Case(_ONES, 513)),
    EdgeCase("an unmapped mbuf, with a direct map", 6, Case(_UNMAPPED, 64)),
    EdgeCase("an unmapped mbuf, without one", 6, Case(_UNMAPPED, 64, direct_map=False)),
    EdgeCase("the same, not needed", 7, Case(_UNMAPPED, 20, direct_map=False)),
    EdgeCase(
        "broken behind the last byte wanted", 7, Case(_PACKET, 20, broken=(("hole-next", 0),))
    ),
)
