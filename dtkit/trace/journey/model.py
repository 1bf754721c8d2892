# SPDX-License-Identifier: BSD-2-Clause
"""
A packet's way through the kernel: hops, and snapshots of its bytes between them.

One model for what mbuf_trace captured (places in the source, no time per hop) and for paths
followed with DTrace (functions, with time, CPU and thread). A journey is immutable; iterating
over it gives its steps in the order of time; ``str()`` is one line about it, and
:mod:`dtkit.trace.views.show` has the whole of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Annotated, Any, NamedTuple

from dtkit.foreign import decoded, encoded, visible
from dtkit.packets.header import MbufHeader
from dtkit.trace.journey.columns import Table, Words
from dtkit.trace.journey.diff import Diff, diff
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.traced import Ending, ended

__all__ = [
    "HOP", "JOURNEY", "SNAPSHOT", "Hop", "HopMoment", "Journey", "Moment", "Place",
    "SnapshotMoment", "Step",
]  # fmt: skip

#: ``FILE:LINE: TEXT``, of which the position may be missing, and TEXT if there is a position.
_PLACE = re.compile(rb"(?:([^\s:]+):([0-9]{1,9})(?:: ?|\Z))?([+-]?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the kernel that a packet passes.

    :ivar text: the text that names it, as captured, without arguments.
    :ivar module: the kernel module, where that is known and the file is not.
    """

    text: str
    label: Annotated[str, Words("the function, or what else the trace point says")]
    direction: Annotated[str, Words("'+' for entering, '-' for leaving, '' for neither")] = ""
    file: Annotated[str | None, Words("source file as captured; null if unknown")] = None
    line: Annotated[int | None, Words("line in it; null if unknown")] = None
    module: str | None = None

    @classmethod
    def parse(cls, text: bytes) -> Place:
        """The place that *text* names: ``net/if.c:42: +ether_input``; any bytes name one."""
        found = _PLACE.fullmatch(text)
        assert found is not None  # every part of the pattern may be empty
        file, line, direction, label = found.groups()
        return cls(
            decoded(text),
            decoded(label),
            direction.decode(),
            None if file is None else decoded(file),
            None if line is None else int(line),
        )

    @property
    def path(self) -> str | None:
        """The file below the kernel's ``sys`` directory: ``net/if.c`` wherever it was built."""
        return None if self.file is None else _below_sys(self.file)

    @property
    def group(
        self,
    ) -> Annotated[str, Words("subsystem: the file's directory below sys, or the module")]:
        """The subsystem: its directory (``netpfil/pf``), else its module, else empty."""
        path = self.path
        return path.rpartition("/")[0] if path is not None else self.module or ""

    @property
    def name(self) -> str:
        """What to call it in one word: its label, else ``file:line``."""
        return self.label or self.text

    def __str__(self) -> str:
        return visible(self.text)


@lru_cache(maxsize=4096)
def _below_sys(file: str) -> str:
    _, found, below = f"/{file}".rpartition("/sys/")
    path = below if found else file
    while path.startswith(("./", "../", "/")):
        path = path.partition("/")[2]
    return path


class Hop(NamedTuple):
    """A place passed at a moment. (A named tuple: made for each hop of a long capture.)

    :ivar place: where.
    :ivar header: what the kernel knows of the packet beside its bytes, where that was asked for.
    """

    place: Place
    arguments: Annotated[str | None, Words("what stood in parentheses; null if nothing did")] = None
    time: Annotated[int | None, Words("ns since 1970; null if unknown")] = None
    cpu: Annotated[int | None, Words("the CPU it ran on; null if unknown")] = None
    thread: Annotated[int | None, Words("the thread that ran; null if unknown", form="hex")] = None
    process: Annotated[str | None, Words("of that thread, as name[pid]; null if unknown")] = None
    interface: Annotated[
        str | None, Words("that the packet came from or goes to; null if unknown")
    ] = None
    vnet: Annotated[str | None, Words("the network stack (jail) at work; null if unknown")] = None
    rule: Annotated[str | None, Words("the firewall's rule that matched; null if none did")] = None
    reason: Annotated[str | None, Words("what it says of why; null if nothing")] = None
    host: Annotated[str | None, Words("it was on, of several; null if there is one")] = None
    header: MbufHeader | None = None
    stack: Annotated[
        tuple[str, ...] | None, Words("the callers, innermost first; null if not recorded")
    ] = None

    @classmethod
    def parse(cls, text: bytes) -> Hop:
        """The hop that a trace string (without its final NUL) stands for."""
        head, paren, tail = text.partition(b"(")
        if paren and head and head[-1] != 0x20 and tail[-1:] == b")":
            return cls(Place.parse(head), decoded(tail[:-1]))
        return cls(Place.parse(text))

    @property
    def text(self) -> Annotated[str, Words("the trace string that it stands for")]:
        """The trace string that it stands for."""
        place, arguments = self.place.text, self.arguments
        return place if arguments is None else f"{place}({arguments})"

    @property
    def label(self) -> str:
        """The function, or what else the trace point says, with its arguments."""
        label, arguments = self.place.name, self.arguments
        return label if arguments is None else f"{label}({arguments})"

    def __str__(self) -> str:
        return visible(self.text)


