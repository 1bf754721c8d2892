# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace graph``: the ways of all packets as one graph."""

from __future__ import annotations

import os

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_input, open_whole
from dtkit.cli.options import AGAINST, OUTPUT, TO
from dtkit.cli.terminal import say
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.trace.views.drawing import dot, mermaid
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.svg import svg

#: Forms by the suffix of the file.
_SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace graph capture.pcap -o ways.svg
  dtkit trace graph --against before.pcap after.pcap -o changed.svg
  dtkit trace graph --filter 'tcp port 22' capture.pcap | dot -Tpdf > ways.pdf
""",
)
@source_argument
@OUTPUT()
@TO(
    "Without it, by the suffix of FILE, else dot.",
    type=click.Choice(["dot", "svg", "mermaid"]),
    show_default=False,
)
@AGAINST()
def command(source: JourneySource, output: str, form: str | None, against: str | None) -> None:
    """Draw the ways of all packets as one graph: DOT, SVG or Mermaid.

    Functions are grouped by the directory of their source; a line says how many packets went from
    one to the next, and how long it took where times are known. With --against both captures are
    in one picture, and ways that exist in only one of them stand out.
    """
    suffix = os.path.splitext(output)[1].lower()
    if form is None and suffix and suffix not in _SUFFIXES:
        raise click.UsageError(
            f"{output}: {suffix} is none of {', '.join(_SUFFIXES)}: say the form with --to "
            "(dot(1) makes others of dot)"
        )
    form = form or _SUFFIXES.get(suffix, "dot")
    graph = Graph.of(source)
    name, other = os.path.basename(source.name), ""
    title = name
    if against is not None:
        other = os.path.basename(against)
        title = f"{name} | {other}"
        with open_input(against, shown=False) as stream:
            second = source.alike(against, stream)
            graph = graph.against(Graph.of(second))
        say(f"{against}: {second}")
    if form == "svg":
        text = svg(graph, title, (name, other))
    else:
        text = (dot if form == "dot" else mermaid)(graph, title)
    with open_whole(output) as sink:
        sink.write(text.encode())
