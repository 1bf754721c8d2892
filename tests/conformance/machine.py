# SPDX-License-Identifier: BSD-2-Clause
"""The host whose dtrace(1) is asked: one shell on it, for one command after the other."""

from __future__ import annotations

import os
import secrets
import select
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from dtkit.live.host import Host

#: A command in a folder of its own; what it printed comes behind its status and two sizes.
_COMMAND = """\
d=$(mktemp -d /tmp/dtkit.XXXXXX) && cd "$d"
{files}
{{ {beside}
}} < /dev/null > /dev/null 2>&1 &
{command} < /dev/null > .out 2> .err
s=$?
wait
printf '%s %d %d %d\\n' {mark} $s $(wc -c < .out) $(wc -c < .err)
cat .out .err
cd / && rm -rf "$d"
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command printed, and its exit status."""

    out: bytes
    err: bytes
    status: int


class Machine:
    """A host that runs commands; a context."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._shell = subprocess.Popen(
            host.shell(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.stdout.close()
        self._shell.terminate()
        self._shell.wait()

    def run(
        self,
        words: Sequence[str],
        files: Mapping[str, str] | None = None,
        beside: str = ":",
        patience: float = 90,
    ) -> Told:
        """
        Run a command.

        :param files: what lies in its folder.
        :param beside: what sh(1) does meanwhile, such as sending packets.
        :raises TimeoutError: it is not over after *patience* seconds.
        """
        mark = f"end-{secrets.token_hex(8)}"
        made = "".join(
            f"cat > {shlex.quote(name)} <<'{mark}'\n{text.removesuffix(chr(10))}\n{mark}\n"
            for name, text in (files or {}).items()
        )
        command = _COMMAND.format(
            files=made, beside=beside, command=shlex.join(words), mark=f"{mark}-status"
        )
        assert self._shell.stdin is not None
        self._shell.stdin.write(command.encode("utf-8", "surrogateescape"))
        until = time.monotonic() + patience
        line = b""
        while not line.startswith(f"{mark}-status".encode()):
            line = self._line(until)
        _, status, out, err = line.split()
        return Told(self._read(int(out), until), self._read(int(err), until), int(status))

    def _line(self, until: float) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self._read(1, until)
        return line

    def _read(self, size: int, until: float) -> bytes:
        assert self._shell.stdout is not None
        data = b""
        while len(data) < size:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._shell.stdout], [], [], left)[0]:
                raise TimeoutError(f"{self.host} does not answer")
            piece = os.read(self._shell.stdout.fileno(), size - len(data))
            if not piece:
                raise ConnectionError(f"{self.host} has gone")
            data += piece
        return data
