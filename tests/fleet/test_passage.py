# SPDX-License-Identifier: BSD-2-Clause
"""Telling packets apart takes time that grows with their number, however alike they are."""

from __future__ import annotations

import pytest

from dtkit.fleet import passage
from dtkit.fleet.passage import Leg, passages
from dtkit.fleet.sight import Ends, Sight


def alike(count: int) -> list[Leg]:
    """Packets that are equal to the byte, from one host to another, a millisecond apart."""
    legs = []
    for host in (0, 1):
        sight = Sight(("ipv4", 1), 64 - host, b"", 0)
        for number in range(count):
            time = number * 10**6 + host * 200_000
            ends = Ends(sight if host else None, None if host else sight, time, time)
            legs.append(Leg(host, number, ends))
    return legs


def test_four_times_the_packets_are_compared_four_times_as_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[None] = []
    possible = passage._possible

    def counted(sender: Leg, receiver: Leg) -> bool:
        compared.append(None)
        return possible(sender, receiver)

    monkeypatch.setattr(passage, "_possible", counted)
    taken = []
    for count in (50, 200):
        compared.clear()
        found, _ = passages(alike(count), 2)
        assert [(one.sender.place, one.receiver.place) for one in found] == [
            (number, number) for number in range(count)
        ]
        taken.append(len(compared))
    assert taken[1] <= 5 * taken[0]
