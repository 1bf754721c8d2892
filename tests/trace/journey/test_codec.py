# SPDX-License-Identifier: BSD-2-Clause
"""The codec: three generations, both byte orders, and whatever a capture may hold instead."""

from __future__ import annotations

import io
import struct
from typing import Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.packets.capture import Frame, read_capture
from dtkit.trace.journey import codec
from dtkit.trace.journey.codec import (
    LINKTYPE,
    FrameRecord,
    Generation,
    Order,
    Reading,
    encode,
    read_frame,
    read_journeys,
)
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.journey.way import Way
from dtkit.trace.views.show import journey_text
from tests.packets import captures
from tests.trace.frames import PACKETS, Note, edited, frame

WAY: list[Note] = [
    "net/if.c:42: +ether_input",
    PACKETS["ethernet"],
    "netinet/ip_input.c:7: +ip_input(em0, 3)",
    "dropped: no route",
    PACKETS["ip"],
    "netinet/ip_input.c:9: -ip_input",
]
STRINGS = [note for note in WAY if isinstance(note, str)]


def read(
    *frames: bytes, generation: Generation | None = None, linktype: int = LINKTYPE
) -> tuple[list[Journey], list[str]]:
    capture = io.BytesIO(captures.pcap(frames, linktype=linktype))
    items = list(read_journeys(read_capture(capture), generation))
    return (
        [item for item in items if isinstance(item, Journey)],
        [str(item) for item in items if isinstance(item, Oddity)],
    )


def notes(journey: Journey) -> list[Note]:
    return [step.text if isinstance(step, Hop) else step.data for step in journey]


@pytest.mark.parametrize("order", [">", "<"], ids=["big-endian", "little-endian"])
@pytest.mark.parametrize("generation", [2, 3])
def test_generations_2_and_3(generation: int, order: str) -> None:
    # The second frame of a shape takes another way through the reader than the first.
    data = frame(generation, WAY, order)
    journeys, odd = read(data, data)
    little = " little-endian" if order == "<" else ""
    for journey in journeys:
        assert notes(journey) == WAY
        assert journey.form == f"mbuf_trace {generation}{little}"
    assert [journey.number for journey in journeys] == [1, 2]
    assert [journey.time for journey in journeys] == [0, 10**9]
    assert odd == []


@pytest.mark.parametrize("order", [">", "<"], ids=["big-endian", "little-endian"])
@pytest.mark.parametrize("packet", [PACKETS["ethernet"], b""], ids=["packet", "no packet"])
def test_generation_1(order: str, packet: bytes) -> None:
    (journey,), odd = read(frame(1, list(STRINGS), order, packet))
    assert notes(journey) == [*STRINGS, *filter(None, [packet])]
    assert journey.form == "mbuf_trace 1" + (" little-endian" if order == "<" else "")
    assert odd == []


def test_the_parts_of_a_string() -> None:
    (journey,), _ = read(frame(3, [*WAY, "/usr/src/sys/net/if.c:17"]))
    first, second, third, fourth, fifth = journey.hops
    assert (first.place.file, first.place.line, first.place.label) == (
        "net/if.c",
        42,
        "ether_input",
    )
    assert (first.place.direction, first.arguments) == ("+", None)
    assert (second.place.label, second.arguments) == ("ip_input", "em0, 3")
    assert (third.place.file, third.place.line, third.place.label) == (
        None,
        None,
        "dropped: no route",
    )
    assert (fourth.place.direction, fourth.place.line) == ("-", 9)
    assert (fifth.place.path, fifth.place.line, fifth.place.label) == ("net/if.c", 17, "")


def test_mixed_generations_in_one_capture() -> None:
    journeys, odd = read(
        frame(3, WAY), frame(1, list(STRINGS), packet=PACKETS["ip"]), frame(2, WAY), frame(3, WAY)
    )
    assert [journey.form[-1] for journey in journeys] == ["3", "1", "2", "3"]
    assert odd == []


@pytest.mark.parametrize(
    ("payload", "generation"),
    [
        (b"net/if.c:1: x\0", 3),
        (b"no NUL", 3),
        (b"\0", 3),
        (b"", 3),
        (b"a\nb\0", 2),
        (b"a\0b\0", 2),
        (PACKETS["ip"], 2),
    ],
)
def test_types_1_alone_are_told_by_their_payload(payload: bytes, generation: int) -> None:
    data = struct.pack(">HHH", 1, len(payload), 1) + payload
    assert read_frame(data).generation == generation
    # Also where a frame of the same lengths was of the other generation.
    other = struct.pack(">HHH", 1, len(payload), 1)
    for before in (b"\x01" * len(payload), b"x" * len(payload)):
        if payload:
            journeys, _ = read(other + before, data, data)
            assert [journey.form[-1] for journey in journeys[1:]] == [str(generation)] * 2


