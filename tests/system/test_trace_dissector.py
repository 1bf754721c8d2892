# SPDX-License-Identifier: BSD-2-Clause
"""The Lua dissector in tshark says of any frame what the Python decoder says, field by field."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dtkit.foreign import encoded
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.codec import STRING, FrameRecord, Generation, Reading, read_frame
from dtkit.trace.journey.model import Hop
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.dissector import dissector
from tests.packets import captures
from tests.trace.frames import PACKETS, Note, frame

#: What a dissector says of a frame: names of fields, where they stand, numbers.
Said = list[tuple[str, int, int, str]]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lua") / "mbuf_trace.lua"
    path.write_text(dissector())
    return path


def tshark(script: Path, capture: Path, *options: str) -> str:
    command = ["tshark", "-X", f"lua_script:{script}", "-r", str(capture), *options]
    done = subprocess.run(command, capture_output=True, check=True)
    lines = [line for line in done.stderr.decode().splitlines() if "Running as user" not in line]
    assert lines == []
    return done.stdout.decode("utf-8", "replace")


FIELD = re.compile(
    r'<field name="(mbuf_trace\.[a-z_.]+)"[^\n]*? size="(\d+)" pos="(\d+)" show="([^"]*)"'
)

#: Fields whose value is a number that is to be compared, too.
NUMBERS = {"generation", "little_endian", "count", "length", "type", "line"}


def lua_says(script: Path, capture: Path, *options: str) -> list[Said]:
    pdml = tshark(script, capture, "-Tpdml", *options)
    said = []
    for packet in pdml.split("<packet>")[1:]:
        fields: Said = []
        for name, size, at, show in FIELD.findall(packet):
            short = name.removeprefix("mbuf_trace.")
            if short == "packet.malformed":  # the packet's own dissector gave up, not ours
                continue
            fields.append((short, int(at), int(size), show if short in NUMBERS else ""))
        said.append(sorted(fields))
    return said


def python_says(data: bytes, generation: Generation | None = None) -> Said:
    reading = read_frame(data, generation)
    if reading.count is None:
        return [("short", 0, 0, "")]
    return sorted(_fields(data, reading))


def _fields(data: bytes, reading: Reading) -> Iterator[tuple[str, int, int, str]]:
    little = "1" if reading.order == "<" else "0"
    yield "generation", 0, 0, str(reading.generation)
    yield "little_endian", 0, 0, little
    yield "count", 0, 2, str(reading.count)
    end = 2
    for record in reading.records:
        yield from _record(record, reading.generation)
        end = record.at + len(record.payload)
    if reading.missing:
        yield "truncated", 0, 0, ""
    if reading.trailing:
        yield "trailing_data", end, len(data) - end, ""
        yield "trailing", 0, 0, ""


def _record(record: FrameRecord, generation: Generation) -> Iterator[tuple[str, int, int, str]]:
    size = len(record.payload)
    if generation == 1:
        if record.kind == STRING:
            yield "length", record.at - 2, 2, str(size)
    else:
        yield "length", record.at - 4, 2, str(size)
        yield "type", record.at - 2, 2, str(record.type)
        foreign = record.type == 0 if generation == 2 else record.type in (2, 3)
        if record.kind == "unknown" or foreign:
            yield "type.odd", 0, 0, ""
    if record.kind != STRING:
        if size:
            yield record.kind, record.at, size, ""
        return
    yield "string", record.at, size, ""
    # Where the parts stand follows from what they are: file, colon, line, colon, ...
    text = record.payload.removesuffix(b"\0")
    hop = Hop.parse(text)
    place = hop.place
    label = encoded(place.label)
    head = encoded(place.text)
    assert text.startswith(head)
    if place.file is not None:
        file = encoded(place.file)
        digits = re.match(rb"[0-9]+", text[len(file) + 1 :])
        assert digits is not None
        yield "file", record.at, len(file), ""
        yield "line", record.at + len(file) + 1, len(digits[0]), str(place.line)
    if label:
        yield "label", record.at + len(head) - len(label), len(label), ""
    if place.direction:
        yield "dir", record.at + len(head) - len(label) - 1, 1, ""
    if hop.arguments:
        yield "arguments", record.at + len(head) + 1, len(encoded(hop.arguments)), ""


WAY: list[Note] = [
    "net/if.c:42: +ether_input",
    PACKETS["ethernet"],
    "/usr/src/sys/netinet/ip_input.c:7: +ip_input(em0, (3))",
    "dropped: no route (3)",
    PACKETS["ipv6"],
    b"",
    "netinet/ip_input.c:9",
    "",
    "-ip_input",
]
STRINGS = [note for note in WAY if isinstance(note, str)]
WHOLE = [
    *(frame(generation, WAY, order) for generation in (2, 3) for order in "<>"),
    *(frame(1, list(STRINGS), order, packet) for order in "<>" for packet in PACKETS.values()),
    frame(2, [PACKETS["ip"], PACKETS["ethernet"]]),
    frame(3, list(STRINGS)),
]


def damaged() -> Iterator[bytes]:
    for data in WHOLE[:6]:
        for end in range(0, len(data), 7):
            yield data[:end]
        yield data + b"trailing"
        for at in range(12):
            yield data[:at] + b"\x07" + data[at + 1 :]
    yield b"\xff\xff" + b"\0\0\0\1" * 65535  # as many records as can be


def compare(script: Path, path: Path, frames: list[bytes], *options: str) -> None:
    path.write_bytes(captures.pcap(frames))
    generation: Generation | None = None
    for option in options:
        if option.startswith("mbuf_trace.generation:"):
            generation = {"1": 1, "2": 2, "3": 3}[option[-1]]  # type: ignore[assignment]
    said = lua_says(script, path, *options)
    assert len(said) == len(frames)
    for data, theirs in zip(frames, said, strict=True):
        assert theirs == python_says(data, generation), data.hex()


@pytest.mark.parametrize("forced", [0, 1, 2, 3], ids=["detected", "as 1", "as 2", "as 3"])
def test_whole_and_damaged_frames(script: Path, tmp_path: Path, forced: int) -> None:
    options = ["-o", f"mbuf_trace.generation:{forced}"] if forced else []
    compare(script, tmp_path / "frames.pcap", [*WHOLE, *damaged()], *options)


payloads = (
    st.binary(max_size=40)
    | st.sampled_from(list(PACKETS.values()))
    | st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "a.c:1: ", "a.c:1", "a b.c:1:", "a.c:1234567890: ", ":", "x:7:"]),
        st.sampled_from(["", "+", "-", "+-"]),
        st.sampled_from(["f", "", "f g", "\u00e9", "\0"]),
        st.sampled_from(["", "()", "(a)", " (a)", "(a", "(a)b", "(\n)", "\0", "\0\0"]),
    ).map(str.encode)
)


@st.composite
def any_frame(draw: st.DrawFn) -> bytes:
    """Bytes that look like a frame, more or less."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=40))
    order = draw(st.sampled_from(["big", "little"]))
    typed = draw(st.booleans())
    found = draw(st.lists(payloads, max_size=4))

    def u16(value: int) -> bytes:
        lie = draw(st.integers(0, 19)) == 0
        return (draw(st.integers(0, 0xFFFF)) if lie else value).to_bytes(2, order)  # type: ignore[arg-type]

    out = u16(len(found))
    for payload in found:
        out += u16(len(payload))
        if typed:
            out += u16(draw(st.integers(0, 4)))
        out += payload
    return out + draw(
        st.just(b"") | st.binary(max_size=4) | st.sampled_from(list(PACKETS.values()))
    )


