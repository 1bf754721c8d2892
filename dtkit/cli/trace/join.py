# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit trace join``: one packet through several hosts, from what each of them saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from dtkit.cli.given import given
from dtkit.cli.help import Command
from dtkit.cli.hosts import HOST_FILE
from dtkit.cli.inputs import open_input, open_whole, refuse_terminal
from dtkit.cli.journeys import FORMS, JourneyPrinter
from dtkit.cli.options import BRIEF, OUTPUT, STRICT, TO, WRITE
from dtkit.cli.provenance import provenance
from dtkit.cli.terminal import say
from dtkit.cli.trace.source import (
    GENERATION,
    JOURNEY_FILTER,
    JourneySource,
    forced_generation,
    journey_filters,
)
from dtkit.counted import counted
from dtkit.fleet.join import Capture, join
from dtkit.foreign import visible
from dtkit.trace.journey.model import Journey
from dtkit.trace.views.convert import write_snapshots


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit trace join alpha=a.txt router=r.txt bravo=b.txt
  dtkit trace join --brief --filter outcome:lost a.txt b.txt
  dtkit trace join -w joined.pcapng a.txt b.txt && dtkit trace report joined.pcapng -o joined.html
  dtkit trace join --to json a.txt b.txt | jq 'select(.outcome | startswith("lost"))'
""",
)
@click.argument("files", metavar="[NAME=]FILE...", type=HOST_FILE, nargs=-1, required=True)
@GENERATION()
@JOURNEY_FILTER
@TO(type=click.Choice(FORMS), default="text")
@BRIEF()
@STRICT()
@OUTPUT()
@WRITE("dtkit trace reads it as it reads a capture of one host; printed is what is asked for.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[tuple[str, str], ...],
    generation: str | None,
    filter_: tuple[str, ...],
    form: str,
    brief: bool,
    strict: bool,
    output: str,
    write: str | None,
) -> int:
    """Find the same packets in what several hosts saw, and print their journeys through all.

    A packet is recognised by what forwarding leaves alone: addresses, ports, ids, sequence numbers
    and payload; through address translation and tunnels by the host that shows both sides. Packets
    that went both ways tell how far the clocks are apart: times are by the clock of the first host,
    and how sure that is is said on stderr.
    """
    if brief and form != "text":
        raise click.UsageError("--brief is a form of text: --to says nothing of it")
    is_shown = write is None or bool(given(ctx, "form", "brief", "output"))
    if write == output and is_shown:
        what = "standard output" if output == "-" else visible(output)
        raise click.UsageError(f"-w and what is printed both want {what}: give one another file")
    names = Counter(name for name, _ in files)
    for name, count in names.items():
        if count > 1:
            raise click.UsageError(f"{count} files for host {visible(name)}: name them, a=FILE")
    filters = journey_filters(filter_)
    captures, oddities = [], 0
    for name, file in files:
        with open_input(file, shown=False) as stream:
            source = JourneySource(file, stream, forced_generation(generation), [])
            captures.append(Capture(name, list(source)))
        oddities += source.oddities
        say(f"{visible(name)}: {source}")
    for number, one in enumerate(captures):
        for other in captures[:number]:
            if one.journeys and one.journeys == other.journeys:
                raise click.UsageError(
                    f"{visible(one.name)} and {visible(other.name)} are the same capture"
                )
    joined = join(captures)

    def chosen() -> Iterator[Journey]:
        """What is asked for of packets' ways through all hosts."""
        return (one for one in joined if all(wanted(one) for wanted in filters))

    if write is not None:
        if write == "-":
            refuse_terminal("-w -")
        with open_whole(write) as stream:
            packets = sum(write_snapshots(chosen(), stream, provenance()))
        say(f"{counted(packets, 'packet')} written")
    if is_shown:
        with open_whole(output) as sink:
            printer = JourneyPrinter(sink, form, brief=brief)
            for journey in chosen():
                printer.take(journey)
            printer.finish()
    for line in joined.told():
        say(visible(line))
    nothing = not any(capture.journeys for capture in captures)
    return 1 if nothing or (strict and oddities) else 0
