# SPDX-License-Identifier: BSD-2-Clause
"""
Files to read and write, with ``-`` for the standard streams.

What is read may be live: a dtrace(1) at the other end of a pipe. So output is flushed before each
read that may wait, and the first Ctrl-C, which goes to dtrace(1) as well, ends the reading only
when dtrace(1) has said its last.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from dtkit.cli.terminal import tell
from dtkit.foreign import visible
from dtkit.waiting import Awaited, open_at_once

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer


class Readable(click.Path):
    """
    A file to read, or ``-``; it is noted down, so that no output is written over it.

    Noted down while the command line is read, and not when it is opened: by then an output may
    have been opened and so emptied.
    """

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name = super().convert(value, param, ctx)
        if name != "-":
            _inputs().append(os.stat(name))
        return name


#: An argument that names files to read.
READABLE = Readable(exists=True, dir_okay=False, allow_dash=True)

#: Characters of a file's name beside the bar.
_LABEL = 24

#: From this size on the reading of a file is worth a bar that shows how far it is.
_LONG = 1 << 21


@contextmanager
def open_input(
    name: str, before_read: Callable[[], None] = lambda: None, *, shown: bool | None = None
) -> Iterator[BinaryIO]:
    """
    Open a file to read it as bytes.

    While a long file is read, a bar on stderr shows how far: on a terminal, and not in a pipe.

    :param name: its path, or ``-``.
    :param before_read: called before each read, when all that was read before is worked off.
    :param shown: whether what is read shows on a terminal meanwhile: a bar would be in its way.
        Without it, whether stdout is one.
    :raises OSError: it cannot be opened.
    """
    with _opened(name) as stream, ExitStack() as stack:
        status = _status(stream)
        size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
        before = partial(_flush_outputs, before_read) if size is None else before_read
        after: Callable[[int], None] = _unseen
        source: BinaryIO | io.RawIOBase = stream
        if status and size is None:
            # All of it passes here: nothing may wait in a buffer while we wait for more.
            raw = stream.raw if isinstance(stream, io.BufferedReader) else stream
            source = Awaited(cast("io.RawIOBase", raw))
        if stream.isatty():
            # There is no writer to wait for: ^C ends it at once.
            tell(f"{click.get_current_context().command_path}: reading the terminal; ^D ends")
        elif size is None:
            stack.enter_context(_let_the_writer_finish())
        elif size >= _LONG and _bar_fits(sys.stdout.isatty() if shown is None else shown):
            after = stack.enter_context(_bar("stdin" if name == "-" else name, size))
        yield io.BufferedReader(Watched(source, before, after), 1 << 20)


def _inputs() -> list[os.stat_result]:
    """The files that the command line which runs names as inputs."""
    context = click.get_current_context(silent=True)
    found: list[os.stat_result] = []
    return found if context is None else context.meta.setdefault(f"{__name__}.inputs", found)


def _outputs() -> list[BinaryIO]:
    """The outputs that the command line which runs has open."""
    context = click.get_current_context(silent=True)
    found: list[BinaryIO] = []
    return found if context is None else context.meta.setdefault(f"{__name__}.outputs", found)


def _flush_outputs(then: Callable[[], None]) -> None:
    """Have what was read so far seen: what comes next may take long."""
    then()
    for stream in _outputs():
        stream.flush()


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    return open(name, "rb", opener=open_at_once)


def _status(stream: BinaryIO) -> os.stat_result | None:
    """What the system knows of a file; None where it is none of the system's."""
    try:
        return os.fstat(stream.fileno())
    except OSError:
        return None


def _bar_fits(shown: bool) -> bool:
    """Whether stderr is a terminal to which nothing else goes, as from the end of a pipe."""
    try:
        piped = stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:
        return False
    return sys.stderr.isatty() and not shown and not piped