# Starting tshark takes longer than all it does: so one example is a capture of many frames.
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(frames=st.lists(any_frame(), min_size=30, max_size=60), forced=st.integers(0, 3))
def test_any_bytes(script: Path, tmp_path: Path, frames: list[bytes], forced: int) -> None:
    options = ["-o", f"mbuf_trace.generation:{forced}"] if forced else []
    compare(script, tmp_path / "frames.pcap", frames, *options)


def test_packets_go_to_the_dissector_that_python_would_take(script: Path, tmp_path: Path) -> None:
    packets = [*PACKETS.values(), PACKETS["arp"][14:]]
    frames = [frame(3, [data]) for data in packets]
    path = tmp_path / "frames.pcap"
    path.write_bytes(captures.pcap(frames))
    protocols = tshark(script, path, "-Tfields", "-e", "frame.protocols").splitlines()
    for data, line in zip(packets, protocols, strict=True):
        first = line.split(":")[1] if ":" in line else ""
        match Snapshot(data).linktype:
            case LinkType.RAW:
                assert first in ("ip", "ipv6")
            case LinkType.ETHERNET:
                assert first == "eth"
            case LinkType.ARP:
                assert first == "arp"
            case _:
                assert first == ""


def test_filters_and_columns(script: Path, tmp_path: Path) -> None:
    path = tmp_path / "frames.pcap"
    path.write_bytes(captures.pcap([frame(3, WAY), frame(3, ["a.c:1: x", PACKETS["ip"]])]))
    for expression, frames in [
        ('mbuf_trace.file == "net/if.c"', "1"),
        ("mbuf_trace.line == 42", "1"),
        ('mbuf_trace.label == "ip_input"', "1"),
        ('mbuf_trace.dir == "+"', "1"),
        ("mbuf_trace.count == 2", "2"),
        ("mbuf_trace.generation == 3", "1 2"),
        ('mbuf_trace.arguments contains "em0"', "1"),
        ("tcp.dstport == 22", "1 2"),
        ("ipv6", "1"),
        ("mbuf_trace.truncated", ""),
    ]:
        found = tshark(script, path, "-Y", expression, "-Tfields", "-e", "frame.number")
        assert found.split() == frames.split(), expression
    columns = tshark(script, path, "-Tfields", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info")
    first, second = columns.splitlines()
    assert first.startswith("mbuf_trace\t-ip_input ")
    assert second.startswith("mbuf_trace\ta.c:1: x ")
    assert "1234 → 22" in second


def test_what_is_wrong_is_an_expert_info(script: Path, tmp_path: Path) -> None:
    path = tmp_path / "frames.pcap"
    good = frame(3, WAY)
    path.write_bytes(
        captures.section()
        + captures.interface(147)
        + captures.enhanced(good[:-3])
        + captures.enhanced(good + b"xyz")
        + captures.enhanced(good[:40], length=len(good))
        + captures.enhanced(b"\0")
    )
    found = tshark(script, path, "-Tfields", "-e", "_ws.expert.message").splitlines()
    assert "Claims 9 records, 8 are whole" in found[0]
    assert "Bytes behind the last record" in found[1]
    assert "Cut by the snapshot length" in found[2]
    assert "Claims 9 records, 2 are whole" in found[2]
    assert found[3] == "Too short for a count of records"


def test_a_malformed_packet_does_not_hide_what_is_behind_it(script: Path, tmp_path: Path) -> None:
    path = tmp_path / "frames.pcap"
    broken = PACKETS["vxlan"][:20] + b"\xff" * 8
    path.write_bytes(
        captures.pcap([frame(3, ["first", b"\1", broken, PACKETS["rubbish"], "last"])])
    )
    labels = tshark(script, path, "-Tfields", "-e", "mbuf_trace.label")
    assert labels.strip() == "first,last"
