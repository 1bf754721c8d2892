# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as the report page has them: a row of JSON each, and the tables that rows point into.

Nothing in a row or a table can end a block of data or start markup.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Hashable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from markupsafe import Markup

from dtkit.bounded import Bounded
from dtkit.foreign import visible
from dtkit.packets.header import header_words
from dtkit.trace.journey.columns import Column, Table
from dtkit.trace.journey.diff import Diff
from dtkit.trace.journey.headers import LAYOUTS, dissect
from dtkit.trace.journey.model import HOP, JOURNEY, Hop, Journey, Place, Way
from dtkit.trace.journey.outcome import ENDS
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Look
from dtkit.trace.views.figures import figure_rows
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.links import Links
from dtkit.trace.views.show import changed_where, hop_name, no_hop_between, slow_from
from dtkit.trace.views.stats import Statistics
from dtkit.trace.views.svg import svg

__all__ = ["PageRows", "page_json"]


def page_json(value: Any) -> Markup:
    """*value* as JSON for a data block: nothing in it can end the block or start markup."""
    return Markup(_json(value))


#: json.dumps() would make another for each row.
_encoded = json.JSONEncoder(separators=(",", ":")).encode


def _json(value: Any) -> str:
    """:func:`page_json` without saying so: to be put together."""
    # What is told most often; text is quick of its own.
    if value is None:
        return "null"
    if value == ():
        return "[]"
    if type(value) is int:
        return str(value)
    text = _encoded(value)
    for char in "<>&":
        if char in text:
            text = text.replace(char, f"\\u{ord(char):04x}")
    return text


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


#: Texts of a kind that are kept, at most.
_MOST = 16_384

#: Rows of a table of figures that are in the page, at most.
_MOST_FIGURES = 100


def _changed_where(look: Look) -> str:
    """Where it changed: the hop right above is not named again."""
    if no_hop_between(look) or look.before is None or look.left is None:
        return f"changed {changed_where(look)}"
    return f"changed since {hop_name(look.left)}"


class _Bytes(NamedTuple):
    """What is told of a snapshot alone, as JSON."""

    data: str
    parts: str
    summary: str
    offloads: str


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
        self._hops: Bounded[tuple[int, int], tuple[Hop, str]] = Bounded(_MOST)
        self._heads: Bounded[tuple[Hashable, ...], str] = Bounded(_MOST)
        self._bytes = lru_cache(maxsize=64)(self._bytes_of)  # most of a journey's are alike
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
        if start is None and journey.way.times:
            start = journey.way.times[0]
        columns = (
            self._head(journey),
            "null" if start is None else f'"{start}"',
            _json(slow_from(journey)),
            _json(journey.headline),
            f"[{','.join(self._steps(journey, start))}]",
        )
        return Markup(f"[{','.join(columns)}]")

    def _head(self, journey: Journey) -> str:
        """The columns that JSON has: what many journeys have alike is kept."""
        alike = self._heads.get(journey.alike)
        if alike is None:
            _number, _time, *values = map(_shown, JOURNEY.row(journey).values())
            text = _json(values)[1:-1]
            alike = self._heads.keep(journey.alike, text, len(text))
        return f"{_json(_shown(journey.number))},{_json(_shown(journey.time))},{alike}"

    def _steps(self, journey: Journey, start: int | None) -> list[str]:
        """The rows of its steps; those of hops are its way's, unless they have times."""
        way = journey.way
        rows = [*(self._hops_of(way, start) if way.times else way.tell(self._hops_of))]
        before: _Bytes | None = None
        for (number, depth, where), snapshot, changes in zip(
            way.tell(_looks_of), journey.snapshots, journey.diffs, strict=True
        ):
            told = self._bytes(snapshot)
            if changes is None or before is None:
                said = f'{told.summary},null,""'
            else:
                summary = '""' if told.summary == before.summary else told.summary
                said = f"{summary},{_changes(changes)},{where}"
            rows[number] = f"[{_SNAPSHOT},{depth},{told.data},{told.parts},{said},{told.offloads}]"
            before = told
        return rows

    def _hops_of(self, way: Way, start: int | None = None) -> tuple[str, ...]:
        """The rows of its hops; empty where there is a snapshot."""
        return tuple(
            ""
            if hop is None
            else self._known_hop(hop, depth)
            if hop.time is None
            else _json(self._hop(hop, depth, start, way.interfaces[number]))
            for number, (hop, depth) in enumerate(zip(way.steps, way.depths, strict=True))
        )

    def _known_hop(self, hop: Hop, depth: int) -> str:
        """The row of a hop without a time: most of these were met before."""
        key = id(hop), depth
        kept = self._hops.get(key)
        if kept is None:
            text = _json(self._hop(hop, depth, None, hop.interface))
            kept = self._hops.keep(key, (hop, text), len(text))
        return kept[1]

    def _hop(self, hop: Hop, depth: int, start: int | None, interface: str | None) -> list[Any]:
        row: list[Any] = [_HOP, depth, self._place(hop.place)]
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

    def _bytes_of(self, snapshot: Snapshot) -> _Bytes:
        names = self._names
        parts = [
            f"{names.setdefault(part.name, len(names))},{part.size}"
            for part in dissect(snapshot.data, snapshot.linktype)
        ]
        return _Bytes(
            f'"{base64.b64encode(snapshot.data).decode()}"',
            f"[{','.join(parts)}]",
            _json(visible(snapshot.summary)),
            _json(snapshot.offloads),
        )

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


def _looks_of(way: Way) -> tuple[tuple[int, int, str], ...]:
    """Of each snapshot its number, its depth, and the words for where it changed."""
    return tuple((look.number, look.depth, _json(_changed_where(look))) for look in way.looks)


def _changes(changes: Diff) -> str:
    """Lines, and quadruples: first bit before, bits before, first bit after, bits after."""
    if not changes:
        return "[[],[]]"
    bits = [[one.at, one.width, one.to, one.grown] for one in changes]
    return _json([changes.lines, bits])
