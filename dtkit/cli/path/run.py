# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit path run``: follow packets, here or on another host, and print their journeys."""

from __future__ import annotations

import click

from dtkit.cli.inputs import open_output
from dtkit.cli.journeys import FORMS, JourneyPrinter
from dtkit.cli.options import FOLLOW, NO_ADVICE, OUTPUT, TO
from dtkit.cli.path.asking import PathAsked, path_options
from dtkit.cli.running import CommandAfterDashes, run_script
from dtkit.cli.terminal import say
from dtkit.oddity import Oddity
from dtkit.trace.journey.path import read_path
from dtkit.trace.views.figures import ends_lines
from dtkit.trace.views.stats import Statistics


@click.command(
    cls=CommandAfterDashes,
    epilog="""\b
Examples:
  dtkit path run --as sudo --preset input tcp port 22
  dtkit path run --host root@router --preset forward udp port 53
  dtkit path run --follow --seconds 10 icmp
  dtkit path run --host root@router icmp -- ping -c 3 192.0.2.1
""",
)
@path_options
@TO(type=click.Choice(FORMS), default="text")
@FOLLOW()
@NO_ADVICE()
@OUTPUT()
@click.pass_context
def command(
    ctx: click.Context,
    /,
    asked: PathAsked,
    form: str,
    follow: bool,
    no_advice: bool,
    output: str,
) -> int:
    """Run the script that follows packets, and print journeys as they end, then what became of all.

    ^C ends it, or the end of COMMAND, which is started when the script has begun: on the host that
    is traced, as the user who is calling.
    """
    if follow and form == "json":
        raise click.UsageError("--follow prints lines")
    odd = read = 0
    with open_output(output) as sink:
        printer = JourneyPrinter(sink, form, follow=follow)
        ends = Statistics(timed=False)
        with run_script(
            ctx,
            asked.text,
            asked.host,
            flush=sink.flush,
            figures=lambda: f"{read} journeys, {odd} oddities",
        ) as script:
            for item in read_path(script.stream, printer.seen, script.started):
                if isinstance(item, Oddity):
                    odd += 1
                    script.heard(item.text)
                    say(f"{ctx.command_path}: {item}")
                else:
                    read += 1
                    ends.add(item)
                    printer.take(item.without_advice() if no_advice else item)
            printer.finish()
            if form == "text" and read > 1:
                for line in ends_lines(ends):
                    sink.write(f"{line}\n".encode())
            journeys = "1 journey" if read == 1 else f"{read} journeys"
            say(f"{journeys}, {'1 oddity' if odd == 1 else f'{odd} oddities'}")
    return 0 if read or script.began else 1
