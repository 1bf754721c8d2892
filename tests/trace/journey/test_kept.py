# SPDX-License-Identifier: BSD-2-Clause
"""Journeys kept in captures and read back, from files that may have gone through other hands."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.packets.header import MbufHeader
from dtkit.packets.linktype import LinkType
from dtkit.packets.metadata import ENTERPRISE, metadata_text
from dtkit.packets.pcapng import PcapngWriter, packet_options
from dtkit.trace.journey import kept as keeping
from dtkit.trace.journey.columns import Table
from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.kept import KEPT_FIELDS, KeptJourneys, journey_row, parts
from dtkit.trace.journey.model import HOP, JOURNEY, SNAPSHOT, Hop, Journey, Place, Step
from dtkit.trace.journey.owner import Owner
from dtkit.trace.journey.schema import packet_schema
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.links import Links
from dtkit.trace.views.perfetto import write_perfetto
from dtkit.trace.views.report import write_report
from dtkit.trace.views.show import lines
from dtkit.trace.views.tables import write_parquet
from tests.trace.frames import PACKETS, ethernet, ipv4, tcp

DATA = Path(__file__).parents[2] / "data"
PACKET = ethernet(ipv4(tcp(b"x", destination=9)))

#: Text as kernels may have it: any bytes, as it was decoded.
TEXT = st.one_of(
    st.sampled_from(["ip_input", "em0", "", "a(b)", 'x"\\y', "\x00\x1b", "<b>"]),
    st.binary(max_size=9).map(lambda data: data.decode("utf-8", "surrogateescape")),
)
NUMBER = st.one_of(st.none(), st.integers(-(2**63), 2**64 - 1))
NAME = st.one_of(st.none(), TEXT.filter(bool))


HEADERS = st.one_of(
    st.none(),
    st.builds(
        MbufHeader,
        NAME,
        NAME,
        NUMBER,
        NAME,
        NUMBER,
        NUMBER,
        NAME,
        NAME,
        NAME,
    ),
)


@st.composite
def hops(draw: st.DrawFn) -> Hop:
    if draw(st.booleans()):
        return Hop.parse(draw(st.binary(max_size=20)))
    label = draw(TEXT)
    direction = draw(st.sampled_from(["+", "-", ""]))
    place = Place(f"{direction}{label}", label, direction, module=draw(NAME))
    if draw(st.booleans()):
        place = Place(draw(TEXT), label, direction, draw(TEXT.filter(bool)), 7, draw(NAME))
    arguments = draw(st.one_of(st.none(), TEXT.filter(bool)))
    time, cpu, thread = draw(NUMBER), draw(NUMBER), draw(NUMBER)
    known = Hop(place, arguments, time, cpu, thread, draw(NAME), draw(NAME), draw(NAME))
    return known._replace(
        rule=draw(NAME), reason=draw(NAME), header=draw(HEADERS), host=draw(NAME)
    )._replace(stack=draw(st.one_of(st.none(), st.lists(TEXT, max_size=2).map(tuple))))


SNAPSHOTS = st.builds(
    Snapshot,
    st.one_of(st.binary(max_size=60), st.sampled_from(list(PACKETS.values()))),
    st.one_of(st.none(), st.sampled_from(LinkType)),
    st.one_of(st.none(), st.integers(1, 2**32 - 1)),
)

OWNERS = st.builds(Owner, st.booleans(), TEXT, NUMBER, TEXT, st.integers(0, 9))

JOURNEYS = st.builds(
    Journey,
    st.integers(1, 2**32),
    NUMBER,
    st.lists(st.one_of(hops(), SNAPSHOTS), max_size=6).map(tuple),
    TEXT,
    st.one_of(st.none(), st.integers(0, 9)),
    TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    st.lists(OWNERS, max_size=2).map(tuple),
)


def kept(*journeys: Journey) -> bytes:
    stream = io.BytesIO()
    list(write_snapshots(journeys, stream))
    return stream.getvalue()


def read(data: bytes) -> list[Journey | Oddity]:
    return list(read_any(io.BytesIO(data)))


@given(st.lists(JOURNEYS, max_size=3, unique_by=lambda journey: journey.number))
def test_a_journey_that_was_kept_and_read_is_equal(journeys: list[Journey]) -> None:
    assert read(kept(*journeys)) == (journeys or [])


@example(Journey(1, None, ()))
@given(JOURNEYS)
def test_what_is_kept_is_what_the_schema_says(journey: Journey) -> None:
    said = jsonschema.Draft202012Validator(packet_schema())
    own, alike = KeptJourneys()(journey)
    for packet, _, steps, rest in parts(journey):
        texts = iter([own, "".join(steps), rest])
        pieces = packet.metadata(alike, '"host":"router","release":"FreeBSD 15.1",')
        metadata = json.loads("".join([next(texts) if one is None else one for one in pieces]))
        said.validate(metadata)
        assert metadata["journey"] == json.loads(metadata_text(journey_row(journey)))


def test_all_that_a_journey_has_is_kept() -> None:
    """A field that is neither told nor known from others would be lost without a word."""
    told: list[tuple[type, str, Table, set[str]]] = [
        (Journey, "", JOURNEY, {"steps", "owners"}),
        (Hop, "step.", HOP, {"place", "header"}),
        (Place, "step.place.", HOP, {"text", "module"}),
        (Snapshot, "step.", SNAPSHOT, {"data", "known"}),
    ]
    for owner, path, table, besides in told:
        names = getattr(owner, "_fields", None) or [one.name for one in fields(owner)]
        paths = {column.path for column in table.columns}
        assert {name for name in names if f"{path}{name}" not in paths} <= besides


@pytest.mark.parametrize("name", sorted(one.name for one in DATA.glob("*.pcap")))
def test_real_captures_come_back(name: str) -> None:
    with (DATA / name).open("rb") as stream:
        journeys = list(read_any(stream))
    assert journeys
    assert read(kept(*(one for one in journeys if isinstance(one, Journey)))) == journeys


@pytest.mark.parametrize("name", ["path-15.1.txt", "path-epair-pf.txt"])
def test_paths_come_back(name: str) -> None:
    with (DATA / name).open("rb") as stream:
        journeys = [one for one in read_any(stream) if isinstance(one, Journey)]
    assert len(journeys) > 2
    assert read(kept(*journeys)) == journeys


def test_many_hops_go_into_packets_of_their_own() -> None:
    """A block of pcapng is read up to 16 MiB by Wireshark, and an option holds 64 KiB."""
    long = tuple(Hop.parse(b"f%d " % number + b"\xff" * 3000) for number in range(400))
    journey = Journey(1, 5, (*long, Snapshot(PACKET), *long), "mbuf_trace 3")
    data = kept(journey)
    assert read(data) == [journey]
    sizes = []
    at = 0
    while at < len(data):
        sizes.append(struct.unpack_from("<I", data, at + 4)[0])
        at += sizes[-1]
    assert len(sizes) > 6
    assert max(sizes) < 4 << 20


A = Hop.parse(b"a")


@example(Journey(1, 5, (A, Snapshot(PACKET), A, Snapshot(PACKET), A), "x"), True, 1)
@example(Journey(1, 5, (A, Snapshot(PACKET), A, Snapshot(PACKET), A), "x"), True, 60)
@example(Journey(1, 5, (A,) * 9, "x"), False, 300)
@given(JOURNEYS, st.booleans(), st.sampled_from([1, 300, 1000]))
def test_what_is_more_than_a_block_holds_is_kept_in_more_of_them(
    journey: Journey, whole: bool, large: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "_LARGE", large)
        stream = io.BytesIO()
        list((write_journeys if whole else write_snapshots)([journey], stream))
        made = parts(journey, whole)
    (back,) = read(stream.getvalue())
    assert isinstance(back, Journey)
    snapshots = [one for one in journey if isinstance(one, Snapshot)]
    if whole and len(snapshots) > 1:
        assert back.hops == journey.hops
        assert [one for one in back if isinstance(one, Snapshot)] == snapshots[:1]
    else:
        assert back == journey
    # Each says where it was seen, and behind how many hops.
    passed = 0
    cut = 0  # how much an earlier part has that was cut behind its steps
    for packet, snapshot, steps, _ in made:
        texts = "".join(steps).partition('"steps":[')[2].partition('{"type":"snapshot"')[0]
        mine = texts.count('{"type":"hop"')
        passed += mine
        assert packet.hop == (passed or None)
        assert packet.hops == len(journey.hops)
        assert (None if packet.at is None else packet.at.step) == (
            journey.hops[passed - 1] if passed else None
        )
        assert mine <= 1 or len(texts) <= large
        assert not cut or cut + len(texts.partition("},{")[0]) >= large
        cut = 0 if snapshot is not None else len(texts)


def test_copies_of_a_capture_that_were_merged_are_two() -> None:
    hop = Hop.parse(b"a")
    journey = Journey(1, 5, (hop, Snapshot(PACKET), hop, Snapshot(PACKET[:40])), "x")
    data = kept(journey)
    assert read(data + data) == [journey, journey]


def test_journeys_of_the_same_number_are_not_mixed_up() -> None:
    journeys = [
        Journey(1, time, (Hop.parse(b"a"), Snapshot(PACKET), Snapshot(PACKET)), "x")
        for time in (5, 6)
    ]
    one, other = (split(kept(journey)) for journey in journeys)
    # Packets of the one between those of the other, as mergecap has them by their times.
    head, packets, others = one[:-2], one[-2:], other[-2:]
    mixed = b"".join([*head, packets[0], others[0], packets[1], others[1]])
    assert sorted(read(mixed), key=str) == sorted(journeys, key=str)


def split(data: bytes) -> list[bytes]:
    """The blocks of a capture."""
    blocks = []
    while data:
        (size,) = struct.unpack_from("<I", data, 4)
        blocks.append(data[:size])
        data = data[size:]
    return blocks


def test_what_is_left_of_a_journey_says_what_is_missing() -> None:
    steps: tuple[Step, ...] = (Hop.parse(b"a"), Snapshot(PACKET)) * 3
    blocks = split(kept(Journey(1, 5, steps, "x")))
    (found,) = read(b"".join([*blocks[:-3], blocks[-2], blocks[-1]]))
    assert isinstance(found, Journey)
    assert found.steps == steps[2:]
    assert found.notes == ("1 of its 3 packets are not in the capture",)


def test_journeys_only_say_what_is_left_out() -> None:
    steps = (Hop.parse(b"a"), Snapshot(PACKET), Hop.parse(b"b"), Snapshot(PACKET), Hop.parse(b"c"))
    stream = io.BytesIO()
    list(write_journeys([Journey(1, 5, steps, "x")], stream))
    (found,) = read(stream.getvalue())
    assert isinstance(found, Journey)
    assert found.steps == (*steps[:3], steps[4])
    assert found.notes == ("1 snapshot is not in the capture",)


def test_a_packet_that_was_cut_since_is_longer_than_its_bytes() -> None:
    """As by editcap -s."""
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.section("", "")
    number = writer.interface("a", 1)
    snapshot = {"type": "snapshot", "linktype": "ETHERNET", "captured": 55}
    metadata = {
        "journey": {"journey": 1},
        "packet": {"packet": 1, "packets": 1, "hops": 0},
        "steps": [snapshot],
    }
    writer.write(number, 5, PACKET[:20], 55, packet_options(metadata=metadata_text(metadata)))
    (found,) = read(stream.getvalue())
    assert isinstance(found, Journey)
    assert found.steps == (Snapshot(PACKET[:20], None, 55),)


# What others put into a file


def forged(*values: bytes, code: int = 2988, enterprise: int = ENTERPRISE) -> bytes:
    """A capture of one packet with custom options."""
    options = b""
    for value in values:
        value = struct.pack("<I", enterprise) + value
        options += struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
    stream = io.BytesIO()
    writer = PcapngWriter(stream)
    writer.section("", "somebody")
    number = writer.interface("fbt:kernel:ip_input:entry", 101)
    writer.write(number, 5, ipv4(tcp(b"x")), 41, options + bytes(4))
    return stream.getvalue()


#: Of a packet that is kept as it is.
ALONE = Journey(
    1,
    5,
    (
        Hop(Place("ip_input", "ip_input", module="kernel"), time=5),
        Snapshot(ipv4(tcp(b"x")), LinkType.RAW),
    ),
    "packet",
)
GOOD: dict[str, Any] = {
    "journey": {"journey": 1},
    "packet": {"packet": 1, "packets": 1, "hops": 1},
    "steps": [{"type": "hop", "label": "x"}, {"type": "snapshot"}],
}


def ours(**changes: Any) -> bytes:
    return b"dtkit/1 " + json.dumps({**GOOD, **changes}).encode()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param(b"dtkit/1 {", "no JSON", id="cut"),
        pytest.param(b"dtkit/1 ", "no JSON", id="empty"),
        pytest.param(b"dtkit/1 \xff\xfe", "no JSON", id="no-utf-8"),
        pytest.param(b"dtkit/1 " + b"[" * 60_000, "no JSON", id="nested"),
        pytest.param(b"dtkit/1 " + b"9" * 60_000, "no JSON", id="number-without-end"),
        pytest.param(b"dtkit/1 [1]", "no object", id="list"),
        pytest.param(b"dtkit/1+ {}", "without a beginning", id="goes-on"),
        pytest.param(b"dtkit/2 {}", "of version 2, and 1 is what", id="newer"),
        pytest.param(b"dtkit/x\x1b {}", "of a version that is none", id="no-version"),
        pytest.param(ours(steps=3), "steps that are no list", id="steps"),
        pytest.param(ours(steps=[3]), "a step that is no object", id="step"),
        pytest.param(ours(steps=[{"type": "x"}]), "a step that is none", id="kind"),
        pytest.param(ours(steps=[{"type": "hop", "cpu": "1"}]), "cpu is no int64", id="cpu"),
        pytest.param(ours(steps=[{"type": "hop", "cpu": True}]), "cpu is no int64", id="bool"),
        pytest.param(ours(steps=[{"type": "hop", "cpu": 1e400}]), "cpu is no int64", id="infinity"),
        pytest.param(ours(steps=[{"type": "hop", "text": []}]), "text is none", id="text"),
        pytest.param(ours(steps=[{"type": "hop", "label": {}}]), "label is no string", id="label"),
        pytest.param(
            ours(steps=[{"type": "snapshot", "known": []}]), "a link type that", id="link-type"
        ),
        pytest.param(ours(steps=[{"type": "snapshot"}] * 2), "a step that is none", id="two"),
        pytest.param(ours(journey=7), "a journey that is no object", id="journey"),
        pytest.param(ours(journey={}), "a journey without journey", id="number"),
        pytest.param(ours(journey={"journey": 1, "notes": [1]}), "notes are no texts", id="notes"),
        pytest.param(
            ours(journey={"journey": 1, "owners": [{"process": 1}]}), "an owner that", id="owner"
        ),
        pytest.param(
            ours(packet={"packet": 3, "packets": 2, "hops": 1}), "its journey has not", id="part"
        ),
        pytest.param(b'dtkit/1 {"type": "packet", "cpu": []}', "cpu is no int64", id="packet"),
    ],
)
def test_forged_metadata_is_named_and_the_packet_kept(value: bytes, said: str) -> None:
    odd, found = read(forged(value))
    assert isinstance(odd, Oddity)
    assert said in str(odd)
    assert str(odd).isprintable()
    assert found == ALONE


def test_metadata_of_ten_megabytes_is_named_and_not_read() -> None:
    piece = b"dtkit/1+ " + b"x" * 60_000
    odd, found = read(forged(b'dtkit/1 {"a": "', *[piece] * 170))
    assert "more than 4194304 bytes" in str(odd)
    assert found == ALONE


def test_what_is_odd_of_many_packets_is_named_once() -> None:
    first, *rest = split(forged(b"dtkit/7 {}"))
    found = read(b"".join([first, *rest, *[rest[-1]] * 4]))
    odd = [str(one) for one in found if isinstance(one, Oddity)]
    what = "metadata of version 7, and 1 is what this dtkit reads: passed over"
    assert odd == [f"frame 1: {what}", f"5 frames in all have {what}"]
    assert sum(isinstance(one, Journey) for one in found) == 5


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(forged(b"theirs", enterprise=9), id="other-enterprise"),
        pytest.param(forged(b"dtkit/1 {}", code=2989), id="bytes"),
        pytest.param(forged(b"dtkit/1 {}", code=19372), id="not-copied"),
    ],
)
def test_options_of_others_are_theirs(data: bytes) -> None:
    (odd,) = read(data)
    assert str(odd) == "frame 1: link type 101 is not mbuf_trace's 147: left out"


def test_forged_words_and_numbers_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    """HTML, escapes and numbers beyond all bounds, through every view of a journey."""
    evil, big = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e", 10**40
    steps = [
        {
            "type": "hop",
            "label": evil,
            "text": evil,
            "time": big,
            "cpu": -big,
            "thread": -5,
            "process": evil,
            "header": {"flags": evil, "fib": big},
        },
        {"type": "hop", "label": evil, "time": -big},
        {"type": "snapshot", "length": big},
    ]
    told = {"journey": big, "time": -big, "outcome": evil, "notes": [evil], "rule": evil}
    (journey,) = read(forged(ours(steps=steps, journey=told)))
    assert isinstance(journey, Journey)
    assert len(journey.steps) == 3
    assert all(str(line).isprintable() for line in lines(journey))
    page = io.StringIO()
    write_report(iter([journey]), page, "title", Links(None, None, None))
    assert "<img src=x" not in page.getvalue()
    json.dumps(journey.to_dict())
    list(write_perfetto([journey], io.BytesIO()))
    write_parquet(iter([journey]), tmp_path)
    # Whoever writes it again has the same.
    assert read(kept(journey)) == [journey]


def test_names_of_what_is_told_are_words() -> None:
    """They are fields of Wireshark and words of comments."""
    names = [name for name, _, _ in KEPT_FIELDS]
    wanted = {"function", "process", "vnet", "interface", "outcome", "latency", "changed", "rule"}
    assert wanted <= set(names)
    assert all(name.isidentifier() for name in names)
    # A hop and its journey may say the same; nothing else has a name twice.
    assert {name for name in names if names.count(name) > 1} == {"rule", "reason"}
