# SPDX-License-Identifier: BSD-2-Clause
"""The text of a D program, and where in it something is."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from dtkit.foreign import visible

_NEWLINE = re.compile(r"\n")

#: cpp(1)'s word on where the lines behind it come from; a number of more digits is none.
_MARKER = re.compile(r'^#[ \t]*(?:line[ \t]+)?(\d{1,9})(?:[ \t]+"[^\n]*)?$', re.MULTILINE)

#: How many characters of a long line are shown on either side of a place in it.
_AROUND = 160


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
    _numbered: list[tuple[int, int]] = field(default_factory=list, repr=False, compare=False)

    def position(self, at: int) -> tuple[int, int]:
        """
        Line and column, both from 1, of the character at offset *at*.

        Lines are numbered as ``# 5 "file"`` says, which cpp(1) writes, and dtrace(1) heeds.
        """
        line, column = self._place(at)
        for behind, number in reversed(self._markers()):
            if behind <= line:
                return number + line - behind, column
        return line, column

    def line(self, number: int) -> str:
        """The text of line *number*, from 1, without its newline; empty past the end."""
        starts = self._line_starts()
        if not 0 < number <= len(starts):
            return ""
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r")

    def excerpt(self, at: int) -> str:
        """
        The line around offset *at*, and below it a caret under that place.

        Of a line that no terminal shows whole there is what is around the place; what does not
        print is escaped.
        """
        number, column = self._place(at)
        line = self.line(number)
        first = max(0, column - 1 - _AROUND) if len(line) > 2 * _AROUND else 0
        before = _shown(line[first : column - 1])
        behind = _shown(line[column - 1 : column - 1 + 2 * _AROUND - (column - 1 - first)])
        dots = "..." if first else ""
        more = "..." if len(line) > first + 2 * _AROUND else ""
        # Tabs are kept, so that the caret stands below its place at any tab width.
        indent = "".join(c if c == "\t" else " " for c in dots + before)
        return f"{dots}{before}{behind}{more}\n{indent}^"

    def _place(self, at: int) -> tuple[int, int]:
        starts = self._line_starts()
        line = bisect_right(starts, at)
        return line, at - starts[line - 1] + 1

    def _markers(self) -> list[tuple[int, int]]:
        """Of each line that numbers those behind it: the next line, and the number of that."""
        if not self._numbered:
            self._numbered.append((1, 1))
            self._numbered.extend(
                (self._place(match.start())[0] + 1, int(match[1]))
                for match in _MARKER.finditer(self.text)
            )
        return self._numbered

    def _line_starts(self) -> list[int]:
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(match.end() for match in _NEWLINE.finditer(self.text))
        return self._starts


def _shown(text: str) -> str:
    return "\t".join(map(visible, text.split("\t")))