@pytest.mark.parametrize("forced", [1, 2, 3])
def test_a_generation_can_be_forced(forced: Generation) -> None:
    data = struct.pack(">HHH", 1, 4, 1) + b"abc\0"
    (first, second), odd = read(data, data, generation=forced)
    assert first.form == f"mbuf_trace {forced}"
    assert notes(first) == notes(second)
    assert notes(first) == {2: [b"abc\0"], 3: ["abc"], 1: ["\0\x01ab", b"c\0"]}[forced]
    assert len(odd) == (0 if forced != 1 else 2)  # a NUL in the middle, in each


BIG = frame(3, ["x"] * 65535)


@pytest.mark.parametrize(
    ("data", "kept", "odd"),
    [
        (b"", [], ["too short for a count of records: nothing to read"]),
        (b"\0", [], ["too short for a count of records: nothing to read"]),
        (b"\0\0", [], []),
        (
            frame(3, WAY)[:-3],
            WAY[1:],
            ["claims 6 records, 5 are whole: the others left out"],
        ),
        (
            frame(3, WAY)[:31],
            [],
            ["claims 6 records, 0 are whole: the others left out"],
        ),
        (
            b"\0\x09" + frame(3, WAY)[2:],
            WAY,
            ["claims 9 records, 6 are whole: the others left out"],
        ),
        (frame(3, WAY) + b"trail", WAY, ["5 bytes behind the last record: left out"]),
        (
            struct.pack(">HHHHH", 2, 0, 7, 2, 1) + b"x\0",
            ["x"],
            ["record 1 has type 7, which is none: left out"],
        ),
        (
            struct.pack(">HHHHH", 2, 0, 0, 2, 3) + b"x\0",
            ["x", b""],
            ["record 1 has type 0 of generation 3: read as packet bytes"],
        ),
        (frame(3, ["a\0b", b""]), ["a\0b", b""], ["a NUL in the middle of a string: 'a\\\\x00b'"]),
        (
            struct.pack(">HHHHH", 2, 0, 0, 3, 1) + b"a\xff\0",
            ["a\udcff", b""],
            ["a string that is no UTF-8: 'a\\\\xff'"],
        ),
        (BIG, ["x"] * 65535, []),
    ],
)
def test_bad_frames_are_named_once_and_what_is_whole_is_kept(
    data: bytes, kept: list[Note], odd: list[str]
) -> None:
    good = frame(3, WAY)
    journeys, oddities = read(good, data, good)
    assert notes(journeys[0]) == notes(journeys[2]) == WAY
    assert notes(journeys[1]) == kept
    assert oddities == [f"frame 2: {text}" for text in odd]


def test_a_frame_cut_by_the_snapshot_length_says_so() -> None:
    whole = frame(3, WAY)
    items = [
        Frame(1, 0, whole, len(whole), LINKTYPE),
        Frame(2, 0, whole[:60], len(whole), LINKTYPE),
        Frame(3, 0, whole, len(whole) + 9, LINKTYPE),
    ]
    odd = [str(item) for item in read_journeys(items) if isinstance(item, Oddity)]
    assert odd == [
        f"frame 2: cut to 60 of {len(whole)} bytes, claims 6 records, 1 is whole: the others "
        "left out",
        f"frame 3: cut to {len(whole)} of {len(whole) + 9} bytes",
    ]
    strange = typed((7, b"x"), (8, b"y"))
    found = list(read_journeys([Frame(1, 0, strange, 99, LINKTYPE)], 3))
    assert [str(item) for item in found if isinstance(item, Oddity)] == [
        "frame 1: cut to 12 of 99 bytes, record 1 has type 7, which is none: left out",
        "frame 1: record 2 has type 8, which is none: left out",
    ]


