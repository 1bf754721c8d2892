# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit dataset``: what many hosts saw, as a folder of tables."""

from __future__ import annotations

from typing import ClassVar

import click

from dtkit.cli import LazyGroup


class DatasetGroup(LazyGroup):
    """The subcommands of ``dtkit dataset``."""

    package: ClassVar[str] = __name__
    modules: ClassVar[dict[str, str]] = {
        "add": "Add what hosts saw: journeys, hops, snapshots and packets.",
        "list": "List what was added.",
    }


@click.group(
    cls=DatasetGroup,
    invoke_without_command=True,
    no_args_is_help=False,
    epilog="""\b
Examples:
  dtkit dataset add fleet alpha=a.txt bravo=b.txt
  dtkit dataset list fleet
  dtkit query 'SELECT * FROM drops' fleet
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Keep what many hosts saw as a folder of Parquet, by host and day.

    It takes dtkit[fleet]. Any engine that reads Parquet reads it; dtkit query asks it in SQL.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
