# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as JSON lines, quickly: the same text as ``json.dumps(journey.to_dict())``.

Most hops of a capture of mbuf_trace were met before: what is told of such a one is kept as text.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from dtkit.bounded import Bounded
from dtkit.trace.journey.columns import Table
from dtkit.trace.journey.hop import OF_WAY
from dtkit.trace.journey.model import (
    HOP,
    ITS_OWN,
    JOURNEY,
    OF_BYTES,
    SNAPSHOT,
    Hop,
    Journey,
    Place,
    SnapshotMoment,
    Way,
)
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Look

__all__ = ["JsonLines", "row_line"]

#: Texts of a kind that are kept, at most.
_MOST = 16_384

#: Of a hop, all but what its way tells.
_OF_HOP = Table(HOP.name, (Place, "place."), (Hop, ""))
assert HOP.names == (*OF_WAY, *_OF_HOP.names)

#: Columns of a snapshot: what its way tells, before and behind what has changed.
_FRONT, _BEHIND = (
    SNAPSHOT.names[: SNAPSHOT.names.index("changes")],
    SNAPSHOT.names[SNAPSHOT.names.index("changes") + 1 : -len(OF_BYTES.names)],
)
assert (*_FRONT, "changes", *_BEHIND, *OF_BYTES.names) == SNAPSHOT.names


class JsonLines:
    """Makes lines of journeys; keeps what repeats."""

    def __init__(self) -> None:
        # With the hops themselves, so that no others get their identities.
        self._hops: Bounded[int, tuple[Hop, str]] = Bounded(_MOST)
        self._looks: Bounded[tuple[int, int, int | None, int], tuple[Hop | None, str, str]]
        self._looks = Bounded(_MOST)
        self._journeys: Bounded[tuple[Any, ...], str] = Bounded(_MOST)

    def line(self, journey: Journey, newest_first: bool = False) -> str:
        """*journey* with its steps, as one line without its end."""
        way = journey.way
        steps = list(way.tell(self._hops_of))
        for (number, front, behind), snapshot, changes in zip(
            way.tell(self._looks_of), journey.snapshots, journey.diffs, strict=True
        ):
            said = "null"
            if changes is not None:
                said = json.dumps([one.to_dict() for one in changes]) if changes else "[]"
            steps[number] = f"{front}{said}{behind}{_own(snapshot)}}}"
        if newest_first:
            steps.reverse()
        return f'{self._journey(journey)}, "steps": [{", ".join(steps)}]}}'

    def _journey(self, journey: Journey) -> str:
        """The object of a journey, without its end."""
        number, time, key = journey.number, journey.time, journey.alike
        text = self._journeys.get(key)
        if text is None:
            row = JOURNEY.row(journey)
            text = json.dumps({name: row[name] for name in JOURNEY.names[2:]})[1:-1]
            self._journeys.keep(key, text, len(text))
        moment = "null" if time is None else time
        first, second = ITS_OWN
        return f'{{"type": "{JOURNEY.name}", "{first}": {number}, "{second}": {moment}, {text}'

    def _hops_of(self, way: Way) -> list[str]:
        """The objects of its hops; empty where there is a snapshot."""
        return [
            "" if hop is None else self.hop(number, depth, hop)
            for number, (hop, depth) in enumerate(zip(way.steps, way.depths, strict=True))
        ]

    def _looks_of(self, way: Way) -> list[tuple[int, str, str]]:
        """Of each snapshot its number, and what stands before and behind what has changed."""
        texts = []
        for look in way.looks:
            kept = self._looks.get(look.key)
            if kept is None:
                kept = self._looks.keep(look.key, (look.before, *_look(look)), look.size)
            texts.append((look.number, kept[1], kept[2]))
        return texts

    def hop(self, number: int, depth: int, hop: Hop, more: str = "") -> str:
        """The object of a hop on its way; *more* are fields that stand behind its type."""
        kept = self._hops.get(id(hop))
        if kept is None:
            text = _OF_HOP.json(hop)
            if hop.header is not None:
                text += f', "header": {json.dumps(hop.header.known())}'
            if hop.time is None:  # one with a time is not met again
                self._hops.keep(id(hop), (hop, text), len(text))
        else:
            text = kept[1]
        first, second = OF_WAY
        front = f'{{"type": "{HOP.name}", {more}"{first}": {number}, "{second}": {depth}, '
        return f"{front}{text}}}"


def _look(look: Look) -> tuple[str, str]:
    """What stands before and behind what has changed in a snapshot that is taken there."""
    row = SNAPSHOT.row(SnapshotMoment.unseen(look))
    front = {"type": SNAPSHOT.name, **{name: row[name] for name in _FRONT}}
    behind = {name: row[name] for name in _BEHIND}
    return f'{json.dumps(front)[:-1]}, "changes": ', f", {json.dumps(behind)[1:-1]}, "


@lru_cache(maxsize=64)
def _own(snapshot: Snapshot) -> str:
    """The columns that tell of a snapshot's bytes, which most of a journey's have alike."""
    return OF_BYTES.json(snapshot)


def row_line(table: Table, row: dict[str, Any]) -> str:
    """A row of a table as a line: ``type`` says which table it belongs to."""
    if table is SNAPSHOT:
        row["data"] = row["data"].hex()
    return json.dumps({"type": table.name, **row})
