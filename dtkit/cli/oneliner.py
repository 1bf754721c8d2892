# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit oneliner``: a dtrace(1) command that shows packets at a probe."""

from __future__ import annotations

from typing import Any

import click

from dtkit.cli.asking import (
    find_probes,
    known_probes,
    listing_option,
    make_request,
    refusal,
    request_options,
)
from dtkit.cli.completion.kinds import Completes
from dtkit.cli.help import Command
from dtkit.cli.terminal import say
from dtkit.freebsd import Release
from dtkit.generate.oneliners import oneliner
from dtkit.generate.request import Copy


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit oneliner tcp_input
  dtkit oneliner --length 20 ip_input ip6_input
  dtkit oneliner tcp_input --copy copyoutmbuf --length 64 --offset 20
  dtkit oneliner --annotate 'tcp*_input' | sudo sh 2>&1 | dtkit parse
  dtkit oneliner ip_input --filter 'tcp port 22' --count 10
  sudo dtrace -lv -n 'fbt:::entry' | dtkit oneliner --listing - syncache_add
""",
)
@click.argument(
    "probes", metavar="PROBE...", nargs=-1, required=True, shell_complete=Completes("probe")
)
@request_options(Copy.FIRST)
@listing_option
@click.option(
    "--annotate",
    is_flag=True,
    help="Print probe, time, mbuf and exact length of each packet for `dtkit parse`.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    probes: tuple[str, ...],
    annotate: bool,
    listing: str | None,
    release: Release | None,
    argument: int | None,
    **options: Any,
) -> None:
    """Print a dtrace(1) command that shows packets at PROBE.

    PROBE is any probe that `dtkit probes` lists, by function, description or glob. The command is
    quoted for a shell; dtrace(1) needs root.
    """
    known = known_probes(ctx, listing, release)
    found = find_probes(known, probes, argument)
    try:
        request = make_request(ctx, annotate, options)
        text = oneliner(found, request, lambda note: say(f"{ctx.command_path}: {note}"))
    except ValueError as error:
        raise refusal(ctx, error) from error
    click.echo(text)
