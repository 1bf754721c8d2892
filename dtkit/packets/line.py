# SPDX-License-Identifier: BSD-2-Clause
"""A packet as a line that a person reads: time, CPU, probe, direction, and its headers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from enum import IntEnum
from itertools import repeat

from dtkit.packets.header import header_words
from dtkit.packets.packet import Origin, Packet, PacketRun
from dtkit.packets.summary import summarize
from dtkit.probes import Catalog
from dtkit.probes.data import Direction

__all__ = ["PacketLines", "Times"]

#: Columns of the short form.
_WIDTH = 120

#: Of the summary, what the short form leaves out: there is much of it, and it says little.
_DETAILS = re.compile(r" options \[[^\]]*\]")

_DIRECTIONS = {
    Direction.IN: "In",
    Direction.OUT: "Out",
    Direction.FORWARD: "Fwd",
    Direction.ANY: "",
}


class Times(IntEnum):
    """What stands first in a line, by how many ``-t`` tcpdump(1) has been given."""

    CLOCK = 0
    NONE = 1
    EPOCH = 2
    DELTA = 3


class PacketLines:
    """
    Makes lines of packets.

    Times are of the day where they are known, else since boot; where no time is known there is
    none. The short form is within 120 columns; where something was cut, ``...`` says so.

    :param catalog: says which way packets are going at a probe.
    :param times: what stands first.
    :param verbose: the whole of each packet: no short form.
    """

    def __init__(self, catalog: Catalog, times: Times = Times.CLOCK, verbose: bool = False) -> None:
        self._catalog = catalog
        self._times = times
        self._verbose = verbose
        self._last: int | None = None
        self._places: dict[str | None, tuple[str, str]] = {None: ("-", "")}

    def line(self, packet: Packet) -> str:
        """The line of *packet*; foreign words in it are as they came."""
        words = self._time(packet) + self._head(packet.origin)
        if self._verbose:
            more = [f"mbuf {packet.mbuf:#x}"] if packet.mbuf is not None else []
            more += [] if packet.header is None else header_words(packet.header)
            more += [f"offset {packet.offset}"] if packet.offset else []
            more += [f"probe id {packet.origin.id}"] if packet.origin.id is not None else []
            said = f"  ({', '.join(more)})" if more else ""
            return f"{words}{packet.summary}{said}"
        line = words + self._short(packet.summary)
        return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."

    def lines(self, run: PacketRun) -> Iterator[str]:
        """The lines of the packets of a run, as :meth:`line` makes them."""
        if self._verbose or run.times or run.timestamps:
            yield from map(self.line, run)
            return
        heads = {id(origin): self._head(origin) for origin in run.origins}
        lengths = run.lengths or repeat(None)
        each = zip(run.origins, run.data, run.linktypes, lengths, strict=False)
        for origin, data, linktype, length in each:
            line = heads[id(origin)] + self._short(summarize(data, linktype, length))
            yield line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."

    def head(self, packet: Packet) -> str:
        """The line that stands above those of packets like *packet*."""
        time = "TIME".ljust(len(self._time(packet))) if self._time(packet) else ""
        return f"{time}CPU {'PROBE':<16} DIR PACKET"

    def _head(self, origin: Origin) -> str:
        probe, direction = self._place(origin.probe)
        return f"{'-' if origin.cpu is None else origin.cpu:>3} {probe:<16} {direction:<3} "

    @staticmethod
    def _short(summary: str) -> str:
        return _DETAILS.sub("", summary) if "options [" in summary else summary

    def _place(self, description: str | None) -> tuple[str, str]:
        """The name of a probe, and which way packets are going there."""
        if description not in self._places:
            assert description is not None
            known = self._catalog.get(description)
            direction = _DIRECTIONS[known.direction] if known else ""
            name = description
            if not self._verbose:
                provider, _, rest = description.partition(":")
                words = rest.split(":")
                # Most probes are entries of functions: what is not is named in full.
                if provider == "fbt" and len(words) == 3 and words[2] == "entry":
                    name = words[1]
            if len(self._places) > 10_000:  # only hostile input has more probes
                return name, direction
            self._places[description] = name, direction
        return self._places[description]

    def _time(self, packet: Packet) -> str:
        moment = packet.timestamp if packet.time is None else packet.time
        if moment is None or self._times is Times.NONE:
            return ""
        seconds, fraction = divmod(moment, 10**9)
        if self._times is Times.DELTA:
            passed = 0 if self._last is None else moment - self._last
            self._last = moment
            sign = "-" if passed < 0 else ""
            return f"{sign}{abs(passed) // 10**9:5}.{abs(passed) % 10**9:09} "
        if self._times is Times.EPOCH or packet.time is None:
            return f"{seconds}.{fraction:09} "
        try:
            return f"{time.strftime('%H:%M:%S', time.localtime(seconds))}.{fraction:09} "
        except (OverflowError, ValueError, OSError):
            return f"{seconds}.{fraction:09} "
