# SPDX-License-Identifier: BSD-2-Clause
"""Pseudo-terminals to run commands on."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping


def on_a_terminal(
    command: str, columns: int = 80, environment: Mapping[str, str] | None = None
) -> bytes:
    """
    What a terminal is sent by a shell's command; its input is no terminal.

    :param columns: how wide the terminal is.
    :param environment: what is added to ours.
    """
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, columns))
    with (
        os.fdopen(main, "rb", buffering=0) as screen,
        subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            env={**os.environ, **(environment or {})},
        ),
    ):
        os.close(terminal)
        sent = b""
        try:
            while piece := screen.read(65536):
                sent += piece
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
    return sent


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvp(command[0], command)
        self.sent = b""

    def until(self, holds: Callable[[bytes], bool]) -> None:
        """Read until what was sent is such; or until nobody has the terminal open any more."""
        end = time.monotonic() + 60
        while not holds(self.sent):
            assert time.monotonic() < end, self.sent
            if select.select([self.fd], [], [], 0.5)[0]:
                try:
                    self.sent += os.read(self.fd, 65536)
                except OSError:
                    return

    def type(self, text: bytes) -> None:
        os.write(self.fd, text)

    def end(self) -> int:
        """Its exit status."""
        self.until(lambda _: False)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status
