# SPDX-License-Identifier: BSD-2-Clause
"""
A graph as text for others to draw: DOT for Graphviz, Mermaid for web pages and READMEs.

Every string of a capture goes through :func:`visible` and the language's own quoting.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from dtkit.foreign import visible
from dtkit.trace.views.graph import Graph, Key, group_title, side

__all__ = ["dot", "mermaid"]

#: Colours of what only the first, or only the second of two compared graphs has: apart for eyes
#: that do not tell red from green, and told by dashes besides.
COLOURS = {"both": "#666666", "first": "#0072b2", "second": "#a84600"}


def dot(graph: Graph, title: str = "") -> str:
    """*graph* in Graphviz's language, one cluster per group."""
    return "\n".join(_dot(graph, visible(title))) + "\n"


def _dot(graph: Graph, title: str) -> Iterator[str]:
    yield "digraph journeys {"
    yield f"  label={_quoted(title)}; labelloc=t; fontname=sans;"
    yield "  node [shape=box, style=rounded, fontname=sans];"
    yield "  edge [fontname=sans, fontsize=10];"
    names: dict[Key, str] = {}
    for number, (group, keys) in enumerate(graph.groups().items()):
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(group_title(group))};"
        for key in keys:
            node, name = graph.nodes[key], f"n{len(names)}"
            names[key] = name
            label = f"{visible(key[1])}\n{_count(node.count, node.other)}"
            style = _dot_style(node.count, node.other, "rounded,dashed")
            yield f"    {name} [label={_quoted(label)}{style}];"
        yield "  }"
    most = _most(graph)
    for (source, target), edge in graph.edges.items():
        width = 1 + 4 * math.log1p(max(edge.count, edge.other or 0)) / math.log1p(most)
        style = _dot_style(edge.count, edge.other, "dashed")
        yield (
            f"  {names[source]} -> {names[target]} [label={_quoted(edge.label)}, "
            f"penwidth={width:.2f}{style}];"
        )
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    # Graphviz decodes entities in all that it draws.
    return f'"{escaped.replace("&", "&amp;")}"'


def _dot_style(count: int, other: int | None, dashed: str) -> str:
    which = side(count, other)
    if which == "both":
        return ""
    dashes = "" if which == "first" else f', style="{dashed}"'
    return f', color="{COLOURS[which]}", fontcolor="{COLOURS[which]}"{dashes}'


def _count(count: int, other: int | None) -> str:
    return str(count) if other is None else f"{count} | {other}"


def _most(graph: Graph) -> int:
    return max((max(edge.count, edge.other or 0) for edge in graph.edges.values()), default=1)


def mermaid(graph: Graph, title: str = "") -> str:
    """*graph* in Mermaid's flowchart language, one subgraph per group."""
    return "\n".join(_mermaid(graph, title)) + "\n"


def _mermaid(graph: Graph, title: str) -> Iterator[str]:
    if title:
        yield f'---\ntitle: "{_yaml(visible(title))}"\n---'
    yield "flowchart TD"
    names: dict[Key, str] = {}
    styles = []
    for number, (group, keys) in enumerate(graph.groups().items()):
        yield f'  subgraph g{number}["{_entities(group_title(group))}"]'
        for key in keys:
            node, name = graph.nodes[key], f"n{len(names)}"
            names[key] = name
            label = f"{_entities(visible(key[1]))}<br/>{_count(node.count, node.other)}"
            yield f'    {name}["{label}"]'
            if (which := side(node.count, node.other)) != "both":
                styles.append(f"  class {name} {which}")
        yield "  end"
    for number, ((source, target), edge) in enumerate(graph.edges.items()):
        which = side(edge.count, edge.other)
        arrow = "-.->" if which == "second" else "-->"
        yield f'  {names[source]} {arrow}|"{_entities(edge.label)}"| {names[target]}'
        if which != "both":
            styles.append(f"  linkStyle {number} stroke:{COLOURS[which]},color:{COLOURS[which]}")
    if graph.compared:
        yield f"  classDef first stroke:{COLOURS['first']},stroke-width:3px"
        yield f"  classDef second stroke:{COLOURS['second']},stroke-width:3px,stroke-dasharray:5 4"
    yield from styles


#: What Mermaid obeys even in a quoted string with entities, and where it is kept from seeing it:
#: line breaks, formulas, icons, and "direction LR" anywhere in a line.
_OBEYED = re.compile(r"\\(?=n)|\$(?=\$)|:(?=[\w-])|(?<=direction)(?=\s)", re.IGNORECASE)
_NOTHING = "\u2060"  # word joiner: takes no place and shows nothing


def _entities(text: str) -> str:
    """*text* with all but plain characters as Mermaid's numeric entities."""
    return "".join(
        char if char.isascii() and (char.isalnum() or char in " _./+-|,") else f"#{ord(char)};"
        for char in _OBEYED.sub(lambda found: found[0] + _NOTHING, text)
    )


def _yaml(text: str) -> str:
    """*text* as YAML's double-quoted string, plain characters aside escaped: Mermaid looks for
    its directives in there, too, decodes no entities, and cleans away what looks like a tag."""
    units = text.replace("<", "\u2039").encode("utf-16-be")
    chars = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(
        chr(char)
        if char < 128 and (chr(char).isalnum() or chr(char) in " _./+-|,")
        else f"\\u{char:04x}"
        for char in chars
    )
