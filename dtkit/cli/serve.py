# SPDX-License-Identifier: BSD-2-Clause
"""``--serve``: journeys in a page while they end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import click

from dtkit.cli.extras import needs
from dtkit.cli.failure import Failure
from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import first_interrupt
from dtkit.cli.options import Shared
from dtkit.cli.terminal import say
from dtkit.counted import counted
from dtkit.trace.journey.model import Journey
from dtkit.trace.views.live import LiveReport
from dtkit.waiting import wait

__all__ = ["PORT", "SERVE", "ServedPage", "served_page"]

SERVE = Shared(
    "--serve",
    is_flag=True,
    help="Show journeys as they end in a page for a browser on this host (needs dtkit[live]).",
)
PORT = Shared(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Serve the page there.  [default: any that is free]",
)


class ServedPage:
    """
    A page that is served, or the lack of one: then nothing has any effect.

    :ivar stay: says that no more journeys come, and goes on serving, until ^C or SIGTERM.
    """

    def __init__(
        self, report: LiveReport | None = None, stay: Callable[[], None] = lambda: None
    ) -> None:
        self._report, self.stay = report, stay

    def take(self, journey: Journey) -> None:
        """Show a journey that is over."""
        if self._report is not None:
            self._report.add(journey)


@contextmanager
def served_page(
    ctx: click.Context, serve: bool, port: int | None, title: str
) -> Iterator[ServedPage]:
    """
    The page while the block runs; its address is told on stderr.

    :raises click.UsageError: an option is of no effect, or there is no server to be had.
    :raises Failure: nobody can listen there.
    """
    if not serve:
        refuse(given(ctx, "port"), "is for --serve")
        yield ServedPage()
        return
    needs("--serve", "starlette", "live")
    needs("--serve", "uvicorn", "live")
    # Not at the top: few ask for it.
    from dtkit.live.serving import PageServer

    report = LiveReport(title)
    try:
        server = PageServer(report, port or 0)
    except OSError as error:
        where = f"port {port}" if port else "the loopback address"
        raise Failure(f"--serve: {where}: {error.strerror or error}", ctx) from error

    def stay() -> None:
        server.finish()
        say(f"{ctx.command_path}: all was read; the page is served until ^C")
        heard, tell = os.pipe()
        with open(heard, "rb") as end, first_interrupt(partial(os.close, tell)):
            wait([end])

    with server:
        say(f"{ctx.command_path}: {server.url} shows journeys as they end")
        yield ServedPage(report, stay)
        if report.left_out:
            are = counted(report.left_out, "journey is", "journeys are")
            say(f"{ctx.command_path}: the page was full: {are} not in it")
