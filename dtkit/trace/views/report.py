# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as one HTML page that needs nothing else: to search, to look at, to click through.

The page is written while the journeys are read; what Python keeps in memory are the places.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any, TextIO

import jinja2
from markupsafe import Markup

from dtkit.foreign import visible
from dtkit.trace.journey.headers import LAYOUTS, dissect
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.links import Links
from dtkit.trace.views.show import changed_where, clock, moment
from dtkit.trace.views.svg import svg
from dtkit.version import __version__

__all__ = ["write_report"]


def write_report(journeys: Iterable[Journey], stream: TextIO, title: str, links: Links) -> None:
    """
    Write the page.

    :param journeys: of one capture; read once.
    :param stream: for the HTML, UTF-8.
    :param title: of the page, e.g. the capture's name.
    :param links: how places are linked to their source.
    """
    page = _Page(links)
    folder = files("dtkit.trace.views").joinpath("page")
    script = folder.joinpath("report.js").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(folder.joinpath("report.html.j2").read_text("utf-8"))
    digest = hashlib.sha256(script.encode()).digest()
    for piece in template.generate(
        title=visible(title),
        version=__version__,
        style=Markup(folder.joinpath("report.css").read_text("utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(digest).decode(),
        rows=page.rows(journeys),
        tables=page.tables,
        drawing=page.drawing,
    ):
        stream.write(piece)


def _json(value: Any) -> Markup:
    """*value* as JSON for a data block: nothing in it can end the block or start markup."""
    text = json.dumps(value, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


class _Page:
    """What the journeys of a page share: tables that their rows point into."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._graph = Graph()
        self._places: dict[Place, int] = {}
        self._groups: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._rows: list[list[Any]] = []
        self._snippets: list[tuple[int, list[str]]] = []

    def rows(self, journeys: Iterable[Journey]) -> Iterator[Markup]:
        """Each journey as its row of JSON; the script says what stands where."""
        for journey in journeys:
            self._graph.add(journey)
            steps = [self._step(journey, index) for index in range(len(journey))]
            yield _json(
                [
                    journey.number,
                    clock(journey.time),
                    visible(journey.form),
                    journey.headline,
                    steps,
                    visible(journey.outcome),
                    [visible(note) for note in journey.notes],
                    journey.origin,
                ]
            )

    def _step(self, journey: Journey, index: int) -> list[Any]:
        step, depth = journey.seen[index], journey.depths[index]
        if isinstance(step, Hop):
            arguments = None if step.arguments is None else visible(step.arguments)
            hop = [0, depth, self._place(step.place), arguments, moment(journey, index)]
            known = [step.process, step.interface, step.vnet]
            if step.cpu is None and step.thread is None and known == [None] * 3:
                return hop
            thread = None if step.thread is None else f"{step.thread:#x}"
            return [*hop, clock(step.time), step.cpu, thread, *map(self._word, known)]
        parts = [
            number
            for part in dissect(step.data, step.linktype)
            for number in (self._names.setdefault(part.name, len(self._names)), part.size)
        ]
        change, since = journey.diffs[index], journey.snapshot_before(index)
        data = base64.b64encode(step.data).decode()
        if change is None or since is None:
            return [1, depth, data, parts, visible(step.summary), None, ""]
        before = journey.seen[since]
        assert isinstance(before, Snapshot)
        summary = "" if before.summary == step.summary else visible(step.summary)
        bits = [[one.at, one.width, one.to, one.grown] for one in change]
        where = changed_where(journey, index)
        return [1, depth, data, parts, summary, [change.lines, bits], where]

    def _word(self, text: str | None) -> int | None:
        return None if text is None else self._words.setdefault(visible(text), len(self._words))

    def _place(self, place: Place) -> int:
        if place not in self._places:
            self._places[place] = len(self._places)
            group = self._groups.setdefault(visible(place.group), len(self._groups))
            snippet = self._links.snippet(place)
            if snippet is not None:
                self._snippets.append(snippet)
            self._rows.append(
                [
                    visible(place.name),
                    place.direction,
                    None if place.file is None else visible(place.file),
                    place.line,
                    group,
                    self._links.source(place),
                    self._links.edit(place),
                    None if snippet is None else len(self._snippets) - 1,
                ]
            )
        return self._places[place]

    def tables(self) -> Markup:
        """The tables as JSON, when all journeys have been written."""
        return _json(
            {
                "places": self._rows,
                "groups": list(self._groups),
                "names": list(self._names),
                "words": list(self._words),
                "layouts": LAYOUTS,
                "snippets": self._snippets,
            }
        )

    def drawing(self) -> Markup:
        """The graph of all journeys, which escapes what comes from the capture itself."""
        return Markup(svg(self._graph, page=True))
