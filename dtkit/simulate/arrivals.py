# SPDX-License-Identifier: BSD-2-Clause
"""The packets of a capture as they arrive at the simulated stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from dtkit.counted import counted
from dtkit.mbuf.broken import Breakage
from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from dtkit.simulate.stack import StackPacket

__all__ = ["arrivals"]

_ETHERNET = 1
#: Raw IP, under the numbers that systems and files have for it.
_RAW = {12, 14, 101, 228, 229}
#: Loopback: 4 bytes of address family, then IP.
_LOOPBACK = {0, 108}
#: What pf logs: a header that says how long it is, up to a multiple of 4, then IP.
_PFLOG = 117
#: Linux's cooked captures: where the EtherType is, and the length of the header.
_COOKED = {113: (14, 16), 276: (0, 20)}
#: EtherTypes of IP.
_IP = (b"\x08\x00", b"\x86\xdd")

_SIMULATED = "but Ethernet, raw IP, loopback, pflog and IP in Linux's cooked captures"


def arrivals(
    stream: BinaryIO,
    path: str,
    lengths: Sequence[int] = (),
    breakages: Sequence[Breakage] = (),
) -> Iterator[StackPacket | Oddity]:
    """
    The packets of a capture, and what cannot be taken from it.

    :param stream: pcap or pcapng, binary.
    :param path: that they take.
    :param lengths: bytes in each mbuf; one more has the rest.
    :param breakages: what is broken of them.
    :raises OSError: *stream* cannot be read.
    """
    last = 0
    others: Counter[int] = Counter()
    cut = 0
    for item in read_capture(stream):
        if isinstance(item, Oddity):
            yield item
            continue
        last = item.number
        found = _data(item)
        if found is None:
            others[item.linktype] += 1
            if others[item.linktype] == 1:
                what = f"link type {item.linktype} is not simulated, {_SIMULATED}"
                yield Oddity("frame", item.number, what)
            continue
        data, ethernet = found
        if len(item.data) < item.length:
            cut += 1
            if cut == 1:
                what = f"{len(item.data)} of its {item.length} bytes were captured"
                yield Oddity("frame", item.number, f"{what}: it is simulated as long as these")
        broken = [(one.kind, one.mbuf) for one in breakages if one.packet in (None, last)]
        yield StackPacket(
            data,
            item.time,
            ethernet=ethernet,
            path=path,
            lengths=tuple(lengths),
            breakages=tuple(broken),
        )
    for linktype, count in others.items():
        if count > 1:
            yield Oddity("frame", 0, f"{count} frames in all are of link type {linktype}")
    if cut > 1:
        yield Oddity("frame", 0, f"{cut} frames in all were captured in part")
    for one in breakages:
        if one.packet is not None and one.packet > last:
            frames = counted(last, "frame")
            yield Oddity("frame", 0, f"no packet {one.packet} to break: {frames} in all")


def _data(frame: Frame) -> tuple[bytes, bool] | None:
    """The bytes of a packet, and whether they begin with an Ethernet header."""
    data = frame.data
    if frame.fcs and len(data) == frame.length:
        data = data[: len(data) - frame.fcs]
    if frame.linktype == _ETHERNET:
        return data, True
    if frame.linktype in _RAW:
        return data, False
    if frame.linktype in _LOOPBACK:
        return data[4:], False
    if frame.linktype == _PFLOG and data:
        return data[(data[0] + 3) & ~3 :], False
    if frame.linktype in _COOKED:
        kind, end = _COOKED[frame.linktype]
        if data[kind : kind + 2] in _IP:
            return data[end:], False
    return None
