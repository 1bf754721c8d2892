# SPDX-License-Identifier: BSD-2-Clause
"""
One line about a packet's headers, in the manner of tcpdump(1).

``192.168.1.1:15676 > 192.168.1.100:22 TCP [.] ack 3268211019 win 1040 length 0, 52 of 64 bytes``:
52 bytes are packet by the IP header, 64 were dumped. ``first 64 of 84 bytes`` is the other case,
a packet of which 64 bytes were dumped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address

from dtkit.native import speedups
from dtkit.packets.linktype import LinkType

#: Of IPv4 and IPv6 up to the addresses, of TCP, of UDP, and of ARP for Ethernet and IPv4.
_IPV4 = struct.Struct(">BxHHHxBxx4s4s")
_IPV6 = struct.Struct(">B3xHBx16s16s")
_TCP = struct.Struct(">HHIIBBHxxH")
_UDP = struct.Struct(">HHHxx")
_ARP = struct.Struct(">6xH6s4s6x4s")

#: An EtherType behind the addresses; what is behind a VLAN's: the tag, and the next EtherType.
_TYPE = struct.Struct(">12xH")
_TAG = struct.Struct(">HH")

#: The options of nearly all segments of TCP: a timestamp behind two that say nothing.
_STAMPED = b"\x01\x01\x08\x0a"
_STAMPS = struct.Struct(">4xII")


class _UnreadableError(ValueError):
    """Bytes are not what they are claimed to be."""


#: What comes of bytes that are not.
_UNREADABLE = (_UnreadableError, struct.error, IndexError)

_LETTERS = ((2, "S"), (1, "F"), (4, "R"), (8, "P"), (16, "."), (32, "U"), (64, "E"), (128, "W"))
_FLAGS = [
    "".join(letter for bit, letter in _LETTERS if flags & bit) or "none" for flags in range(256)
]

_ICMP = {0: "echo reply", 3: "unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"}
_ICMP6 = {
    1: "unreachable",
    2: "packet too big",
    3: "time exceeded",
    128: "echo request",
    129: "echo reply",
    130: "multicast listener query",
    131: "multicast listener report",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbor solicitation",
    136: "neighbor advertisement",
    143: "multicast listener report v2",
}


def summarize(data: bytes, linktype: LinkType, length: int | None = None) -> str:
    """
    Describe *data*.

    :param data: the captured bytes; any bytes at all.
    :param linktype: what they start with.
    :param length: how many bytes the packet has, where that is known from elsewhere.
    :return: one line; never raises.
    """
    if _usual is not None:
        text: str | None = _usual(data, linktype.dlt, length)
        if text is not None:
            return text
    return _unusual(data, linktype, length)


#: What says it of usual packets, and None of others, in a tenth of the time.
_usual = None if speedups is None else speedups.summary


def summarize_in_python(data: bytes, linktype: LinkType, length: int | None = None) -> str:
    """What :func:`summarize` says, of any packet."""
    try:
        text, total = _READERS[linktype](data)
    except _UNREADABLE:
        text, total = _bytes(data), None
    known = length if length is not None else total
    if known is not None and known < len(data):
        text += f", {known} of {len(data)} bytes"
    elif known is not None and known > len(data):
        text += f", first {len(data)} of {known} bytes"
    return text


#: Views ask several times of each packet, one packet after the other.
_unusual = lru_cache(maxsize=64)(summarize_in_python)

#: A line, and how many bytes the packet has by its own headers, or None.
_Described = tuple[str, int | None]


def _bytes(data: bytes) -> str:
    shown = data[:16].hex(" ") + (" ..." if len(data) > 16 else "")
    return f"{len(data)} bytes: {shown}" if data else "0 bytes"


def _ethernet(data: bytes) -> _Described:
    if len(data) < 14:
        return _bytes(data), None
    (kind,), start, tags = _TYPE.unpack_from(data), 14, ""
    while kind in (0x8100, 0x88A8) and len(data) >= start + 4:
        tag, kind = _TAG.unpack_from(data, start)
        tags += f"vlan {tag & 0xFFF} "
        start += 4
    reader = _BEHIND_ETHERNET.get(kind)
    if reader is None:
        source, target = data[6:12].hex(":"), data[:6].hex(":")
        return f"{source} > {target} {tags}ethertype {kind:#06x}", None
    try:
        text, total = reader(data, start)
    except _UNREADABLE:
        text, total = _bytes(data[start:]), None
    return tags + text, None if total is None else total + start


def _raw(data: bytes) -> _Described:
    return _ipv6(data) if data and data[0] >> 4 == 6 else _ipv4(data)


@lru_cache(maxsize=4096)
def _address(data: bytes) -> str:
    if len(data) == 16:
        return str(IPv6Address(data))
    first, second, third, fourth = data
    return f"{first}.{second}.{third}.{fourth}"


def _ipv4(data: bytes, at: int = 0) -> _Described:
    """The packet that begins *at* some byte of *data*; it is so with each of IP and ARP."""
    first, length, id, where, kind, source_, target_ = _IPV4.unpack_from(data, at)
    if not 0x45 <= first <= 0x4F:
        raise _UnreadableError("not IPv4, or a header of less than 20 bytes")
    header = (first & 15) * 4
    source, target = _address(source_), _address(target_)
    # A length of 0 is what segmentation offload leaves on the way in.
    total = max(length, header) if length else len(data) - at
    more = where & 0x2000
    if where & 0x1FFF:  # in units of 8 bytes
        piece = f"{id}@{(where & 0x1FFF) * 8}{'+' if more else ''}"
        text = f"{source} > {target} {_protocol(kind)} fragment {piece}"
    else:
        rest = data[at + header : at + total]
        text = _transport(kind, rest, total - header, source, target)
        if more:
            text += f", fragment {id}@0+"
    return text, total


def _ipv4_at_its_place(data: bytes) -> _Described:
    """What is IPv4 by where it was seen, if not yet by its first byte: see ip_output()."""
    if len(data) < 20 or data[0] >> 4 == 4:
        return _ipv4(data)
    # The function is there to fill in version and header length; until then it is what was there.
    text, total = _ipv4(b"\x45" + data[1:])
    return text + " (unfinished IPv4 header)", total


#: IPv6 extension headers that can stand before the transport: header to length unit and bias.
_EXTENSIONS = {0: (8, 8), 43: (8, 8), 44: (0, 8), 51: (4, 8), 60: (8, 8)}


def _ipv6(data: bytes, at: int = 0) -> _Described:
    first, payload, kind, source_, target_ = _IPV6.unpack_from(data, at)
    if first >> 4 != 6:
        raise _UnreadableError("not IPv6")
    source, target = _address(source_), _address(target_)
    start, end = at + 40, at + 40 + payload if payload else len(data)
    while kind in _EXTENSIONS and len(data) >= start + 8:
        if kind == 44 and (where := int.from_bytes(data[start + 2 : start + 4])) & 0xFFF8:
            more, id = "+" if where & 1 else "", int.from_bytes(data[start + 4 : start + 8])
            kind = data[start]
            text = f"{source} > {target} {_protocol(kind)} fragment {id}@{where & 0xFFF8}{more}"
            return text, end - at
        unit, bias = _EXTENSIONS[kind]
        kind, start = data[start], start + data[start + 1] * unit + bias
    length = max(end - start, 0)
    return _transport(kind, data[start:end], length, source, target), end - at


def _protocol(number: int) -> str:
    known = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMP6"}
    return known.get(number, f"protocol {number}")


def _transport(kind: int, data: bytes, length: int, source: str, target: str) -> str:
    """The transport header in *data*, whose whole packet has *length* bytes from there on."""
    ports: tuple[int, int] | None = None
    try:
        match kind:
            case 6:
                text, ports = _tcp(data, length)
            case 17:
                text, ports = _udp(data)
            case 1:
                text = _icmp(data, length, _ICMP, "ICMP")
            case 58:
                text = _icmp(data, length, _ICMP6, "ICMP6")
            case _:
                text = f"{_protocol(kind)} length {length}"
    except _UNREADABLE:
        text = f"{_protocol(kind)} length {length}"
    if ports is None:
        return f"{source} > {target} {text}"
    if ":" in source:
        source, target = f"[{source}]", f"[{target}]"
    return f"{source}:{ports[0]} > {target}:{ports[1]} {text}"


def _tcp(data: bytes, length: int) -> tuple[str, tuple[int, int]]:
    source, target, seq, ack, offset, bits, window, urgent = _TCP.unpack_from(data)
    header = (offset >> 4) * 4
    if header < 20:
        raise _UnreadableError("a header of less than 20 bytes")
    payload = max(length - header, 0)
    text = f"TCP [{_FLAGS[bits]}] seq {seq}"
    if payload:
        text += f":{(seq + payload) % 2**32}"
    if bits & 16:
        text += f" ack {ack}"
    text += f" win {window}"
    if bits & 32:
        text += f" urg {urgent}"
    if header > 20 and (options := _tcp_options(data[20:header], header - 20)):
        text += f" options [{options}]"
    return f"{text} length {payload}", (source, target)


def _tcp_options(data: bytes, length: int) -> str:
    """The options in *data*, of which there are *length* bytes in the whole packet."""
    if len(data) == length == 12 and data.startswith(_STAMPED):
        val, ecr = _STAMPS.unpack(data)
        return f"nop,nop,TS val {val} ecr {ecr}"
    shown = []
    at = 0
    while at < len(data):
        kind = data[at]
        size = 1 if kind < 2 else data[at + 1] if at + 1 < len(data) else 0
        if at + size > len(data) or size < (1 if kind < 2 else 2):
            break
        value = data[at + 2 : at + size]
        at += size
        match kind, len(value):
            case 0, _:
                shown.append("eol")
            case 1, _:
                shown.append("nop")
            case 2, 2:
                shown.append(f"mss {int.from_bytes(value)}")
            case 3, 1:
                shown.append(f"wscale {value[0]}")
            case 4, 0:
                shown.append("sackOK")
            case 5, n if n and n % 8 == 0:
                edges = struct.unpack(f">{n // 4}I", value)
                pairs = zip(edges[::2], edges[1::2], strict=True)
                shown.append("sack " + " ".join(f"{left}:{right}" for left, right in pairs))
            case 8, 8:
                val, ecr = struct.unpack(">II", value)
                shown.append(f"TS val {val} ecr {ecr}")
            case _:
                shown.append(f"opt-{kind}{':' if value else ''}{value.hex()}")
        if kind == 0:
            return ",".join(shown)
    if at != length:
        shown.append("..." if len(data) < length else "bad")
    return ",".join(shown)


def _udp(data: bytes) -> tuple[str, tuple[int, int]]:
    source, target, length = _UDP.unpack_from(data)
    return f"UDP length {max(length - 8, 0)}", (source, target)


def _icmp(data: bytes, length: int, names: dict[int, str], title: str) -> str:
    kind, code = data[0], data[1]
    name = names.get(kind, f"type {kind}")
    text = f"{title} {name}"
    if name.startswith("echo"):
        id, sequence = struct.unpack(">HH", data[4:8])
        text += f" id {id} seq {sequence}"
    elif code:
        text += f" code {code}"
    return f"{text} length {length}"


def _arp(data: bytes, at: int = 0) -> _Described:
    operation, hardware, sender, wanted = _ARP.unpack_from(data, at)
    source, target = _address(sender), _address(wanted)
    match operation:
        case 1:
            text = f"ARP who-has {target} tell {source}"
        case 2:
            text = f"ARP {source} is-at {hardware.hex(':')}"
        case _:
            text = f"ARP operation {operation}"
    return text, 28


#: What reads a packet behind an Ethernet header, by EtherType.
_BEHIND_ETHERNET: dict[int, Callable[[bytes, int], _Described]] = {
    0x0800: _ipv4,
    0x86DD: _ipv6,
    0x0806: _arp,
}


def _bare(kind: int) -> Callable[[bytes], _Described]:
    """A reader for transport bytes without an IP header: ports stand alone."""

    def read(data: bytes) -> _Described:
        if kind in (6, 17):
            text, ports = _tcp(data, 0) if kind == 6 else _udp(data)
            # Without IP there is no telling payload from what follows the packet.
            text = text.partition(" length ")[0] if kind == 6 else text
            return f"{ports[0]} > {ports[1]} {text}", None
        names, title = (_ICMP, "ICMP") if kind == 1 else (_ICMP6, "ICMP6")
        return _icmp(data, len(data), names, title).partition(" length ")[0], None

    return read


_READERS: dict[LinkType, Callable[[bytes], _Described]] = {
    LinkType.ETHERNET: _ethernet,
    LinkType.RAW: _raw,
    LinkType.IPV4: _ipv4_at_its_place,
    LinkType.IPV6: _ipv6,
    LinkType.ARP: _arp,
    LinkType.TCP: _bare(6),
    LinkType.UDP: _bare(17),
    LinkType.ICMP: _bare(1),
    LinkType.ICMP6: _bare(58),
    LinkType.UNKNOWN: lambda data: (_bytes(data), None),
}
