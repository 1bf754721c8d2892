# SPDX-License-Identifier: BSD-2-Clause
"""
``~/.config/dtkit/config.toml``: sets of options by name, for ``dtkit --profile``, and hosts by
name, for ``--host``.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click

__all__ = ["config_file", "named_host", "names", "profile"]

#: The key of a host that is no option: where ssh(1) goes to.
_SSH = "ssh"


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
    known = _tables(path, "profile")
    if name not in known:
        raise click.UsageError(
            f"{path}: no profile {name!r}: there is {', '.join(known) or 'none'}"
        )
    values = known[name]
    used: set[str] = set()
    defaults = _defaults(group, ctx, values, used)
    if unknown := sorted(values.keys() - used):
        raise click.UsageError(f"{path}: profile {name}: no option --{', --'.join(unknown)}")
    return defaults


def named_host(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """
    Where ``--host`` leads: a host of the file, by its name, or whatever ssh(1) makes of it.

    The other keys of that host are defaults of the command's other options; they go before those of
    a profile. A file that is not there names no hosts.

    :raises click.UsageError: the file is wrong, or a key is no option of any command.
    """
    path = config_file()
    if value is None or not path.exists():
        return value
    values = _tables(path, "host").get(value)
    if values is None:
        return value
    target = values.get(_SSH, value)
    if not isinstance(target, str):
        raise click.UsageError(f"{path}: host {value}: {_SSH} is the name that ssh(1) goes to")
    own: dict[str, Any] = {}
    for option in ctx.command.params:
        for opt in option.opts if isinstance(option, click.Option) else ():
            key = opt.lstrip("-")
            if opt.startswith("--") and key in values and option.name and option is not param:
                own[option.name] = values[key]
                values = {one: other for one, other in values.items() if one != key}
    used = {_SSH}
    root = ctx.find_root()
    if values.keys() - used and isinstance(root.command, click.Group):
        _defaults(root.command, root, values, used)
    if unknown := sorted(values.keys() - (used - {"host"})):
        raise click.UsageError(f"{path}: host {value}: no option --{', --'.join(unknown)}")
    ctx.default_map = {**(ctx.default_map or {}), **own}
    return target


def names(kind: str) -> list[str]:
    """The profiles (``profile``) or hosts (``host``) of the file; none where it is wrong."""
    try:
        return list(_tables(config_file(), kind))
    except click.UsageError:
        return []


def _tables(path: Path, wanted: str) -> dict[str, dict[str, Any]]:
    """
    The tables of a kind, by name.

    :raises click.UsageError: the file cannot be read, or has something else in it.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    kinds = {"profile": "[profile.NAME]", "host": "[host.NAME]"}
    if unknown := sorted(content.keys() - kinds.keys()):
        what = " and ".join(kinds.values())
        raise click.UsageError(f"{path}: unknown key {', '.join(unknown)}: {what} are known")
    for kind in content:
        tables = content[kind]
        if not isinstance(tables, dict) or not all(isinstance(x, dict) for x in tables.values()):
            raise click.UsageError(f"{path}: {kind} is not a table of names: {kinds[kind]} is")
    found: dict[str, dict[str, Any]] = content.get(wanted, {})
    return found


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
