# SPDX-License-Identifier: BSD-2-Clause
"""Address space, safe loads and scratch, below anything that knows of mbufs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.mbuf import (
    FREEBSD_12,
    FREEBSD_14_ILP32,
    DirectMap,
    FaultFlag,
    KernelFault,
    KernelPanic,
    Load,
    Machine,
    Memory,
    Scratch,
    ToxicRange,
)

BASE = 0xFFFFF80000000000


def machine(memory: Memory, *, strict: bool = False) -> Machine:
    return Machine(memory, FREEBSD_12, Scratch(BASE, 0), strict_alignment=strict)


def test_what_is_mapped_reads_back_across_regions_and_not_across_holes() -> None:
    memory = Memory()
    memory.map(BASE + 16, b"second half")
    memory.map(BASE, b"the first half, ")
    assert memory.read(BASE, 27) == b"the first half, second half"
    assert memory.read(BASE + 26, 1) == b"f"
    assert memory.read(BASE + 26, 2) is None
    assert memory.read(BASE - 1, 2) is None
    assert memory.read(BASE - 1, 0) == b""
    memory.write(BASE + 14, b"--2nd")
    assert [len(region.data) for region in memory] == [16, 11]
    assert memory.read(BASE + 9, 12) == b" half--2ndon"


def test_a_store_nowhere_is_a_panic_that_says_where() -> None:
    memory = Memory()
    memory.map(BASE, 4)
    with pytest.raises(KernelPanic, match=r"\Astore of 2 bytes at 0xfffff80000000004\Z"):
        memory.write(BASE + 2, b"1234")


def test_scratch_may_begin_at_address_0() -> None:
    assert Scratch(8, 8, 0).ptr == 0
    assert Scratch(8, 8).ptr == 8


@pytest.mark.parametrize(("base", "size"), [(0, 8), (4, 1), (12, 1), (-1, 2), (8, 2)])
def test_regions_do_not_overlap(base: int, size: int) -> None:
    memory = Memory()
    memory.map(BASE, 4)
    memory.map(BASE + 4, 9)
    memory.map(BASE + 20, 4)
    with pytest.raises(ValueError, match="overlaps"):
        memory.map(BASE + base, size)


def test_regions_stay_in_the_address_space() -> None:
    memory = Memory(word=4)
    memory.map(0xFFFFFFFC, 4)
    with pytest.raises(ValueError, match="leaves the address space"):
        memory.map(0xFFFFFF00, 0x101)
    assert memory.read(0xFFFFFFFC, 4) == bytes(4)
    assert memory.read(0xFFFFFFFC, 5) is None


def test_an_unmapped_region_is_a_hole() -> None:
    memory = Memory()
    region = memory.map(BASE, 16)
    memory.unmap(region)
    assert memory.read(BASE, 1) is None
    with pytest.raises(ValueError, match="no such region"):
        memory.unmap(region)


def test_permissions() -> None:
    memory = Memory()
    memory.map(BASE, 8, readable=False)
    memory.map(BASE + 8, 8, writable=False)
    cpu = machine(memory)
    assert cpu.load(BASE, 1) == 0
    assert cpu.fault == KernelFault(FaultFlag.BADADDR, BASE)
    with pytest.raises(KernelPanic):
        memory.write(BASE + 8, b"x")
    with pytest.raises(KernelPanic):
        memory.write(BASE + 16, b"x")


@given(
    st.binary(min_size=8, max_size=8),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from(["little", "big"]),
)
def test_a_load_is_an_unsigned_integer_of_the_machines_byte_order(
    data: bytes, size: int, byteorder: str
) -> None:
    memory = Memory(byteorder="little" if byteorder == "little" else "big")
    memory.map(BASE, data)
    cpu = machine(memory)
    expected = int.from_bytes(data[:size], "little" if byteorder == "little" else "big")
    assert cpu.load(BASE, size) == expected
    assert cpu.log == [Load(BASE, size, expected)]
    assert cpu.fault is None
    memory.write_uint(BASE, size, expected)
    assert memory.read(BASE, 8) == data


@pytest.mark.parametrize(
    ("address", "size", "fault"),
    [
        (0, 1, FaultFlag.BADADDR),
        (0x1FFF, 1, FaultFlag.BADADDR),
        (BASE + 0xFFC, 8, FaultFlag.BADADDR),
        (BASE + 0xFFF, 1, None),
        (BASE + 0x1000, 1, FaultFlag.BADADDR),
        (BASE + 0x2000, 1, FaultFlag.BADADDR),
        (BASE + 0x1FFE, 4, FaultFlag.BADADDR),
        (BASE + 0x3000, 1, None),
        ((1 << 64) - 1, 8, FaultFlag.BADADDR),
    ],
)
def test_toxic_ranges_and_holes_are_badaddr_of_the_load(
    address: int, size: int, fault: FaultFlag | None
) -> None:
    memory = Memory(toxic=(ToxicRange(0, 0x2000), ToxicRange(BASE + 0x2000, BASE + 0x3000)))
    memory.map(0, 0x2000)
    memory.map(BASE, 0x1000)
    memory.map(BASE + 0x1800, 0x2000)
    cpu = machine(memory)
    cpu.load(address, size)
    assert cpu.fault == (fault and KernelFault(fault, address))


@pytest.mark.parametrize("size", [2, 4, 8])
def test_alignment_matters_where_the_machine_says_so(size: int) -> None:
    memory = Memory()
    memory.map(BASE, bytes(range(32)))
    loose, strict = machine(memory), machine(memory, strict=True)
    assert loose.load(BASE + 1, size) != 0
    assert strict.load(BASE + size, size) != 0
    assert strict.load(BASE + 1, size) == 0
    assert (loose.fault, strict.fault) == (None, KernelFault(FaultFlag.BADALIGN, BASE + 1))
    assert strict.load(BASE + 1, 1) == 0  # with a fault set every load gives 0


def test_a_later_fault_overwrites_illval_as_a_byte_copy_shows() -> None:
    """tracemem(0, 64) reports 0x3f on FreeBSD: the copy goes on, and the last address stays."""
    cpu = machine(Memory())
    for address in range(64):
        cpu.load(address, 1)
    assert cpu.fault == KernelFault(FaultFlag.BADADDR, 0x3F)


def test_the_fault_reported_of_several() -> None:
    cpu = machine(Memory())
    cpu.raise_fault(FaultFlag.NOSCRATCH)
    assert cpu.fault == KernelFault(FaultFlag.NOSCRATCH)
    cpu.raise_fault(FaultFlag.KPRIV, 0x10)
    assert cpu.fault == KernelFault(FaultFlag.KPRIV, 0x10)
    cpu.raise_fault(FaultFlag.BADADDR, 0x20)
    assert cpu.fault == KernelFault(FaultFlag.BADADDR, 0x20)


@pytest.mark.parametrize(
    ("ptr", "size", "place"),
    [
        (0, 100, 0),
        (0, 101, None),
        (1, 92, 8),
        (1, 93, None),
        (99, 0, None),
        (100, 0, None),
        (96, 4, 96),
    ],
)
def test_scratch_is_8_byte_aligned_or_not_there(ptr: int, size: int, place: int | None) -> None:
    scratch = Scratch(BASE, 100, BASE + ptr)
    assert scratch.place(size) == (None if place is None else BASE + place)
    assert scratch.ptr == BASE + ptr
    assert scratch.remaining == 100 - ptr


def test_a_new_firing_starts_clean() -> None:
    memory = Memory()
    cpu = Machine(memory, FREEBSD_12, Scratch(BASE, 100, BASE + 50))
    cpu.load(0, 1)
    cpu.begin()
    assert (cpu.fault, cpu.log, cpu.scratch) == (None, [], Scratch(BASE, 100))
    cpu.begin(Scratch(BASE + 40, 60))
    assert cpu.scratch.ptr == BASE + 40


def test_a_layout_goes_with_its_word() -> None:
    with pytest.raises(ValueError, match="freebsd-14-ilp32"):
        Machine(Memory(word=8), FREEBSD_14_ILP32, Scratch(BASE, 0))


def test_the_direct_map() -> None:
    direct = DirectMap(BASE, 0x1000)
    assert direct.address(0xFFF) == BASE + 0xFFF
    assert direct.address(0x1000) is None


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (KernelFault(FaultFlag.BADADDR, 0x18), "invalid address (0x18)"),
        (KernelFault(FaultFlag.BADALIGN, 0x19), "invalid alignment (0x19)"),
        (KernelFault(FaultFlag.KPRIV, 0x18), "invalid kernel access"),
        (KernelFault(FaultFlag.NOSCRATCH), "out of scratch space"),
        (KernelFault(FaultFlag.ILLOP), "illegal operation"),
        (KernelFault(FaultFlag.DIVZERO), "divide-by-zero"),
    ],
    ids=lambda value: value.flag.name if isinstance(value, KernelFault) else "",
)
def test_a_fault_reads_as_dtrace_says_it(fault: KernelFault, text: str) -> None:
    assert str(fault) == text


def test_the_error_line_is_dtraces() -> None:
    """As FreeBSD 12.1 printed it."""
    probe = "fbt:kernel:ip_input:entry"
    line = KernelFault(FaultFlag.BADADDR, 0x18).error_line(probe, id=20035, action=1, offset=24)
    assert line == (
        "dtrace: error on enabled probe ID 1 (ID 20035: fbt:kernel:ip_input:entry): "
        "invalid address (0x18) in action #1 at DIF offset 24"
    )
    assert KernelFault(FaultFlag.BADADDR, 0x3F).error_line(probe, id=20035, action=1) == (
        "dtrace: error on enabled probe ID 1 (ID 20035: fbt:kernel:ip_input:entry): "
        "invalid address (0x3f) in action #1"
    )
    assert (
        KernelFault(FaultFlag.ILLOP)
        .error_line(probe, offset=8)
        .endswith("illegal operation in predicate at DIF offset 8")
    )
