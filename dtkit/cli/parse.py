# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit parse``: what dtrace(1) printed, as packets."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import click

from dtkit.cli.capture import open_capture, rotation
from dtkit.cli.failure import Failure
from dtkit.cli.given import given, refuse
from dtkit.cli.help import Command
from dtkit.cli.inputs import READABLE, open_input, refuse_terminal, shown_name
from dtkit.cli.options import (
    FILE_COUNT,
    FILE_SECONDS,
    FILE_SIZE,
    FILTER,
    INNER,
    NUMERIC,
    STRICT,
    TIMES,
    TO,
    VERBOSE,
    WRITE,
)
from dtkit.cli.printing import PacketPrinter, packet_lines
from dtkit.cli.privacy import privacy_options
from dtkit.cli.terminal import say
from dtkit.output import packets, read_runs
from dtkit.output.forms import FORMS
from dtkit.output.mistaken import command_or_script, no_output
from dtkit.packets.onelink import Link, LinkedCapture
from dtkit.packets.rotation import AllWrittenError
from dtkit.packets.selection import Selection
from dtkit.probes.points import shipped_catalog

if TYPE_CHECKING:
    from dtkit.packets.privacy import Privacy


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtrace -n 'fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }' 2>&1 | dtkit parse
  dtkit parse saved.txt -w saved.pcapng
  dtkit parse --to json --all saved.txt | jq .summary
  dtkit oneliner --annotate ip_input | sudo sh 2>&1 | dtkit parse -w - | tshark -r -
""",
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=READABLE)
@TO(
    "A line about each packet; a JSON object a line; hexdumps; the bytes; nothing.",
    type=click.Choice(FORMS),
    default="summary",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="With --to json, messages, stacks, faults, drops and the rest too, told by `type`.",
)
@WRITE()
@FILE_SIZE()
@FILE_SECONDS()
@FILE_COUNT()
@TIMES()
@VERBOSE()
@NUMERIC()
@FILTER()
@INNER()
@click.option(
    "--probe",
    "globs",
    multiple=True,
    metavar="GLOB",
    help="Packets at these probes only: functions, names, or descriptions.",
)
@click.option(
    "--cpu", "cpus", multiple=True, type=click.IntRange(0), metavar="N", help="Of these CPUs only."
)
@click.option(
    "--link",
    type=click.Choice([link.value for link in Link]),
    help="With -w: packets from their IP header on, or all with an Ethernet header, which is made "
    "up where there is none; of one such type tcpdump(1) reads the file.",
)
@STRICT()
@privacy_options
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    form: str,
    everything: bool,
    write: str | None,
    file_size: int | None,
    file_seconds: int | None,
    file_count: int | None,
    times: int,
    verbose: int,
    numeric: int,
    privacy: Privacy | None,
    filter_: str | None,
    inner: str | None,
    globs: tuple[str, ...],
    cpus: tuple[int, ...],
    link: str | None,
    strict: bool,
) -> int:
    """Read what dtrace(1) printed: packets, messages, stacks, faults and drops.

    FILE is the output of dtrace(1) in any of its forms (default, -q, -F, JSON, with or without
    its stderr, annotated or not), or a plain hexdump; without one, standard input is read. What
    is not as dtrace(1) writes it is named once on stderr, with its line; the rest is kept.
    """
    if everything and form != "json":
        raise click.UsageError("--all goes with --to json")
    if everything and privacy is not None:
        raise click.UsageError("--all shows all, and --no-payload and --anonymise do not")
    if write == "-" and form == "raw":
        raise click.UsageError("-w - and --to raw both want standard output: give -w a file")
    if form == "raw":
        refuse_terminal("--to raw")
    files = files or ("-",)
    begins = b""
    if write is None:
        refuse(given(ctx, "link"), "is for -w FILE")
    try:
        selection = Selection(filter_ or "", globs, cpus, inner or "")
    except ValueError as error:  # FilterError is one
        raise click.UsageError(str(error)) from error
    with ExitStack() as stack:
        capture = None
        turns = rotation(ctx, write, file_size, file_seconds, file_count)
        if write is not None:
            sink = stack.enter_context(open_capture(write, turns, link == Link.IP))
            capture = LinkedCapture(sink, None if link is None else Link(link))
        lines = packet_lines(times, verbose)
        # With the capture on stdout, what is for people goes to stderr.
        printer = PacketPrinter(
            form, everything, lines=lines, capture=capture, to_stderr=write == "-", privacy=privacy
        )
        with suppress(AllWrittenError):
            for name in files:
                where = f"{name}: " if len(files) > 1 else ""
                with open_input(name, before_read=printer.flush, shown=printer.shown) as source:
                    begins = source.peek(64)  # type: ignore[attr-defined]
                    if what := no_output(begins):
                        raise Failure(f"{shown_name(name)}: {what}", ctx)
                    items = packets(read_runs(source), shipped_catalog())
                    for item in selection.of(items) if selection else items:
                        printer.take(item, where)
        for remark in selection.remarks():
            say(f"{ctx.command_path}: {remark}")
        if capture is not None:
            for remark in capture.remarks():
                say(f"{ctx.command_path}: {shown_name(write or '-')}: {remark}")
        printer.finish()
    if not printer.verdict.anything and (what := command_or_script(begins)):
        raise Failure(what, ctx)
    return 1 if strict and printer.verdict.odd else 0
