# SPDX-License-Identifier: BSD-2-Clause
"""What the D front end has to say of a program: errors in dtrace(1)'s words, and findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from dtkit.dlang.source import ProgramText


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  #: dtrace(1) refuses the program
    WARNING = "warning"  #: dtrace(1) takes it, and it will not do what it seems to say


#: Tags of what dtrace(1) runs and the simulator does not, and of what needs ``dtrace -w``.
NOT_RUN = "X_NOT_RUN"
DESTRUCTIVE = "X_DESTRUCTIVE"


class DError(Exception):
    """
    A D program that dtrace(1) refuses.

    :ivar message: what dtrace(1) says, where it has words for it; may have several lines.
    :ivar tag: the kind of the error, named as with ``dtrace -x errtags`` (``D_OP_SOU``).
    :ivar at: offset in the source, or None where no place is known.
    :ivar region: ``action list``, ``predicate`` or empty: dtrace(1) names it for ``-n`` programs.
    :ivar hint: what may help, in our own words; or empty.
    """

    def __init__(self, message: str, tag: str, at: int | None = None, region: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tag = tag
        self.at = at
        self.region = region
        self.hint = ""

    def helped(self, hint: str) -> Self:
        """This error, with a hint."""
        self.hint = hint
        return self

    def dtrace_message(self, source: ProgramText) -> str:
        """The whole of what dtrace(1) prints, without its ``dtrace: `` and the final newline."""
        if source.file is not None:
            line = f"line {source.position(self.at)[0]}: " if self.at is not None else ""
            return f"failed to compile script {source.file}: {line}{self.message}"
        region = f"in {self.region}: " if self.region not in ("", "-") else ""
        return f"invalid probe specifier {source.text}: {region}{self.message}"


class UnknownError(DError):
    """
    What a real dtrace(1) may know and we do not: a symbol, a struct, a name of its D library.

    :ivar told: whether it is news; False for what only follows from another one.
    """

    def __init__(self, message: str, tag: str, at: int | None = None, told: bool = True) -> None:
        super().__init__(message, tag, at)
        self.told = told


class UnlistedProbeError(DError):
    """No probe matches a description, as far as our tables go; a kernel may have one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong with a D program.

    :ivar severity: error or warning.
    :ivar tag: the kind of the finding, as in ``dtrace -x errtags``.
    :ivar message: what is wrong; may have several lines.
    :ivar file: name of the script, or None.
    :ivar line: line, from 1, or None where no place is known.
    :ivar column: column, from 1, or None.
    :ivar excerpt: the line and a caret below the place, or empty.
    :ivar hint: what may help, or empty.
    """

    severity: Severity
    tag: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str = ""
    hint: str = ""

    @classmethod
    def of(
        cls,
        source: ProgramText,
        message: str,
        tag: str,
        at: int | None,
        severity: Severity = Severity.ERROR,
        hint: str = "",
    ) -> Finding:
        """The finding that *message* is at offset *at* of *source*."""
        if at is None:
            return cls(severity, tag, message, source.file, hint=hint)
        line, column = source.position(at)
        return cls(severity, tag, message, source.file, line, column, source.excerpt(at), hint)

    def __str__(self) -> str:
        where = f"{self.file or '-n'}:"
        if self.line is not None:
            where += f"{self.line}:{self.column}:"
        text = f"{where} {self.severity}: {self.message} [{self.tag}]"
        lines = (text, self.excerpt, f"hint: {self.hint}" if self.hint else "")
        return "\n".join(line for line in lines if line)

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return {
            "severity": str(self.severity),
            "tag": self.tag,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "hint": self.hint or None,
        }
