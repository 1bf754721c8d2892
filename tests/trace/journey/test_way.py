# SPDX-License-Identifier: BSD-2-Clause
"""Ways: shared where journeys go the same one, and never between those that do not."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.trace.journey import codec, kept
from dtkit.trace.journey.codec import encode
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import JOURNEY, Hop, Journey, Place, Step, Way
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views import jsonlines
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.jsonlines import JsonLines
from dtkit.trace.views.perfetto import write_perfetto
from dtkit.trace.views.show import journey_text
from tests.packets import captures
from tests.trace.frames import PACKETS

IN, RULE, OUT = (
    Hop.parse(text)
    for text in (b"net/if.c:4: +ip_input", b"pf.c:9: rule(3, pass)", b"net/if.c:8: -ip_input")
)
PACKET = Snapshot(PACKETS["ethernet"])


def ruled(arguments: str) -> Hop:
    """The firewall's, with other arguments."""
    return RULE._replace(arguments=arguments)


STEPS: dict[str, tuple[Step, ...]] = {
    "a way": (IN, PACKET, RULE, OUT),
    "other arguments": (IN, PACKET, RULE._replace(arguments="4, drop"), OUT),
    "other place": (IN, PACKET, RULE, Hop.parse(b"net/if.c:9: -ip_input")),
    "other order": (PACKET, IN, RULE, OUT),
    "seen twice": (IN, PACKET, RULE, PACKET, OUT),
    "not seen": (IN, RULE, OUT),
    "not left": (IN, PACKET, RULE),
    # Looked at behind the same hops, with other arguments before and behind, or with few of them.
    "between": (IN, PACKET, RULE, OUT, PACKET),
    "other arguments between": (IN, PACKET, ruled("4"), OUT, PACKET),
    "others still": (IN, PACKET, ruled("5"), ruled("6"), OUT, PACKET, ruled("7"), OUT, PACKET),
    "two differ": (
        IN,
        PACKET,
        ruled("8"),
        ruled("6"),
        OUT,
        PACKET,
        ruled("9"),
        OUT,
        PACKET,
    ),
    "long arguments between": (IN, PACKET, ruled("4" * 2000), OUT, PACKET),
    "other arguments in front": (ruled("4"), IN, PACKET, OUT),
    "and others": (ruled("5"), IN, PACKET, OUT),
    "other arguments seen": (IN, PACKET, ruled("4"), PACKET, OUT),
    "other arguments behind": (IN, PACKET, ruled("4"), OUT),
}


def read(*journeys: tuple[Step, ...], times: int = 1) -> list[Journey]:
    """Journeys from a capture that has those steps so many times over."""
    frames = [(1, number, encode(steps)) for number, steps in enumerate(journeys * times)]
    return [one for one in read_any(io.BytesIO(captures.pcap(frames))) if isinstance(one, Journey)]


@pytest.mark.parametrize("name", STEPS)
def test_the_same_way_is_the_same_object(name: str) -> None:
    *_, first, second = read(STEPS[name], times=4)
    assert first.way is second.way
    assert first.steps == STEPS[name]


@pytest.mark.parametrize(
    ("name", "other", "steps"),
    [
        ("a way", "other arguments", (2,)),
        ("between", "other arguments between", (2,)),
        ("others still", "two differ", (2, 6)),
        ("a way", "other place", None),
        ("a way", "other order", None),
        ("a way", "between", None),
    ],
)
def test_what_differs_in_arguments_alone_is_alike(
    name: str, other: str, steps: tuple[int, ...] | None
) -> None:
    one, two = read(STEPS[name], STEPS[other])
    assert (one.way.like, one.way.others) == (None, ())
    if steps is None:
        assert two.way.like is None
    else:
        assert two.way.like is one.way
        assert two.way.others == steps
        assert two.way.depths is one.way.depths


def test_other_ways_are_others() -> None:
    found = read(*STEPS.values(), times=5)
    last = found[-len(STEPS) :]
    assert [one.steps for one in last] == list(STEPS.values())
    assert len({id(one.way) for one in last}) == len(STEPS)


