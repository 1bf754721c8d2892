# SPDX-License-Identifier: BSD-2-Clause
"""
Packets that are shown to others: without what they carry, and with other addresses.

Without payload, what is left of a packet are its headers up to that of TCP, UDP, ICMP or ARP: what
is not known to be one of these is payload. Addresses become others by Crypto-PAn: two that share
their first n bits still do, and with the same key an address always becomes the same one. What
headers say of addresses in other ways goes with it: checksums, IPv4 options, the packet that an
ICMP error quotes.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from dtkit.packets.linktype import LinkType
from dtkit.packets.packet import Packet

__all__ = ["KEY_LENGTH", "Anonymiser", "Privacy"]

#: Bytes of a key.
KEY_LENGTH = 32

_ETHERNET, _ARP, _IPV4, _IPV6, _VLAN = 14, 0x0806, 0x0800, 0x86DD, (0x8100, 0x88A8)
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58

_ADDRESS = re.compile(
    r"(?<![\w.:])(?:(?P<mac>(?:[0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2})(?![\w:])"
    r"|(?P<ipv6>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])"
    r"|(?P<ipv4>(?:\d{1,3}\.){3}\d{1,3})(?!\w|\.\d))"
)


class Anonymiser:
    """
    Other addresses and names, by a key.

    :param key: of :data:`KEY_LENGTH` bytes; whoever has it can find out what an address was.
    :raises ImportError: yacryptopan is not installed: it comes with ``dtkit[anonymise]``.
    :raises ValueError: the key is of another length.
    """

    def __init__(self, key: bytes) -> None:
        from yacryptopan import CryptoPAn

        if len(key) != KEY_LENGTH:
            raise ValueError(f"a key has {KEY_LENGTH} bytes, and not {len(key)}")
        self._key = key
        change = CryptoPAn(key).anonymize_bin
        # Each takes 32 or 128 rounds of AES.
        self._change: Callable[[int, int], int] = lru_cache(maxsize=1 << 16)(change)

    def ip(self, address: bytes) -> bytes:
        """An IPv4 or IPv6 address; that of nobody (all zeros) and of all (all ones) stay."""
        if not any(address) or address == b"\xff\xff\xff\xff":
            return address
        version = 4 if len(address) == 4 else 6
        changed = int(self._change(int.from_bytes(address, "big"), version))
        return changed.to_bytes(len(address), "big")

    def mac(self, address: bytes) -> bytes:
        """An Ethernet address: a locally administered one, of a group where it was one."""
        if not any(address) or address == b"\xff" * 6:
            return address
        return bytes([address[0] & 1 | 2]) + self._digest(b"mac", address)[:5]

    def name(self, kind: str, text: str) -> str:
        """A name of a process, a jail or the like."""
        return f"{kind}-{self._digest(kind.encode(), text.encode('utf-8', 'replace')).hex()[:8]}"

    def number(self, number: int) -> int:
        """An address in the kernel: one of 32 bits, that is no kernel's."""
        return int.from_bytes(self._digest(b"pointer", str(number).encode())[:4], "big")

    def text(self, text: str) -> str:
        """*text* with other addresses in it."""
        return _ADDRESS.sub(self._readdressed, text)

    def _readdressed(self, found: re.Match[str]) -> str:
        if found["mac"]:
            octets = bytes(int(part, 16) for part in found[0].split(":"))
            return self.mac(octets).hex(":")
        try:
            address = ipaddress.ip_address(found[0])
        except ValueError:
            return found[0]
        return str(ipaddress.ip_address(self.ip(address.packed)))

    def _digest(self, kind: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, kind + b"\0" + data, hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Privacy:
    """
    What of packets is not shown.

    :ivar anonymiser: makes other addresses; None where they stay.
    """

    anonymiser: Anonymiser | None = None

    def packet(self, packet: Packet) -> Packet:
        """What may be shown of a packet; its length stays."""
        length = len(packet.data) if packet.length is None else packet.length
        packet = packet._replace(data=self.data(packet.data, packet.linktype), length=length)
        if self.anonymiser is None:
            return packet
        mbuf = None if packet.mbuf is None else self.anonymiser.number(packet.mbuf)
        # What the kernel keeps beside a packet has its hash, and may have its addresses.
        return packet._replace(mbuf=mbuf, header=None)

    def data(self, data: bytes, linktype: LinkType) -> bytes:
        """The headers that are at the beginning of *data*."""
        out = bytearray(data)
        match linktype:
            case LinkType.ETHERNET:
                end = self._ethernet(out)
            case LinkType.ARP:
                end = self._arp(out, 0)
            case LinkType.RAW | LinkType.IPV4 | LinkType.IPV6:
                version = data[0] >> 4 if data else 0
                end = self._ipv4(out, 0) if version == 4 else self._ipv6(out, 0, version)
            case LinkType.TCP | LinkType.UDP | LinkType.ICMP | LinkType.ICMP6:
                end = self._transport(out, 0, _PROTOCOLS[linktype])
            case _:
                end = 0
        return bytes(out[:end])

    def _ethernet(self, out: bytearray) -> int:
        if len(out) < _ETHERNET:
            return 0
        if self.anonymiser is not None:
            out[0:6], out[6:12] = (
                self.anonymiser.mac(bytes(out[:6])),
                self.anonymiser.mac(bytes(out[6:12])),
            )
        at = _ETHERNET
        kind = int.from_bytes(out[at - 2 : at], "big")
        while kind in _VLAN and len(out) >= at + 4:
            at += 4
            kind = int.from_bytes(out[at - 2 : at], "big")
        if kind == _IPV4:
            return self._ipv4(out, at)
        if kind == _IPV6:
            return self._ipv6(out, at, 6)
        return self._arp(out, at) if kind == _ARP else at

    def _arp(self, out: bytearray, at: int) -> int:
        """Of IPv4 over Ethernet: others are payload behind what says so."""
        if out[at : at + 6] != b"\x00\x01\x08\x00\x06\x04" or len(out) < at + 28:
            return min(at + 8, len(out))
        if self.anonymiser is not None:
            for mac in (at + 8, at + 18):
                out[mac : mac + 6] = self.anonymiser.mac(bytes(out[mac : mac + 6]))
                out[mac + 6 : mac + 10] = self.anonymiser.ip(bytes(out[mac + 6 : mac + 10]))
        return at + 28

    def _ipv4(self, out: bytearray, at: int) -> int:
        size = (out[at] & 15) * 4 if len(out) > at else 0
        if size == 0:  # packets of this host have no length yet at ip_output
            size = 20
        if size < 20 or len(out) < at + size or out[at] >> 4 not in (0, 4):
            return at
        if self.anonymiser is not None:
            for address in (at + 12, at + 16):
                out[address : address + 4] = self.anonymiser.ip(bytes(out[address : address + 4]))
            out[at + 20 : at + size] = b"\x01" * (size - 20)
            if any(out[at + 10 : at + 12]):
                out[at + 10 : at + 12] = b"\0\0"
                out[at + 10 : at + 12] = _checksum(out[at : at + size])
        if int.from_bytes(out[at + 6 : at + 8], "big") & 0x1FFF:
            return at + size  # a later fragment is payload
        return self._transport(out, at + size, out[at + 9])

    def _ipv6(self, out: bytearray, at: int, version: int) -> int:
        if len(out) < at + 40 or version != 6:
            return at
        if self.anonymiser is not None:
            for address in (at + 8, at + 24):
                out[address : address + 16] = self.anonymiser.ip(bytes(out[address : address + 16]))
        # Behind other headers than these (of routes, of options) is more than headers say.
        return self._transport(out, at + 40, out[at + 6])

    def _transport(self, out: bytearray, at: int, protocol: int) -> int:
        """Where its header ends; what is cut inside one stays."""
        rest = len(out) - at
        if protocol == _TCP:
            size = max(20, (out[at + 12] >> 4) * 4) if rest > 12 else 20
            checksum = 16
        elif protocol == _UDP:
            size, checksum = 8, 6
        elif protocol in (_ICMP, _ICMP6):
            size, checksum = 8, 2
            # A redirect names a router here; an echo its number, an error the MTU.
            redirect = rest > 0 and protocol == _ICMP and out[at] == 5
            if self.anonymiser is not None and redirect and rest >= 8:
                out[at + 4 : at + 8] = self.anonymiser.ip(bytes(out[at + 4 : at + 8]))
        else:
            return at
        if self.anonymiser is not None and rest >= checksum + 2:
            out[at + checksum : at + checksum + 2] = b"\0\0"
        return at + min(size, max(rest, 0))


_PROTOCOLS = {
    LinkType.TCP: _TCP,
    LinkType.UDP: _UDP,
    LinkType.ICMP: _ICMP,
    LinkType.ICMP6: _ICMP6,
}


def _checksum(header: bytearray) -> bytes:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")
