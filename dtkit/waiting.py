# SPDX-License-Identifier: BSD-2-Clause
"""
Waiting for what may never come, and hearing a signal all the same.

Python looks for signals between two steps of a program: one that comes behind its last look, just
before read(2), does not end the read, and is handled when that ends. So nothing is read here before
there is something, and what is waited for besides is a descriptor that signals write to
(signal.set_wakeup_fd()). Whoever handles a signal has to raise, or to make what is waited for
ready: to have it end, or to write to it.
"""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import HasFileno
    from _typeshed import WriteableBuffer as Buffer

__all__ = ["Awaited", "open_at_once", "open_for_reader", "wait", "wait_child", "write_whole"]

#: s between two looks where there is nothing to wait for by poll(2).
_PAUSE = 0.05


def wait(
    reading: Sequence[HasFileno] = (),
    *,
    writing: Sequence[HasFileno] = (),
    held: Sequence[HasFileno] = (),
    patience: float | None = None,
) -> list[HasFileno]:
    """
    Wait until a file is ready; handlers of signals are called meanwhile.

    :param reading: ready when there is something to read, or their end.
    :param writing: ready when there is room for ``select.PIPE_BUF`` bytes.
    :param held: pipes that are written, ready when nobody reads them any more.
    :param patience: s to wait at most.
    :return: those that are; none after *patience*.
    """
    poll = select.poll()
    known: dict[int, HasFileno] = {}
    for events, files in (select.POLLIN, reading), (select.POLLOUT, writing), (0, held):
        for file in files:
            known[file.fileno()] = file
            poll.register(file, events)
    end = None if patience is None else time.monotonic() + patience
    if found := poll.poll(0):
        return [known[number] for number, _ in found]
    with _signals_told() as told:
        poll.register(told, select.POLLIN)
        while True:
            found = poll.poll(None if end is None else max(0, end - time.monotonic()) * 1000)
            ready = [known[number] for number, _ in found if number in known]
            if ready or not found:
                return ready
            with suppress(BlockingIOError):
                os.read(told, 64)  # what handles the signal has been called


@contextmanager
def _signals_told() -> Iterator[int]:
    """A descriptor that has something to read once a signal came that this program handles."""
    told, tell = os.pipe()
    os.set_blocking(told, False)
    os.set_blocking(tell, False)
    before: int | None = None
    try:
        with suppress(ValueError):  # not the main thread: signals are somebody else's
            before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
        yield told
    finally:
        if before is not None:
            signal.set_wakeup_fd(before)
        os.close(told)
        os.close(tell)


class Awaited(io.RawIOBase):
    """
    What a file without a buffer has to read, each time once there is something.

    It does not close the file.
    """

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def readinto(self, buffer: Buffer) -> int:
        while True:
            wait([self])
            count: int | None = self._file.readinto(buffer)
            if count is not None:
                return count


def write_whole(pipe: IO[bytes], data: bytes) -> None:
    """
    Write *data* to a pipe without a buffer, as its reader takes it.

    :raises BrokenPipeError: nobody reads it.
    """
    rest = memoryview(data)
    while rest:
        wait(writing=[pipe])
        rest = rest[os.write(pipe.fileno(), rest[: select.PIPE_BUF]) :]


def wait_child(child: subprocess.Popen[Any]) -> int:
    """The status of a child, once it has ended."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(1)


def open_at_once(path: str, flags: int) -> int:
    """
    An ``opener`` for open(), to read: a named pipe that nobody writes yet is open at once.

    Its end is that of who writes it, so its writer is waited for as its bytes are.
    """
    opened = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    return opened


def open_for_reader(path: str, flags: int) -> int:
    """An ``opener`` for open(), to write: a named pipe is open once somebody reads it."""
    while True:
        try:
            return open_at_once(path, flags)
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(os.stat(path).st_mode):
                raise
        time.sleep(_PAUSE)
