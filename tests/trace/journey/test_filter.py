# SPDX-License-Identifier: BSD-2-Clause
"""Choosing journeys by place and by packet."""

from __future__ import annotations

import pytest

from dtkit.packets.pcapfilter import FilterError
from dtkit.trace.journey.filter import journey_filter
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot
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

FOLLOWED = Journey(
    2,
    None,
    (
        Hop.parse(b"ip_input")._replace(process="nc[98]", interface="em0", vnet="the router"),
        Hop.parse(b"pf")._replace(rule="pf rule 7"),
    ),
    "path",
    outcome="dropped: pf_test returned PF_DROP",
    reason="refused by a rule of pf",
    rule="pf rule 3 in anchor web",
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


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("outcome:dropped", True),
        ("outcome:*PF_DROP", True),
        ("outcome:drop", False),
        ("outcome:delivered", False),
        ("reason:refused by*", True),
        ("reason:refused", False),
        ("rule:*anchor web", True),
        ("rule:pf rule 7", True),
        ("rule:pf rule 4*", False),
        ("vnet:the router", True),
        ("vnet:*router", True),
        ("vnet:router", False),
        ("if:em*", True),
        ("if:lo0", False),
        ("proc:nc", True),
        ("proc:nc[98]", True),
        ("proc:nc[99]", False),
        ("label:ip_input", True),
    ],
)
def test_followed_packets_by_what_is_known_of_them(expression: str, wanted: bool) -> None:
    assert journey_filter(expression)(FOLLOWED) is wanted
    if not expression.startswith("label:"):
        assert not journey_filter(expression)(JOURNEY)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("latency:5ms", [5_000_000, 9_000_000]),
        ("latency:>5ms", [5_000_000, 9_000_000]),
        ("latency:<5ms", [0, 4_999_999]),
        ("latency:.005s", [5_000_000, 9_000_000]),
        ("latency:0ns", [0, 4_999_999, 5_000_000, 9_000_000]),
    ],
)
def test_by_latency(text: str, times: list[int]) -> None:
    wanted = journey_filter(text)
    journeys = [
        Journey(1, 0, (Hop(Place("a", "a"), time=7), Hop(Place("b", "b"), time=7 + time)))
        for time in (0, 4_999_999, 5_000_000, 9_000_000)
    ]
    assert [journey.duration for journey in journeys if wanted(journey)] == times
    assert not wanted(
        Journey(1, 0, (Hop(Place("a", "a"), time=7),))
    )  # of one time nothing is known


@pytest.mark.parametrize("text", ["latency:5", "latency:fast", "latency:5m", "latency:=5ms"])
def test_a_latency_that_is_none(text: str) -> None:
    with pytest.raises(FilterError, match="say latency:5ms"):
        journey_filter(text)
