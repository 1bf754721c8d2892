# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit copyout``: run copyoutmbuf() on a chain, good or broken, and see what it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import click

from dtkit.cli.given import given_but, refuse
from dtkit.cli.help import Command
from dtkit.cli.inputs import open_input
from dtkit.cli.options import (
    BREAK,
    LENGTH,
    OFFSET,
    PACKETS,
    SPLIT,
    TO,
    parse_lengths,
    release_option,
)
from dtkit.cli.table import print_table
from dtkit.cli.terminal import say
from dtkit.counted import counted
from dtkit.freebsd import Release
from dtkit.mbuf import (
    EDGE_CASES,
    Case,
    Segment,
    Setup,
    Storage,
    copyoutmbuf,
    counting_bytes,
    split,
)
from dtkit.mbuf.broken import Breakage
from dtkit.mbuf.picture import m_len, picture, taken
from dtkit.oddity import Oddity
from dtkit.packets.capture import read_capture
from dtkit.packets.tracemem import tracemem_dump

#: Bytes in each mbuf, and whether in unmapped pages.
Lengths = list[tuple[int, bool]]


SIZE_T = click.IntRange(0, (1 << 64) - 1)


@click.command(
    cls=Command,
    epilog="""\b
Examples:
  dtkit copyout --chain 20,0,40,1448 --length 64 --offset 10
  dtkit copyout --packets trace.pcap --split 20,32 --length 64
  dtkit copyout --chain 20,32 --length 64 --break hole-data:1
  dtkit copyout --chain 20,4096p --no-direct-map
  dtkit copyout --cases
""",
)
@click.option(
    "--chain",
    callback=parse_lengths,
    metavar="N,N,...",
    help="Bytes in each mbuf; they count up from 00. Np: in unmapped pages (M_EXTPG).",
)
@PACKETS("Each is one chain.")
@SPLIT()
@LENGTH("0 is all of them.", type=SIZE_T, default=0)
@OFFSET(type=SIZE_T)
@click.option(
    "--scratch",
    type=click.IntRange(0, 1 << 24),
    default=65536,
    show_default=True,
    help="Bytes of scratch memory.",
)
@release_option("Whose struct mbuf.")
@click.option("--ilp32", is_flag=True, help="That of its 32-bit machines.")
@click.option("--unprivileged", is_flag=True, help="Without the right to read kernel memory.")
@click.option("--strict-alignment", is_flag=True, help="On a machine that minds, as x86 does not.")
@click.option("--no-direct-map", is_flag=True, help="On a machine that has no direct map.")
@BREAK()
@TO(type=click.Choice(["text", "json"]), default="text")
@click.option("--cases", is_flag=True, help="Run the edge cases and print what becomes of each.")
@click.pass_context
def command(
    ctx: click.Context,
    chain: Lengths | None,
    packets: str | None,
    lengths: Lengths | None,
    length: int,
    offset: int,
    scratch: int,
    release: Release,
    ilp32: bool,
    unprivileged: bool,
    strict_alignment: bool,
    no_direct_map: bool,
    breakages: tuple[Breakage, ...],
    form: str,
    cases: bool,
) -> int:
    """Run copyoutmbuf() on an mbuf chain in the reference model and show what it does.

    Shows the chain and which bytes were taken, the scratch memory, and the result as tracemem()
    dumps it. A fault is the line that dtrace(1) prints, on stderr, and exit status 1.
    """
    if [chain is not None, packets is not None, cases].count(True) != 1:
        raise click.UsageError("give one of --chain, --packets and --cases")
    if lengths is not None and packets is None:
        raise click.UsageError("--split goes with --packets; --chain has its lengths in itself")
    if cases:
        refuse(given_but(ctx, "cases", "form"), "--cases has its own chains and requests")
        print_cases(form == "json")
        return 0
    layout = release.layout_ilp32 if ilp32 else release.layout
    if layout is None:
        raise click.UsageError(f"--ilp32: the struct mbuf of FreeBSD {release.name} is not known")
    request = Case(
        length=length,
        offset=offset,
        layout=layout,
        direct_map=not no_direct_map,
        strict_alignment=strict_alignment,
        kernel_access=not unprivileged,
        scratch=scratch,
    )
    count = faults = 0
    contents: Iterable[bytes | None] = frames(packets) if packets is not None else [None]
    for number, content in enumerate(contents, 1):
        broken = [(one.kind, one.mbuf) for one in breakages if one.packet in (None, number)]
        pieces = segments(content, chain or lengths or [])
        case = replace(request, segments=pieces, broken=tuple(broken))
        try:
            setup = case.build()
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        result = copyoutmbuf(setup.machine, setup.chain.address, length, offset)
        fault = setup.machine.fault
        faults += fault is not None
        count += 1
        if form == "json":
            click.echo(json.dumps(to_dict(case, setup, result)))
            continue
        if count > 1:
            click.echo()
        print_run(case, setup, result)
        if fault is not None:
            say(fault.error_line("dtkit:model:copyoutmbuf:entry", action=1))
    for one in breakages:
        if one.packet is not None and one.packet > count:
            say(f"{ctx.command_path}: no packet {one.packet} to break: {count} in all")
    return 1 if faults or not count else 0


