# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path run``: follow packets, here or on another host, and print their journeys."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import click

from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import open_output
from dtkit.cli.journeys import FORMS, JourneyPrinter
from dtkit.cli.options import FOLLOW, LAST, NO_ADVICE, OUTPUT, PACKETS, PATH, TO
from dtkit.cli.path.asking import PathAsked, path_options
from dtkit.cli.path.hosts import run_on_hosts
from dtkit.cli.privacy import privacy_options
from dtkit.cli.running import (
    SIMULATE,
    CommandAfterDashes,
    check_simulated,
    run_script,
    simulated_run,
)
from dtkit.cli.serve import PORT, SERVE, served_page
from dtkit.cli.terminal import drawn, say
from dtkit.counted import counted
from dtkit.oddity import Oddity
from dtkit.packets.privacy import Privacy
from dtkit.trace.journey.last import last_journeys
from dtkit.trace.journey.model import Journey
from dtkit.trace.journey.path import read_path
from dtkit.trace.journey.privacy import private
from dtkit.trace.views.figures import ends_lines
from dtkit.trace.views.stats import Statistics


def _checked(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Look whether options go together, before any host is asked for anything."""

    @click.pass_context
    @functools.wraps(function)
    def wrapper(ctx: click.Context, /, **options: Any) -> int | None:
        follow, several = options["follow"], len(options["host"]) > 1
        private = options["no_payload"] or options["anonymise"]
        if follow and options["form"] == "json":
            raise click.UsageError("--follow prints lines")
        if follow and (options["last"] is not None or options["ring"] is not None):
            raise click.UsageError(
                "--follow does not wait for the end: not with --last, --before-drop"
            )
        if follow and private:
            raise click.UsageError("--follow shows what comes as it is")
        check_simulated(ctx, options["simulate"], options["packets"])
        if several and (follow or options["serve"] or ctx.meta[CommandAfterDashes.KEY]):
            raise click.UsageError("several --host go without --follow, --serve and COMMAND")
        if several and (private or options["last"] is not None):
            raise click.UsageError("several --host go without --no-payload, --anonymise and --last")
        if not options["serve"]:
            refuse(given(ctx, "port"), "is for --serve")
        return function(**options)

    return wrapper


@click.command(
    cls=CommandAfterDashes,
    epilog="""\b
Examples:
  dtkit path run --as sudo --preset input tcp port 22
  dtkit path run --host root@router --preset forward udp port 53
  dtkit path run --follow --seconds 10 icmp
  dtkit path run --host root@router icmp -- ping -c 3 192.0.2.1
  dtkit path run --as sudo --serve icmp
  dtkit path run --simulate --packets trace.pcap --path nat tcp
  dtkit path run --host root@alpha --host root@router --host root@bravo icmp
""",
)
@_checked
@path_options
@SIMULATE()
@PACKETS()
@PATH(default="input", show_default=True)
@TO(type=click.Choice(FORMS), default="text")
@FOLLOW()
@LAST()
@NO_ADVICE()
@privacy_options
@OUTPUT()
@SERVE()
@PORT()
@click.pass_context
def command(
    ctx: click.Context,
    /,
    asked: PathAsked,
    simulate: bool,
    packets: str | None,
    path: str,
    form: str,
    follow: bool,
    last: float | None,
    no_advice: bool,
    privacy: Privacy | None,
    output: str,
    serve: bool,
    port: int | None,
    hosts: Sequence[PathAsked] = (),
) -> int:
    """Run the script that follows packets, and print journeys as they end, then what became of all.

    ^C ends it, or the end of COMMAND, which is started when the script has begun: on the host that
    is traced, as the user who is calling. With --serve, they are in the page, and printed if an
    option says how or where to. On several hosts, packets are followed from one to the next, and
    printed when they are at their end, as dtkit trace join prints them.
    """
    if hosts:
        with open_output(output) as sink:
            return run_on_hosts(ctx, hosts, JourneyPrinter(sink, form), no_advice)
    odd = read = chosen = 0
    quiet = serve and not given(ctx, "form", "follow", "output")
    title = f"{' '.join(ctx.params['words']) or 'all packets'} on {asked.host}"
    with ExitStack() as stack:
        sink = stack.enter_context(open_output(os.devnull if quiet else output))
        page = stack.enter_context(served_page(ctx, serve, port, title))
        printer = JourneyPrinter(sink, form, follow=follow)
        ends = Statistics(timed=False)
        with run_script(
            ctx,
            asked.text,
            asked.host,
            flush=sink.flush,
            figures=lambda: f"{counted(read, 'journey')}, {counted(odd, 'oddity', 'oddities')}",
            simulated=simulated_run(ctx, asked.text, packets, path),
        ) as script:

            def journeys() -> Iterator[Journey]:
                nonlocal odd, read
                for item in read_path(
                    script.stream, printer.seen, script.started, early=asked.ring
                ):
                    if isinstance(item, Oddity):
                        odd += not item.asked
                        script.heard(item.text)
                        say(f"{ctx.command_path}: {item}")
                    else:
                        read += 1
                        yield item

            found = journeys()
            for journey in found if last is None else last_journeys(found, round(last * 1e9)):
                chosen += 1
                ends.add(journey)
                shown = journey.without_advice() if no_advice else journey
                if privacy is not None:
                    shown = private(shown, privacy)
                printer.take(shown)
                page.take(shown)
            printer.finish()
            if form == "text" and chosen > 1:
                for line in ends_lines(ends):
                    sink.write(f"{drawn(line)}\n".encode())
            part = "" if last is None else f", {chosen} chosen"
            say(f"{counted(read, 'journey')}{part}, {counted(odd, 'oddity', 'oddities')}")
        if not script.interrupted:
            sink.flush()
            page.stay()
    return 0 if read or script.began else 1