def test_other_link_types_are_named_and_left_out() -> None:
    journeys, odd = read(frame(3, WAY), linktype=1)
    assert journeys == []
    said = "frame 1: link type 1 is not mbuf_trace's 147: left out"
    assert odd == [said]
    items = [Frame(number, 0, b"", 0, linktype) for number, linktype in enumerate((1, 1, 9, 1), 1)]
    assert [str(item) for item in read_journeys(items)] == [
        said,
        "frame 3: link type 9 is not mbuf_trace's 147: left out",
        "3 frames in all are of link type 1",
    ]
    *_, last = read_journeys(items[:2])
    assert last == Oddity("frame", 0, "2 frames in all are of link type 1")


@pytest.mark.parametrize("forced", [None, 2, 3])
def test_a_strange_string_is_named_in_each_frame_that_has_it(forced: Generation | None) -> None:
    """Also where all else in the frame is known: what is strange is never taken for granted."""
    kinds: list[tuple[bytes, str]] = [
        (b"a\0b\0", "a NUL in the middle of a string: 'a\\\\x00b'"),
        (b"\xff\0", "a string that is no UTF-8: '\\\\xff'"),
        (b"\xff\0\0", "a NUL in the middle of a string: '\\\\xff\\\\x00'"),
        (b"f(a\0b)\0", "a NUL in the middle of a string: 'f(a\\\\x00b)'"),
    ]
    string = {None: 1, 2: 3, 3: 1}[forced]
    for payload, said in kinds:
        records = struct.pack(">HH", len(payload), string) + payload
        records += struct.pack(">HH", 2, string) + b"x\0"
        data = struct.pack(">HHH", 3, 1, {None: 0, 2: 1, 3: 0}[forced]) + b"E" + records
        journeys, odd = read(data, data, data, generation=forced)
        assert [one for one in odd if "NUL" in one or said in one] == [
            f"frame {number}: {said}" for number in (1, 2, 3)
        ], payload
        assert {tuple(map(str, notes(journey))) for journey in journeys} == {
            tuple(map(str, notes(journeys[0])))
        }


HEAD = b"\0\2" + b"\0\1\0\0E"
READINGS: dict[str, tuple[bytes, Generation | None, Reading]] = {
    "nothing": (b"", None, Reading(3, ">", None, (), 0, 0)),
    "a byte": (b"\0", None, Reading(3, ">", None, (), 1, 0)),
    "a byte of 2": (b"\0", 2, Reading(2, ">", None, (), 1, 0)),
    "no records": (b"\0\0", None, Reading(3, ">", 0, (), 0, 0)),
    "two records": (
        HEAD + b"\0\2\0\1x\0",
        None,
        Reading(
            *(3, ">", 2, (FrameRecord("packet", 0, 6, b"E"), FrameRecord("string", 1, 11, b"x\0"))),
            *(0, 0),
        ),
    ),
    "bytes behind": (
        HEAD.replace(b"\2", b"\1") + b"abc",
        3,
        Reading(3, ">", 1, (FrameRecord("packet", 0, 6, b"E"),), 3, 0),
    ),
    "a header that is cut": (
        HEAD + b"\0\2\0",
        3,
        Reading(3, ">", 2, (FrameRecord("packet", 0, 6, b"E"),), 0, 1),
    ),
    "a record that is cut": (
        HEAD + b"\0\5\0\1xy",
        3,
        Reading(3, ">", 2, (FrameRecord("packet", 0, 6, b"E"),), 0, 3),
    ),
    "strings and a packet": (
        b"\0\2\0\2x\0\0\3ab\0IP",
        1,
        Reading(
            *(1, ">", 2),
            (
                FrameRecord("string", None, 4, b"x\0"),
                FrameRecord("string", None, 8, b"ab\0"),
                FrameRecord("packet", None, 11, b"IP"),
            ),
            *(0, 0),
        ),
    ),
    "an empty string at the end": (
        b"\0\1\0\0",
        1,
        Reading(1, ">", 1, (FrameRecord("string", None, 4, b""),), 0, 0),
    ),
    "a string of one byte": (
        b"\0\1\0\1\0",
        1,
        Reading(1, ">", 1, (FrameRecord("string", None, 4, b"\0"),), 0, 0),
    ),
    # Where it is not said what a frame is:
    "what is whole fits": (
        b"\1\0\0\0",
        None,
        Reading(1, "<", 1, (FrameRecord("string", None, 4, b""),), 0, 0),
    ),
    "where nothing fits, what finds most": (
        b"\4\5\0\0",
        None,
        Reading(1, ">", 0x405, (FrameRecord("string", None, 4, b""),), 0, 2),
    ),
    "of what is known": (
        b"A\1\0\0\5A",
        None,
        Reading(1, ">", 0x4101, (FrameRecord("string", None, 4, b""),), 0, 0x541),
    ),
    "a length that is cut": (
        b"\0\2\0\2x\0\0",
        1,
        Reading(1, ">", 2, (FrameRecord("string", None, 4, b"x\0"),), 0, 1),
    ),
    "a string that is cut": (
        b"\0\2\0\2x\0\0\5ab",
        1,
        Reading(1, ">", 2, (FrameRecord("string", None, 4, b"x\0"),), 0, 3),
    ),
}


