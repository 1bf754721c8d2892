# SPDX-License-Identifier: BSD-2-Clause
"""The last value that is right, and the first that is wrong; and what reaches its place at all."""

from __future__ import annotations

import pytest

from dtkit.freebsd import layouts
from dtkit.mbuf import (
    BreakError,
    Canload,
    Case,
    FaultFlag,
    Kernel,
    KernelFault,
    Layout,
    Load,
    Segment,
    Setup,
    Storage,
    break_chain,
    copyoutmbuf,
    mbuflen,
)
from dtkit.mbuf.edge_cases import counting_segments
from dtkit.mbuf.kernel import STALE
from dtkit.mbuf.layout import PageVector
from dtkit.mbuf.picture import m_len, picture, taken

LAYOUTS = layouts()
UNMAPPED = {name: one for name, one in LAYOUTS.items() if one.extpg is not None and one.word == 8}
BEHIND = next(one for one in UNMAPPED.values() if one.extpg and one.extpg.pointer is not None)
CONTENT = bytes(at % 250 + 1 for at in range(9000))


# What a case says reaches the kernel and the machine.


def test_a_case_decides_all_of_its_setup() -> None:
    plain = Case().build()
    assert (plain.kernel.memory.byteorder, plain.kernel.strict_alignment) == ("little", False)
    assert plain.machine.scratch.ptr == plain.machine.scratch.base
    case = Case(
        byteorder="big",
        strict_alignment=True,
        direct_map=False,
        kernel_access=False,
        maxchain=7,
        scratch=99,
        used=3,
    )
    setup = case.build()
    machine = setup.machine
    assert setup.kernel.memory.byteorder == "big"
    assert (setup.kernel.strict_alignment, machine.strict_alignment) == (True, True)
    assert (setup.kernel.direct_map, machine.direct_map) == (None, None)
    assert (machine.kernel_access, machine.maxchain) == (False, 7)
    assert (machine.scratch.size, machine.scratch.ptr - machine.scratch.base) == (99, 3)


def test_segments_that_count_go_on_counting() -> None:
    assert [one.data for one in counting_segments([2, 0, 3])] == [b"\0\1", b"", b"\2\3\4"]


# The machine.


def test_a_firing_begins_without_the_last_one_s_fault() -> None:
    cpu = Kernel().cpu()
    cpu.raise_fault(FaultFlag.BADADDR, 0x1234)
    cpu.begin()
    assert (cpu.flags, cpu.illval, cpu.fault) == (0, 0, None)


def test_faults_add_up() -> None:
    cpu = Kernel().cpu()
    cpu.raise_fault(FaultFlag.NOSCRATCH)
    cpu.raise_fault(FaultFlag.BADADDR, 5)
    assert cpu.flags == FaultFlag.NOSCRATCH | FaultFlag.BADADDR


@pytest.mark.parametrize(("size", "allowed"), [(16, True), (17, False)])
def test_scratch_may_be_read_to_its_last_byte_that_was_handed_out(size: int, allowed: bool) -> None:
    cpu = Kernel().cpu(kernel_access=False, used=16)
    assert cpu.canload(cpu.scratch.base, size) is allowed
    assert cpu.canload(cpu.scratch.base - 1, 2) is False


def test_a_cpu_has_4096_bytes_of_stale_scratch_before_a_hole() -> None:
    kernel = Kernel()
    first, second = kernel.cpu(), kernel.cpu(100)
    base = first.scratch.base
    assert first.scratch.size == 4096
    assert kernel.memory.read(base, 4096) == bytes([STALE]) * 4096
    assert kernel.memory.region_at(base + 4096) is None
    assert second.scratch.base == base + 0x3000
    assert kernel.cpu().scratch.base == second.scratch.base + 0x2000


def test_mbuflen_of_null_says_address_0_whatever_was_there() -> None:
    cpu = Kernel().cpu()
    cpu.illval = 99
    assert mbuflen(cpu, 0) == 0
    assert cpu.fault == KernelFault(FaultFlag.BADADDR, 0)


