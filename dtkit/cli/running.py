# SPDX-License-Identifier: BSD-2-Clause
"""A script while it runs: read as it comes, ended by ^C, with a status line and a COMMAND."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import click

from dtkit.cli.failure import Failure
from dtkit.cli.given import given, refuse
from dtkit.cli.help import Command
from dtkit.cli.inputs import Watched, first_interrupt, open_input, shown_name
from dtkit.cli.options import Shared
from dtkit.cli.terminal import fitting, say, tell
from dtkit.live.companion import Companion
from dtkit.live.connection import Connection, own_connection
from dtkit.live.dtrace import running
from dtkit.live.hints import hint
from dtkit.live.host import DtraceError, Host, NowhereError
from dtkit.live.simulator import SimulatedRun
from dtkit.oddity import Oddity
from dtkit.simulate import Settings, StackPacket, shipped_paths
from dtkit.simulate.arrivals import arrivals
from dtkit.simulate.paths import PathsError
from dtkit.waiting import wait

__all__ = [
    "SIMULATE",
    "CommandAfterDashes",
    "RunningScript",
    "check_simulated",
    "connection",
    "run_script",
    "simulated_run",
]


class CommandAfterDashes(Command):
    """A command that takes another one behind ``--``, as ``ctx.meta[COMMAND]``."""

    KEY = f"{__name__}.command"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[self.KEY] = ()
        if "--" in args:
            at = args.index("--")
            ctx.meta[self.KEY] = tuple(args[at + 1 :])
            args = args[:at]
            if not ctx.meta[self.KEY]:
                raise click.UsageError("name a command after --", ctx)
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


SIMULATE = Shared("--simulate", is_flag=True, help="In the simulated kernel, over --packets.")


def check_simulated(ctx: click.Context, simulate: bool, packets: str | None) -> None:
    """
    Look whether ``--simulate`` goes with the other options.

    :raises click.UsageError: one is of no effect, or one is missing.
    """
    if not simulate:
        refuse(given(ctx, "packets", "path"), "is for --simulate")
        return
    refuse(given(ctx, "host", "elevation"), "--simulate runs here, without dtrace(1)")
    if packets is None:
        raise click.UsageError("--simulate needs --packets FILE")
    if ctx.meta[CommandAfterDashes.KEY]:
        raise click.UsageError("--simulate has its packets from a file: no COMMAND")
    try:
        shipped_paths().known(ctx.params["path"])
    except PathsError as error:
        raise click.UsageError(f"--path {error}") from error


def simulated_run(
    ctx: click.Context, text: str, packets: str | None, path: str
) -> SimulatedRun | None:
    """What runs in place of dtrace(1), where ``--simulate`` asked for it: over a capture."""
    if packets is None:
        return None
    return SimulatedRun(text, Settings(file="script.d"), _arriving(ctx, packets, path))


def _arriving(ctx: click.Context, name: str, path: str) -> Iterator[StackPacket]:
    """
    The packets of a capture; what cannot be taken from it is said on stderr.

    :raises Failure: nothing can.
    """
    packets = oddities = 0
    with open_input(name) as stream:
        for item in arrivals(stream, path):
            if isinstance(item, Oddity):
                oddities += 1
                say(f"{ctx.command_path}: {item}")
            else:
                packets += 1
                yield item
    if oddities and not packets:
        raise Failure(f"no packet of {shown_name(name)} can be simulated", ctx)


def connection(ctx: click.Context, host: Host) -> Connection | None:
    """
    The connection by which a host is traced, if it is another one.

    :raises click.UsageError: the host's name is none.
    :raises Failure: it cannot be reached.
    """
    try:
        return own_connection(host)
    except NowhereError as error:
        raise click.UsageError(str(error)) from error
    except DtraceError as error:
        raise Failure(str(error), ctx) from error


class RunningScript:
    """
    A script that runs.

    :ivar stream: what it prints, with dtrace(1)'s stderr in it; binary.
    :ivar advice: what to do about what it said last, where that is known.
    :ivar interrupted: whether it is ^C, or SIGTERM, that ends it.
    """

    def __init__(
        self,
        ctx: click.Context,
        stream: io.RawIOBase | BinaryIO,
        companion: Companion | None,
        flush: Callable[[], None],
        figures: Callable[[], str],
    ) -> None:
        self._ctx, self._raw, self._companion = ctx, stream, companion
        self._flush, self._figures = flush, figures
        self._since: float | None = None
        self._drawn = False
        self.advice = ""
        self.interrupted = False
        watched = Watched(stream, self._before, self._after)
        self.stream: BinaryIO = io.BufferedReader(watched, 1 << 18)

    def started(self) -> None:
        """It has begun to look at packets: the time for the COMMAND."""
        if self._since is None:
            self._since = time.monotonic()
            if self._companion is not None:
                self._companion.start()

    def interrupt(self, stop: Callable[[], None]) -> None:
        """Have it end, at ^C."""
        self.interrupted = True
        stop()

    def heard(self, text: str) -> None:
        """Take note of what was said meanwhile: it may be why dtrace(1) fails."""
        self.advice = hint(text) or self.advice

    @property
    def began(self) -> bool:
        """Whether it has begun to look at packets."""
        return self._since is not None

    def _before(self) -> None:
        self._flush()
        if not sys.stderr.isatty() or isinstance(self._raw, SimulatedRun):
            return
        while self._since is not None:
            passed = int(time.monotonic() - self._since)
            status = fitting(f"{passed} s, {self._figures()}")
            sys.stderr.write(f"\r\x1b[K{status}")
            sys.stderr.flush()
            self._drawn = True
            if wait([self._raw], patience=1):
                return

    def _after(self, _: int) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


@contextmanager
def run_script(
    ctx: click.Context,
    text: str,
    host: Host,
    *,
    flush: Callable[[], None],
    figures: Callable[[], str],
    simulated: SimulatedRun | None = None,
) -> Iterator[RunningScript]:
    """
    Run a script, to its own end, to ^C, or to the end of the COMMAND.

    :param flush: has what was shown so far seen; called before waiting for more.
    :param figures: what a terminal is told meanwhile.
    :param simulated: what runs in place of dtrace(1).
    :raises click.UsageError: there is nowhere to run it.
    :raises Failure: dtrace(1), or what is between, has failed.
    """
    if simulated is not None:
        script = RunningScript(ctx, simulated, None, flush, figures)
        with first_interrupt(partial(script.interrupt, simulated.stop)):
            yield script
        if simulated.status:
            raise Failure("the simulated dtrace(1) refused it", ctx)
        return
    words: Sequence[str] = ctx.meta.get(CommandAfterDashes.KEY, ())
    companion: Companion | None = None
    try:
        with running(text, host) as child:
            companion = Companion(words, host, child.stop) if words else None
            script = RunningScript(ctx, child.output, companion, flush, figures)
            tell(f"{ctx.command_path}: {host}: dtrace(1) begins; ^C ends it")
            with first_interrupt(partial(script.interrupt, child.stop)):
                try:
                    yield script
                finally:
                    if companion is not None:
                        companion.end()
    except NowhereError as error:
        raise click.UsageError(str(error)) from error
    except DtraceError as error:
        raise Failure(str(error), ctx) from error
    if companion is not None and companion.status:
        say(f"{ctx.command_path}: {companion.words[0]} exit {companion.status}")
    if child.killed:
        say(f"{ctx.command_path}: dtrace(1) did not end when it was told to, and was killed")
    elif child.status and not child.stopped:
        what = f"dtrace(1) on {host} failed with {child.status}"
        advice = f": {script.advice}" if script.advice else ""
        raise Failure(f"{what}{advice}; `dtkit doctor` looks for what it lacks", ctx)
