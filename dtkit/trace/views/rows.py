# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as the report page has them: a row of JSON each, and the tables that rows point into.

Nothing in a row or a table can end a block of data or start markup.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from markupsafe import Markup

from dtkit.foreign import visible
from dtkit.packets.header import header_words
from dtkit.trace.journey.columns import Column, Table
from dtkit.trace.journey.headers import LAYOUTS, dissect
from dtkit.trace.journey.model import (
    HOP,
    JOURNEY,
    Hop,
    HopMoment,
    Journey,
    Moment,
    Place,
    SnapshotMoment,
)
from dtkit.trace.journey.outcome import ENDS
from dtkit.trace.views.figures import figure_rows
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.links import Links
from dtkit.trace.views.show import changed_where, hop_name, slow_from
from dtkit.trace.views.stats import Statistics
from dtkit.trace.views.svg import svg

__all__ = ["PageRows", "page_json"]


#: json.dumps() would make an encoder for each row.
_encoded = json.JSONEncoder(separators=(",", ":")).encode


def page_json(value: Any) -> Markup:
    """*value* as JSON for a data block: nothing in it can end the block or start markup."""
    text = _encoded(value)
    for char in "<>&":
        if char in text:
            text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)


#: Of hops: what they have of their own, besides their place.
_OWN = (
    *(column for column in HOP.columns if column.path.removeprefix("step.") in Hop._fields),
    # Last in the model, too; in one text, since few have it.
    Column("header", "string", True, "what is known beside the bytes", "", "step.header"),
)
_PLACE = Table("place", (Place, ""))

#: What the page's rows have, in their order: the columns of JSON, and what only the page has.
_COLUMNS = {
    "journey": (*JOURNEY.names, "start", "slow", "headline", "steps"),
    "hop": ("kind", "depth", "place", *(column.name for column in _OWN)),
    "snapshot": ("kind", "depth", "data", "parts", "summary", "changes", "where", "offloads"),
    "place": (*_PLACE.names, "name", "source", "editor", "snippet"),
}
_HOP, _SNAPSHOT = 0, 1

#: Larger numbers a browser does not have.
_LARGEST = 2**53


