# SPDX-License-Identifier: BSD-2-Clause
"""Journeys of several hosts, joined while they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dtkit.fleet.join import Capture, JoinedHosts, join
from dtkit.fleet.passage import Passage, Times, times_of
from dtkit.trace.journey.model import Journey

__all__ = ["JoiningWindow"]

#: s until a journey that nothing was added to is taken for whole: a script's reader waits one for
#: what functions return, and dtrace(1) hands on what it has once a second.
_SETTLED = 4.0

#: Journeys that wait for their kin, at most: then the first are taken for whole.
_MOST = 20_000

#: Packets each way that tell the clocks: the last ones.
_TELLING = 1000


class JoiningWindow:
    """
    What hosts saw of late.

    :param names: of the hosts.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._waiting: list[list[tuple[float, Journey]]] = [[] for _ in names]
        self._times: Times = {}
        self._next = 1
        #: The last that was joined.
        self.joined: JoinedHosts | None = None

    def add(self, host: int, journey: Journey, now: float) -> None:
        """Take a journey that a host's script has ended, at a moment in s."""
        self._waiting[host].append((now, journey))

    def whole(self, now: float) -> Iterator[Journey]:
        """The joined journeys to which no host will add, as far as one can tell."""
        waiting = [[journey for _, journey in all_] for all_ in self._waiting]
        if not any(waiting):
            return
        crowded = sum(map(len, waiting)) > _MOST
        joined = self.joined = join(
            [Capture(name, one) for name, one in zip(self._names, waiting, strict=True)],
            self._times,
        )
        gone: list[set[int]] = [set() for _ in self._names]
        numbered: list[Journey] = []
        for journey, legs in joined.ways():
            came = max(self._waiting[leg.host][leg.place][0] for leg in legs)
            if now - came >= _SETTLED or (crowded and len(numbered) < _MOST // 2):
                numbered.append(journey)
                for leg in legs:
                    gone[leg.host].add(leg.place)
        self._remember(joined.passages, gone)
        self._waiting = [
            [one for place, one in enumerate(all_) if place not in gone[host]]
            for host, all_ in enumerate(self._waiting)
        ]
        for journey in numbered:
            yield replace(journey, number=self._next, origin=None)
            self._next += 1

    def rest(self) -> Iterator[Journey]:
        """What is left when all scripts have ended."""
        return self.whole(float("inf"))

    def _remember(self, passages: Sequence[Passage], gone: Sequence[set[int]]) -> None:
        """Keep when packets left and came, of those that are handed out."""
        over = [one for one in passages if one.receiver.place in gone[one.receiver.host]]
        self._times = {
            pair: known[-_TELLING:] for pair, known in times_of(over, self._times).items()
        }
