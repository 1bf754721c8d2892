# SPDX-License-Identifier: BSD-2-Clause
"""Three jails of a real FreeBSD 15.1, taken for three hosts: who was where is known."""

from __future__ import annotations

import io
import lzma
from itertools import groupby
from pathlib import Path

from dtkit.fleet.join import Capture, join
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.path import read_path

REAL = Path(__file__).parents[1] / "data" / "path-three-jails-15.1.txt.xz"

HOSTS = ("alpha", "router", "bravo")

#: ns that each host's clock is ahead.
CLOCKS = {"alpha": 0, "router": 3_600 * 10**9, "bravo": -7_123_456_789}


def real() -> list[Journey]:
    found = list(read_path(io.BytesIO(lzma.decompress(REAL.read_bytes()))))
    journeys = [one for one in found if isinstance(one, Journey)]
    assert len(journeys) == len(found) == 181
    return journeys


def split(journey: Journey) -> list[tuple[str, Journey]]:
    """What each host would have seen of it: where the functions were entered, in turn.

    A function returns in its own jail, but long after the packet was gone: no host is asked twice.
    """
    where = ""
    placed: list[tuple[str, Step]] = []
    for step in journey.steps:
        if isinstance(step, Hop):
            if step.place.direction == "-" and step.place.label != "pf_test":
                continue
            where = step.vnet if step.vnet in HOSTS else where
            ahead = CLOCKS.get(where, 0)
            time = None if step.time is None else step.time + ahead
            step = step._replace(time=time)
        placed.append((where, step))
    made: list[tuple[str, Journey]] = []
    for host, steps in groupby(placed, key=lambda one: one[0]):
        own = tuple(step for _, step in steps)
        time = next(step.time for step in own if isinstance(step, Hop))
        # A copy is made on the first of them.
        origin = None if made else journey.origin
        made.append((host, Journey(journey.number, time, own, "path", origin)))
    last, end = made[-1]
    made[-1] = last, Journey(end.number, end.time, end.steps, "path", end.origin, journey.outcome)
    return made


def test_jails_of_a_real_kernel_are_joined_as_hosts() -> None:
    seen: dict[str, list[Journey]] = {host: [] for host in HOSTS}
    crossed = 0
    for journey in real():
        parts = split(journey)
        crossed += len(parts) - 1
        for host, part in parts:
            seen[host].append(part)
    assert crossed > 150
    captures = [Capture(host, seen[host]) for host in HOSTS]
    joined = join(captures)

    def number(host: int, place: int) -> int:
        return captures[host].journeys[place].number

    right = sum(number(*one.sender[:2]) == number(*one.receiver[:2]) for one in joined.passages)
    assert right == len(joined.passages)  # precision 100 %
    assert right >= 0.99 * crossed  # recall
    middle = next(one.time for one in seen["alpha"] if one.time is not None)
    for place, name in enumerate(HOSTS):
        doubt = joined.reference.doubt(place)
        assert doubt is not None
        assert abs(joined.reference.time(place, middle + CLOCKS[name]) - middle) <= doubt + 10**6
    lines = [line for one in joined for diff in one.diffs if diff for line in diff.lines]
    assert any(line.startswith("ipv4 source 10.0.0.1 -> 10.0.1.1") for line in lines)
