# SPDX-License-Identifier: BSD-2-Clause
"""
What is kept by the identity of an object is not taken for what another has that gets the same.

Who keeps something by ``id(hop)`` has to hold the hop: else the next one that is made may have its
identity, and is shown as the first was. By chance that is seldom; so here objects are made until
one has an identity that was there before, if there is any to be had.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from dtkit.bounded import Bounded
from dtkit.packets.capture import Frame, read_capture
from dtkit.trace.journey import kept
from dtkit.trace.journey.kept import Alike, parts
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views import convert, graph
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.jsonlines import JsonLines
from dtkit.trace.views.links import Links
from dtkit.trace.views.rows import PageRows
from tests.trace.frames import ipv4, tcp

PACKET = Snapshot(ipv4(tcp(b"x")))

JOURNEYS = 12
#: How many are made to find one with an identity that was there before.
TRIES = 60

Write = Callable[[Iterable[Journey], io.BytesIO], Iterator[int]]
WRITERS: dict[str, Write] = {"snapshots": write_snapshots, "journeys": write_journeys}

#: The objects of a journey that something is kept by.
KEYS: dict[str, Callable[[Journey], object]] = {
    "hop": lambda journey: journey.hops[0],
    "place": lambda journey: journey.hops[0].place,
    "packet": lambda journey: parts(journey)[0][0],
    "packet for all": lambda journey: parts(journey, whole=True)[0][0],
}

TIMES = pytest.mark.parametrize("time", [None, 1_700_000_000_000_000_000], ids=["none", "times"])
#: What is each journey's own, and which object of it gets an identity that was there before.
OWN = pytest.mark.parametrize(
    ("own", "key"), [*(("function", key) for key in KEYS), ("process", "hop")]
)


class Again:
    """
    Makes objects with identities that were there before.

    :param make: an object, of these arguments.
    :param key: what of it is to have such an identity.
    """

    def __init__(self, make: Callable[..., Any], key: Callable[[Any], object]) -> None:
        self._make, self._key = make, key
        self._met: set[int] = set()

    def __call__(self, *of: Any) -> Any:
        spare = []  # what is there keeps its identity from others
        for _ in range(TRIES):
            made = self._make(*of)
            if id(self._key(made)) in self._met:
                break
            spare.append(made)
        self._met.add(id(self._key(made)))
        return made


def journey(number: int, own: str, time: int | None) -> Journey:
    """One that is as the others are, but for its function, or else the process."""
    name = f"f{number}" if own == "function" else "ip_input"
    process = f"f{number}" if own == "process" else None
    hop = Hop(Place(name, name, module="kernel"), time=time, process=process)
    return Journey(number, time, (hop, PACKET), "path")


def ever_new(own: str, key: str, time: int | None) -> Iterator[Journey]:
    """Journeys of which none is there any more when the one behind the next is made."""
    make = Again(lambda number: journey(number, own, time), KEYS[key])
    for number in range(JOURNEYS):
        yield make(number)


def packets(stream: io.BytesIO) -> list[str]:
    """All that a capture says of each packet besides its bytes."""
    frames = list(read_capture(io.BytesIO(stream.getvalue())))
    assert all(isinstance(one, Frame) for one in frames)
    return [
        " ".join([one.interface or "", *one.comments, *map(bytes.decode, one.metadata)])
        for one in frames
        if isinstance(one, Frame)
    ]


def numbers(text: str) -> set[int]:
    """The numbers of the journeys that *text* is of, by what is their own in it."""
    return set(map(int, re.findall(r"\bf(\d+)\b", text)))


def in_page(rows: PageRows) -> Callable[[Journey], str]:
    columns = json.loads(rows.tables())["columns"]["hop"]

    def shown(journey: Journey) -> str:
        hop = dict(zip(columns, json.loads(rows.row(journey))[-1][0], strict=False))
        there = rows.grown(dict.fromkeys(rows.sizes(), 0))
        process = hop.get("process")
        return (
            f"{there['places'][hop['place']]} {'' if process is None else there['words'][process]}"
        )

    return shown


def in_capture(write: Write) -> Callable[[Journey], str]:
    def told(journey: Journey) -> str:
        stream = io.BytesIO()
        list(write([journey], stream))
        (said,) = packets(stream)
        return said

    return told


def drawn(journey: Journey) -> str:
    return " ".join(label for _, label in Graph.of([journey]).nodes)


def tables(owner: object) -> list[str]:
    """The names of the tables in which *owner* keeps something."""
    return [name for name, value in vars(owner).items() if isinstance(value, Bounded)]


def forget(monkeypatch: pytest.MonkeyPatch, owner: object, lasting: str | None) -> None:
    """Have tables keep no more than one thing, but for one table."""
    for name in tables(owner):
        if name != lasting:
            monkeypatch.setattr(owner, name, Bounded(1))


#: Who keeps something, and how it tells of a journey.
VIEWS: dict[str, Callable[[], tuple[object, Callable[[Journey], str]]]] = {
    "json": lambda: (made := JsonLines(), made.line),
    "page": lambda: (rows := PageRows(Links()), in_page(rows)),
    "graph": lambda: (graph, drawn),
    "snapshots": lambda: (kept, in_capture(write_snapshots)),
    "journeys": lambda: (kept, in_capture(write_journeys)),
}


@TIMES
@OWN
@pytest.mark.parametrize(
    ("view", "lasting"), [(view, name) for view in VIEWS for name in tables(VIEWS[view]()[0])]
)
def test_what_comes_and_goes_is_not_taken_for_what_was_there_before(
    view: str, lasting: str, own: str, key: str, time: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table by itself: what the others hold is of no help once they have forgotten it."""
    owner, tell = VIEWS[view]()
    forget(monkeypatch, owner, lasting)
    if own == "process" and view == "graph":
        own = "function"  # which is all that it shows
    for journey in ever_new(own, key, time):
        assert numbers(tell(journey)) == {journey.number}


#: Tables that something is kept in while a capture is written.
LASTING = pytest.mark.parametrize("lasting", ["_met", *tables(kept)])


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch, lasting: str) -> None:
    """All tables but one keep no more than one thing."""
    forget(monkeypatch, kept, lasting)
    for module in (kept, convert):
        if module is kept or lasting != "_met":
            monkeypatch.setattr(module, "Bounded", lambda most: Bounded(1))


@TIMES
@OWN
@LASTING
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.usefixtures("forgetful")
def test_each_packet_of_a_capture_has_what_is_its_own(
    writer: str, own: str, key: str, time: int | None
) -> None:
    stream = io.BytesIO()
    list(WRITERS[writer](ever_new(own, key, time), stream))
    assert [numbers(one) for one in packets(stream)] == [{number} for number in range(JOURNEYS)]


@LASTING
@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.usefixtures("forgetful")
def test_what_is_kept_of_journeys_of_one_way_is_not_mixed_up(
    writer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They differ in what is told of the journey itself, which several tables go by."""
    monkeypatch.setattr(kept, "Alike", Again(Alike, lambda made: made))
    steps = (Hop(Place("ip_input", "ip_input", module="kernel")), PACKET)
    journeys = [Journey(number, None, steps, f"f{number}") for number in range(JOURNEYS)]
    stream = io.BytesIO()
    list(WRITERS[writer](journeys, stream))
    assert [numbers(one) for one in packets(stream)] == [{number} for number in range(JOURNEYS)]
    alone = in_capture(WRITERS[writer])
    for journey in journeys:
        assert numbers(alone(journey)) == {journey.number}
