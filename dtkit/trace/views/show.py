# SPDX-License-Identifier: BSD-2-Clause
"""A journey as lines of text: the packet on top, an indented tree of its hops below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from dtkit.counted import counted
from dtkit.foreign import visible
from dtkit.packets.header import header_words
from dtkit.trace.journey.model import Hop, HopMoment, Journey, Moment, SnapshotMoment
from dtkit.trace.journey.outcome import end_of
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.traced import Ending
from dtkit.trace.journey.way import Look
from dtkit.trace.views.scale import clock, scaled

__all__ = [
    "Line", "Overview", "Teller", "brief_line", "changed_where", "hop_name", "journey_text",
    "lines", "no_hop_between", "slow_from",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line: stretches of text, each with the style it has where there are colours.

    :ivar spans: text and style: ``number``, ``time``, ``summary``, ``place``, ``label``,
        ``enter``, ``leave``, ``snapshot``, ``change``, ``outcome``, ``reason``,
        ``advice``, ``note``, ``slow``, or empty for plain.
    """

    spans: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "".join(text for text, _ in self.spans)


def lines(journey: Journey, newest_first: bool = False) -> Iterator[Line]:
    """The lines that say all of *journey*.

    Where times are known, each hop begins with the time since the first, ends with that since the
    one before, and a slow one says so (:func:`slow_from`).

    :param newest_first: steps in the order in which the kernel's records stand.
    """
    copied = f"copy of #{journey.origin}" if journey.origin is not None else ""
    took = journey.duration
    count = _hops(journey) + ("" if took is None else f" in {scaled(took)}")
    yield Line(
        (
            (f"#{journey.number}", "number"),
            ("  ", ""),
            (clock(journey.time), "time"),
            ("  ", ""),
            (journey.headline, "summary"),
            (f"  ({', '.join(filter(None, [count, copied, visible(journey.form)]))})", ""),
        )
    )
    teller = Teller(journey)
    if newest_first:
        for step in reversed([list(_step(moment, teller)) for moment in journey.moments()]):
            yield from step
    else:
        for moment in journey.moments():
            yield from _step(moment, teller)
    if journey.outcome:
        yield Line((("  => ", "outcome"), (visible(journey.outcome), "outcome")))
    if journey.reason:
        told = f" ({visible(journey.source)})" if journey.source else ""
        yield Line((("     because: ", ""), (visible(journey.reason), "reason"), (told, "place")))
    if journey.advice:
        yield Line((("     look at: ", ""), (visible(journey.advice), "advice")))
    for socket in journey.sockets:
        yield Line((("     socket: ", ""), (visible(socket), "place")))
    for note in journey.notes:
        yield Line((("  !! ", "note"), (visible(note), "note")))


def brief_line(journey: Journey) -> Line:
    """One line: number, time of day, time it took, hops, how it ended, what packet it is.

    The packet is told as it looks in its first snapshot, without those behind it.
    """
    took = journey.duration
    first = next((step for step in journey.steps if type(step) is Snapshot), None)
    end, reason = _how(journey.ending)
    return Line(
        (
            (f"#{journey.number:<6} ", "number"),
            (f"{clock(journey.time).partition(' ')[2][:15] or '-':15} ", "time"),
            (f"{'-' if took is None else scaled(took):>8} ", ""),
            (f"{_hops(journey):>9}  ", ""),
            (f"{end or '-':9}  ", "outcome"),
            (visible(first.summary) if first is not None else "no packet bytes", "summary"),
            (f": {reason}" if reason else "", "outcome"),
            ("  !! incomplete" if journey.notes else "", "note"),
        )
    )


@lru_cache(maxsize=4096)
def _how(ending: Ending) -> tuple[str, str]:
    """How a journey ended in a word, and in a few why, or else who ended it."""
    end, who = end_of(visible(ending.outcome))
    return end, visible(ending.reason) or who


def _hops(journey: Journey) -> str:
    return counted(len(journey.hops), "hop")


