# SPDX-License-Identifier: BSD-2-Clause
"""A command that runs while dtrace(1) does: as the calling user, on the host that is traced."""

from __future__ import annotations

import shlex
import subprocess
import threading
from collections.abc import Callable, Sequence

from dtkit.live.host import DtraceError, Host

__all__ = ["Companion"]


class Companion:
    """
    A command that has not been started yet.

    dtrace(1) has a ``-c`` for that, which splits its string at blanks and would run it as root.

    :param words: the command.
    :param host: where; it is never elevated there.
    :param ended: called, in a thread of its own, when the command has ended.
    :ivar status: its exit status, once it has ended; negative where a signal ended it.
    """

    def __init__(self, words: Sequence[str], host: Host, ended: Callable[[], None]) -> None:
        self.words = tuple(words)
        self._host = Host(host.name)
        self._ended = ended
        self._child: subprocess.Popen[bytes] | None = None
        self.status: int | None = None

    def start(self) -> None:
        """
        Start it, once.

        :raises DtraceError: it cannot be started.
        """
        if self._child is not None:
            return
        try:
            if self._host.name is None:
                self._child = subprocess.Popen(self.words)
            else:
                # Through sh(1)'s input, as no shell but that one need understand the quoting.
                self._child = subprocess.Popen(self._host.shell(), stdin=subprocess.PIPE)
                assert self._child.stdin is not None
                self._child.stdin.write(f"exec {shlex.join(self.words)} </dev/null\n".encode())
                self._child.stdin.close()
        except OSError as error:
            raise DtraceError(f"{self.words[0]}: {error.strerror or error}") from error
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        assert self._child is not None
        self.status = self._child.wait()
        self._ended()

    def end(self) -> None:
        """Have it end, where it has not yet."""
        if self._child is not None and self.status is None:
            self._child.terminate()
