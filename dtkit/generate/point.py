# SPDX-License-Identifier: BSD-2-Clause
"""A probe of a program, with all that its clauses need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dtkit.generate.bpf import Statement, TranslationError, translate
from dtkit.generate.conditions import ConditionError, gates, packet_filter
from dtkit.generate.request import Request
from dtkit.generate.text import D
from dtkit.generate.where import check_where
from dtkit.packets.pcapfilter import Program
from dtkit.probes import Data, Probe
from dtkit.probes.points import Direction


@dataclass(frozen=True, slots=True)
class Point:
    """
    A probe of a program.

    :ivar probe: where.
    :ivar outer: of a ``struct mbuf **``, the expression of that; else None.
    :ivar gates: expressions that must hold.
    :ivar filter: the statements that set ``this->ok`` by a packet filter; empty for none.
    """

    probe: Probe
    outer: D | None
    gates: tuple[D, ...]
    filter: tuple[Statement, ...]


def _statements(program: Program, depth: int) -> list[Statement]:
    try:
        return translate(program.instructions, depth)
    except TranslationError as error:
        raise ConditionError("filter", f"{program.expression!r} cannot be run: {error}") from error


def _unsure(probes: Sequence[Probe]) -> list[str]:
    """What to tell the user of probes that a kernel may not have: one line for each reason."""
    reasons: dict[str, list[str]] = {}
    for probe in probes:
        if probe.unsure:
            reasons.setdefault(probe.unsure, []).append(str(probe))
    return [
        f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''} ({reason}): "
        "shown only where there is such a probe"
        for reason, names in reasons.items()
    ]


def points(probes: Sequence[Probe], request: Request) -> tuple[list[Point], list[str]]:
    """
    Work out what the clauses at each probe need.

    :return: the points, and what to tell the user: probes that are left out, because no packet
        there can pass the filter; probes where packets are not yet what the filter looks for.
    :raises ValueError: *probes* is empty, or a condition cannot be had.
    """
    if not probes:
        raise ValueError("no probe was given")
    conditions = request.conditions
    if conditions.linktype and not any(probe.data is Data.UNKNOWN for probe in probes):
        raise ConditionError(
            "linktype", "is of no effect: of these probes it is known what packets start with"
        )
    found, notes = [], []
    if len(probes) > 1:
        # One that the kernel lacks must not keep the others from being seen: see may_be_absent().
        probes = [probe.untyped() if probe.unsure else probe for probe in probes]
        notes = _unsure(probes)
    refusal: ConditionError | None = None
    for probe in probes:
        try:
            program = packet_filter(probe, conditions)
        except ConditionError as error:
            # The next probe may have another link type, for which the filter makes sense.
            refusal = refusal or error
            notes.append(f"{probe} is left out: {error}")
            continue
        if probe.caution:
            notes.append(f"{probe}: {probe.caution}")
        if program is not None and probe.hint and probe.direction is Direction.OUT:
            notes.append(
                f"{probe}: {probe.purpose}; a filter may miss those: ether_output and if_simloop "
                "see them whole"
            )
        conditioned = list(gates(probe, conditions))
        if conditions.where:
            conditioned.append(check_where(conditions.where, probe))
        found.append(
            Point(
                probe,
                D(probe.outer) if probe.outer else None,
                tuple(conditioned),
                tuple(_statements(program, request.depth)) if program else (),
            )
        )
    if not found and refusal is not None:
        raise refusal
    return found, notes


def may_be_absent(found: Sequence[Point]) -> bool:
    """
    Whether dtrace(1) must be told (``-Z``) to do without probes that are not there.

    Of a single one it had better say so: there would be nothing to show.
    """
    return len(found) > 1 and any(point.probe.unsure for point in found)
