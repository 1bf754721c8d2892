# SPDX-License-Identifier: BSD-2-Clause
"""
Packets as scapy has them, for those who have scapy.

It is under the GPL, which dtkit is not: it comes with no extra of dtkit, and nothing but this
function asks for it.
"""

from __future__ import annotations

from typing import Any

from dtkit.packets.linktype import LinkType

#: The class of scapy.all that packets of a link type begin with.
_CLASSES = {
    LinkType.ETHERNET: "Ether",
    LinkType.IPV4: "IP",
    LinkType.IPV6: "IPv6",
    LinkType.ARP: "ARP",
    LinkType.TCP: "TCP",
    LinkType.UDP: "UDP",
    LinkType.ICMP: "ICMP",
}


def to_scapy(data: bytes, linktype: LinkType) -> Any:
    """
    *data*, which starts with *linktype*, dissected by scapy.

    :raises ImportError: scapy is not installed.
    """
    import scapy.all

    if linktype is LinkType.RAW and data:
        linktype = {4: LinkType.IPV4, 6: LinkType.IPV6}.get(data[0] >> 4, linktype)
    return getattr(scapy.all, _CLASSES.get(linktype, "Raw"))(data)
