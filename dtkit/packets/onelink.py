# SPDX-License-Identifier: BSD-2-Clause
"""
Captures of one link type, which tcpdump(1) reads.

libpcap reads a pcapng file only if all its interfaces have the link type of the first. At probes of
several layers packets start with several things: here they are cut down to IP, or are given an
Ethernet header that was made up, with addresses of zeros. Raw IP is the link type that libpcap
reads of one interface only, whatever the next has, since its number there is not that of files: so
all packets are then of one interface.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from dtkit.counted import counted
from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.pcapng import LARGEST
from dtkit.packets.rotation import PacketSink

__all__ = ["Link", "LinkedCapture", "as_ethernet", "as_ip"]

_ADDRESSES = bytes(12)
_IP, _IPV6, _ARP, _TAGS = b"\x08\x00", b"\x86\xdd", b"\x08\x06", (b"\x81\x00", b"\x88\xa8")

_IP_TYPES = (LinkType.RAW, LinkType.IPV4, LinkType.IPV6)
#: Link types that tcpdump(1) prints, of those that there are.
_PRINTED = (LinkType.ETHERNET, *_IP_TYPES)


class Link(StrEnum):
    """What all packets of a capture start with."""

    IP = "ip"  #: link headers are cut off
    ETHERNET = "ethernet"  #: an Ethernet header is made up where there is none


def as_ip(packet: Packet) -> Packet | None:
    """*packet* from its IP header on; None where it has none."""
    if packet.linktype in _IP_TYPES:
        return packet._replace(linktype=LinkType.RAW)
    if packet.linktype is not LinkType.ETHERNET:
        return None
    data, at = packet.data, 12
    while data[at : at + 2] in _TAGS:
        at += 4
    if data[at : at + 2] not in (_IP, _IPV6):
        return None
    return _moved(packet, data[at + 2 :], LinkType.RAW)


def as_ethernet(packet: Packet) -> Packet | None:
    """*packet* behind an Ethernet header; None where it is nothing that Ethernet carries."""
    if packet.linktype is LinkType.ETHERNET:
        return packet
    if packet.linktype is LinkType.ARP:
        kind = _ARP
    elif packet.linktype in _IP_TYPES:
        version = packet.data[0] >> 4 if packet.data else 4
        six = packet.linktype is LinkType.IPV6 or (packet.linktype is LinkType.RAW and version == 6)
        kind = _IPV6 if six else _IP
    else:
        return None
    return _moved(packet, _ADDRESSES + kind + packet.data, LinkType.ETHERNET)


def _moved(packet: Packet, data: bytes, linktype: LinkType) -> Packet:
    more = len(data) - len(packet.data)
    length = None if packet.length is None else max(packet.length + more, 0)
    return packet._replace(data=data, linktype=linktype, length=length)


class LinkedCapture:
    """
    A capture that remembers what went into it, and makes one link type of several.

    :param sink: what is written to.
    :param link: what all packets are to start with; None leaves them as they are.
    """

    def __init__(self, sink: PacketSink, link: Link | None = None) -> None:
        self._sink, self._link = sink, link
        self._linktypes: Counter[LinkType] = Counter()
        self._left_out: Counter[LinkType] = Counter()
        self._cut = 0

    def write(self, packet: Packet) -> None:
        """Write one packet."""
        if self._link is not None:
            made = as_ip(packet) if self._link is Link.IP else as_ethernet(packet)
            if made is None:
                self._left_out[packet.linktype] += 1
                return
            packet = made
        self._linktypes[packet.linktype] += 1
        self._cut += len(packet.data) > LARGEST
        self._sink.write(packet)

    def write_run(self, run: PacketRun) -> None:
        """Write the packets of a run."""
        if self._link is not None:
            for packet in run:
                self.write(packet)
            return
        first = run.linktypes[0]
        if run.linktypes.count(first) == len(run):
            self._linktypes[first] += len(run)
        else:
            self._linktypes.update(run.linktypes)
        if max(map(len, run.data)) > LARGEST:
            self._cut += sum(len(data) > LARGEST for data in run.data)
        self._sink.write_run(run)

    def flush(self) -> None:
        """Have all that was written where others see it."""
        self._sink.flush()

    def close(self) -> None:
        """Make the last file a valid one, and close it."""
        self._sink.close()

    def remarks(self) -> Iterator[str]:
        """What is to be said of the capture when it is written."""
        names = ", ".join(linktype.name for linktype in self._linktypes)
        if len({linktype.dlt for linktype in self._linktypes}) > 1:
            yield (
                f"packets of several link types ({names}) are in it: Wireshark reads them, "
                "tcpdump(1) does not; --link ip or --link ethernet makes them one"
            )
        elif any(linktype not in _PRINTED for linktype in self._linktypes):
            yield f"packets of link type {names} are in it, which tcpdump(1) does not print"
        if self._left_out:
            header = "IP" if self._link is Link.IP else "Ethernet"
            words = ", ".join(f"{count} {kind.name}" for kind, count in self._left_out.items())
            yield f"packets that cannot begin with an {header} header are not in it: {words}"
        if self._cut:
            packets = counted(self._cut, "packet is", "packets are")
            yield f"{packets} cut to {LARGEST} bytes: Wireshark reads no more of one"
