# SPDX-License-Identifier: BSD-2-Clause
"""How much of everything there was in an output."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.output.events import Drop, Event, Fault, Firing
from dtkit.output.uniform import FiringRun
from dtkit.packets.packet import Packet, PacketRun


@dataclass(slots=True)
class Count:
    """
    Totals over one output or several; ``str()`` is the line that closes a report.

    :ivar kinds: how many items there were of each class.
    :ivar dropped: how many records dtrace(1) said it dropped.
    :ivar unread: how many lines oddities have kept from being read.
    """

    kinds: Counter[type[Event | Packet]] = field(default_factory=Counter)
    dropped: int = 0
    unread: int = 0

    def add(self, item: Event | FiringRun | Packet | PacketRun) -> None:
        """Count one item, or a run of them."""
        if isinstance(item, FiringRun):
            self.kinds[Firing] += len(item)
            return
        if isinstance(item, PacketRun):
            self.kinds[Packet] += len(item)
            return
        kind = type(item)
        self.kinds[kind] += 1
        if kind is Packet or kind is Firing:
            return  # as most are
        if isinstance(item, Drop):
            self.dropped += item.count
        elif isinstance(item, Oddity):
            self.unread += item.unread

    def __str__(self) -> str:
        return (
            f"{counted(self.kinds[Firing], 'firing')}, {counted(self.kinds[Packet], 'packet')}, "
            f"{self.dropped} dropped, {counted(self.kinds[Fault], 'fault')}, "
            f"{counted(self.unread, 'unread line')}"
        )
