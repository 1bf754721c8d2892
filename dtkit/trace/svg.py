# SPDX-License-Identifier: BSD-2-Clause
"""
A graph as SVG: a lane per subsystem, packets going from top to bottom.

Own code, because the layout is what makes it readable: general layouts know nothing of lanes,
and the libraries that do it need Graphviz installed or are under licences we cannot ship with.
A function's row is below those of all functions that packets came from; its lane is its group's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from dtkit.trace.drawing import COLOURS
from dtkit.trace.graph import Edge, Graph, Key, group_title, side
from dtkit.trace.text import visible

__all__ = ["svg"]

# In pixels. Text is monospaced, so that its width is known without measuring.
_CHAR, _BOX, _ROW, _GAP, _MARGIN, _HEAD = 7.3, 40, 92, 28, 24, 44
_MOST_CHARS = 28
_LINE = _BOX + 16
_MOST_BESIDE = 4

_STYLE = f"""
.journeys {{ font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
.journeys text {{ fill: var(--text, #1c2024); }}
.journeys .lane {{ fill: var(--lane, #f3f5f7); }}
.journeys .group {{ font-weight: bold; fill: var(--muted, #5b6570); }}
.journeys .node rect {{ fill: var(--box, #ffffff); stroke: var(--line, #8b96a1); }}
.journeys .count {{ fill: var(--muted, #5b6570); font-size: 11px; }}
.journeys .edge {{ fill: none; stroke: var(--line, #8b96a1); }}
.journeys .label {{ font-size: 10px; paint-order: stroke; stroke: var(--lane, #f3f5f7);
  stroke-width: 4px; stroke-linejoin: round; }}
.journeys .head {{ fill: var(--line, #8b96a1); }}
.journeys .first rect, .journeys .first.edge {{ stroke: {COLOURS["first"]}; stroke-width: 2; }}
.journeys .second rect, .journeys .second.edge {{ stroke: {COLOURS["second"]};
  stroke-dasharray: 6 4; stroke-width: 2; }}
.journeys .first.head, .journeys text.first {{ fill: {COLOURS["first"]}; }}
.journeys .second.head, .journeys text.second {{ fill: {COLOURS["second"]}; }}
"""

#: For a file of its own: dark where the viewer is. A page that holds the drawing says it itself.
_STANDALONE = """
svg.journeys { background: var(--page, #ffffff); }
@media (prefers-color-scheme: dark) { svg.journeys { --page: #14181c; --text: #e6e9ec;
  --lane: #1d2329; --box: #262d34; --line: #7d8893; --muted: #a3adb7; } }
"""


@dataclass(frozen=True, slots=True)
class _Place:
    x: float  # of the middle
    y: float  # of the top
    width: float

    @property
    def bottom(self) -> float:
        return self.y + _BOX


def svg(
    graph: Graph, title: str = "", names: tuple[str, str] = ("", ""), page: bool = False
) -> str:
    """
    Draw *graph*.

    :param title: what to write above it.
    :param names: of a comparison, what to call the two in the legend.
    :param page: leave background and colours to the page that it goes into, by CSS variables.
    """
    return "\n".join(_svg(graph, title, names, page)) + "\n"


def _svg(graph: Graph, title: str, names: tuple[str, str], page: bool) -> Iterator[str]:
    rows = _rows(graph)
    places, lanes, width, depth = _layout(graph, rows)
    top = _MARGIN * 2 if title else _MARGIN
    legend = 24 if graph.compared else 0
    top += legend
    height = top + _HEAD + depth + _MARGIN / 2
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="journeys" role="img" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    yield f"<title>{escape(visible(title) or 'Ways of packets')}</title>"
    yield f"<style>{_STYLE}{'' if page else _STANDALONE}</style>"
    if title:
        yield f'<text x="{_MARGIN}" y="{_MARGIN + 4}" class="group">{escape(visible(title))}</text>'
    if legend:
        yield from _legend(top - legend / 2, names)
    for group, (left, lane_width) in lanes.items():
        yield (
            f'<rect class="lane" x="{left:.0f}" y="{top}" width="{lane_width:.0f}" '
            f'height="{height - top - _MARGIN / 2:.0f}" rx="8"/>'
        )
        yield (
            f'<text class="group" x="{left + lane_width / 2:.0f}" y="{top + 20}" '
            f'text-anchor="middle">{escape(group_title(group))}</text>'
        )
    shifted = {
        key: _Place(place.x, place.y + top + _HEAD, place.width) for key, place in places.items()
    }
    most = max((max(edge.count, edge.other or 0) for edge in graph.edges.values()), default=1)
    drawn = [
        _edge(shifted[source], shifted[target], edge, rows[target] - rows[source], most)
        for (source, target), edge in graph.edges.items()
    ]
    yield from (line for line, _ in drawn)
    for key, place in shifted.items():
        yield from _node(graph, key, place)
    yield from (label for _, label in drawn)
    yield "</svg>"


def _legend(y: float, names: tuple[str, str]) -> Iterator[str]:
    x = float(_MARGIN)
    for which, name in zip(("first", "second"), names, strict=True):
        said = f"only in {visible(name) or which}"
        yield f'<path class="edge {which}" d="M{x:.0f} {y - 4:.0f} h32"/>'
        yield f'<text class="{which}" x="{x + 40:.0f}" y="{y:.0f}">{escape(said)}</text>'
        x += 40 + len(said) * _CHAR + 32


def _rows(graph: Graph) -> dict[Key, int]:
    """A row for each function: below those it is reached from, loops aside."""
    order = sorted(graph.nodes, key=lambda key: (graph.mean_position(key), key))
    rank = {key: index for index, key in enumerate(order)}
    rows: dict[Key, int] = {}
    into: dict[Key, list[Key]] = {key: [] for key in order}
    for source, target in graph.edges:
        if rank[source] < rank[target]:
            into[target].append(source)
    for key in order:
        rows[key] = max((rows[source] + 1 for source in into[key]), default=0)
    return rows


def _layout(
    graph: Graph, rows: dict[Key, int]
) -> tuple[dict[Key, _Place], dict[str, tuple[float, float]], float, float]:
    """Where each box goes, where each lane, and how wide and high it all is."""
    # A lane's functions of one row, in lines of a few each, so that no lane gets too wide.
    lines: dict[str, dict[int, list[list[Key]]]] = {}
    deepest = [1] * (max(rows.values(), default=0) + 1)
    for group, keys in graph.groups().items():
        for key in keys:
            cell = lines.setdefault(group, {}).setdefault(rows[key], [[]])
            if len(cell[-1]) == _MOST_BESIDE:
                cell.append([])
            cell[-1].append(key)
            deepest[rows[key]] = max(deepest[rows[key]], len(cell))
    tops = [0.0]
    for depth in deepest:
        tops.append(tops[-1] + _ROW + (depth - 1) * _LINE)

    places: dict[Key, _Place] = {}
    lanes: dict[str, tuple[float, float]] = {}
    left = float(_MARGIN)
    for group, cells in lines.items():
        members = [line for cell in cells.values() for line in cell]
        inner = max(sum(_width(key) + _GAP for key in line) - _GAP for line in members)
        lane = max(inner, len(group_title(group)) * _CHAR) + 2 * _GAP
        for row, cell in cells.items():
            for number, line in enumerate(cell):
                x = left + (lane - sum(_width(key) + _GAP for key in line) + _GAP) / 2
                for key in line:
                    middle = x + _width(key) / 2
                    places[key] = _Place(middle, tops[row] + number * _LINE, _width(key))
                    x += _width(key) + _GAP
        lanes[group] = (left, lane)
        left += lane + _GAP / 2
    return places, lanes, left - _GAP / 2 + _MARGIN, tops[-1]


def _width(key: Key) -> float:
    return len(_short(key[1])) * _CHAR + 24


def _short(label: str) -> str:
    label = visible(label)
    return label if len(label) <= _MOST_CHARS else f"{label[: _MOST_CHARS - 1]}…"


def _node(graph: Graph, key: Key, place: _Place) -> Iterator[str]:
    node = graph.nodes[key]
    which = side(node.count, node.other)
    count = str(node.count) if node.other is None else f"{node.count} | {node.other}"
    said = f"{visible(key[1])}: {count}, {node.starts} start and {node.ends} end here"
    yield (
        f'<g class="node {which}" data-label={quoteattr(visible(key[1]))} tabindex="0">'
        f"<title>{escape(said)}</title>"
        f'<rect x="{place.x - place.width / 2:.1f}" y="{place.y:.1f}" '
        f'width="{place.width:.1f}" height="{_BOX}" rx="6"/>'
        f'<text x="{place.x:.1f}" y="{place.y + 17:.1f}" text-anchor="middle">'
        f"{escape(_short(key[1]))}</text>"
        f'<text class="count" x="{place.x:.1f}" y="{place.y + 32:.1f}" text-anchor="middle">'
        f"{escape(count)}</text></g>"
    )


def _edge(source: _Place, target: _Place, edge: Edge, span: int, most: int) -> tuple[str, str]:
    """The line, and its label."""
    which = side(edge.count, edge.other)
    count = max(edge.count, edge.other or 0)
    width = 1.2 + 3 * math.log1p(count) / math.log1p(most)
    if span > 0:
        x1, y1, x2, y2 = source.x, source.bottom, target.x, target.y - 7
        # Past the rows between, a line bows aside, so that it does not hide behind their boxes.
        bow = 0.0 if span == 1 or abs(x1 - x2) > 60 else 46.0 + 10 * span
        reach = max(30.0, (y2 - y1) * 0.45)
        a, b = (x1 + bow, y1 + reach), (x2 + bow, y2 - reach)
        tip = f"{x2:.1f},{y2 + 7:.1f} {x2 - 4:.1f},{y2:.1f} {x2 + 4:.1f},{y2:.1f}"
    elif span < 0 and abs(source.x - target.x) > 60:
        # Back up to another column: beside the lines that lead down.
        x1, y1, x2, y2 = source.x + 14, source.y, target.x + 14, target.bottom + 7
        reach = max(30.0, (y1 - y2) * 0.45)
        a, b = (x1, y1 - reach), (x2, y2 + reach)
        tip = f"{x2:.1f},{y2 - 7:.1f} {x2 - 4:.1f},{y2:.1f} {x2 + 4:.1f},{y2:.1f}"
    else:
        # Back up in its column, along its row, or to itself: out and in at the right.
        x1, y1 = source.x + source.width / 2, source.y + _BOX * 0.7
        x2, y2 = target.x + target.width / 2 + 7, target.y + _BOX * 0.3
        out = 34.0 + 8 * abs(span)
        a, b = (x1 + out, y1), (x2 + out, y2)
        tip = f"{x2 - 7:.1f},{y2:.1f} {x2:.1f},{y2 - 4:.1f} {x2:.1f},{y2 + 4:.1f}"
    line = (
        f'<path class="edge {which}" stroke-width="{width:.1f}" d="M{x1:.1f} {y1:.1f} '
        f'C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {x2:.1f} {y2:.1f}"/>'
        f'<polygon class="head {which}" points="{tip}"/>'
    )
    # Towards the end of the curve: lines that part at one box are apart there.
    mx, my = (
        _curve(one, two, three, four)
        for one, two, three, four in zip((x1, y1), a, b, (x2, y2), strict=True)
    )
    label = (
        f'<text class="label {which}" x="{mx + 4:.1f}" y="{my + 3:.1f}">{escape(edge.label)}</text>'
    )
    return line, label


def _curve(one: float, two: float, three: float, four: float, at: float = 0.68) -> float:
    """A coordinate of a cubic Bezier curve, *at* of the way."""
    rest = 1 - at
    return rest**3 * one + 3 * rest**2 * at * two + 3 * rest * at**2 * three + at**3 * four
