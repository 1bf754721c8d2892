# SPDX-License-Identifier: BSD-2-Clause
"""A journey as lines of text: the packet on top, an indented tree of its hops below."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dtkit.foreign import visible
from dtkit.trace.journey.model import Hop, HopMoment, Journey, Moment, SnapshotMoment

__all__ = ["Line", "changed_where", "clock", "journey_text", "lines", "told"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: stretches of text, each with the style it has where there are colours.

    :ivar spans: text and style: ``number``, ``time``, ``summary``, ``place``, ``label``,
        ``enter``, ``leave``, ``snapshot``, ``change``, ``outcome``, ``note``, or empty for plain.
    """

    spans: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "".join(text for text, _ in self.spans)


def clock(nanoseconds: int | None) -> str:
    """The wall clock, UTC, to the nanosecond; ``-`` for an unknown time."""
    if nanoseconds is None:
        return "-"
    seconds, fraction = divmod(nanoseconds, 10**9)
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + f".{fraction:09}"
    except (OverflowError, ValueError, OSError):
        return f"{seconds}.{fraction:09}"


def lines(journey: Journey, newest_first: bool = False) -> Iterator[Line]:
    """The lines that say all of *journey*.

    :param newest_first: steps in the order in which the kernel's records stand.
    """
    hops = len(journey.hops)
    count = f"{hops} hop" if hops == 1 else f"{hops} hops"
    copied = f"copy of #{journey.origin}" if journey.origin is not None else ""
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
    known: dict[str, Any] = {}
    if newest_first:
        for step in reversed([list(_step(moment, known)) for moment in journey.moments()]):
            yield from step
    else:
        for moment in journey.moments():
            yield from _step(moment, known)
    if journey.outcome:
        yield Line((("  => ", "outcome"), (visible(journey.outcome), "outcome")))
    for note in journey.notes:
        yield Line((("  !! ", "note"), (visible(note), "note")))


def journey_text(journey: Journey, newest_first: bool = False) -> str:
    """:func:`lines` as one string without colours, no line feed at its end."""
    return "\n".join(str(line) for line in lines(journey, newest_first))


#: How deep nesting is shown; beyond that its depth is a number.
_DEEPEST = 40


def _step(moment: Moment, known: dict[str, Any]) -> Iterator[Line]:
    """The lines of a step; *known* is what the hops before it told, and is kept."""
    indent = "  " * (min(moment.depth, _DEEPEST) + 1)
    if moment.depth > _DEEPEST:
        indent += f"[{moment.depth}] "
    if isinstance(moment, HopMoment):
        when = told(moment.step, known)
        yield Line(((indent, ""), *_hop(moment.step), *([(f"  {when}", "time")] if when else [])))
        return
    step, change, earlier = moment.step, moment.changes, moment.earlier
    if earlier is None or change is None:
        size = "1 byte" if len(step.data) == 1 else f"{len(step.data)} bytes"
        yield Line(((f"{indent}= {size}", "snapshot"),))
    elif not change:
        yield Line(((f"{indent}= unchanged", "snapshot"),))
    else:
        said = "" if step.summary == earlier.summary else f" {step.summary} "
        where = f" changed {changed_where(moment)}:"
        yield Line(((f"{indent}~{said}", "snapshot"), (where, "place")))
        for text in change.lines:
            yield Line(((f"{indent}    {text}", "change"),))


def changed_where(moment: SnapshotMoment) -> str:
    """Between which hops the snapshot came to differ from the one before."""
    hops = moment.left, moment.before
    first, second = (_name(hop) if hop else "the start" for hop in hops)
    return f"after {first}" if hops[0] is hops[1] else f"between {first} and {second}"


def _name(hop: Hop) -> str:
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


def told(hop: Hop, known: dict[str, Any]) -> str:
    """
    What is known of when and where *hop* was: time since the hop before, CPU, thread; process,
    interface and vnet where they are others than when they were last known.

    :param known: of the hops before by field, empty for the first one; this hop's is added.
    """
    said = []
    if hop.time is not None:
        said.append(f"+{(hop.time - known.get('time', hop.time)) / 1000:.3f} us")
        known["time"] = hop.time
    if hop.cpu is not None:
        said.append(f"cpu {hop.cpu}")
    if hop.thread is not None:
        said.append(f"thread {hop.thread:#x}")
    for what, field in (("", "process"), ("", "interface"), ("vnet ", "vnet")):
        value = getattr(hop, field)
        if value is not None and value != known.get(field):
            said.append(visible(f"{what}{value}"))
            known[field] = value
    return ", ".join(said)
