# SPDX-License-Identifier: BSD-2-Clause
"""``dtkit parse``: what dtrace(1) printed, as packets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain

import click

from dtkit.cli.inputs import READABLE, open_input, open_output, refuse_terminal
from dtkit.cli.terminal import say
from dtkit.foreign import visible
from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    FiringRun,
    Notice,
    packets,
    read_runs,
    to_dict,
)
from dtkit.output.count import Count
from dtkit.packets.hexdump import hexdump_lines
from dtkit.packets.packet import Packet, PacketRun
from dtkit.packets.packetfile import PacketFile
from dtkit.probes import catalog
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
    type=click.Choice(["summary", "json", "hexdump", "raw", "none"]),
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
    show = _json_of_all if everything else _SHOW[to]
    # With the capture on stdout, what is for people goes to stderr.
    out = (sys.stderr if write == "-" else sys.stdout).buffer
    shown = show is not None and out.isatty()
    written = [out]
    count = Count()
    unseen: dict[str, list[str]] = {}
    with ExitStack() as stack:
        capture = None
        if write is not None:
            stream = stack.enter_context(open_output(write))
            capture = PacketFile(stream, f"dtkit {__version__}", catalog())
            written = [stream, out]

        def flush() -> None:
            for stream in written:
                stream.flush()

        for name in files or ("-",):
            with open_input(name, before_read=flush, shown=shown) as source:
                for item in packets(read_runs(source), catalog()):
                    count.add(item)
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
                    if type(item) is Annotation and (why := _nothing_shown(item)):
                        probe = item.fields.get("probe", "the probes")
                        unseen.setdefault(why, []).append(probe)
                    if show is not None:
                        out.writelines(show(item))
        if capture is not None:
            capture.close()
        out.flush()
    for why, probes in unseen.items():
        say(f"{ctx.command_path}: {_list(probes)} {why}")
    say(str(count))
    return 1 if strict and count.kinds[Oddity] else 0


def _nothing_shown(end: Annotation) -> str:
    """Why nothing of a probe was shown, by what its script counted; empty where something was."""
    if end.kind != "end":
        return ""
    fired, accepted = end.number("fired"), end.number("accepted")
    if fired is None or accepted != 0:
        return ""
    if fired == 0:
        return "never fired"
    if end.number("limited"):
        return "had packets, all of them over the --rate"
    return "fired, and none of the packets met the conditions"


def _list(probes: list[str]) -> str:
    """The first of them by name, and how many more."""
    more = f" and {len(probes) - 3} more" if len(probes) > 3 else ""
    return f"{', '.join(probes[:3])}{more}"


#: What is said on stderr, whatever form the packets are shown in.
_MUST_SEE = (Oddity, Fault, Drop, Notice)


def _complain(ctx: click.Context, where: str, item: Oddity | Fault | Drop | Notice) -> None:
    """Say it; of dtrace(1)'s notices, all but that it began."""
    if not (isinstance(item, Notice) and item.began):
        say(f"{ctx.command_path}: {where}{item}")


# What is printed of an item of the output, by the form that was asked for.


def _summary(item: Event | Packet) -> Iterator[bytes]:
    if type(item) is Packet:
        yield f"{visible(str(item))}\n".encode()


def _json(item: Event | Packet) -> Iterator[bytes]:
    if type(item) is Packet:
        yield json.dumps(item.to_dict()).encode() + b"\n"


def _json_of_all(item: Event | Packet) -> Iterator[bytes]:
    if isinstance(item, Firing):
        parts = [to_dict(part, item.source) for part in item.parts if not isinstance(part, Dump)]
    else:
        parts = [item.to_dict() if isinstance(item, Packet) else to_dict(item)]
    for part in parts:
        yield json.dumps(part).encode() + b"\n"


def _hexdump(item: Event | Packet) -> Iterator[bytes]:
    if type(item) is Packet:
        yield f"# {visible(str(item))}\n".encode()
        for line in hexdump_lines(item.data):
            yield f"{line}\n".encode()
        yield b"\n"


def _raw(item: Event | Packet) -> Iterator[bytes]:
    if type(item) is Packet:
        yield item.data


_SHOW: dict[str, Callable[[Event | Packet], Iterator[bytes]] | None] = {
    "summary": _summary,
    "json": _json,
    "hexdump": _hexdump,
    "raw": _raw,
    "none": None,
}
