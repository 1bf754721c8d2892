# SPDX-License-Identifier: BSD-2-Clause
"""
Scripts that follow packets: D on the entry of every function that is given an mbuf.

A packet is told by the address of its mbuf. Each entry probe has one clause, whose predicate looks
that address up; at the gates, where packets are chosen, it also holds the filter. So a packet that
nobody wants costs a clause and a look-up, and at gates the tests up to the first that it fails.
Functions that are given their mbuf in the same way share a clause.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from dtkit.counted import counted
from dtkit.generate.chosen import Chosen
from dtkit.generate.estimate import Estimate
from dtkit.generate.functions import (
    COPIES,
    COUNTED,
    ENDS,
    ERRORS,
    FORWARDS,
    GATES,
    MOVES,
    RUBBISH,
    TESTS,
    Finder,
    Function,
    Group,
    Layer,
    Pair,
    PathError,
    Refusal,
    layer,
    matches,
    verdict,
)
from dtkit.generate.holding import Held, Holding, Resources, Wanted, held_back
from dtkit.generate.lazy import all_of
from dtkit.generate.place import DIRECTIONS, PlaceRequest
from dtkit.generate.request import Copy
from dtkit.generate.sockets import (
    CREATED,
    FREED,
    LEARNT,
    OlderSocket,
    older_sockets,
    socket_of,
)
from dtkit.generate.tellers import IPFW_MBUF, IPFW_WIDE, NOTHING, RuleFunction, Tellers
from dtkit.generate.templating import render
from dtkit.generate.text import D, comment
from dtkit.probes import Data, catalog
from dtkit.version import __version__

__all__ = ["Estimate", "PathRequest", "path_script"]

_LAYERS = {
    Data.ETHERNET: Layer.ETHERNET,
    Data.IP: Layer.IP,
    Data.IPV4: Layer.IPV4,
    Data.IPV6: Layer.IPV6,
    Data.NETWORK: Layer.IP,
    Data.UNKNOWN: Layer.ANYTHING,
}

#: Bytes that names in records take: IFNAMSIZ is 16, MAXCOMLEN 19, and jails have longer ones.
_NAMES = 32

#: Whether what is held is shown when a journey has ended: this->s has the flags.
_KEEP = {
    Wanted.DROPPED: "(this->s >> 32 & 3) != 2",
    Wanted.SLOWER: "self->took > {}",
    Wanted.REASON: "(this->s >> 32 & 1) != 0",
}

#: Hops that a ring has room for, at least: one of few records panics the kernel (seen on 15.1).
_RING = 100

#: CPUs whose journeys a script can sum up; on more, it looks addresses up from the first one on.
_CPUS = 64

#: Bytes of a hop's record without those of the packet.
_RECORD = 72 + 2 * _NAMES + 8

#: Bytes more with a stack: 20 frames, as dtrace(1) records.
_STACK = 20 * 8

#: Bytes more with what its header says.
_META = 5 * 8 + 8 * 8


@dataclass(frozen=True, slots=True)
class PathRequest:
    """
    What to follow, and how closely.

    :ivar filter: pcap-filter(7); empty for every IP packet.
    :ivar size: bytes of the packet that each hop shows; 0 for none.
    :ivar copy: ``FIRST`` or ``COPYOUTMBUF``.
    :ivar returns: whether returns are shown of all functions, or of those whose value tells what
        became of the packet.
    :ivar stack: whether the stack is shown at each hop, and whole at a free.
    :ivar rate: packets to begin with in a second, at most.
    :ivar hops: hops in a second after which no other packet is begun with.
    :ivar count: packets to begin with in all, or None; the script ends some seconds after.
    :ivar seconds: how long, or None.
    :ivar count_firings: whether the firings of each probe are counted.
    :ivar inner: the same for what tunnels carry; empty for any packet.
    :ivar meta: whether hops say what the packet's header has beside its bytes.
    :ivar place: where and by whom a packet has to be seen.
    :ivar only: how journeys must end to be shown; ``rate`` and ``hops`` do not apply then, and
        *count* is of those that are shown.
    :ivar brief: whether the end of these alone is recorded, and not their hops.
    :ivar ring: bytes of a ring on each CPU, which the first that ends so stops; 0 for none.
    :ivar machine: that journeys are held back on.
    :ivar sockets: whether it is told whose sockets packets are of.
    :ivar older: sockets that are open already.
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
    count_firings: bool = False
    meta: bool = False
    inner: str = ""
    place: PlaceRequest = field(default_factory=PlaceRequest)
    only: Holding | None = None
    brief: bool = False
    ring: int = 0
    machine: Resources = field(default_factory=Resources)
    sockets: bool = False
    older: tuple[OlderSocket, ...] = ()


