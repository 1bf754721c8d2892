# SPDX-License-Identifier: BSD-2-Clause
"""Building chains as a stack lays them out, breaking them, and giving them back."""

from __future__ import annotations

import doctest

import pytest

from dtkit.freebsd import layouts
from dtkit.mbuf import (
    BREAKS,
    FREEBSD_12,
    FREEBSD_14,
    BreakError,
    Kernel,
    Layout,
    Segment,
    Storage,
    break_chain,
    copyoutmbuf,
    split,
)
from dtkit.mbuf import (
    kernel as module,
)


def field(kernel: Kernel, address: int, size: int) -> int | None:
    return kernel.memory.read_uint(address, size)


@pytest.mark.parametrize("layout", layouts().values(), ids=layouts())
def test_the_first_mbuf_has_the_packet_header_and_its_length(layout: Layout) -> None:
    kernel = Kernel(layout)
    chain = kernel.build([b"abc", b"", b"defgh"])
    assert field(kernel, chain.address + layout.m_pkthdr_len, 4) == 8
    words = [field(kernel, m.address + layout.m_type_flags, 4) for m in chain.mbufs]
    assert words == [0x201, 0x001, 0x001]
    links = [field(kernel, m.address + layout.m_next, layout.word) for m in chain.mbufs]
    assert links == [chain.mbufs[1].address, chain.mbufs[2].address, 0]


@pytest.mark.parametrize(
    ("size", "first", "storage", "cluster"),
    [
        (160, True, Storage.INTERNAL, None),
        (161, True, Storage.CLUSTER, 2048),
        (224, False, Storage.INTERNAL, None),
        (225, False, Storage.CLUSTER, 2048),
        (2049, False, Storage.CLUSTER, 4096),
        (9216, False, Storage.CLUSTER, 9216),
        (16384, False, Storage.CLUSTER, 16384),
    ],
)
def test_data_goes_where_an_allocator_would_put_it(
    size: int, first: bool, storage: Storage, cluster: int | None
) -> None:
    kernel = Kernel(FREEBSD_14)
    chain = kernel.build([bytes(size)] if first else [b"", bytes(size)])
    mbuf = chain.mbufs[-1]
    assert mbuf.storage is storage
    if cluster:
        flags = field(kernel, mbuf.address + FREEBSD_14.m_type_flags, 4) or 0
        assert flags >> 8 & 1
        assert field(kernel, mbuf.address + FREEBSD_14.ext_size, 4) == cluster
        assert field(kernel, mbuf.address + FREEBSD_14.ext_buf, 8) == mbuf.data
    else:
        start = FREEBSD_14.m_pktdat if first else FREEBSD_14.m_dat
        assert mbuf.data == mbuf.address + start


@pytest.mark.parametrize("storage", [Storage.INTERNAL, Storage.CLUSTER])
def test_leading_space(storage: Storage) -> None:
    kernel = Kernel()
    plain = kernel.build([Segment(b"data", storage)]).mbufs[0]
    spaced = kernel.build([Segment(b"data", storage, leading=16)]).mbufs[0]
    assert spaced.data - spaced.regions[-1].base == plain.data - plain.regions[-1].base + 16


@pytest.mark.parametrize(
    ("layout", "segments"),
    [
        (FREEBSD_14, []),
        (FREEBSD_14, [Segment(bytes(161), Storage.INTERNAL)]),
        (FREEBSD_14, [bytes(16385)]),
        (FREEBSD_14, [Segment(bytes(5 * 4096 + 1), Storage.PAGES)]),
        (FREEBSD_14, [Segment(bytes(5 * 4096), Storage.PAGES, first_off=1)]),
        (FREEBSD_14, [Segment(bytes(24), Storage.PAGES, header=24)]),
        (FREEBSD_14, [Segment(bytes(65), Storage.PAGES, trailer=65)]),
        (FREEBSD_14, [Segment(bytes(10), Storage.PAGES, header=6, trailer=5)]),
        (FREEBSD_14, [Segment(bytes(10), Storage.PAGES, first_off=4096)]),
        (FREEBSD_12, [Segment(b"x", Storage.PAGES)]),
    ],
)
def test_what_does_not_fit_is_refused(layout: Layout, segments: list[Segment | bytes]) -> None:
    with pytest.raises(ValueError, match=r"fit|at least one|unmapped"):
        Kernel(layout).build(segments)


