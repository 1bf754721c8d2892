# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of a packet at one moment of its way."""

from __future__ import annotations

from typing import NamedTuple

from dtkit.packets.linktype import LinkType, sniff
from dtkit.packets.summary import summarize

__all__ = ["Snapshot"]


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
        if self.known is not None:
            return self.known
        return sniff(self.data, self.length or len(self.data), LinkType.ETHERNET)

    @property
    def summary(self) -> str:
        """One tcpdump-like line about the headers."""
        return summarize(self.data, self.linktype, self.length)
