# SPDX-License-Identifier: BSD-2-Clause
"""
Files to read and write, with ``-`` for the standard streams.

What is read may be live: a dtrace(1) at the other end of a pipe. So output is flushed before each
read that may wait, and the first Ctrl-C, which goes to dtrace(1) as well, ends the reading only
when dtrace(1) has said its last.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

#: An argument that names files to read.
READABLE = click.Path(exists=True, dir_okay=False, allow_dash=True)

#: From this size on the reading of a file is worth a bar that shows how far it is.
_LONG = 1 << 24


@contextmanager
def open_input(name: str, before_read: Callable[[], None] = lambda: None) -> Iterator[BinaryIO]:
    """
    Open a file to read it as bytes.

    While a long file is read, a bar on stderr shows how far: only where stderr is a terminal and
    stdout is not, which would otherwise write into it.

    :param name: its path, or ``-``.
    :param before_read: called before each read, when all that was read before is worked off.
    :raises OSError: it cannot be opened.
    """
    if name == "-":
        with _let_the_writer_finish():
            yield io.BufferedReader(_Watched(sys.stdin.buffer, before_read, _unseen), 1 << 18)
        return
    with open(name, "rb") as stream:
        hidden = not sys.stderr.isatty() or sys.stdout.isatty()
        size = os.fstat(stream.fileno()).st_size
        if hidden or size < _LONG:
            yield io.BufferedReader(_Watched(stream, before_read, _unseen), 1 << 18)
            return
        with click.progressbar(length=size, label=name, file=sys.stderr) as bar:
            yield io.BufferedReader(_Watched(stream, before_read, bar.update), 1 << 18)


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


def same_file(one: str, other: str) -> bool:
    """Whether two paths, neither of them ``-``, are one file that exists."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


#: Control characters, which a terminal would obey: packets come from anybody.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}


def printable(text: str) -> str:
    """*text* as one line that a terminal only shows: control characters as ``\\xNN``."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def _unseen(_: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def _let_the_writer_finish() -> Iterator[None]:
    """Take the first SIGINT for the program that writes our input; the second one is for us."""

    def first(signum: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, first)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Watched(io.RawIOBase):
    """A raw stream that tells before it reads, and how many bytes it read."""

    def __init__(
        self, stream: BinaryIO, before: Callable[[], None], after: Callable[[int], None]
    ) -> None:
        self._stream, self._before, self._after = stream, before, after

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._before()
        stream = self._stream
        if isinstance(stream, io.BufferedReader):
            count = stream.readinto1(buffer)
        else:
            view = memoryview(buffer)
            data = stream.read(len(view))
            count = len(data)
            view[:count] = data
        self._after(count)
        return count