# The kernel.


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_toxic_is_the_first_pages_and_the_device(layout: Layout) -> None:
    kernel = Kernel(layout)
    base = 0xFFFFF80000000000 if layout.word == 8 else 0xC0000000
    assert (kernel.device.base, kernel.device.limit) == (base + 0x0F000000, base + 0x10000000)
    toxic = [kernel.memory.is_toxic(at, 1) for at in (0, 0x1FFF, 0x2000)]
    assert toxic == [True, True, False]
    edges = (kernel.device.base - 1, kernel.device.base, kernel.device.limit - 1)
    assert [kernel.memory.is_toxic(at, 1) for at in edges] == [False, True, True]
    assert not kernel.memory.is_toxic(kernel.device.limit, 1)


def test_clusters_are_of_four_sizes_each_at_its_place() -> None:
    kernel = Kernel()
    for size, at in ((2048, 0x04), (4096, 0x05), (9216, 0x06), (16384, 0x07)):
        chain = kernel.build([Segment(bytes(size), Storage.CLUSTER)])
        assert chain.mbufs[0].data == 0xFFFFF80000000000 + (at << 24)
        assert len(chain.mbufs[0].regions[1].data) == size
    with pytest.raises(ValueError, match=r"\A16385 bytes do not fit the largest cluster, 16384\Z"):
        kernel.build([Segment(bytes(16385), Storage.CLUSTER)])


@pytest.mark.parametrize("field", ["m_len", "m_pkthdr_len"])
def test_a_poke_of_4_bytes_leaves_the_next_4_alone(field: str) -> None:
    kernel = Kernel()
    chain = kernel.build([b"x"])
    at = chain.address + getattr(kernel.layout, field)
    kernel.memory.write_uint(at + 4, 4, 0x12345678)
    kernel.poke(chain.mbufs[0], field, -1)
    assert kernel.memory.read_uint(at, 4) == 0xFFFFFFFF
    assert kernel.memory.read_uint(at + 4, 4) == 0x12345678


# Breaking.


def test_errors_of_breaking_say_what_is_wrong() -> None:
    kernel = Kernel()
    chain = kernel.build([b"x", Segment(b"y", Storage.PAGES)])
    for kind, index, words in (
        ("nonsense", 0, "no way to break a chain is called 'nonsense': cycle, self-cycle, "),
        ("null-data", 1, "mbuf 1 is unmapped: its m_data is no address to break"),
        ("misaligned-next", 1, "the last mbuf has no m_next to misalign"),
    ):
        with pytest.raises(BreakError) as error:
            break_chain(kernel, chain, kind, index)
        assert str(error.value).startswith(words)


def test_the_edge_of_memory_is_in_the_middle_of_the_data() -> None:
    """Both mbufs' data end at one edge; before it is a page of them, behind it nothing."""
    kernel = Kernel()
    chain = kernel.build([bytes(10), bytes(9)])
    for index in (0, 1):
        break_chain(kernel, chain, "edge-data", index)
    word, at = kernel.layout.word, kernel.layout.m_data
    first, second = (kernel.memory.read_uint(mbuf.address + at, word) or 0 for mbuf in chain.mbufs)
    assert (first + 5, first + 5) == (second + 4, second + 4)
    region = kernel.memory.region_at(first)
    assert region is not None
    assert region is kernel.memory.region_at(second)
    assert (region.limit, region.limit - region.base) == (first + 5, 0x4000)
    assert kernel.memory.region_at(first + 5) is None
    assert first + 5 > kernel.device.limit


def test_a_wrong_pkthdr_len_is_1() -> None:
    kernel = Kernel()
    chain = break_chain(kernel, kernel.build([bytes(10)]), "pkthdr-len", 0)
    at = chain.address + kernel.layout.m_pkthdr_len
    assert kernel.memory.read_uint(at, 4) == 1


def test_a_misaligned_next_is_one_too_high_also_where_m_next_is_not_first() -> None:
    kernel = Kernel()
    chain = break_chain(kernel, kernel.build([b"a", b"b"]), "misaligned-next", 0)
    at = chain.address + kernel.layout.m_next
    assert kernel.memory.read_uint(at, 8) == chain.mbufs[1].address + 1


# Unmapped mbufs.


def pages(layout: Layout, segment: Segment, **pokes: int) -> tuple[Setup, PageVector, int]:
    """A chain of one unmapped mbuf, its counts changed; where the list of its pages is."""
    setup = Case((segment,), layout=layout, length=1).build()
    epg = layout.extpg
    assert epg is not None
    memory = setup.kernel.memory
    base = setup.chain.address
    if epg.pointer is not None:
        base = memory.read_uint(base + epg.pointer, layout.word) or 0
    sizes = {"npgs": epg.npgs_size, "hdrlen": 1, "trllen": 1, "first_off": 2, "last_len": 2}
    for name, value in pokes.items():
        memory.write_uint(base + getattr(epg, name), sizes[name], value)
    return setup, epg, base


