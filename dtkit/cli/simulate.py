# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit simulate``: run a D program over packets in a simulated kernel."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import click

from dtkit.cli.completion.kinds import FILES, Completes
from dtkit.cli.dtrace_options import (
    ProgramCommand,
    dtrace_options,
    kernel_of,
    preprocessed,
    program_options,
    read_program,
)
from dtkit.cli.given import given, refuse
from dtkit.cli.inputs import READABLE, open_input, shown_name
from dtkit.cli.options import BREAK, CPUS, IFACE, PACKETS, PATH, SPLIT, TO, NumberRange
from dtkit.cli.table import print_table
from dtkit.cli.terminal import say
from dtkit.dlang.syntax.preprocess import first_line
from dtkit.foreign import encoded, shown
from dtkit.freebsd import Release
from dtkit.mbuf.broken import Breakage, BreakError
from dtkit.oddity import Oddity
from dtkit.simulate import Costs, Settings, Simulation, StackPacket, read_paths, shipped_paths
from dtkit.simulate.arrivals import arrivals
from dtkit.simulate.paths import Paths, PathsError


@click.command(
    cls=ProgramCommand,
    epilog="""\b
Examples:
  dtkit simulate --program 'fbt::ip_input:entry { tracemem(args[0]->m_data, 64); }' --packets a.pcap
  dtkit simulate script.d --packets a.pcap 2>&1 | dtkit parse
  dtkit simulate script.d --packets a.pcap --split 20,32 --break hole-data@3:1
  dtkit simulate script.d --packets a.pcap --path forward --cpus 4 --quiet
  dtkit simulate script.d --packets a.pcap --cost
""",
)
@click.argument(
    "words", metavar="[FILE.d] [ARGUMENT]...", nargs=-1, shell_complete=Completes(FILES)
)
@program_options
@click.option("--quiet", is_flag=True, help="Print only what the program prints: dtrace -q.")
@click.option("--flowindent", is_flag=True, help="Indent by entry and return: dtrace -F.")
@click.option("--bufsize", metavar="SIZE", help="Bytes of each CPU's buffer, 4k or 4m: dtrace -b.")
@click.option(
    "--libxo",
    type=click.Choice(["json"]),
    help="Print JSON, as -x oformat=json does.",
)
@PACKETS()
@PATH(default="input", show_default=True)
@click.option(
    "--paths", "paths_file", type=READABLE, help="A file of paths, instead of the shipped ones."
)
@IFACE(default="em0", show_default=True)
@SPLIT()
@BREAK()
@CPUS("Packets arrive at them in turn.", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--drop-rate",
    type=NumberRange(0, 1),
    default=0.0,
    metavar="RATE",
    help="Lose this share of the records, as a full buffer does.",
)
@click.option("--seed", type=int, default=0, metavar="N", help="Of what is left to chance.")
@click.option(
    "--cost", is_flag=True, help="Print what firings cost, instead of what the program prints."
)
@TO("It is that of --cost.", type=click.Choice(["text", "json"]), default="text")
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
    types_files: tuple[str, ...],
    cpp: bool,
    quiet: bool,
    flowindent: bool,
    bufsize: str | None,
    libxo: str | None,
    packets: str | None,
    path: str,
    paths_file: str | None,
    iface: str,
    lengths: list[tuple[int, bool]] | None,
    breakages: tuple[Breakage, ...],
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

    Without --packets only BEGIN and END fire.

    With --cost a line for each probe, and each cost that its firings had: how many firings, and of
    one the clauses entered, DIF instructions run, dynamic variables looked up, values aggregated
    and bytes recorded.
    """
    if program is None and not words:
        raise click.UsageError("give either FILE.d or --program")
    file, arguments = (None, words) if program is not None else (words[0], words[1:])
    if packets is None:
        refuse(given(ctx, "path", "iface", "lengths", "breakages"), "is for --packets FILE")
    if any(paged for _, paged in lengths or []):
        raise click.UsageError("--split: unmapped pages are not simulated; give lengths without p")
    if not cost:
        refuse(given(ctx, "form"), "is for --cost")
    if file == packets == "-":
        raise click.UsageError("FILE.d and --packets cannot both be standard input")
    given_text = read_program(file) if file is not None else program or ""
    first = first_line(given_text)
    options = dtrace_options(
        settings,
        stock=stock,
        first=first,
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
        preprocessed(given_text, first, cpp),
        Settings(
            file=name,
            options=options,
            arguments=(name or "dtrace", *arguments),
            kernel=kernel_of(release, types_files),
            cpus=cpus,
            drop_rate=drop_rate,
            seed=seed,
            paths=paths,
            interface=iface,
            cost=cost,
        ),
    )
    seen: Counter[str] = Counter()
    arriving: Iterator[StackPacket] = iter(())
    if packets is not None:
        sizes = [size for size, _ in lengths or []]
        arriving = _packets(ctx, packets, path, sizes, breakages, seen)
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
    if packets is None and simulation.waits:
        say(f"{ctx.command_path}: without --packets FILE only BEGIN and END fire")
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
    try:
        paths.known(path)
    except PathsError as error:
        raise click.UsageError(f"--path {error}") from error
    return paths


def _packets(
    ctx: click.Context,
    name: str,
    path: str,
    lengths: Sequence[int],
    breakages: Sequence[Breakage],
    seen: Counter[str],
) -> Iterator[StackPacket]:
    """The packets of a capture, counted; what cannot be taken from it is said on stderr."""
    with open_input(name) as stream:
        for item in arrivals(stream, path, lengths, breakages):
            if isinstance(item, Oddity):
                seen["oddities"] += 1
                say(f"{ctx.command_path}: {item}")
            else:
                seen["packets"] += 1
                yield item
