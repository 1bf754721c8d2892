# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit simulate``: run a D program over packets in a simulated kernel."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import click

from dtkit.cli.dtrace_options import dtrace_options, program_options, read_program, shown_name
from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import READABLE, open_input
from dtkit.cli.table import print_table
from dtkit.cli.terminal import say
from dtkit.dlang import target_kernel
from dtkit.foreign import encoded, shown
from dtkit.freebsd import Release
from dtkit.mbuf import KINDS, BreakError
from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from dtkit.simulate import Costs, Settings, Simulation, StackPacket, read_paths, shipped_paths
from dtkit.simulate.paths import Paths, PathsError

_ETHERNET = 1
#: Raw IP, under the numbers that systems and files have for it.
_RAW = {12, 14, 101, 228, 229}
#: Loopback: 4 bytes of address family, then IP.
_LOOPBACK = {0, 108}


def parse_lengths(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """``20,32``."""
    if value is None:
        return ()
    if not re.fullmatch("[0-9]{1,6}(,[0-9]{1,6})*", value):
        raise click.BadParameter(f"{value!r} is not a list of lengths such as 20,32")
    return tuple(map(int, value.split(",")))


def parse_breaks(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[int, tuple[str, int]]:
    """``KIND@N`` or ``KIND@N:MBUF``: how each of some packets is broken, by its number."""
    found = {}
    for value in values:
        match = re.fullmatch("([a-z-]+)@([0-9]{1,9})(?::([0-9]{1,6}))?", value)
        if match is None or match[1] not in KINDS:
            kinds = ", ".join(KINDS)
            raise click.BadParameter(f"{value!r} is not KIND@N or KIND@N:MBUF; KIND is of {kinds}")
        found[int(match[2])] = match[1], int(match[3] or 0)
    return found


@click.command(
    epilog="""\b
Examples:
  dtkit simulate -n 'fbt::tcp_input:entry { tracemem((*args[0])->m_data, 64); }' --packets a.pcap
  dtkit simulate script.d --packets a.pcap 2>&1 | dtkit parse
  dtkit simulate script.d --packets a.pcap --split 20,32 --break hole-data@3
  dtkit simulate script.d --packets a.pcap --path forward --cpus 4 -q
  dtkit simulate script.d --packets a.pcap --cost
"""
)
@click.argument("words", metavar="[FILE.d] [ARGUMENT]...", nargs=-1)
@program_options
@click.option("-q", "quiet", is_flag=True, help="Print only what the program prints.")
@click.option("-F", "flowindent", is_flag=True, help="Indent by entry and return.")
@click.option("-b", "bufsize", metavar="SIZE", help="Bytes of each CPU's buffer: 4k, 4m.")
@click.option(
    "--libxo",
    type=click.Choice(["json"]),
    help="Print JSON, as -x oformat=json does.",
)
@click.option("--packets", type=READABLE, help="A pcap or pcapng file of packets; - is stdin.")
@click.option("--path", default="input", show_default=True, help="The path that packets take.")
@click.option(
    "--paths", "paths_file", type=READABLE, help="A file of paths, instead of the shipped ones."
)
@click.option("--interface", default="em0", show_default=True, help="Where frames come in.")
@click.option(
    "--split",
    "lengths",
    callback=parse_lengths,
    metavar="N,N,...",
    help="Bytes in each mbuf; one more has the rest.  [default: one mbuf]",
)
@click.option(
    "--break",
    "breaks",
    callback=parse_breaks,
    multiple=True,
    metavar="KIND@N[:MBUF]",
    help="Break the chain of packet N, counted from 1, at an mbuf counted from 0. "
    f"KIND: {', '.join(KINDS)}.",
)
@click.option("--cpus", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--drop-rate",
    type=click.FloatRange(0, 1),
    default=0.0,
    metavar="RATE",
    help="Lose this share of the records, as a full buffer does.",
)
@click.option("--seed", type=int, default=0, help="Of what is left to chance.")
@click.option(
    "--cost", is_flag=True, help="Print what firings cost, instead of what the program prints."
)
@click.option(
    "--to",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="Form of --cost.",
)
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    program: str | None,
    settings: tuple[str, ...],
    destructive: bool,
    zdefs: bool,
    release: Release,
    stock: bool,
    quiet: bool,
    flowindent: bool,
    bufsize: str | None,
    libxo: str | None,
    packets: str | None,
    path: str,
    paths_file: str | None,
    interface: str,
    lengths: tuple[int, ...],
    breaks: Mapping[int, tuple[str, int]],
    cpus: int,
    drop_rate: float,
    seed: int,
    cost: bool,
    form: str,
) -> int:
    """Run a D program as dtrace(1) does, over packets in a simulated network stack.

    What is printed is what dtrace(1) prints, errors and drops on stderr. For each packet an mbuf
    chain is built, and the probes on its path fire. Time is simulated: a run can be repeated.
    The exit status is dtrace(1)'s, and 1 where no packet could be read.

    With --cost a line for each probe, and each cost that its firings had: how many firings, and of
    one the clauses entered, DIF instructions run, dynamic variables looked up, values aggregated
    and bytes recorded.
    """
    if program is None and not words:
        raise click.UsageError("give either FILE.d or -n PROGRAM")
    file, arguments = (None, words) if program is not None else (words[0], words[1:])
    if packets is None:
        refuse(given(ctx, "path", "interface", "lengths", "breaks"), "is for --packets FILE")
    if not cost:
        refuse(given(ctx, "form"), "is for --cost")
    if file == packets == "-":
        raise click.UsageError("FILE.d and --packets cannot both be standard input")
    options = dtrace_options(
        settings,
        stock=stock,
        destructive=destructive,
        zdefs=zdefs,
        quiet=quiet,
        flowindent=flowindent,
        bufsize=bufsize,
        oformat=libxo,
    )
    paths = _paths(paths_file, path)
    name = None if file is None else shown_name(file)
    simulation = Simulation(
        read_program(file) if file is not None else program or "",
        Settings(
            file=name,
            options=options,
            arguments=(name or "dtrace", *arguments),
            kernel=target_kernel(release),
            cpus=cpus,
            drop_rate=drop_rate,
            seed=seed,
            paths=paths,
            interface=interface,
            cost=cost,
        ),
    )
    seen: Counter[str] = Counter()
    arriving: Iterator[StackPacket] = iter(())
    if packets is not None:
        arriving = _packets(ctx, packets, path, lengths, breaks, seen)
    try:
        for chunk in simulation.run(arriving):
            if cost and not chunk.error:
                continue
            stream = sys.stderr if chunk.error else sys.stdout
            # To the byte what dtrace(1) prints; but a terminal is not to obey what is in packets.
            text = shown(chunk.text) if stream.isatty() else chunk.text
            stream.buffer.write(encoded(text))
            stream.buffer.flush()
    except BreakError as error:
        raise click.UsageError(f"--break: {error}") from error
    if cost:
        _print_costs(simulation.costs, form)
    unread = seen["oddities"] and not seen["packets"]
    return simulation.status or (1 if unread else 0)


def _print_costs(costs: Costs, form: str) -> None:
    rows = [one.to_json() for one in costs]
    if form == "json":
        for row in rows:
            click.echo(json.dumps(row))
        return
    head = ["probe", "id", "firings", "clauses", "instructions", "lookups", "aggregations", "bytes"]
    print_table(head, [[str(row[name]) for name in head] for row in rows])


def _paths(file: str | None, path: str) -> Paths:
    paths = shipped_paths()
    if file is not None:
        try:
            paths = read_paths(read_program(file))
        except PathsError as error:
            raise click.UsageError(f"{file}: {error}") from error
    if path not in paths.paths:
        raise click.UsageError(f"--path {path}: the paths are {', '.join(paths.paths)}")
    return paths


def _packets(
    ctx: click.Context,
    name: str,
    path: str,
    lengths: Sequence[int],
    breaks: Mapping[int, tuple[str, int]],
    seen: Counter[str],
) -> Iterator[StackPacket]:
    """The packets of a capture, counted; what cannot be taken from it is said on stderr."""
    last = 0
    others: Counter[int] = Counter()
    with open_input(name) as stream:
        for item in read_capture(stream):
            last = item.number if isinstance(item, Frame) else last
            if isinstance(item, Oddity):
                seen["oddities"] += 1
                say(f"{ctx.command_path}: {item}")
                continue
            packet = _packet(item)
            if packet is None:
                seen["oddities"] += 1
                others[item.linktype] += 1
                if others[item.linktype] == 1:
                    what = f"link type {item.linktype} is not simulated"
                    say(f"{ctx.command_path}: frame {item.number}: {what}")
                continue
            seen["packets"] += 1
            yield replace(
                packet,
                path=path,
                lengths=tuple(lengths),
                breakage=breaks.get(item.number),
            )
    for linktype, count in others.items():
        if count > 1:
            say(f"{ctx.command_path}: {count} frames in all are of link type {linktype}")
    for number, (kind, _) in breaks.items():
        if number > last:
            say(f"{ctx.command_path}: --break {kind}@{number}: {last} frames in all")


def _packet(frame: Frame) -> StackPacket | None:
    data = frame.data
    if frame.fcs and len(data) == frame.length:
        data = data[: len(data) - frame.fcs]
    if frame.linktype == _ETHERNET:
        return StackPacket(data, frame.time, ethernet=True)
    if frame.linktype in _RAW:
        return StackPacket(data, frame.time)
    if frame.linktype in _LOOPBACK:
        return StackPacket(data[4:], frame.time)
    return None
