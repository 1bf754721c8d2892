# SPDX-License-Identifier: BSD-2-Clause
"""Journeys on their way out: as trees, as JSON lines, or hop by hop as they come."""

from __future__ import annotations

import sys
from itertools import islice
from typing import Any, BinaryIO

import click

from dtkit.trace.journey.model import Journey, Step
from dtkit.trace.views.follow import ending_line, step_line
from dtkit.trace.views.jsonlines import JsonLines
from dtkit.trace.views.show import Line, Overview, brief_line, lines

__all__ = ["FORMS", "JourneyPrinter"]

FORMS = ("text", "json")

#: Colours of the styles of :class:`dtkit.trace.views.show.Line`, on a terminal.
_STYLES: dict[str, dict[str, Any]] = {
    "number": {"bold": True},
    "time": {"dim": True},
    "summary": {"bold": True},
    "place": {"dim": True},
    "label": {},
    "enter": {"fg": "green"},
    "leave": {"fg": "blue"},
    "snapshot": {"fg": "cyan"},
    "change": {"fg": "yellow"},
    "outcome": {"bold": True},
    "reason": {"bold": True},
    "advice": {"fg": "magenta"},
    "note": {"fg": "red"},
    "slow": {"fg": "red", "bold": True},
    "": {},
}

#: Lines that are written at once.
_BATCH = 1000


class JourneyPrinter:
    """
    Prints journeys.

    :param sink: where to; binary.
    :param form: of :data:`FORMS`.
    :param follow: whether hops are printed as they come.
    :param brief: whether a journey is a line.
    :param newest_first: whether steps stand as the kernel's records do.
    :ivar seen: to be told of each step; None where that is not needed.
    """

    def __init__(
        self,
        sink: BinaryIO,
        form: str,
        *,
        follow: bool = False,
        brief: bool = False,
        newest_first: bool = False,
    ) -> None:
        self._sink, self._form = sink, form
        self._follow, self._brief, self._newest_first = follow, brief, newest_first
        self._coloured = sink is sys.stdout.buffer and _colours()
        self._json = JsonLines()
        self._overview = Overview()
        self.seen = self._seen if follow else None

    def take(self, journey: Journey) -> None:
        """Print a journey that is over."""
        if self._form == "json":
            self._put(f"{self._json.line(journey, self._newest_first)}\n")
            return
        self._overview.add(journey)
        if self._follow:
            if line := ending_line(journey):
                self._put(f"{line}\n")
        elif self._brief:
            self._put(f"{self._styled(brief_line(journey))}\n")
        else:
            # Many in one go: a journey has many lines; it may have 65,535.
            shown = (f"{self._styled(line)}\n" for line in lines(journey, self._newest_first))
            while batch := "".join(islice(shown, _BATCH)):
                self._put(batch)
            self._put("\n")

    def finish(self) -> None:
        """Sum up."""
        if self._form == "text" and self._overview.known:
            self._put(f"{self._overview}\n")

    def _seen(self, number: int, step: Step) -> None:
        self._put(f"{step_line(number, step)}\n")

    def _styled(self, line: Line) -> str:
        if not self._coloured:
            return str(line)
        return "".join(click.style(text, **_STYLES[style]) for text, style in line.spans)

    def _put(self, text: str) -> None:
        # Not by echo(), which looks for colours to take out of each of a million lines.
        self._sink.write(text.encode())
        self._sink.flush()


def _colours() -> bool:
    """Whether stdout is to have colours."""
    color = click.get_current_context().color
    return sys.stdout.isatty() if color is None else color
