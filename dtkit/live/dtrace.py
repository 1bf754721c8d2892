# SPDX-License-Identifier: BSD-2-Clause
"""
dtrace(1) as a child process, here or on another host.

ssh(1) passes no signal on, sshd(8) leaves what it started to itself when a connection ends, and an
ordinary user cannot signal root's dtrace(1): one that prints nothing would stay behind. So a shell
is beside it, as whom it runs, which ends it when its own input ends: because that is how it is told
to, or because whoever held the other end has gone.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from dtkit.live.hints import hint
from dtkit.live.host import DtraceError, Host
from dtkit.waiting import Awaited, wait_child, write_whole

__all__ = ["DtraceRun", "capturing", "listing", "names", "running", "shell_output"]

#: The listing of everything that a script of `dtkit path` may look at.
_LISTING = ("dtrace", "-l", "-v", "-n", "fbt:::entry", "-n", "mib:::")

#: The names of its functions alone, which takes a small part of the time.
_NAMES = ("dtrace", "-l", "-n", "fbt:::entry")

#: What a dtrace(1) says that a signal ended while it listed functions, with exit status 0; one that
#: has listed all may say that there were none.
_BROKEN_OFF = re.compile(r"failed to match fbt:::entry: (?!No probe matches)")

#: s that dtrace(1) has to end in once it was told to, before it is killed.
_GRACE = 5

#: What sh(1) is given to read: it goes through whatever shell the other host's user has, and
#: csh(1) takes ``!`` for history even in quotes. In braces, so that all of it has been read when
#: it is run, and nothing but the end of input is left for the one who waits for that. A ^C on the
#: terminal is for whoever started this, who then ends the input.
_SHELL = """\
{{
trap '' INT QUIT
command -v {program} >/dev/null || exit 127
echo {mark} ready
exec 3<&0 4>&2
{{
{command} 3<&- 4>&- <<'{mark}' &
{text}
{mark}
p=$!
{{ read x; kill -TERM $p; sleep {grace}; kill -KILL $p; }} <&3 >/dev/null 2>&1 4>&- &
w=$!
exec 3<&-
wait $p
s=$?
kill $w 2>/dev/null
echo "{mark} status $s" >&4
exit $s
}} {through}
exit
}}
"""

#: dtrace(1) writes each byte of a dump by itself, and sshd(8) would make a packet of each, which
#: may well pass the probes: this writes whole lines.
_LINES = "2>&1 | grep -a --line-buffered ''"

#: s that whatever we started may take to end once it has been told to at once.
_PATIENCE = _GRACE + 2

#: What is quoted from of the last words of ssh(1) or dtrace(1), in bytes.
_WORDS = 4096


@dataclass(slots=True)
class DtraceRun:
    """
    A dtrace(1) that is running.

    :ivar output: what it prints, binary and without a buffer.
    :ivar status: its exit status once it has ended; None before, and where it is not known.
    :ivar stopped: whether it was told to end.
    :ivar said: the last of what it said on stderr, once it has ended.
    """

    output: Awaited
    _input: IO[bytes]
    status: int | None = None
    stopped: bool = False
    said: str = ""

    def stop(self) -> None:
        """Have it end: it prints what it has, runs its ``END`` clauses, and the output ends."""
        self.stopped = True
        self._input.close()

    @property
    def killed(self) -> bool:
        """Whether it did not end when it was told to."""
        return self.stopped and self.status == 128 + signal.SIGKILL


@contextmanager
def listing(host: Host | None = None) -> Iterator[BinaryIO]:
    """
    The output of ``dtrace -lv`` on the entry of every function, and on counters that are probes.

    :raises NowhereError: *host* is no name, or there is no dtrace(1) on this one.
    :raises DtraceError: it is not there, or it failed; with its own last words.
    """
    with _listed(_LISTING, host or Host()) as stream:
        yield stream


@contextmanager
def names(host: Host) -> Iterator[BinaryIO]:
    """
    The output of ``dtrace -l`` on the entry of every function, without types.

    :raises NowhereError: as of :func:`listing`.
    :raises DtraceError: as there.
    """
    with _listed(_NAMES, host) as stream:
        yield stream


@contextmanager
def _listed(words: tuple[str, ...], host: Host) -> Iterator[BinaryIO]:
    """What it prints, whole: at the end of the block it is an error that it was broken off."""
    with _child(words, "", host) as run:
        yield io.BufferedReader(run.output)
    if _BROKEN_OFF.search(run.said):
        raise DtraceError(f"dtrace(1) on {host} was ended before it had listed all probes")


@contextmanager
def capturing(words: tuple[str, ...], host: Host) -> Iterator[DtraceRun]:
    """
    A program that writes a capture to its standard output, such as tcpdump(1), while it runs.

    :raises NowhereError: *host* is no name, or there is no such program on this one.
    :raises DtraceError: it is not there, or it failed; with its own last words.
    """
    with _child(words, "", host, what=f"{words[0]} failed") as run:
        yield run


def shell_output(script: str, host: Host) -> bytes:
    """
    What a script for sh(1) prints there.

    :raises NowhereError: *host* is no name.
    :raises DtraceError: it could not be run; with its own last words.
    """
    with _child(("sh",), script, host, what="the shell failed") as run:
        return b"".join(iter(lambda: run.output.read(1 << 16), b""))


@contextmanager
def running(script: str, host: Host | None = None) -> Iterator[DtraceRun]:
    """
    A script while it runs, with stderr in its output; at the end of the block it is over.

    :raises NowhereError: *host* is no name, or there is no dtrace(1) on this one.
    :raises DtraceError: it is not there, or the connection was lost. What dtrace(1) itself did not
        like is in the output.
    """
    words = ("dtrace", "-s", "/dev/stdin")
    with _child(words, script, host or Host(), together=True) as run:
        yield run


@contextmanager
def _child(
    words: tuple[str, ...],
    text: str,
    host: Host,
    together: bool = False,
    what: str = "dtrace(1) could not list its probes",
) -> Iterator[DtraceRun]:
    """
    A command with *text* as its input.

    :param together: whether its stderr is in its output, and its status no matter.
    :param what: what it is that failed, where it does.
    """
    host.check(words[0])
    mark = f"end-{secrets.token_hex(8)}"
    program = _SHELL.format(
        program=shlex.quote(words[0]),
        command=shlex.join(words),
        mark=mark,
        text=text,
        through=_LINES if together else "",
        grace=_GRACE,
    )
    with TemporaryFile() as errors:
        # In a session of its own: ^C is for us, and we tell dtrace(1) when it is to end. But who
        # is asked for a password needs the terminal, which the shell then ignores.
        child = subprocess.Popen(
            host.shell(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            start_new_session=not host.asks,
        )
        assert child.stdin is not None
        ready = False
        stdout = cast("io.FileIO", child.stdout)
        output = Awaited(stdout)
        run = DtraceRun(output, child.stdin)
        try:
            with suppress(BrokenPipeError):  # it has ended already: its status says why
                write_whole(child.stdin, program.encode("utf-8", "surrogateescape"))
            # What a login prints before is no word of dtrace(1)'s.
            while not ready and (line := output.readline()):
                ready = line.rstrip(b"\r\n").endswith(f"{mark} ready".encode())
            if ready:
                yield run
            # The other side may have more to say than was read.
            child.stdin.close()
            while Awaited(stdout).read(1 << 16):  # of our own: a reader may have closed the other
                pass
            stdout.close()
            status = wait_child(child)
        except BaseException:
            _end(child)
            raise
        # Its last words say why: a login may have had much to say before.
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _WORDS))
        said = errors.read().decode("utf-8", "replace")
    if found := re.search(rf"^{mark} status ([0-9]+)\n", said, re.MULTILINE):
        run.status = status = int(found[1])
        said = said.replace(found[0], "")
        run.said = said
    elif host.name is not None and (status == 255 or status < 0):
        raise DtraceError(_unreachable(host.name, said))
    elif status == 127 and not ready:
        raise DtraceError(f"no {words[0]}(1) on {host}: is it FreeBSD?")
    elif not ready:
        who = host.elevation or "the shell"
        raise DtraceError(_told(f"{who} on {host} failed", said, status))
    elif together:
        raise DtraceError(_told(f"the shell on {host} ended", said, status))
    if status and not together and not run.stopped:
        raise DtraceError(_told(f"{what} on {host}", said, status))


def _told(what: str, said: str, status: int) -> str:
    """A line of what failed, why, and what to do."""
    reason = _last(said) or f"exit {status}"
    advice = hint(reason)
    return f"{what}: {reason}{f'; {advice}' if advice else ''}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """End it at once; dtrace(1) ends because its shell's input does."""
    for stream in (child.stdin, child.stdout):
        assert stream is not None
        stream.close()
    with suppress(PermissionError):  # it is root's, and ends by itself
        child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        with suppress(PermissionError):
            child.kill()
            child.wait()


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
