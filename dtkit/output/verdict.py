# SPDX-License-Identifier: BSD-2-Clause
"""What became of an output: how much of everything there was, and why nothing was shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dtkit.oddity import Oddity
from dtkit.output.count import Count
from dtkit.output.events import Annotation, Drop, Event, Fault, Firing, Notice
from dtkit.output.uniform import FiringRun
from dtkit.packets.packet import Packet, PacketRun

#: Probes of one answer that are named; of the rest, how many they are.
_NAMED = 3


def nothing_shown(end: Annotation) -> str:
    """Why nothing of a probe was shown, by what its script counted; empty where something was."""
    fired, accepted = end.number("fired"), end.number("accepted")
    if end.kind != "end" or fired is None or accepted != 0:
        return ""
    if fired == 0:
        return "never fired"
    if end.number("limited"):
        return "had packets, all of them over the rate"
    return "fired, and none of the packets met the conditions"


#: What only dtrace(1) prints; text may be anybody's.
_OUTPUT = (Firing, Packet, Fault, Drop, Notice, Annotation)


@dataclass(slots=True)
class _Unseen:
    """Probes of one answer: the first by name, and how many there are."""

    named: list[str] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True)
class Verdict:
    """
    The verdict on one output or several, to which each item is added.

    :ivar count: totals; its ``str()`` is the last line of a report.
    """

    count: Count = field(default_factory=Count)
    _unseen: dict[str, _Unseen] = field(default_factory=dict)

    def add(self, item: Event | FiringRun | Packet | PacketRun) -> None:
        """Take one item into account, or a run of them."""
        self.count.add(item)
        if isinstance(item, Annotation):
            self._end(item)
        elif isinstance(item, Firing) and item.source is not None and item.source.name == "END":
            for part in item.parts:
                if isinstance(part, Annotation):
                    self._end(part)

    def _end(self, annotation: Annotation) -> None:
        if why := nothing_shown(annotation):
            probe = annotation.fields.get("probe", "the probes")
            unseen = self._unseen.setdefault(why, _Unseen())
            unseen.count += 1
            if unseen.count <= _NAMED:
                unseen.named.append(probe)

    @property
    def anything(self) -> bool:
        """Whether anything was read that dtrace(1) prints, or a dump."""
        return any(self.count.kinds[kind] for kind in _OUTPUT)

    @property
    def odd(self) -> bool:
        """Whether anything in the input was odd."""
        return bool(self.count.kinds[Oddity])

    def unseen(self) -> Iterator[str]:
        """A line for each reason why nothing was shown of some probes."""
        for why, unseen in self._unseen.items():
            more = f" and {unseen.count - _NAMED} more" if unseen.count > _NAMED else ""
            yield f"{', '.join(unseen.named)}{more} {why}"