def path_script(
    functions: Sequence[Function],
    request: PathRequest,
    command: Sequence[str] = (),
    tellers: Tellers = NOTHING,
) -> tuple[str, Estimate]:
    """
    The script that follows packets through *functions*.

    :param command: the words of the command that asks for it, for the header.
    :param tellers: what else the kernel has that tells why packets end.
    :return: the script, and what it will enable.
    :raises PathError: the filter is none.
    """
    chosen = Chosen(request.filter, request.inner)
    choosing = _choosing(functions, chosen, request.place)
    returning = [f for f in functions if request.returns or verdict(f.name)]
    # These say what they return in lines of their own.
    returning = [f for f in returning if f.name not in (*MOVES, *COPIES)]
    names = (*TESTS, *FORWARDS, *(COUNTED if tellers.counters else ()))
    contexts = [f for f in functions if f.name in names]
    telling = [f for f in contexts if f in returning]
    returning = [f for f in returning if f not in telling]
    finding = tellers.rules if any(f.name in TESTS for f in functions) else ()
    only, brief = request.only, request.brief
    if brief:
        functions = [
            f
            for f in functions
            if f in (*choosing, *returning, *contexts)
            or f.name in (*MOVES, *COPIES, *ERRORS, *(one.name for one in finding))
            or (only is not None and only.delivers(f))
        ]
    groups = _groups(functions, chosen, choosing, returning, contexts, tellers, request)
    if not any(group.chooses for group in groups):
        raise PathError(f"filter {request.filter!r}: no packet at these functions can pass it")
    outermost = [f for f in functions if f in (*choosing, *returning, *contexts)] if only else []
    pairs = {
        "moves": _probes([f for f in functions if f.name in MOVES]),
        "copies": _probes([f for f in functions if f.name in COPIES]),
        "contexts": _probes([f for f in contexts if f not in telling]),
    }
    looked_at = {function.name for function in functions}
    finders = [
        Finder(
            D(f"fbt::{one.name}:entry") if one.name not in looked_at else None,
            D(f"fbt::{one.name}:return"),
            _keeps(one, tellers),
            one.rule is not None,
            "known" if one.ruleset is not None else "stepped" if tellers.steps else "",
        )
        for one in finding
    ]
    record = request.size + _RECORD + (_META if request.meta else 0)
    record += _STACK if request.stack else 0
    mebibytes, hertz = _buffers(record, request.hops)
    hops = counted(request.hops, "hop")
    held = held_back(record, request.machine) if only and not (brief or request.ring) else None
    if request.ring and request.ring < record * _RING:
        raise PathError(f"a ring of {request.ring} bytes: less than {_RING} hops of {record} bytes")

    text = render(
        "path.d.j2",
        title=comment(f"The way of packets through the kernel: {request.filter or 'all of IP'}"),
        command=comment(shlex.join(command)),
        needs=D(request.copy.needs),
        version=__version__,
        functions=len(functions),
        probes=len(functions)
        + len(returning)
        + len(telling)
        + sum(pair.count for pair in pairs.values())
        + len(ENDS),
        bufsize=mebibytes,
        switchrate=hertz,
        why=D(f"{record} bytes a hop: good for {hops} a second on each CPU"),
        dynvarsize=16,
        names=_NAMES,
        rate=request.rate,
        hops_a_second=request.hops,
        count=request.count,
        linger=3,
        jails=16,
        cpus=_CPUS,
        seconds=request.seconds,
        size=request.size,
        copy=str(request.copy),
        modern=request.copy is Copy.COPYOUTMBUF,
        groups=groups,
        osreldates=sorted(
            {one[0] for function in functions for one in function.earlier}
            | ({IPFW_WIDE} if tellers.ipfw else set())
        ),
        ipfw_mbuf=IPFW_MBUF,
        ipfw_wide=IPFW_WIDE,
        ends=D(",\n".join(f"fbt::{name}:entry" for name in ENDS)),
        finders=finders,
        steps=[D(f"fbt::{name}") for name in tellers.steps if finding],
        pf=D(tellers.prefix) if finding else "",
        done=int(tellers.done and bool(finding)),
        within=int(bool(contexts)),
        ipfw=int(tellers.ipfw),
        errors=[
            Refusal(D(f"fbt::{f.name}:entry"), only.tells(f.name) if only else D(""))
            for f in functions
            if f.name in ERRORS and not f.position
        ],
        counters=D(",\n".join(f"mib:::{name}" for name in tellers.counters)),
        frames=D("" if request.stack else "8"),
        stacks=int(request.stack),
        jail=request.place.found,
        sockets=int(request.sockets),
        created=CREATED,
        learnt=LEARNT,
        older=older_sockets(request.older),
        sockets_end=FREED,
        count_firings=int(request.count_firings),
        meta=int(request.meta),
        returns=_returns(returning, only),
        telling=_returns(telling, only),
        only=only.wanted.value if only else "",
        brief=int(brief),
        ring=D(_size(request.ring)) if request.ring else "",
        ring_bytes=request.ring,
        keep=D(_KEEP[only.wanted].format(only.nanoseconds) if only else ""),
        settling=[_probes(outermost).returns] if outermost else [],
        specsize=held.kibibytes if held else 0,
        nspec=held.count if held else 0,
        cleanrate=held.hertz if held else 0,
        held_why=D(_held_why(held)) if held else "",
        **{name: pair if pair.count else None for name, pair in pairs.items()},
    )
    return text, Estimate(text, len(functions), chosen.lazy, tellers.kernel, held, request.ring)


