# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace stats``: what became of packets, and where their time went."""

from __future__ import annotations

import re

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_input, open_output
from dtkit.cli.options import AGAINST, OUTPUT, TO
from dtkit.cli.terminal import drawn, say
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.trace.views.figures import against_json, against_lines, json_lines, text_lines
from dtkit.trace.views.show import brief_line
from dtkit.trace.views.stats import Statistics

_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


def _time(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """A time in ns: ``5ms``, ``1.5s``, ``300us``."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(ns|us|ms|s)", value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no time: say 5ms, 1.5s, 300us or 800ns")
    return round(float(found[1]) * _UNITS[found[2]])


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace stats path.txt
  dtkit path run --preset input 'tcp port 22' | dtkit trace stats -
  dtkit trace stats --slower 5ms path.txt
  dtkit trace stats --against before.txt after.txt
  dtkit trace stats --to json path.txt | jq 'select(.type == "stage")'
""",
)
@source_argument
@TO("Tables with bars, or JSON lines.", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--slower",
    metavar="TIME",
    callback=_time,
    help="List the packets that took longer (5ms, 1.5s), then the figures of these.",
)
@AGAINST("* marks what changed beyond the noise.")
@click.option(
    "--top",
    metavar="N",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Lines of a table.",
)
@OUTPUT()
def command(
    source: JourneySource, form: str, slower: int | None, against: str | None, top: int, output: str
) -> None:
    """Say what became of packets, and where their time went.

    Packets by outcome and reason, by function that dropped them, by host, interface, vnet, process
    and rule of a firewall; times of packets, in stages of the stack, by direction and interface, at
    each place and from each place to the next: how many, the smallest, median, 90th and 99th
    percentile, the largest. A capture of mbuf_trace has no times of hops, which is said.
    """
    if form == "json" and slower is not None:
        raise click.UsageError("--slower is for people: --to text")
    source.timed = source.timed or slower is not None
    with open_output(output) as stream:

        def write(line: str) -> None:
            stream.write(f"{line}\n".encode())

        made = Statistics()
        for journey in source:
            if slower is not None:
                took = journey.duration
                if took is None or took < slower:
                    continue
                write(str(brief_line(journey)))
            made.add(journey)
        if slower is not None:
            write("")
        if against is None:
            lines = json_lines(made) if form == "json" else text_lines(made, top)
        else:
            with open_input(against, shown=False) as other:
                second = source.alike(against, other)
                compared = Statistics.of(
                    one for one in second if slower is None or (one.duration or 0) >= slower
                )
            say(f"{against}: {second}")
            if form == "json":
                lines = against_json(made, compared)
            else:
                lines = against_lines(made, compared, top)
        for line in lines:
            write(line if form == "json" else drawn(line))
