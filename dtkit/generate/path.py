# SPDX-License-Identifier: BSD-2-Clause
"""
Scripts that follow packets: D on the entry of every function that is given an mbuf.

A packet is told by the address of its mbuf. Functions that take the mbuf in the same argument share
their first clause, and all functions share the rest, so that a script is a few dozen clauses
however many functions a kernel has.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from dtkit.generate.bpf import Statement, translate
from dtkit.generate.functions import (
    COPIES,
    ENDS,
    GATES,
    MANY,
    MOVES,
    RUBBISH,
    Function,
    Group,
    Pair,
    PathError,
    matches,
    verdict,
)
from dtkit.generate.request import Copy
from dtkit.generate.templating import KINDS, render
from dtkit.generate.text import D, comment
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, compile_filter
from dtkit.probes import Data, catalog
from dtkit.version import __version__

#: What the data of a function's mbuf starts with, as the script numbers it.
_KINDS = {
    Data.ETHERNET: KINDS["ETHERNET"],
    Data.IP: KINDS["IP"],
    Data.IPV4: KINDS["IP"],
    Data.IPV6: KINDS["IP"],
    Data.NETWORK: KINDS["IP"],
    Data.UNKNOWN: KINDS["ANYTHING"],
}

_DEPTH = 2


@dataclass(frozen=True, slots=True)
class PathRequest:
    """
    What to follow, and how closely.

    :ivar filter: pcap-filter(7); empty for every IP packet.
    :ivar size: bytes of the packet that each hop shows; 0 for none.
    :ivar copy: ``FIRST`` or ``COPYOUTMBUF``.
    :ivar returns: whether returns are shown of all functions, or of those whose value tells what
        became of the packet.
    :ivar stack: whether the stack at a free is shown whole.
    :ivar rate: packets to begin with in a second, at most.
    :ivar hops: hops to show in a second, at most.
    :ivar count: packets to begin with in all, or None; the script ends some seconds after.
    :ivar seconds: how long, or None.
    """

    filter: str = ""
    size: int = 64
    copy: Copy = Copy.FIRST
    returns: bool = False
    stack: bool = False
    rate: int = 100
    hops: int = 10_000
    count: int | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """
    What a script will enable.

    :ivar functions: functions whose entry is looked at.
    :ivar probes: probes, as far as known: a name may be more than one function.
    :ivar enablings: clauses of probes.
    :ivar clauses: clauses that run when a function is given a packet that is not followed.
    """

    functions: int
    probes: int
    enablings: int
    clauses: int


def path_script(
    functions: Sequence[Function], request: PathRequest, command: Sequence[str] = ()
) -> tuple[str, Estimate]:
    """
    The script that follows packets through *functions*.

    :param command: the words of the command that asks for it, for the header.
    :return: the script, and what it will enable.
    :raises PathError: the filter is none.
    """
    layer, statements = _filter(request.filter)
    groups = _groups(functions)
    returning = functions if request.returns else [f for f in functions if verdict(f.name)]
    # These say what they return in lines of their own.
    returning = [f for f in returning if f.name not in (*MOVES, *COPIES)]
    returns = _probes(returning)
    moves = _probes([f for f in functions if f.name in MOVES])
    copies = _probes([f for f in functions if f.name in COPIES])
    choosing = _probes(_choosing(functions))
    everything = _probes(functions)
    deep = sum(function.depth == 2 for function in functions)
    every = everything.count
    hop_clauses = 3 if request.size else 2
    enablings = (
        every * (1 + hop_clauses)
        + deep
        + choosing.count * (3 if statements else 2)
        + returns.count * 3
        + moves.count * 4
        + copies.count * (5 if request.size else 4)
        + len(ENDS) * 3
    )
    told = [f for f in functions if f in returning or f.name in (*MOVES, *COPIES)]
    probes = every + len(told) + len(ENDS)
    estimate = Estimate(every, probes, enablings, enablings // max(every, 1))
    record = request.size + 420
    mebibytes, hertz = _buffers(record, request.hops)
    text = render(
        "path.d.j2",
        title=comment(f"The way of packets through the kernel: {request.filter or 'all of IP'}"),
        command=comment(shlex.join(command)),
        needs=D(request.copy.needs),
        version=__version__,
        functions=estimate.functions,
        probes=estimate.probes,
        enablings=estimate.enablings,
        bufsize=mebibytes,
        switchrate=hertz,
        why=D(f"{record} bytes a hop: good for {request.hops} hops a second on each CPU"),
        dynvarsize=16,
        rate=request.rate,
        hops=request.hops,
        count=request.count,
        linger=3,
        jails=16,
        seconds=request.seconds,
        size=request.size,
        copy=str(request.copy),
        layer=layer,
        modern=request.copy is Copy.COPYOUTMBUF,
        filter=statements,
        groups=groups,
        choosing=choosing.entries,
        all=everything.entries,
        returns=returns if returns.count else None,
        moves=moves,
        copies=copies,
        ends=D(",\n".join(f"fbt::{name}:entry" for name in ENDS)),
        frames=D("" if request.stack else "8"),
    )
    return text, estimate


def _choosing(functions: Sequence[Function]) -> list[Function]:
    """The functions at which packets are chosen."""
    found = [f for f in functions if not matches(f.name, RUBBISH)]
    if len(found) > MANY:
        found = [f for f in found if matches(f.name, GATES)] or found
    return found


def _filter(expression: str) -> tuple[str, list[Statement]]:
    """The layer that a filter looks at, ``ip`` where that is possible, and its statements."""
    if not expression:
        return "ip", []
    try:
        program = compile_filter(expression, LinkType.RAW)
        layer = "ip"
    except FilterError as error:
        try:
            program = compile_filter(expression, LinkType.ETHERNET)
        except FilterError:
            raise PathError(str(error)) from error
        layer = "ethernet"
    return layer, translate(program.instructions, _DEPTH, skip="this->skip")


def _groups(functions: Sequence[Function]) -> list[Group]:
    data = {
        probe.description.function: probe.data
        for probe in catalog()
        if probe.description.provider == "fbt" and not probe.hint
    }
    ways: dict[tuple[int, int, int | None, int], list[Function]] = {}
    for function in functions:
        kind = _KINDS[data.get(function.name, Data.UNKNOWN)]
        way = (function.position, function.depth, function.interface, kind)
        ways.setdefault(way, []).append(function)
    return [Group(*way, _probes(found).entries) for way, found in ways.items()]


def _probes(functions: Sequence[Function]) -> Pair:
    return Pair(
        D(",\n".join(f"{function.prefix}:entry" for function in functions)),
        D(",\n".join(f"{function.prefix}:return" for function in functions)),
        len(functions),
    )


def _buffers(record: int, hops: int) -> tuple[int, int]:
    """Mebibytes and switches a second that hold so many hops."""
    size, needed = 4, record * hops // 10
    while size << 20 < needed and size < 64:
        size *= 2
    return size, 10
