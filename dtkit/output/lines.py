# SPDX-License-Identifier: BSD-2-Clause
"""Reading a stream as blocks of whole lines, in bounded memory whatever it holds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

#: Bytes read at a time; a block is up to this plus one line.
BLOCK = 1 << 20
#: The longest line that is kept; dtrace(1) cannot print one nearly as long.
LONGEST = 1 << 16


class Block(NamedTuple):
    """
    Whole lines of a stream.

    *overlong* is 0, or the length of a line that followed *data* and was too long to keep.
    """

    data: bytes
    overlong: int = 0

    def lines(self) -> list[str]:
        """The lines of *data* without their newlines, one character for each byte (ISO 8859-1)."""
        text = self.data.decode("latin-1").removesuffix("\n")
        return text.split("\n") if text else []


def decode(text: str) -> str:
    """
    The characters of *text*, whose bytes are UTF-8; ``\\xNN`` for those that are not.

    :param text: one character for each byte (ISO 8859-1), as lines are cut by column.
    """
    if text.isascii():
        return text
    return text.encode("latin-1").decode("utf-8", "backslashreplace")


def is_text(line: str) -> bool:
    """Whether the bytes of *line* are UTF-8 without NULs, as all that dtrace(1) prints is."""
    if line.isascii():
        return "\0" not in line
    try:
        return "\0" not in line.encode("latin-1").decode()
    except UnicodeDecodeError:
        return False


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """
    Read *stream* to its end, as it comes.

    What is there is handed on at once, so that a live dtrace(1) is not held up.
    """
    read = stream.read1 if isinstance(stream, io.BufferedReader) else stream.read
    while data := read(BLOCK):
        yield data


def blocks(pieces: Iterable[bytes]) -> Iterator[Block]:
    """
    Cut a stream into blocks; each ends with a newline, but for the last if the stream does not.

    :param pieces: the stream, cut anywhere.
    """
    rest, skipped = b"", 0
    for data in pieces:
        if skipped:
            end = data.find(b"\n") + 1
            if not end:
                skipped += len(data)
                continue
            yield Block(b"", skipped + end - 1)
            data, skipped = data[end:], 0
        end = data.rfind(b"\n") + 1
        if end:
            yield Block(b"".join((rest, memoryview(data)[:end])))
            rest = data[end:]
        else:
            rest += data
        if len(rest) > LONGEST:
            rest, skipped = b"", len(rest)
    if skipped:
        yield Block(b"", skipped)
    elif rest:
        yield Block(rest)
