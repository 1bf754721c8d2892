# SPDX-License-Identifier: BSD-2-Clause
"""
The way that a packet goes, apart from the packet: places passed, and where it was looked at.

A kernel sends many packets the same way. Where hops have no times, as in captures of mbuf_trace,
these share one object, and what follows from the way alone is found once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from dtkit.lazily import lazily
from dtkit.trace.journey.hop import Hop, HopMoment
from dtkit.trace.journey.traced import Ending, ended

__all__ = ["Look", "Way"]

_Told = TypeVar("_Told")


class Look(NamedTuple):
    """Where on a way a snapshot is taken: see the fields of the same names of
    :class:`~dtkit.trace.journey.model.SnapshotMoment`."""

    number: int
    depth: int
    before: Hop | None
    since: int | None
    left: Hop | None

    @property
    def key(self) -> tuple[int, int, int | None, int]:
        """What is told of it whatever is seen there follows from that; it has the identity of the
        hop before, which who keeps something by it has to hold."""
        return self.number, self.depth, self.since, id(self.before)

    @property
    def size(self) -> int:
        """Of the text of the hop before, which who keeps something of it holds."""
        return 0 if self.before is None else len(self.before.text)


class Way:
    """
    The steps of journeys, without what the snapshots are of.

    :ivar steps: hops in the order of time; None where there is a snapshot.
    :ivar like: another that has the same places, and with them much of what is told of it; None if
        there is none at hand.
    :ivar others: the steps where it has another hop than that, which differs in its arguments.
    """

    def __init__(
        self,
        steps: tuple[Hop | None, ...],
        like: Way | None = None,
        others: tuple[int, ...] = (),
    ) -> None:
        self.steps, self.like, self.others = steps, like, others
        self._told: dict[Any, Any] = {}

    def tell(self, what: Callable[[Way], _Told]) -> _Told:
        """What *what* says of it, never None, which is asked once; it says the same each time."""
        told: _Told | None = self._told.get(what)
        if told is None:
            told = self._told[what] = what(self)
        return told

    @lazily
    def hops(self) -> tuple[Hop, ...]:
        """Its hops."""
        return tuple([step for step in self.steps if step is not None])

    @lazily
    def ending(self) -> Ending:
        """How a packet ends that goes it, by what trace points say."""
        return ended([(hop[0].label, hop[1]) for hop in self.hops])

    @lazily
    def times(self) -> tuple[int, ...]:
        """Of its hops, where they are known: ns since 1970."""
        if self.like is not None:
            return self.like.times
        return tuple([hop[2] for hop in self.hops if hop[2] is not None])

    @lazily
    def duration(self) -> int | None:
        """Nanoseconds from the earliest hop with a time to the latest, of two at least."""
        return max(self.times) - min(self.times) if len(self.times) > 1 else None

    @lazily
    def moments(self) -> tuple[HopMoment | None, ...]:
        """Its hops where they stand in it; None where there is a snapshot."""
        new = tuple.__new__  # a third of what the class's own constructor takes
        made: list[HopMoment | None] = []
        hop: Hop | None = None
        for number, (step, depth) in enumerate(zip(self.steps, self.depths, strict=True)):
            if step is None:
                made.append(None)
            else:
                made.append(new(HopMoment, (number, depth, step, hop)))
                hop = step
        return tuple(made)

    @lazily
    def looks(self) -> tuple[Look, ...]:
        """Where snapshots are taken."""
        if self.like is not None and self.seen_alike:
            return self.like.looks
        new = tuple.__new__
        made: list[Look] = []
        hop: Hop | None = None
        since: int | None = None
        left: Hop | None = None
        depths = self.depths
        for number, step in enumerate(self.steps):
            if step is None:
                made.append(new(Look, (number, depths[number], hop, since, left)))
                since, left = number, hop
            else:
                hop = step
        return tuple(made)

    @lazily
    def seen_alike(self) -> bool:
        """Whether it is looked at behind the same hops as that which it is :attr:`like`."""
        return all(self.steps[other + 1 : other + 2] != (None,) for other in self.others)

    @lazily
    def depths(self) -> tuple[int, ...]:
        """How deep each step is nested: one deeper behind ``+label``, up to ``-label``.

        A leaving without its entering (the trace began inside) stays where it is; one that
        leaves an outer function leaves the inner ones as well.
        """
        if self.like is not None:
            return self.like.depths
        depths = []
        deep = 0
        inside: list[str] = []
        within: dict[str, int] = {}
        for step in self.steps:
            if step is None or not (direction := step[0].direction):
                depths.append(deep)
                continue
            label = step[0].label
            if direction == "+":
                depths.append(deep)
                inside.append(label)
                within[label] = within.get(label, 0) + 1
                deep += 1
            else:
                if within.get(label):
                    left = None
                    while left != label:
                        left = inside.pop()
                        within[left] -= 1
                    deep = len(inside)
                depths.append(deep)
        return tuple(depths)

    @lazily
    def interfaces(self) -> tuple[str | None, ...]:
        """For each step the interface to show: a hop's own, but within a function that was given
        one, not that which the packet came from before.

        A hop at a function without an interface among its arguments says where the packet was
        received, which the function around it, on the way out, knows better.
        """
        shown: list[str | None] = []
        inside: list[tuple[str, str | None, int]] = []  # label, interface, interfaces before it
        first: dict[str, int] = {}
        for step in self.steps:
            if step is None:
                shown.append(None)
                continue
            label, direction = step.place.label, step.place.direction
            if direction == "-" and inside and inside[-1][0] == label:
                inside.pop()
            own = step.interface
            if own is not None and inside:
                _, around, before = inside[-1]
                if around is not None and own != around and first.get(own, before) < before:
                    own = around
            if own is not None:
                first.setdefault(own, len(first))
            if direction == "+":
                outer = inside[-1][1] if inside else None
                known = len(first)
                inside.append((label, own if own is not None else outer, known))
            shown.append(own)
        return tuple(shown)
