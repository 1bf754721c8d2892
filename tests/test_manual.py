# SPDX-License-Identifier: BSD-2-Clause
"""
The manual pages are well-formed, and name the commands and options that there are.

Commands have pages of their own, made of the one of all: what holds of that holds of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from dtkit.cli import COMMANDS, main
from tools.manpages import FOLDER, pages

PAGE = FOLDER / "dtkit.1"
PAGES = [PAGE, *(FOLDER / name for name in pages())]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_mandoc_finds_no_fault(page: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc: make system-packages")
    lint = ["mandoc", "-T", "lint", "-W", "warning", str(page)]
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
        found += re.sub(r"^\.It Fl \\-lint$", "", text["dtkit check"], flags=re.MULTILINE)
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


def test_the_pages_of_commands_are_made_of_the_one_of_all() -> None:
    """``make golden`` writes them."""
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(path.name for path in PAGES)
    assert {name: (FOLDER / name).read_text() for name in pages()} == pages()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_a_command_has_its_options_and_examples(name: str) -> None:
    """By what a reader sees of it."""
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc: make system-packages")
    shown = subprocess.run(
        ["mandoc", "-T", "ascii", "-O", "width=1000", str(FOLDER / f"dtkit-{name}.1")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    shown = re.sub(".\b", "", shown)
    assert f"dtkit-{name} - " in shown
    if name != "simulate":  # of whose options some are those of check
        found = set().union(*map(options, parts(name)))
        assert not {option for option in found if option not in shown}
    examples = shown.partition("EXAMPLES")[2].partition("SEE ALSO")[0].strip().split("\n")
    command = main.get_command(click.Context(main), name)
    assert command is not None
    said = command.get_help(click.Context(command, max_content_width=1000, terminal_width=1000))
    assert examples
    assert all(example.strip() in said for example in examples)
