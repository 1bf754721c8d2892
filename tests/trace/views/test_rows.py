# SPDX-License-Identifier: BSD-2-Clause
"""Rows of the report: what journeys share in them is said of each as if it were the only one."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.headers import dissect
from dtkit.trace.journey.model import Hop, HopMoment, Journey, Place
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views import rows
from dtkit.trace.views.links import Links
from dtkit.trace.views.rows import PageRows
from tests.trace.frames import PACKETS, ethernet, ipv4, tcp

DATA = Path(__file__).parents[2] / "data"

#: Alike but for their arguments, their direction, or where and when they were passed.
HOPS = [
    Hop.parse(text)
    for text in (b"ip_input", b"+ip_input", b"-ip_input", b"ip_input(em0)", b"ip_input(em1)")
]
HOPS += [
    HOPS[0]._replace(**more)
    for more in (
        {"interface": "em0", "vnet": "3"},
        {"interface": "em1", "process": "nc[1]", "rule": "pf rule 1"},
        {"host": "a"},
        {"time": 1000, "interface": "em0"},
        {"time": 3000, "thread": 1},
    )
]
HOPS += [Hop(Place.parse(b"net/if.c:4: +f")), Hop(Place.parse(b"<b>&"), "</script>")]

SNAPSHOTS = [
    Snapshot(ethernet(ipv4(tcp(b"x", source=4)))),
    Snapshot(ethernet(ipv4(tcp(b"x", source=5)))),
    Snapshot(PACKETS["ipv6"]),
    Snapshot(b"", length=9),
]

#: What journeys of one way can differ in.
OTHER: list[dict[str, Any]] = [
    {},
    {"number": 2},
    {"time": None},
    {"time": 2**60},
    {"form": "path"},
    {"origin": 4},
    {"notes": ("<!--",)},
    {"outcome": "dropped: ip_input: bad checksum", "reason": "bad checksum"},
    {"outcome": "delivered: freed by udp_input", "rule": "pf rule 2"},
    {"owners": (Owner(True, "", None, "b", 0),)},
    {"owners": (Owner(False, "sshd[7]", 22, "", 1),)},
]


def apart(journey: Journey) -> Journey:
    """The same, of objects of its own; what is one object in it is one in that, too."""
    own = {id(step): step._replace() for step in journey.steps}
    return replace(journey, steps=tuple(own[id(step)] for step in journey.steps))


def page(journeys: list[Journey]) -> list[str]:
    """All that a page has of *journeys*."""
    made = PageRows(Links())
    return [*map(made.row, journeys), made.tables(), made.drawing()]


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([*HOPS, *SNAPSHOTS]), max_size=6),
            st.lists(st.sampled_from(OTHER), min_size=1, max_size=4),
        ),
        max_size=4,
    ),
    st.randoms(use_true_random=False),
    st.sampled_from([1, 2, 16_384]),
)
def test_what_is_shared_is_said_of_each(
    ways: list[tuple[list[Any], list[dict[str, Any]]]], order: Any, most: int
) -> None:
    journeys = []
    for steps, others in ways:
        way = Journey(1, 5, tuple(steps)).way
        for other in others:
            fields: dict[str, Any] = {"number": 1, "time": 5, **other}
            journeys.append(Journey(steps=tuple(steps), way=way, **fields))
    order.shuffle(journeys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_MOST", most)
        shared = page(journeys)
    assert shared == page([apart(journey) for journey in journeys])


def captured(name: str) -> list[Journey]:
    with (DATA / name).open("rb") as stream:
        return [item for item in read_any(stream) if isinstance(item, Journey)]


@pytest.mark.parametrize("name", ["mbuf_trace-freebsd-15.1-epair.pcap", "path-epair-pf.txt"])
def test_a_capture_says_the_same_with_and_without_sharing(name: str) -> None:
    journeys = captured(name)
    assert page(journeys) == page([apart(journey) for journey in journeys])


@pytest.mark.parametrize(
    "name",
    ["mbuf_trace-freebsd-15.1-epair.pcap", "path-15.1.txt", "path-sockets-15.1.txt"],
)
def test_rows_say_what_journeys_do(name: str) -> None:
    made = PageRows(Links())
    journeys = captured(name)
    said = [json.loads(made.row(journey)) for journey in journeys]
    tables = json.loads(made.tables())
    places, words, names = tables["places"], tables["words"], tables["names"]
    label = tables["columns"]["place"].index("label")
    for journey, row in zip(journeys, said, strict=True):
        told = dict(zip(tables["columns"]["journey"], row, strict=True))
        summary = ""
        for moment, step in zip(journey.moments(), told["steps"], strict=True):
            kind = "hop" if isinstance(moment, HopMoment) else "snapshot"
            one = dict(zip(tables["columns"][kind], step, strict=False))
            assert one["kind"] == ("hop", "snapshot").index(kind)
            assert one["depth"] == moment.depth
            if isinstance(moment, HopMoment):
                hop = moment.step
                assert places[one["place"]][label] == hop.place.label
                assert hop.arguments == (
                    None if one.get("arguments") is None else words[one["arguments"]]
                )
                assert hop.time == (
                    None if one.get("time") is None else one["time"] + int(told["start"])
                )
                continue
            parts = iter(one["parts"])
            assert base64.b64decode(one["data"]) == moment.step.data
            assert [(names[at], size) for at, size in zip(parts, parts, strict=True)] == [
                (part.name, part.size) for part in dissect(moment.step.data, moment.step.linktype)
            ]
            summary = one["summary"] or summary
            assert summary == moment.step.summary
            assert one["changes"] == (
                None
                if moment.changes is None
                else [
                    moment.changes.lines,
                    [[bit.at, bit.width, bit.to, bit.grown] for bit in moment.changes],
                ]
            )
            assert one["offloads"] == list(moment.step.offloads)
        assert told["headline"] == journey.headline
        assert told["outcome"] == journey.outcome


def test_times_are_told_from_the_start_of_each_journey_of_a_way() -> None:
    hop = HOPS[0]._replace(time=1000)
    way = Journey(1, None, (hop,)).way
    made = PageRows(Links())
    time = rows._COLUMNS["hop"].index("time")
    for start, since in ((None, 0), (400, 600), (1000, 0), (1, 999)):
        row = json.loads(made.row(Journey(1, start, (hop,), way=way)))
        assert row[-1][0][time] == since


def test_a_hop_is_not_taken_for_one_that_is_gone() -> None:
    """Which had its identity."""
    made = PageRows(Links())
    arguments = rows._COLUMNS["hop"].index("arguments")
    said = []
    for number in range(100):
        journey = Journey(number, None, (Hop.parse(b"f(%d)" % number),))
        (hop,) = json.loads(made.row(journey))[-1]
        said.append(hop[arguments])
        del journey
    words = json.loads(made.tables())["words"]
    assert [words[index] for index in said] == [str(number) for number in range(100)]


def test_two_pages_have_each_their_own_tables() -> None:
    """Though the way is the same object."""
    first, second = HOPS[3], HOPS[4]
    one, two = Journey(1, None, (first,)), Journey(2, None, (second,))
    page([two, one])
    assert page([one, two]) == page([apart(one), apart(two)])
