# SPDX-License-Identifier: BSD-2-Clause
"""Choosing journeys: by what is known of them, or by a pcap filter on the packet at any moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from dtkit.foreign import plain
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Program, compile_filter
from dtkit.packets.tunnels import InnerFilter
from dtkit.trace.journey.model import Journey, SnapshotMoment

__all__ = ["Filter", "inner_filter", "journey_filter"]

#: Whether a journey is wanted.
Filter = Callable[[Journey], bool]

_KNOWN = re.compile(
    r"(label|function|file|outcome|reason|rule|latency|vnet|if|proc|host):(.+)", re.DOTALL
)

_LATENCY = re.compile(r"([<>]?)(\d+(?:\.\d*)?|\.\d+)(ns|us|ms|s)")
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


def journey_filter(expression: str) -> Filter:
    """
    What *expression* asks for.

    :param expression: ``label:GLOB`` or ``function:GLOB``, a hop whose label matches;
        ``file:GLOB``, one in such a file, named from its end on directory boundaries (``if.c``,
        ``net/if.c``); ``outcome:GLOB``, what became of it (``dropped``, or all that is said of
        it), ``reason:GLOB``, why, ``rule:GLOB``, the rule of a firewall that ended it or matched on
        its way; of followed packets ``latency:5ms`` or ``latency:<5ms``, that its hops took so long
        at least or less, and ``vnet:GLOB``, ``if:GLOB``, ``proc:GLOB``, ``host:GLOB``, where it was
        (a process by its name, or as ``name[pid]``; a host where several are joined); or anything
        else, a filter of pcap-filter(7) that must match one of the snapshots.
    :raises FilterError: it is none of these.
    """
    found = _KNOWN.fullmatch(expression)
    if found is None:
        return _by_packet(expression)
    kind, glob = found.groups()
    if kind == "latency":
        return _by_latency(glob)
    if kind in ("label", "function"):
        return _by_label(glob)
    if kind == "file":
        return _by_file(glob)
    if kind == "outcome":
        return _by_outcome(glob)
    if kind == "reason":
        return _by_reason(glob)
    if kind == "rule":
        return _by_rule(glob)
    return _by_hop({"vnet": "vnet", "if": "interface", "proc": "process"}[kind], glob)


def inner_filter(expression: str) -> Filter:
    """
    That one of the snapshots is of a packet within which a tunnel carries one that matches.

    :raises FilterError: *expression* is no filter of pcap-filter(7).
    """
    within = InnerFilter(expression)

    def wanted(journey: Journey) -> bool:
        for moment in journey.moments():
            if isinstance(moment, SnapshotMoment):
                header = None if moment.before is None else moment.before.header
                decrypted = header is not None and header.decrypted
                if within.matches(moment.step.data, moment.step.linktype, decrypted):
                    return True
        return False

    return wanted


def _by_label(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        return any(fnmatchcase(plain(hop.place.label), glob) for hop in journey.hops)

    return wanted


def _by_latency(text: str) -> Filter:
    found = _LATENCY.fullmatch(text)
    if found is None:
        raise FilterError(
            f"filter 'latency:{text}': say latency:5ms, latency:>1.5s or latency:<9us"
        )
    less, limit = found[1] == "<", float(found[2]) * _UNITS[found[3]]

    def wanted(journey: Journey) -> bool:
        took = journey.duration
        return took is not None and (took < limit) is less

    return wanted


def _by_file(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        return any(
            fnmatchcase(file, glob) or fnmatchcase(file, f"*/{glob}")
            for hop in journey.hops
            if hop.place.file is not None
            for file in [plain(hop.place.file)]
        )

    return wanted


def _by_outcome(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        outcome = plain(journey.outcome)
        return fnmatchcase(outcome, glob) or fnmatchcase(outcome.partition(":")[0], glob)

    return wanted


def _by_reason(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        return bool(journey.reason) and fnmatchcase(plain(journey.reason), glob)

    return wanted


def _by_rule(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        rules = {journey.rule, *(hop.rule for hop in journey.hops)}
        return any(rule and fnmatchcase(plain(rule), glob) for rule in rules)

    return wanted


def _by_hop(field: str, glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        return any(
            # Not a glob's [pid]: who gives it in full means that process.
            text == glob or fnmatchcase(text, glob) or fnmatchcase(text.partition("[")[0], glob)
            for text in _values(journey, field)
            if text is not None
        )

    return wanted


def _values(journey: Journey, field: str) -> set[str | None]:
    values = {getattr(hop, field) for hop in journey.hops}
    return values | journey.processes if field == "process" else values


def _by_packet(expression: str) -> Filter:
    programs: dict[LinkType, Program] = {}
    errors = []
    for linktype in (LinkType.ETHERNET, LinkType.RAW, LinkType.IPV4, LinkType.IPV6):
        try:
            programs[linktype] = compile_filter(expression, linktype)
        except FilterError as error:
            errors.append(error)
    # Some filters make sense for some link types only ("ether src ..."): then these are asked.
    if not programs:
        raise errors[0]

    def wanted(journey: Journey) -> bool:
        for snapshot in journey.snapshots:
            program = programs.get(snapshot.linktype)
            if program is not None and program.matches(snapshot.data, snapshot.length):
                return True
        return False

    return wanted