@pytest.mark.parametrize(("data", "generation", "reading"), READINGS.values(), ids=READINGS)
def test_a_frame_taken_apart(data: bytes, generation: Generation | None, reading: Reading) -> None:
    assert read_frame(data, generation) == reading


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"x" * 70 + b"\0y\0", "a NUL in the middle of a string"),
        (b"x" * 70 + b"\xff\0", "a string that is no UTF-8"),
    ],
    ids=["NUL", "UTF-8"],
)
def test_of_a_strange_string_the_beginning_is_shown(payload: bytes, what: str) -> None:
    _, odd = read(typed((1, payload), (0, b"E")))
    assert odd == [f"frame 1: {what}: {'x' * 60!r}"]


@pytest.mark.parametrize(
    ("types", "generation"),
    [((1, 0), 3), ((0,), 3), ((1, 2), 2), ((1, 3), 2), ((2, 0), 2), ((1, 7), 3), ((1, 1), 2)],
    ids=str,
)
def test_the_generation_by_its_types(types: tuple[int, ...], generation: int) -> None:
    """With bytes that are no text: these make it 2 only where all types are 1."""
    records = b"".join(struct.pack(">HH", 2, kind) + b"\x01\x02" for kind in types)
    data = struct.pack(">H", len(types)) + records
    assert read_frame(data).generation == generation
    assert read_frame(b"\0\0").generation == 3


@pytest.mark.parametrize(
    ("forced", "kind", "read_as", "odd"),
    [
        (2, 0, "packet", "type 0 of generation 3: read as packet bytes"),
        (2, 1, "packet", ""),
        (2, 2, "string", ""),
        (2, 3, "string", ""),
        (3, 0, "packet", ""),
        (3, 1, "string", ""),
        (3, 2, "string", "type 2 of generation 2: read as text"),
        (3, 3, "string", "type 3 of generation 2: read as text"),
        (3, 4, "unknown", "type 4, which is none: left out"),
        (2, 4, "unknown", "type 4, which is none: left out"),
    ],
)
def test_types_of_the_other_generation(
    forced: Generation, kind: int, read_as: str, odd: str
) -> None:
    reading = read_frame(struct.pack(">HHH", 1, 2, kind) + b"x\0", forced)
    assert [record.kind for record in reading.records] == [read_as]
    assert reading.oddities == ([f"record 1 has {odd}"] if odd else [])


def test_a_record_of_nothing_at_the_very_end() -> None:
    for data, generation in ((b"\0\1\0\0", 1), (b"\0\1\0\0\0\1", 3)):
        reading = read_frame(data, cast("Generation", generation))
        assert (len(reading.records), reading.missing, reading.trailing) == (1, 0, 0)
        cut = read_frame(data[:-1], cast("Generation", generation))
        assert (len(cut.records), cut.missing) == (0, 1)


def test_one_frame_of_another_link_type_is_not_counted() -> None:
    items = [Frame(1, 0, b"", 0, 1), Frame(2, 0, b"", 0, 9)]
    assert [str(item) for item in read_journeys(items)] == [
        "frame 1: link type 1 is not mbuf_trace's 147: left out",
        "frame 2: link type 9 is not mbuf_trace's 147: left out",
    ]


def test_oddities_of_the_capture_are_handed_on() -> None:
    capture = captures.pcap([frame(3, WAY), frame(3, WAY)])[:-1]
    journey, oddity = read_journeys(read_capture(io.BytesIO(capture)))
    assert isinstance(journey, Journey)
    assert str(oddity).startswith("frame 2: the capture ends")
    data = frame(3, WAY)
    good = Frame(1, 0, data, len(data), LINKTYPE)
    assert [type(one) for one in read_journeys([good, oddity, good])] == [Journey, Oddity, Journey]


# Encoding.

