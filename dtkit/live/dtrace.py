# SPDX-License-Identifier: BSD-2-Clause
"""
dtrace(1) as a child process, here or on another host.

ssh(1) passes no signal on, and sshd(8) leaves what it started to itself when a connection ends: a
dtrace(1) that prints nothing would stay behind. So a shell is beside it, which ends it when its own
input ends: because that is how it is told to, or because whoever held the other end has gone.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, BinaryIO

__all__ = ["DtraceError", "NowhereError", "Run", "listing", "running"]

#: ``host``, ``user@host``; nothing that ssh(1) could take for an option.
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9\[][A-Za-z0-9.:\[\]%_-]*")

#: The listing of everything that a script of `dtkit path` may look at.
_LISTING = ("dtrace", "-l", "-v", "-n", "fbt:::entry")

#: What sh(1) is given to read: it goes through whatever shell the other host's user has, and
#: csh(1) takes ``!`` for history even in quotes. In braces, so that all of it has been read when
#: it is run, and nothing but the end of input is left for the one who waits for that.
_SHELL = """\
{{
command -v dtrace >/dev/null || exit 127
exec 3<&0
{{
{command} 3<&- <<'{mark}' &
{text}
{mark}
p=$!
{{ read x; kill -TERM $p; }} <&3 >/dev/null 2>&1 &
w=$!
exec 3<&-
wait $p
s=$?
kill $w 2>/dev/null
exit $s
}} {through}
exit
}}
"""

#: dtrace(1) writes each byte of a dump by itself, and sshd(8) would make a packet of each, which
#: may well pass the probes: this writes whole lines.
_LINES = "2>&1 | grep -a --line-buffered ''"

#: Options of ssh(1): no questions, and an end within a minute when the other side has gone.
_SSH = ("ssh", "-T", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=15")

#: s that dtrace(1) or ssh(1) may take to end once it has been told to at once.
_PATIENCE = 5

#: What is quoted from of the last words of ssh(1) or dtrace(1), in bytes.
_WORDS = 4096


class DtraceError(Exception):
    """dtrace(1) cannot be run, or did not do what it was to; ``str()`` says what to do."""


class NowhereError(DtraceError):
    """There is nowhere to run dtrace(1): not here, and no host is named that could be one."""


@dataclass(frozen=True, slots=True)
class Run:
    """
    A dtrace(1) that is running.

    :ivar output: what it prints, binary.
    """

    output: BinaryIO
    _input: IO[bytes]

    def stop(self) -> None:
        """Have it end: it prints what it has, runs its ``END`` clauses, and the output ends."""
        self._input.close()


@contextmanager
def listing(host: str | None = None) -> Iterator[BinaryIO]:
    """
    The output of ``dtrace -lv`` on the entry of every function.

    :param host: that ssh(1) reaches without asking for a password, or None for this one.
    :raises NowhereError: *host* is no name, or there is no dtrace(1) on this one.
    :raises DtraceError: it is not there, or it failed; with its own last words.
    """
    with _child(_LISTING, "", host) as run:
        yield run.output


@contextmanager
def running(script: str, host: str | None = None) -> Iterator[Run]:
    """
    A script while it runs, with stderr in its output; at the end of the block it is over.

    :param host: that ssh(1) reaches without asking for a password, or None for this one.
    :raises NowhereError: *host* is no name, or there is no dtrace(1) on this one.
    :raises DtraceError: it is not there, or the connection was lost. What dtrace(1) itself did not
        like is in the output.
    """
    with _child(("dtrace", "-s", "/dev/stdin"), script, host, together=True) as run:
        yield run


@contextmanager
def _child(
    words: tuple[str, ...], text: str, host: str | None, together: bool = False
) -> Iterator[Run]:
    """
    A command with *text* as its input.

    :param together: whether its stderr is in its output, and its status no matter.
    """
    if host is None and shutil.which(words[0]) is None:
        raise NowhereError(
            "no dtrace(1) here: name a FreeBSD host with --host, or give a listing with --from"
        )
    if host is not None and not _HOST.fullmatch(host):
        raise NowhereError(f"{host!r} is no name of a host")
    through = _LINES if together else ""
    mark = f"end-{secrets.token_hex(8)}"
    program = _SHELL.format(command=shlex.join(words), mark=mark, text=text, through=through)
    with TemporaryFile() as errors:
        # In a session of its own: ^C is for us, and we tell dtrace(1) when it is to end.
        child = subprocess.Popen(
            ["sh"] if host is None else [*_SSH, "--", host, "sh"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            with suppress(BrokenPipeError):  # it has ended already: its status says why
                child.stdin.write(program.encode())
                child.stdin.flush()
            yield Run(child.stdout, child.stdin)  # type: ignore[arg-type]
            # The other side may have more to say than was read.
            _close(child.stdin)
            while child.stdout.read(1 << 16):
                pass
            child.stdout.close()
            status = child.wait()
        except BaseException:
            _end(child)
            raise
        # Its last words say why: a login may have had much to say before.
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _WORDS))
        said = errors.read(_WORDS).decode("utf-8", "replace")
    if host is not None and (status == 255 or status < 0):
        raise DtraceError(_unreachable(host, said))
    if status == 127:
        raise DtraceError(f"no dtrace(1) on {host or 'this host'}: is it FreeBSD?")
    if status and not together:
        where = f" on {host}" if host else ""
        reason = _last(said) or f"exit {status}"
        raise DtraceError(f"dtrace(1){where} could not list its probes: {reason}; it needs root")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it at once; dtrace(1) ends because its shell's input does."""
    for stream in (child.stdin, child.stdout):
        assert stream is not None
        _close(stream)
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # nobody reads what was not written yet
        stream.close()


def _last(said: str) -> str:
    """The last line of what a program said on stderr, without its name."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1].removeprefix("dtrace: ") if lines else ""


def _unreachable(host: str, said: str) -> str:
    """Why ssh(1) failed, and what to do, in a line."""
    if "IDENTIFICATION HAS CHANGED" in said:
        return (
            f"the key of {host} has changed: someone may be in between; if you know why it has, "
            "remove the old one with `ssh-keygen -R`"
        )
    reason = _last(said).removeprefix("ssh: ").rstrip(".") or "the connection was lost"
    if "Host key verification failed" in said:
        return f"the key of {host} is not known: say `ssh {host}` once, and check it"
    if "Permission denied" in said:
        return f"{host}: {reason}; `ssh {host}` has to work without a password"
    return f"no connection to {host}: {reason}"
