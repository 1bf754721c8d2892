# SPDX-License-Identifier: BSD-2-Clause
"""
What the bytes of a packet start with, as link types of pcap and pcapng.

Numbers are those of pcap-linktype(7). There is none for a transport header without IP or for a
bare ARP, which DTrace meets at ``ether_output`` or past an offset: these are written as exported
PDUs (LINKTYPE_WIRESHARK_UPPER_PDU), which name the dissector in front of the bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from dtkit.native import speedups
from dtkit.probes.data import Data

if TYPE_CHECKING:
    from dtkit.probes import Probe


def _exported_pdu_tags(dissector: str) -> bytes:
    """The tags of an exported PDU: the dissector's name (tag 12), then the end of options."""
    name = dissector.encode()
    padded = name + bytes(-len(name) % 4)
    return struct.pack(">HH", 12, len(padded)) + padded + struct.pack(">HH", 0, 0)


class LinkType(Enum):
    """
    A link type; the value is its number and, for an exported PDU, the dissector's name.

    :ivar dlt: the number in a capture file's interface.
    :ivar prefix: bytes that a capture file has in front of the packet's own; mostly none.
    :ivar ip: where IP begins, if it is IP; -1 where it can't be.
    """

    ETHERNET = (1, "")
    RAW = (101, "")  #: IPv4 or IPv6, told by the version nibble
    IPV4 = (228, "")
    IPV6 = (229, "")
    ARP = (252, "arp")
    TCP = (252, "tcp")
    UDP = (252, "udp")
    ICMP = (252, "icmp")
    ICMP6 = (252, "icmpv6")
    UNKNOWN = (162, "")  #: LINKTYPE_USER15: bytes of no layer we know

    dlt: int
    prefix: bytes
    ip: int

    # There is one object of each: what Enum does instead takes several times as long.
    __hash__ = object.__hash__

    def __init__(self, dlt: int, dissector: str) -> None:
        self.dlt = dlt
        self.ip = {1: 14, 101: 0, 228: 0, 229: 0}.get(dlt, -1)
        self.prefix = _exported_pdu_tags(dissector) if dissector else b""


_TRANSPORT = {
    "tcp": LinkType.TCP,
    "udp": LinkType.UDP,
    "icmp": LinkType.ICMP,
    "icmp6": LinkType.ICMP6,
}

#: Protocol numbers of IP.
_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58}

#: What packets are at probes that promise IP, and which versions of it, a bit each.
_PROMISED = {
    Data.IP: (LinkType.RAW, 1 << 4 | 1 << 6),
    Data.IPV4: (LinkType.IPV4, 1 << 4),
    Data.IPV6: (LinkType.IPV6, 1 << 6),
}

#: EtherTypes that a sniffed frame may carry.
_ETHERTYPES = {b"\x08\x00": 4, b"\x86\xdd": 6, b"\x08\x06": None, b"\x81\x00": None}


def link_type(probe: Probe | None, data: bytes, offset: int = 0) -> LinkType:
    """
    The link type of bytes seen at a probe.

    :param probe: where they were seen; None, or one that promises nothing, means sniffing.
    :param data: the bytes.
    :param offset: how many bytes of the packet were skipped before them, as far as known. The
        generated one-liners can skip headers without saying so in their output: where bytes do
        not start with the IP header that a probe promises, its transport header is tried.
    """
    if probe is None or probe.data is Data.UNKNOWN:
        return sniff(data)
    if offset:
        found = sniff(data)
        return _transport(probe, data) if found is LinkType.UNKNOWN else found
    if probe.data in _PROMISED:
        return link_types(probe, (data,))[0]
    if probe.data is Data.NETWORK:
        version = data[0] >> 4 if data else 0
        return LinkType.RAW if version in (4, 6) else sniff(data)
    # bpf_mtap sees packets of interfaces without a link header, too.
    raw = probe.hint and sniff(data) is LinkType.RAW
    return LinkType.RAW if raw else LinkType.ETHERNET


def link_types(probe: Probe | None, packets: Sequence[bytes]) -> Sequence[LinkType]:
    """What :func:`link_type` says of each of many packets, quickly where the probe says it."""
    promise = None if probe is None else _PROMISED.get(probe.data)
    if probe is None or promise is None:
        return [link_type(probe, data) for data in packets]
    linktype, versions = promise
    if not probe.protocol:
        return [linktype] * len(packets)
    kinds = linktype, _TRANSPORT[probe.protocol], LinkType.UNKNOWN
    return [kinds[layer] for layer in _layers(packets, versions, _NUMBERS[probe.protocol])]


def _transport(probe: Probe, data: bytes) -> LinkType:
    """The probe's transport, when the bytes can be its header."""
    number = _NUMBERS.get(probe.protocol)
    plausible = number is not None and _is_transport(data, number)
    return _TRANSPORT[probe.protocol] if plausible else LinkType.UNKNOWN


def _is_transport(data: bytes, number: int) -> bool:
    """Whether *data* can be a header of that protocol of IP."""
    match number:
        case 6:
            return len(data) >= 20 and data[12] >> 4 >= 5
        case 17:
            return len(data) >= 8 and int.from_bytes(data[4:6]) >= 8
        case _:
            return len(data) >= 4


