# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit dataset list``: what was added to a dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from dtkit.cli.failure import Failure
from dtkit.cli.help import Command
from dtkit.cli.options import TO
from dtkit.cli.table import print_table
from dtkit.fleet.dataset import TABLES, Dataset, DatasetError
from dtkit.foreign import visible


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit dataset list fleet
  dtkit dataset list --to json fleet | jq .host
""",
)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@TO(type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def command(ctx: click.Context, /, folder: str, form: str) -> None:
    """List what was added: host, digest of the capture, rows of each table."""
    try:
        captures = list(Dataset(Path(folder)).captures())
    except DatasetError as error:
        raise Failure(visible(str(error)), ctx) from error
    if form == "json":
        for capture in captures:
            click.echo(json.dumps(asdict(capture)))
        return
    head = ["HOST", "CAPTURE", *(table.upper() for table in TABLES), "ODDITIES"]
    print_table(
        head,
        [
            [one.host, one.capture, *(str(one.rows.get(t, 0)) for t in TABLES), str(one.oddities)]
            for one in captures
        ],
    )
