# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit parse``: what dtrace(1) printed, as packets."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from itertools import chain

import click

from dtkit.cli.inputs import READABLE, open_input, open_output, refuse_terminal
from dtkit.cli.terminal import say
from dtkit.oddity import Oddity
from dtkit.output import (
    Drop,
    Fault,
    Firing,
    FiringRun,
    Notice,
    packets,
    read_runs,
)
from dtkit.output.forms import FORMS, json_of_all
from dtkit.output.verdict import Verdict
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.probes.points import shipped_catalog
from dtkit.version import __version__


@click.command(
    epilog="""\b
Examples:
  dtrace -n 'fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }' 2>&1 | dtkit parse
  dtkit parse saved.txt -w saved.pcapng
  dtkit parse --to json --all saved.txt | jq .summary
  dtkit oneliner --annotate ip_input | sudo sh 2>&1 | dtkit parse -w - | tshark -r -
"""
)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=READABLE)
@click.option(
    "--to",
    type=click.Choice(list(FORMS)),
    default="summary",
    show_default=True,
    help="A line about each packet; a JSON object a line; hexdumps; the bytes; nothing.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="With --to json, messages, stacks, faults, drops and the rest too, told by `type`.",
)
@click.option("-w", "write", metavar="FILE", help="Write packets to a pcapng file; - is stdout.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything in the input was odd.")
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    to: str,
    everything: bool,
    write: str | None,
    strict: bool,
) -> int:
    """Read what dtrace(1) printed: packets, messages, stacks, faults and drops.

    FILE is the output of dtrace(1) in any of its forms (default, -q, -F, JSON, with or without
    its stderr, annotated or not), or a plain hexdump; without one, standard input is read. What
    is not as dtrace(1) writes it is named once on stderr, with its line; the rest is kept.
    """
    if everything and to != "json":
        raise click.UsageError("--all goes with --to json")
    if write == "-" and to == "raw":
        raise click.UsageError("-w - and --to raw both want standard output: give -w a file")
    if write == "-" or to == "raw":
        refuse_terminal("-w -" if write == "-" else "--to raw")
    show = json_of_all if everything else FORMS[to]
    # With the capture on stdout, what is for people goes to stderr.
    out = (sys.stderr if write == "-" else sys.stdout).buffer
    shown = show is not None and out.isatty()
    written = [out]
    verdict = Verdict()
    with ExitStack() as stack:
        capture = None
        if write is not None:
            stream = stack.enter_context(open_output(write))
            capture = PacketFile(stream, f"dtkit {__version__}", shipped_catalog())
            written = [stream, out]

        def flush() -> None:
            for stream in written:
                stream.flush()

        for name in files or ("-",):
            with open_input(name, before_read=flush, shown=shown) as source:
                for item in packets(read_runs(source), shipped_catalog()):
                    verdict.add(item)
                    if isinstance(item, FiringRun):
                        continue  # firings of which all is said in their packets, which follow
                    if isinstance(item, PacketRun):
                        if capture is not None:
                            capture.write_run(item)
                        if show is not None:
                            out.writelines(chain.from_iterable(map(show, item)))
                        continue
                    if type(item) is Packet:
                        if capture is not None:
                            capture.write(item)
                    elif type(item) is not Firing and isinstance(item, _MUST_SEE):
                        _complain(ctx, f"{name}: " if len(files) > 1 else "", item)
                    if show is not None:
                        out.writelines(show(item))
        if capture is not None:
            capture.close()
        out.flush()
    for line in verdict.unseen():
        say(f"{ctx.command_path}: {line}")
    say(str(verdict.count))
    return 1 if strict and verdict.odd else 0


#: What is said on stderr, whatever form the packets are shown in.
_MUST_SEE = (Oddity, Fault, Drop, Notice)


def _complain(ctx: click.Context, where: str, item: Oddity | Fault | Drop | Notice) -> None:
    """Say it; of dtrace(1)'s notices, all but that it began."""
    if not (isinstance(item, Notice) and item.began):
        say(f"{ctx.command_path}: {where}{item}")
