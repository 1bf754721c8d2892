# SPDX-License-Identifier: BSD-2-Clause
"""Packets for tests, put together by hand."""

from __future__ import annotations

import struct
from ipaddress import ip_address

from dtkit.packets.linktype import LinkType


def checksum(data: bytes) -> int:
    words: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return ~words & 0xFFFF


def ipv4(
    protocol: int,
    payload: bytes,
    *,
    source: str = "10.0.0.1",
    target: str = "10.0.0.2",
    id: int = 7,
    fragment: int = 0,
    more: bool = False,
    length: int | None = None,
    sum: bool = True,
) -> bytes:
    total = 20 + len(payload) if length is None else length
    flags = fragment // 8 | more << 13
    header = struct.pack(
        ">BBHHHBBH4s4s",
        0x45,
        0,
        total,
        id,
        flags,
        64,
        protocol,
        0,
        ip_address(source).packed,
        ip_address(target).packed,
    )
    if sum:
        header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return header + payload


def ipv6(next_header: int, payload: bytes) -> bytes:
    source, target = ip_address("fe80::1").packed, ip_address("fe80::2").packed
    return struct.pack(">IHBB", 6 << 28, len(payload), next_header, 64) + source + target + payload


def tcp(flags: int = 0x10, options: bytes = b"", payload: bytes = b"", port: int = 22) -> bytes:
    options += bytes(-len(options) % 4)
    offset = (20 + len(options)) // 4 << 4
    return (
        struct.pack(">HHIIBBHHH", 1024, port, 100, 200, offset, flags, 512, 0, 9)
        + options
        + payload
    )


def udp(payload: bytes = b"") -> bytes:
    return struct.pack(">HHHH", 5353, 53, 8 + len(payload), 0) + payload


def icmp(kind: int = 8, code: int = 0, rest: bytes = b"\0\x01\0\x02data") -> bytes:
    return bytes([kind, code, 0, 0]) + rest


ARP = bytes.fromhex("0001080006040001020000000001 0a090001 000000000000 0a090002")


def ethernet(kind: int, payload: bytes, tag: int | None = None) -> bytes:
    vlan = b"" if tag is None else struct.pack(">HH", 0x8100, tag)
    return bytes.fromhex("020000000001 02f56432bc0a") + vlan + struct.pack(">H", kind) + payload


#: One packet or more of every link type, by a name that says what it is.
PACKETS: dict[str, tuple[LinkType, bytes]] = {
    "tcp": (LinkType.IPV4, ipv4(6, tcp())),
    "udp": (LinkType.IPV4, ipv4(17, udp(b"query"))),
    "icmp": (LinkType.RAW, ipv4(1, icmp())),
    "tcp over ipv6": (LinkType.IPV6, ipv6(6, tcp())),
    "icmp6": (LinkType.RAW, ipv6(58, icmp(135, rest=bytes(20)))),
    "ethernet": (LinkType.ETHERNET, ethernet(0x0800, ipv4(6, tcp()))),
    "arp in ethernet": (LinkType.ETHERNET, ethernet(0x0806, ARP)),
    "vlan": (LinkType.ETHERNET, ethernet(0x0800, ipv4(6, tcp()), tag=42)),
    "arp": (LinkType.ARP, ARP),
    "bare tcp": (LinkType.TCP, tcp()),
    "bare udp": (LinkType.UDP, udp(b"query")),
    "bare icmp": (LinkType.ICMP, icmp()),
    "bare icmp6": (LinkType.ICMP6, icmp(135, rest=bytes(20))),
    "anything": (LinkType.UNKNOWN, b"\x10\x02\x1e\x61" + bytes(12)),
}
