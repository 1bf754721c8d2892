# SPDX-License-Identifier: BSD-2-Clause
"""Statistics: counts, spreads by their definition, and two files side by side."""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.outcome import end_of
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.stages import direction_of, stage_of
from dtkit.trace.views.figures import (
    against_json,
    against_lines,
    ends_lines,
    json_lines,
    text_lines,
)
from dtkit.trace.views.spread import Spread
from dtkit.trace.views.stats import Statistics

DATA = Path(__file__).parents[2] / "data"


def journey(
    *hops: tuple[str, int | None] | tuple[str, int | None, int],
    outcome: str = "",
    interface: str | None = None,
) -> Journey:
    steps = []
    for label, time, *thread in hops:
        way = label[0] if label[0] in "+-" else ""
        place = Place(label, label.lstrip("+-"), way, module="kernel")
        steps.append(Hop(place, None, time, 0, thread[0] if thread else 1, None, interface))
    return Journey(1, hops[0][1] if hops else None, tuple(steps), "path", outcome=outcome)


def spread(*values: float) -> Spread:
    made = Spread()
    for value in values:
        made.add(value)
    return made


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_the_smallest_that_so_many_do_not_exceed(
    values: list[int], part: float
) -> None:
    found = spread(*values).quantile(part)
    assert found in values
    assert sum(value <= found for value in values) >= part * len(values) - 1e-9
    smaller = [value for value in values if value < found]
    if smaller:
        assert sum(value <= max(smaller) for value in values) < part * len(values)


def test_a_spread() -> None:
    made = spread(*range(1, 101))
    assert made.to_dict() == {
        "count": 100, "min": 1, "median": 50, "p90": 90, "p99": 99, "max": 100, "total": 5050,
    }  # fmt: skip
    made.add(1000)
    assert made.quantile(1) == 1000
    assert spread(5).median_between() == (-math.inf, math.inf)
    low, high = made.median_between()
    assert low == 40
    assert high == 62
    assert spread(1, 3, 4, 9).histogram() == [(1, 2, 1), (2, 4, 1), (4, 8, 1), (8, 16, 1)]
    assert Spread().histogram() == []


def test_the_median_lies_between() -> None:
    """In some 95 of 100 samples of a distribution whose median is known."""
    import random

    chance = random.Random(1)
    hits = 0
    for _ in range(500):
        low, high = spread(*(chance.expovariate(1) for _ in range(40))).median_between()
        hits += low <= math.log(2) <= high
    assert 460 <= hits <= 495


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("dropped: pf_test returned PF_DROP", ("dropped", "pf_test returned PF_DROP")),
        ("freed by sbdestroy+0x30", ("freed", "by sbdestroy+0x30")),
        ("freed", ("freed", "")),
        (
            "still in the kernel when the script ended",
            ("still in the kernel", "when the script ended"),
        ),
        ("something: else", ("something", "else")),
        ("", ("", "")),
    ],
)
def test_ends(outcome: str, expected: tuple[str, str]) -> None:
    assert end_of(outcome) == expected


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("vtnet_rxq_eof", "driver"),
        ("epair_transmit", "driver"),
        ("netisr_queue_src", "queue"),
        ("ether_demux", "link"),
        ("pf_test", "firewall"),
        ("pfil_run_hooks", "firewall"),
        ("ip_input", "ip"),
        ("icmp_error", "ip"),
        ("tcp_do_segment", "transport"),
        ("udp_input", "transport"),
        ("sbappendaddr_locked", "socket"),
        ("soreceive_generic", "socket"),
        ("m_freem", "other"),
        ("netpfil/pf/pf.c:3: +nobody_knows", "firewall"),
        ("dev/virtio/network/if_vtnet.c:3: nobody", "driver"),
        ("kern/uipc_socket.c:9: x", "socket"),
    ],
)
def test_stages(text: str, stage: str) -> None:
    assert stage_of(Place.parse(text.encode())) == stage


def test_directions() -> None:
    for label, way in (("ip_input", "in"), ("ether_output", "out"), ("m_freem", "unknown")):
        assert direction_of((Hop(Place("x", "x")), Hop(Place(label, label)))) == way