def segments(data: bytes | None, lengths: Lengths) -> tuple[Segment, ...]:
    """The mbufs of a chain: *data*, or without it bytes that count up, cut into *lengths*."""
    if data is None:
        data = counting_bytes(sum(size for size, _ in lengths))
    pieces = split(data, [size for size, _ in lengths]) or [b""]
    paged = [pages for _, pages in lengths] + [False] * len(pieces)
    return tuple(
        Segment(piece, Storage.PAGES if pages else None)
        for piece, pages in zip(pieces, paged, strict=False)
    )


def frames(name: str) -> Iterator[bytes]:
    """The bytes of each frame, without a frame check sequence; oddities are said on stderr."""
    with open_input(name) as file:
        for item in read_capture(file):
            if isinstance(item, Oddity):
                say(f"dtkit copyout: {item}")
                continue
            whole = len(item.data) == item.length
            yield item.data[: len(item.data) - item.fcs] if whole else item.data


def result_data(setup: Setup, result: int) -> bytes | None:
    machine = setup.machine
    return machine.memory.read(result, machine.scratch.ptr - result) if result else None


def print_run(case: Case, setup: Setup, result: int) -> None:
    machine, chain = setup.machine, setup.chain
    scratch = machine.scratch
    click.echo(f"chain at 0x{chain.address:x}, {case.layout.name}, {counted(len(chain), 'mbuf')}")
    for line in picture(setup):
        click.echo(line)
    used = scratch.ptr - scratch.base
    size = f"{counted(scratch.size, 'byte')}, used {case.used} before, {used} after"
    click.echo(f"scratch at 0x{scratch.base:x}: {size}")
    called = f"copyoutmbuf(0x{chain.address:x}, {case.length}, {case.offset})"
    click.echo(f"{called} = 0x{result:x}")
    click.echo(tracemem_dump(result_data(setup, result) or b""), nl=False)


def to_dict(case: Case, setup: Setup, result: int) -> dict[str, Any]:
    scratch, fault = setup.machine.scratch, setup.machine.fault
    data = result_data(setup, result)
    return {
        "type": "copyout",
        "layout": case.layout.name,
        "mbuf": setup.chain.address,
        "length": case.length,
        "offset": case.offset,
        "chain": [
            {
                "mbuf": mbuf.address,
                "storage": mbuf.storage.value,
                "m_len": m_len(setup, mbuf),
                "taken": taken(setup, mbuf),
            }
            for mbuf in setup.chain.mbufs
        ],
        "scratch": {
            "base": scratch.base,
            "size": scratch.size,
            "before": case.used,
            "after": scratch.ptr - scratch.base,
        },
        "result": result,
        "data": None if data is None else data.hex(),
        "fault": fault and {"flag": fault.flag.name, "illval": fault.illval},
    }


def print_cases(as_json: bool) -> None:
    rows = [(edge.clause, edge.text, edge.call, edge.outcome()) for edge in EDGE_CASES]
    if as_json:
        for row in rows:
            names = ("clause", "case", "call", "outcome")
            click.echo(json.dumps(dict(zip(names, row, strict=True))))
    else:
        head = ["CLAUSE", "CASE", "CALL", "OUTCOME"]
        print_table(head, [[str(cell) for cell in row] for row in rows])
