# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit probes``: the catalog of probe points that carry an mbuf."""

from __future__ import annotations

import json

import click

from dtkit.cli.asking import find_probes, known_probes, listing_option
from dtkit.cli.completion.kinds import Completes
from dtkit.cli.help import Command
from dtkit.cli.options import TO
from dtkit.cli.table import print_table
from dtkit.freebsd import Release


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit probes
  dtkit probes 'tcp*'
  dtkit probes --to json fbt::ip_input:entry
  sudo dtrace -lv -n 'fbt:kernel::entry' | dtkit probes --listing -
""",
)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1, shell_complete=Completes("probe"))
@listing_option
@TO(type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def command(
    ctx: click.Context,
    patterns: tuple[str, ...],
    listing: str | None,
    release: Release | None,
    form: str,
) -> None:
    """List the probe points that carry an mbuf.

    PATTERN is a function (tcp_input), a probe description (fbt::tcp_input:entry) or a glob of
    either ('tcp_*'); without one, all are listed, in the order in which a packet meets them.

    With --listing, the probes are those of that kernel: every function that takes a struct mbuf,
    with the D expression that follows its signature there.
    """
    known = known_probes(ctx, listing, release)
    if patterns:
        chosen = find_probes(known, patterns, None)
    else:
        chosen = [probe for probe in known if listing is None or probe.arguments]
    if form == "json":
        for probe in chosen:
            click.echo(json.dumps(probe.to_dict()))
        return
    print_table(
        ["PROBE", "MBUF", "DATA", "DIR", "NULL", "GOOD FOR"],
        [
            [
                str(probe),
                probe.expression,
                f"{probe.data}{'?' if probe.hint and probe.data != 'unknown' else ''}",
                probe.direction,
                "yes" if probe.null else "",
                probe.purpose,
            ]
            for probe in chosen
        ],
    )