def test_what_became_of_packets() -> None:
    made = Statistics.of(
        [
            journey(("ip_input", 0), outcome="dropped: pf_test returned PF_DROP", interface="em0"),
            journey(("ip_input", 0), outcome="dropped: freed by ip_tryforward+0x12"),
            journey(("ip_input", 0), outcome="dropped: no word of a function", interface="em0"),
            journey(("ip_input", 0), outcome="delivered: freed by icmp_input", interface="em1"),
            journey(),
        ]
    )
    assert made.journeys == 5
    assert made.outcomes["dropped", "pf_test returned PF_DROP"] == 1
    assert made.outcomes["", ""] == 1
    assert dict(made.droppers) == {"pf_test": 1, "ip_tryforward": 1, "ip_input": 1}
    assert made.by["interface"] == {"em0": {"dropped": 2}, "em1": {"delivered": 1}}
    assert made.missing == [
        "1 packet without times of hops: in no table of times",
        "4 packets with the time of one hop only: in no table of times",
    ]


def test_where_the_time_went() -> None:
    made = Statistics.of(
        [
            journey(
                ("+ip_input", 100),
                ("pf_test", 300),
                ("-ip_input", 350),
                ("netisr_queue", 400, 1),
                ("ether_input", 5400, 2),
                ("tcp_input", 5500, 2),
                interface="em0",
            )
        ]
    )
    rows = [json.loads(line) for line in json_lines(made)]
    totals = {(row["type"], row["name"]): row["total"] for row in rows if "total" in row}
    assert totals["packet", "from first hop to last"] == 5400
    assert {name: total for (kind, name), total in totals.items() if kind == "stage"} == {
        "ip": 250,
        "firewall": 50,
        "queue": 5000,
        "link": 100,
    }
    assert totals["way", "in em0"] == 5400
    assert totals["place", "ip_input"] == 200
    assert totals["place", "-ip_input"] == 50
    assert totals["pair", "netisr_queue > ether_input"] == 5000
    assert sum(total for (kind, _), total in totals.items() if kind == "pair") == 5400


def test_times_that_go_back_are_left_out_and_said() -> None:
    made = Statistics.of([journey(("a", 100), ("b", 50), ("c", 70))])
    assert made.missing == ["1 time goes back: this step is left out"]
    assert list(made.pairs) == ["b > c"]


def test_as_text() -> None:
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        made = Statistics.of(item for item in read_any(stream) if isinstance(item, Journey))
    lines = list(text_lines(made, 3))
    assert lines[0] == "4 packets"
    text = "\n".join(lines)
    assert "        1  ████████████████████  pf_test" in text
    assert "        2  router  1 delivered, 1 dropped" in text
    assert re.search(r"^  and \d\d more$", text, re.MULTILINE)
    assert all(line.isprintable() for line in lines)
    assert len(text.splitlines()) < 75
    mine = [json.loads(line) for line in json_lines(made)]
    assert {row["type"] for row in mine} == {
        "packets", "outcome", "dropper", "interface", "vnet", "process",
        "packet", "stage", "way", "place", "pair",
    }  # fmt: skip


def test_nothing_and_nothing_timed() -> None:
    assert list(text_lines(Statistics())) == ["0 packets"]
    with (DATA / "mbuf_trace-freebsd-14-epair.pcap").open("rb") as stream:
        made = Statistics.of(item for item in read_any(stream) if isinstance(item, Journey))
    lines = list(text_lines(made))
    assert lines[-1].endswith("without times of hops: in no table of times")


def test_hostile_names_stay_text() -> None:
    evil = "a\x1b[31m\n"
    made = Statistics.of(
        [journey((evil, 0), (evil, 5), outcome=f"dropped: {evil}", interface=evil)] * 2
    )
    for lines in (text_lines(made), against_lines(made, made), json_lines(made)):
        assert all(line.isprintable() for line in lines)


def sample(median: float, dropped: int) -> Statistics:
    return Statistics.of(
        journey(
            ("ip_input", 0),
            ("tcp_input", round(median * (0.9 + index / 500))),
            outcome="dropped: x" if index < dropped else "delivered: y",
        )
        for index in range(100)
    )


def marked(lines: list[str]) -> list[str]:
    return [line.split()[-1] for line in lines if line.lstrip().startswith("*")]


