# SPDX-License-Identifier: BSD-2-Clause
"""
A packet as a stack of headers whose fields account for every bit.

:func:`dissect` cuts a packet into consecutive :class:`Part` s: headers, options, payload and
padding, none overlapping, none left out. A part's fields, again, are consecutive: they cover it
bit by bit. That is what lets a difference between two packets be told exactly. Layouts: IEEE
802.3 and 802.1Q, RFC 826 (ARP), 791, 792, 768, 9293, 8200, 4443, 2784, 4302, 4303, 7348.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from dtkit.packets.linktype import LinkType

__all__ = ["LAYOUTS", "STARTS", "Field", "Part", "dissect", "walk"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a header: where its bits are, and how its value is written.

    :ivar name: of the field, within its header.
    :ivar at: its first bit, counted from the header's first.
    :ivar width: in bits.
    :ivar form: how it is written: a key of :data:`FORMS`.
    """

    name: str
    at: int
    width: int
    form: str

    def value(self, part: Part, data: bytes) -> int:
        """The number that stands in this field of *part* of packet *data*."""
        return bits(data, part.at * 8 + self.at, self.width)

    def text(self, part: Part, data: bytes) -> str:
        """That number as people write it."""
        return FORMS[self.form](self.value(part, data), self.width)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a packet: one header, one option, the payload, the padding.

    :ivar name: the protocol, e.g. ``ipv4``, or ``payload``, ``padding``.
    :ivar at: its first byte within the packet.
    :ivar size: in bytes, never 0.
    """

    name: str
    at: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.at + self.size

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its fields; what the layout leaves over (variable parts) is a last field, ``data``."""
        return _fields(self.name, self.size)

    @property
    def opaque(self) -> bool:
        """Whether it is bytes without fields."""
        return self.name not in LAYOUTS


def bits(data: bytes, at: int, width: int) -> int:
    """The *width* bits of *data* from bit *at* on, as a number."""
    end = at + width
    first, last = at // 8, (end + 7) // 8
    value = int.from_bytes(data[first:last], "big")
    return value >> (last * 8 - end) & ((1 << width) - 1)


# How values are written. The same forms, under the same names, are in the report's script.

_TCP_FLAGS = ("NS", "CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN")


def _tcp_flags(value: int, width: int) -> str:
    names = [name for bit, name in enumerate(reversed(_TCP_FLAGS)) if value >> bit & 1]
    return " ".join(names) or "none"


def _mac(value: int, width: int) -> str:
    return value.to_bytes(6, "big").hex(":")


