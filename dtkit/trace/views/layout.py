# SPDX-License-Identifier: BSD-2-Clause
"""
Where the boxes of a graph go, and how its lines get past them.

A lane per group, packets going from top to bottom: a box is below those that most of its packets
come from. Lines leave and reach boxes at their top or bottom and cross the rows between in the
gaps between boxes, each in a track of its own; gaps are made as wide as their lines need. So no
line ever passes behind a box.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from dtkit.trace.views.graph import Graph, Key

__all__ = ["BOX", "Arrangement", "Box", "Pair", "Point", "lay_out"]

Pair = tuple[Key, Key]
Point = tuple[float, float]

#: Height of a box.
BOX = 40
#: From the top of one row to that of the next.
_ROW = 96
#: The same within a row that needs several lines.
_LINE = BOX + 36
#: Between boxes, and between a lane's boxes and its edge.
_GAP = 28
#: Between lanes.
_BETWEEN = 14
#: Between lines in a gap, and between a line and a box.
_TRACK, _CLEAR = 9, 10
#: Of a box's place for a line to the next.
_PORT = 14
_MOST_BESIDE = 4
_ROUNDS = 3
#: What a bend is worth, in pixels of detour.
_BEND = 30
#: Beyond so many functions or lines a picture is little to look at: then quickly, not well.
_MANY, _ROWS = 1000, 40


@dataclass(frozen=True, slots=True)
class Box:
    """Where a function's box is.

    :ivar x: of its middle.
    :ivar y: of its top.
    :ivar width: of the box; its height is :data:`BOX`.
    :ivar level: which line of boxes it stands in, counted from the top.
    """

    x: float
    y: float
    width: float
    level: int

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + BOX


@dataclass(slots=True)
class Arrangement:
    """What :func:`lay_out` finds.

    :ivar boxes: by function.
    :ivar lanes: left edge and width, by group.
    :ivar routes: of each edge, the points it goes through: the first on the box it leaves, the last
        on the one it reaches; between each even one and the one behind it from level to level,
        between each odd one and the one behind it straight down or up past the boxes of a level. An
        edge from a box to itself has none.
    :ivar width: of it all.
    :ivar height: of it all.
    """

    boxes: dict[Key, Box] = field(default_factory=dict)
    lanes: dict[str, tuple[float, float]] = field(default_factory=dict)
    routes: dict[Pair, list[Point]] = field(default_factory=dict)
    width: float = 0
    height: float = 0


def lay_out(
    graph: Graph, box_width: Callable[[Key], float], lane_width: Callable[[str], float], left: float
) -> Arrangement:
    """
    Place the boxes of *graph*, and route its lines.

    :param box_width: how wide a function's box has to be.
    :param lane_width: how wide a group's lane has to be at least.
    :param left: where the first lane begins.
    """
    return _LayOut(graph, box_width, lane_width, left).layout


def order(graph: Graph) -> list[Key]:
    """Functions in the order in which packets meet them, so that few packets go back in it.

    (The heuristic of Eades, Lin and Smyth for feedback arcs; what is left open is decided by the
    mean position.)
    """
    weight: dict[Pair, int] = {
        pair: edge.count + (edge.other or 0)
        for pair, edge in graph.edges.items()
        if pair[0] != pair[1]
    }
    out: dict[Key, dict[Key, int]] = {key: {} for key in graph.nodes}
    into: dict[Key, dict[Key, int]] = {key: {} for key in graph.nodes}
    for (source, target), count in weight.items():
        out[source][target] = into[target][source] = count
    left = sorted(graph.nodes, key=lambda key: (graph.mean_position(key), key))
    if len(left) > _MANY:
        return left
    first: list[Key] = []
    last: list[Key] = []

    def take(key: Key) -> None:
        left.remove(key)
        for other in out.pop(key):
            del into[other][key]
        for other in into.pop(key):
            del out[other][key]

    # It begins where most packets begin.
    start = max(left, key=lambda key: graph.nodes[key].starts, default=None)
    if start is not None and graph.nodes[start].starts:
        first.append(start)
        take(start)
    while left:
        if (key := next((key for key in reversed(left) if not out[key]), None)) is not None:
            last.append(key)
        elif (key := next((key for key in left if not into[key]), None)) is not None:
            first.append(key)
        else:
            key = max(left, key=lambda key: sum(out[key].values()) - sum(into[key].values()))
            first.append(key)
        take(key)
    return first + last[::-1]


#: A place in a level where lines may pass: behind which box of it.
_Gap = tuple[int, int]


class _LayOut:
    def __init__(
        self,
        graph: Graph,
        box_width: Callable[[Key], float],
        lane_width: Callable[[str], float],
        left: float,
    ) -> None:
        self._graph, self._left = graph, left
        self._box_width = {key: box_width(key) for key in graph.nodes}
        self._lane_width = lane_width
        self._needed: dict[tuple[Key | None, Key | None], float] = {}
        self.layout = Arrangement()
        # The functions of each row, by group.
        self._cells: dict[str, dict[int, list[Key]]] = {}
        rows = self._rows()
        # Lanes from left to right as packets come to them.
        groups = sorted(graph.groups().items(), key=lambda one: min(rows[key] for key in one[1]))
        for group, keys in groups:
            for key in keys:
                self._cells.setdefault(group, {}).setdefault(rows[key], []).append(key)
        self._place()
        for _ in range(_ROUNDS):
            self._sort()
            self._place()
        # Gaps are as wide as the lines need that went through them the last time.
        self._route()
        self._place()
        self._route()

    def _rows(self) -> dict[Key, int]:
        """A row for each function: below those it is reached from, loops aside."""
        rank = {key: index for index, key in enumerate(order(self._graph))}
        into: dict[Key, list[Key]] = {key: [] for key in rank}
        for source, target in self._graph.edges:
            if rank[source] < rank[target]:
                into[target].append(source)
        rows: dict[Key, int] = {}
        if len(rank) > _MANY:
            return {key: index * _ROWS // len(rank) for key, index in rank.items()}
        for key in rank:
            rows[key] = max((rows[source] + 1 for source in into[key]), default=0)
        return rows

    def _sort(self) -> None:
        """Put functions of a row in the order of what they are joined with."""
        boxes = self.layout.boxes
        joined: dict[Key, list[float]] = defaultdict(list)
        for source, target in self._graph.edges:
            if source != target:
                joined[source].append(boxes[target].x)
                joined[target].append(boxes[source].x)
        for cells in self._cells.values():
            for keys in cells.values():
                keys.sort(
                    key=lambda key: (
                        sum(joined[key]) / len(joined[key]) if joined[key] else boxes[key].x
                    )
                )

    # Boxes

    def _place(self) -> None:
        layout = self.layout
        # A lane's functions of one row stand in lines of a few each, so that no lane is too wide.
        most = _MOST_BESIDE if len(self._graph.nodes) <= _MANY else _MANY
        lines = {
            group: {
                row: [keys[at : at + most] for at in range(0, len(keys), most)]
                for row, keys in cells.items()
            }
            for group, cells in self._cells.items()
        }
        depth: dict[int, int] = defaultdict(int)
        for cells in lines.values():
            for row, cell in cells.items():
                depth[row] = max(depth[row], len(cell))
        tops: dict[tuple[int, int], float] = {}
        y = 0.0
        for row in sorted(depth):
            for number in range(depth[row]):
                tops[row, number] = y + number * _LINE
            y += _ROW + (depth[row] - 1) * _LINE
        levels = {place: level for level, place in enumerate(sorted(tops))}

        layout.boxes.clear()
        layout.lanes.clear()
        left = self._left
        for group, cells in lines.items():
            widths = [
                sum(self._box_width[key] for key in line)
                + sum(self._gap(a, b) for a, b in pairwise(line))
                + 2 * max(self._gap(None, line[0]), self._gap(line[-1], None))
                for cell in cells.values()
                for line in cell
            ]
            lane = max([*widths, self._lane_width(group) + 2 * _GAP])
            for row, cell in cells.items():
                for number, line in enumerate(cell):
                    inner = sum(self._box_width[key] for key in line)
                    inner += sum(self._gap(a, b) for a, b in pairwise(line))
                    x = left + (lane - inner) / 2
                    for index, key in enumerate(line):
                        width, level = self._box_width[key], levels[row, number]
                        layout.boxes[key] = Box(x + width / 2, tops[row, number], width, level)
                        after = line[index + 1] if index + 1 < len(line) else None
                        x += width + self._gap(key, after)
            layout.lanes[group] = left, lane
            left += lane + _BETWEEN
        layout.width, layout.height = left - _BETWEEN, y
        # What stands in each level, from left to right, and where.
        self._levels: list[list[Key]] = [[] for _ in tops]
        for key in sorted(layout.boxes, key=lambda key: layout.boxes[key].x):
            self._levels[layout.boxes[key].level].append(key)
        self._tops = [tops[place] for place in sorted(tops)]

    def _gap(self, before: Key | None, after: Key | None) -> float:
        """How wide the gap between two boxes has to be, or one and the edge of its lane."""
        return max(float(_GAP), self._needed.get((before, after), 0))

    # Lines

    def _route(self) -> None:
        boxes, edges = self.layout.boxes, self._graph.edges
        # Where each level is taken: by boxes, and by lines so far.
        self._closed = [
            [(boxes[key].left - _CLEAR, boxes[key].right + _CLEAR) for key in keys]
            for keys in self._levels
        ]
        self._lines: list[list[float]] = [[] for _ in self._levels]
        # Short lines first: they have the least choice.
        pairs = sorted(
            (pair for pair in edges if pair[0] != pair[1]),
            key=lambda pair: abs(boxes[pair[0]].level - boxes[pair[1]].level),
        )
        find = self._straight if len(pairs) <= _MANY else self._nearest
        ways = {pair: find(boxes[pair[0]], boxes[pair[1]]) for pair in pairs}
        gaps: dict[_Gap, list[tuple[float, Pair]]] = defaultdict(list)
        for pair, way in ways.items():
            for level, wish in way:
                gaps[level, self._gap_at(level, wish)].append((wish, pair))
        tracks: dict[tuple[Pair, int], float] = {}
        self._needed.clear()
        for (level, index), wishes in gaps.items():
            wishes.sort()
            self._need(level, index, len(wishes))
            low, high = self._bounds(level, index)
            for x, (_, pair) in zip(_spread(wishes, low, high), wishes, strict=True):
                tracks[pair, level] = x
        routes: dict[Pair, list[Point]] = {pair: [] for pair in edges}
        for pair, way in ways.items():
            down = boxes[pair[0]].level < boxes[pair[1]].level
            for level, _ in way:
                ends = self._tops[level] - _CLEAR / 2, self._tops[level] + BOX + _CLEAR / 2
                x = tracks[pair, level]
                routes[pair] += [(x, y) for y in (ends if down else ends[::-1])]
        self._join(routes)
        self.layout.routes = routes

    def _between(self, source: Box, target: Box) -> range:
        step = 1 if source.level < target.level else -1
        return range(source.level + step, target.level, step)

    def _straight(self, source: Box, target: Box) -> list[tuple[int, float]]:
        """Where a line crosses the levels between two boxes, with few bends and no detours."""
        levels = self._between(source, target)
        if not levels:
            return []
        low, high = sorted((source.x, target.x))
        places = {source.x, target.x}
        for level in levels:
            for left, right in self._closed[level]:
                for track in range(4):
                    places |= {left - track * _TRACK, right + track * _TRACK}
        xs = sorted(x for x in places if low - 400 < x < high + 400)
        # What it costs to get to each place in a level, and from where in the one before.
        costs = [abs(x - source.x) for x in xs]
        steps: list[list[int]] = []
        for level in levels:
            closed = [self._price(level, x) for x in xs]
            come = list(range(len(xs)))
            if steps:
                # Straight on, or from another place: from the left, and from the right.
                bent = [cost + _BEND for cost in costs]
                for sign, indices in ((1, come[:]), (-1, come[::-1])):
                    best, where = float("inf"), 0
                    for index in indices:
                        if best + sign * xs[index] < costs[index]:
                            costs[index], come[index] = best + sign * xs[index], where
                        if bent[index] - sign * xs[index] < best:
                            best, where = bent[index] - sign * xs[index], index
            steps.append(come)
            costs = [cost + price for cost, price in zip(costs, closed, strict=True)]
        ends = [cost + abs(x - target.x) for cost, x in zip(costs, xs, strict=True)]
        at = ends.index(min(ends))
        way = []
        for level, come in zip(reversed(levels), reversed(steps), strict=True):
            way.append((level, self._free(level, xs[at])))
            at = come[at]
        for level, x in way:
            insort(self._lines[level], x)
        return way[::-1]

    def _price(self, level: int, x: float) -> float:
        """What it costs to cross *level* at *x*."""
        closed, lines = self._closed[level], self._lines[level]
        before = bisect(closed, (x, x)) - 1
        if before >= 0 and closed[before][0] < x < closed[before][1]:
            return 1e6
        return _BEND * (bisect(lines, x + _TRACK - 1) - bisect(lines, x - _TRACK + 1))

    def _nearest(self, source: Box, target: Box) -> list[tuple[int, float]]:
        """The same at once: straight towards the other box, past those in the way."""
        x, way = source.x, []
        for level in self._between(source, target):
            x += (target.x - x) / (abs(target.level - level) + 1)
            x = self._free(level, x)
            way.append((level, x))
        return way

    def _free(self, level: int, x: float) -> float:
        """The place of *level* without a box that is nearest to *x*."""
        closed = self._closed[level]
        before = bisect(closed, (x, x)) - 1
        if before >= 0:
            left, right = closed[before]
            if x < right:
                return left if x - left < right - x else right
        return x

    def _gap_at(self, level: int, x: float) -> int:
        return bisect(self._closed[level], (x, x))

    def _bounds(self, level: int, index: int) -> tuple[float, float]:
        keys, boxes = self._levels[level], self.layout.boxes
        low = boxes[keys[index - 1]].right + _CLEAR if index else 0.0
        high = boxes[keys[index]].left - _CLEAR if index < len(keys) else self.layout.width
        return low, max(low, high)

    def _need(self, level: int, index: int, count: int) -> None:
        """Have a gap made wide enough for *count* lines."""
        keys = self._levels[level]
        before = keys[index - 1] if index else None
        after = keys[index] if index < len(keys) else None
        needed = 2 * _CLEAR + (count - 1) * _TRACK
        low, high = self._bounds(level, index)
        if before is not None and after is not None and before[0] == after[0]:
            self._needed[before, after] = needed
            return
        if high - low >= needed:
            return
        # Between lanes, or at the edge of all.
        half = needed if before is None or after is None else needed / 2
        for pair in ((before, None), (None, after)):
            if pair != (None, None):
                self._needed[pair] = max(half, self._needed.get(pair, 0))

    def _join(self, routes: dict[Pair, list[Point]]) -> None:
        """Join routes to their boxes, each at a place of its own along top or bottom."""
        boxes = self.layout.boxes
        ports: dict[tuple[Key, bool], list[tuple[float, bool, Pair]]] = defaultdict(list)
        for pair, points in routes.items():
            if pair[0] == pair[1]:
                continue
            source, target = (boxes[key] for key in pair)
            first = points[0][0] if points else target.x
            last = points[-1][0] if points else source.x
            # Along a level, a line goes below its boxes.
            ports[pair[0], source.level > target.level].append((first, False, pair))
            ports[pair[1], source.level < target.level].append((last, True, pair))
        ends: dict[tuple[Pair, bool], Point] = {}
        for (key, top), wishes in ports.items():
            box = boxes[key]
            wishes.sort()
            each = min(_PORT, (box.width - 2 * _CLEAR) / max(len(wishes) - 1, 1))
            for index, (_, arrives, pair) in enumerate(wishes):
                x = box.x + (index - (len(wishes) - 1) / 2) * each
                ends[pair, arrives] = x, box.y if top else box.bottom
        for pair, points in routes.items():
            if pair[0] != pair[1]:
                routes[pair] = [ends[pair, False], *points, ends[pair, True]]


def _spread(wishes: list[tuple[float, Pair]], low: float, high: float) -> list[float]:
    """Where lines pass a gap: as near to their wishes as they get without touching."""
    each = min(_TRACK, (high - low) / max(len(wishes) - 1, 1))
    places: list[float] = []
    for wish, _ in wishes:
        places.append(max(wish, low, places[-1] + each if places else low))
    most = high
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], most)
        most = places[index] - each
    return places
