# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path estimate``: what a script that follows packets would enable."""

from __future__ import annotations

import json

import click

from dtkit.cli.help import Command
from dtkit.cli.options import TO
from dtkit.cli.path.asking import PathAsked, path_options


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit path estimate --listing listing.txt
  dtkit path estimate --preset input --to json tcp port 22
""",
)
@path_options
@TO(type=click.Choice(["text", "json"]), default="text")
def command(asked: PathAsked, form: str) -> None:
    """Say what the script that follows packets would enable, and do nothing.

    dtrace(1) compiles a clause once for each of its probes: the more of these there are, the
    longer it takes to begin.
    """
    if form == "json":
        click.echo(json.dumps(asked.estimate.to_dict()))
    else:
        click.echo(str(asked.estimate))
