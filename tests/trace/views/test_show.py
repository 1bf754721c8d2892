# SPDX-License-Identifier: BSD-2-Clause
"""A journey as text."""

from __future__ import annotations

import pytest

from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.show import clock, journey_text, lines
from tests.trace.frames import ethernet, ipv4, tcp


def journey(*steps: str | bytes, time: int | None = 1_700_000_000_000_000_005) -> Journey:
    made: list[Step] = [
        Hop.parse(step.encode()) if isinstance(step, str) else Snapshot(step) for step in steps
    ]
    return Journey(7, time, tuple(made), "mbuf_trace 3")


def test_a_journey_as_lines() -> None:
    packet = ethernet(ipv4(tcp(b"x")))
    made = journey(
        "net/if.c:42: +ether_input",
        packet,
        "netinet/ip_input.c:5: +ip_input(em0)",
        packet,
        "netpfil/pf/pf.c:1: pf_test",
        ipv4(tcp(b"x"), ttl=63),
        "\x1b[31mred",
    )
    summary = "10.0.0.1:1234 > 10.0.0.2:22 TCP [.] seq 1:2 ack 1 win 1024 length 1"
    assert journey_text(made).splitlines() == [
        f"#7  2023-11-14 22:13:20.000000005  {summary}  (4 hops, mbuf_trace 3)",
        "  +ether_input  net/if.c:42",
        "    = 55 bytes",
        "    +ip_input(em0)  netinet/ip_input.c:5",
        "      = unchanged",
        "       pf_test  netpfil/pf/pf.c:1",
        "      ~ changed between +ip_input(em0) and pf_test:",
        "          ethernet removed (14 bytes)",
        "          ipv4 ttl 64 -> 63",
        "          ipv4 checksum 0x66c6 -> 0x67c6",
        "       \\x1b[31mred",
    ]
    backwards = [str(line) for line in lines(made, newest_first=True)]
    assert backwards[1].strip() == "\\x1b[31mred"
    assert backwards[-1].strip() == "+ether_input  net/if.c:42"


def test_a_followed_packet_has_times() -> None:
    steps = (
        Hop(Place("ip_input", "ip_input", "+", module="kernel"), None, 1000, 0, 0xFFFF),
        Hop(Place("tcp_input", "tcp_input", "+", module="kernel"), None, 2500, 1),
    )
    made = Journey(1, 1000, steps, "path")
    assert journey_text(made).splitlines() == [
        "#1  1970-01-01 00:00:00.000001000  no packet bytes  (2 hops, path)",
        "  +ip_input  +0.000 us, cpu 0, thread 0xffff",
        "    +tcp_input  +1.500 us, cpu 1",
    ]


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (None, "-"),
        (0, "1970-01-01 00:00:00.000000000"),
        (-1, "1969-12-31 23:59:59.999999999"),
        (10**30, "1000000000000000000000.000000000"),
    ],
)
def test_clock(time: int | None, said: str) -> None:
    assert clock(time) == said
