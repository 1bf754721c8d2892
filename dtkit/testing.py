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

:func:`packets` gives what travels in such chains: whole packets, for tests of what reads them.
"""

from __future__ import annotations

import struct

from dpkt.icmp import ICMP
from dpkt.icmp6 import ICMP6
from dpkt.ip import IP
from dpkt.ip6 import IP6
from dpkt.tcp import TCP
from dpkt.udp import UDP
from hypothesis import strategies as st

from dtkit.freebsd import layouts
from dtkit.mbuf import BREAKS, Case, Layout, Segment, Setup, Storage
from dtkit.mbuf.memory import ByteOrder
from dtkit.packets.linktype import LinkType

__all__ = ["Case", "Setup", "cases", "packets", "requests", "segments"]


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
    :param layout: a key of :data:`dtkit.freebsd.layouts`; None for any.
    :param byteorder: ``"little"`` or ``"big"``; None for both.
    """
    known = layouts()
    return draw(_cases_on(known[layout or draw(st.sampled_from(sorted(known)))], broken, byteorder))


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
            and not (kind == "pkthdr-len" and index > 0)
        ]
        breaks = ((draw(st.sampled_from([*kinds, "null"])), index),)
    used = draw(st.integers(0, 20))
    roomy = draw(st.sampled_from([True] * 6 + [False]))
    return Case(
        segments=parts,
        length=length,
        offset=offset,
        layout=layout,
        byteorder=order,
        direct_map=draw(st.sampled_from([True, True, False])),
        strict_alignment=draw(st.booleans()),
        kernel_access=draw(st.sampled_from([True] * 9 + [False])),
        maxchain=draw(st.sampled_from([512, 512, 16, 6, 3, 1])),
        scratch=used + (65536 if roomy else draw(st.integers(0, 512))),
        used=used,
        broken=breaks,
    )


#: Options of TCP, in whole words: none, a SYN's usual ones, ends of the list, timestamps.
_TCP_OPTIONS = [
    bytes.fromhex(text)
    for text in (
        "",
        "020405b4 01030306 0402080a 00000001 00000000",
        "00000000",
        "0101080a 00000007 00000003",
    )
]


@st.composite
def packets(
    draw: st.DrawFn, link_type: LinkType = LinkType.RAW, *, max_payload: int = 1400
) -> bytes:
    """
    Well-formed packets: TCP, UDP or ICMP over IPv4 or IPv6, lengths and checksums right.

    :param link_type: ``ETHERNET`` (some tagged for a VLAN), ``RAW`` (either family), ``IPV4`` or
        ``IPV6``.
    :param max_payload: the most bytes past the transport header.
    :raises ValueError: for another link type.
    """
    if link_type not in _FAMILIES:
        raise ValueError(f"no packets of link type {link_type.name}")
    six = draw(_FAMILIES[link_type])
    body = draw(_transports(6 if six else 4, max_payload))
    number = {TCP: 6, UDP: 17, ICMP: 1, ICMP6: 58}[type(body)]
    address = st.binary(min_size=16 if six else 4, max_size=16 if six else 4)
    source, destination = draw(address), draw(address)
    hops = draw(st.integers(1, 255))
    if six:
        flow = draw(st.integers(0, (1 << 20) - 1))
        packet = IP6(src=source, dst=destination, nxt=number, hlim=hops, plen=len(body), data=body)
        packet.flow = flow
    else:
        options = draw(st.sampled_from([b"", b"", b"", b"\x94\x04\0\0", b"\x01" * 40]))
        packet = IP(src=source, dst=destination, p=number, ttl=hops, opts=options, data=body)
        packet.id, packet.tos = draw(st.integers(0, 65535)), draw(st.sampled_from([0, 0, 16, 184]))
        packet.hl = 5 + len(options) // 4
    # dpkt fills lengths and checksums in when a packet with a checksum of 0 becomes bytes.
    data = bytes(packet)
    if number == 17 and body.sum == 0:  # which in UDP means "none": the other zero is sent
        data = data[: -len(body) + 6] + b"\xff\xff" + data[-len(body) + 8 :]
    if link_type is not LinkType.ETHERNET:
        return data
    hosts = draw(st.binary(min_size=12, max_size=12))
    tag = draw(st.sampled_from([b"", b"", b"\x81\x00\x00\x07", b"\x81\x00\xe0\x01"]))
    return hosts + tag + (b"\x86\xdd" if six else b"\x08\x00") + data


#: Whether the packet is of IPv6, by link type.
_FAMILIES = {
    LinkType.ETHERNET: st.booleans(),
    LinkType.RAW: st.booleans(),
    LinkType.IPV4: st.just(value=False),
    LinkType.IPV6: st.just(value=True),
}


@st.composite
def _transports(draw: st.DrawFn, version: int, max_payload: int) -> TCP | UDP | ICMP | ICMP6:
    payload = draw(st.binary(max_size=40) | st.integers(0, max_payload).map(_ramp))
    payload = payload[:max_payload]
    port = st.sampled_from([22, 53, 80, 443, 5001]) | st.integers(1, 65535)
    kind = draw(st.sampled_from(["tcp", "tcp", "udp", "icmp"]))
    if kind == "tcp":
        word = st.integers(0, (1 << 32) - 1)
        options = draw(st.sampled_from(_TCP_OPTIONS))
        return TCP(
            sport=draw(port),
            dport=draw(port),
            seq=draw(word),
            ack=draw(word),
            off=5 + len(options) // 4,
            flags=draw(st.sampled_from([2, 16, 18, 24, 17, 4])),
            win=draw(st.integers(0, 65535)),
            opts=options,
            data=payload,
        )
    if kind == "udp":
        return UDP(sport=draw(port), dport=draw(port), ulen=8 + len(payload), data=payload)
    echo = struct.pack(">HH", draw(st.integers(0, 65535)), draw(st.integers(0, 65535))) + payload
    if version == 4:
        return ICMP(type=draw(st.sampled_from([0, 8])), data=echo)
    return ICMP6(type=draw(st.sampled_from([128, 129])), data=echo)


def _ramp(size: int) -> bytes:
    return _content(0, size)
