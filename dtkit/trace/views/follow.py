# SPDX-License-Identifier: BSD-2-Clause
"""Journeys that are not over yet: a line for each step as it comes."""

from __future__ import annotations

from dtkit.foreign import visible
from dtkit.trace.journey.model import Journey, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.scale import clock

__all__ = ["ending_line", "step_line"]


def step_line(number: int, step: Step) -> str:
    """A step of journey *number*, which may not be over, on a line."""
    if isinstance(step, Snapshot):
        return f"#{number}    = {visible(step.summary)}"
    known = [clock(step.time), visible(f"{step.place.direction or ' '}{step.label}")]
    known += [f"cpu {step.cpu}"] if step.cpu is not None else []
    known += [visible(one) for one in (step.process, step.interface) if one]
    known += [f"vnet {visible(step.vnet)}"] if step.vnet else []
    return f"#{number}  {'  '.join(known)}"


def ending_line(journey: Journey) -> str:
    """How a journey ended whose steps were shown, on a line; empty where nothing is to be said."""
    why = f"because: {journey.reason}" if journey.reason else ""
    where = f"look at: {journey.advice}" if journey.advice else ""
    told = (journey.outcome, why, where, *journey.notes)
    said = "; ".join(visible(text) for text in told if text)
    return f"#{journey.number}  => {said}" if said else ""
