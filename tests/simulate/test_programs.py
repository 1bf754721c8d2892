# SPDX-License-Identifier: BSD-2-Clause
"""Programs of our own print what dtrace(1) printed of them, to the byte."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dtkit.dlang import Options, target_kernel
from dtkit.freebsd import release
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
    return Settings(
        file=file,
        options=options,
        arguments=(file or "", *arguments),
        # The release on which they were run.
        kernel=target_kernel(release("12")),
    )


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    command, _, rest = text.partition("\n")
    program, _, rest = rest.partition("# output\n")
    output, _, status = rest.rpartition("# exit status ")
    simulation = Simulation(program, settings(command))
    assert "".join(chunk.text for chunk in simulation.run()) == output
    assert simulation.status == int(status)


def dtrace_works() -> bool:
    if shutil.which("dtrace") is None:
        return False
    return not subprocess.run(["dtrace", "-e", "-n", "BEGIN"], capture_output=True).returncode


@pytest.mark.needs_dtrace
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_program_on_this_host(path: Path, tmp_path: Path) -> None:
    if not dtrace_works():
        pytest.skip("there is no dtrace(1) here that may be used")
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    command, _, rest = text.partition("\n")
    program = rest.partition("# output\n")[0]
    words = shlex.split(command)[1:]
    (tmp_path / words[words.index("-s") + 1]).write_text(program)
    told = subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=60, text=True)
    simulation = Simulation(program, settings(command))
    chunks = list(simulation.run())
    assert "".join(chunk.text for chunk in chunks if not chunk.error) == told.stdout
    assert "".join(chunk.text for chunk in chunks if chunk.error) == told.stderr
    assert simulation.status == told.returncode


def test_programs_are_there() -> None:
    assert len(PROGRAMS) > 200
