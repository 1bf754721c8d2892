# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys through several hosts, made of those through each.

A joined journey has the hops of all hosts, in the order in which the packet came to them, each with
its host and the time by the first host's clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dtkit.counted import counted
from dtkit.fleet.passage import Leg, Passage, Reference, Times, passages
from dtkit.fleet.sight import ends, interface
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.traced import Ending
from dtkit.trace.views.scale import scaled

__all__ = ["FORM", "Capture", "JoinedHosts", "join"]

#: What :attr:`~dtkit.trace.journey.model.Journey.form` says.
FORM = "joined"


@dataclass(frozen=True, slots=True)
class Capture:
    """What one host saw.

    :ivar name: of the host.
    :ivar journeys: in the order of the capture.
    """

    name: str
    journeys: Sequence[Journey]


@dataclass(frozen=True)
class JoinedHosts:
    """Captures, joined.

    :ivar captures: of the hosts; the first one's clock is that of all.
    :ivar passages: packets that went from host to host.
    :ivar reference: the clocks.
    """

    captures: Sequence[Capture]
    legs: Sequence[Sequence[Leg]] = field(repr=False)
    passages: Sequence[Passage] = field(repr=False)
    reference: Reference = field(repr=False)

    def __iter__(self) -> Iterator[Journey]:
        """The joined journeys, in the order of their first times."""
        return (journey for journey, _ in self.ways())

    def ways(self) -> Iterator[tuple[Journey, list[Leg]]]:
        """Each joined journey, with the legs that it was made of."""
        ways = sorted(self._ways, key=lambda way: (self._came(way[0]), way[0][:2]))
        numbers = {leg[:2]: number for number, way in enumerate(ways, 1) for leg in way}
        for number, way in enumerate(ways, 1):
            yield self._journey(number, way, numbers), way

    @cached_property
    def _ways(self) -> list[list[Leg]]:
        """The legs of each packet, in the order in which it came to them."""
        following: dict[tuple[int, int], list[Passage]] = defaultdict(list)
        reached = set()
        for passage in self.passages:
            following[passage.sender[:2]].append(passage)
            reached.add(passage.receiver[:2])
        ways = []
        seen: set[tuple[int, int]] = set()
        # A packet that nobody sent begins a way; then what is left, which would be a circle.
        every = [leg for legs in self.legs for leg in legs]
        for leg in [*(one for one in every if one[:2] not in reached), *every]:
            if leg[:2] in seen:
                continue
            way, waiting = [], [leg]
            while waiting:
                one = waiting.pop()
                if one[:2] in seen:
                    continue
                seen.add(one[:2])
                way.append(one)
                waiting += [passage.receiver for passage in following[one[:2]]]
            # A packet comes to a host after it left another, whatever the clocks say.
            ways.append(way if len(way) < 3 else [way[0], *sorted(way[1:], key=self._came)])
        return ways

    @cached_property
    def _from(self) -> dict[tuple[int, int], Passage]:
        """How a leg's packet came to it."""
        return {passage.receiver[:2]: passage for passage in self.passages}

    @cached_property
    def _sent(self) -> dict[tuple[int, int], int]:
        """How often what a leg sent was seen elsewhere."""
        return Counter(passage.sender[:2] for passage in self.passages)

    @cached_property
    def _routes(self) -> dict[tuple[int, object], int]:
        """Where the packets go that leave a host by one way on."""
        seen: dict[tuple[int, object], Counter[int]] = defaultdict(Counter)
        for passage in self.passages:
            seen[self._route(passage.sender)][passage.receiver.host] += 1
        return {route: hosts.most_common(1)[0][0] for route, hosts in seen.items()}

    def _route(self, leg: Leg) -> tuple[int, object]:
        """The way on that a packet leaves a host by: its neighbour's address on the link, or the
        interface."""
        departure = leg.ends.departure
        assert departure is not None
        return leg.host, departure.route or interface(self._of(leg).hops)

    @cached_property
    def _spans(self) -> tuple[tuple[int, int] | None, ...]:
        """When each host's capture began and ended, by the first host's clock."""
        spans: list[tuple[int, int] | None] = []
        for host, legs in enumerate(self.legs):
            times = [t for leg in legs for t in (leg.ends.came, leg.ends.went) if t is not None]
            if times and self.reference.clocks[host] is not None:
                first, last = min(times), max(times)
                spans.append((self.reference.time(host, first), self.reference.time(host, last)))
            else:
                spans.append(None)
        return tuple(spans)

    def _of(self, leg: Leg) -> Journey:
        return self.captures[leg.host].journeys[leg.place]

    def _came(self, leg: Leg) -> int:
        return 0 if leg.ends.came is None else self.reference.time(leg.host, leg.ends.came)

    def _journey(self, number: int, way: list[Leg], numbers: dict[tuple[int, int], int]) -> Journey:
        steps: list[Step] = []
        notes: list[str] = []
        for leg in way:
            name, journey = self.captures[leg.host].name, self._of(leg)
            for step in journey.steps:
                steps.append(self._placed(step, leg.host, name) if isinstance(step, Hop) else step)
            notes += [f"{name}: {note}" for note in journey.notes]
            notes += self._said(leg, name)
        last = way[-1]
        ended, lost = self._of(last), self._lost(last)
        first = self._of(way[0])
        origin = None
        if first.origin is not None:
            host = way[0].host
            origin = numbers.get((host, self._numbers[host].get(first.origin, -1)))
        time = None if first.time is None else self.reference.time(way[0].host, first.time)
        how = {name: getattr(ended, name) for name in Ending._fields}
        if lost:
            how = Ending(f"lost: {lost}", lost, "the next host's capture")._asdict()
        owners = tuple(dict.fromkeys(owner for leg in way for owner in self._of(leg).owners))
        return Journey(
            number, time, tuple(steps), FORM, origin, notes=tuple(notes), owners=owners, **how
        )

    @cached_property
    def _numbers(self) -> tuple[dict[int, int], ...]:
        """Where each host's journeys are, by their numbers there."""
        return tuple(
            {journey.number: index for index, journey in enumerate(capture.journeys)}
            for capture in self.captures
        )

    def _placed(self, hop: Hop, host: int, name: str) -> Hop:
        time = None if hop.time is None else self.reference.time(host, hop.time)
        return hop._replace(time=time, host=hop.host or name)

    def _said(self, leg: Leg, name: str) -> Iterator[str]:
        """What is not sure of how a packet came to *leg*."""
        passage = self._from.get(leg[:2])
        if passage is None:
            return
        sender = self.captures[passage.sender.host].name
        if passage.again:
            yield f"came to {name} again: doubled between {sender} and it"
        elif passage.alike > 1:
            yield f"{passage.alike} packets alike left {sender} for {name}: taken in order"
        if self.reference.doubt(leg.host) is None:
            yield f"how far {name}'s clock is from {self.captures[0].name}'s is not known"

    def _lost(self, leg: Leg) -> str:
        """That the packet that left *leg* did not arrive; empty where it did, or cannot be told."""
        departure, went = leg.ends.departure, leg.ends.went
        if departure is None or went is None or self._sent.get(leg[:2]):
            return ""
        to = self._routes.get(self._route(leg))
        span = self._spans[to] if to is not None else None
        if to is None or span is None:
            return ""
        left = self.reference.time(leg.host, went)
        if not span[0] <= left <= span[1]:
            return ""
        return f"left {self.captures[leg.host].name}, not seen on {self.captures[to].name}"

    def told(self) -> Iterator[str]:
        """Lines on what was joined, and how sure it is."""
        hosts = self.captures
        pairs = Counter((one.sender.host, one.receiver.host) for one in self.passages)
        for (near, far), count in sorted(pairs.items()):
            yield f"{hosts[near].name} to {hosts[far].name}: {counted(count, 'packet')}"
        for host, found in enumerate(self.reference.clocks):
            if host and found:
                beside = self._beside(host)
                yield f"clock of {hosts[host].name} beside that of {beside}: {found[0]}"
            elif not hosts[host].journeys:
                yield f"{hosts[host].name}: saw no packet"
            elif host:
                yield f"{hosts[host].name}: no packet of it was seen elsewhere: {self._when(host)}"
        alike = sum(one.alike > 1 for one in self.passages)
        if alike:
            packets = counted(alike, "packet has", "packets have")
            yield f"{packets} others that look alike: taken in the order of their times"
        again = sum(one.again for one in self.passages)
        if again:
            yield f"{again} came twice: doubled on the wire"

    def _beside(self, host: int) -> str:
        """The name of the host that the clock of *host* is told by."""
        rest = (self.reference.clocks[host] or ())[1:]
        for other, found in enumerate(self.reference.clocks):
            if other != host and found == rest:
                return self.captures[other].name
        return self.captures[0].name

    def _when(self, host: int) -> str:
        own = [leg.ends for leg in self.legs[host] if leg.ends.came is not None]
        times = sorted(one.came for one in own if one.came is not None)
        if not times:
            return "its journeys have no times"
        return f"it spans {scaled(times[-1] - times[0])}"


def join(captures: Sequence[Capture], before: Times | None = None) -> JoinedHosts:
    """
    Join what several hosts saw.

    :param captures: a host each, all in memory.
    :param before: times of packets that are known from before, for the clocks.
    """
    legs = [
        [Leg(host, index, ends(journey)) for index, journey in enumerate(capture.journeys)]
        for host, capture in enumerate(captures)
    ]
    found, reference = passages((leg for every in legs for leg in every), len(captures), before)
    return JoinedHosts(captures, legs, found, reference)
