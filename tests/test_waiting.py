# SPDX-License-Identifier: BSD-2-Clause
"""Waiting for files; that a signal at the worst moment is heard is in ``test_late_signals``."""

from __future__ import annotations

import io
import os
import select
import signal
import threading
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from dtkit.waiting import Awaited, wait, write_whole

Pipe = tuple[io.FileIO, io.FileIO]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Its end to read, and its end to write."""
    ours, theirs = os.pipe()
    with open(ours, "rb", buffering=0) as reading, open(theirs, "wb", buffering=0) as writing:
        yield reading, writing


def fill(writing: BinaryIO) -> None:
    """Write until there is no room."""
    os.set_blocking(writing.fileno(), False)
    while writing.write(bytes(select.PIPE_BUF)) is not None:
        pass
    os.set_blocking(writing.fileno(), True)


def test_what_is_ready_is_told(pipe: Pipe) -> None:
    reading, writing = pipe
    assert wait([reading], writing=[writing]) == [writing]
    fill(writing)
    assert wait([reading], writing=[writing]) == [reading]


def test_nothing_is_ready_after_the_time_that_one_has(pipe: Pipe) -> None:
    reading, writing = pipe
    assert wait([reading], held=[writing], patience=0.01) == []
    assert wait([reading], held=[writing], patience=0) == []


def test_a_pipe_that_nobody_reads_any_more_is_told(pipe: Pipe) -> None:
    reading, writing = pipe
    reading.close()
    assert wait(held=[writing]) == [writing]


def test_a_signal_makes_ready_what_its_handler_does_something_to(pipe: Pipe) -> None:
    reading, writing = pipe
    before = signal.signal(signal.SIGALRM, lambda *_: writing.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert wait([reading]) == [reading]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert writing.closed


def test_whoever_else_is_told_of_signals_is_told_again(pipe: Pipe) -> None:
    reading, writing = pipe
    os.set_blocking(writing.fileno(), False)
    before = signal.set_wakeup_fd(writing.fileno())
    try:
        wait([reading], patience=0.01)
    finally:
        assert signal.set_wakeup_fd(before) == writing.fileno()


def test_a_thread_can_wait(pipe: Pipe) -> None:
    reading, writing = pipe
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(Awaited(reading).read(9)))
    thread.start()
    writing.write(b"said")
    thread.join()
    assert found == [b"said"]


def test_what_others_made_not_to_block_is_waited_for_all_the_same(pipe: Pipe) -> None:
    reading, writing = pipe
    os.set_blocking(reading.fileno(), False)

    def say() -> None:
        writing.write(b"said")
        writing.close()

    thread = threading.Timer(0.05, say)
    thread.start()
    with io.BufferedReader(Awaited(reading)) as stream:
        assert stream.read() == b"said"
    thread.join()
    assert not reading.closed


def test_more_than_a_pipe_holds_is_written_as_it_is_read(pipe: Pipe) -> None:
    reading, writing = pipe
    data = bytes(range(251)) * 2000
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(reading.read()))
    thread.start()
    write_whole(writing, data)
    writing.close()
    thread.join()
    assert found == [data]


def test_nobody_to_write_to_is_an_error(pipe: Pipe) -> None:
    reading, writing = pipe
    threading.Timer(0.05, reading.close).start()
    with pytest.raises(BrokenPipeError):
        write_whole(writing, bytes(1 << 20))
