# SPDX-License-Identifier: BSD-2-Clause
"""Choosing journeys: by the places they pass, or by a pcap filter on the packet at any moment."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError, Program, compile_filter
from dtkit.trace.journey import Journey
from dtkit.trace.text import plain

__all__ = ["Filter", "journey_filter"]

#: Whether a journey is wanted.
Filter = Callable[[Journey], bool]

_PLACES = re.compile(r"(label|file):(.+)", re.DOTALL)


def journey_filter(expression: str) -> Filter:
    """
    What *expression* asks for.

    :param expression: ``label:GLOB``, a hop whose label matches; ``file:GLOB``, one in such a
        file, named from its end on directory boundaries (``if.c``, ``net/if.c``); or anything
        else, a filter of pcap-filter(7) that must match one of the snapshots.
    :raises FilterError: it is none of these.
    """
    if found := _PLACES.fullmatch(expression):
        kind, glob = found.groups()
        return _by_label(glob) if kind == "label" else _by_file(glob)
    return _by_packet(expression)


def _by_label(glob: str) -> Filter:
    def wanted(journey: Journey) -> bool:
        return any(fnmatchcase(plain(hop.place.label), glob) for hop in journey.hops)

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