FORMS: dict[str, Callable[[int, int], str]] = {
    "dec": lambda value, width: str(value),
    "hex": lambda value, width: f"0x{value:0{(width + 3) // 4}x}",
    "bytes": lambda value, width: value.to_bytes(width // 8, "big").hex(),
    "mac": _mac,
    "ipv4": lambda value, width: str(ipaddress.IPv4Address(value)),
    "ipv6": lambda value, width: str(ipaddress.IPv6Address(value)),
    "words": lambda value, width: str(value * 4),
    "tcp flags": _tcp_flags,
}

#: The fields of each header, in order: name, width in bits, form.
LAYOUTS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "ethernet": (("destination", 48, "mac"), ("source", 48, "mac"), ("type", 16, "hex")),
    "vlan": (("priority", 3, "dec"), ("dei", 1, "dec"), ("id", 12, "dec"), ("type", 16, "hex")),
    "arp": (
        ("hardware", 16, "dec"),
        ("protocol", 16, "hex"),
        ("hardware size", 8, "dec"),
        ("protocol size", 8, "dec"),
        ("operation", 16, "dec"),
        ("sender hardware", 48, "mac"),
        ("sender", 32, "ipv4"),
        ("target hardware", 48, "mac"),
        ("target", 32, "ipv4"),
    ),
    "ipv4": (
        ("version", 4, "dec"),
        ("header length", 4, "words"),
        ("dscp", 6, "dec"),
        ("ecn", 2, "dec"),
        ("length", 16, "dec"),
        ("id", 16, "dec"),
        ("reserved", 1, "dec"),
        ("df", 1, "dec"),
        ("mf", 1, "dec"),
        ("fragment offset", 13, "dec"),
        ("ttl", 8, "dec"),
        ("protocol", 8, "dec"),
        ("checksum", 16, "hex"),
        ("source", 32, "ipv4"),
        ("destination", 32, "ipv4"),
    ),
    "ipv4 option": (("kind", 8, "dec"),),
    "ipv6": (
        ("version", 4, "dec"),
        ("dscp", 6, "dec"),
        ("ecn", 2, "dec"),
        ("flow", 20, "hex"),
        ("payload length", 16, "dec"),
        ("next header", 8, "dec"),
        ("hop limit", 8, "dec"),
        ("source", 128, "ipv6"),
        ("destination", 128, "ipv6"),
    ),
    "ipv6 extension": (("next header", 8, "dec"), ("length", 8, "dec")),
    "ipv6 fragment": (
        ("next header", 8, "dec"),
        ("reserved", 8, "dec"),
        ("fragment offset", 13, "dec"),
        ("reserved 2", 2, "dec"),
        ("more", 1, "dec"),
        ("id", 32, "dec"),
    ),
    "ah": (
        ("next header", 8, "dec"),
        ("length", 8, "dec"),
        ("reserved", 16, "dec"),
        ("spi", 32, "hex"),
        ("sequence", 32, "dec"),
    ),
    "esp": (("spi", 32, "hex"), ("sequence", 32, "dec")),
    "gre": (("flags", 16, "hex"), ("protocol", 16, "hex")),
    "icmp": (("type", 8, "dec"), ("code", 8, "dec"), ("checksum", 16, "hex"), ("rest", 32, "hex")),
    "icmp echo": (
        ("type", 8, "dec"),
        ("code", 8, "dec"),
        ("checksum", 16, "hex"),
        ("id", 16, "dec"),
        ("sequence", 16, "dec"),
    ),
    "icmpv6": (
        ("type", 8, "dec"),
        ("code", 8, "dec"),
        ("checksum", 16, "hex"),
        ("rest", 32, "hex"),
    ),
    "icmpv6 echo": (
        ("type", 8, "dec"),
        ("code", 8, "dec"),
        ("checksum", 16, "hex"),
        ("id", 16, "dec"),
        ("sequence", 16, "dec"),
    ),
    "tcp": (
        ("source port", 16, "dec"),
        ("destination port", 16, "dec"),
        ("sequence", 32, "dec"),
        ("acknowledgment", 32, "dec"),
        ("header length", 4, "words"),
        ("reserved", 3, "dec"),
        ("flags", 9, "tcp flags"),
        ("window", 16, "dec"),
        ("checksum", 16, "hex"),
        ("urgent", 16, "dec"),
    ),
    "tcp mss": (("kind", 8, "dec"), ("length", 8, "dec"), ("value", 16, "dec")),
    "tcp window scale": (("kind", 8, "dec"), ("length", 8, "dec"), ("shift", 8, "dec")),
    "tcp timestamps": (
        ("kind", 8, "dec"),
        ("length", 8, "dec"),
        ("value", 32, "dec"),
        ("echo", 32, "dec"),
    ),
    "tcp nop": (("kind", 8, "dec"),),
    "tcp option": (("kind", 8, "dec"),),
    "udp": (
        ("source port", 16, "dec"),
        ("destination port", 16, "dec"),
        ("length", 16, "dec"),
        ("checksum", 16, "hex"),
    ),
    "vxlan": (
        ("flags", 8, "hex"),
        ("reserved", 24, "hex"),
        ("vni", 24, "dec"),
        ("reserved 2", 8, "hex"),
    ),
}


@lru_cache(maxsize=4096)
def _fields(name: str, size: int) -> tuple[Field, ...]:
    fields = []
    at = 0
    for field, width, form in LAYOUTS.get(name, ()):
        fields.append(Field(field, at, width, form))
        at += width
    if at < size * 8:
        fields.append(Field("data", at, size * 8 - at, "bytes"))
    return tuple(fields)


