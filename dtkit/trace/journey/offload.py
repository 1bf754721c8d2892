# SPDX-License-Identifier: BSD-2-Clause
"""
What a packet leaves to the hardware, told by its bytes: no error, but half of the work.

FreeBSD leaves an IPv4 header's checksum 0 for an interface to fill in (CSUM_IP), puts the sum of
the pseudo header where the interface is to complete that of TCP or UDP (CSUM_TCP, CSUM_UDP: with
the length; CSUM_TSO: without), and hands over up to 64 kB at once, which the interface cuts into
segments (TSO) or has joined from segments (LRO).
"""

from __future__ import annotations

import struct
from functools import lru_cache

from dtkit.native import speedups
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.headers import Part, dissect

__all__ = ["offloads"]

#: No interface sends more in a frame: jumbo frames are at most so long.
_LONGEST = 9216

_PROTOCOLS = {"tcp": 6, "udp": 17}

#: Where the checksum stands.
_SUMS = {"tcp": 16, "udp": 6}


def offloads(data: bytes, linktype: LinkType) -> tuple[str, ...]:
    """What packet *data* leaves to the hardware, a phrase each; of its first IP header."""
    if linktype is LinkType.ETHERNET and _plainly_none(data):
        return ()
    return _offloads(data, linktype)


@lru_cache(maxsize=64)
def _offloads(data: bytes, linktype: LinkType) -> tuple[str, ...]:
    parts = dissect(data, linktype)
    at = next((at for at, part in enumerate(parts) if part.name in ("ipv4", "ipv6")), None)
    if at is None:
        return ()
    ip = parts[at]
    found = []
    # A header that says no length is not made up yet, and neither is its checksum left to anyone.
    unfinished = ip.name == "ipv4" and data[ip.at] & 0xF < 5
    if ip.name == "ipv4" and not unfinished and data[ip.at + 10 : ip.at + 12] == b"\0\0":
        found.append("ip checksum left to the hardware")
    transport = next((part for part in parts[at + 1 :] if part.name in _PROTOCOLS), None)
    between = [part.name for part in parts[at + 1 : parts.index(transport)]] if transport else []
    cut = False
    if transport is not None and all(name == "ipv4 option" for name in between):
        kind = transport.name
        pseudo, length = _pseudo(data, ip, transport)
        field = transport.at + _SUMS[kind]
        (stored,) = struct.unpack_from(">H", data, field)
        if stored and stored == _folded(pseudo + length):
            found.append(f"{kind} checksum left to the hardware")
        elif stored and stored == _folded(pseudo):
            cut = kind == "tcp"
            found.append(f"{kind} checksum left to the hardware")
    total = _total(data, ip)
    if cut:
        found.append(f"{total} bytes to be cut into segments by the hardware (TSO)")
    elif total > _LONGEST and transport is not None and transport.name == "tcp":
        found.append(f"{total} bytes at once: segments to be cut (TSO) or joined (LRO)")
    return tuple(found)


#: Of Ethernet with IPv4: type, version, length, protocol, checksum, and the addresses as words.
_ETHERNET_IPV4 = struct.Struct(">12xHBxH5xBH4H").unpack_from


def plainly_none_in_python(data: bytes) -> bool:
    """
    Whether a frame leaves nothing to the hardware, told without taking it apart.

    That would take as long as all else that is told of most packets.
    """
    if len(data) < 54:
        return False
    kind, first, total, protocol, checksum, *words = _ETHERNET_IPV4(data)
    if (kind, first) != (0x0800, 0x45) or not checksum or total > _LONGEST:
        return False
    if protocol not in (6, 17):
        return True
    pseudo = sum(words) + protocol
    (stored,) = _SUM(data, 50 if protocol == 6 else 40)
    return stored not in (_folded(pseudo), _folded(pseudo + max(total - 20, 0)))


_SUM = struct.Struct(">H").unpack_from

_plainly_none = plainly_none_in_python if speedups is None else speedups.plainly_none


@lru_cache(maxsize=64)
def wrong_checksum(data: bytes, linktype: LinkType) -> bool:
    """
    Whether the checksum of TCP or UDP is wrong by the packet's bytes.

    :return: False also where not all of the packet is there, or there is none.
    """
    parts = dissect(data, linktype)
    at = next((at for at, part in enumerate(parts) if part.name in ("ipv4", "ipv6")), None)
    if at is None or len(parts) <= at + 1 or parts[at + 1].name not in _PROTOCOLS:
        return False
    ip, transport = parts[at], parts[at + 1]
    pseudo, length = _pseudo(data, ip, transport)
    body = data[transport.at : transport.at + length]
    field = _SUMS[transport.name]
    if len(body) < length or length < field + 2 or offloads(data, linktype):
        return False
    if transport.name == "udp" and body[field : field + 2] == b"\0\0":
        return False  # it has none
    padded = body + b"\0" * (length % 2)
    total = pseudo + length + sum(struct.unpack(f">{len(padded) // 2}H", padded))
    return _folded(total) != 0xFFFF


def _total(data: bytes, ip: Part) -> int:
    at = ip.at + (2 if ip.name == "ipv4" else 4)
    (length,) = struct.unpack_from(">H", data, at)
    return int(length) if ip.name == "ipv4" else int(length) + 40


def _pseudo(data: bytes, ip: Part, transport: Part) -> tuple[int, int]:
    """The sum of the pseudo header's addresses and protocol, and the length in it."""
    start, end = (ip.at + 12, ip.at + 20) if ip.name == "ipv4" else (ip.at + 8, ip.at + 40)
    words = struct.unpack(f">{(end - start) // 2}H", data[start:end])
    length = _total(data, ip) - (transport.at - ip.at)
    return sum(words) + _PROTOCOLS[transport.name], max(length, 0)


def _folded(value: int) -> int:
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value
