# SPDX-License-Identifier: BSD-2-Clause
"""
What became of packets, where and why, and where their time went: counts and spreads of journeys.

Each figure is defined in the manual, ``docs/reference/trace.md``. Memory is bounded by the places
that journeys name and 8 bytes for each time that is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter
from typing import Any

from dtkit.counted import counted
from dtkit.foreign import plain
from dtkit.trace.journey.model import Hop, Journey, Way
from dtkit.trace.journey.outcome import end_of, function_in
from dtkit.trace.journey.stages import STAGES, direction_of, stage_of
from dtkit.trace.views.spread import Spread

__all__ = ["PLACES", "Statistics"]

#: A capture that names more than this of one kind is not one of a kernel's: the rest is one.
_MOST = 10_000
_ELSEWHERE = "elsewhere"

#: Fields of hops by which outcomes are told apart. (A journey knows the rule that ended it, too.)
PLACES = ("host", "interface", "vnet", "process", "rule")


@dataclass(slots=True)
class Statistics:
    """What journeys come to; :meth:`add` each.

    :ivar timed: whether times are counted as well.
    :ivar outcomes: how many ended so, by end and reason.
    :ivar droppers: how many each function dropped.
    :ivar by: for each host, interface, vnet and process how many packets were there, and how many
        each firewall's rule matched, by their ends.
    :ivar durations: from first hop to last.
    :ivar places: how long a packet was at a place: until its next hop.
    :ivar pairs: from one place to the next.
    :ivar stages: how long a packet was in each stage, all in all.
    :ivar ways: durations by direction and first interface.
    """

    timed: bool = True
    journeys: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    droppers: Counter[str] = field(default_factory=Counter)
    by: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: {name: {} for name in PLACES}
    )
    durations: Spread = field(default_factory=Spread)
    places: dict[str, Spread] = field(default_factory=dict)
    pairs: dict[str, Spread] = field(default_factory=dict)
    stages: dict[str, Spread] = field(default_factory=dict)
    ways: dict[str, Spread] = field(default_factory=dict)
    untimed: int = 0
    alone: int = 0
    back: int = 0
    incomplete: int = 0

    @classmethod
    def of(cls, journeys: Iterable[Journey]) -> Statistics:
        """The statistics of *journeys*."""
        made = cls()
        for journey in journeys:
            made.add(journey)
        return made

    def add(self, journey: Journey) -> None:
        """Count *journey*."""
        self.journeys += 1
        self.incomplete += bool(journey.notes)
        end, said = end_of(plain(journey.outcome))
        reason = plain(journey.reason) or said
        self.outcomes[_kept(self.outcomes, (end, reason), (end, _ELSEWHERE))] += 1
        hops = journey.hops
        if end == "dropped":
            function = function_in(said)
            if not function and hops:
                function = plain(hops[-1].place.name)
            self.droppers[_kept(self.droppers, function or "unknown", _ELSEWHERE)] += 1
        met = journey.way.tell(_met)
        if journey.owners:  # who say better whose packet it is than who was on the CPU
            met = tuple(one for one in met if one[0] != "process")
            met += tuple(("process", process) for process in journey.processes)
        if journey.rule and ("rule", journey.rule) not in met:
            met += (("rule", journey.rule),)
        for name, value in met:
            counts = self.by[name]
            key = _kept(counts, plain(value), _ELSEWHERE)
            counts.setdefault(key, Counter())[end] += 1
        if self.timed:
            self._times(journey)

    def _times(self, journey: Journey) -> None:
        if len(journey.way.times) < 2:
            if journey.way.times:
                self.alone += 1
            else:
                self.untimed += 1
            return
        hops = journey.hops
        timed = [hop for hop in hops if hop.time is not None]
        stages: dict[str, int] = {}
        for before, after in pairwise(timed):
            assert before.time is not None
            assert after.time is not None
            wait = after.time - before.time
            if wait < 0:
                self.back += 1
                continue
            first, second = _named(before), _named(after)
            _spread(self.places, first).add(wait)
            _spread(self.pairs, f"{first} > {second}").add(wait)
            # Where another host goes on, it was on the wire; where another thread does, the packet
            # has waited for it.
            moved = before.thread is not None and after.thread not in (None, before.thread)
            stage = "queue" if moved else stage_of(before.place)
            if before.host != after.host:
                stage = "wire"
            stages[stage] = stages.get(stage, 0) + wait
        for stage, time in stages.items():
            _spread(self.stages, stage).add(time)
        duration = journey.duration
        assert duration is not None
        self.durations.add(duration)
        interface = next((hop.interface for hop in hops if hop.interface is not None), None)
        way = direction_of(hops)
        where = way if interface is None else f"{way} {plain(interface)}"
        _spread(self.ways, where).add(duration)

    @property
    def tables(self) -> dict[str, dict[str, Spread]]:
        """The spreads by kind: ``stage``, ``way``, ``place``, ``pair``."""
        stages = {stage: self.stages[stage] for stage in STAGES if stage in self.stages}
        return {
            "packet": {"from first hop to last": self.durations} if len(self.durations) else {},
            "stage": stages,
            "way": self.ways,
            "place": self.places,
            "pair": self.pairs,
        }

    @property
    def missing(self) -> list[str]:
        """What cannot be told, and of how many."""
        said = []
        if self.untimed:
            untimed = counted(self.untimed, "packet")
            said.append(f"{untimed} without times of hops: in no table of times")
        if self.alone:
            alone = counted(self.alone, "packet")
            said.append(f"{alone} with the time of one hop only: in no table of times")
        if self.back:
            one, many = "time goes back: this step is", "times go back: these steps are"
            said.append(f"{counted(self.back, one, many)} left out")
        if self.incomplete:
            said.append(f"{counted(self.incomplete, 'packet')} incomplete: hops may be missing")
        return said


def _met(way: Way) -> tuple[tuple[str, str], ...]:
    """What hops of *way* say of :data:`PLACES`: each of these with each of its values, once."""
    return tuple(
        (name, value) for name in PLACES for value in {*map(attrgetter(name), way.hops)} - {None}
    )


def _named(hop: Hop) -> str:
    place = hop.place
    name = f"-{plain(place.name)}" if place.direction == "-" else plain(place.name)
    return name if hop.host is None else f"{plain(hop.host)}:{name}"


def _kept(table: Any, key: Any, otherwise: Any) -> Any:
    return key if key in table or len(table) < _MOST else otherwise


def _spread(table: dict[str, Spread], key: str) -> Spread:
    key = _kept(table, key, _ELSEWHERE)
    if key not in table:
        table[key] = Spread()
    return table[key]
