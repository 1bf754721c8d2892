# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path script``: the D script that follows packets."""

from __future__ import annotations

import click

from dtkit.cli.help import Command
from dtkit.cli.inputs import open_output
from dtkit.cli.options import OUTPUT
from dtkit.cli.path.asking import PathAsked, path_options


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit path 'tcp port 22 and host 10.0.0.1' > path.d
  dtkit path script --preset input -o path.d tcp port 22
  dtrace -lv -n 'fbt:::entry' > listing.txt; dtkit path --listing listing.txt icmp -o path.d
  dtrace -s path.d 2>&1 | dtkit trace show -
""",
)
@path_options
@OUTPUT()
def command(asked: PathAsked, output: str) -> None:
    """Print a D script that follows packets through the kernel.

    A packet is chosen where it first passes FILTER, in the language of pcap-filter(7), and then
    followed by the address of its mbuf. The output of the script is for `dtkit trace`.
    """
    with open_output(output) as sink:
        sink.write(asked.text.encode())
