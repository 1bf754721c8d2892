# SPDX-License-Identifier: BSD-2-Clause
"""
Files to read and write, with ``-`` for the standard streams.

Progress is shown on a terminal while a long file is read.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

#: An argument that names files to read.
READABLE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """
    Open a file to read it as bytes.

    While a long file is read, a bar on stderr shows how far: only where stderr is a terminal and
    stdout is not, which would otherwise write into it.

    :param name: its path, or ``-``.
    :raises OSError: it cannot be opened.
    """
    if name == "-":
        yield sys.stdin.buffer
        return
    with open(name, "rb") as stream:
        hidden = not sys.stderr.isatty() or sys.stdout.isatty()
        size = os.fstat(stream.fileno()).st_size
        if hidden or size < 1 << 24:
            yield stream
            return
        with click.progressbar(length=size, label=name, file=sys.stderr) as bar:
            yield io.BufferedReader(_Watched(stream, bar.update), 1 << 18)


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """
    Open a file to write it as bytes, anew where it exists.

    :param name: its path, or ``-`` for standard output.
    :raises OSError: it cannot be written.
    """
    if name == "-":
        stream = sys.stdout.buffer
        yield stream
        stream.flush()
    else:
        with open(name, "wb") as stream:
            yield stream


class _Watched(io.RawIOBase):
    """A raw stream that tells how many bytes were read."""

    def __init__(self, stream: io.BufferedReader, tell: Callable[[int], None]) -> None:
        self._stream, self._tell = stream, tell

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        count = self._stream.readinto1(buffer)
        self._tell(count)
        return count
