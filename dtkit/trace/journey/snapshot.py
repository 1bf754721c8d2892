# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of a packet at one moment of its way."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from dtkit.packets.linktype import LinkType, sniff
from dtkit.packets.summary import summarize
from dtkit.trace.journey.columns import Words
from dtkit.trace.journey.offload import offloads

__all__ = ["Snapshot"]


class Snapshot(NamedTuple):
    """What a packet's bytes were at one moment. (A named tuple: made for each of a capture.)

    :ivar known: their link type where the source tells, else None.
    """

    data: Annotated[bytes, Words("the bytes; in JSON lower-case hex")]
    known: LinkType | None = None
    length: Annotated[
        int | None, Words("bytes of the packet where more are known to exist; else null")
    ] = None

    @classmethod
    def sniffed(cls, data: bytes) -> Snapshot:
        """That of a whole packet, known to start with what it looks like."""
        # By Snapshot(), in a third of the time.
        return tuple.__new__(cls, (data, sniff(data, len(data), LinkType.ETHERNET), None))

    def taken_for(self, linktype: LinkType) -> Snapshot:
        """The same, known to start with that."""
        # By _replace(), in a fifth of the time.
        return tuple.__new__(Snapshot, (self[0], linktype, self[2]))

    @property
    def captured(self) -> Annotated[int, Words("how many bytes there are")]:
        """How many bytes there are."""
        return len(self.data)

    @property
    def linktype(self) -> Annotated[LinkType, Words("what the bytes start with")]:
        """What the bytes start with: as known, else by what they look like."""
        if self.known is not None:
            return self.known
        return sniff(self.data, self.length or len(self.data), LinkType.ETHERNET)

    @property
    def summary(self) -> Annotated[str, Words("one line about the headers")]:
        """One tcpdump-like line about the headers."""
        return summarize(self.data, self.linktype, self.length)

    @property
    def offloads(
        self,
    ) -> Annotated[tuple[str, ...], Words("what it leaves to the hardware: checksums, segments")]:
        """What the bytes leave to the hardware, a phrase each."""
        return offloads(self.data, self.linktype)