def _shown(value: Any) -> Any:
    """*value* as the page has it: text that shows, numbers that a browser has, else their text."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [visible(one) for one in value]
    if isinstance(value, int) and abs(value) > _LARGEST:
        return str(value)
    return value


#: Hops that are kept as text, at most.
_MOST_HOPS = 16_384

#: Rows of a table of figures that are in the page, at most.
_MOST_FIGURES = 100


def _changed_where(moment: SnapshotMoment) -> str:
    """Where it changed: the hop right above is not named again."""
    if moment.left is moment.before or moment.before is None or moment.left is None:
        return f"changed {changed_where(moment)}"
    return f"changed since {hop_name(moment.left)}"


class PageRows:
    """
    What the journeys of a page share: tables that their rows point into.

    :param links: how places are linked to their source.
    """

    def __init__(self, links: Links) -> None:
        self._links = links
        self._graph = Graph()
        self._statistics = Statistics()
        self._places: dict[Place, int] = {}
        self._groups: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._words: dict[str, int] = {}
        self._rows: list[list[Any]] = []
        self._hops: dict[tuple[int, int], tuple[Hop, str]] = {}
        self._snippets: list[tuple[int, list[str]]] = []
        self._growing: Mapping[str, Collection[Any]] = {
            "places": self._rows,
            "groups": self._groups,
            "names": self._names,
            "words": self._words,
            "snippets": self._snippets,
        }

    def row(self, journey: Journey) -> Markup:
        """A journey as its row of JSON."""
        self._graph.add(journey)
        self._statistics.add(journey)
        start = journey.time
        if start is None:
            start = next((hop.time for hop in journey.hops if hop.time is not None), None)
        head = page_json(
            [
                *map(_shown, JOURNEY.row(journey).values()),
                None if start is None else str(start),
                slow_from(journey),
                journey.headline,
            ]
        )
        steps = [
            page_json(self._step(moment, start))
            if not isinstance(moment, HopMoment)
            else self._known_hop(moment)
            if moment.step.time is None
            else page_json(self._step(moment, start, journey.interfaces[moment.number]))
            for moment in journey.moments()
        ]
        return Markup(f"{head[:-1]},[{','.join(steps)}]]")

    def _known_hop(self, moment: HopMoment) -> str:
        """The row of a hop without a time: most of these were met before."""
        key = id(moment.step), moment.depth
        kept = self._hops.get(key)
        if kept is None:
            if len(self._hops) >= _MOST_HOPS:
                self._hops.clear()
            # With the hop itself, so that no other gets its identity.
            kept = self._hops[key] = (
                moment.step,
                page_json(self._step(moment, None, moment.step.interface)),
            )
        return kept[1]

    def _step(self, moment: Moment, start: int | None, interface: str | None = None) -> list[Any]:
        if isinstance(moment, HopMoment):
            hop = moment.step
            row: list[Any] = [_HOP, moment.depth, self._place(hop.place)]
            header = None if hop.header is None else ", ".join(header_words(hop.header))
            values: tuple[Any, ...] = (*hop[1:-1], header)
            for column, value in zip(_OWN, values, strict=True):
                if column.name == "interface":
                    value = interface
                if value is None:
                    row.append(None)
                elif column.name == "time":
                    row.append(_shown(value - (start or 0)))
                elif column.form == "hex":
                    row.append(self._word(f"{value:#x}"))
                else:
                    row.append(self._word(value) if isinstance(value, str) else _shown(value))
            while row[-1] is None:
                row.pop()
            return row
        step, changes, earlier = moment.step, moment.changes, moment.earlier
        parts = [
            number
            for part in dissect(step.data, step.linktype)
            for number in (self._names.setdefault(part.name, len(self._names)), part.size)
        ]
        row = [_SNAPSHOT, moment.depth, base64.b64encode(step.data).decode(), parts]
        if changes is None or earlier is None:
            return [*row, visible(step.summary), None, "", step.offloads]
        summary = "" if earlier.summary == step.summary else visible(step.summary)
        # Quadruples: first bit before, bits before, first bit after, bits after.
        bits = [[one.at, one.width, one.to, one.grown] for one in changes]
        return [*row, summary, [changes.lines, bits], _changed_where(moment), step.offloads]

    def _word(self, text: str) -> int:
        return self._words.setdefault(visible(text), len(self._words))

    def _place(self, place: Place) -> int:
        if place not in self._places:
            self._places[place] = len(self._places)
            snippet = self._links.snippet(place)
            if snippet is not None:
                self._snippets.append(snippet)
            row = {name: _shown(value) for name, value in _PLACE.row(place).items()}
            row["group"] = self._groups.setdefault(visible(place.group), len(self._groups))
            self._rows.append(
                [
                    *row.values(),
                    visible(place.name),
                    self._links.source(place),
                    self._links.edit(place),
                    None if snippet is None else len(self._snippets) - 1,
                ]
            )
        return self._places[place]

    def tables(self) -> Markup:
        """The tables as JSON, when all journeys have been written."""
        return page_json(
            {
                "columns": _COLUMNS,
                "facts": [
                    [column.name, "string" if column.form else column.type] for column in _OWN
                ],
                "layouts": LAYOUTS,
                "ends": ENDS,
                **self.grown(dict.fromkeys(self._growing, 0)),
                **self.figures(),
            }
        )

    def sizes(self) -> dict[str, int]:
        """How many rows each of the tables has that grow with each journey."""
        return {name: len(table) for name, table in self._growing.items()}

    def grown(self, before: Mapping[str, int]) -> dict[str, list[Any]]:
        """The rows of those tables that were not there when :meth:`sizes` said *before*."""
        return {
            name: list(islice(table, before[name], None)) for name, table in self._growing.items()
        }

    def figures(self) -> dict[str, Any]:
        """What is made of all journeys: rows of figures, and what is missing for others."""
        return {
            "figures": [
                {name: _shown(value) for name, value in row.items()}
                for row in figure_rows(self._statistics, _MOST_FIGURES)
            ],
            "missing": self._statistics.missing,
        }

    def drawing(self) -> Markup:
        """The graph of all journeys, which escapes what comes from the capture itself."""
        return Markup(svg(self._graph, page=True))
