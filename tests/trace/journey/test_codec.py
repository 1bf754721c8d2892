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
from dtkit.trace.journey.codec import LINKTYPE, Generation, Order, encode, read_frame, read_journeys
from dtkit.trace.journey.model import Hop, Journey, Step
from dtkit.trace.journey.snapshot import Snapshot
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
        f"frame 2: cut to 60 of {len(whole)} bytes, claims 6 records, 1 are whole: the others "
        "left out",
        f"frame 3: cut to {len(whole)} of {len(whole) + 9} bytes",
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
        ([Snapshot(b"")], 1, "cannot tell an empty packet"),
        ([Snapshot(b"x"), Hop.parse(b"y")], 1, "one packet, at the end"),
        ([Snapshot(bytes(65536))], 3, "a record of 65536 bytes"),
        ([Hop.parse(b"x" * 65535)], 3, "a record of 65536 bytes"),
        ([Hop.parse(b"")] * 65536, 2, "65536 records"),
    ],
)
def test_what_a_generation_cannot_say(
    steps: list[Step], generation: Generation, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
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
