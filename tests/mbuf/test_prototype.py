# SPDX-License-Identifier: BSD-2-Clause
"""
What the copyoutmbuf of 2017 (a prototype that never landed) got wrong, and what is given instead.

One test for each of its defects; the name says the defect.
"""

from __future__ import annotations

import pytest

from dtkit.mbuf import (
    BREAKS,
    FREEBSD_12,
    Canload,
    FaultFlag,
    Kernel,
    KernelFault,
    Machine,
    Memory,
    Scratch,
    Segment,
    Storage,
    break_chain,
    copyoutmbuf,
    mbuflen,
    split,
)

PACKET = bytes(at % 160 + 1 for at in range(52))


def read_result(machine: Machine, result: int, size: int) -> bytes | None:
    assert machine.fault is None
    return machine.memory.read(result, size)


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("length", [0, 100])
def test_1_a_bad_pointer_was_dereferenced_raw_and_panicked(kind: str, at: int, length: int) -> None:
    """Here it is a fault at worst, whichever pointer is bad: KernelPanic is never raised."""
    kernel = Kernel()
    chain = kernel.build(split(PACKET, [20, 20, 12]))
    if not (kind == "misaligned-next" and at == 2) and not (kind == "pkthdr-len" and at > 0):
        break_chain(kernel, chain, kind, at)
    machine = kernel.cpu()
    result = copyoutmbuf(machine, chain.address, length)
    assert (result == 0) == (machine.fault is not None)
    mbuflen(machine, chain.address)


class CountingMemory(Memory):
    """Counts how often it is read at all."""

    reads = 0

    def read(self, address: int, size: int) -> bytes | None:
        self.reads += 1
        return super().read(address, size)


def test_2_m_next_was_read_unprotected_after_the_first_byte() -> None:
    """Here every read of memory is a safe load."""
    kernel = Kernel()
    chain = kernel.build(split(PACKET, [20, 20, 12]))
    memory = CountingMemory()
    for region in kernel.memory:
        memory.map(region.base, region.data, region.name)
    memory.map(0xFFFFFE00_03000000, 128, "scratch")
    machine = Machine(memory, kernel.layout, Scratch(0xFFFFFE00_03000000, 128))
    for length in (0, 60):
        copyoutmbuf(machine, chain.address, length)
        assert machine.fault is None
    mbuflen(machine, chain.address)
    assert memory.reads == len(machine.loads)


@pytest.mark.parametrize("kind", ["cycle", "self-cycle", "zero-cycle"])
def test_3_a_cycle_hung_the_cpu(kind: str) -> None:
    kernel = Kernel()
    chain = break_chain(kernel, kernel.build([b"", b""]), kind, 1)
    for length in (0, 100):
        machine = kernel.cpu()
        assert copyoutmbuf(machine, chain.address, length) == 0
        assert machine.fault == KernelFault(FaultFlag.ILLOP)
        assert len([x for x in machine.log if isinstance(x, Canload)]) == 512


def test_4_a_forged_mbuf_in_scratch_read_any_kernel_memory() -> None:
    secret, base = 0xFFFFF800_00100000, 0xFFFFFE00_03000000
    memory = Memory()
    memory.map(secret, b"the key of the house", "kernel")
    memory.map(base, 256, "scratch")
    memory.write_uint(base + FREEBSD_12.m_data, 8, secret)
    memory.write_uint(base + FREEBSD_12.m_len, 4, 20)
    machine = Machine(memory, FREEBSD_12, Scratch(base, 256, base + 136), kernel_access=False)
    assert copyoutmbuf(machine, base, 20) == 0
    assert machine.fault == KernelFault(FaultFlag.KPRIV, secret)
    machine = Machine(memory, FREEBSD_12, Scratch(base, 256), kernel_access=False)
    assert copyoutmbuf(machine, secret, 20) == 0
    assert machine.fault == KernelFault(FaultFlag.KPRIV, secret)


