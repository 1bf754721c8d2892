# SPDX-License-Identifier: BSD-2-Clause
"""
Packets that went from one host to another: the journey that sent each, and the one that got it.

Most packets are told apart by what they are recognised by. Of those that look alike (sent again,
doubled on the wire, or a number that came round) times decide, once the clocks are known; where
these leave more than one, the passage says how many there were.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dtkit.fleet.clocks import HostClock, Passed, clock_between
from dtkit.fleet.sight import Ends, Sight

__all__ = ["Leg", "Passage", "Reference", "Times", "passages", "times_of"]

#: What a packet takes from host to host at most, and by how much that differs, where nothing tells.
_LONGEST = 1_000_000_000
#: ... and times what most take, where others do.
_LONGER = 50
_LEAST_LONGEST = 5_000_000

#: Packets that tell what is usual.
_LEAST_USUAL = 5

#: Rounds of telling packets apart by clocks, and clocks by packets.
_ROUNDS = 3


class Leg(NamedTuple):
    """A journey through one host.

    :ivar host: number of the host.
    :ivar place: of the journey among that host's.
    :ivar ends: how its packet came and went.
    """

    host: int
    place: int
    ends: Ends


@dataclass(frozen=True, slots=True)
class Passage:
    """A packet from one host to another.

    :ivar sender: the leg that it left.
    :ivar receiver: the leg that it came to.
    :ivar alike: how many packets it may have been, of those that were sent.
    :ivar again: whether it came before already: doubled on the wire.
    """

    sender: Leg
    receiver: Leg
    alike: int = 1
    again: bool = False


class _Usual(NamedTuple):
    """What packets take from one host to another, by the first host's clock, in ns."""

    middle: int = 0
    spread: int = _LONGEST

    def longest(self) -> int:
        """No packet takes longer."""
        if self.spread == _LONGEST:
            return _LONGEST
        return min(_LONGEST, max(_LEAST_LONGEST, _LONGER * max(0, self.middle), 2 * self.spread))


@dataclass(frozen=True, slots=True)
class Reference:
    """
    All clocks beside that of the first host.

    :ivar clocks: of each host what leads to the first, step by step; None where nothing does.
    """

    clocks: tuple[tuple[HostClock, ...] | None, ...]

    def time(self, host: int, time: int) -> int:
        """A moment of *host*'s clock by the first host's."""
        for clock in self.clocks[host] or ():
            time = clock.corrected(time)
        return time

    def doubt(self, host: int) -> int | None:
        """ns that a corrected time of *host* may be wrong by; None where that is not known."""
        found = self.clocks[host]
        if found is None:
            return None
        doubts = [clock.doubt for clock in found]
        return None if None in doubts else sum(one for one in doubts if one is not None)


#: When packets left one host and came to another, by the clocks of both.
Times = dict[tuple[int, int], list[Passed]]


def passages(
    legs: Iterable[Leg], hosts: int, before: Times | None = None
) -> tuple[list[Passage], Reference]:
    """
    The packets that went from host to host, and the clocks.

    :param legs: of all hosts.
    :param hosts: how many there are.
    :param before: times of packets that are known from before, for the clocks.
    """
    sent: dict[tuple[int | str, ...], list[Leg]] = defaultdict(list)
    got: dict[tuple[int | str, ...], list[Leg]] = defaultdict(list)
    for leg in legs:
        if leg.ends.departure is not None:
            sent[leg.ends.departure.key].append(leg)
        if leg.ends.arrival is not None:
            got[leg.ends.arrival.key].append(leg)
    groups = [(sent[key], receivers) for key, receivers in got.items() if key in sent]
    found: list[Passage] = []
    reference = _reference(before or {}, hosts)
    for _ in range(_ROUNDS):
        usual = _usual(found, reference)
        found = [
            passage
            for senders, receivers in groups
            for passage in _match(senders, receivers, reference, usual)
        ]
        known = reference
        reference = _reference(times_of(found, before), hosts)
        if reference == known:
            break
    return found, reference


def _departure(leg: Leg) -> Sight:
    assert leg.ends.departure is not None
    return leg.ends.departure


def _arrival(leg: Leg) -> Sight:
    assert leg.ends.arrival is not None
    return leg.ends.arrival


def _match(
    senders: Sequence[Leg],
    receivers: Sequence[Leg],
    reference: Reference,
    usual: Mapping[tuple[int, int], _Usual],
) -> Iterable[Passage]:
    """Who sent what, of packets that have one key."""
    if len(senders) == len(receivers) == 1:
        (sender,), (receiver,) = senders, receivers
        if _possible(sender, receiver):
            yield Passage(sender, receiver)
        return
    for pair, arrived in _pairs(senders, receivers, reference).items():
        leaving = [leg for leg in senders if leg.host == pair[0]]
        yield from _align(leaving, arrived, reference, usual.get(pair, _Usual()))


def _possible(sender: Leg, receiver: Leg) -> bool:
    departure, arrival = _departure(sender), _arrival(receiver)
    return (
        sender.host != receiver.host and departure.ttl >= arrival.ttl and departure.agrees(arrival)
    )


