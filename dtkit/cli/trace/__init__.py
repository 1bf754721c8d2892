# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace``: a packet's way through the kernel; one module per subcommand."""

from __future__ import annotations

from typing import ClassVar

import click

from dtkit.cli import LazyGroup


class TraceGroup(LazyGroup):
    """The subcommands of ``dtkit trace``."""

    package: ClassVar[str] = __name__
    modules: ClassVar[dict[str, str]] = {
        "show": "Print each packet's journey as a tree, with what changed on the way.",
        "join": "Find the same packets in what several hosts saw.",
        "stats": "Say what became of packets, and where their time went.",
        "graph": "Draw the ways of all packets as one graph: DOT, SVG or Mermaid.",
        "report": "Write one HTML page to search, look at and click through.",
        "convert": "Write pcapng for any Wireshark, with all that is known.",
        "dissector": "Print a Wireshark dissector in Lua, or a profile.",
        "export": "Write journeys, hops and snapshots as tables: JSON lines or Parquet.",
        "schema": "Print the JSON Schema of what show --to json prints.",
    }


@click.group(
    cls=TraceGroup,
    invoke_without_command=True,
    no_args_is_help=False,
    epilog="""\b
Examples:
  dtkit trace show capture.pcap
  tcpdump -i mbuf_trace -w - | dtkit trace show -
  dtkit trace report capture.pcap -o report.html
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show a packet's way through the kernel.

    FILE of the subcommands is a capture of mbuf_trace frames, pcap or pcapng, of any of its
    generations, or what a script of dtkit path printed; - reads standard input.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
