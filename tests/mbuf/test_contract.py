# SPDX-License-Identifier: BSD-2-Clause
"""The contract of ``copyoutmbuf()``, clause by clause; the number is in each test's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import pytest

from dtkit.freebsd import layouts
from dtkit.mbuf import (
    FREEBSD_12,
    FREEBSD_14,
    FREEBSD_14_ILP32,
    Access,
    Canload,
    Chain,
    FaultFlag,
    Kernel,
    KernelFault,
    Layout,
    Load,
    Machine,
    Memory,
    Scratch,
    Segment,
    Storage,
    break_chain,
    copyoutmbuf,
    mbuflen,
    split,
    subroutines,
)
from dtkit.mbuf.kernel import STALE
from dtkit.mbuf.layout import PageVector
from dtkit.mbuf.memory import ByteOrder

#: No byte is 0 or stale, and none is like its neighbour.
PACKET = bytes(at % 160 + 1 for at in range(9000))


@dataclass
class Run:
    """One call and all that it left behind."""

    data: bytes | None
    fault: KernelFault | None
    result: int
    machine: Machine

    @property
    def log(self) -> list[Access]:
        return self.machine.log


def call(machine: Machine, chain: Chain | int, length: int, offset: int = 0) -> Run:
    address = chain if isinstance(chain, int) else chain.address
    result = copyoutmbuf(machine, address, length, offset)
    size = machine.scratch.ptr - result if result else 0
    data = machine.memory.read(result, size) if size else b""
    return Run(data if result else None, machine.fault, result, machine)


def copy(
    lengths: list[int],
    length: int,
    offset: int = 0,
    *,
    scratch: int = 4096,
    used: int = 0,
    maxchain: int = 512,
) -> Run:
    """``copyoutmbuf()`` of a chain whose mbufs hold so many bytes of PACKET each."""
    kernel = Kernel(FREEBSD_12)
    chain = kernel.build(split(PACKET[: sum(lengths)], lengths))
    return call(kernel.cpu(scratch, used=used, maxchain=maxchain), chain, length, offset)


def headers_read(run: Run, chain: Chain) -> list[int]:
    """Which mbufs of the chain had their m_len loaded, in order."""
    fields = [mbuf.address + run.machine.layout.m_len for mbuf in chain.mbufs]
    return [fields.index(load.address) for load in run.machine.loads if load.address in fields]


# 1: what chain data is


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("layout", layouts().values(), ids=layouts())
def test_clause_1_chain_data_is_what_m_len_says_along_m_next(
    layout: Layout, byteorder: ByteOrder
) -> None:
    kernel = Kernel(layout, byteorder=byteorder)
    chain = kernel.build(split(PACKET[:1700], [20, 0, 40, 0, 1500, 140]))
    assert call(kernel.cpu(), chain, 0).data == PACKET[:1700]


def test_clause_1_m_nextpkt_and_m_pkthdr_len_play_no_part() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET[:20], PACKET[20:40]])
    other = kernel.build([b"another packet"])
    for mbuf in chain.mbufs:
        kernel.poke(mbuf, "m_nextpkt", other.address)
    for wrong in (0, 1, -1, 0x7FFFFFFF):
        kernel.poke(chain.mbufs[0], "m_pkthdr_len", wrong)
        assert call(kernel.cpu(), chain, 0).data == PACKET[:40]


def test_clause_1_an_offset_left_out_is_0() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET[:20], PACKET[20:40]])
    one, other = kernel.cpu(), kernel.cpu()
    without, given = copyoutmbuf(one, chain.address, 30), copyoutmbuf(other, chain.address, 30, 0)
    assert one.memory.read(without, 30) == other.memory.read(given, 30) == PACKET[:30]


# 2: how many bytes


@pytest.mark.parametrize(
    ("length", "offset", "n"),
    [(10, 0, 10), (100, 0, 100), (10, 55, 10), (0, 0, 60), (0, 20, 40), (0, 60, 0), (0, 61, 0)],
)
def test_clause_2_n_is_the_length_or_all_from_the_offset(length: int, offset: int, n: int) -> None:
    run = copy([20, 40], length, offset)
    assert run.fault is None
    assert run.machine.scratch.ptr - run.result == n


def test_clause_2_length_0_past_the_end_is_a_result_of_no_bytes() -> None:
    run = copy([20, 40], 0, 1 << 40)
    assert (run.data, run.fault) == (b"", None)
    assert run.result == run.machine.scratch.base


# 3: the bytes


@pytest.mark.parametrize("offset", [0, 1, 19, 20, 21, 59, 60, 61, 500, (1 << 64) - 1])
@pytest.mark.parametrize("length", [1, 7, 20, 60, 61, 500])
def test_clause_3_every_byte_is_the_chains_or_zero(length: int, offset: int) -> None:
    run = copy([20, 0, 40], length, offset)
    assert run.data == PACKET[:60][offset : offset + length].ljust(length, b"\0")


@pytest.mark.parametrize("used", range(17))
def test_clause_3_the_result_is_8_byte_aligned(used: int) -> None:
    run = copy([20, 40], 60, used=used)
    assert run.result % 8 == 0
    assert run.result - run.machine.scratch.base == (used + 7) // 8 * 8
    assert run.data == PACKET[:60]


def test_clause_3_no_byte_of_the_result_is_stale() -> None:
    run = copy([20, 40], 4096)
    assert run.data == PACKET[:60] + bytes(4036)
    assert STALE not in run.data


# 4: the order of checks, and scratch


def test_clause_4_null_comes_before_scratch() -> None:
    kernel = Kernel()
    run = call(kernel.cpu(0), 0, 1 << 60)
    assert (run.fault, run.log) == (KernelFault(FaultFlag.BADADDR, 0), [])


@pytest.mark.parametrize("length", [4097, 1 << 31, 1 << 32, (1 << 64) - 8, (1 << 64) - 1])
def test_clause_4_scratch_comes_before_the_walk(length: int) -> None:
    kernel = Kernel()
    chain = break_chain(kernel, kernel.build([b"x"]), "negative-len")
    run = call(kernel.cpu(4096), chain, length)
    assert (run.data, run.fault) == (None, KernelFault(FaultFlag.NOSCRATCH))
    assert run.log == []
    assert run.machine.scratch.ptr == run.machine.scratch.base


def test_clause_4_with_length_0_scratch_comes_after_the_counting_walk() -> None:
    kernel = Kernel()
    chain = kernel.build(split(PACKET[:100], [60, 40]))
    run = call(kernel.cpu(99, used=0), chain, 0)
    assert run.fault == KernelFault(FaultFlag.NOSCRATCH)
    assert run.machine.scratch.ptr == run.machine.scratch.base
    assert headers_read(run, chain) == [0, 1]
    data = {mbuf.data for mbuf in chain.mbufs}
    assert not any(load.address in data for load in run.machine.loads)

    broken = break_chain(kernel, chain, "negative-len", 1)
    run = call(kernel.cpu(99), broken, 0)
    assert run.fault is not None
    assert run.fault.flag is FaultFlag.BADADDR


@pytest.mark.parametrize(
    ("scratch", "used", "length", "fits"),
    [
        (64, 0, 64, True),
        (64, 0, 65, False),
        (64, 1, 56, True),
        (64, 1, 57, False),
        (64, 8, 56, True),
        (60, 57, 1, False),
        (0, 0, 1, False),
    ],
)
def test_clause_4_alignment_counts(scratch: int, used: int, length: int, fits: bool) -> None:
    run = copy([20, 40], length, scratch=scratch, used=used)
    assert run.fault == (None if fits else KernelFault(FaultFlag.NOSCRATCH))
    if not fits:
        assert run.machine.scratch.ptr == run.machine.scratch.base + used


@pytest.mark.parametrize(("used", "fits"), [(64, True), (56, True), (57, False), (63, False)])
def test_clause_4_a_result_of_no_bytes_needs_its_alignment(used: int, fits: bool) -> None:
    run = copy([20], 0, 20, scratch=used if used == 64 else 63, used=used)
    assert run.fault == (None if fits else KernelFault(FaultFlag.NOSCRATCH))


# 5: privilege, safe loads, the first fault


def test_clause_5_one_canload_a_header_and_one_a_segment_of_just_those_bytes() -> None:
    kernel = Kernel(FREEBSD_12)
    chain = kernel.build(split(PACKET[:100], [20, 30, 50]))
    run = call(kernel.cpu(), chain, 40, 25)
    first, second, third = chain.mbufs
    assert [access for access in run.log if isinstance(access, Canload)] == [
        Canload(first.address, 28, True),
        Canload(second.address, 28, True),
        Canload(second.data + 5, 25, True),
        Canload(third.address, 28, True),
        Canload(third.data, 15, True),
    ]


def test_clause_5_the_flags_are_of_the_header_where_the_kernel_has_unmapped_mbufs() -> None:
    for layout, size in ((FREEBSD_12, 28), (FREEBSD_14, 32), (FREEBSD_14_ILP32, 20)):
        kernel = Kernel(layout)
        chain = kernel.build([b"x"])
        assert call(kernel.cpu(), chain, 1).log[0] == Canload(chain.address, size, True)


def test_clause_5_without_privilege_a_kernel_mbuf_is_refused() -> None:
    kernel = Kernel()
    chain = kernel.build([b"secret"])
    for length in (0, 6):
        run = call(kernel.cpu(kernel_access=False), chain, length)
        assert run.fault == KernelFault(FaultFlag.KPRIV, chain.address)
        assert run.machine.loads == []


def forged(data: int) -> Machine:
    """A machine without privilege, with an mbuf of 32 bytes made up in its own scratch."""
    memory = Memory()
    memory.map(0xFFFFF80000000000, b"kernel secret".ljust(64), "kernel")
    memory.map(0xFFFFFE0000000000, 256, "scratch")
    base = 0xFFFFFE0000000000
    memory.write_uint(base + FREEBSD_12.m_data, 8, data)
    memory.write_uint(base + FREEBSD_12.m_len, 4, 32)
    return Machine(memory, FREEBSD_12, Scratch(base, 256, base + 128), kernel_access=False)


def test_clause_5_a_forged_mbuf_reads_no_kernel_memory() -> None:
    machine = forged(data=0xFFFFF80000000000)
    run = call(machine, machine.scratch.base, 32)
    assert run.fault == KernelFault(FaultFlag.KPRIV, 0xFFFFF80000000000)
    assert 0xFFFFF80000000000 not in {load.address for load in machine.loads}
    assert machine.scratch.ptr == machine.scratch.base + 128


def test_clause_5_ones_own_scratch_may_be_read_but_not_past_what_was_handed_out() -> None:
    own = 0xFFFFFE0000000000 + 64
    assert call(forged(own), 0xFFFFFE0000000000, 32).data == bytes(32)
    beyond = 0xFFFFFE0000000000 + 112
    run = call(forged(beyond), 0xFFFFFE0000000000, 32)
    assert run.fault == KernelFault(FaultFlag.KPRIV, beyond)


def test_clause_5_what_the_consumer_owns_may_be_read() -> None:
    machine = forged(0xFFFFF80000000000)
    machine.own = ((0xFFFFF80000000000, 32),)
    assert call(machine, machine.scratch.base, 32).data == b"kernel secret".ljust(32)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize(
    "kind", ["negative-len", "null-data", "hole-data", "toxic-data", "edge-data", "hole-next"]
)
def test_clause_5_nothing_is_loaded_after_the_first_fault(kind: str, at: int) -> None:
    kernel = Kernel()
    chain = kernel.build(split(PACKET[:80], [20, 20, 20, 20]))
    break_chain(kernel, chain, kind, at)
    run = call(kernel.cpu(), chain, 128)
    assert run.fault is not None
    assert run.fault.flag is FaultFlag.BADADDR
    assert run.result == 0
    assert run.machine.scratch.ptr == run.machine.scratch.base
    last = run.log[-1]
    assert isinstance(last, Load)
    if kind != "negative-len":
        assert (last.value, last.address) == (None, run.fault.illval)
        assert all(load.value is not None for load in run.machine.loads[:-1])


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "x86"])
def test_clause_5_a_misaligned_m_next_is_badalign_where_the_machine_checks(strict: bool) -> None:
    kernel = Kernel(strict_alignment=strict)
    chain = kernel.build([b"first", b"second"])
    break_chain(kernel, chain, "misaligned-next", 0)
    run = call(kernel.cpu(), chain, 64)
    assert run.fault is not None
    if strict:
        where = chain.mbufs[1].address + 1 + FREEBSD_14.m_len
        assert run.fault == KernelFault(FaultFlag.BADALIGN, where)
    else:
        assert run.fault.flag is FaultFlag.BADADDR


@pytest.mark.parametrize("layout", [FREEBSD_12, FREEBSD_14_ILP32], ids=["lp64", "ilp32"])
def test_clause_5_an_address_that_wraps_is_an_address_like_any_other(layout: Layout) -> None:
    kernel = Kernel(layout)
    chain = kernel.build([b"", b"x"])
    top = kernel.memory.max_address + 1
    kernel.memory.map(top - 16, PACKET[:16], "the last bytes there are")
    kernel.poke(chain.mbufs[1], "m_data", top - 16)
    kernel.poke(chain.mbufs[1], "m_len", 0x7FFFFFFF)
    assert call(kernel.cpu(), chain, 16).data == PACKET[:16]
    run = call(kernel.cpu(), chain, 17)
    assert run.fault == KernelFault(FaultFlag.BADADDR, 0)
    assert call(kernel.cpu(), chain, 1, 20).fault == KernelFault(FaultFlag.BADADDR, 4)


# 6: which fault


@pytest.mark.parametrize("length", [0, 1, 64])
def test_clause_6_null_is_badaddr_0(length: int) -> None:
    run = call(Kernel().cpu(), 0, length)
    assert (run.data, run.fault, run.log) == (None, KernelFault(FaultFlag.BADADDR, 0), [])


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("m_len", [-1, -20, -(1 << 31)])
@pytest.mark.parametrize("length", [0, 64])
def test_clause_6_a_negative_m_len_is_badaddr_of_that_m_len(
    at: int, m_len: int, length: int
) -> None:
    kernel = Kernel()
    chain = kernel.build([b"one", b"two", b"three"])
    kernel.poke(chain.mbufs[at], "m_len", m_len)
    run = call(kernel.cpu(), chain, length)
    assert run.fault == KernelFault(FaultFlag.BADADDR, chain.mbufs[at].address + FREEBSD_14.m_len)


@pytest.mark.parametrize("kind", ["cycle", "self-cycle", "zero-cycle"])
@pytest.mark.parametrize("length", [0, 3000])
def test_clause_6_a_cycle_ends_as_illop(kind: str, length: int) -> None:
    kernel = Kernel()
    chain = kernel.build([b"a", b"b", b"c"])
    break_chain(kernel, chain, kind, 2)
    run = call(kernel.cpu(), chain, length)
    assert run.fault == KernelFault(FaultFlag.ILLOP)
    assert len([x for x in run.log if isinstance(x, Canload) and x.size == 32]) == 512
    assert len(headers_read(run, chain)) == 512


def test_clause_6_the_limit_is_of_mbufs_visited_not_of_mbufs_there() -> None:
    kernel = Kernel()
    chain = kernel.build([bytes([1])] * 513)
    for length, offset, fault in (
        (512, 0, None),
        (1, 511, None),
        (513, 0, KernelFault(FaultFlag.ILLOP)),
        (1, 512, KernelFault(FaultFlag.ILLOP)),
        (0, 0, KernelFault(FaultFlag.ILLOP)),
    ):
        run = call(kernel.cpu(), chain, length, offset)
        assert run.fault == fault, (length, offset)
    exact = kernel.build([bytes([1])] * 512)
    assert call(kernel.cpu(), exact, 600).data == bytes([1]) * 512 + bytes(88)
    assert call(kernel.cpu(), exact, 0).data == bytes([1]) * 512


def test_clause_6_the_limit_is_tunable() -> None:
    assert copy([1, 1, 1], 3, maxchain=3).fault is None
    assert copy([1, 1, 1], 3, maxchain=2).fault == KernelFault(FaultFlag.ILLOP)
    assert copy([1, 1, 1], 2, maxchain=2).fault is None
    for none in (0, -1):
        assert copy([1], 1, maxchain=none).fault == KernelFault(FaultFlag.ILLOP)


def test_clause_6_the_limit_has_a_limit() -> None:
    """A ring of empty mbufs would hold a CPU with its interrupts off for as long as it is told."""
    kernel = Kernel()
    chain = break_chain(kernel, kernel.build([b""]), "zero-cycle", 0)
    for subroutine in (copyoutmbuf, mbuflen):
        cpu = kernel.cpu(maxchain=(1 << 31) - 1)
        arguments = (8,) if subroutine is copyoutmbuf else ()
        assert subroutine(cpu, chain.address, *arguments) == 0
        assert cpu.fault == KernelFault(FaultFlag.ILLOP)
        assert sum(isinstance(one, Canload) for one in cpu.log) == 16384


UNMAPPED = Segment(PACKET, Storage.PAGES, leading=5, header=13, trailer=16, first_off=100)


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize(
    ("length", "offset"), [(0, 0), (10, 0), (20, 3), (4096, 0), (30, 8990), (9000, 0), (1, 8999)]
)
def test_clause_6_an_unmapped_mbuf_is_read_through_the_direct_map(
    length: int, offset: int, byteorder: ByteOrder
) -> None:
    kernel = Kernel(byteorder=byteorder)
    segment = Segment(PACKET[20:], Storage.PAGES, 5, 13, 16, 100)
    chain = kernel.build([PACKET[:20], segment])
    wanted = PACKET[offset : offset + length] if length else PACKET
    assert call(kernel.cpu(16384), chain, length, offset).data == wanted.ljust(length, b"\0")


@pytest.mark.parametrize(
    "kernel", [Kernel(direct_map=False), Kernel(FREEBSD_14_ILP32)], ids=["no-dmap", "ilp32"]
)
def test_clause_6_without_a_direct_map_an_unmapped_mbuf_is_badaddr_where_it_is_needed(
    kernel: Kernel,
) -> None:
    chain = kernel.build([PACKET[:20], UNMAPPED])
    assert call(kernel.cpu(), chain, 20).data == PACKET[:20]
    run = call(kernel.cpu(), chain, 21)
    assert run.fault == KernelFault(FaultFlag.BADADDR, chain.mbufs[1].address)
    assert mbuflen(kernel.cpu(), chain.address) == 20 + len(UNMAPPED.data)


EPG = cast(PageVector, FREEBSD_14.extpg)


@pytest.mark.parametrize(
    ("at", "size", "value"),
    [
        pytest.param(EPG.npgs, 1, EPG.max_pages + 1, id="too many pages"),
        pytest.param(EPG.hdrlen, 1, EPG.max_hdr + 1, id="header too long"),
        pytest.param(EPG.trllen, 1, EPG.max_trail + 1, id="trailer too long"),
        pytest.param(EPG.first_off, 2, 4096, id="first page empty"),
        pytest.param(EPG.last_len, 2, 4097, id="last page too long"),
        pytest.param(EPG.npgs, 1, 1, id="fewer pages than m_len"),
        pytest.param(EPG.pa, 8, 1 << 40, id="page outside the direct map"),
        pytest.param(FREEBSD_14.m_data, 8, 1 << 20, id="m_data past the end"),
        pytest.param(FREEBSD_14.m_data, 8, (1 << 64) - 4, id="m_data wraps"),
    ],
)
def test_clause_6_an_unmapped_mbuf_that_contradicts_itself_is_badaddr(
    at: int, size: int, value: int
) -> None:
    kernel = Kernel()
    chain = kernel.build([UNMAPPED])
    kernel.memory.write_uint(chain.address + at, size, value)
    requests = [(8992, 8)]
    if at in (EPG.hdrlen, EPG.trllen, EPG.first_off, EPG.last_len):
        requests.append((16, 8))  # told by the counts alone, whatever is wanted
    for length, offset in requests:
        run = call(kernel.cpu(16384), chain, length, offset)
        assert run.fault == KernelFault(FaultFlag.BADADDR, chain.address)


def test_clause_6_one_page_ends_where_the_page_does() -> None:
    kernel = Kernel()
    chain = kernel.build([Segment(PACKET[:100], Storage.PAGES, first_off=3996)])
    assert call(kernel.cpu(), chain, 0).data == PACKET[:100]
    kernel.memory.write_uint(chain.address + EPG.last_len, 2, 101)
    assert call(kernel.cpu(), chain, 1).fault == KernelFault(FaultFlag.BADADDR, chain.address)


def test_clause_6_the_loads_of_an_unmapped_mbuf() -> None:
    kernel = Kernel()
    chain = kernel.build([Segment(PACKET[:4200], Storage.PAGES, 0, 8, 8, 0)])
    mbuf = chain.mbufs[0]
    m, page = mbuf.address, mbuf.regions[2].base
    run = call(kernel.cpu(8192), chain, 16, 8 + 4096 + 80)
    assert kernel.direct_map is not None
    physical = page - kernel.direct_map.base
    read = kernel.memory.read_uint
    assert run.log == [
        Canload(m, 32, True),
        Load(m + 24, 4, 4200),
        Load(m + 28, 4, 0x109 << 8 | 1),
        Load(m + 16, 8, 0),
        Canload(m + 32, 8, True),
        Load(m + 32, 1, 2),
        Load(m + 34, 1, 8),
        Load(m + 35, 1, 8),
        Load(m + 36, 2, 0),
        Load(m + 38, 2, 88),
        Canload(m + 120, 8, True),
        Load(m + 120, 8, physical),
        Canload(page + 80, 8, True),
        Load(page + 80, 8, read(page + 80, 8)),
        Canload(m + 152, 8, True),
        Load(m + 152, 8, read(m + 152, 8)),
    ]
    assert run.data == PACKET[:4200][4184:]


@pytest.mark.parametrize("refused", ["counts", "page address", "page", "header"])
def test_clause_6_each_part_of_an_unmapped_mbuf_asks_canload(refused: str) -> None:
    kernel = Kernel()
    chain = kernel.build([Segment(PACKET[:100], Storage.PAGES, header=8)])
    mbuf = chain.mbufs[0]
    m, page = mbuf.address, mbuf.regions[1].base
    parts = {
        "mbuf": (m, 32),
        "counts": (m + EPG.npgs, 8),
        "header": (m + EPG.hdr, 8),
        "page address": (m + EPG.pa, 8),
        "page": (page, 92),
    }
    machine = kernel.cpu(kernel_access=False)
    machine.own = tuple(part for name, part in parts.items() if name != refused)
    assert call(machine, chain, 100).fault == KernelFault(FaultFlag.KPRIV, parts[refused][0])
    machine.begin()
    machine.own = tuple(parts.values())
    assert call(machine, chain, 100).data == PACKET[:100]


def test_clause_6_flag_0x100_means_nothing_to_a_kernel_without_unmapped_mbufs() -> None:
    kernel = Kernel(FREEBSD_12)
    chain = kernel.build([b"plain"])
    at = chain.address + FREEBSD_12.m_type_flags
    kernel.memory.write_uint(at, 4, FREEBSD_12.type_flags(1, 0x102, "little"))
    run = call(kernel.cpu(), chain, 5)
    assert run.data == b"plain"
    assert at not in {load.address for load in run.machine.loads}


# 7: the cost follows the request


@pytest.mark.parametrize(
    ("length", "offset", "headers"),
    [
        (1, 0, [0]),
        (10, 0, [0]),
        (11, 0, [0, 1, 2]),
        (20, 0, [0, 1, 2]),
        (21, 0, [0, 1, 2, 3]),
        (1, 9, [0]),
        (1, 10, [0, 1, 2]),
        (40, 0, [0, 1, 2, 3]),
        (1, 1000, [0, 1, 2, 3]),
    ],
)
def test_clause_7_no_header_past_the_last_byte_wanted(
    length: int, offset: int, headers: list[int]
) -> None:
    kernel = Kernel()
    chain = kernel.build(split(PACKET[:30], [10, 0, 10, 10]))
    run = call(kernel.cpu(), chain, length, offset)
    assert headers_read(run, chain) == headers
    following = [mbuf.address for mbuf in chain.mbufs]
    fields = [load.address for load in run.machine.loads]
    if offset + length <= 30:  # not even m_next of the last one
        assert following[headers[-1]] not in fields


def test_clause_7_a_broken_rest_does_no_harm() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET[:20], PACKET[20:40]])
    break_chain(kernel, chain, "hole-next", 0)
    assert call(kernel.cpu(), chain, 20).data == PACKET[:20]


# 8: one pass, by words, safe whatever changes


def test_clause_8_a_positive_length_takes_one_pass_and_0_takes_two() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET[:20], PACKET[20:40]])
    assert headers_read(call(kernel.cpu(), chain, 40), chain) == [0, 1]
    assert headers_read(call(kernel.cpu(), chain, 0), chain) == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("layout", "leading", "offset", "sizes"),
    [
        (FREEBSD_12, 0, 0, [8, 8, 4, 2, 1]),
        (FREEBSD_12, 0, 16, [4, 2, 1]),
        (FREEBSD_12, 1, 0, [1, 2, 4, 8, 8]),
        (FREEBSD_12, 2, 0, [2, 4, 8, 8, 1]),
        (FREEBSD_12, 4, 0, [4, 8, 8, 2, 1]),
        (FREEBSD_14_ILP32, 0, 0, [4] * 5 + [2, 1]),
    ],
    ids=["words", "tail", "odd", "even", "half", "ilp32"],
)
def test_clause_8_loads_are_as_wide_as_the_alignment_of_the_source_allows(
    layout: Layout, leading: int, offset: int, sizes: list[int]
) -> None:
    kernel = Kernel(layout, strict_alignment=True)
    chain = kernel.build([Segment(PACKET[:23], Storage.CLUSTER, leading=leading)])
    run = call(kernel.cpu(), chain, 23 - offset, offset)
    start = chain.mbufs[0].data
    assert [x.size for x in run.machine.loads if x.address >= start] == sizes
    assert run.data == PACKET[offset:23]


class ChangingMachine(Machine):
    """A machine on which another CPU changes the chain after so many loads."""

    after = 0

    def change(self) -> None: ...

    def load(self, address: int, size: int) -> int:
        if len(self.loads) == self.after:
            self.change()
        return Machine.load(self, address, size)


@pytest.mark.parametrize("m_len", [0, 3, 4000, -1], ids=lambda m_len: f"m_len {m_len}")
@pytest.mark.parametrize("after", range(14))
def test_clause_8_a_chain_that_changes_meanwhile_is_safe(m_len: int, after: int) -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET[:20], PACKET[20:40]])
    plain = kernel.cpu(128)
    machine = ChangingMachine(
        plain.memory, plain.layout, plain.scratch, direct_map=plain.direct_map
    )
    machine.after = after
    machine.change = lambda: kernel.poke(chain.mbufs[1], "m_len", m_len)  # type: ignore[method-assign]
    result = copyoutmbuf(machine, chain.address, 0)
    held = kernel.memory.region_at(machine.scratch.base)
    assert held is not None
    if machine.fault is None:
        assert result == machine.scratch.base
        assert set(held.data[machine.scratch.ptr - held.base :]) <= {STALE}
    else:
        assert (result, machine.scratch.ptr) == (0, machine.scratch.base)
        # Counted 40 at most before the change, so at most 40 bytes were written.
        assert set(held.data[40:]) <= {STALE}


def test_clause_8_data_that_overlaps_the_result_is_safe() -> None:
    memory = Memory()
    base = 0xFFFFFE0000000000
    held = memory.map(base, bytes([STALE]) * 256, "scratch")
    memory.write(base, bytes(64))
    memory.write_uint(base + FREEBSD_12.m_data, 8, base + 60)
    memory.write_uint(base + FREEBSD_12.m_len, 4, 100)
    machine = Machine(memory, FREEBSD_12, Scratch(base, 256, base + 64))
    run = call(machine, base, 100)
    assert run.fault is None
    assert (run.result, machine.scratch.ptr) == (base + 64, base + 164)
    assert set(held.data[164:]) == {STALE}


# 9: mbuflen


@pytest.mark.parametrize("lengths", [[0], [1], [20, 0, 40, 1448], [0, 0, 0]], ids=str)
def test_clause_9_mbuflen_is_the_chains_length(lengths: list[int]) -> None:
    kernel = Kernel()
    chain = kernel.build(split(PACKET[: sum(lengths)], lengths))
    machine = kernel.cpu()
    assert mbuflen(machine, chain.address) == sum(lengths)
    assert machine.fault is None
    assert machine.scratch.ptr == machine.scratch.base
    data = {mbuf.data for mbuf in chain.mbufs if mbuf.length}
    assert not any(load.address in data for load in machine.loads)


def test_clause_9_mbuflen_has_the_same_checks_and_limit() -> None:
    kernel = Kernel()
    chain = kernel.build([b"a", b"b"])
    assert mbuflen(machine := kernel.cpu(), 0) == 0
    assert machine.fault == KernelFault(FaultFlag.BADADDR, 0)
    assert mbuflen(machine := kernel.cpu(kernel_access=False), chain.address) == 0
    assert machine.fault == KernelFault(FaultFlag.KPRIV, chain.address)
    assert mbuflen(machine := kernel.cpu(maxchain=1), chain.address) == 0
    assert machine.fault == KernelFault(FaultFlag.ILLOP)
    assert mbuflen(kernel.cpu(maxchain=2), chain.address) == 2
    break_chain(kernel, chain, "negative-len", 1)
    assert mbuflen(machine := kernel.cpu(), chain.address) == 0
    where = chain.mbufs[1].address + FREEBSD_14.m_len
    assert machine.fault == KernelFault(FaultFlag.BADADDR, where)


def test_clause_9_a_length_that_size_t_cannot_hold_is_the_largest() -> None:
    kernel = Kernel(FREEBSD_14_ILP32)
    chain = kernel.build([b"a", b"b", b"c"])
    for mbuf in chain.mbufs:
        kernel.poke(mbuf, "m_len", 0x7FFFFFFF)
    machine = kernel.cpu()
    assert mbuflen(machine, chain.address) == 0xFFFFFFFF
    assert machine.fault is None


# Arguments, and the clauses themselves


def test_clause_2_arguments_are_cut_to_size_t() -> None:
    kernel = Kernel(FREEBSD_14_ILP32)
    chain = kernel.build([PACKET[:20]])
    wide = 1 << 32
    assert call(kernel.cpu(), wide | chain.address, wide | 5, wide | 3).data == PACKET[3:8]


def test_every_clause_has_a_test() -> None:
    clauses = re.findall(r"^(\d+)\. ", subroutines.__doc__ or "", re.MULTILINE)
    assert clauses == [str(number) for number in range(1, 10)]
    named = {match[1] for name in globals() if (match := re.match(r"test_clause_(\d+)_", name))}
    assert named == set(clauses)
