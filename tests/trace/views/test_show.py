# SPDX-License-Identifier: BSD-2-Clause
"""A journey as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.follow import ending_line
from dtkit.trace.views.scale import clock, scaled
from dtkit.trace.views.show import Overview, brief_line, journey_text, lines, slow_from
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


def test_where_it_changed_is_told_by_the_steps_not_by_the_places() -> None:
    """A capture has one hop for a place that a packet passes twice."""
    hop = Hop.parse(b"ip_input")
    first, second, third = (Snapshot(ethernet(ipv4(tcp(b"x"), ttl=ttl))) for ttl in (9, 8, 7))
    made = Journey(7, 5, (hop, first, hop, second, third), "mbuf_trace 3")
    changed = [line.strip() for line in journey_text(made).splitlines() if "~" in line]
    assert changed == ["~ changed between ip_input and ip_input:", "~ changed after ip_input:"]


def test_a_followed_packet_has_times() -> None:
    steps = (
        Hop(Place("ip_input", "ip_input", "+", module="kernel"), None, 1000, 0, 0xFFFF),
        Hop(Place("tcp_input", "tcp_input", "+", module="kernel"), None, 2500, 1),
        Snapshot(b"xyz"),
        Hop(Place("tcp_do_segment", "tcp_do_segment"), None, 2_002_500, 1, 0xFFFF),
        Hop(Place("m_freem", "m_freem")),
    )
    made = Journey(1, 1000, steps, "path")
    assert journey_text(made).splitlines() == [
        "#1  1970-01-01 00:00:00.000001000  3 bytes: 78 79 7a  (4 hops in 2.00 ms, path)",
        "    0 ns   +ip_input  cpu 0, thread 0xffff",
        " 1.50 us     +tcp_input  +1.50 us  cpu 1",
        "               = 3 bytes",
        " 2.00 ms        tcp_do_segment  +2.00 ms",
        "                m_freem",
    ]


def followed(number: int, *times: int | None, outcome: str = "delivered: x") -> Journey:
    steps = [Hop(Place(f"f{at}", f"f{at}"), None, time) for at, time in enumerate(times)]
    return Journey(number, times[0], tuple(steps), "path", outcome=outcome)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((0, 1, 2, 3, 4, 500), 50),  # a tenth of all
        ((0, 100, 200, 300, 400, 10_000), 1000),  # ten times the median, and a tenth of all
        ((0, 100, 200, 300, 400, 500), 1000),  # alike
        ((0, 0, 0, 0, 0, 0), 1),
        ((0, 10, 20, 30, 4000), None),  # four waits say nothing
        ((None, None, None, None, None, None, None), None),
        ((500, 400, 300, 200, 100, 0), 50),  # times that go back
    ],
    ids=str,
)
def test_what_is_slow(times: tuple[int | None, ...], expected: int | None) -> None:
    assert slow_from(followed(1, *times)) == expected


def test_a_slow_hop_says_so() -> None:
    shown = journey_text(followed(1, 0, 100, 200, 300, 400, 20_000)).splitlines()
    assert [line.split("  ")[-1] for line in shown[2:6]] == ["+100 ns"] * 4
    assert shown[6].endswith("f5  +19.6 us slow")


def test_one_line_a_packet() -> None:
    made = Journey(3, 1_700_000_000_000_123_456, (Hop(Place("f", "f"), time=5),), "path")
    dropped = followed(12, 0, 16_600_000, outcome="dropped: pf_test returned PF_DROP")
    assert [str(brief_line(one)) for one in (made, dropped)] == [
        "#3      22:13:20.000123        -     1 hop  -          no packet bytes",
        "#12     00:00:00.000000  16.6 ms    2 hops  dropped    no packet bytes: "
        "pf_test returned PF_DROP",
    ]


def test_the_overview() -> None:
    overview = Overview()
    assert str(overview) == "0 packets"
    overview.add(followed(1, 0, 1000))
    assert str(overview) == "1 packet; 1 delivered; median 1.00 us, longest 1.00 us (#1)"
    overview.add(followed(2, 0, 5000, outcome="dropped: y"))
    overview.add(followed(3, 0, 2000))
    overview.add(Journey(4, None, (), notes=("a hop is missing",)))
    assert str(overview) == (
        "4 packets; 2 delivered, 1 dropped; median 2.00 us, longest 5.00 us (#2); 1 incomplete"
    )


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1000, "1.00 us"),
        (999_499, "999 us"),
        (999_500, "1.00 ms"),
        (16_568_167, "16.6 ms"),
        (99_949, "99.9 us"),
        (99_950, "100 us"),
        (9_994, "9.99 us"),
        (9_995, "10.0 us"),
        (-1500, "-1.50 us"),
        (2**64, "18446744074 s"),
    ],
)
def test_scaled(time: int, said: str) -> None:
    assert scaled(time) == said


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


def test_why_it_ended_and_what_to_look_at() -> None:
    hop = Hop(Place("f", "f"), time=5)
    made = Journey(
        3,
        5,
        (hop,),
        "path",
        outcome="dropped: pf_test returned PF_DROP",
        reason="refused by a rule of pf",
        source="pf rule 3\x1b",
        rule="pf rule 3",
        advice="pfctl -vvsr",
    )
    assert journey_text(made).splitlines()[-3:] == [
        "  => dropped: pf_test returned PF_DROP",
        "     because: refused by a rule of pf (pf rule 3\\x1b)",
        "     look at: pfctl -vvsr",
    ]
    assert "look at" not in journey_text(made.without_advice())
    assert str(brief_line(made)).endswith("no packet bytes: refused by a rule of pf")
    # How many hops that is about stands in the notes.
    noted = replace(made, notes=("55535 more lines about it are not kept",))
    assert str(brief_line(noted)).endswith(": refused by a rule of pf  !! incomplete")
    assert ending_line(made) == (
        "#3  => dropped: pf_test returned PF_DROP; because: refused by a rule of pf; "
        "look at: pfctl -vvsr"
    )
