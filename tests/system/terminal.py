# SPDX-License-Identifier: BSD-2-Clause
"""A pseudo-terminal to run commands on."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
from collections.abc import Mapping


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
