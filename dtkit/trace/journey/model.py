# SPDX-License-Identifier: BSD-2-Clause
"""
A packet's way through the kernel: hops, and snapshots of its bytes between them.

One model for what mbuf_trace captured (places in the source, no time per hop) and for paths
followed with DTrace (functions, with time, CPU and thread). A journey is immutable; iterating
over it gives its steps in the order of time; ``str()`` is one line about it, and
:mod:`dtkit.trace.views.show` has the whole of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, NamedTuple

from dtkit.foreign import visible
from dtkit.trace.journey.columns import Table, Words
from dtkit.trace.journey.diff import Diff, diff
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
    steps: tuple[Step, ...]
    form: Annotated[str, Words("what it was read from: mbuf_trace 3, path, ...")]
    origin: Annotated[
        int | None,
        Words("the journey that it is a copy of; null if it is none, or of an unknown one"),
    ]
    outcome: Annotated[str, Words("how it ended, in words; empty if unknown")]
    reason: Annotated[str, Words("why it ended so, in a few words; empty if unknown")]
    source: Annotated[str, Words("what told the reason; empty if nothing did")]
    rule: Annotated[str, Words("the firewall's rule that ended it; empty if none did")]
    advice: Annotated[str, Words("what to look at next; empty with --no-advice")]
    notes: Annotated[tuple[str, ...], Words("what is missing from it, and why")]
    owners: tuple[Owner, ...]

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
        # As dataclass would do it, in a third of the time: one is made for each frame.
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

    def __getattr__(self, name: str) -> str:
        # Told when it is asked for: to look for it takes as long as to read the frame.
        if name not in Ending._fields:
            raise AttributeError(name)
        self.__dict__.update(zip(Ending._fields, self.ending, strict=True))
        told: str = self.__dict__[name]
        return told

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @cached_property
    def way(self) -> Way:
        """The places that it passed; journeys that were read from one capture may share it."""
        return Way(tuple([step if type(step) is Hop else None for step in self.steps]))

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Its hops, in the order of time."""
        return self.way.hops

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
        return self.form, self.origin, self.way.duration, self.ending

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

    @cached_property
    def _compared(self) -> tuple[tuple[Snapshot, ...], tuple[Diff | None, ...]]:
        """The snapshots as :attr:`seen` has them, and of each what changed."""
        snapshots = [step for step in self.steps if isinstance(step, Snapshot)]
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
        hops = len(self.hops)
        parts = [self.headline, f"{hops} hop" if hops == 1 else f"{hops} hops"]
        return f"#{self.number} " + ", ".join(filter(None, [*parts, visible(self.outcome)]))


#: What is told of a journey, and of its snapshots.
JOURNEY = Table("journey", (Journey, ""))
SNAPSHOT = Table("snapshot", (SnapshotMoment, ""), (Snapshot, "step."))

#: Columns of a journey that others do not have alike: see :attr:`Journey.alike`.
ITS_OWN = JOURNEY.names[:2]
assert [column.path for column in JOURNEY.columns[:2]] == ["number", "time"]

#: What is told of a snapshot by its bytes; the rest its way and what has changed tell.
OF_BYTES = Table(SNAPSHOT.name, (Snapshot, ""))
