# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace convert``: journeys as pcapng."""

from __future__ import annotations

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output, refuse_terminal
from dtkit.cli.options import WRITE
from dtkit.cli.provenance import provenance
from dtkit.cli.terminal import say
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.counted import counted
from dtkit.trace.views.convert import write_journeys, write_snapshots


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace convert capture.pcap -w snapshots.pcapng
  dtkit trace convert path.txt -w path.pcapng && dtkit trace show path.pcapng
  dtkit trace convert --journeys-only capture.pcap -w - | wireshark -k -i -
""",
)
@source_argument
@WRITE(required=True)
@click.option("--journeys-only", is_flag=True, help="One packet per journey.")
def command(source: JourneySource, write: str, journeys_only: bool) -> None:
    """Write the snapshots as pcapng for any Wireshark, with all that is known of each.

    Each place that a snapshot was taken at is an interface. The comment of a packet says where it
    was, which way and in which process, what had changed since the snapshot before, and of the
    last one what became of the packet; with the dissector of dtkit trace dissector these are
    fields to filter by. dtkit trace show and its kin read the file back, with nothing lost. With
    --journeys-only each packet is there once, as first seen, and its comment is the whole journey.
    """
    if write == "-":
        refuse_terminal("-w -")
    packets = 0
    with open_output(write) as stream:
        write_all = write_journeys if journeys_only else write_snapshots
        for written in write_all(source, stream, provenance()):
            packets += written
            if write == "-":
                stream.flush()  # somebody may be watching live
    say(f"{counted(packets, 'packet')} written")
