# SPDX-License-Identifier: BSD-2-Clause
"""
A graph as SVG: a lane per subsystem, packets going from top to bottom.

Own code, because the layout is what makes it readable: general layouts know nothing of lanes,
and the libraries that do it need Graphviz installed or are under licences we cannot ship with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from itertools import pairwise, product

from dtkit.foreign import visible
from dtkit.trace.views.drawing import COLOURS
from dtkit.trace.views.graph import Edge, Graph, GraphNode, Key, group_title, side
from dtkit.trace.views.layout import BOX, Arrangement, Box, Point, lay_out

__all__ = ["PALETTE", "svg"]

# In pixels. Text is monospaced, so that its width is known without measuring.
_CHAR, _SMALLER, _SMALL, _MARGIN, _HEAD = 7.3, 6.7, 6.1, 24, 44
_MOST_CHARS = 28
#: Height of an arrow's head.
_TIP = 7

#: Colours, where the viewer is light and where it is dark. Text has a contrast of 4.5 at least to
#: what it stands on, lines one of 3.
PALETTE = {
    "page": ("#ffffff", "#14181c"),
    "text": ("#1c2024", "#e6e9ec"),
    "muted": ("#5b6570", "#a3adb7"),
    "lane": ("#f3f5f7", "#1d2329"),
    "box": ("#ffffff", "#262d34"),
    "line": ("#76818c", "#7d8893"),
    "first": (COLOURS["first"], "#6cb6ff"),
    "second": (COLOURS["second"], "#ff9f5a"),
    "gone": ("#b3261e", "#ff8f86"),
}


def _paint(**colours: str) -> str:
    """Attributes that paint: viewers that know no variables of CSS have these alone."""
    return " ".join(f'{name}="{PALETTE[colour][0]}"' for name, colour in colours.items())


def _var(colour: str) -> str:
    return f"var(--{colour}, {PALETTE[colour][0]})"


#: For viewers that know variables: the page that holds the drawing sets them, or it does itself.
_STYLE = f"""
@supports (color: var(--text)) {{
.journeys text {{ fill: {_var("text")}; }}
.journeys .lane, .journeys .halo {{ fill: {_var("lane")}; }}
.journeys .group, .journeys .count {{ fill: {_var("muted")}; }}
.journeys .node rect {{ fill: {_var("box")}; stroke: {_var("line")}; }}
.journeys .edge {{ stroke: {_var("line")}; }}
.journeys .head {{ fill: {_var("line")}; }}
.journeys .first rect, .journeys .first.edge {{ stroke: {_var("first")}; }}
.journeys .second rect, .journeys .second.edge {{ stroke: {_var("second")}; }}
.journeys .first.head, .journeys text.first {{ fill: {_var("first")}; }}
.journeys .second.head, .journeys text.second {{ fill: {_var("second")}; }}
.journeys .lost rect {{ stroke: {_var("gone")}; }}
.journeys text.lost {{ fill: {_var("gone")}; }}
}}
"""

#: For a file of its own: dark where the viewer is. A page that holds the drawing says it itself.
_STANDALONE = (
    "svg.journeys { background: var(--page, #ffffff); }\n"
    "@media (prefers-color-scheme: dark) { svg.journeys { "
    + " ".join(f"--{name}: {dark};" for name, (_, dark) in PALETTE.items())
    + " } }\n"
)

_FONT = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="12"'


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
    layout = lay_out(
        graph,
        lambda key: _box_width(graph, key),
        lambda group: len(group_title(group)) * _CHAR,
        _MARGIN,
    )
    width = max(layout.width + _MARGIN, len(title) * _CHAR + 2 * _MARGIN)
    top = _MARGIN * 2 if title else _MARGIN
    legend = list(_legend(graph, names))
    rows = _legend_rows(legend, width)
    top += 22 * len(rows)
    height = top + _HEAD + layout.height + _MARGIN / 2
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="journeys" role="img" {_FONT} '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    yield f"<title>{escape(visible(title) or 'Ways of packets')}</title>"
    yield f"<style>{_STYLE}{'' if page else _STANDALONE}</style>"
    if title:
        yield (
            f'<text x="{_MARGIN}" y="{_MARGIN + 4}" class="group" font-weight="bold" '
            f"{_paint(fill='muted')}>{escape(visible(title))}</text>"
        )
    for number, row in enumerate(rows):
        yield from _legend_row(row, top - 22 * (len(rows) - number) + 12)
    yield from _lanes(layout, top)
    # What follows is drawn as it was laid out, below the names of the lanes.
    yield f'<g transform="translate(0 {top + _HEAD})">'
    most = max((max(edge.count, edge.other or 0) for edge in graph.edges.values()), default=1)
    taken = _Taken()
    for box in layout.boxes.values():
        taken.add(box.left, box.y, box.right, box.bottom)
    titles = list(_titles(layout))
    for _, place in titles:
        taken.add(*place)
    labels = []
    lanes = [(left, left + lane) for left, lane in layout.lanes.values()]
    # Those with the least choice of where to put their label come first.
    pairs = sorted(graph.edges, key=lambda pair: len(layout.routes[pair]))
    for pair in pairs:
        edge = graph.edges[pair]
        curves, tip = _line(layout, pair)
        yield from _edge(edge, curves, tip, most)
        labels.append(_label(edge, curves, taken, lanes))
    for key, box in layout.boxes.items():
        yield from _node(graph, key, box)
    yield from labels
    yield from (title for title, _ in titles)
    yield "</g>"
    yield "</svg>"


def _lanes(layout: Arrangement, top: float) -> Iterator[str]:
    """Each lane as tall as what is in it."""
    for group, (left, width) in layout.lanes.items():
        tops = [box.y for key, box in layout.boxes.items() if key[0] == group]
        first, last = min(tops), max(tops)
        yield (
            f'<rect class="lane" x="{left:.0f}" y="{top + first:.0f}" width="{width:.0f}" '
            f'height="{last - first + _HEAD + BOX + 12:.0f}" rx="8" {_paint(fill="lane")}/>'
        )


def _titles(layout: Arrangement) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """The name of each lane in its first lines, and where it is; lines are behind it."""
    for group, (left, width) in layout.lanes.items():
        title = group_title(group)
        y = min(box.y for key, box in layout.boxes.items() if key[0] == group) - _HEAD + 20
        x, half = left + width / 2, len(title) * _CHAR / 2 + 4
        place = x - half, y - 12, x + half, y + 5
        yield (
            (
                f'<rect class="halo" x="{place[0]:.1f}" y="{place[1]:.1f}" '
                f'width="{2 * half:.1f}" height="17" rx="3" {_paint(fill="lane")}/>'
                f'<text class="group" x="{x:.0f}" y="{y:.0f}" text-anchor="middle" '
                f'font-weight="bold" {_paint(fill="muted")}>{escape(title)}</text>'
            ),
            place,
        )


#: A sign of the legend, its class, and what it says.
_Sign = tuple[str, str, str]


def _legend(graph: Graph, names: tuple[str, str]) -> Iterator[_Sign]:
    if graph.compared:
        for which, name in zip(("first", "second"), names, strict=True):
            yield "line", which, f"only in {visible(name) or which}"
    timed = any(edge.timed for edge in graph.edges.values())
    if graph.edges:
        yield "line", "both", "packets" + (", and how long they took on average" if timed else "")
    if any(node.dropped for node in graph.nodes.values()):
        yield "box", "lost", "packets dropped here"


def _legend_rows(signs: list[_Sign], width: float) -> list[list[_Sign]]:
    """As many signs in a row as have room."""
    rows: list[list[_Sign]] = []
    left = 0.0
    for sign in signs:
        needed = 40 + len(sign[2]) * _CHAR + 32
        if not rows or left + needed > width - 2 * _MARGIN:
            rows.append([])
            left = 0
        rows[-1].append(sign)
        left += needed
    return rows


def _legend_row(signs: list[_Sign], y: float) -> Iterator[str]:
    x = float(_MARGIN)
    for sign, which, said in signs:
        colour = _COLOUR_OF.get(which, "line")
        if sign == "line":
            yield (
                f'<path class="edge {which}" d="M{x:.0f} {y - 4:.0f} h32" fill="none" '
                f'{_paint(stroke=colour)} stroke-width="2"{_dashes(which)}/>'
            )
        else:
            yield (
                f'<g class="{which}"><rect x="{x + 8:.0f}" y="{y - 11:.0f}" width="20" '
                f'height="14" rx="4" stroke-width="2" {_paint(fill="box", stroke=colour)}/></g>'
            )
        ink = "text" if which == "both" else colour
        yield (
            f'<text class="{which}" x="{x + 40:.0f}" y="{y:.0f}" {_paint(fill=ink)}>'
            f"{escape(said)}</text>"
        )
        x += 40 + len(said) * _CHAR + 32


_COLOUR_OF = {"first": "first", "second": "second", "lost": "gone"}


def _dashes(which: str) -> str:
    return ' stroke-dasharray="6 4"' if which == "second" else ""


def _box_width(graph: Graph, key: Key) -> float:
    return max(len(_short(key[1])) * _CHAR, len(_counted(graph.nodes[key])) * _SMALLER) + 24


#: Reasons that a node tells.
_MOST_WHY = 5


def _counted(node: GraphNode) -> str:
    """How often packets came by, began and were lost here."""
    if node.other is not None:
        return f"{node.count} | {node.other}"
    said = [str(node.count)]
    if node.starts:
        said.append(f"{node.starts} start")
    if node.dropped:
        said.append(f"{node.dropped} dropped")
    return ", ".join(said)


def _short(label: str) -> str:
    label = visible(label)
    return label if len(label) <= _MOST_CHARS else f"{label[: _MOST_CHARS - 1]}…"


def _node(graph: Graph, key: Key, place: Box) -> Iterator[str]:
    node = graph.nodes[key]
    which = side(node.count, node.other)
    lost = " lost" if node.dropped and node.other is None else ""
    colour = "gone" if lost else _COLOUR_OF.get(which, "line")
    count = _counted(node)
    said = f"{visible(key[1])}: {node.count}, {node.starts} start and {node.ends} end here"
    if why := ", ".join(
        f"{count} {reason}" for reason, count in node.reasons.most_common(_MOST_WHY)
    ):
        said += f"; dropped: {visible(why)}"
    thick = 1 if colour == "line" else 2
    yield (
        f'<g class="node {which}{lost}" data-label="{escape(visible(key[1]))}" tabindex="0">'
        f"<title>{escape(said)}</title>"
        f'<rect x="{place.left:.1f}" y="{place.y:.1f}" '
        f'width="{place.width:.1f}" height="{BOX}" rx="6" stroke-width="{thick}" '
        f"{_paint(fill='box', stroke=colour)}{_dashes(which)}/>"
        f'<text x="{place.x:.1f}" y="{place.y + 17:.1f}" text-anchor="middle" '
        f"{_paint(fill='text')}>{escape(_short(key[1]))}</text>"
        f'<text class="count{lost}" x="{place.x:.1f}" y="{place.y + 32:.1f}" '
        f'text-anchor="middle" font-size="11" {_paint(fill="gone" if lost else "muted")}>'
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
    colour = _COLOUR_OF.get(which, "line")
    yield (
        f'<path class="edge {which}" fill="none" {_paint(stroke=colour)}{_dashes(which)} '
        f'stroke-width="{width:.1f}" d="{path}"/>'
    )
    yield f'<polygon class="head {which}" {_paint(fill=colour)} points="{tip}"/>'


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


#: Where a label is tried: how far along a curve of its line, and how far above or below that.
_STEPS = (0.62, 0.5, 0.75, 0.38, 0.85, 0.25)
_SHIFTS = (0, 13, -13, 26, -26, 39, -39)

#: What it costs, in square pixels of others, to have a label where no lane is.
_OUTSIDE = 200.0


def _label(
    edge: Edge, curves: list[_Curve], taken: _Taken, lanes: list[tuple[float, float]]
) -> str:
    """The label, beside its line, in a lane, where nothing is *taken* yet: if there is such a
    place. Lines that it is over are behind it."""
    width = len(edge.label) * _SMALL + 4
    best: tuple[float, float, float] | None = None
    # At the end of the line first: lines that part at one box are apart there. Then a bit away.
    for shift, curve, step in product(_SHIFTS, curves[:-6:-1], _STEPS):
        x, y = (_at(*values, step) for values in zip(*curve, strict=True))
        y += shift
        for left in (x + 4, x - 4 - width):
            overlap = taken.overlap(left, y - 6, left + width, y + 7)
            if not any(start <= left and left + width <= end for start, end in lanes):
                overlap += _OUTSIDE
            if left >= 0 and (best is None or overlap < best[0]):
                best = overlap, left, y
        if best is not None and not best[0]:
            break
    assert best is not None
    _, left, y = best
    taken.add(left, y - 6, left + width, y + 7)
    which = side(edge.count, edge.other)
    colour = _COLOUR_OF.get(which, "text")
    return (
        f'<rect class="halo" x="{left:.1f}" y="{y - 6:.1f}" width="{width:.1f}" height="12" '
        f'rx="3" {_paint(fill="lane")}/>'
        f'<text class="label {which}" x="{left + 2:.1f}" y="{y + 3:.1f}" font-size="10" '
        f"{_paint(fill=colour)}>{escape(edge.label)}</text>"
    )


def _at(one: float, two: float, three: float, four: float, at: float) -> float:
    """A coordinate of a cubic Bezier curve, *at* of the way."""
    rest = 1 - at
    return rest**3 * one + 3 * rest**2 * at * two + 3 * rest * at**2 * three + at**3 * four
