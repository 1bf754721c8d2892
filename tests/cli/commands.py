# SPDX-License-Identifier: BSD-2-Clause
"""All commands of dtkit, those of groups included, by their words."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dtkit.cli import main


def commands(
    group: click.Group = main, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(commands())
