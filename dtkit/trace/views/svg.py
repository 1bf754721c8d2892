# SPDX-License-Identifier: BSD-2-Clause
"""
A graph as SVG: a lane per subsystem, packets going from top to bottom.

Own code, because the layout is what makes it readable: general layouts know nothing of lanes,
and the libraries that do it need Graphviz installed or are under licences we cannot ship with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise, product
from xml.sax.saxutils import escape, quoteattr

from dtkit.foreign import visible
from dtkit.trace.views.drawing import COLOURS
from dtkit.trace.views.graph import Edge, Graph, Key, group_title, side
from dtkit.trace.views.layout import BOX, Arrangement, Box, Point, lay_out

__all__ = ["svg"]

# In pixels. Text is monospaced, so that its width is known without measuring.
_CHAR, _SMALL, _MARGIN, _HEAD = 7.3, 6.1, 24, 44
_MOST_CHARS = 28
#: Height of an arrow's head.
_TIP = 7

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
    layout = lay_out(graph, _width, lambda group: len(group_title(group)) * _CHAR, _MARGIN)
    width = max(layout.width + _MARGIN, len(title) * _CHAR + 2 * _MARGIN)
    top = _MARGIN * 2 if title else _MARGIN
    legend = 24 if graph.compared else 0
    top += legend
    height = top + _HEAD + layout.height + _MARGIN / 2
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
    for group, (left, lane_width) in layout.lanes.items():
        yield (
            f'<rect class="lane" x="{left:.0f}" y="{top}" width="{lane_width:.0f}" '
            f'height="{height - top - _MARGIN / 2:.0f}" rx="8"/>'
        )
        yield (
            f'<text class="group" x="{left + lane_width / 2:.0f}" y="{top + 20}" '
            f'text-anchor="middle">{escape(group_title(group))}</text>'
        )
    # What follows is drawn as it was laid out, below the names of the lanes.
    yield f'<g transform="translate(0 {top + _HEAD})">'
    most = max((max(edge.count, edge.other or 0) for edge in graph.edges.values()), default=1)
    taken = _Taken()
    for box in layout.boxes.values():
        taken.add(box.left, box.y, box.right, box.bottom)
    labels = []
    # Those with the least choice of where to put their label come first.
    pairs = sorted(graph.edges, key=lambda pair: len(layout.routes[pair]))
    for pair in pairs:
        edge = graph.edges[pair]
        curves, tip = _line(layout, pair)
        yield from _edge(edge, curves, tip, most)
        labels.append(_label(edge, curves, taken))
    for key, box in layout.boxes.items():
        yield from _node(graph, key, box)
    yield from labels
    yield "</g>"
    yield "</svg>"


def _legend(y: float, names: tuple[str, str]) -> Iterator[str]:
    x = float(_MARGIN)
    for which, name in zip(("first", "second"), names, strict=True):
        said = f"only in {visible(name) or which}"
        yield f'<path class="edge {which}" d="M{x:.0f} {y - 4:.0f} h32"/>'
        yield f'<text class="{which}" x="{x + 40:.0f}" y="{y:.0f}">{escape(said)}</text>'
        x += 40 + len(said) * _CHAR + 32


def _width(key: Key) -> float:
    return len(_short(key[1])) * _CHAR + 24


def _short(label: str) -> str:
    label = visible(label)
    return label if len(label) <= _MOST_CHARS else f"{label[: _MOST_CHARS - 1]}…"


def _node(graph: Graph, key: Key, place: Box) -> Iterator[str]:
    node = graph.nodes[key]
    which = side(node.count, node.other)
    count = str(node.count) if node.other is None else f"{node.count} | {node.other}"
    said = f"{visible(key[1])}: {count}, {node.starts} start and {node.ends} end here"
    yield (
        f'<g class="node {which}" data-label={quoteattr(visible(key[1]))} tabindex="0">'
        f"<title>{escape(said)}</title>"
        f'<rect x="{place.left:.1f}" y="{place.y:.1f}" '
        f'width="{place.width:.1f}" height="{BOX}" rx="6"/>'
        f'<text x="{place.x:.1f}" y="{place.y + 17:.1f}" text-anchor="middle">'
        f"{escape(_short(key[1]))}</text>"
        f'<text class="count" x="{place.x:.1f}" y="{place.y + 32:.1f}" text-anchor="middle">'
        f"{escape(count)}</text></g>"
    )


#: A cubic Bezier curve: from, two control points, to.
_Curve = tuple[Point, Point, Point, Point]


def _line(layout: Arrangement, pair: tuple[Key, Key]) -> tuple[list[_Curve], str]:
    """The curves of an edge's line, and the corners of its arrow's head."""
    source, target = (layout.boxes[key] for key in pair)
    points = layout.routes[pair]
    if not points:  # to itself: out and in at the right, within the gap there
        y1, y2, x = source.y + BOX * 0.7, source.y + BOX * 0.3, source.right
        end = (x + _TIP, y2)
        tip = f"{x:.1f},{y2:.1f} {x + _TIP:.1f},{y2 - 4:.1f} {x + _TIP:.1f},{y2 + 4:.1f}"
        return [((x, y1), (x + 24, y1), (x + 24, y2), end)], tip
    (x, y), up = points[-1], source.level >= target.level
    back = y + _TIP if up else y - _TIP
    tip = f"{x:.1f},{y:.1f} {x - 4:.1f},{back:.1f} {x + 4:.1f},{back:.1f}"
    points = [*points[:-1], (x, back)]
    if source.level == target.level:
        (x1, y1), (x2, y2) = points
        return [((x1, y1), (x1, y1 + 32), (x2, y1 + 32), (x2, y2))], tip
    curves = []
    for (x1, y1), (x2, y2) in pairwise(points):
        # Up and down at both ends, and never beyond them: so it stays between two levels.
        middle = (y1 + y2) / 2
        curves.append(((x1, y1), (x1, middle), (x2, middle), (x2, y2)))
    return curves, tip


def _edge(edge: Edge, curves: list[_Curve], tip: str, most: int) -> Iterator[str]:
    which = side(edge.count, edge.other)
    count = max(edge.count, edge.other or 0)
    width = 1.2 + 3 * math.log1p(count) / math.log1p(max(most, 10))
    (x, y), *_ = curves[0]
    path = f"M{x:.1f} {y:.1f}"
    for _, *rest in curves:
        path += " C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in rest)
    yield f'<path class="edge {which}" stroke-width="{width:.1f}" d="{path}"/>'
    yield f'<polygon class="head {which}" points="{tip}"/>'


class _Taken:
    """Where boxes and labels are already; looked up by the cells of a coarse grid."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}

    @staticmethod
    def _grid(left: float, top: float, right: float, bottom: float) -> Iterator[tuple[int, int]]:
        for column in range(int(left // 96), int(right // 96) + 1):
            for row in range(int(top // 48), int(bottom // 48) + 1):
                yield column, row

    def add(self, *place: float) -> None:
        left, top, right, bottom = place
        for cell in self._grid(left, top, right, bottom):
            self._cells.setdefault(cell, []).append((left, top, right, bottom))

    def overlap(self, left: float, top: float, right: float, bottom: float) -> float:
        """How much of a place is taken, in square pixels."""
        found = {
            place
            for cell in self._grid(left, top, right, bottom)
            for place in self._cells.get(cell, ())
        }
        return sum(
            max(0.0, min(c, right) - max(a, left)) * max(0.0, min(d, bottom) - max(b, top))
            for a, b, c, d in found
        )


def _label(edge: Edge, curves: list[_Curve], taken: _Taken) -> str:
    """The label, beside its line where nothing is *taken* yet, if there is such a place."""
    width = len(edge.label) * _SMALL + 4
    best: tuple[float, float, float] | None = None
    # At the end of the line first: lines that part at one box are apart there.
    for curve, step in product(curves[:-6:-1], (0.62, 0.5, 0.75, 0.38, 0.85, 0.25)):
        x, y = (_at(*values, step) for values in zip(*curve, strict=True))
        for left in (x + 4, x - 4 - width):
            overlap = taken.overlap(left, y - 6, left + width, y + 7)
            if left >= 0 and (best is None or overlap < best[0]):
                best = overlap, left, y
        if best is not None and not best[0]:
            break
    assert best is not None
    _, left, y = best
    taken.add(left, y - 6, left + width, y + 7)
    which = side(edge.count, edge.other)
    return (
        f'<text class="label {which}" x="{left + 2:.1f}" y="{y + 3:.1f}">'
        f"{escape(edge.label)}</text>"
    )


def _at(one: float, two: float, three: float, four: float, at: float) -> float:
    """A coordinate of a cubic Bezier curve, *at* of the way."""
    rest = 1 - at
    return rest**3 * one + 3 * rest**2 * at * two + 3 * rest * at**2 * three + at**3 * four
