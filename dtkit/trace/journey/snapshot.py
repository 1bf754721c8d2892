# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of a packet at one moment of its way."""

from __future__ import annotations

import struct
from typing import NamedTuple

from dtkit.packets.linktype import LinkType
from dtkit.packets.summary import summarize

__all__ = ["Snapshot", "guess_linktype"]


class Snapshot(NamedTuple):
    """What a packet's bytes were at one moment. (A named tuple: made for each of a capture.)

    :ivar data: the bytes.
    :ivar known: their link type where the source tells, else None.
    :ivar length: bytes of the packet where more are known to exist than in *data*, else None.
    """

    data: bytes
    known: LinkType | None = None
    length: int | None = None

    @property
    def linktype(self) -> LinkType:
        """What the bytes start with: as known, else by what they look like."""
        return guess_linktype(self.data, self.length) if self.known is None else self.known

    @property
    def summary(self) -> str:
        """One tcpdump-like line about the headers."""
        return summarize(self.data, self.linktype, self.length)


def guess_linktype(data: bytes, length: int | None = None) -> LinkType:
    """RAW when *data* is an IP packet, ETHERNET otherwise: mbuf_trace captures hold these two.
    No bytes at all are UNKNOWN.

    An IPv4 packet has a length that fits and a header whose checksum is right, or is as long as
    it says and leaves its checksum, 0, to the interface; an IPv6 packet is as long as it says.

    :param length: of the whole packet, where *data* is less of it.
    """
    size = max(len(data), length or 0)
    if len(data) < 20:
        return LinkType.ETHERNET if data else LinkType.UNKNOWN
    first = data[0]
    if first >> 4 == 4:
        header, total = (first & 15) * 4, data[2] << 8 | data[3]
        if 20 <= header <= min(total, len(data)) and total <= size:
            # The one's complement sum of a whole header with its checksum is all ones.
            words = struct.unpack_from(f">{header // 2}H", data)
            if sum(words) % 0xFFFF == 0 or (total == size and words[5] == 0):
                return LinkType.RAW
    elif first >> 4 == 6 and len(data) >= 40 and (data[4] << 8 | data[5]) + 40 == size:
        return LinkType.RAW
    return LinkType.ETHERNET
