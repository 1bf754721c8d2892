# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path``: follow packets through a stock kernel; one module per subcommand."""

from __future__ import annotations

from typing import ClassVar

import click

from dtkit.cli import LazyGroup


class PathGroup(LazyGroup):
    """The subcommands of ``dtkit path``; without one of them, ``script`` is meant."""

    package: ClassVar[str] = __name__
    modules: ClassVar[dict[str, str]] = {
        "script": "Print a D script that follows packets; a bare FILTER does so, too.",
        "run": "Run it, here or on another host, and print journeys as they end.",
        "estimate": "Say what it would enable, and do nothing.",
    }
    usual: ClassVar[str] = "script"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.modules, *ctx.help_option_names):
            args = [self.usual, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=PathGroup,
    invoke_without_command=True,
    no_args_is_help=False,
    epilog="""\b
Examples:
  dtkit path 'tcp port 22 and host 10.0.0.1' > path.d
  dtrace -s path.d 2>&1 | dtkit trace show -
  dtkit path run --host root@router --preset forward udp port 53
  dtkit path run --follow --seconds 10 icmp
  dtkit path estimate --listing listing.txt
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Follow packets through the kernel, by the address of their mbuf.

    A packet is chosen where it first passes FILTER, in the language of pcap-filter(7), and then
    followed: through address translation, into copies, across jails, to where it is freed. No
    kernel patch is needed.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
