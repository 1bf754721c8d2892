# SPDX-License-Identifier: BSD-2-Clause
"""A pseudo-terminal to run commands on."""

from __future__ import annotations

import os
import pty
import subprocess


def on_a_terminal(command: str) -> bytes:
    """What a terminal is sent by a shell's command; its input is no terminal."""
    main, terminal = pty.openpty()
    with (
        os.fdopen(main, "rb", buffering=0) as screen,
        subprocess.Popen(
            command, shell=True, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal
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
