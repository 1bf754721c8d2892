# SPDX-License-Identifier: BSD-2-Clause
"""
The packet: what dtkit makes of one dump, or of the joined segments of one firing.

Named tuples where the project has frozen dataclasses otherwise: hundreds of thousands are made a
second, and these take a third of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, repeat
from typing import Any, NamedTuple

from dtkit.packets.header import MbufHeader
from dtkit.packets.linktype import LinkType
from dtkit.packets.summary import summarize


class Origin(NamedTuple):
    """
    Where packets were seen, as far as it is known; one object for all that were seen there.

    :ivar probe: probe description, with the module where the source says it:
        ``fbt:kernel:tcp_input:entry``.
    :ivar function: function of the probe.
    :ivar name: name of the probe.
    :ivar cpu: the CPU it fired on.
    :ivar id: probe id.
    """

    probe: str | None = None
    function: str | None = None
    name: str | None = None
    cpu: int | None = None
    id: int | None = None


NOWHERE = Origin()


class Packet(NamedTuple):
    """
    Bytes of a packet, and where they were seen. What is not known is None.

    :ivar data: the bytes.
    :ivar linktype: what *data* starts with.
    :ivar origin: where it was seen.
    :ivar line: line of the source, from 1.
    :ivar timestamp: ns since boot.
    :ivar time: ns since the epoch.
    :ivar mbuf: address of the first mbuf.
    :ivar offset: bytes of the chain in front of *data*.
    :ivar length: bytes of the packet from *offset* on, captured or not.
    :ivar exact: whether *data* is known to be packet to its last byte. Without an exact length a
        dump may run past the packet into whatever memory follows.
    :ivar header: what the kernel knows of it beside the bytes, where that was asked for.
    """

    data: bytes
    linktype: LinkType
    origin: Origin = NOWHERE
    line: int | None = None
    timestamp: int | None = None
    time: int | None = None
    mbuf: int | None = None
    offset: int = 0
    length: int | None = None
    exact: bool = False
    header: MbufHeader | None = None

    @property
    def summary(self) -> str:
        """One tcpdump-like line about the headers."""
        return summarize(self.data, self.linktype, self.length)

    def to_scapy(self) -> Any:
        """
        The packet as a packet of scapy, which is not a part of dtkit: install it beside.

        Its ``time`` (in seconds) and ``wirelen`` are set where they are known.

        :raises ImportError: scapy is not installed.
        """
        from dtkit.packets.dissected import to_scapy

        made = to_scapy(self.data, self.linktype)
        if self.time is not None:
            made.time = self.time / 1e9
        if self.length is not None:
            made.wirelen = self.length
        return made

    def __str__(self) -> str:
        cpu = "-" if self.origin.cpu is None else self.origin.cpu
        return f"{cpu:>3} {self.origin.probe or '-'}  {self.summary}"

    def to_dict(self) -> dict[str, Any]:
        """The packet as JSON-ready values; the mbuf's address and the bytes are hex strings."""
        return {
            "type": "packet",
            **self.origin._asdict(),
            "time": self.time,
            "timestamp": self.timestamp,
            "mbuf": None if self.mbuf is None else f"{self.mbuf:#x}",
            "offset": self.offset,
            "length": self.length,
            "captured": len(self.data),
            "exact": self.exact,
            "linktype": self.linktype.name,
            "data": self.data.hex(),
            "summary": self.summary,
            "line": self.line,
            **({} if self.header is None else {"header": self.header.known()}),
        }


@dataclass(frozen=True, slots=True)
class PacketRun:
    """
    Packets, column by column; made into packets when looked at.

    :ivar data: the bytes of each.
    :ivar linktypes: what each starts with.
    :ivar origins: where each was seen.
    :ivar lines: line of each.
    :ivar timestamps: ns since boot; empty where no time is known.
    :ivar times: ns since the epoch; empty likewise.
    :ivar mbufs: address of the first mbuf of each; empty where it is not known.
    :ivar offsets: bytes of the chain in front of each; empty for none.
    :ivar lengths: bytes of the packets from there on; empty where they are not known.
    :ivar exact: whether all data is known to be packet to its last byte.
    """

    data: list[bytes]
    linktypes: Sequence[LinkType]
    origins: list[Origin]
    lines: Sequence[int]
    timestamps: Sequence[int] = ()
    times: Sequence[int] = ()
    mbufs: Sequence[int] = ()
    offsets: Sequence[int] = ()
    lengths: Sequence[int | None] = ()
    exact: bool = False

    def __len__(self) -> int:
        return len(self.data)

    def where(self, wanted: Sequence[bool]) -> PacketRun:
        """The packets that are wanted."""
        columns = {
            column: list(compress(getattr(self, column), wanted))
            for column in self.__slots__
            if column != "exact"
        }
        return PacketRun(**columns, exact=self.exact)

    def __iter__(self) -> Iterator[Packet]:
        none = repeat(None)
        return map(
            Packet,
            self.data,
            self.linktypes,
            self.origins,
            self.lines,
            self.timestamps or none,
            self.times or none,
            self.mbufs or none,
            self.offsets or repeat(0),
            self.lengths or none,
            repeat(self.exact),
        )