@pytest.mark.parametrize(
    "segment",
    [
        Segment(bytes(range(200)) * 100, Storage.PAGES, first_off=100),
        Segment(bytes(range(200)) * 100, Storage.PAGES, 0, 23, 64, 100),
        Segment(bytes(range(87)), Storage.PAGES, 0, 23, 64),
        Segment(bytes(range(200)) * 20, Storage.PAGES, leading=5000, header=20, trailer=3),
        Segment(b"", Storage.PAGES),
    ],
)
def test_unmapped_data_lies_in_header_pages_and_trailer(segment: Segment) -> None:
    kernel = Kernel()
    mbuf = kernel.build([segment]).mbufs[0]
    pieces = [kernel.memory.read(address, size) or b"" for address, size in mbuf.spans]
    assert b"".join(pieces) == segment.data
    assert mbuf.data == segment.leading
    flags = field(kernel, mbuf.address + FREEBSD_14.m_type_flags, 4) or 0
    assert flags >> 8 & 0x103 == 0x101  # M_EXT and M_EXTPG, never with M_PKTHDR


def test_what_is_freed_is_gone_and_comes_again() -> None:
    kernel = Kernel()
    segments: list[Segment | bytes] = [b"a", bytes(3000), Segment(bytes(5000), Storage.PAGES)]
    before = len(list(kernel.memory))
    chain = kernel.build(segments)
    kernel.free(chain)
    assert len(list(kernel.memory)) == before
    machine = kernel.cpu()
    assert copyoutmbuf(machine, chain.address, 1) == 0
    again = kernel.build(segments)
    assert {m.address for m in again.mbufs} == {m.address for m in chain.mbufs}
    kernel.free(chain)  # freed long since: not what was built after it
    machine.begin()
    assert copyoutmbuf(machine, again.address, 1) != 0


def test_cpus_have_scratch_of_their_own() -> None:
    kernel = Kernel()
    one, other = kernel.cpu(100), kernel.cpu(100, used=8)
    assert one.memory is other.memory
    assert one.scratch.base + 100 < other.scratch.base
    assert kernel.memory.region_at(one.scratch.base + 100) is None
    assert other.scratch.remaining == 92


@pytest.mark.parametrize("kind", [*BREAKS, "null"])
def test_breaking_changes_what_it_says(kind: str) -> None:
    kernel = Kernel()
    chain = kernel.build([b"abcdefgh", b"ijkl"])
    before = [bytes(m.regions[0].data) for m in chain.mbufs]
    broken = break_chain(kernel, chain, kind, 0)
    after = [bytes(m.regions[0].data) for m in chain.mbufs]
    assert broken.address == (0 if kind == "null" else chain.address)
    assert (after[0] != before[0]) is (kind != "null")
    assert after[1] == before[1]


@pytest.mark.parametrize(
    ("kind", "index"),
    [("cycle", 2), ("cycle", -1), ("rust", 0), ("misaligned-next", 1), ("pkthdr-len", 1)],
)
def test_what_cannot_be_broken_is_refused(kind: str, index: int) -> None:
    kernel = Kernel()
    chain = kernel.build([b"a", b"b"])
    with pytest.raises(BreakError, match=r"no mbuf|called|misalign|m_pkthdr"):
        break_chain(kernel, chain, kind, index)


def test_split_leaves_no_byte_out() -> None:
    data = bytes(range(256)) * 200
    for lengths in ([], [0], [20, 0, 40], [len(data)], [len(data), 5]):
        pieces = split(data, lengths)
        assert b"".join(pieces) == data
        assert [len(piece) for piece in pieces[: len(lengths)]] == [
            min(length, len(data)) if index == 0 else len(pieces[index])
            for index, length in enumerate(lengths)
        ]
        assert max(map(len, pieces[len(lengths) :]), default=0) <= 16384


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(module).attempted > 0
    assert doctest.testmod(module).failed == 0
