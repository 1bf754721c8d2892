# SPDX-License-Identifier: BSD-2-Clause
"""Where dtrace(1) is run, and as whom: this host or another by ssh(1), elevated or not."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DtraceError", "Elevation", "Host", "NowhereError"]

#: ``host``, ``user@host``; nothing that ssh(1) could take for an option.
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9\[][A-Za-z0-9.:\[\]%_-]*")

#: Options of ssh(1): no questions, and an end within a minute when the other side has gone.
_SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
_SSH_ALIVE = ("-o", "ServerAliveInterval=15")


class DtraceError(Exception):
    """dtrace(1) cannot be run, or did not do what it was to; ``str()`` says what to do."""


class NowhereError(DtraceError):
    """There is nowhere to run dtrace(1): not here, and no host is named that could be one."""


class Elevation(StrEnum):
    """The program by which an ordinary user becomes root."""

    SUDO = "sudo"
    DOAS = "doas"


@dataclass(frozen=True, slots=True)
class Host:
    """
    A host on which a shell can be had.

    :ivar name: that ssh(1) reaches without asking for a password, or None for this one.
    :ivar elevation: how its shell gets to be root's; None where it stays the user's.
    """

    name: str | None = None
    elevation: Elevation | None = None

    def __str__(self) -> str:
        return self.name or "this host"

    @property
    def asks(self) -> bool:
        """Whether becoming root may ask for a password: here, and where there is a terminal."""
        return self.elevation is not None and self.name is None and _has_terminal()

    def check(self, program: str) -> None:
        """
        Look whether *program* can be run at all, as far as that is known from here.

        :raises NowhereError: the host's name is none, or *program* is not on this one.
        """
        if self.name is not None and not _HOST.fullmatch(self.name):
            raise NowhereError(f"{self.name!r} is no name of a host")
        if self.name is None and shutil.which(program) is None:
            raise NowhereError(f"no {program}(1) here: name a FreeBSD host")
        if self.name is None and self.elevation and shutil.which(self.elevation) is None:
            raise NowhereError(f"no {self.elevation} here")

    def shell(self) -> list[str]:
        """The words of a command that runs what sh(1) reads from standard input."""
        words = ["sh"]
        if self.elevation is not None:
            words = [str(self.elevation), *([] if self.asks else ["-n"]), "sh"]
        if self.name is None:
            return words
        return [*_SSH, *_SSH_ALIVE, "--", self.name, shlex.join(words)]


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
