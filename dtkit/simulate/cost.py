# SPDX-License-Identifier: BSD-2-Clause
"""
What a program costs the kernel: counted for each firing, without a clock.

A probe's firings are grouped by what they cost, so that those of a packet that nobody wants stand
apart from those of one that is shown. The same program and packets count the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from dtkit.dlang.compiler.dif import DifInstruction
from dtkit.freebsd import ProbePoint

#: Instructions for which the kernel looks a dynamic variable up, by its hash.
LOOKUPS = frozenset({"ldts", "stts", "ldgaa", "stgaa", "ldtaa", "sttaa"})


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """
    What one firing costs.

    :ivar clauses: that were entered; those that their predicate ended count as well.
    :ivar instructions: of DIF that were run.
    :ivar lookups: of dynamic variables: thread-local ones and elements of arrays.
    :ivar aggregations: values that were aggregated.
    :ivar bytes: of records that were kept in the buffer.
    """

    clauses: int = 0
    instructions: int = 0
    lookups: int = 0
    aggregations: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Spent:
    """The :class:`Cost` of a firing that goes on."""

    clauses: int = 0
    instructions: int = 0
    lookups: int = 0
    aggregations: int = 0
    bytes: int = 0

    def run(self, instructions: int, lookups: int) -> None:
        """Some instructions are run, so many of them look-ups; less, where a fault ended them."""
        self.instructions += instructions
        self.lookups += lookups

    def cost(self) -> Cost:
        """All that was spent."""
        return Cost(self.clauses, self.instructions, self.lookups, self.aggregations, self.bytes)


@dataclass(frozen=True, slots=True)
class ProbeCost:
    """
    Firings of one probe that cost the same.

    :ivar probe: its description, ``provider:module:function:name``.
    """

    probe: str
    id: int
    firings: int
    cost: Cost

    def to_json(self) -> dict[str, object]:
        """An object with the names of the columns."""
        return {
            "probe": self.probe,
            "id": self.id,
            "firings": self.firings,
            **asdict(self.cost),
        }


class Costs:
    """What the firings of each probe have cost; iterates over :class:`ProbeCost`."""

    def __init__(self) -> None:
        self._probes: dict[int, tuple[ProbePoint, Counter[Cost]]] = {}

    def add(self, probe: ProbePoint, cost: Cost) -> None:
        """Count one firing."""
        self._probes.setdefault(probe.id, (probe, Counter()))[1][cost] += 1

    def __iter__(self) -> Iterator[ProbeCost]:
        """By probe in the order of their first firings, and within it the cheapest first."""
        for probe, counted in self._probes.values():
            name = f"{probe.provider}:{probe.module}:{probe.function}:{probe.name}"
            for cost, firings in sorted(counted.items()):
                yield ProbeCost(name, probe.id, firings, cost)


def lookups(code: tuple[DifInstruction, ...]) -> int:
    """How many of these instructions look a dynamic variable up."""
    return sum(item.op in LOOKUPS for item in code)
