# SPDX-License-Identifier: BSD-2-Clause
"""How much of everything there was in an output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dtkit.oddity import Oddity
from dtkit.output.events import Drop, Event, Fault, Firing
from dtkit.packets.packet import Packet


@dataclass(slots=True)
class Count:
    """Totals over one output or several; ``str()`` is the line that closes a report."""

    firings: int = 0
    packets: int = 0
    dropped: int = 0
    faults: int = 0
    unread: int = 0
    odd: int = 0

    def watch(self, items: Iterable[Event | Packet]) -> Iterator[Event | Packet]:
        """Hand on *items*, counting them."""
        for item in items:
            if type(item) is Packet:
                self.packets += 1
            elif type(item) is Firing:
                self.firings += 1
            elif isinstance(item, Drop):
                self.dropped += item.count
            elif isinstance(item, Fault):
                self.faults += 1
            elif isinstance(item, Oddity):
                self.odd += 1
                self.unread += item.unread
            yield item

    def __str__(self) -> str:
        return (
            f"{self.firings} firings, {self.packets} packets, {self.dropped} dropped, "
            f"{self.faults} faults, {self.unread} unread lines"
        )
