# SPDX-License-Identifier: BSD-2-Clause
"""A ready-made script for some packets alone: its conditions, as D where it first sees a packet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dtkit.freebsd import Release
from dtkit.generate.chosen import Chosen
from dtkit.generate.conditions import ConditionError, gates
from dtkit.generate.functions import Layer, PathError
from dtkit.generate.lazy import all_of
from dtkit.generate.request import Conditions
from dtkit.generate.text import D
from dtkit.probes import Data, Probe, catalog

#: What a filter finds where a probe's packets start with that.
_LAYERS = {
    Data.ETHERNET: Layer.ETHERNET,
    Data.NETWORK: Layer.IP,
    Data.IP: Layer.IP,
    Data.IPV4: Layer.IPV4,
    Data.IPV6: Layer.IPV6,
    Data.UNKNOWN: Layer.ANYTHING,
}

#: A packet that is made here has no whole header yet.
_UNFINISHED = "ip_output"


class Narrowed:
    """
    The conditions on a ready-made script.

    :param conditions: filter, interface, vnet, count, rate and seconds of them.
    :param places: the functions where it first sees packets.
    :raises ConditionError: they can be had at none of *places*, or are no conditions.
    :ivar release: that it is for; None for every one.
    :ivar notes: what to tell the user: places that are left out.
    """

    def __init__(
        self, conditions: Conditions, places: Sequence[str], release: Release | None = None
    ) -> None:
        self.count, self.rate = conditions.count, conditions.rate
        self.seconds = conditions.seconds
        self.release = release
        self.notes: list[str] = []
        self._tests: dict[str, str] = {}
        try:
            chosen = Chosen(conditions.filter) if conditions.filter else None
        except PathError as error:
            raise ConditionError("filter", str(error)) from error
        refusal: ConditionError | None = None
        for place in places:
            probe = catalog(release)[place]
            try:
                self._tests[place] = _test(place, probe, conditions, chosen)
            except ConditionError as error:
                refusal = refusal or error
                self.notes.append(f"{probe} is left out: {error}")
        if refusal is not None and not self._tests:
            raise refusal

    def has(self, place: str) -> bool:
        """Whether packets can be chosen at *place*."""
        return place in self._tests

    def among(self, places: Sequence[str]) -> list[str]:
        """Those of *places* where packets can be chosen."""
        return [place for place in places if self.has(place)]

    def at(self, place: str) -> str:
        """What ``this->m``, which is not NULL, has to meet at *place*; empty for nothing."""
        return self._tests[place]

    def met(self, place: str) -> str:
        """The same behind other conditions: it begins with ``&&``, or is empty."""
        return f" && {self.at(place)}" if self.at(place) else ""

    @property
    def limit(self) -> str:
        """What limits how many packets are taken, behind all other conditions; or empty."""
        taken = f" && taken < {self.count}" if self.count else ""
        return f"{taken} && shown++ < {self.rate}" if self.rate else taken


def _test(place: str, probe: Probe, conditions: Conditions, chosen: Chosen | None) -> str:
    needed = []
    if conditions.vnet and probe.interface is not None:
        # A driver's interrupt is in no vnet yet, but its interface is.
        interface = probe.interface_pointers[-1]
        (vnet,) = gates(probe, Conditions(vnet=conditions.vnet))
        theirs = vnet.replace("curthread->td_vnet", f"{interface}->if_vnet")
        needed += [D(f"{interface} != NULL"), D(theirs)]
        conditions = replace(conditions, vnet="")
    needed += gates(probe, conditions)
    if chosen is not None:
        layer = Layer.UNFINISHED if place == _UNFINISHED else _LAYERS[probe.data]
        try:
            test = chosen.at(layer)
        except PathError as error:
            raise ConditionError("filter", str(error)) from error
        if not test:
            raise ConditionError(
                "filter", f"{conditions.filter!r}: no packet at {probe} can pass it"
            )
        needed.append(D(test))
    return all_of(needed) if needed else ""