def test_5_a_short_packet_leaked_stale_scratch() -> None:
    """The 2017 version left 1,448 old bytes behind a packet of 52 when asked for 1,500."""
    kernel = Kernel()
    chain = kernel.build([PACKET])
    machine = kernel.cpu()
    result = copyoutmbuf(machine, chain.address, 1500)
    assert read_result(machine, result, 1500) == PACKET + bytes(1448)


@pytest.mark.parametrize("m_len", [-1, -(1 << 31)])
def test_6_a_negative_m_len_was_taken_for_a_huge_one(m_len: int) -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET])
    kernel.poke(chain.mbufs[0], "m_len", m_len)
    machine = kernel.cpu()
    assert copyoutmbuf(machine, chain.address, 64) == 0
    where = chain.address + kernel.layout.m_len
    assert machine.fault == KernelFault(FaultFlag.BADADDR, where)


def test_6_lengths_were_narrowed_to_int() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET])
    machine = kernel.cpu()
    assert copyoutmbuf(machine, chain.address, (1 << 32) + 8) == 0
    assert machine.fault == KernelFault(FaultFlag.NOSCRATCH)
    machine.begin()
    result = copyoutmbuf(machine, chain.address, 8, (1 << 32) + 8)
    assert read_result(machine, result, 8) == bytes(8)


@pytest.mark.parametrize("used", range(1, 9))
def test_7_the_result_was_not_aligned(used: int) -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET])
    machine = kernel.cpu(used=used)
    assert copyoutmbuf(machine, chain.address, 64) == machine.scratch.base + 8


@pytest.mark.parametrize(
    ("length", "offset", "expected"),
    [
        pytest.param(16, 4, PACKET[4:20], id="offset and a length shorter than the rest"),
        pytest.param(0, 20, PACKET[20:], id="length 0 and an offset"),
        pytest.param(0, 0, PACKET, id="length 0 and offset 0"),
        pytest.param(8, 52, bytes(8), id="offset at the end"),
        pytest.param(8, 1000, bytes(8), id="offset past the end"),
        pytest.param(0, 52, b"", id="length 0 at the end"),
    ],
)
def test_8_ordinary_requests_failed(length: int, offset: int, expected: bytes) -> None:
    """All of these gave NOSCRATCH, with any amount of scratch free."""
    kernel = Kernel()
    chain = kernel.build(split(PACKET, [20, 32]))
    machine = kernel.cpu()
    result = copyoutmbuf(machine, chain.address, length, offset)
    assert read_result(machine, result, machine.scratch.ptr - result) == expected


def test_8_offset_0_differed_from_none() -> None:
    kernel = Kernel()
    chain = kernel.build([PACKET])
    for length in (0, 16, 52, 64):
        one, other = kernel.cpu(), kernel.cpu()
        first = copyoutmbuf(one, chain.address, length)
        second = copyoutmbuf(other, chain.address, length, 0)
        size = one.scratch.ptr - first
        assert other.scratch.ptr - second == size
        assert read_result(one, first, size) == read_result(other, second, size)


def test_9_null_left_illval_as_it_was() -> None:
    machine = Kernel().cpu()
    machine.illval = 0xDEAD
    assert copyoutmbuf(machine, 0, 64) == 0
    assert machine.fault == KernelFault(FaultFlag.BADADDR, 0)


def test_9_an_unmapped_mbuf_was_copied_from_its_offset_as_if_an_address() -> None:
    segment = Segment(PACKET, Storage.PAGES, header=5, trailer=16)
    kernel = Kernel()
    chain = kernel.build([segment])
    machine = kernel.cpu()
    result = copyoutmbuf(machine, chain.address, 0)
    assert read_result(machine, result, 52) == PACKET
    kernel = Kernel(direct_map=False)
    chain = kernel.build([segment])
    machine = kernel.cpu()
    assert copyoutmbuf(machine, chain.address, 0) == 0
    assert machine.fault == KernelFault(FaultFlag.BADADDR, chain.address)