def test_two_side_by_side() -> None:
    one, same, other = sample(1000, 5), sample(1010, 8), sample(2000, 40)
    assert marked(list(against_lines(one, same))) == []
    lines = list(against_lines(one, other))
    assert lines[0] == "100 packets | 100 packets"
    assert {"x", "y", "tcp_input", "last"} <= set(marked(lines))
    assert any("-50 %" in line for line in lines)
    few = Statistics.of([journey(("a", 0), ("b", 10))])
    many = Statistics.of([journey(("a", 0), ("b", 10_000))])
    assert marked(list(against_lines(few, many))) == []  # of one packet each nothing is certain


def test_reasons_are_told_apart_and_rules_are_counted() -> None:
    way = (("ip_input", 0), ("pf_test", 1))
    refused = journey(*way, outcome="dropped: pf_test returned PF_DROP")
    told = replace(refused, reason="refused by a rule of pf", rule="pf rule 3")
    met = journey(*way, outcome="delivered: freed by tcp_input")
    hops = tuple(hop._replace(rule="pf rule 4") for hop in met.hops)
    made = Statistics.of([refused, told, told, replace(met, steps=hops)])
    assert made.outcomes["dropped", "pf_test returned PF_DROP"] == 1
    assert made.outcomes["dropped", "refused by a rule of pf"] == 2
    assert dict(made.droppers) == {"pf_test": 3}
    assert made.by["rule"] == {"pf rule 3": {"dropped": 2}, "pf rule 4": {"delivered": 1}}
    lines = list(ends_lines(made))
    assert [line.split() for line in lines if "pf rule" in line] == [
        ["2", "pf", "rule", "3", "2", "dropped"],
        ["1", "pf", "rule", "4", "1", "delivered"],
    ]
    assert not any("Time" in line for line in lines)
    untimed = Statistics(timed=False)
    untimed.add(met)
    assert not len(untimed.durations)
    assert untimed.missing == []


def test_two_side_by_side_as_json() -> None:
    one, other = sample(1000, 5), sample(2000, 40)
    rows = [json.loads(line) for line in against_json(one, other)]
    assert rows[0] == {
        "type": "packets", "count": 100, "missing": [], "other": 100, "other_missing": []
    }  # fmt: skip
    changed = {row.get("reason", row.get("name")) for row in rows if row.get("changed")}
    assert {"x", "y"} <= changed
    place = next(row for row in rows if row["type"] == "place" and row["name"] == "ip_input")
    assert (place["changed"], place["median"] < place["other"]["median"]) == (True, True)
    nothing = [json.loads(line) for line in against_json(one, Statistics())]
    assert {row["other"] for row in nothing if row["type"] in ("packet", "place")} == {None}
    (packet,) = [json.loads(line) for line in against_json(Statistics(), one) if '"packet"' in line]
    assert (packet["count"], packet["other"]["count"]) == (0, 100)


def test_the_median_is_that_of_the_library() -> None:
    values = [5, 1, 9, 3, 7]
    assert spread(*values).quantile(0.5) == statistics.median(values)


def test_journeys_of_one_way_are_counted_each_as_it_ended() -> None:
    """What its sockets and its rule say counts for one journey, what its hops say for all."""
    first = Hop(Place("ip_input", "ip_input"), process="intr[12]", interface="em0")
    second = first._replace(rule="pf rule 1", interface="em1")
    plain = Journey(1, None, (first, second))
    journeys = [
        Journey(1, None, plain.steps, way=plain.way, outcome=outcome, rule=rule, owners=owners)
        for outcome, rule, owners in (
            ("dropped: x", "", ()),
            ("dropped: x", "pf rule 1", ()),
            ("dropped: y", "pf rule 2", ()),
            ("delivered: z", "", (Owner(True, "nc[7]", 0, "", 1), Owner(False, "nc[8]", 0, "", 1))),
            ("delivered: z", "", (Owner(True, "", None, "", 0),)),
        )
    ]
    made = Statistics.of(journeys)
    ended = {"dropped": 3, "delivered": 2}
    assert made.by == {
        "host": {},
        "interface": {"em0": ended, "em1": ended},
        "vnet": {},
        "process": {
            "intr[12]": {"dropped": 3, "delivered": 1},
            "nc[7]": {"delivered": 1},
            "nc[8]": {"delivered": 1},
        },
        "rule": {"pf rule 1": ended, "pf rule 2": {"dropped": 1}},
    }
    assert Statistics.of(journeys).by == made.by
