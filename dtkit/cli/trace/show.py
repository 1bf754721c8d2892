# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace show``: journeys as text, or as JSON lines."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import click

from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.trace.views.show import Line, Overview, brief_line, lines

#: Colours of the styles of :class:`dtkit.trace.views.show.Line`, on a terminal.
_STYLES: dict[str, dict[str, Any]] = {
    "number": {"bold": True},
    "time": {"dim": True},
    "summary": {"bold": True},
    "place": {"dim": True},
    "label": {},
    "enter": {"fg": "green"},
    "leave": {"fg": "blue"},
    "snapshot": {"fg": "cyan"},
    "change": {"fg": "yellow"},
    "outcome": {"bold": True},
    "note": {"fg": "red"},
    "slow": {"fg": "red", "bold": True},
    "": {},
}


#: Lines that are written at once.
_BATCH = 1000


@click.command(
    epilog="""\b
Examples:
  dtkit trace show capture.pcap
  dtkit trace show --filter 'tcp port 22' --filter label:pf_test capture.pcap
  dtkit trace show --brief --filter outcome:dropped path.txt
  dtkit trace show --to json capture.pcap | jq .steps
"""
)
@source_argument
@click.option("--to", type=click.Choice(["text", "json"]), default="text", help="Form of output.")
@click.option("--brief", is_flag=True, help="One line a packet, without its hops.")
@click.option("--as-captured", is_flag=True, help="Newest first, as the kernel's records stand.")
def command(source: JourneySource, to: str, brief: bool, as_captured: bool) -> None:
    """Print each packet's journey as a tree, with what changed on the way.

    Lines: +function entered, -function left, with its file and line; = a snapshot of the packet's
    bytes; ~ one that differs from the one before, and how. Where times are known, they are told
    since the first hop, at the left, and since the one before; a slow hop took a tenth of the
    packet's time or more, and ten times what its hops usually took. The last line sums up.
    """
    if brief and (as_captured or to != "text"):
        raise click.UsageError(
            "--brief is a form of text, without hops: --as-captured and --to say nothing of it"
        )
    overview = Overview()
    for journey in source:
        overview.add(journey)
        if to == "json":
            content = journey.to_dict()
            if as_captured:
                content["steps"].reverse()
            click.echo(json.dumps(content))
        elif brief:
            click.echo(_styled(brief_line(journey)))
        else:
            # Many in one go: echo flushes, and a journey has many lines; it may have 65,535.
            shown = (f"{_styled(line)}\n" for line in lines(journey, as_captured))
            while batch := "".join(islice(shown, _BATCH)):
                click.echo(batch, nl=False)
            click.echo()
    if to == "text" and overview.known:
        click.echo(str(overview))


def _styled(line: Line) -> str:
    return "".join(click.style(text, **_STYLES[style]) for text, style in line.spans)
