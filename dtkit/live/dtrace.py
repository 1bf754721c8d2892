# SPDX-License-Identifier: BSD-2-Clause
"""dtrace(1) as a child process, here or on another host."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

__all__ = ["DtraceError", "listing", "running"]

#: ``host``, ``user@host``; nothing that ssh(1) could take for an option.
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9\[][A-Za-z0-9.:\[\]%_-]*")

#: The listing of everything that a script of `dtkit path` may look at.
_LISTING = ("dtrace", "-l", "-v", "-n", "fbt:::entry")


class DtraceError(Exception):
    """dtrace(1) cannot be run, or did not do what it was to; ``str()`` says what to do."""


def _words(words: tuple[str, ...], host: str | None) -> list[str]:
    if host is None:
        if shutil.which(words[0]) is None:
            raise DtraceError(
                "no dtrace(1) here: name a FreeBSD host with --host, or give a listing with --from"
            )
        return list(words)
    if not _HOST.fullmatch(host):
        raise DtraceError(f"{host!r} is no name of a host")
    return ["ssh", "-o", "BatchMode=yes", "--", host, shlex.join(words)]


@contextmanager
def listing(host: str | None = None) -> Iterator[BinaryIO]:
    """
    The output of ``dtrace -lv`` on the entry of every function.

    :raises DtraceError: there is no dtrace(1), or it failed; with its own last words.
    """
    child = subprocess.Popen(
        _words(_LISTING, host), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None
    )
    assert child.stdout is not None
    try:
        yield child.stdout  # type: ignore[misc]
    finally:
        child.stdout.close()
        status = child.wait()
    if status > 0:
        raise DtraceError(f"dtrace(1) could not list its probes (exit {status}): it needs root")


@contextmanager
def running(script: str, host: str | None = None) -> Iterator[BinaryIO]:
    """
    A script's output, stderr within, while it runs; at the end of the block it is told to end.

    :raises DtraceError: there is no dtrace(1).
    """
    words = _words(("dtrace", "-s", "/dev/stdin"), host)
    child = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        try:
            child.stdin.write(script.encode())
            child.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already: its output says why
        yield child.stdout  # type: ignore[misc]
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.stdout.close()
        child.wait()
