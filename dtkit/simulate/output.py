# SPDX-License-Identifier: BSD-2-Clause
"""
Where dtrace(1)'s output goes: two streams, and a buffer before one of them.

dtrace(1) writes errors at once. To its output it writes through a buffer, which is flushed behind
each piece of data, but not behind the headers and newlines around them; so in one stream with the
errors an error can stand in the middle of a line. The same is done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of output."""

    text: str
    error: bool = False


class Output:
    """Collects output until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[Chunk] = []
        self._pending: list[str] = []

    def write(self, text: str) -> None:
        """Output that waits in the buffer."""
        self._pending.append(text)

    def print(self, text: str) -> None:
        """Output, and all that waits before it."""
        self._pending.append(text)
        self.flush()

    def flush(self) -> None:
        """Let out what waits."""
        if self._pending:
            self._chunks.append(Chunk("".join(self._pending)))
            self._pending.clear()

    def error(self, text: str) -> None:
        """A message of dtrace(1): ``dtrace: `` and a newline are added."""
        self._chunks.append(Chunk(f"dtrace: {text}\n", error=True))

    def take(self) -> Iterator[Chunk]:
        """What has come out since the last time."""
        chunks, self._chunks = self._chunks, []
        return iter(chunks)
