# SPDX-License-Identifier: BSD-2-Clause
"""The text of a D program, and where in it something is."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from dtkit.foreign import shown


@dataclass(frozen=True, slots=True)
class ProgramText:
    """
    A D program as it was given.

    :ivar text: the program.
    :ivar file: name of the script, or None for a program from the command line (``-n``).
    """

    text: str
    file: str | None = None
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def position(self, at: int) -> tuple[int, int]:
        """Line and column, both from 1, of the character at offset *at*."""
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line *number*, from 1, without its newline; empty past the end."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""

    def excerpt(self, at: int) -> str:
        """The line around offset *at*, and below it a caret under that place."""
        number, column = self.position(at)
        text = self.line(number)
        # Tabs are kept, so that the caret stands below its place at any tab width.
        before = shown(text[: column - 1])
        indent = "".join(c if c == "\t" else " " for c in before)
        return f"{before}{shown(text[column - 1 :])}\n{indent}^"
