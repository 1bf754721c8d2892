# SPDX-License-Identifier: BSD-2-Clause
"""
A manual page for each command, from what docs/man/dtkit.1 says of all of them.

Each has its part of SYNOPSIS, its section, and what it refers to there; one line of what it is for
and its examples are those of ``--help``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from dtkit.cli import COMMANDS, main  # noqa: E402

__all__ = ["FOLDER", "page", "pages"]

FOLDER = TOP / "docs/man"


def pages() -> dict[str, str]:
    """The text of each page, by the name of its file."""
    whole = (FOLDER / "dtkit.1").read_text()
    return {f"dtkit-{name}.1": page(name, whole) for name in COMMANDS}


def page(name: str, whole: str) -> str:
    """The page of one command, out of the one of all."""
    parts = re.split(r"^\.S[sh] (.*)\n", whole, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    [date] = re.findall(r"^\.Dd .*", whole, re.MULTILINE)
    text = [
        '.\\" SPDX-License-Identifier: BSD-2-Clause',
        '.\\" Made of dtkit.1 by tools/manpages.py: edit that, and run make golden.',
        date,
        f".Dt DTKIT-{name.upper()} 1",
        ".Os",
        ".Sh NAME",
        f".Nm dtkit-{name}",
        f".Nd {COMMANDS[name][0].lower()}{COMMANDS[name][1:].rstrip('.')}",
        ".Sh SYNOPSIS",
        *_synopsis(name, sections["SYNOPSIS"]),
        ".Sh DESCRIPTION",
        *_named(sections[f"dtkit {name}"]),
    ]
    if ".Sx Selection" in sections[f"dtkit {name}"] or f".Cm {name}" in _opening(sections):
        text += [".Ss Selection", *_named(sections["Selection"])]
    status, simulated, rest = sections["EXIT STATUS"].partition(".Cm simulate\n")
    if name == "simulate":
        status += simulated + rest
    text += [".Sh EXIT STATUS", *_named(status), ".Sh EXAMPLES"]
    for example in _examples(name):
        text += [f".Dl {_literal(example)}"]
    return "\n".join([*text, ".Sh SEE ALSO", *_others(name, "\n".join(text))]) + "\n"


def _opening(sections: dict[str, str]) -> str:
    """Where Selection says whose options it has."""
    return sections["Selection"].partition(".Bl")[0]


def _synopsis(name: str, text: str) -> list[str]:
    """The command lines that are this command's."""
    lines = [
        one
        for one in re.split(r"^\.Nm\n", text, flags=re.MULTILINE)
        if re.match(rf"\.Cm {name}\b", one)
    ]
    assert lines, f"no {name} in SYNOPSIS"
    return [line for one in lines for line in (".Nm dtkit", *one.rstrip("\n").split("\n"))]


def _named(text: str) -> list[str]:
    """Lines in which a bare Nm, which is the page's own name, is dtkit's."""
    return [re.sub(r"^\.Nm(?= \W|$)", ".Nm dtkit", line) for line in text.rstrip("\n").split("\n")]


def _examples(name: str) -> list[str]:
    """What ``--help`` shows."""
    command = main.get_command(click.Context(main, info_name="dtkit"), name)
    assert command is not None
    context = click.Context(command, info_name=name, max_content_width=1000, terminal_width=1000)
    said = command.get_help(context).partition("Examples:\n")[2]
    found = re.match(r"(?:[ \t]+\S.*\n?)+", said)
    assert found, f"no examples of {name}"
    return [line.strip() for line in found[0].strip().split("\n")]


def _literal(line: str) -> str:
    """A line of a shell as one argument of a macro, which would take words of it for macros."""
    words = line.replace("\\", "\\e").replace('"', '""')
    return f'"{words}"'


def _others(name: str, text: str) -> list[str]:
    """What else to read: dtkit(1), the commands that this one speaks of, other programs'."""
    said = re.findall(r"^\.Xr (\S+) (\d)|^\.Cm (\w+)\b", text, re.MULTILINE)
    found = {(page, section) for page, section, _ in said if page}
    found |= {(f"dtkit-{word}", "1") for *_, word in said if word in COMMANDS and word != name}
    found |= {("dtkit", "1"), ("dtrace", "1")}
    order = sorted(found, key=lambda one: (one[1], one[0]))
    return [f".Xr {page} {section} ," for page, section in order[:-1]] + [
        ".Xr {} {}".format(*order[-1])
    ]