def _pairs(
    senders: Sequence[Leg], receivers: Sequence[Leg], reference: Reference
) -> dict[tuple[int, int], list[Leg]]:
    """The receivers by the host that it came from, and their own.

    It came from the host that it left with the least time to live that will do; of several, as
    bridges make them, from the one that it left last before it came.
    """
    # Of those that look the same to every receiver, the times alone are many.
    kinds: dict[tuple[int, Sight], list[Leg]] = defaultdict(list)
    for sender in senders:
        kinds[sender.host, _departure(sender)].append(sender)
    went = {
        kind: sorted(_time(reference, sender, came=False) for sender in alike)
        for kind, alike in kinds.items()
    }
    pairs: dict[tuple[int, int], list[Leg]] = defaultdict(list)
    for receiver in receivers:
        could = [kind for kind, alike in kinds.items() if _possible(alike[0], receiver)]
        if not could:
            continue
        least = min(sight.ttl for _, sight in could)
        came = _time(reference, receiver, came=True)

        def late(kind: tuple[int, Sight], came: int = came) -> tuple[bool, int]:
            before = bisect_right(went[kind], came)
            return (True, went[kind][before - 1]) if before else (False, -went[kind][0])

        nearest = [kind for kind in could if kind[1].ttl == least]
        pairs[max(nearest, key=late)[0], receiver.host].append(receiver)
    return pairs


def _time(reference: Reference, leg: Leg, *, came: bool) -> int:
    time = leg.ends.came if came else leg.ends.went
    return 0 if time is None else reference.time(leg.host, time)


def _align(
    senders: list[Leg], receivers: list[Leg], reference: Reference, usual: _Usual
) -> Iterable[Passage]:
    """
    Packets that look alike, from one host to another.

    They keep their order, as packets of a flow do, and each took as nearly as can be what is usual.
    """
    went = {leg: _time(reference, leg, came=False) for leg in senders}
    senders = sorted(senders, key=lambda leg: went[leg])
    receivers = sorted(receivers, key=lambda leg: _time(reference, leg, came=True))
    doubts = [reference.doubt(legs[0].host) for legs in (senders, receivers)]
    if None in doubts or any(leg.ends.went is None for leg in senders):
        # Nothing tells but the order.
        alike = max(len(senders), len(receivers))
        for sender, receiver in zip(senders, receivers, strict=False):
            yield Passage(sender, receiver, alike)
        return
    doubt = sum(one for one in doubts if one is not None) + _CLOSE
    first = 0  # of the senders that can still be it
    latest: Leg | None = None
    for receiver in receivers:
        came = _time(reference, receiver, came=True)
        while first < len(senders) and came - went[senders[first]] > usual.longest():
            first += 1
        off = []
        for place in range(first, len(senders)):
            if went[senders[place]] > came + doubt:
                break
            off.append(abs(came - went[senders[place]] - usual.middle))
        if off:
            chosen = off.index(min(off))
            alike = sum(one <= usual.spread + doubt for one in off)
            latest = senders[first + chosen]
            first += chosen + 1
            yield Passage(latest, receiver, max(1, alike))
        elif latest is not None and came - went[latest] <= usual.longest():
            yield Passage(latest, receiver, again=True)


#: What clocks that are known to the ns may be wrong by all the same, in ns.
_CLOSE = 1000


def _usual(found: list[Passage], reference: Reference) -> dict[tuple[int, int], _Usual]:
    """What packets take from host to host, by those that are sure."""
    took: dict[tuple[int, int], list[int]] = defaultdict(list)
    for one in found:
        if one.alike == 1 and not one.again and one.sender.ends.went is not None:
            sent = _time(reference, one.sender, came=False)
            came = _time(reference, one.receiver, came=True)
            took[one.sender.host, one.receiver.host].append(came - sent)
    return {
        pair: _Usual(times[len(times) // 2], times[-1 - len(times) // 50] - times[len(times) // 50])
        for pair, times in ((pair, sorted(times)) for pair, times in took.items())
        if len(times) >= _LEAST_USUAL
    }


def times_of(found: Iterable[Passage], before: Times | None = None) -> Times:
    """When packets that are told apart left and came; those of *before*, and then of *found*."""
    times: Times = {pair: list(known) for pair, known in (before or {}).items()}
    for one in found:
        went, came = one.sender.ends.went, one.receiver.ends.came
        if one.alike == 1 and not one.again and went is not None and came is not None:
            times.setdefault((one.sender.host, one.receiver.host), []).append((went, came))
    return times


def _reference(times: Times, hosts: int) -> Reference:
    """The clocks, by when packets left and came."""
    clocks: list[tuple[HostClock, ...] | None] = [
        () if host == 0 else None for host in range(hosts)
    ]
    while True:
        # The surest of those that lead from a host whose clock is known to one whose is not.
        best: tuple[tuple[bool, int], int, int, HostClock] | None = None
        for near in range(hosts):
            for far in range(hosts):
                if clocks[near] is None or clocks[far] is not None:
                    continue
                clock = clock_between(times.get((near, far), []), times.get((far, near), []))
                if clock is not None:
                    sure = clock.doubt is None, clock.doubt or 0
                    if best is None or sure < best[0]:
                        best = sure, near, far, clock
        if best is None:
            return Reference(tuple(clocks))
        _, near, far, clock = best
        clocks[far] = (clock, *(clocks[near] or ()))