texts = st.binary(max_size=30).map(lambda data: data.decode("utf-8", "surrogateescape"))
places = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "net/if.c:42: ", "/usr/src/sys/netpfil/pf/pf.c:9000: ", "a.c:1:"]),
    st.sampled_from(["", "+", "-"]),
    st.sampled_from(["ip_input", "", "pf_test", "rule 3"]),
    st.sampled_from(["", "()", "(a, b)", " (c)", "(d) "]),
)
hops = (texts | places).map(lambda text: Hop.parse(text.encode("utf-8", "surrogateescape")))
snapshots = (edited().map(lambda pair: pair[1]) | st.binary(max_size=60)).map(Snapshot)


@given(
    st.lists(hops | snapshots, max_size=8),
    st.sampled_from([2, 3]),
    st.sampled_from([">", "<"]),
)
def test_encode_then_decode_is_the_identity(
    steps: list[Step], generation: Literal[2, 3], order: Order
) -> None:
    data = encode(steps, generation, order)
    # The records say all of it when they are read as what they are.
    reading = read_frame(data, generation)
    palindrome = steps and reading.order != order
    if not palindrome:
        (first, second), _ = read(data, data, generation=generation)
        assert list(first) == list(second) == steps
    # Without being told, both 2 and 3 are recognised where their types can tell.
    types = {record.type for record in reading.records}
    if types - {1} and not palindrome:
        assert read_frame(data).generation == generation


@given(st.lists(hops, max_size=8), snapshots, st.sampled_from([">", "<"]))
def test_encode_then_decode_is_the_identity_of_generation_1(
    steps: list[Hop], packet: Snapshot, order: Order
) -> None:
    everything: list[Step] = [*steps, packet] if packet.data else list(steps)
    data = encode(everything, 1, order)
    if read_frame(data, 1).order == order or not steps:
        (journey,), _ = read(data, generation=1)
        assert list(journey) == everything


@given(
    st.lists(places, max_size=6),
    st.sampled_from(list(PACKETS.values())),
    st.sampled_from([1, 2, 3]),
    st.sampled_from([">", "<"]),
)
def test_real_looking_frames_are_recognised(
    strings: list[str], packet: bytes, generation: Generation, order: Order
) -> None:
    packet = packet or PACKETS["ip"]
    way: list[Note] = ["net/if.c:42: +ether_input", *strings]
    if generation == 1:
        data = frame(1, way, order, packet)
    else:
        data = frame(generation, [*way, packet], order)
    reading = read_frame(data)
    assert (reading.generation, reading.order) == (generation, order)