Step = Hop | Snapshot


class HopMoment(NamedTuple):
    """A hop of a journey where it stands there.

    :ivar step: the hop.
    :ivar before: the hop before it, or None.
    """

    number: Annotated[int, Words("place in the journey, from 0, in the order of time", name="step")]
    depth: Annotated[int, Words("how deep it is nested, by entering and leaving")]
    step: Hop
    before: Hop | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        row = {"type": HOP.name, **HOP.row(self)}
        return row if self.step.header is None else {**row, "header": self.step.header.known()}


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
    ) -> None:
        """:param outcome: None if its hops tell it and why, as those of mbuf_trace do."""
        # As dataclass would do it, in a third of the time: one is made for each frame.
        fields = self.__dict__
        fields["number"] = number
        fields["time"] = time
        fields["steps"] = steps
        fields["form"] = form
        fields["origin"] = origin
        fields["notes"] = notes
        fields["owners"] = owners
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
        ending = ended([(hop[0].label, hop[1]) for hop in self.hops])
        self.__dict__.update(ending._asdict())
        told: str = self.__dict__[name]
        return told

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @cached_property
    def hops(self) -> tuple[Hop, ...]:
        """Its hops, in the order of time."""
        return tuple([step for step in self.steps if type(step) is Hop])

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Its snapshots, in the order of time."""
        return tuple(step for step in self.seen if isinstance(step, Snapshot))

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

    @cached_property
    def duration(
        self,
    ) -> Annotated[
        int | None, Words("ns from its first hop to its last; null if times are not known")
    ]:
        """Nanoseconds from the earliest hop with a time to the latest, of two at least."""
        times = [step[2] for step in self.steps if type(step) is Hop and step[2] is not None]
        return max(times) - min(times) if len(times) > 1 else None

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """How deep each step is nested: one deeper behind ``+label``, up to ``-label``.

        A leaving without its entering (the trace began inside) stays where it is; one that
        leaves an outer function leaves the inner ones as well.
        """
        depths = []
        deep = 0
        inside: list[str] = []
        within: Counter[str] = Counter()
        for step in self.steps:
            if type(step) is not Hop or not (direction := step[0].direction):
                depths.append(deep)
                continue
            label = step[0].label
            if direction == "+":
                depths.append(deep)
                inside.append(label)
                within[label] += 1
                deep += 1
            else:
                if within[label]:
                    left = None
                    while left != label:
                        left = inside.pop()
                        within[left] -= 1
                    deep = len(inside)
                depths.append(deep)
        return tuple(depths)

    @cached_property
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
            if isinstance(step, Snapshot):
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

    @property
    def diffs(self) -> tuple[Diff | None, ...]:
        """For each step what changed: of a snapshot that is not the first, its difference from
        the one before it; None elsewhere."""
        return self._compared[0]

    @property
    def seen(self) -> tuple[Step, ...]:
        """The steps, but of each snapshot what it starts with is known as well as can be: what
        is left of a packet whose headers have gone is told by what it was before."""
        return self._compared[1]

    def moments(self, hops: bool = True) -> Iterator[Moment]:
        """
        Each step, as in :attr:`seen`, with what one has to know of those before it.

        :param hops: whether hops are among them, or snapshots alone.
        """
        new = tuple.__new__  # a third of what the class's own constructor takes
        hop: Hop | None = None
        last: tuple[int, Snapshot, Hop | None] | tuple[None, None, None] = None, None, None
        diffs, seen = self._compared
        for index, (step, depth) in enumerate(zip(seen, self.depths, strict=True)):
            if type(step) is Hop:
                if hops:
                    yield new(HopMoment, (index, depth, step, hop))
                hop = step
            elif isinstance(step, Snapshot):
                since, earlier, left = last
                yield SnapshotMoment(index, depth, step, hop, since, diffs[index], earlier, left)
                last = index, step, hop

    @cached_property
    def _compared(self) -> tuple[tuple[Diff | None, ...], tuple[Step, ...]]:
        diffs: list[Diff | None] = [None] * len(self.steps)
        seen = list(self.steps)
        last: int | None = None
        for index, step in enumerate(self.steps):
            if isinstance(step, Snapshot):
                if last is not None:
                    before = seen[last]
                    assert isinstance(before, Snapshot)
                    found = diffs[index] = diff(before, step)
                    seen[last] = before._replace(known=found.before_type)
                    seen[index] = step._replace(known=found.after_type)
                last = index
        return tuple(diffs), tuple(seen)

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


#: What is told of a journey, and of its steps.
JOURNEY = Table("journey", (Journey, ""))
HOP = Table("hop", (HopMoment, ""), (Place, "step.place."), (Hop, "step."))
SNAPSHOT = Table("snapshot", (SnapshotMoment, ""), (Snapshot, "step."))


def trace_string(hop: Hop) -> bytes:
    """The bytes of the record that *hop* stands for, with their final NUL."""
    return encoded(hop.text) + b"\0"