def outcome(setup: Setup, length: int = 1, offset: int = 0) -> KernelFault | None:
    copyoutmbuf(setup.machine, setup.chain.address, length, offset)
    return setup.machine.fault


@pytest.mark.parametrize("layout", UNMAPPED.values(), ids=UNMAPPED)
def test_counts_may_be_the_greatest_and_no_greater(layout: Layout) -> None:
    epg = layout.extpg
    assert epg is not None
    whole = Segment(CONTENT, Storage.PAGES, 0, 5, 7, 101)
    short = Segment(CONTENT[:200], Storage.PAGES, 0, 5, 7, 101)
    for segment, name, greatest in (
        (whole, "npgs", epg.max_pages),
        (whole, "hdrlen", epg.max_hdr),
        (whole, "trllen", epg.max_trail),
        (whole, "first_off", 4095),
        (whole, "last_len", 4096),
        (short, "last_len", 4096 - 101),
    ):
        for value, fault in ((greatest, False), (greatest + 1, True)):
            setup, _, _ = pages(layout, segment, **{name: value})
            found = outcome(setup)
            wrong = KernelFault(FaultFlag.BADADDR, setup.chain.address)
            assert found == (wrong if fault else None), (name, value)


@pytest.mark.parametrize("layout", UNMAPPED.values(), ids=UNMAPPED)
def test_a_page_whose_bytes_are_all_passed_over_is_not_asked_for(layout: Layout) -> None:
    """From the first byte of a piece on, the piece before it is not touched."""
    segment = Segment(CONTENT, Storage.PAGES, 0, 5, 7, 101)
    setup, epg, base = pages(layout, segment)
    assert outcome(setup, 1, 5 + 4096 - 101) is None  # the second page begins there
    addresses = [one.address for one in setup.machine.log if isinstance(one, Canload)]
    assert base + epg.hdr not in addresses
    assert base + epg.pa not in addresses
    assert base + epg.pa + epg.pa_size in addresses


def test_the_pointer_to_a_list_of_pages_is_asked_for() -> None:
    segment = Segment(CONTENT, Storage.PAGES, 0, 5, 7, 101)
    setup, epg, base = pages(BEHIND, segment)
    assert outcome(setup) is None
    assert epg.pointer is not None
    pointer = setup.chain.address + epg.pointer
    log = setup.machine.log
    at = log.index(Canload(pointer, 8, True))
    assert log[at + 1] == Load(pointer, 8, base)


@pytest.mark.parametrize("layout", UNMAPPED.values(), ids=UNMAPPED)
def test_an_unmapped_mbuf_of_header_and_trailer_alone_has_no_pages(layout: Layout) -> None:
    for size, npgs, last_len in ((12, 0, 0), (13, 1, 1)):
        segment = Segment(CONTENT[:size], Storage.PAGES, 0, 5, 7, 101)
        setup, epg, base = pages(layout, segment)
        memory = setup.kernel.memory
        assert memory.read_uint(base + epg.npgs, epg.npgs_size) == npgs
        assert memory.read_uint(base + epg.last_len, 2) == last_len
        spans = [(base + epg.hdr, 5), (base + epg.trail, 7)]
        built = setup.chain.mbufs[0].spans
        assert [span for span in built if span[0] in (base + epg.hdr, base + epg.trail)] == spans
        assert len(built) == 2 + npgs


@pytest.mark.parametrize(("size", "last_len"), [(4000, 4096 - 101 - 95), (4096, 101), (9000, 909)])
def test_the_last_page_holds_what_is_left(size: int, last_len: int) -> None:
    layout = next(iter(UNMAPPED.values()))
    segment = Segment(CONTENT[:size], Storage.PAGES, 0, 0, 0, 101)
    if size == 4000:
        segment = Segment(CONTENT[:3900], Storage.PAGES, 0, 0, 0, 101)
    setup, epg, base = pages(layout, segment)
    assert setup.kernel.memory.read_uint(base + epg.last_len, 2) == last_len


