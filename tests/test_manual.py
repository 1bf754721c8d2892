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
from dtkit.cli.trace import command as trace

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


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "trace"])
def test_every_option_is_described(name: str) -> None:
    text = sections()
    described = flags(text[f"dtkit {name}"])
    if name in ("oneliner", "script"):
        described |= flags(text["Selection"])
    if name == "simulate":
        described |= flags(text["dtkit check"]) - {"--json"}
    assert described == options(main.get_command(click.Context(main), name))


def test_every_option_of_trace_is_described() -> None:
    assert isinstance(trace, click.Group)
    context = click.Context(trace)
    every = [options(trace.get_command(context, name)) for name in trace.list_commands(context)]
    assert flags(sections()["dtkit trace"]) == set().union(*every)
