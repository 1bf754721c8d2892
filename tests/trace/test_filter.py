# SPDX-License-Identifier: BSD-2-Clause
"""Choosing journeys by place and by packet."""

from __future__ import annotations

import pytest

from dtkit.packets.pcapfilter import FilterError
from dtkit.trace.filter import journey_filter
from dtkit.trace.journey import Hop, Journey
from dtkit.trace.snapshot import Snapshot
from tests.trace.frames import ethernet, ipv4, tcp, udp

JOURNEY = Journey(
    1,
    None,
    (
        Hop.parse(b"/usr/src/sys/net/if.c:42: +ether_input(em0)"),
        Snapshot(ethernet(ipv4(tcp(destination=22)))),
        Hop.parse(b"dropped \xff"),
        Snapshot(ipv4(udp(), protocol=17)),
    ),
)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("label:ether_input", True),
        ("label:ether_*", True),
        ("label:ether", False),
        ("label:dropped*", True),
        ("file:if.c", True),
        ("file:net/if.c", True),
        ("file:f.c", False),
        ("file:net/*.c", True),
        ("file:*.h", False),
        ("tcp port 22", True),
        ("udp port 53", True),
        ("tcp port 80", False),
        ("ether src 02:00:00:00:00:01", True),
        ("ether src 02:00:00:00:00:09", False),
        ("label:", None),
        ("what is this", None),
    ],
)
def test_what_a_filter_chooses(expression: str, wanted: bool | None) -> None:
    if wanted is None:
        with pytest.raises(FilterError):
            journey_filter(expression)
    else:
        assert journey_filter(expression)(JOURNEY) is wanted
