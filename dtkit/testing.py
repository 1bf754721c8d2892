# SPDX-License-Identifier: BSD-2-Clause
"""
Hypothesis strategies for tests of one's own (``pip install 'dtkit[testing]'``).

A :class:`Case` is everything that decides what ``copyoutmbuf()`` does: the kernel, the chain,
what is broken in it, the scratch and the request. Another implementation is tested by giving it
the memory that :meth:`Case.build` makes, and comparing with what the model says of the same::

    from hypothesis import given
    from dtkit.testing import Case, cases
    from dtkit.mbuf import copyoutmbuf


    @given(cases())
    def test_mine(case: Case) -> None:
        setup = case.build()
        mine = my_copyoutmbuf(setup.machine.memory, setup.chain.address, case.length, case.offset)
        theirs = copyoutmbuf(setup.machine, setup.chain.address, case.length, case.offset)
        assert mine == (theirs, setup.machine.fault)
"""

from __future__ import annotations

from hypothesis import strategies as st

from dtkit.mbuf import BREAKS, LAYOUTS, Case, Layout, Segment, Setup, Storage
from dtkit.mbuf.memory import ByteOrder

__all__ = ["Case", "Setup", "cases", "requests", "segments"]


def _content(start: int, size: int) -> bytes:
    """Bytes none of which is 0, each unlike its neighbours: a wrong one shows."""
    return bytes((start + at) % 250 + 1 for at in range(size))


@st.composite
def segments(draw: st.DrawFn, layout: Layout, *, first: bool = False) -> Segment:
    """One mbuf of a chain for *layout*: often empty or small, of any storage that it can have."""
    kinds = [Storage.INTERNAL, Storage.CLUSTER]
    if layout.extpg is not None and not first:
        kinds.append(Storage.PAGES)
    storage = draw(st.sampled_from(kinds))
    start = draw(st.integers(0, 249))
    if storage is Storage.INTERNAL:
        room = layout.msize - layout.m_pktdat
        size = draw(st.integers(0, 40) | st.integers(0, room))
        leading = draw(st.integers(0, min(room - size, 16)))
        return Segment(_content(start, size), storage, leading)
    if storage is Storage.CLUSTER or layout.extpg is None:
        size = draw(st.integers(0, 40) | st.integers(0, 2048))
        leading = draw(st.integers(0, min(2048 - size, 64)))
        return Segment(_content(start, size), storage, leading)
    size = draw(st.integers(0, 40) | st.integers(0, 9000))
    leading = draw(st.integers(0, 20))
    header = draw(st.integers(0, min(layout.extpg.max_hdr, size + leading)))
    trailer = draw(st.integers(0, min(layout.extpg.max_trail, size + leading - header)))
    first_off = draw(st.sampled_from([0, 0, 1, 8, 4095]) | st.integers(0, 4095))
    return Segment(_content(start, size), storage, leading, header, trailer, first_off)


def requests(chain_length: int) -> st.SearchStrategy[tuple[int, int]]:
    """``(length, offset)`` for a chain of *chain_length* bytes: inside, at and past its end."""
    near = st.integers(0, chain_length + 64)
    edge = st.sampled_from([0, 1, chain_length, chain_length + 1])
    wild = st.sampled_from([1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) + 1, (1 << 64) - 1])
    # A wild length ends at the scratch check: more of the ordinary ones.
    length = st.one_of(near, edge, near, edge, near, near, near, wild)
    return st.tuples(length, near | edge | wild)


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    broken: bool | None = None,
    layout: str | None = None,
    byteorder: ByteOrder | None = None,
) -> Case:
    """
    Calls of ``copyoutmbuf()``, on any layout and kind of machine.

    :param broken: True for chains with one broken mbuf, False for good ones, None for both.
    :param layout: a key of :data:`dtkit.mbuf.LAYOUTS`; None for any.
    :param byteorder: ``"little"`` or ``"big"``; None for both.
    """
    return draw(
        _cases_on(LAYOUTS[layout or draw(st.sampled_from(sorted(LAYOUTS)))], broken, byteorder)
    )


_ORDERS: tuple[ByteOrder, ...] = ("little", "big")


@st.composite
def _cases_on(
    draw: st.DrawFn, layout: Layout, broken: bool | None, byteorder: ByteOrder | None
) -> Case:
    order: ByteOrder = draw(st.sampled_from(_ORDERS)) if byteorder is None else byteorder
    count = draw(st.integers(1, 6))
    parts = tuple(draw(segments(layout, first=index == 0)) for index in range(count))
    length, offset = draw(requests(sum(len(part.data) for part in parts)))
    breaks: tuple[tuple[str, int], ...] = ()
    if broken or (broken is None and draw(st.booleans())):
        index = draw(st.integers(0, count - 1))
        kinds = [
            kind
            for kind in (*BREAKS, "misaligned-next")  # which only strict machines mind
            if not (kind.endswith("-data") and parts[index].storage is Storage.PAGES)
            and not (kind == "misaligned-next" and index == count - 1)
        ]
        breaks = ((draw(st.sampled_from([*kinds, "null"])), index),)
    used = draw(st.integers(0, 20))
    roomy = draw(st.sampled_from([True] * 6 + [False]))
    return Case(
        segments=parts,
        length=length,
        offset=offset,
        layout=layout.name,
        byteorder=order,
        direct_map=draw(st.sampled_from([True, True, False])),
        strict_alignment=draw(st.booleans()),
        kernel_access=draw(st.sampled_from([True] * 9 + [False])),
        maxchain=draw(st.sampled_from([512, 512, 16, 6, 3, 1])),
        scratch=used + (65536 if roomy else draw(st.integers(0, 512))),
        used=used,
        broken=breaks,
    )
