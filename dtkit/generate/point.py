# SPDX-License-Identifier: BSD-2-Clause
"""A probe of a program, with all that its clauses need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dtkit.generate.bpf import TranslationError
from dtkit.generate.chosen import BEHIND_ANYTHING, BEHIND_ETHERNET
from dtkit.generate.conditions import ConditionError, gates, packet_filter, starts_with
from dtkit.generate.filtering import condition
from dtkit.generate.inner import inner_condition
from dtkit.generate.lazy import all_of
from dtkit.generate.request import Conditions, Copy, Request
from dtkit.generate.text import D, primary
from dtkit.generate.where import check_where
from dtkit.packets.linktype import LinkType
from dtkit.packets.pcapfilter import FilterError
from dtkit.probes import Data, Probe
from dtkit.probes.data import Direction


@dataclass(frozen=True, slots=True)
class Point:
    """
    A probe of a program.

    :ivar probe: where.
    :ivar number: which one of the program, from 1.
    :ivar predicate: what must hold for a packet to be shown; sets ``this->m``. Empty where there is
        always a packet, and any will do.
    """

    probe: Probe
    number: int
    predicate: D

    @property
    def counted(self) -> bool:
        """Whether firings are counted apart from packets that are shown."""
        return "this->fired" in self.predicate


def _conditions(probe: Probe, request: Request, number: int) -> Iterator[D]:
    """What must hold at *probe*."""
    conditions = request.conditions
    program = packet_filter(probe, conditions)
    needed = list(gates(probe, conditions))
    if conditions.where:
        needed.append(check_where(conditions.where, probe))
    last = []
    if conditions.count is not None:
        last.append(D(f"taken < {conditions.count}"))
    if conditions.rate is not None:
        shown = f"shown < {conditions.rate}"
        last.append(D(f"({shown} || (this->limited{number}++, 0))" if request.annotate else shown))
    if not request.annotate and request.copy is Copy.FIRST:
        last.append(D(f"this->m->m_len > {request.offset}"))
    elif not request.annotate and request.copy is Copy.COPYOUTMBUF:
        last.append(D(f"(this->len = mbuflen(this->m)) > {request.offset}"))
    if conditions.inner:
        last.insert(0, _inner(probe, conditions))
    if program is not None:
        try:
            last = [condition(program, request.reach, last)]
        except TranslationError as error:
            raise ConditionError(
                "filter", f"{program.expression!r} cannot be run: {error}"
            ) from error
    needed += last
    if probe.outer:
        yield D(f"{primary(probe.outer)} != NULL")
        yield D(f"(this->m = *{probe.outer}) != NULL")
    elif probe.null:
        yield D(f"(this->m = {probe.expression}) != NULL")
    elif needed:
        needed = [D(f"(this->m = {probe.expression}, {all_of(needed)})")]
    yield from needed


#: What moves ``this->d`` to the header of IP, by what packets start with.
_TO_IP = {
    LinkType.ETHERNET: BEHIND_ETHERNET,
    LinkType.RAW: "",
    LinkType.IPV4: "",
    LinkType.IPV6: "",
}


def _inner(probe: Probe, conditions: Conditions) -> D:
    """
    The condition on what tunnels carry at *probe*.

    :raises ConditionError: it is no filter, or looks at more than IP.
    """
    linktype = starts_with(probe, conditions)
    to_ip = BEHIND_ANYTHING if linktype is None else _TO_IP[linktype]
    try:
        return inner_condition(conditions.inner, to_ip)
    except (FilterError, TranslationError) as error:
        raise ConditionError("inner", f"looks at packets of IP: {error}") from error


def _predicate(probe: Probe, request: Request, number: int, told: bool) -> D:
    """
    All that must hold, each only where what is before it does.

    Firings are counted in variables that each CPU has for itself: an aggregation would cost more
    than the look at most packets.

    :param told: whether ``this->ok`` is to say after each firing whether a packet was shown.
    """
    needed = list(_conditions(probe, request, number))
    before = [f"this->fired{number}++"] if request.annotate and needed else []
    if request.copy is Copy.SEGMENTS:
        # Clauses of segments look at this in any case.
        before += ["this->left = 0", *(["this->len = 0"] if request.offset else [])]
        needed = needed or [D(f"(this->m = {probe.expression}) != NULL")]
    text = all_of(needed) if needed else D("")
    if before and needed:
        text = D(f"({', '.join(before)}, {text})")
    if told:
        text = D(
            f"this->ok = {text}" if needed else f"this->ok = (this->m = {probe.expression}) != NULL"
        )
    return text


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


def points(
    probes: Sequence[Probe], request: Request, told: bool = False
) -> tuple[list[Point], list[str]]:
    """
    Work out what the clauses at each probe need.

    :param told: whether ``this->ok`` is to say after each firing whether a packet was shown.
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
    found: list[Point] = []
    notes: list[str] = []
    if len(probes) > 1:
        # One that the kernel lacks must not keep the others from being seen: see may_be_absent().
        probes = [probe.untyped() if probe.unsure else probe for probe in probes]
        notes = _unsure(probes)
    refusal: ConditionError | None = None
    for probe in probes:
        try:
            predicate = _predicate(probe, request, len(found) + 1, told)
        except ConditionError as error:
            # The next probe may have another link type, for which the filter makes sense.
            refusal = refusal or error
            notes.append(f"{probe} is left out: {error}")
            continue
        if probe.caution:
            notes.append(f"{probe}: {probe.caution}")
        if conditions.filter and probe.hint and probe.direction is Direction.OUT:
            notes.append(
                f"{probe}: {probe.purpose}; a filter may miss those: ether_output and if_simloop "
                "see them whole"
            )
        found.append(Point(probe, len(found) + 1, predicate))
    if not found and refusal is not None:
        raise refusal
    return found, notes


def may_be_absent(found: Sequence[Point]) -> bool:
    """
    Whether dtrace(1) must be told (``-Z``) to do without probes that are not there.

    Of a single one it had better say so: there would be nothing to show.
    """
    return len(found) > 1 and any(point.probe.unsure for point in found)
