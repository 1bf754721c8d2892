# SPDX-License-Identifier: BSD-2-Clause
"""The options of dtrace(1) that commands of ours take too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from dtkit.cli.inputs import open_input
from dtkit.cli.options import STOCK, Shared, release_option
from dtkit.dlang import WITH_COPYOUTMBUF, OptionError, Options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PROGRAM = Shared("--program", metavar="D", help="The program itself, as dtrace -n has it.")
SET = Shared(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="An option of dtrace(1), as its -x has it.",
)
DESTRUCTIVE = Shared("--destructive", is_flag=True, help="Allow destructive actions: dtrace -w.")
ZDEFS = Shared("--zdefs", is_flag=True, help="Allow probes that do not exist: dtrace -Z.")


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The program, ``--set``, and on which dtrace(1) it is to run."""
    options: list[Decorator] = [
        PROGRAM(),
        SET(),
        DESTRUCTIVE(),
        ZDEFS(),
        release_option("Its probes and types count."),
        STOCK(),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def dtrace_options(
    settings: Sequence[str], *, stock: bool = False, **more: str | bool | None
) -> Options:
    """
    The options that were asked for.

    :param settings: each ``NAME`` or ``NAME=VALUE``.
    :param more: options with letters of their own; None and False are not set.
    """
    options = Options() if stock else WITH_COPYOUTMBUF
    pairs: list[tuple[str, str | None]] = [
        (name, None if value is True else str(value))
        for name, value in more.items()
        if value not in (None, False)
    ]
    for setting in settings:
        name, equals, text = setting.partition("=")
        pairs.append((name, text if equals else None))
    for name, value in pairs:
        try:
            options = options.set(name, value)
        except OptionError as error:
            shown = name if value is None else f"{name}={value}"
            raise click.BadParameter(f"{shown}: {error}", param_hint="--set") from None
    return options


def read_program(name: str) -> str:
    """The text of a script, whatever bytes are in it."""
    with open_input(name) as stream:
        return stream.read().decode("utf-8", "surrogateescape")


def shown_name(name: str) -> str:
    """What messages call a script."""
    return "stdin" if name == "-" else str(Path(name))