def alone(journey: Journey) -> Journey:
    """The same journey, whose way is nobody else's."""
    return replace(journey)


def all_of(journey: Journey) -> object:
    """All that is told of a journey by its way, and what is made of that."""
    way = journey.way
    told = way.hops, way.depths, way.looks, way.interfaces, way.moments, way.ending, way.duration
    files = []
    for write in (write_snapshots, write_journeys):
        stream = io.BytesIO()
        list(write([journey], stream))
        files.append(stream.getvalue())
    return told, journey.to_dict(), JsonLines().line(journey), journey_text(journey), files


@pytest.mark.parametrize(
    "bound",
    [
        (codec, "_MOST_STEPS"),
        (codec, "_MOST_HOPS"),
        (kept._TEXTS, "most"),
        (kept._LOOKS, "most"),
        (kept._SAID, "most"),
        (kept, "_MOST_ALIKE"),
        (jsonlines, "_MOST"),
        (None, ""),
    ],
    ids=["ways", "hops", "texts", "looks", "said", "alike", "lines", "none"],
)
def test_what_is_told_is_what_a_way_of_its_own_tells(
    bound: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where so little is kept that it is forgotten again and again."""
    if bound[0] is not None:
        monkeypatch.setattr(*bound, 2)
    lines = JsonLines()
    for journey in read(*STEPS.values(), times=5):
        own = alone(journey)
        assert own.way is not journey.way
        assert all_of(own) == all_of(journey)
        assert lines.line(journey) == JsonLines().line(own)


def test_no_more_steps_are_kept_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views keep a text of each step with its way."""
    monkeypatch.setattr(codec, "_MOST_STEPS", 11)
    ways = [(IN, ruled(f"{number}"), OUT) for number in range(100, 140)]
    assert 1 < most_alive(ways) <= 4  # three with nine steps, and the last


def test_nor_more_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many bytes of strings count as a step."""
    monkeypatch.setattr(codec, "_MOST_STEPS", 20)
    few = [(ruled(f"{number}"),) for number in range(100, 140)]
    many = [(ruled(f"{number}" + "x" * 9 * 128),) for number in range(100, 140)]
    assert most_alive(few) > 10
    assert most_alive(many) == 2


def most_alive(ways: Sequence[tuple[Step, ...]]) -> int:
    """How many of them there are at once, at most, while they are read."""
    frames = [(1, number, encode(steps)) for number, steps in enumerate(ways)]
    alive: WeakSet[Way] = WeakSet()
    most = 0
    for journey in read_any(io.BytesIO(captures.pcap(frames))):
        assert isinstance(journey, Journey)
        alive.add(journey.way)
        most = max(most, len(alive))
    return most


@given(st.lists(st.sampled_from(list(STEPS)), max_size=40))
def test_in_any_order(names: list[str]) -> None:
    assert [one.steps for one in read(*(STEPS[name] for name in names))] == [
        STEPS[name] for name in names
    ]


def converted(journey: Journey) -> str:
    """It in a capture."""
    stream = io.BytesIO()
    list(write_snapshots([journey], stream))
    return stream.getvalue().decode("latin-1")


@pytest.mark.parametrize("made", [JsonLines().line, converted], ids=["lines", "capture"])
def test_what_is_forgotten_is_not_taken_for_what_comes_in_its_place(
    made: Callable[[Journey], str],
) -> None:
    """Journeys that come and go have their places in memory one after the other."""
    for number in range(300):
        steps = RULE._replace(arguments=str(number)), IN, PACKET
        assert f"pf.c:9: rule({number})" in made(Journey(1, 5, steps, "mbuf_trace 3"))


def test_other_packets_of_the_same_way_have_changed_otherwise() -> None:
    others = [Snapshot(PACKET.data[:22] + bytes([ttl]) + PACKET.data[23:]) for ttl in (1, 2, 3)]
    found = read(*((IN, PACKET, RULE, other, OUT) for other in others), times=2)
    assert len({id(journey.way) for journey in found[3:]}) == 1
    for ttl, journey in zip((1, 2, 3), found[3:], strict=True):
        stream = io.BytesIO()
        list(write_snapshots([journey], stream))
        assert f"ttl 64 -> {ttl}".encode() in stream.getvalue()


def test_what_became_of_it_is_told_of_each_that_goes_the_same_way() -> None:
    way = Journey(1, 5, STEPS["a way"]).way
    for outcome in ("dropped", "delivered", "freed"):
        journey = Journey(1, 5, STEPS["a way"], "mbuf_trace 3", None, outcome, way=way)
        assert f"\noutcome: {outcome}" in converted(journey)
        assert f'"outcome": "{outcome}"' in JsonLines().line(journey)


@pytest.mark.parametrize("text", ["f%d(%s)", "%d%s"], ids=["arguments", "label"])
@pytest.mark.parametrize("made", [JsonLines().line, converted], ids=["lines", "capture"])
def test_what_is_long_is_not_kept(made: Callable[[Journey], str], text: str) -> None:
    """A string has up to 64 KiB, and thousands of hops and places are kept."""
    # Twelve megabytes, in more than one form each.
    frames = (
        (1, number, encode((Hop.parse((text % (number, "x" * 40_000)).encode()), PACKET)))
        for number in range(300)
    )
    data = io.BytesIO(captures.pcap(frames))
    tracemalloc.start()
    try:
        for journey in read_any(data):
            assert isinstance(journey, Journey)
            made(journey)
        assert tracemalloc.get_traced_memory()[0] < 2 << 20
    finally:
        tracemalloc.stop()


def drawn(journey: Journey) -> str:
    """It in Perfetto's form."""
    stream = io.BytesIO()
    list(write_perfetto([journey], stream))
    return stream.getvalue().decode()


@pytest.mark.parametrize("made", [JsonLines().line, converted, drawn, journey_text])
def test_nothing_of_a_way_holds_itself(made: Callable[[Journey], str]) -> None:
    """A circle of objects would wait for Python to look for it, which our commands have it do
    seldom: memory would grow with the capture."""
    gc.disable()
    try:
        for _ in range(2):  # the first makes what is made once
            gc.collect()
            assert made(Journey(1, 5, STEPS["seen twice"], "mbuf_trace 3", None, None))
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_question_is_asked_once() -> None:
    asked = []

    def count(way: Way) -> int:
        asked.append(way)
        return len(way.steps)

    way = Way((IN, None, OUT))
    assert [way.tell(count), way.tell(count)] == [3, 3]
    assert asked == [way]


#: Journeys that differ from the first in one thing that is told of them, by the column's name.
BASE = Journey(1, 5, (Hop(Place("a", "a"), time=5), Hop(Place("b", "b"), time=9)), "path")
OTHERS: dict[str, Callable[[], Journey]] = {
    "form": lambda: replace(BASE, form="kept"),
    "origin": lambda: replace(BASE, origin=7),
    "outcome": lambda: replace(BASE, outcome="dropped"),
    "reason": lambda: replace(BASE, reason="no route"),
    "source": lambda: replace(BASE, source="ip_output"),
    "rule": lambda: replace(BASE, rule="pf 3"),
    "advice": lambda: replace(BASE, advice="look there"),
    "notes": lambda: replace(BASE, notes=("incomplete",)),
    "sockets": lambda: replace(BASE, owners=(Owner(True, "nc[4]", 0, "", 1),)),
    "duration": lambda: replace(BASE, steps=(BASE.hops[0], BASE.hops[1]._replace(time=10))),
}


def test_all_that_is_told_can_differ() -> None:
    assert {"journey", "time", *OTHERS} == set(JOURNEY.names)


@pytest.mark.parametrize("column", OTHERS)
def test_journeys_that_differ_are_not_alike(column: str) -> None:
    other = OTHERS[column]()
    assert other.alike != BASE.alike
    assert replace(BASE, number=2, time=6).alike == BASE.alike
    lines = JsonLines()
    assert lines.line(BASE) != lines.line(other) == JsonLines().line(other)
