# SPDX-License-Identifier: BSD-2-Clause
"""
The commands as completion needs them: names, options and kinds of words, and nothing that runs.

They are those of ``table.json``, so that no command is imported: a Tab is not to be waited for.
"""

from __future__ import annotations

import json
from pkgutil import get_data
from typing import Any

import click
from click.shell_completion import CompletionItem

from dtkit.cli.completion.kinds import FILES, FOLDERS, LIVE, items

__all__ = ["KeptGroup", "kept_commands", "takes"]

#: Under this name a context has whether the line is at what a command is to run.
_BEHIND = f"{__name__}.behind"


class KeptWords:
    """Completes a parameter of the table."""

    def __init__(self, table: dict[str, Any], kinds: list[str], words: list[str]) -> None:
        self._words, self.kinds, self._own = table["words"], kinds, words

    def __call__(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        if ctx.meta.get(_BEHIND):
            return [CompletionItem(incomplete, type=FILES)]
        found = list(items(((word, "") for word in self._own), incomplete))
        for kind in self.kinds:
            if kind in (FILES, FOLDERS):
                found.append(CompletionItem(incomplete, type=kind))
            else:
                words = LIVE[kind](incomplete) if kind in LIVE else self._words[kind]
                found += items(words, incomplete)
        return found


def takes(parameter: click.Parameter) -> list[str]:
    """The kinds of words that a parameter of the table takes, but for those of its own."""
    given = parameter._custom_shell_complete
    return given.kinds if isinstance(given, KeptWords) else []


def _parameters(table: dict[str, Any], row: dict[str, Any]) -> list[click.Parameter]:
    found: list[click.Parameter] = []
    for one in row["options"]:
        shape: dict[str, Any] = {"is_flag": True} if one["flag"] else {"nargs": one["nargs"]}
        completes = KeptWords(table, one["kinds"], one["words"])
        found.append(
            click.Option(
                [*one["names"], "option"],
                help=one["help"],
                multiple=True,  # whether a second one counts is for the command to say
                shell_complete=completes,
                **shape,
            )
        )
    for one in row["arguments"]:
        completes = KeptWords(table, one["kinds"], one["words"])
        found.append(click.Argument([one["name"]], nargs=one["nargs"], shell_complete=completes))
    for number, parameter in enumerate(found):
        parameter.name = f"parameter{number}"
    return found


def _options(command: click.Command, incomplete: str) -> list[CompletionItem]:
    """The options that begin so, by each of their names, and ``--help``."""
    rows = [
        (name, one.help or "")
        for one in command.params
        if isinstance(one, click.Option)
        for name in one.opts
        if name.startswith("--") or not incomplete.startswith("--")
    ]
    # What has two letters to type is seldom wanted, and the longer ones tell what they are.
    rows.sort(key=lambda row: not row[0].startswith("--"))
    return list(items([*rows, ("--help", "Show this message and exit.")], incomplete))


class KeptCommand(click.Command):
    """
    A command of the table.

    :ivar runs: whether it takes another command behind ``--``.
    """

    runs = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_BEHIND] = self.runs and "--" in args
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return _options(self, incomplete) if incomplete.startswith("-") else []


class KeptGroup(click.Group):
    """
    A group of the table.

    :ivar usual: the command that is meant where none is named, or ``""``.
    """

    def __init__(self, table: dict[str, Any], row: dict[str, Any], name: str) -> None:
        super().__init__(name, params=_parameters(table, row), invoke_without_command=True)
        self._table, self._rows, self.usual = table, row["commands"], row["usual"]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        row = self._rows.get(cmd_name)
        if row is None:
            return None
        if "commands" in row:
            return KeptGroup(self._table, row, cmd_name)
        found = KeptCommand(cmd_name, params=_parameters(self._table, row))
        found.runs = row["runs"]
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.usual and args and args[0] not in self._rows:
            args = [self.usual, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if incomplete.startswith("-"):
            usual = self.get_command(ctx, self.usual)
            return _options(usual or self, incomplete)
        return list(items(((name, row["help"]) for name, row in self._rows.items()), incomplete))


def kept_commands() -> KeptGroup:
    """``dtkit``, as the table has it."""
    table: dict[str, Any] = json.loads(get_data(__package__, "table.json") or b"")
    return KeptGroup(table, table["dtkit"], "dtkit")
