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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from dtkit.foreign import decoded, encoded, plain, visible
from dtkit.trace.journey.diff import Diff, diff
from dtkit.trace.journey.snapshot import Snapshot

__all__ = ["Hop", "Journey", "Place", "Step"]

#: ``FILE:LINE: TEXT``, of which the position may be missing, and TEXT if there is a position.
_PLACE = re.compile(rb"(?:([^\s:]+):([0-9]{1,9})(?:: ?|\Z))?([+-]?)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the kernel that a packet passes.

    :ivar text: the text that names it, as captured, without arguments.
    :ivar label: the function, or what else the trace point says.
    :ivar direction: ``+`` for entering it, ``-`` for leaving it, empty for neither.
    :ivar file: its source file as captured, or None.
    :ivar line: the line there, or None.
    :ivar module: the kernel module, where that is known and the file is not.
    """

    text: str
    label: str
    direction: str = ""
    file: str | None = None
    line: int | None = None
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
        if self.file is None:
            return None
        _, found, below = f"/{self.file}".rpartition("/sys/")
        path = below if found else self.file
        while path.startswith(("./", "../", "/")):
            path = path.partition("/")[2]
        return path

    @property
    def group(self) -> str:
        """The subsystem: its directory (``netpfil/pf``), else its module, else empty."""
        path = self.path
        return path.rpartition("/")[0] if path is not None else self.module or ""

    @property
    def name(self) -> str:
        """What to call it in one word: its label, else ``file:line``."""
        return self.label or self.text

    def __str__(self) -> str:
        return visible(self.text)


class Hop(NamedTuple):
    """A place passed at a moment. (A named tuple: made for each hop of a long capture.)

    :ivar place: where.
    :ivar arguments: what stood in parentheses behind it, or None.
    :ivar time: nanoseconds since 1970, or None.
    :ivar cpu: the CPU it ran on, or None.
    :ivar thread: the thread that ran, or None.
    :ivar process: its process, ``name[pid]``, or None.
    :ivar interface: the network interface that the packet came from or goes to, or None.
    :ivar vnet: the network stack (jail) that was at work, or None.
    """

    place: Place
    arguments: str | None = None
    time: int | None = None
    cpu: int | None = None
    thread: int | None = None
    process: str | None = None
    interface: str | None = None
    vnet: str | None = None

    @classmethod
    def parse(cls, text: bytes) -> Hop:
        """The hop that a trace string (without its final NUL) stands for."""
        head, paren, tail = text.partition(b"(")
        if paren and head and head[-1] != 0x20 and tail[-1:] == b")":
            return cls(Place.parse(head), decoded(tail[:-1]))
        return cls(Place.parse(text))

    @property
    def text(self) -> str:
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


@dataclass(frozen=True, init=False)
class Journey:
    """One packet's way.

    :ivar number: the number of its frame in the capture, or of the packet that was followed.
    :ivar time: nanoseconds since 1970: of an mbuf_trace frame, when the mbuf was freed; of a
        followed packet, its first hop. None if unknown.
    :ivar steps: its hops and snapshots in the order of time.
    :ivar form: where it was read from: ``mbuf_trace 3``, ``mbuf_trace 1 little-endian``, ...
    :ivar origin: the number of the journey that this one is a copy of, or None.
    :ivar outcome: how it ended, in words; empty where that is not known.
    :ivar notes: what is missing from it, and why.
    """

    number: int
    time: int | None
    steps: tuple[Step, ...]
    form: str
    origin: int | None
    outcome: str
    notes: tuple[str, ...]

    def __init__(
        self,
        number: int,
        time: int | None,
        steps: tuple[Step, ...],
        form: str = "",
        origin: int | None = None,
        outcome: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        # As dataclass would do it, in a third of the time: one is made for each frame.
        fields = self.__dict__
        fields["number"] = number
        fields["time"] = time
        fields["steps"] = steps
        fields["form"] = form
        fields["origin"] = origin
        fields["outcome"] = outcome
        fields["notes"] = notes

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """Its hops, in the order of time."""
        return tuple(step for step in self.steps if isinstance(step, Hop))

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Its snapshots, in the order of time."""
        return tuple(step for step in self.seen if isinstance(step, Snapshot))

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """How deep each step is nested: one deeper behind ``+label``, up to ``-label``.

        A leaving without its entering (the trace began inside) stays where it is; one that
        leaves an outer function leaves the inner ones as well.
        """
        depths = []
        inside: list[str] = []
        for step in self.steps:
            if isinstance(step, Snapshot) or not step.place.direction:
                depths.append(len(inside))
                continue
            label = step.place.label
            if step.place.direction == "+":
                depths.append(len(inside))
                inside.append(label)
            else:
                if label in inside:
                    while inside.pop() != label:
                        pass
                depths.append(len(inside))
        return tuple(depths)

    @cached_property
    def diffs(self) -> tuple[Diff | None, ...]:
        """For each step what changed: of a snapshot that is not the first, its difference from
        the one before it; None elsewhere."""
        return self._compared[0]

    @cached_property
    def seen(self) -> tuple[Step, ...]:
        """The steps, but of each snapshot what it starts with is known as well as can be: what
        is left of a packet whose headers have gone is told by what it was before."""
        return self._compared[1]

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

    def hop_before(self, index: int) -> Hop | None:
        """The last hop before step *index*: where a snapshot was taken."""
        earlier = (step for step in reversed(self.steps[:index]) if isinstance(step, Hop))
        return next(earlier, None)

    def snapshot_before(self, index: int) -> int | None:
        """The index of the last snapshot before step *index*: what its diff starts from."""
        earlier = (i for i in range(index - 1, -1, -1) if isinstance(self.steps[i], Snapshot))
        return next(earlier, None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, in the form of ``journey.schema.json`` beside this module."""
        steps: list[dict[str, Any]] = []
        walk = zip(self.seen, self.depths, self.diffs, strict=True)
        for index, (step, depth, change) in enumerate(walk):
            if isinstance(step, Hop):
                place = step.place
                steps.append(
                    {
                        "type": "hop",
                        "index": index,
                        "depth": depth,
                        "text": plain(step.text),
                        "file": None if place.file is None else plain(place.file),
                        "line": place.line,
                        "label": plain(place.label),
                        "direction": place.direction,
                        "arguments": None if step.arguments is None else plain(step.arguments),
                        "group": plain(place.group),
                        "time": step.time,
                        "cpu": step.cpu,
                        "thread": step.thread,
                        "process": None if step.process is None else plain(step.process),
                        "interface": None if step.interface is None else plain(step.interface),
                        "vnet": None if step.vnet is None else plain(step.vnet),
                    }
                )
            else:
                steps.append(
                    {
                        "type": "snapshot",
                        "index": index,
                        "depth": depth,
                        "linktype": step.linktype.name,
                        "length": step.length,
                        "captured": len(step.data),
                        "data": step.data.hex(),
                        "summary": step.summary,
                        "diff": None
                        if change is None
                        else {
                            "since": self.snapshot_before(index),
                            "changes": [one.to_dict() for one in change],
                        },
                    }
                )
        return {
            "type": "journey",
            "number": self.number,
            "time": self.time,
            "form": self.form,
            "origin": self.origin,
            "outcome": plain(self.outcome),
            "notes": [plain(note) for note in self.notes],
            "steps": steps,
        }

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


def trace_string(hop: Hop) -> bytes:
    """The bytes of the record that *hop* stands for, with their final NUL."""
    return encoded(hop.text) + b"\0"
