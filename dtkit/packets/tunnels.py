# SPDX-License-Identifier: BSD-2-Clause
"""
What tunnels carry: the packets within a packet, and a filter on these.

IP in IP (protocols 4 and 41), GRE with IP or Ethernet in it, and VXLAN (UDP port 4789), within each
other to any depth; an AH header in between is passed over. What is encrypted is not seen; where the
kernel has decrypted it, it is the packet itself, or IP in IP.
"""

from __future__ import annotations

from collections.abc import Iterator

from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Program, compile_filter

__all__ = ["VXLAN_PORT", "InnerFilter", "inner_packets"]

VXLAN_PORT = 4789

_IPV4, _IPV6, _TRANSPARENT = 0x0800, 0x86DD, 0x6558
_VLANS = (0x8100, 0x88A8)

#: Headers of IPv6 that may stand before what it carries, with their units and bias of length.
_EXTENSIONS = {0: (8, 8), 43: (8, 8), 60: (8, 8), 51: (4, 8)}

_NETWORK = (LinkType.RAW, LinkType.IPV4, LinkType.IPV6)

#: Layers that are looked into; a packet of 64 KiB cannot have many more that mean something.
_DEEPEST = 64


def inner_packets(data: bytes, linktype: LinkType) -> Iterator[tuple[LinkType, bytes]]:
    """
    The packets within a packet, from the outside in, as far as its bytes go.

    :param data: the packet; any bytes at all.
    :param linktype: what it starts with.
    :return: what each starts with, ``RAW`` or ``ETHERNET``, and its bytes.
    """
    found: tuple[LinkType, bytes] | None
    if linktype is LinkType.ETHERNET:
        found = _within((LinkType.ETHERNET, data))
    elif linktype in _NETWORK:
        found = _within((LinkType.RAW, data))
    else:
        found = _of_udp(data) if linktype is LinkType.UDP else None
    for _ in range(_DEEPEST):
        if found is None:
            return
        yield found
        found = _within(found)


def _within(packet: tuple[LinkType, bytes]) -> tuple[LinkType, bytes] | None:
    """The next packet within one."""
    kind, data = packet
    found = _behind_ethernet(data) if kind is LinkType.ETHERNET else data
    return None if found is None else _carried(found)


def _behind_ethernet(data: bytes) -> bytes | None:
    at = 12
    while int.from_bytes(data[at : at + 2]) in _VLANS and len(data) >= at + 6:
        at += 4
    kind = int.from_bytes(data[at : at + 2])
    return data[at + 2 :] if kind in (_IPV4, _IPV6) and len(data) >= at + 2 else None


def _carried(data: bytes) -> tuple[LinkType, bytes] | None:
    """What a packet of IP carries that is a packet itself."""
    version = data[0] >> 4 if data else 0
    if version == 4 and len(data) >= 20:
        # On the way out the length may not be filled in yet.
        header, protocol = (data[0] & 15) * 4 or 20, data[9]
        if header < 20 or data[6] & 0x1F or data[7]:
            return None
    elif version == 6 and len(data) >= 40:
        header, protocol = 40, data[6]
    else:
        return None
    while protocol in _EXTENSIONS and (version == 6 or protocol == 51) and len(data) >= header + 8:
        unit, bias = _EXTENSIONS[protocol]
        protocol, header = data[header], header + data[header + 1] * unit + bias
    rest = data[header:]
    if protocol in (4, 41):
        return (LinkType.RAW, rest) if rest else None
    if protocol == 47:
        return _of_gre(rest)
    return _of_udp(rest) if protocol == 17 else None


def _of_gre(data: bytes) -> tuple[LinkType, bytes] | None:
    if len(data) < 4:
        return None
    flags, kind = int.from_bytes(data[:2]), int.from_bytes(data[2:4])
    rest = data[4 + 4 * sum(flags >> bit & 1 for bit in (15, 13, 12)) :]
    if not rest or kind not in (_IPV4, _IPV6, _TRANSPARENT):
        return None
    return (LinkType.ETHERNET if kind == _TRANSPARENT else LinkType.RAW), rest


def _of_udp(data: bytes) -> tuple[LinkType, bytes] | None:
    if len(data) <= 16 or int.from_bytes(data[2:4]) != VXLAN_PORT:
        return None
    return LinkType.ETHERNET, data[16:]


class InnerFilter:
    """
    A filter on what tunnels carry: of several layers any may match.

    It looks at packets of IP where it can, behind the header of a frame and VLAN tags, as filters
    in D do; one that asks for Ethernet looks at frames.

    :param expression: of pcap-filter(7).
    :raises FilterError: it is none.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self._programs: dict[LinkType, Program | None] = {}
        for linktype in (LinkType.RAW, LinkType.ETHERNET):
            try:
                self._programs[linktype] = compile_filter(expression, linktype)
            except FilterError:
                self._programs[linktype] = None
        if not any(self._programs.values()):
            compile_filter(expression, LinkType.ETHERNET)  # which says why

    def matches(self, data: bytes, linktype: LinkType, decrypted: bool = False) -> bool:
        """
        Whether a packet within that one passes.

        :param decrypted: whether it was within another itself, which IPsec has decrypted.
        """
        if decrypted and linktype in (*_NETWORK, LinkType.ETHERNET):
            frame = linktype is LinkType.ETHERNET
            if self._passes(LinkType.ETHERNET if frame else LinkType.RAW, data):
                return True
        return any(self._passes(kind, inner) for kind, inner in inner_packets(data, linktype))

    def _passes(self, kind: LinkType, data: bytes) -> bool:
        packet = _behind_ethernet(data) if kind is LinkType.ETHERNET else data
        network, frames = self._programs[LinkType.RAW], self._programs[LinkType.ETHERNET]
        if packet is not None and network is not None:
            return network.matches(packet)
        return kind is LinkType.ETHERNET and frames is not None and frames.matches(data)
