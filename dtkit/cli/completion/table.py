# SPDX-License-Identifier: BSD-2-Clause
"""
Makes ``table.json`` from the commands: what completion knows of them without importing any.

``make golden`` writes it, and a test compares.
"""

from __future__ import annotations

import json
import re
from typing import Any

import click

from dtkit.cli.completion.kinds import FILES, FOLDERS, Completes
from dtkit.cli.releases import ReleaseType

__all__ = ["completion_table"]

#: What a parameter is called that is a file or a folder, and has no type that says so.
_FILES = re.compile(r"\b(?:FILE|DIR)\b")


def completion_table(group: click.Group) -> str:
    """The table of the commands of *group*, as JSON: a line for each parameter and word."""
    table = {"dtkit": _row(group), "words": _words()}
    return _laid_out(table) + "\n"


def _row(command: click.Command) -> dict[str, Any]:
    options = [one for one in command.params if isinstance(one, click.Option)]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    row: dict[str, Any] = {
        "help": command.get_short_help_str(200),
        "options": [
            {
                "names": [*one.opts, *one.secondary_opts],
                "help": (one.help or "").partition(". ")[0].rstrip("."),
                "flag": one.is_flag or one.count,
                "nargs": one.nargs,
                **_completed(one),
            }
            for one in options
            if not one.hidden
        ],
        "arguments": [
            {"name": one.name, "nargs": one.nargs, **_completed(one)} for one in arguments
        ],
    }
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        found = {name: command.get_command(ctx, name) for name in command.list_commands(ctx)}
        row["usual"] = getattr(command, "usual", "")
        row["commands"] = {name: _row(one) for name, one in found.items() if one is not None}
    else:
        row["runs"] = hasattr(command, "KEY")
    return row


def _completed(parameter: click.Parameter) -> dict[str, list[str]]:
    """The kinds of words that a parameter takes, and the words that are its own."""
    kinds: list[str] = []
    words: list[str] = []
    given = parameter._custom_shell_complete
    if isinstance(given, Completes):
        kinds += given.kinds
    elif isinstance(parameter.type, click.Choice):
        words += map(str, parameter.type.choices)
    elif isinstance(parameter.type, ReleaseType):
        kinds.append("release")
    elif isinstance(parameter.type, click.Path):
        kinds.append(FILES if parameter.type.file_okay else FOLDERS)
    elif found := _FILES.search(parameter.metavar or parameter.type.name):
        kinds.append(FILES if found[0] == "FILE" else FOLDERS)
    return {"kinds": kinds, "words": words}


def _words() -> dict[str, list[list[str]]]:
    """The words of each kind that are the same on each host, and what each is."""
    from dtkit.dlang.options import option_names
    from dtkit.freebsd import releases
    from dtkit.generate.functions import known_functions
    from dtkit.generate.ready import ready
    from dtkit.mbuf.broken import KINDS
    from dtkit.probes import catalog
    from dtkit.simulate import shipped_paths

    known = catalog()
    probes = {one.description.shorthand: one.purpose for one in known}
    probes |= {str(one): one.purpose for one in known}
    return {
        "probe": [[name, what] for name, what in probes.items()],
        "script": [[one.name, one.title] for one in ready()],
        "release": [[one.name, ""] for one in releases()],
        "function": [[one.name, ""] for one in known_functions(known)],
        "path": [[name, ""] for name in shipped_paths().paths],
        "breakage": [[name, ""] for name in KINDS],
        "setting": [[name, ""] for name in option_names()],
        "end": [[name, ""] for name in ("dropped", "slower:", "reason:")],
    }


def _laid_out(value: Any, indent: str = "") -> str:
    """JSON in which a change of one option is a change of one line."""
    inner = indent + " "
    if isinstance(value, dict) and any(isinstance(one, dict | list) for one in value.values()):
        if "names" not in value and "nargs" not in value:
            rows = (f"{json.dumps(key)}: {_laid_out(one, inner)}" for key, one in value.items())
            return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{indent}}}"
    elif isinstance(value, list) and value and isinstance(value[0], dict | list):
        return "[\n" + ",\n".join(inner + _laid_out(row, inner) for row in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
