# SPDX-License-Identifier: BSD-2-Clause
"""
How far apart the clocks of two hosts are, told from packets that went both ways.

What a packet took by the clocks of both ends is the time on the link and how far the clocks are
apart. No packet takes less than the link does, so the least of many, there and back, tell both:
half their difference is the clocks', half their sum is how wrong that can be. Clocks that run at
different speeds make the least a line over time instead of a number: the edge of the lower convex
hull below the middle of all (Moon, Skelly and Towsley, "Estimation and removal of clock skew",
1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from dtkit.counted import counted

__all__ = ["HostClock", "Passed", "clock_between"]

#: A packet's times: when it left by the one clock, when it came by the other, in ns.
Passed = tuple[int, int]

#: A drift is told from so many packets each way at least, over so long a time, in ns.
_LEAST_PACKETS = 8
_LEAST_SPAN = 1_000_000_000

#: Times this much farther from the middle than most are of other packets that look alike.
_FAR = 20
_NEAR = 10_000_000


@dataclass(frozen=True, slots=True)
class HostClock:
    """
    A host's clock beside another one.

    :ivar offset: ns that it is ahead, at *at*.
    :ivar drift: ns that it gains in a ns.
    :ivar at: a moment of its own.
    :ivar doubt: ns that the offset may be wrong by; None where packets went one way only.
    :ivar packets: how many told it, there and back.
    """

    offset: int
    drift: float
    at: int
    doubt: int | None
    packets: tuple[int, int]

    def corrected(self, time: int) -> int:
        """A moment of this clock by the other."""
        return time - self.offset - round((time - self.at) * self.drift)

    def __str__(self) -> str:
        there, back = self.packets
        ahead = f"{abs(self.offset) / 1e6:.3f} ms {'ahead' if self.offset >= 0 else 'behind'}"
        if self.drift:
            way = "gaining" if self.drift > 0 else "losing"
            ahead += f", {way} {abs(self.drift) * 1e6:.1f} us/s"
        if self.doubt is None:
            return f"{ahead} at most, by {counted(there + back, 'packet')} one way only"
        doubt = f"give or take {self.doubt / 1e6:.3f} ms"
        return f"{ahead}, {doubt}, by {counted(there, 'packet')} there, {back} back"


def clock_between(there: Sequence[Passed], back: Sequence[Passed]) -> HostClock | None:
    """
    The clock of a second host beside that of the first.

    :param there: packets from the first to the second.
    :param back: packets from the second to the first.
    :return: None where no packet went from one to the other.
    """
    # By the second's clock: when, and what it took by both clocks.
    forth = _near([(came, came - went) for went, came in there])
    home = _near([(went, came - went) for went, came in back])
    if not forth and not home:
        return None
    moments = [moment for moment, _ in (*forth, *home)]
    at = (min(moments) + max(moments)) // 2
    ours, theirs = _least(forth, at), _least(home, at)
    counts = len(there), len(back)
    if ours is None or theirs is None:
        level, slope = ours or theirs or (0, 0.0)
        sign = 1 if ours is not None else -1
        return HostClock(sign * level, sign * slope, at, None, counts)
    offset = (ours[0] - theirs[0]) // 2
    drift = (ours[1] - theirs[1]) / 2
    if abs(ours[1] + theirs[1]) > abs(drift):
        drift = 0.0  # the two ways do not agree that there is one
        ours, theirs = _floor(forth, at), _floor(home, at)
        offset = (ours[0] - theirs[0]) // 2
    return HostClock(offset, drift, at, max(0, (ours[0] + theirs[0]) // 2), counts)


def _near(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The *points* but for those whose times are far off all others."""
    if len(points) < 3:
        return points
    slope = _slope(points)
    start = points[0][0]
    rest = [took - slope * (moment - start) for moment, took in points]
    middle = median(rest)
    spread = max(_NEAR, _FAR * median(abs(one - middle) for one in rest))
    return [point for point, one in zip(points, rest, strict=True) if abs(one - middle) <= spread]


def _slope(points: list[tuple[int, int]]) -> float:
    """How *points* rise from their first third to their last, by the middle of each."""
    ordered = sorted(points)
    third = len(ordered) // 3
    first, last = ordered[:third], ordered[-third:] if third else []
    if not third or not _tells_drift(ordered):
        return 0.0
    span = median(moment for moment, _ in last) - median(moment for moment, _ in first)
    rise = median(took for _, took in last) - median(took for _, took in first)
    return rise / span if span else 0.0


def _tells_drift(ordered: Sequence[tuple[int, int]]) -> bool:
    return len(ordered) >= _LEAST_PACKETS and ordered[-1][0] - ordered[0][0] >= _LEAST_SPAN


def _floor(points: list[tuple[int, int]], at: int) -> tuple[int, float]:
    return min(took for _, took in points), 0.0


def _least(points: list[tuple[int, int]], at: int) -> tuple[int, float] | None:
    """The line under *points*: its height at the moment *at*, and its slope."""
    if not points:
        return None
    ordered = sorted(points)
    if not _tells_drift(ordered):
        return _floor(points, at)
    hull: list[tuple[int, int]] = []
    for point in ordered:
        while len(hull) > 1 and _above(hull[-2], hull[-1], point):
            hull.pop()
        if not hull or point[0] != hull[-1][0]:
            hull.append(point)
    middle = sum(moment for moment, _ in ordered) // len(ordered)
    for left, right in pairwise(hull):
        if right[0] >= middle:
            slope = (right[1] - left[1]) / (right[0] - left[0])
            return round(left[1] + slope * (at - left[0])), slope
    return _floor(points, at)


def _above(left: tuple[int, int], point: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether *point* is not below the line from *left* to *right*."""
    rise = (point[1] - left[1]) * (right[0] - left[0])
    return rise >= (right[1] - left[1]) * (point[0] - left[0])
