# SPDX-License-Identifier: BSD-2-Clause
"""Which options a command line has, so that none is silently of no effect."""

from __future__ import annotations

import click


def given(ctx: click.Context, *names: str) -> list[str]:
    """Of the parameters *names*, the options that the command line has: ``--max``."""
    found = {one.name: one for one in ctx.command.params}
    return [
        max(found[name].opts, key=len)
        for name in names
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]


def given_but(ctx: click.Context, *names: str) -> list[str]:
    """All options that the command line has, but for the parameters *names*."""
    return given(
        ctx, *(one.name for one in ctx.command.params if one.name and one.name not in names)
    )


def refuse(options: list[str], why: str) -> None:
    """
    Refuse options that would be of no effect.

    :raises click.UsageError: there are any; it names them, and says *why*.
    """
    if options:
        raise click.UsageError(f"{', '.join(options)}: {why}")
