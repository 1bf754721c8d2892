# SPDX-License-Identifier: BSD-2-Clause
"""
A packet's way through the kernel: hops, and snapshots of its bytes between them.

One model for what mbuf_trace captured (places in the source, no time per hop) and for paths
followed with DTrace (functions, with time, CPU and thread). A journey is immutable; iterating
over it gives its steps in the order of time; ``str()`` is one line about it, and
:mod:`dtkit.trace.views.show` has the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, NamedTuple

from dtkit.counted import counted
from dtkit.foreign import visible
from dtkit.lazily import lazily
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.columns import Table, Words
from dtkit.trace.journey.diff import Diff, diff, unchanged
from dtkit.trace.journey.hop import HOP, Hop, HopMoment, Place
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.traced import Ending
from dtkit.trace.journey.way import Look, Way

__all__ = [
    "HOP", "ITS_OWN", "JOURNEY", "OF_BYTES", "SNAPSHOT", "Hop", "HopMoment", "Journey", "Moment",
    "Place", "SnapshotMoment", "Step", "Way",
]  # fmt: skip

Step = Hop | Snapshot


class SnapshotMoment(NamedTuple):
    """A snapshot of a journey where it stands there.

    :ivar step: the snapshot, as :attr:`Journey.seen` has it.
    :ivar before: the hop before it, where it was taken, or None.
    :ivar earlier: the snapshot that it is compared with, or None.
    :ivar left: the hop before that one, or None.
    """

    number: Annotated[int, Words("place in the journey, from 0, in the order of time", name="step")]
    depth: Annotated[int, Words("how deep it is nested, by entering and leaving")]
    step: Snapshot
    before: Hop | None
    since: Annotated[int | None, Words("step of the snapshot compared with; null for the first")]
    changes: Annotated[Diff | None, Words("what changed since that one; null for the first")]
    earlier: Snapshot | None = None
    left: Hop | None = None

    @classmethod
    def unseen(cls, look: Look) -> SnapshotMoment:
        """That of a look, for what is told of it whatever is seen there."""
        return cls(look.number, look.depth, Snapshot(b""), look.before, look.since, None)

    @property
    def time(
        self,
    ) -> Annotated[int | None, Words("ns since 1970, of the hop before; null if unknown")]:
        """Of the hop before, or None."""
        return None if self.before is None else self.before.time

    @property
    def label(self) -> Annotated[str | None, Words("of the hop before; null if there is none")]:
        """Of the hop before, or None."""
        return None if self.before is None else self.before.place.label

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        row = SNAPSHOT.row(self)
        row["data"] = self.step.data.hex()
        if self.changes is not None:
            row["changes"] = [change.to_dict() for change in self.changes]
        return {"type": SNAPSHOT.name, **row}


Moment = HopMoment | SnapshotMoment


# Fields of a journey that are found when they are asked for: to find them takes as long as to read
# the frame.


def _asked(find: Callable[[Journey], Any]) -> Any:
    return lazily(find)


def _ended(name: str) -> Any:
    return lazily(lambda journey: getattr(journey.way.ending, name))


@dataclass(frozen=True, init=False)
class Journey:
    """One packet's way.

    :ivar steps: its hops and snapshots in the order of time.
    """

    number: Annotated[
        int, Words("number of the frame, or of the packet that was followed", name="journey")
    ]
    time: Annotated[
        int | None,
        Words("ns since 1970: when the mbuf was freed, or the first hop; null if unknown"),
    ]
    steps: tuple[Step, ...] = _asked(lambda journey: journey._on_way())
    form: Annotated[str, Words("what it was read from: mbuf_trace 3, path, ...")] = ""
    origin: Annotated[
        int | None,
        Words("the journey that it is a copy of; null if it is none, or of an unknown one"),
    ] = None
    outcome: Annotated[str, Words("how it ended, in words; empty if unknown")] = _ended("outcome")
    reason: Annotated[str, Words("why it ended so, in a few words; empty if unknown")] = _ended(
        "reason"
    )
    source: Annotated[str, Words("what told the reason; empty if nothing did")] = _ended("source")
    rule: Annotated[str, Words("the firewall's rule that ended it; empty if none did")] = _ended(
        "rule"
    )
    advice: Annotated[str, Words("what to look at next; empty with --no-advice")] = _ended("advice")
    notes: Annotated[tuple[str, ...], Words("what is missing from it, and why")] = ()
    owners: tuple[Owner, ...] = ()

    def __init__(
        self,
        number: int,
        time: int | None,
        steps: tuple[Step, ...],
        form: str = "",
        origin: int | None = None,
        outcome: str | None = "",
        notes: tuple[str, ...] = (),
        reason: str = "",
        source: str = "",
        rule: str = "",
        advice: str = "",
        owners: tuple[Owner, ...] = (),
        way: Way | None = None,
    ) -> None:
        """
        :param outcome: None if its hops tell it and why, as those of mbuf_trace do.
        :param way: that of *steps*, where it is at hand.
        """
        # As dataclass would do it, in a third of the time.
        fields = self.__dict__
        fields["number"] = number
        fields["time"] = time
        fields["steps"] = steps
        fields["form"] = form
        fields["origin"] = origin
        fields["notes"] = notes
        fields["owners"] = owners
        if way is not None:
            fields["way"] = way
        if outcome is None:
            return
        fields["outcome"] = outcome
        fields["reason"] = reason
        fields["source"] = source
        fields["rule"] = rule
        fields["advice"] = advice

    @classmethod
    def on_way(
        cls, number: int, time: int | None, form: str, way: Way, packets: tuple[bytes, ...]
    ) -> Journey:
        """
        One of many that go the same way: what of it nobody asks for is not made.

        :param packets: what was seen where the *way* was looked at, in the order of time.
        """
        journey = object.__new__(cls)
        fields = journey.__dict__
        fields["number"] = number
        fields["time"] = time
        fields["form"] = form
        fields["way"] = way
        fields["_packets"] = packets
        return journey

    #: Of one that :meth:`on_way` made, what its snapshots are of.
    _packets: ClassVar[tuple[bytes, ...] | None] = None

    def _on_way(self) -> tuple[Step, ...]:
        looked = iter(self._looked)
        return tuple([next(looked) if step is None else step for step in self.way.steps])

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @lazily
    def way(self) -> Way:
        """The places that it passed; journeys that were read from one capture may share it."""
        return Way(tuple([step if type(step) is Hop else None for step in self.steps]))

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Its hops, in the order of time."""
        return self.way.hops

    @property
    def _looked(self) -> list[Snapshot]:
        """Its snapshots as they are among its steps."""
        if self._packets is not None:
            return [Snapshot(packet) for packet in self._packets]
        return [step for step in self.steps if isinstance(step, Snapshot)]

    @property
    def known(self) -> tuple[LinkType | None, ...]:
        """Of each of :attr:`snapshots` what it starts with, as far as its source tells that."""
        if self._packets is not None:
            return (None,) * len(self._packets)
        return tuple([snapshot.known for snapshot in self._looked])

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Its snapshots, in the order of time, as :attr:`seen` has them."""
        return self._compared[0]

    @property
    def sockets(
        self,
    ) -> Annotated[tuple[str, ...], Words("who sent it and whom it came to, by their sockets")]:
        """:attr:`owners` in words."""
        return tuple(map(str, self.owners))

    @property
    def processes(self) -> set[str]:
        """Whose packet it is, by its sockets; if they are not known, who was on the CPU."""
        owners = {owner.process for owner in self.owners if owner.process}
        return owners or {hop.process for hop in self.hops if hop.process is not None}

    @property
    def duration(
        self,
    ) -> Annotated[
        int | None, Words("ns from its first hop to its last; null if times are not known")
    ]:
        """Nanoseconds from the earliest hop with a time to the latest, of two at least."""
        return self.way.duration

    @property
    def depths(self) -> tuple[int, ...]:
        """How deep each step is nested: see :attr:`Way.depths`."""
        return self.way.depths

    @property
    def interfaces(self) -> tuple[str | None, ...]:
        """For each step the interface to show: see :attr:`Way.interfaces`."""
        return self.way.interfaces

    @property
    def diffs(self) -> tuple[Diff | None, ...]:
        """Of each of :attr:`snapshots` what changed since the one before; None of the first."""
        return self._compared[1]

    @property
    def seen(self) -> tuple[Step, ...]:
        """The steps, but of each snapshot what it starts with is known as well as can be: what
        is left of a packet whose headers have gone is told by what it was before."""
        steps = list(self.steps)
        for look, one in zip(self.way.looks, self._compared[0], strict=True):
            steps[look.number] = one
        return tuple(steps)

    @property
    def ending(self) -> Ending:
        """How it ended, and why; of many journeys the same object."""
        if "outcome" in self.__dict__:
            return Ending(self.outcome, self.reason, self.source, self.rule, self.advice)
        return self.way.ending

    @property
    def alike(self) -> tuple[Hashable, ...]:
        """All that is told of it but its number, time and steps: the same of many journeys."""
        if self.notes or self.owners:
            return (*JOURNEY.values(self)[2:], self.owners)
        way = self.way
        ending = self.ending if "outcome" in self.__dict__ else way.ending
        return self.form, self.origin, way.duration, ending

    def moments(self) -> Iterator[Moment]:
        """Each step, as in :attr:`seen`, with what one has to know of those before it."""
        looks = iter(self.looks)
        for moment in self.way.moments:
            yield next(looks) if moment is None else moment

    @property
    def looks(self) -> list[SnapshotMoment]:
        """Those of :meth:`moments` that are snapshots."""
        new = tuple.__new__  # a third of what the class's own constructor takes
        made = []
        earlier: Snapshot | None = None
        for look, snapshot, changes in zip(self.way.looks, *self._compared, strict=True):
            number, depth, before, since, left = look
            told = number, depth, snapshot, before, since, changes, earlier, left
            made.append(new(SnapshotMoment, told))
            earlier = snapshot
        return made

    @lazily
    def _compared(self) -> tuple[tuple[Snapshot, ...], tuple[Diff | None, ...]]:
        """The snapshots as :attr:`seen` has them, and of each what changed."""
        packets = self._packets
        if packets and len(packets) > 1 and packets.count(packets[0]) == len(packets):
            one = Snapshot.sniffed(packets[0])
            more = len(packets) - 1
            return (one,) * len(packets), (None, *(unchanged(one[1]),) * more)
        snapshots = self._looked
        diffs: list[Diff | None] = [None] * len(snapshots)
        for index in range(1, len(snapshots)):
            before, after = snapshots[index - 1], snapshots[index]
            found = diffs[index] = diff(before, after)
            snapshots[index - 1] = before.taken_for(found.before_type)
            snapshots[index] = after.taken_for(found.after_type)
        return tuple(snapshots), tuple(diffs)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, in the form that :func:`dtkit.trace.journey.schema.journey_schema` describes."""
        return {
            "type": JOURNEY.name,
            **JOURNEY.row(self),
            "steps": [moment.to_dict() for moment in self.moments()],
        }

    def without_advice(self) -> Journey:
        """The same, without :attr:`advice`."""
        return replace(self, advice="") if self.advice else self

    @property
    def headline(self) -> str:
        """What packet it is: the summary of its first snapshot."""
        snapshots = self.snapshots
        return visible(snapshots[0].summary) if snapshots else "no packet bytes"

    def __str__(self) -> str:
        """In one line: ``#4 10.0.0.1 > 10.0.0.2: ICMP echo request, 12 hops, delivered``."""
        parts = [self.headline, counted(len(self.hops), "hop")]
        return f"#{self.number} " + ", ".join(filter(None, [*parts, visible(self.outcome)]))


#: What is told of a journey, and of its snapshots.
JOURNEY = Table("journey", (Journey, ""))
SNAPSHOT = Table("snapshot", (SnapshotMoment, ""), (Snapshot, "step."))

#: Columns of a journey that others do not have alike: see :attr:`Journey.alike`.
ITS_OWN = JOURNEY.names[:2]
assert [column.path for column in JOURNEY.columns[:2]] == ["number", "time"]

#: What is told of a snapshot by its bytes; the rest its way and what has changed tell.
OF_BYTES = Table(SNAPSHOT.name, (Snapshot, ""))
