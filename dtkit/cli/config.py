# SPDX-License-Identifier: BSD-2-Clause
"""``~/.config/dtkit/config.toml``: sets of options by name, for ``dtkit --profile``."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click

__all__ = ["config_file", "profile"]


def config_file() -> Path:
    """Where it is: below ``$XDG_CONFIG_HOME`` where that is set."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "dtkit" / "config.toml"


def profile(group: click.Group, ctx: click.Context, name: str) -> dict[str, Any]:
    """
    The defaults that a profile gives the options of all commands, as click has them.

    A key is the name of an option without its dashes; one that a command does not have is nothing
    to it.

    :raises click.UsageError: there is no such profile, or a key is no option of any command.
    """
    path = config_file()
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    known = content.get("profile", {})
    if unknown := sorted(content.keys() - {"profile"}):
        raise click.UsageError(f"{path}: unknown key {', '.join(unknown)}: [profile.NAME] is known")
    if not isinstance(known, dict) or not isinstance(known.get(name), dict):
        names = ", ".join(known) if isinstance(known, dict) and known else "none"
        raise click.UsageError(f"{path}: no profile {name!r}: there is {names}")
    values: dict[str, Any] = known[name]
    used: set[str] = set()
    defaults = _defaults(group, ctx, values, used)
    if unknown := sorted(values.keys() - used):
        raise click.UsageError(f"{path}: profile {name}: no option --{', --'.join(unknown)}")
    return defaults


def _defaults(
    group: click.Group, ctx: click.Context, values: dict[str, Any], used: set[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            found[name] = _defaults(command, ctx, values, used)
            continue
        found[name] = {}
        for option in command.params if command else ():
            for opt in option.opts if isinstance(option, click.Option) else ():
                key = opt.lstrip("-")
                if opt.startswith("--") and key in values and option.name:
                    used.add(key)
                    found[name][option.name] = values[key]
    return found
