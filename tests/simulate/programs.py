# SPDX-License-Identifier: BSD-2-Clause
"""Programs of our own, each with how dtrace(1) of FreeBSD 12.1 was run, and what it printed."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from dtkit.dlang import Options, TargetKernel, target_kernel
from dtkit.freebsd import release
from dtkit.simulate import Settings, Simulation

PROGRAMS = sorted((Path(__file__).parent.parent / "data" / "programs").glob("*.txt"))

LETTERS = {"-q": "quiet", "-F": "flowindent"}


@dataclass(frozen=True, slots=True)
class CapturedProgram:
    """
    A program and a run of it.

    :ivar words: the command, ``dtrace`` first.
    """

    words: tuple[str, ...]
    text: str
    output: str
    status: int

    @classmethod
    def read(cls, path: Path) -> CapturedProgram:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        command, _, rest = text.partition("\n")
        program, _, rest = rest.partition("# output\n")
        output, _, status = rest.rpartition("# exit status ")
        return cls(tuple(shlex.split(command)[1:]), program, output, int(status))

    @property
    def file(self) -> str:
        """The name of its file."""
        return self.words[self.words.index("-s") + 1]

    def simulation(self, kernel: TargetKernel | None = None) -> Simulation:
        """The same run by us; on the release on which it was captured where no other is given."""
        return Simulation(
            self.text, settings(list(self.words), kernel or target_kernel(release("12")))
        )


def settings(given: list[str], kernel: TargetKernel) -> Settings:
    """What the words of a dtrace(1) command ask for."""
    options = Options()
    file, arguments = None, []
    words = iter(given[1:])
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
    return Settings(file=file, options=options, arguments=(file or "", *arguments), kernel=kernel)