def test_pages_without_a_direct_map_are_nowhere() -> None:
    layout = next(iter(UNMAPPED.values()))
    segment = Segment(CONTENT, Storage.PAGES, 0, 5, 7, 101)
    setup = Case((segment,), layout=layout, direct_map=False).build()
    epg = layout.extpg
    assert epg is not None
    assert setup.chain.mbufs[0].spans == ()
    at = setup.chain.address + epg.pa
    physical = [setup.kernel.memory.read_uint(at + 8 * index, 8) for index in range(3)]
    assert physical == [0x1000_0000, 0x1000_1000, 0x1000_2000]


def test_what_does_not_fit_an_unmapped_mbuf_is_refused() -> None:
    for segment in (
        Segment(b"12", Storage.PAGES, 0, 2, 1),
        Segment(CONTENT, Storage.PAGES, 0, 24),
        Segment(CONTENT, Storage.PAGES, 0, 0, 65),
        Segment(CONTENT, Storage.PAGES, 0, 0, 0, 4096),
        Segment(CONTENT * 3, Storage.PAGES),
    ):
        with pytest.raises(ValueError, match=r"\Athe segment does not fit an unmapped mbuf\Z"):
            Kernel().build([segment])


def test_trimmed_pieces_have_no_span() -> None:
    segment = Segment(CONTENT[:100], Storage.PAGES, 5, 5, 0, 0)  # all of the header is trimmed
    setup, epg, base = pages(next(iter(UNMAPPED.values())), segment)
    assert all(address != base + epg.hdr for address, _ in setup.chain.mbufs[0].spans)


# Pictures.


def drawn(case: Case) -> list[str]:
    setup = case.build()
    copyoutmbuf(setup.machine, setup.chain.address, case.length, case.offset)
    return [line[line.index("m_len") :] for line in picture(setup)]


def test_a_picture_of_mbufs_read_in_part() -> None:
    case = Case((Segment(bytes(1)), Segment(bytes(0)), Segment(bytes(64))), length=33)
    assert drawn(case) == [
        "m_len     1  [#]  took 0-0",
        "m_len     0  []",
        f"m_len    64  [{'#' * 16}{'.' * 16}]  took 0-31",
    ]


def test_a_picture_from_an_offset_marks_cells_from_there() -> None:
    case = Case((Segment(bytes(64)),), length=8, offset=40)
    assert drawn(case) == [f"m_len    64  [{'.' * 20}####{'.' * 8}]  took 40-47"]


def test_a_picture_of_pages_tells_where_in_the_data_they_are() -> None:
    segment = Segment(CONTENT, Storage.PAGES, 0, 5, 7, 101)
    layout = next(iter(UNMAPPED.values()))
    setup = Case((segment,), layout=layout).build()
    copyoutmbuf(setup.machine, setup.chain.address, 8, 5 + 4096 - 101 - 4)
    assert taken(setup, setup.chain.mbufs[0]) == [(3996, 4004)]
    setup.machine.begin()
    copyoutmbuf(setup.machine, setup.chain.address, 4, 8996)
    assert taken(setup, setup.chain.mbufs[0]) == [(8996, 9000)]


def test_two_runs_of_bytes_are_two_ranges() -> None:
    setup = Case((Segment(bytes(64)),)).build()
    cpu, mbuf = setup.machine, setup.chain.mbufs[0]
    copyoutmbuf(cpu, setup.chain.address, 4, 0)
    copyoutmbuf(cpu, setup.chain.address, 4, 40)
    assert taken(setup, mbuf) == [(0, 4), (40, 44)]
    assert [line.partition("took ")[2] for line in picture(setup)] == ["0-3, 40-43"]


@pytest.mark.parametrize(
    ("value", "shown"), [(0x7FFFFFFF, 0x7FFFFFFF), (-0x80000000, -0x80000000), (-1, -1)]
)
def test_a_length_is_shown_with_its_sign(value: int, shown: int) -> None:
    setup = Case().build()
    setup.kernel.poke(setup.chain.mbufs[0], "m_len", value)
    assert m_len(setup, setup.chain.mbufs[0]) == shown


def test_nothing_is_taken_where_nothing_is() -> None:
    """m_data NULL, and m_len 0 or less, though loads lie there."""
    for field, value in (("m_data", 0), ("m_len", 0), ("m_len", -1)):
        setup = Case((Segment(bytes(8)),), length=8).build()
        copyoutmbuf(setup.machine, setup.chain.address, 8)
        setup.kernel.poke(setup.chain.mbufs[0], field, value)
        assert taken(setup, setup.chain.mbufs[0]) == []
