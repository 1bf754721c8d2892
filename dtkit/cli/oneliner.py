# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit oneliner``: a dtrace(1) command that shows packets at a probe."""

from __future__ import annotations

import click

from dtkit.generate.oneliner import LONGEST, Copy, Request, oneliner
from dtkit.probes import UnknownProbeError, catalog


@click.command(
    epilog="""\b
Examples:
  dtkit oneliner tcp_input
  dtkit oneliner --length 20 ip_input ip6_input
  dtkit oneliner tcp_input --copy copyoutmbuf --length 64 --offset 20
  dtkit oneliner --annotate 'tcp*_input' | sudo sh 2>&1 | dtkit parse
"""
)
@click.argument("probes", metavar="PROBE...", nargs=-1, required=True)
@click.option(
    "--length",
    type=click.IntRange(0, LONGEST),
    default=64,
    show_default=True,
    help="Bytes of each packet; 0 for all of it, up to --max.",
)
@click.option(
    "--offset",
    type=click.IntRange(0, LONGEST),
    default=0,
    show_default=True,
    help="Bytes to skip, such as headers that are of no interest.",
)
@click.option(
    "--max",
    "most",
    type=click.IntRange(1, LONGEST),
    default=2048,
    show_default=True,
    help="With --length 0, the most to show. Every record takes this much buffer.",
)
@click.option(
    "--copy",
    type=click.Choice([str(copy) for copy in Copy]),
    default="first",
    show_default=True,
    help="first: the first mbuf, on every FreeBSD. copyoutmbuf: the whole chain, where the "
    "kernel has that subroutine.",
)
@click.option(
    "--annotate",
    is_flag=True,
    help="Print probe, time, mbuf and exact length of each packet for `dtkit parse`.",
)
def command(
    probes: tuple[str, ...], length: int, offset: int, most: int, copy: str, annotate: bool
) -> None:
    """Print a dtrace(1) command that shows packets at PROBE.

    PROBE is any probe that `dtkit probes` lists, by function, description or glob. The command is
    quoted for a shell; dtrace(1) needs root.
    """
    try:
        found = {str(p): p for name in probes for p in catalog().match(name)}
    except UnknownProbeError as error:
        raise click.UsageError(str(error)) from error
    request = Request(length, offset, most, Copy(copy), annotate)
    click.echo(oneliner(list(found.values()), request))
