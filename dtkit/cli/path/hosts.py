# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path run`` on several hosts: their journeys joined while they come."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import click

from dtkit.cli.inputs import first_interrupt
from dtkit.cli.journeys import JourneyPrinter
from dtkit.cli.path.asking import PathAsked
from dtkit.cli.terminal import say, tell
from dtkit.counted import counted
from dtkit.fleet.runs import Began, Ended, HostRuns
from dtkit.fleet.window import JoiningWindow
from dtkit.foreign import visible
from dtkit.live.hints import hint
from dtkit.oddity import Oddity
from dtkit.trace.journey.model import Journey

__all__ = ["run_on_hosts"]

#: s between looks at what has come.
_LOOK = 1.0


def run_on_hosts(
    ctx: click.Context, asked: Sequence[PathAsked], printer: JourneyPrinter, no_advice: bool = False
) -> int:
    """
    Run the script of each host, and print journeys through all of them when they are whole.

    :param no_advice: whether only what happened is said.
    :return: the exit status: 1 if no host's script has begun.
    """
    names = [str(one.host) for one in asked]
    window = JoiningWindow(names)
    began: set[int] = set()
    odd = shown = 0

    def show(journeys: Iterator[Journey]) -> None:
        nonlocal shown
        for journey in journeys:
            shown += 1
            printer.take(journey.without_advice() if no_advice else journey)

    advice = [""] * len(names)
    tell(f"{ctx.command_path}: {', '.join(names)}: dtrace(1) begins; ^C ends it")
    with HostRuns([(one.host, one.text) for one in asked]) as runs, first_interrupt(runs.stop):
        look = time.monotonic() + _LOOK
        for heard in runs.heard(_LOOK):
            number, item = heard if heard is not None else (0, None)
            if isinstance(item, Journey):
                window.add(number, item, time.monotonic())
            elif isinstance(item, Oddity):
                odd += not item.asked
                advice[number] = hint(item.text) or advice[number]
                say(f"{ctx.command_path}: {names[number]}: {item}")
            elif isinstance(item, Began):
                began.add(number)
            elif isinstance(item, Ended) and item.why:
                more = f": {advice[number]}" if advice[number] else ""
                say(f"{ctx.command_path}: {names[number]}: {item.why}{more}")
            if time.monotonic() >= look:
                show(window.whole(time.monotonic()))
                look = time.monotonic() + _LOOK
    show(window.rest())
    printer.finish()
    if window.joined is not None:
        for line in window.joined.told():
            say(visible(line))
    say(f"{counted(shown, 'journey')}, {counted(odd, 'oddity', 'oddities')}")
    return 0 if began else 1
