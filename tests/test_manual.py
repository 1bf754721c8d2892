# SPDX-License-Identifier: BSD-2-Clause
"""The manual page is well-formed, and names the commands and options that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from dtkit.cli import COMMANDS, main

PAGE = Path(__file__).parent.parent / "docs/man/dtkit.1"


def options(command: click.Command | None) -> set[str]:
    assert command is not None
    found = {o for p in command.params if isinstance(p, click.Option) for o in p.opts}
    return found - {"-h", "--help"}


def flags(text: str) -> set[str]:
    """What is tagged as an option: ``.It Fl q , Fl \\-rate Ar n``."""
    items = "\n".join(re.findall(r"^\.It .*", text, re.MULTILINE))
    return {"-" + name.replace("\\", "") for name in re.findall(r"\bFl (\S+)", items)}


def sections() -> dict[str, str]:
    parts = re.split(r"^\.S[sh] (.*)\n", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_mandoc_finds_no_fault() -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc: make system-packages")
    lint = ["mandoc", "-T", "lint", "-W", "warning", str(PAGE)]
    done = subprocess.run(lint, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_command_has_its_section() -> None:
    found = [name.removeprefix("dtkit ") for name in sections() if name.startswith("dtkit ")]
    assert sorted(found) == sorted(COMMANDS)


def described(name: str) -> str:
    """What the page says of a command's options."""
    text = sections()
    found = text[f"dtkit {name}"]
    if name in ("oneliner", "script", "run"):
        found += text["Selection"]
    if name == "simulate":
        found += text["dtkit check"]
    return found


def parts(name: str) -> list[click.Command]:
    """A command, or those that a group has."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    if not isinstance(command, click.Group):
        return [command]
    context = click.Context(command)
    found = [command.get_command(context, one) for one in command.list_commands(context)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_described(name: str) -> None:
    assert flags(described(name)) == set().union(*map(options, parts(name)))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_choice_is_described(name: str) -> None:
    """``.It Fl \\-to Cm text | json`` has the choices that click has, of all of a group."""
    choices: dict[str, set[str]] = {}
    for command in parts(name):
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.type, click.Choice):
                found = choices.setdefault(max(option.opts, key=len), set())
                found |= {str(choice) for choice in option.type.choices}
    page = {}
    for item in re.findall(r"^\.It (.*)", described(name), re.MULTILINE):
        if match := re.search(r"\bFl (\S+) Cm (.*)", item):
            page["-" + match[1].replace("\\", "")] = set(match[2].replace("|", " ").split())
    assert page == choices
