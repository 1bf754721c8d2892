# SPDX-License-Identifier: BSD-2-Clause
"""Reading whatever one is given: dtrace(1)'s text, or a plain hexdump."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from dtkit.output.events import Event
from dtkit.output.hexdump import is_hexdump, read_hexdump
from dtkit.output.reader import read_text

#: How far the first line that says something is looked for.
_PEEK = 4096


def read_output(stream: BinaryIO) -> Iterator[Event]:
    """
    Read the output of dtrace(1), or a plain hexdump, by what its first line is.

    :param stream: binary; need not seek. It is read to its end, in bounded memory.
    :return: events; see :mod:`dtkit.output.events`. Bad input raises nothing.
    :raises OSError: *stream* cannot be read.
    """
    buffered = stream if isinstance(stream, io.BufferedReader) else _Buffered(stream)
    head = buffered.peek(_PEEK)[:_PEEK].decode("latin-1")
    lines = (line for line in head.splitlines() if line.strip() and not line.startswith("#"))
    read = read_hexdump if is_hexdump(next(lines, "")) else read_text
    return read(buffered)


class _Buffered(io.BufferedReader):
    """A buffer for streams that are no raw files: :class:`io.BytesIO`, pipes of other programs."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(_Raw(stream))


class _Raw(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)