@contextmanager
def _bar(name: str, size: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told of bytes read, and ends with the file; for ``say()`` it makes way."""
    # Not at the top: rich takes longer to import than the rest.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn()
    with Progress(
        *columns, TimeColumn(), console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        # The end of a path tells most, and must leave room for the figures on a line of 80.
        label = visible(os.path.basename(name))
        task = bar.add_task(label if len(label) <= _LABEL else f"...{label[-_LABEL:]}", total=size)

        def read(count: int) -> None:
            if count:
                bar.advance(task, count)
            else:
                bar.stop()

        yield read


#: Bytes that are written to a file at once: what takes many writes takes longer.
_BUFFER = 1 << 16


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """
    Open a file to write it as bytes, anew where it exists.

    :param name: its path, or ``-`` for standard output.
    :raises OSError: it cannot be written.
    :raises click.UsageError: it is a file that this command reads.
    """
    keep_inputs(name)
    if name == "-":
        stream: BinaryIO = sys.stdout.buffer
        _outputs().append(stream)
        yield stream
        stream.flush()
    else:
        with open(name, "wb", _BUFFER) as stream:
            _outputs().append(stream)
            try:
                yield stream
            finally:
                _outputs().remove(stream)


@contextmanager
def open_whole(name: str) -> Iterator[BinaryIO]:
    """
    Open a file to write it as bytes, which is of no use until its end has been written.

    However this ends, by a full disk or a signal, under that name is what was written, whole, or
    what was there before.

    :param name: its path, or ``-`` for standard output.
    :raises OSError: it cannot be written.
    :raises click.UsageError: it is a file that this command reads.
    """
    keep_inputs(name)
    target = Path(os.path.realpath(name))
    beside = target.with_name(f".{target.name[:200]}.{os.urandom(4).hex()}")
    stream: BinaryIO | None = None
    if name != "-" and (target.is_file() or not target.exists()):
        with suppress(PermissionError):  # a file that can be written where none can be made
            stream = open(beside, "xb")  # noqa: SIM115
    if stream is None:
        with open_output(name) as there:
            yield there
        return
    try:
        with stream:
            yield stream
        if target.exists():
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
            os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def refuse_terminal(what: str) -> None:
    """
    Refuse to write bytes of packets to a terminal, which would obey them.

    :param what: the option that asks for them.
    :raises click.UsageError: standard output is a terminal.
    """
    if sys.stdout.isatty():
        raise click.UsageError(f"{what} is not for a terminal: name a file, or use a pipe")


def keep_inputs(name: str) -> None:
    """
    Look whether a file that will be written anew is one that is read, standard input included.

    :param name: its path, or ``-``, which is never anew.
    :raises click.UsageError: it is; nothing has happened to it yet.
    """
    if name == "-" or not os.path.isfile(name):
        return
    # Whoever has not asked for standard input has no use for writing over it either.
    stdin = _status(sys.stdin.buffer)
    read = [*_inputs(), stdin] if stdin else _inputs()
    if any(os.path.samestat(os.stat(name), one) for one in read):
        raise click.UsageError(f"{name} would be written over the input: give another name")


def shown_name(name: str) -> str:
    """What messages call a file, by the name that a command was given."""
    return "stdin" if name == "-" else str(Path(name))


def _unseen(_: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def first_interrupt(then: Callable[[], None]) -> Iterator[None]:
    """Do *then* at the first SIGINT, SIGTERM or SIGHUP; the second one ends this program."""

    def first(signum: int, frame: object) -> None:
        restore()
        then()

    def restore() -> None:
        for which, handler in before.items():
            signal.signal(which, handler)

    before: dict[signal.Signals, Any] = {}
    try:
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if which is signal.SIGHUP and signal.getsignal(which) is signal.SIG_IGN:
                continue  # as nohup(1) has it
            before[which] = signal.signal(which, first)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        restore()


@contextmanager
def _let_the_writer_finish() -> Iterator[None]:
    """
    Take the first SIGINT for the program that writes our input; the second one is for us.

    Whoever wants to know of a first one (:func:`first_interrupt`) is told.
    """
    heard = False

    def first(signum: int, frame: object) -> None:
        nonlocal heard
        heard = True
        signal.signal(signal.SIGINT, before)
        if callable(before) and before is not signal.default_int_handler:
            before(signum, frame)

    try:
        before: Any = signal.signal(signal.SIGINT, first)
    except ValueError:  # not the main thread: signals are somebody else's
        yield
        return
    try:
        yield
    finally:
        if not heard:
            signal.signal(signal.SIGINT, before)


class Watched(io.RawIOBase):
    """
    A raw stream that tells before it reads, and how many bytes it read.

    Its end is one for good: a terminal would ask for another ^D.
    """

    def __init__(
        self,
        stream: BinaryIO | io.RawIOBase,
        before: Callable[[], None],
        after: Callable[[int], None],
    ) -> None:
        self._stream, self._before, self._after = stream, before, after
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if self._over:
            return 0
        self._before()
        stream = self._stream
        if isinstance(stream, io.BufferedReader):
            count = stream.readinto1(buffer)
        elif isinstance(stream, io.RawIOBase):
            count = stream.readinto(buffer) or 0
        else:
            view = memoryview(buffer)
            data = stream.read(len(view))
            count = len(data)
            view[:count] = data
        self._over = not count
        self._after(count)
        return count