def _size(size: int) -> str:
    """A size as options of dtrace(1) have it."""
    shift, letter = next(
        (shift, letter)
        for shift, letter in ((20, "m"), (10, "k"), (0, ""))
        if not size % (1 << shift)
    )
    return f"{size >> shift}{letter}"


def _held_why(held: Held) -> str:
    return (
        f"What is held back of a journey, of how many: {held.memory >> 20} MiB on "
        f"{held.machine.cpus} CPUs"
    )


def _returns(functions: Sequence[Function], only: Holding | None) -> list[Refusal]:
    """Returns that are shown, by the condition under which they refuse a packet."""
    ways: dict[D, list[Function]] = {}
    for function in functions:
        ways.setdefault(only.refuses(function) if only else D(""), []).append(function)
    return [Refusal(_probes(found).returns, refuses) for refuses, found in ways.items()]


def _choosing(functions: Sequence[Function], chosen: Chosen, place: PlaceRequest) -> list[Function]:
    """The functions at which packets are chosen: gates, if there are any that they can pass."""
    gates = [f for f in functions if f.name in GATES and chosen.at(GATES[f.name])]
    if place.direction:
        gates = [f for f in gates if place.allows(f.name)]
        if not gates:
            where = ", ".join(DIRECTIONS[place.direction])
            raise PathError(
                f"direction {place.direction!r} is told at {where}: look at one of them"
            )
    if not chosen.on_frames:
        # ether_output() has seen those packets before.
        gates = [f for f in gates if f.name != "ether_output_frame"]
    return gates or [f for f in functions if not matches(f.name, RUBBISH)]


def _groups(
    functions: Sequence[Function],
    chosen: Chosen,
    choosing: Sequence[Function],
    returning: Sequence[Function],
    contexts: Sequence[Function],
    tellers: Tellers,
    request: PathRequest,
) -> list[Group]:
    known = {
        probe.description.function: _LAYERS[probe.data]
        for probe in catalog()
        if probe.description.provider == "fbt" and not probe.hint
    }
    only = request.only
    finding = tellers.rules if any(function.name in TESTS for function in contexts) else ()
    keeping = {one.name: _keeps(one, tellers) for one in finding}
    ways: dict[tuple[D, int, D | None, str, bool, D, D, bool, bool, D], list[Function]] = {}
    conditions: dict[Layer, D] = {}
    for function in functions:
        chooses = D("")
        if function in choosing:
            where = layer(function.name) or known.get(function.name, Layer.ANYTHING)
            if where not in conditions:
                conditions[where] = chosen.at(where)
            chooses = conditions[where]
            if chooses and (there := request.place.at(function)):
                chooses = all_of([*there, chooses])
            if chooses and not (function.name in GATES and function.depth == 1):
                chooses = D(f"this->m != NULL && {chooses}")
        role = "move" if function.name in MOVES else "copy" if function.name in COPIES else ""
        # m_copym() copies from an offset on.
        role = "copy from" if function.name == "m_copym" else role
        role = "context" if function in contexts else role
        way = (
            function.argument,
            function.depth,
            function.interface_argument,
            role,
            function in returning,
            chooses,
            keeping.get(function.name, D("")),
            only is not None and only.delivers(function),
            only is not None and function in (*choosing, *returning, *contexts),
            socket_of(function.name) if request.sockets else D(""),
        )
        if request.brief and not any((role, function in returning, chooses, way[6], way[7])):
            continue  # a function that does no more than pass it on
        ways.setdefault(way, []).append(function)
    return [Group(*way, _probes(found).entries) for way, found in ways.items()]


def _keeps(finder: RuleFunction, tellers: Tellers) -> D:
    """Statements that keep where a function's arguments have a rule, a state and a ruleset."""
    places = (("rm", finder.rule), ("sm", finder.state), ("rsm", finder.ruleset))
    kept = [f"\tself->{name} = arg{at};\n" for name, at in places if at is not None]
    if finder.rule is not None and tellers.steps:
        kept.append(f"\tself->matched = *(uint64_t *)arg{finder.rule};\n")
        kept.append("\tself->within = 0;\n\tself->present = 0;\n")
    return D("".join(kept))


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