@pytest.mark.parametrize(
    ("steps", "generation", "message"),
    [
        ([Snapshot(b"")], 1, "generation 1 cannot tell an empty packet from none"),
        ([Snapshot(b"x"), Hop.parse(b"y")], 1, "generation 1 has one packet, at the end"),
        ([Snapshot(b"x"), Snapshot(b"y")], 1, "generation 1 has one packet, at the end"),
        ([Snapshot(bytes(65536))], 3, "a record of 65536 bytes: at most 65535"),
        ([Hop.parse(b"x" * 65535)], 3, "a record of 65536 bytes: at most 65535"),
        ([Hop.parse(b"")] * 65536, 2, "65536 records: at most 65535"),
    ],
)
def test_what_a_generation_cannot_say(
    steps: list[Step], generation: Generation, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        encode(steps, generation)


def test_encode_to_the_limits() -> None:
    hop = Hop.parse(b"x")
    assert encode([hop] * 65535) == BIG
    assert encode([hop]) == encode([hop], 3, ">") != encode([hop], 2)
    longest = Hop.parse(b"y" * 65534)
    assert read_frame(encode([longest])).records[0].payload == b"y" * 65534 + b"\0"


# Hostile input.


@given(
    st.lists(st.binary(max_size=60), max_size=4),
    st.sampled_from([None, 1, 2, 3]),
)
def test_any_bytes_never_raise(frames: list[bytes], generation: Generation | None) -> None:
    journeys, _ = read(*frames, *frames, generation=generation)
    assert len(journeys) == 2 * len(frames)
    for journey in journeys:
        journey_text(journey)
        journey.to_dict()
    # A frame is read alike, whatever was read before it.
    for first, second in zip(journeys, journeys[len(frames) :], strict=False):
        assert first.steps == second.steps


@given(
    st.sampled_from([frame(g, WAY, order) for g in (2, 3) for order in "<>"]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    st.integers(0, 500),
)
def test_a_damaged_frame_never_raises_and_is_read_alike_alone(
    data: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    bad = bytes(damaged)[:end]
    (alone,), odd = read(bad)
    journeys, odd_after = read(data, bad)
    assert journeys[1].steps == alone.steps
    assert journeys[1].form == alone.form
    assert [text[9:] for text in odd_after] == [text[9:] for text in odd]


@pytest.mark.parametrize("generation", [2, 3])
def test_strings_that_never_repeat_are_read_alike(generation: Generation) -> None:
    # More than are kept: the reader then looks for what repeats between them.
    ways: list[tuple[Step, ...]] = [
        (
            Hop.parse(b"net/if.c:1: +ether_input"),
            Snapshot(PACKETS["ethernet"]),
            Hop.parse(f"netpfil/pf/pf.c:2: rule({number}, pass)".encode()),
            Hop.parse(b"netinet/ip_input.c:3: -ip_input"),
        )
        for number in range(10_000, 30_000)
    ]
    frames = [
        Frame(number, 0, data := encode(way, generation), len(data), 147, 0, None, ())
        for number, way in enumerate(ways)
    ]
    read = [one.steps for one in read_journeys(frames) if isinstance(one, Journey)]
    assert read == ways


# A frame in which nothing is odd is not taken apart, and strings that were met before are not
# looked at again: that is what makes the reader fast. A frame is read alike either way, so these
# count what is taken apart.


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The frames that were taken apart, and the strings of ways (newest first)."""
    found: list[bytes] = []
    read_way = codec._Ways.__missing__

    def frame_apart(data: bytes, generation: Generation | None = None) -> Reading:
        found.append(data)
        return read_frame(data, generation)

    def way_apart(ways: codec._Ways, strings: bytes) -> Way | None:
        found.append(strings)
        return read_way(ways, strings)

    monkeypatch.setattr(codec, "read_frame", frame_apart)
    monkeypatch.setattr(codec._Ways, "__missing__", way_apart)
    return found


def read_alike(*frames: bytes, generation: Generation | None = None) -> list[Journey]:
    """Journeys of sound frames: together they are read as each alone."""
    journeys, odd = read(*frames, generation=generation)
    assert odd == []
    for journey, data in zip(journeys, frames, strict=True):
        (alone,), _ = read(data, generation=generation)
        assert (journey.steps, journey.form) == (alone.steps, alone.form)
    return journeys


def typed(*records: tuple[int, bytes], count: int | None = None) -> bytes:
    """A frame of *records*, newest first, each a type and a payload."""
    out = struct.pack(">H", len(records) if count is None else count)
    for kind, payload in records:
        out += struct.pack(">HH", len(payload), kind) + payload
    return out


@pytest.mark.parametrize("forced", [False, True], ids=["asked", "forced"])
@pytest.mark.parametrize(
    ("generation", "string", "packet"), [(2, 2, 1), (2, 3, 1), (3, 1, 0)], ids=["2", "2 dyn", "3"]
)
@pytest.mark.parametrize(
    "shape",
    ["p", "s", "sp", "ps", "sps", "spsps", "pp", "pspsp", "ssspsss", "psss"],
)
def test_a_sound_frame_is_not_taken_apart(
    apart: list[bytes], shape: str, generation: Generation, string: int, packet: int, forced: bool
) -> None:
    def build(mark: bytes) -> bytes:
        return typed(
            *(
                (packet, b"\1%d" % at + mark) if kind == "p" else (string, b"f%d" % at + mark)
                for at, kind in enumerate(shape)
            )
        )

    first, second = build(b"a\0"), build(b"b\0")
    ((one, two, three), _) = read(first, second, second, generation=generation if forced else None)
    # Of the second only the strings are new, and of the third nothing.
    assert first not in apart
    assert second not in apart
    assert len(apart) == len(set(apart)) == (2 if "s" in shape else 1)
    newest_first = [b"\1%db\0" % at if kind == "p" else f"f{at}b" for at, kind in enumerate(shape)]
    assert notes(two) == notes(three) == newest_first[::-1]
    assert notes(one) != notes(two)
    assert one.form == two.form


@pytest.mark.parametrize("forced", [2, 3])
@pytest.mark.parametrize("payload", [b"ab\0", b"\1\2\3"], ids=["text", "no text"])
def test_nor_where_it_is_said_what_types_1_are(
    apart: list[bytes], payload: bytes, forced: Generation
) -> None:
    one, two = typed((1, payload)), typed((1, payload[::-1]))
    read(one, two, one, two, generation=forced)
    # A NUL in the middle of a string is said each time.
    again = 1 if forced == 3 and payload == b"ab\0" else 0
    assert [data for data in apart if data in (one, two)] == [two, two][: 2 * again]


@pytest.mark.parametrize("forced", [False, True], ids=["asked", "forced"])
@pytest.mark.parametrize(
    ("first", "second", "generation"),
    [
        ([b"\1\1\1", b"ab\0", b"\2\2"], [b"\3\3\3", b"cd\0", b"\4\4"], 3),
        ([b"ab\0", b"cd\0", b"\1\1"], [b"ef\0", b"\1\1\1", b"\2\2"], 3),
        ([b"\1\1\1", b"\2\2\2", b"ab"], [b"\1\1\1", b"\3\3\3", b"cd"], 3),
        ([b"\1\1\1", b"\2\2\2", b"\3\3"], [b"\4\4\4", b"\2\2\2", b"\3\3"], 2),
    ],
    ids=["text between", "text first", "text last", "no text"],
)
def test_nor_is_one_of_types_1_alone(
    apart: list[bytes],
    first: list[bytes],
    second: list[bytes],
    generation: Generation,
    forced: bool,
) -> None:
    one, two = (typed(*((1, payload) for payload in payloads)) for payloads in (first, second))
    journeys, _ = read(one, two, two, generation=generation if forced else None)
    assert one not in apart
    assert two not in apart
    assert {journey.form[-1] for journey in journeys} == {str(generation)}
    shown: list[Note] = [
        payload if generation == 2 else payload.decode().removesuffix("\0") for payload in second
    ]
    assert [notes(journey) for journey in journeys[1:]] == [shown[::-1]] * 2


def test_nor_is_one_with_a_large_packet(apart: list[bytes]) -> None:
    # More than 32,767 bytes, as TSO makes them.
    first, second = (typed((0, mark * 60_000), (1, b"x\0")) for mark in (b"a", b"b"))
    read_alike(first, second)
    assert first not in apart
    assert second not in apart


def test_a_frame_that_has_more_records_little_endian_is_read_so() -> None:
    """Of 1,024 zeros, big-endian, or of 4 and 255 times none."""
    data = b"\0\1" + b"\4\0\0\0" + bytes(1024)
    (one, two), odd = read(data, data)
    assert odd == []
    assert one.form == two.form == "mbuf_trace 3 little-endian"
    assert one.steps == two.steps
    assert len(one) == 256


#: Frames of one length that are as good as the first.
SOUND = typed((0, b"abcd"), (1, b"efg\0"), (1, b"hij\0"))
OTHERS = {
    "another type": typed((0, b"abcd"), (1, b"efg\0"), (0, b"hij\0")),
    "a packet where a string was": typed((1, b"abc\0"), (1, b"efg\0"), (0, b"hij\0")),
    "other lengths in the run": typed((0, b"abcd"), (1, b"ef\0"), (1, b"ghij\0")),
    "a packet that is longer": typed((0, b"abcde"), (1, b"fg\0"), (1, b"hij\0")),
    "an empty string at the end": typed((0, b"abcd"), (1, b"efghijk\0"), (1, b"")),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_frame_of_the_same_length_is_read_as_what_it_is(other: bytes) -> None:
    assert len(other) == len(SOUND)
    read_alike(SOUND, other, SOUND, other)


WRONG = {
    "a record more than it says": (
        typed((0, b"abcd"), (1, b"e\0"), (1, b"f\0"), (1, b""), count=3),
        "4 bytes behind the last record: left out",
    ),
    "a record less than it says": (
        typed((0, b"abcd"), (1, b"efghijklmno\0"), count=3),
        "claims 3 records, 2 are whole: the others left out",
    ),
    "half a header at the end": (
        typed((0, b"abcd"), (1, b"efghijkl\0"), count=3) + b"\0\1\0",
        "claims 3 records, 2 are whole: the others left out",
    ),
    "a record that reaches behind the end": (
        typed((0, b"abcd"), (1, b"efg\0"), count=3) + b"\0\5\0\1hij\0",
        "claims 3 records, 2 are whole: the others left out",
    ),
    "another count": (
        typed((0, b"abcd"), (1, b"efg\0"), (1, b"hij\0"), count=4),
        "claims 4 records, 3 are whole: the others left out",
    ),
    "a type that is none": (
        typed((0, b"abcd"), (1, b"efg\0"), (9, b"hij\0")),
        "record 3 has type 9, which is none: left out",
    ),
    "a type of the other generation": (
        typed((0, b"abcd"), (1, b"efg\0"), (2, b"hij\0")),
        "record 1 has type 0 of generation 3: read as packet bytes",
    ),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_frame_of_the_same_length_is_named(wrong: bytes, said: str) -> None:
    assert len(wrong) == len(SOUND)
    (_, journey, _), odd = read(SOUND, wrong, SOUND)
    assert odd == [f"frame 2: {said}"]
    (alone,), _ = read(wrong)
    assert journey.steps == alone.steps


def strings(*texts: str) -> bytes:
    """The frame of these strings, newest first, and a packet."""
    return typed((0, b"E"), *((1, text.encode() + b"\0") for text in texts))


@pytest.mark.parametrize(("size", "known"), [(1024, True), (1025, False)])
def test_a_long_string_is_not_kept(size: int, known: bool) -> None:
    data = [strings("x" * (size - 1), end) for end in ("a", "b")]
    one, two = read_alike(*data)
    assert (one.hops[1] is two.hops[1]) is known


def test_the_place_of_strings_with_other_arguments_is_one() -> None:
    journeys, _ = read(*(strings(f"net/pf.c:9: +rule({n})", "x") for n in (1, 22, 333)))
    first, *others = (journey.hops[1] for journey in journeys)
    assert [hop.arguments for hop in (first, *others)] == ["1", "22", "333"]
    assert all(hop.place is first.place for hop in others)


@pytest.mark.parametrize(
    "text",
    ["f(a(b))", "f(a(c))", "f(a", "f(a)b", "f()", "f(\udcff)", "f(a\0b)", "f (a)", "f", "(a)", ""],
)
def test_a_string_with_arguments_is_read_alike_where_its_place_is_known(text: str) -> None:
    data = typed((1, text.encode("utf-8", "surrogateescape") + b"\0"), (0, b"E"))
    known = [strings("f(x)"), strings("f(a(x))"), strings("(x)")]
    *_, journey = read(*known, data)[0]
    assert journey.steps == read(data)[0][0].steps
    assert journey.hops[0] == Hop.parse(text.encode("utf-8", "surrogateescape"))


def test_a_string_that_does_not_end_is_read_alike_where_its_place_is_known() -> None:
    data = typed((1, b"f(a)"), (0, b"E"))
    *_, journey = read(strings("f(x)"), data)[0]
    assert notes(journey)[1:] == ["f(a)"]


def test_no_more_hops_are_kept_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_MOST_HOPS", 4)
    hops = codec._Hops()
    sizes = []
    for number in range(9):
        hops[b"f%d\0" % number]
        sizes.append(len(hops))
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1]
    # Those with arguments are kept with their places.
    hops = codec._Hops()
    sizes = []
    for number in range(9):
        hops[b"f%d(x)\0" % number]
        sizes.append(len(hops))
    assert sizes == [1, 2, 1, 2, 1, 2, 1, 2, 1]
    # Of one place all fit.
    hops = codec._Hops()
    sizes = []
    for number in range(9):
        hops[b"f(%d)\0" % number]
        sizes.append(len(hops))
    assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1]


def test_how_it_ended_is_told_by_its_hops() -> None:
    """In a frame in which nothing is odd, in the next of its strings, and in one that is taken
    apart."""
    sound = frame(3, ["net/if.c:42: +ether_input"])
    strange = frame(3, ["a\0b", "net/if.c:42: +ether_input"])
    found, odd = read(sound, sound, strange)
    assert len(odd) == 1
    assert [one.outcome for one in found] == ["freed: last seen at ether_input"] * 3


def test_a_string_of_a_place_that_is_known_is_itself_from_then_on() -> None:
    """Each in a frame of another shape, so that none is read as the one before was."""
    texts = ["a.c:1: f(1)", "a.c:1: f(2)", "a.c:1: f(2)", "a.c:1: f(2)"]
    frames = [frame(3, [*["x"] * count, text]) for count, text in enumerate(texts)]
    found, odd = read(*frames)
    assert odd == []
    assert [notes(one)[-1] for one in found] == texts