def layers_in_python(packets: Sequence[bytes], versions: int, number: int) -> bytes:
    """
    Where packets begin that are IP, or what is behind its header.

    :param versions: of IP, a bit each: ``1 << 4``.
    :param number: of the protocol that IP carries.
    :return: of each 0 for IP, 1 for the protocol's header, 2 for neither.
    """
    found = bytearray()
    for data in packets:
        version = data[0] >> 4 if data else 0
        agrees = bool(versions >> version & 1)
        if agrees and (
            len(data) < 20
            # The protocol where IP has it says enough, and is quick to see.
            or data[9 if version == 4 else 6] == number
            or _is_ip(data)
        ):
            found.append(0)
        elif _is_transport(data, number):
            found.append(1)
        else:
            found.append(0 if agrees else 2)
    return bytes(found)


_layers = layers_in_python if speedups is None else speedups.layers


def sniff(data: bytes, length: int | None = None, otherwise: LinkType | None = None) -> LinkType:
    """
    Guess what *data* starts with: RAW (IP), ETHERNET, ARP, or UNKNOWN when nothing fits well.

    IPv4 must have a header length, total length and checksum that fit (or no checksum yet: it is
    left to the hardware), IPv6 a payload length and next header, Ethernet a known type whose
    contents agree.

    :param length: of the whole packet, where it is known: what IP says of it then has to fit.
    :param otherwise: what it is where nothing fits: captures of mbuf_trace hold Ethernet frames
        if not what a header is gone from. No bytes at all are UNKNOWN.
    """
    found = _sniffed(data, length)
    return _SNIFFED[found] if found or otherwise is None or not data else otherwise


#: By what :func:`sniffed_in_python` says.
_SNIFFED = (LinkType.UNKNOWN, LinkType.RAW, LinkType.ARP, LinkType.ETHERNET)


def sniffed_in_python(data: bytes, length: int | None) -> int:
    """What fits *data*, as :func:`sniff` says: 1 for IP, 2 for ARP, 3 for Ethernet, else 0."""
    if _is_ip(data, None if length is None else max(length, len(data))):
        return 1
    if data.startswith(b"\x00\x01\x08\x00\x06\x04"):
        return 2
    if len(data) >= 15 and (kind := data[12:14]) in _ETHERTYPES:
        version = _ETHERTYPES[kind]
        if version is None or data[14] >> 4 == version:
            return 3
    return 0


_sniffed = sniffed_in_python if speedups is None else speedups.sniffed


#: Next headers that make an IPv6 header believable: extensions, TCP, UDP, ICMPv6, tunnels, ...
_NEXT_HEADERS = frozenset({0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 103, 132, 135})


def _is_ip(data: bytes, length: int | None = None) -> bool:
    """Whether *data* is IP, of a packet of *length* bytes if that is known."""
    if len(data) < 20:
        return False
    version = data[0] >> 4
    if version == 6 and len(data) >= 40:
        if length is None:
            return data[6] in _NEXT_HEADERS
        return (data[4] << 8 | data[5]) + 40 == length
    if version != 4:
        return False
    header, total = (data[0] & 15) * 4, data[2] << 8 | data[3]
    summed = data[10:12] != b"\0\0"
    if length is None:
        # Segmentation offload leaves a length of 0 on the way in.
        if header < 20 or 0 < total < header:
            return False
        if len(data) < header or not summed:
            return True
    else:
        if not 20 <= header <= min(total, len(data)) or total > length:
            return False
        if total == length and not summed:
            return True
    # The one's complement sum of a whole header with its checksum is all ones.
    words: int = sum(struct.unpack_from(f">{header // 2}H", data))
    return words % 0xFFFF == 0


def claimed_length(data: bytes, linktype: LinkType) -> int:
    """
    How long the packet is by its own IP header, and never less than *data*.

    A dump of 64 bytes of a longer packet is a capture cut at 64 bytes: with this length readers
    know, and do not call it malformed.
    """
    return _claimed((data,), (linktype.ip,))[0]


def claimed_lengths(packets: Sequence[bytes], linktypes: Sequence[LinkType]) -> list[int]:
    """What :func:`claimed_length` says of each of many packets."""
    return _claimed(packets, [linktype.ip for linktype in linktypes])


def claimed_in_python(packets: Sequence[bytes], starts: Sequence[int]) -> list[int]:
    """
    How long packets are by their IP headers, and never less than what there is of them.

    :param starts: where IP begins in each: 0, or 14 behind Ethernet; -1 for nowhere.
    """
    found = []
    for data, start in zip(packets, starts, strict=True):
        claimed = size = len(data)
        kind = 0
        if start == 0:
            kind = data[0] >> 4 if data else 0
        elif start > 0:
            kind = _ETHERTYPES.get(data[start - 2 : start]) or 0
        if kind == 4 and size >= start + 4:
            claimed = start + (data[start + 2] << 8 | data[start + 3])
        elif kind == 6 and size >= start + 6:
            claimed = start + 40 + (data[start + 4] << 8 | data[start + 5])
        found.append(claimed if claimed > size else size)
    return found


_claimed = claimed_in_python if speedups is None else speedups.claimed_lengths
