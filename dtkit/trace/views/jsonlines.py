# SPDX-License-Identifier: BSD-2-Clause
"""
Journeys as JSON lines, quickly: the same text as ``json.dumps(journey.to_dict())``.

Most hops of a capture of mbuf_trace were met before: what is told of such a one is kept as text.
"""

from __future__ import annotations

import json
from typing import Any

from dtkit.trace.journey.columns import Table
from dtkit.trace.journey.model import HOP, JOURNEY, SNAPSHOT, Hop, HopMoment, Journey

__all__ = ["JsonLines", "row_line"]

#: Hops that are kept as text, and places in a journey, at most.
_MOST = 16_384


class JsonLines:
    """Makes lines of journeys; keeps what repeats."""

    def __init__(self) -> None:
        self._met: dict[tuple[int, int, int], tuple[Hop, str]] = {}
        self._hops: dict[int, tuple[Hop, str]] = {}
        self._heads: dict[tuple[int, int], str] = {}
        of_hop = [column for column in HOP.columns if column.path.startswith("step.")]
        own = [column for column in HOP.columns if column not in of_hop]
        assert [column.path for column in own] == ["number", "depth"]
        self._names = [column.name for column in own]
        self._of_hop = {column.name for column in of_hop}

    def line(self, journey: Journey, newest_first: bool = False) -> str:
        """*journey* with its steps, as one line without its end."""
        met = self._met
        snapshots = iter(journey.looks)
        steps = []
        for number, (step, depth) in enumerate(zip(journey.steps, journey.depths, strict=True)):
            if type(step) is Hop:
                kept = met.get((id(step), number, depth))
                steps.append(kept[1] if kept is not None else self._hop(step, number, depth))
            else:
                steps.append(json.dumps(next(snapshots).to_dict()))
        if newest_first:
            steps.reverse()
        head = json.dumps({"type": JOURNEY.name, **JOURNEY.row(journey)})
        return f'{head[:-1]}, "steps": [{", ".join(steps)}]}}'

    def _hop(self, hop: Hop, number: int, depth: int) -> str:
        """The object of a hop at a place in its journey, which is kept if it may be met again."""
        text = self.hop(HopMoment(number, depth, hop, None))
        if hop.time is None:
            if len(self._met) >= _MOST:
                self._met.clear()
            # With the hop itself, so that no other gets its identity.
            self._met[id(hop), number, depth] = hop, text
        return text

    def hop(self, moment: HopMoment, more: str = "") -> str:
        """The object of a hop; *more* are fields that stand behind its type."""
        hop = moment.step
        kept = self._hops.get(id(hop))
        if kept is None:
            row = HOP.row(moment)
            told = {name: row[name] for name in row if name in self._of_hop}
            if hop.header is not None:
                told["header"] = hop.header.known()
            text = json.dumps(told)[1:]
            if hop.time is None:  # one with a time is not met again
                if len(self._hops) >= _MOST:
                    self._hops.clear()
                # With the hop itself, so that no other gets its identity.
                self._hops[id(hop)] = hop, text
        else:
            text = kept[1]
        place = moment.number, moment.depth
        head = self._heads.get(place)
        if head is None:
            if len(self._heads) >= _MOST:
                self._heads.clear()
            head = "".join(
                f'"{name}": {value}, ' for name, value in zip(self._names, place, strict=True)
            )
            self._heads[place] = head
        return f'{{"type": "{HOP.name}", {more}{head}{text}'


def row_line(table: Table, row: dict[str, Any]) -> str:
    """A row of a table as a line: ``type`` says which table it belongs to."""
    if table is SNAPSHOT:
        row["data"] = row["data"].hex()
    return json.dumps({"type": table.name, **row})
