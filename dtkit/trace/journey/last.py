# SPDX-License-Identifier: BSD-2-Clause
"""The journeys that were under way shortly before the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from dtkit.trace.journey.model import Journey

__all__ = ["last_journeys"]


def last_journeys(journeys: Iterable[Journey], nanoseconds: int) -> Iterator[Journey]:
    """
    Those of *journeys* that were under way in the last so many ns.

    The end is the latest time that any journey has. One of which no time is known is kept.
    """
    kept: deque[tuple[int | None, Journey]] = deque()
    end = 0
    for journey in journeys:
        last = _last(journey)
        end = max(end, last or 0)
        kept.append((last, journey))
        # They come in the order in which they ended, more or less.
        while kept[0][0] is not None and kept[0][0] < end - nanoseconds:
            kept.popleft()
    for last, journey in kept:
        if last is None or last >= end - nanoseconds:
            yield journey


def _last(journey: Journey) -> int | None:
    times = [hop.time for hop in journey.hops if hop.time is not None]
    return max(times, default=journey.time)