def slow_from(journey: Journey) -> int | None:
    """
    From how many ns since the hop before on a hop is slow.

    :return: ten times the median of the journey's steps, and a tenth of its time at least; None
        where fewer than five steps have times.
    """
    waits = sorted(after - before for before, after in pairwise(journey.way.times))
    if len(waits) < 5 or (took := journey.duration) is None:
        return None
    return max(10 * waits[len(waits) // 2], took // 10, 1)


def journey_text(journey: Journey, newest_first: bool = False) -> str:
    """:func:`lines` as one string without colours, no line feed at its end."""
    return "\n".join(str(line) for line in lines(journey, newest_first))


#: How deep nesting is shown; beyond that its depth is a number.
_DEEPEST = 40


def _step(moment: Moment, teller: Teller) -> Iterator[Line]:
    """The lines of a step."""
    indent = "  " * (min(moment.depth, _DEEPEST) + 1)
    if moment.depth > _DEEPEST:
        indent += f"[{moment.depth}] "
    if isinstance(moment, HopMoment):
        yield Line(
            (
                (teller.since(moment.step), "time"),
                (indent, ""),
                *_hop(moment.step),
                *((f"  {text}", style) for text, style in teller(moment)),
            )
        )
        if moment.step.stack:
            callers = " < ".join(visible(frame) for frame in moment.step.stack)
            yield Line(((f"{teller.margin}{indent}  < {callers}", "place"),))
        return
    indent = teller.margin + indent
    step, change, earlier = moment.step, moment.changes, moment.earlier
    if earlier is None or change is None:
        size = counted(len(step.data), "byte")
        left = "".join(f", {one}" for one in step.offloads)
        yield Line(((f"{indent}= {size}", "snapshot"), (left, "place")))
    elif not change:
        yield Line(((f"{indent}= unchanged", "snapshot"),))
    else:
        said = "" if step.summary == earlier.summary else f" {step.summary} "
        where = f" changed {changed_where(moment)}:"
        yield Line(((f"{indent}~{said}", "snapshot"), (where, "place")))
        for text in change.lines:
            yield Line(((f"{indent}    {text}", "change"),))
        if step.offloads != earlier.offloads:
            for one in step.offloads or ("nothing is left to the hardware any more",):
                yield Line(((f"{indent}    ({one})", "place"),))


def changed_where(moment: SnapshotMoment | Look) -> str:
    """Between which hops the snapshot came to differ from the one before."""
    hops = moment.left, moment.before
    first, second = (hop_name(hop) if hop else "the start" for hop in hops)
    # A packet may pass the same place twice: that it is the same hop does not tell.
    return f"after {first}" if no_hop_between(moment) else f"between {first} and {second}"


def no_hop_between(moment: SnapshotMoment | Look) -> bool:
    """Whether the snapshot stands right behind the one before."""
    return moment.since == moment.number - 1


def hop_name(hop: Hop) -> str:
    """Its label with its direction and arguments: ``+ip_input(em0)``."""
    return visible(f"{hop.place.direction}{hop.label}")


def _hop(hop: Hop) -> Iterator[tuple[str, str]]:
    place = hop.place
    if not place.label and place.file is not None:
        yield visible(place.text), "label"
        return
    style = {"+": "enter", "-": "leave"}.get(place.direction, "label")
    yield visible(f"{place.direction or ' '}{hop.label}"), style
    if place.file is not None:
        yield f"  {visible(place.file)}:{place.line}", "place"


class Teller:
    """Says of one hop after the other when and where it was, as far as that is new.

    :ivar margin: blanks as wide as :meth:`since`.
    """

    def __init__(self, journey: Journey) -> None:
        self._slow = slow_from(journey)
        self._interfaces = journey.interfaces
        self._timed = any(isinstance(step, Hop) and step.time is not None for step in journey.steps)
        self._start: int | None = None
        self._known: dict[str, Any] = {}
        self.margin = " " * _MARGIN if self._timed else ""

    def since(self, hop: Hop) -> str:
        """The time since the journey's first hop with one; blanks if this has none."""
        if hop.time is None:
            return self.margin
        if self._start is None:
            self._start = hop.time
        return f"{scaled(hop.time - self._start):>{_MARGIN - 1}} "

    def __call__(self, moment: HopMoment) -> Iterator[tuple[str, str]]:
        """Time since the hop before; CPU, thread, process, interface and vnet where they are
        others than when they were last known. Text and style."""
        hop = moment.step
        known, said = self._known, []
        if hop.time is not None:
            if "time" in known:
                wait = hop.time - known["time"]
                slow = self._slow is not None and wait >= self._slow
                yield f"+{scaled(wait)}" + (" slow" if slow else ""), "slow" if slow else "time"
            known["time"] = hop.time
        for field, text in _TOLD:
            value = getattr(hop, field)
            if field == "interface":
                value = self._interfaces[moment.number]
            if value is not None and value != known.get(field):
                said.append(visible(text.format(value)))
                known[field] = value
        if hop.header is not None and hop.header != known.get("header"):
            known["header"] = hop.header
            said.append(visible(", ".join(header_words(hop.header))))
        if said:
            yield ", ".join(said), "time"


#: Width of the times at the left.
_MARGIN = 9

#: What is told of a hop where it is new, and how.
_TOLD = (
    ("host", "on {}"),
    ("cpu", "cpu {}"),
    ("thread", "thread {:#x}"),
    ("process", "{}"),
    ("interface", "{}"),
    ("vnet", "vnet {}"),
)


class Overview:
    """What the journeys that were shown come to, in a line."""

    def __init__(self) -> None:
        self._ends: Counter[str] = Counter()
        self._took: list[tuple[int, int]] = []
        self._missing = 0

    def add(self, journey: Journey) -> None:
        """Count *journey*."""
        self._ends[_how(journey.ending)[0]] += 1
        self._missing += bool(journey.notes)
        if (took := journey.duration) is not None:
            self._took.append((took, journey.number))

    @property
    def known(self) -> bool:
        """Whether there is more to say than how many they are."""
        return bool(self._took or self._missing or any(self._ends))

    def __str__(self) -> str:
        ends = [f"{count} {end}" for end, count in self._ends.most_common() if end]
        said = [", ".join(ends[:6])] if ends else []
        if self._took:
            took = sorted(self._took)
            median, (longest, number) = took[(len(took) - 1) // 2][0], took[-1]
            said.append(f"median {scaled(median)}, longest {scaled(longest)} (#{number})")
        if self._missing:
            said.append(f"{self._missing} incomplete")
        return "; ".join([counted(self._ends.total(), "packet"), *said])
