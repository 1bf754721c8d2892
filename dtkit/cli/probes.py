# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit probes``: the catalog of probe points that carry an mbuf."""

from __future__ import annotations

import json

import click

from dtkit.cli.table import print_table
from dtkit.probes import UnknownProbeError, catalog


@click.command(
    epilog="""\b
Examples:
  dtkit probes
  dtkit probes 'tcp*'
  dtkit probes --json fbt::ip_input:entry
"""
)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line and probe.")
def command(patterns: tuple[str, ...], as_json: bool) -> None:
    """List the probe points that carry an mbuf.

    PATTERN is a function (tcp_input), a probe description (fbt::tcp_input:entry) or a glob of
    either ('tcp_*'); without one, all are listed, in the order in which a packet meets them.
    """
    known = catalog()
    try:
        found = {str(p): p for pattern in patterns for p in known.match(pattern)}
    except UnknownProbeError as error:
        raise click.UsageError(str(error)) from error
    chosen = list(found.values()) if patterns else list(known)
    if as_json:
        for probe in chosen:
            click.echo(json.dumps(probe.to_dict()))
        return
    print_table(
        ["PROBE", "MBUF", "DATA", "DIR", "NULL", "GOOD FOR"],
        [
            [
                str(probe),
                probe.mbuf,
                f"{probe.data}{'?' if probe.hint and probe.data != 'unknown' else ''}",
                probe.direction,
                "yes" if probe.null else "",
                probe.purpose,
            ]
            for probe in chosen
        ],
    )
