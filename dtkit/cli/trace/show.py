# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace show``: journeys as text, or as JSON lines."""

from __future__ import annotations

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output
from dtkit.cli.journeys import FORMS, JourneyPrinter
from dtkit.cli.options import BRIEF, FOLLOW, OUTPUT, TO
from dtkit.cli.trace.source import JourneySource, source_argument


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace show capture.pcap
  dtkit trace show --filter 'tcp port 22' --filter label:pf_test capture.pcap
  dtkit trace show --brief --filter outcome:dropped path.txt
  dtkit trace show --to json capture.pcap | jq .steps
  dtrace -s path.d 2>&1 | dtkit trace show --follow -
""",
)
@source_argument
@TO(type=click.Choice(FORMS), default="text")
@FOLLOW()
@BRIEF()
@click.option("--as-captured", is_flag=True, help="Newest first, as the kernel's records stand.")
@OUTPUT()
def command(
    source: JourneySource, form: str, follow: bool, brief: bool, as_captured: bool, output: str
) -> None:
    """Print each packet's journey as a tree, with what changed on the way.

    Lines: +function entered, -function left, with its file and line; = a snapshot of the packet's
    bytes; ~ one that differs from the one before, and how. Where times are known, they are told
    since the first hop, at the left, and since the one before; a slow hop took a tenth of the
    packet's time or more, and ten times what its hops usually took. The last line sums up.
    """
    if brief and (as_captured or form != "text"):
        raise click.UsageError(
            "--brief is a form of text, without hops: --as-captured and --to say nothing of it"
        )
    if follow and (form != "text" or as_captured or brief):
        raise click.UsageError("--follow prints lines of hops, in the order of time")
    if follow and source.privacy is not None:
        raise click.UsageError("--follow shows what comes as it is")
    with open_output(output) as sink:
        printer = JourneyPrinter(sink, form, follow=follow, brief=brief, newest_first=as_captured)
        source.seen = printer.seen
        for journey in source:
            printer.take(journey)
        printer.finish()
