# SPDX-License-Identifier: BSD-2-Clause
"""How times of one kind are spread: their smallest, median, largest, and what lies between."""

from __future__ import annotations

import math
from array import array
from collections import Counter

__all__ = ["QUANTILES", "Spread"]


class Spread:
    """Times of one kind, in ns."""

    def __init__(self) -> None:
        self._values = array("d")
        self._sorted = True

    def add(self, value: float) -> None:
        """Take one more."""
        self._values.append(value)
        self._sorted = False

    def __len__(self) -> int:
        return len(self._values)

    @property
    def total(self) -> float:
        """All of them together."""
        return math.fsum(self._values)

    def _in_order(self) -> array[float]:
        if not self._sorted:
            self._values = array("d", sorted(self._values))
            self._sorted = True
        return self._values

    def quantile(self, part: float) -> float:
        """The smallest that at least *part* of them (0 to 1) do not exceed; there must be one."""
        values = self._in_order()
        return values[max(math.ceil(part * len(values)) - 1, 0)]

    def median_between(self) -> tuple[float, float]:
        """Between which two of them the median of all such times lies, with 95 % confidence.

        By the ranks of the binomial distribution, approximated by the normal one; of fewer than
        six times nothing can be said, and it is minus and plus infinity.
        """
        values = self._in_order()
        count = len(values)
        if count < 6:
            return -math.inf, math.inf
        by = 1.96 * math.sqrt(count) / 2
        low, high = math.floor(count / 2 - by), math.ceil(count / 2 + by)
        return values[max(low - 1, 0)], values[min(high, count - 1)]

    def to_dict(self) -> dict[str, int]:
        """``count``, and ``min``, ``median``, ``p90``, ``p99``, ``max``, ``total`` in ns."""
        found = {name: round(self.quantile(part)) for name, part in QUANTILES.items()}
        return {"count": len(self), **found, "total": round(self.total)}

    def histogram(self, most: int = 24) -> list[tuple[float, float, int]]:
        """From, to (ns) and count of bins, each twice as wide as the one before."""
        bins: Counter[int] = Counter(math.frexp(max(value, 0.5))[1] - 1 for value in self._values)
        if not bins:
            return []
        first, last = min(bins), max(bins)
        first = max(first, last - most + 1)
        found = [(2.0**at, 2.0 ** (at + 1), bins[at]) for at in range(first, last + 1)]
        below = sum(count for at, count in bins.items() if at < first)
        return [(0.0, 2.0**first, below), *found] if below else found


#: What is told of a spread, by the part of the times that do not exceed it.
QUANTILES = {"min": 0.0, "median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
