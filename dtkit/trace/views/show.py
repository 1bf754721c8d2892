# SPDX-License-Identifier: BSD-2-Clause
"""A journey as lines of text: the packet on top, an indented tree of its hops below."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from dtkit.foreign import visible
from dtkit.trace.journey.model import Hop, Journey
from dtkit.trace.journey.snapshot import Snapshot

__all__ = ["Line", "changed_where", "clock", "journey_text", "lines", "moment"]


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
    steps = [list(_step(journey, index)) for index in range(len(journey))]
    for step in reversed(steps) if newest_first else steps:
        yield from step
    if journey.outcome:
        yield Line((("  => ", "outcome"), (visible(journey.outcome), "outcome")))
    for note in journey.notes:
        yield Line((("  !! ", "note"), (visible(note), "note")))


def journey_text(journey: Journey, newest_first: bool = False) -> str:
    """:func:`lines` as one string without colours, no line feed at its end."""
    return "\n".join(str(line) for line in lines(journey, newest_first))


def _step(journey: Journey, index: int) -> Iterator[Line]:
    step, indent = journey.seen[index], "  " * (journey.depths[index] + 1)
    if isinstance(step, Hop):
        when = moment(journey, index)
        yield Line(((indent, ""), *_hop(step), *([(f"  {when}", "time")] if when else [])))
        return
    since, change = journey.snapshot_before(index), journey.diffs[index]
    if since is None or change is None:
        size = "1 byte" if len(step.data) == 1 else f"{len(step.data)} bytes"
        yield Line(((f"{indent}= {size}", "snapshot"),))
    elif not change:
        yield Line(((f"{indent}= unchanged", "snapshot"),))
    else:
        before = journey.seen[since]
        assert isinstance(before, Snapshot)
        said = "" if step.summary == before.summary else f" {step.summary} "
        where = f" changed {changed_where(journey, index)}:"
        yield Line(((f"{indent}~{said}", "snapshot"), (where, "place")))
        for text in change.lines:
            yield Line(((f"{indent}    {text}", "change"),))


def changed_where(journey: Journey, index: int) -> str:
    """Between which hops the snapshot that is step *index* came to differ from the one before."""
    since = journey.snapshot_before(index)
    hops = [None if at is None else journey.hop_before(at) for at in (since, index)]
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


def moment(journey: Journey, index: int) -> str:
    """What is known of when hop *index* was: time since the hop before, CPU, thread."""
    hop = journey.steps[index]
    if not isinstance(hop, Hop):
        return ""
    known = []
    if hop.time is not None:
        earlier = (step.time for step in reversed(journey.steps[:index]) if isinstance(step, Hop))
        before = next((time for time in earlier if time is not None), hop.time)
        known.append(f"+{(hop.time - before) / 1000:.3f} us")
    if hop.cpu is not None:
        known.append(f"cpu {hop.cpu}")
    if hop.thread is not None:
        known.append(f"thread {hop.thread:#x}")
    # Where it is: said where it is somewhere else than when that was last known.
    for what, field in (("", "process"), ("", "interface"), ("vnet ", "vnet")):
        value = getattr(hop, field)
        if value is not None and value != _last(journey, index, field):
            known.append(visible(f"{what}{value}"))
    return ", ".join(known)


def _last(journey: Journey, index: int, field: str) -> str | None:
    """What was last known of *field* before step *index*."""
    earlier = (
        getattr(step, field) for step in reversed(journey.steps[:index]) if isinstance(step, Hop)
    )
    return next((value for value in earlier if value is not None), None)
