# SPDX-License-Identifier: BSD-2-Clause
"""How help and tables look, on terminals of any width."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from dtkit.cli import main
from dtkit.cli.help import GROUPS, Command
from tests.cli.commands import COMMANDS
from tests.system.terminal import on_a_terminal

Dtkit = Callable[..., Result]

TOP = Path(__file__).parent.parent.parent


def at_a_terminal(columns: int, *words: str) -> list[str]:
    """The lines that a terminal of that width is given, without blanks at their ends."""
    command = f"env -u COLUMNS NO_COLOR=1 {sys.executable} -m dtkit {shlex.join(words)}"
    shown = on_a_terminal(command, columns, {"TERM": "xterm", "PYTHONPATH": str(TOP)})
    text = re.sub("\x1b\\[[0-9;]*m", "", shown.decode())
    return [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]


def sections(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a help by their titles."""
    parts = re.split(r"^(\S.*):\n", text, flags=re.MULTILINE)
    return zip(parts[1::2], parts[2::2], strict=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_come_first_and_options_by_what_they_are_about(dtkit: Dtkit, name: str) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command)
    found = dict(sections(dtkit(*name.split(), "--help").stdout))
    titles = list(found)
    assert titles[0] == "Examples"
    assert titles[-1] in ("Options", "Other options")
    assert set(titles[1:-1]) <= GROUPS.keys()
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert (len(options) > 8) == ("Other options" in titles)
    for option in options:
        where = [
            t for t, text in found.items() if re.search(rf"^  .*{option.opts[-1]}\b", text, re.M)
        ]
        own = [t for t, names in GROUPS.items() if set(names) & set(option.opts)]
        assert len(own) <= 1
        if len(options) > 8 and own:
            assert own[0] in where


def test_few_options_of_a_command_with_many_are_in_no_group() -> None:
    grouped = {name for names in GROUPS.values() for name in names}
    for command in COMMANDS.values():
        options = [one for one in command.params if isinstance(one, click.Option)]
        if len(options) > 8:
            assert sum(not grouped & set(one.opts) for one in options) <= 2


def test_every_option_of_a_group_is_one_of_a_command() -> None:
    known = {opt for command in COMMANDS.values() for one in command.params for opt in one.opts}
    assert {name for names in GROUPS.values() for name in names} <= known


def test_help_of_a_group_has_its_examples_before_its_commands(dtkit: Dtkit) -> None:
    for words in ([], ["path"], ["trace"], ["dataset"]):
        titles = [title for title, _ in sections(dtkit(*words, "--help").stdout)]
        assert titles == ["Examples", "Options", "Commands"]
    assert "`dtkit COMMAND --help` shows examples of each.\n" in dtkit("--help").stdout
    assert isinstance(main, click.Group)


def test_help_of_a_narrow_terminal_is_no_wider_than_it() -> None:
    lines = at_a_terminal(40, "run", "--help")
    at = lines.index("  --listing FILE")
    assert lines[at + 1].startswith("      Output of ")
    examples = range(lines.index("Examples:"), lines.index("Which packets:"))
    names = re.compile(r"  --?\w|Usage|  +\[")
    for number, line in enumerate(lines):
        if number not in examples and not names.match(line):
            assert len(line) <= 40, line


def test_help_of_a_wide_terminal_is_as_wide_as_a_book() -> None:
    lines = at_a_terminal(200, "probes", "--help")
    assert max(map(len, lines)) <= 80
    assert any(re.match("  --to .*  Form of output", line) for line in lines)


def test_a_table_that_does_not_fit_is_a_list() -> None:
    lines = at_a_terminal(40, "probes", "ip_input")
    assert lines[:4] == [
        "fbt::ip_input:entry",
        "  MBUF        args[0]",
        "  DATA        ipv4",
        "  DIR         in",
    ]
    assert not any("NULL" in line for line in lines)
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(" ".join(lines[4:]).split()) == (
        "GOOD FOR every IPv4 packet received, before the firewall"
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_a_table_that_fits_is_a_table(columns: int) -> None:
    first, *rows = at_a_terminal(columns, "probes", "ip_input", "ip_output")
    assert first.split() == ["PROBE", "MBUF", "DATA", "DIR", "NULL", "GOOD", "FOR"]
    assert rows[0].startswith("fbt::ip_input:entry   args[0]  ipv4   in")
