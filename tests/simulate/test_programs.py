# SPDX-License-Identifier: BSD-2-Clause
"""Programs of our own print what dtrace(1) printed of them, to the byte."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dtkit.dlang import Options
from dtkit.simulate import Settings, Simulation

PROGRAMS = sorted((Path(__file__).parent.parent / "data" / "programs").glob("*.txt"))

LETTERS = {"-q": "quiet", "-F": "flowindent"}


def settings(command: str) -> Settings:
    options = Options()
    file, arguments = None, []
    words = iter(shlex.split(command)[2:])
    for word in words:
        match word:
            case "-x":
                name, equals, value = next(words).partition("=")
                options = options.set(name, value if equals else None)
            case "-s":
                file = next(words)
            case "-q" | "-F":
                options = options.set(LETTERS[word])
            case _:
                arguments.append(word)
    return Settings(file=file, options=options, arguments=(file or "", *arguments))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    command, _, rest = text.partition("\n")
    program, _, rest = rest.partition("# output\n")
    output, _, status = rest.rpartition("# exit status ")
    simulation = Simulation(program, settings(command))
    assert "".join(chunk.text for chunk in simulation.run()) == output
    assert simulation.status == int(status)


def test_programs_are_there() -> None:
    assert len(PROGRAMS) > 50