#: Bytes of each header.
_SIZES = {name: sum(width for _, width, _ in fields) // 8 for name, fields in LAYOUTS.items()}


#: A packet has no more headers than that, nor parts: what is nested deeper is payload, and options
#: beyond are one. Real tunnels are a few levels deep; a forged packet could have thousands, and two
#: of them are compared part by part.
_MOST_HEADERS = 32
_MOST_PARTS = 96


class _Cutter:
    """Cuts *data* from its first byte on; each method takes one header and names the next."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.end = data, 0, len(data)
        self.parts: list[Part] = []

    def take(self, name: str, size: int) -> None:
        self.parts.append(Part(name, self.at, size))
        self.at += size

    def u8(self, offset: int) -> int:
        return self.data[self.at + offset]

    def u16(self, offset: int) -> int:
        return self.data[self.at + offset] << 8 | self.data[self.at + offset + 1]

    def has(self, size: int) -> bool:
        return self.at + size <= self.end

    def run(self, name: str | None) -> list[Part]:
        """Cut on from a header called *name* until there is none; the rest is payload."""
        stop = self.end
        headers = 0
        while name is not None and name in _SIZES and self.has(_SIZES[name]):
            headers += 1
            if headers > _MOST_HEADERS or len(self.parts) >= _MOST_PARTS:
                break
            name = getattr(self, "cut_" + name.replace(" ", "_"))()
        if self.at < self.end:
            self.take("payload", self.end - self.at)
        if self.end < stop:
            self.end = stop
            self.take("padding", stop - self.at)
        return self.parts

    def cut_ethernet(self) -> str | None:
        kind = self.u16(12)
        self.take("ethernet", 14)
        return _ETHERTYPES.get(kind)

    def cut_vlan(self) -> str | None:
        kind = self.u16(2)
        self.take("vlan", 4)
        return _ETHERTYPES.get(kind)

    def cut_arp(self) -> str | None:
        if (self.u8(4), self.u8(5)) == (6, 4):
            self.take("arp", 28)
            self.pad()
        return None

    def pad(self) -> None:
        """What follows where nothing should is padding."""
        if self.at < self.end:
            self.take("padding", self.end - self.at)

    def cut_ipv4(self) -> str | None:
        header, total, protocol = (self.u8(0) & 15) * 4, self.u16(2), self.u8(9)
        fragment = self.u16(6) & 0x1FFF
        if self.u8(0) >> 4 != 4 or header < 20:
            if self.at:
                return None
            header = max(header, 20)
        if not self.has(header):
            return None
        start = self.at
        self.take("ipv4", 20)
        self.options(start + header, "ipv4 ", {})
        if start + header <= start + total < self.end:
            self.end = start + total
        return None if fragment else _PROTOCOLS.get(protocol)

    def options(self, end: int, prefix: str, names: dict[int, tuple[str, int]]) -> None:
        """The options up to byte *end*: kind, length, value; 0 ends them, 1 stands alone."""
        while self.at < end:
            kind = self.u8(0)
            size = 1 if kind == 1 else end - self.at
            if kind > 1 and self.at + 1 < end and 2 <= self.u8(1) <= end - self.at:
                size = self.u8(1)
            if len(self.parts) >= _MOST_PARTS:
                size = end - self.at
            name, wanted = names.get(kind, ("option", size))
            self.take(prefix + (name if size == wanted else "option"), size)

    def cut_ipv6(self) -> str | None:
        if self.u8(0) >> 4 != 6 and self.at:
            return None
        length, following = self.u16(4), self.u8(6)
        self.take("ipv6", 40)
        if self.at + length < self.end:
            self.end = self.at + length
        return _NEXT_HEADERS.get(following)

    def cut_ipv6_extension(self) -> str | None:
        size, following = self.u8(1) * 8 + 8, self.u8(0)
        if not self.has(size):
            return None
        self.take("ipv6 extension", size)
        return _NEXT_HEADERS.get(following)

    def cut_ipv6_fragment(self) -> str | None:
        following, offset = self.u8(0), self.u16(2) >> 3
        self.take("ipv6 fragment", 8)
        return None if offset else _NEXT_HEADERS.get(following)

    def cut_ah(self) -> str | None:
        size, following = self.u8(1) * 4 + 8, self.u8(0)
        if size < 12 or not self.has(size):
            return None
        self.take("ah", size)
        return _NEXT_HEADERS.get(following)

    def cut_esp(self) -> str | None:
        self.take("esp", 8)
        return None

    def cut_gre(self) -> str | None:
        flags, kind = self.u16(0), self.u16(2)
        # Checksum, key and sequence number take four bytes each where their flag is set.
        size = 4 + 4 * (flags >> 15 & 1) + 4 * (flags >> 13 & 1) + 4 * (flags >> 12 & 1)
        if not self.has(size):
            return None
        self.take("gre", size)
        return "ethernet" if kind == 0x6558 else _ETHERTYPES.get(kind)

    def cut_icmp(self) -> str | None:
        kind = self.u8(0)
        self.take("icmp echo" if kind in (0, 8) else "icmp", 8)
        return "ipv4" if kind in (3, 4, 5, 11, 12) else None

    def cut_icmpv6(self) -> str | None:
        kind = self.u8(0)
        self.take("icmpv6 echo" if kind in (128, 129) else "icmpv6", 8)
        return "ipv6" if kind in (1, 2, 3, 4) else None

    def cut_tcp(self) -> str | None:
        header = (self.u8(12) >> 4) * 4
        if header < 20 and self.at:
            return None
        start = self.at
        self.take("tcp", 20)
        if header <= self.end - start:
            self.options(start + header, "tcp ", _TCP_OPTIONS)
        return None

    def cut_udp(self) -> str | None:
        vxlan = self.u16(2) == 4789
        self.take("udp", 8)
        return "vxlan" if vxlan else None

    def cut_vxlan(self) -> str | None:
        self.take("vxlan", 8)
        return "ethernet"


_ETHERTYPES = {
    0x0800: "ipv4",
    0x0806: "arp",
    0x86DD: "ipv6",
    0x8100: "vlan",
    0x88A8: "vlan",
}
_PROTOCOLS = {
    1: "icmp",
    4: "ipv4",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
}
_NEXT_HEADERS = {
    **_PROTOCOLS,
    0: "ipv6 extension",
    43: "ipv6 extension",
    44: "ipv6 fragment",
    58: "icmpv6",
    60: "ipv6 extension",
}
del _NEXT_HEADERS[1]
_TCP_OPTIONS = {
    1: ("nop", 1),
    2: ("mss", 4),
    3: ("window scale", 3),
    8: ("timestamps", 10),
}

_FIRST = {
    LinkType.ETHERNET: "ethernet",
    LinkType.IPV4: "ipv4",
    LinkType.IPV6: "ipv6",
    LinkType.ARP: "arp",
    LinkType.TCP: "tcp",
    LinkType.UDP: "udp",
    LinkType.ICMP: "icmp",
    LinkType.ICMP6: "icmpv6",
}


#: What a packet starts with that starts with such a header.
STARTS = {name: linktype for linktype, name in _FIRST.items()}
STARTS["icmp echo"], STARTS["icmpv6 echo"] = LinkType.ICMP, LinkType.ICMP6


@lru_cache(maxsize=32)
def dissect(data: bytes, linktype: LinkType) -> tuple[Part, ...]:
    """The parts of packet *data*: consecutive, from its first byte to its last.

    In the kernel a packet is looked at half-made: of a first header that is said to be IP or TCP,
    version and length need not be filled in yet.

    :param data: the packet; any bytes at all.
    :param linktype: what it starts with; all of an UNKNOWN one is payload.
    """
    first = _FIRST.get(linktype)
    if linktype is LinkType.RAW:
        first = "ipv6" if data[:1] and data[0] >> 4 == 6 else "ipv4"
    return tuple(_Cutter(data).run(first))


def walk(data: bytes, parts: tuple[Part, ...]) -> Iterator[tuple[Part, Field, str]]:
    """Each field of each part of packet *data*, with its value as people write it."""
    for part in parts:
        for field in part.fields:
            yield part, field, field.text(part, data)
