# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace convert``: snapshots as plain pcapng."""

from __future__ import annotations

import click

from dtkit.cli.inputs import open_output, refuse_terminal
from dtkit.cli.options import WRITE
from dtkit.cli.terminal import say
from dtkit.cli.trace.source import JourneySource, source_argument
from dtkit.trace.views.convert import write_journeys, write_snapshots


@click.command(
    epilog="""\b
Examples:
  dtkit trace convert capture.pcap -w snapshots.pcapng
  dtkit trace convert --journeys-only capture.pcap -w - | wireshark -k -i -
"""
)
@source_argument
@WRITE(required=True)
@click.option("--journeys-only", is_flag=True, help="One packet per journey.")
def command(source: JourneySource, write: str, journeys_only: bool) -> None:
    """Write the snapshots as plain pcapng for any Wireshark.

    Each place that a snapshot was taken at is an interface; the comment of a packet says where it
    was and what had changed since the snapshot before. With --journeys-only each packet is there
    once, as first seen, and its comment is the whole journey.
    """
    if write == "-":
        refuse_terminal("-w -")
    packets = without = 0
    with open_output(write) as stream:
        for written in (write_journeys if journeys_only else write_snapshots)(source, stream):
            packets += written
            without += not written
            if write == "-":
                stream.flush()  # somebody may be watching live
    if without:
        say(f"{without} journeys have no packet bytes: not written")
    say(f"{packets} packets written")
