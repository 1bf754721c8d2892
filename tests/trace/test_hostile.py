# SPDX-License-Identifier: BSD-2-Clause
"""Whatever a capture holds, everything that shows or writes its journeys says it and goes on."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from dtkit.oddity import Oddity
from dtkit.packets.capture import read_capture
from dtkit.trace.journey.codec import read_journeys
from dtkit.trace.journey.model import Journey
from dtkit.trace.views.convert import write_journeys, write_snapshots
from dtkit.trace.views.drawing import dot, mermaid
from dtkit.trace.views.graph import Graph
from dtkit.trace.views.links import Links
from dtkit.trace.views.report import write_report
from dtkit.trace.views.show import journey_text
from dtkit.trace.views.svg import svg
from dtkit.trace.views.tables import write_jsonl, write_parquet
from tests.packets import captures
from tests.trace.frames import PACKETS, Note, edited, frame

notes = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=12)
    | st.sampled_from(list(PACKETS.values()))
    | edited().map(lambda pair: pair[1])
    | st.sampled_from(["a/f.c:999999999: +x(\u202e)", "</script>:1: <b>", '"\\:2: "\\', "+", "-"]),
    max_size=6,
)


@st.composite
def hostile_captures(draw: st.DrawFn) -> bytes:
    """A capture of frames that lie, in a file that may lie as well."""
    frames = []
    for _ in range(draw(st.integers(0, 3))):
        made: list[Note] = draw(notes)
        data = bytearray(frame(draw(st.sampled_from([2, 3])), made))
        for _ in range(draw(st.integers(0, 2))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        frames.append(bytes(data))
    if draw(st.booleans()):
        return captures.pcap(frames)[: draw(st.integers(0, 2000))]
    resolution = draw(st.integers(0, 255))
    units = draw(st.integers(0, 2**64 - 1))
    blocks = [captures.enhanced(data, units, opts=[(1, b"x")]) for data in frames]
    return b"".join(
        [captures.section(), captures.interface(opts=[(9, bytes([resolution]))]), *blocks]
    )


def journeys(capture: bytes) -> list[Journey]:
    items = read_journeys(read_capture(io.BytesIO(capture)))
    return [item for item in items if not isinstance(item, Oddity)]


@given(hostile_captures())
def test_text_json_and_captures(capture: bytes) -> None:
    read = journeys(capture)
    for journey in read:
        # Nothing that a terminal obeys: no escape, no carriage return, no bidi mark.
        assert all(line.isprintable() for line in journey_text(journey).split("\n"))
        json.dumps(journey.to_dict(), ensure_ascii=False).encode()
    stream = io.BytesIO()
    write_jsonl(read, stream)
    for line in stream.getvalue().splitlines():
        json.loads(line)
    for write in (write_snapshots, write_journeys):
        stream = io.BytesIO()
        packets = sum(write(read, stream))
        again = list(read_capture(io.BytesIO(stream.getvalue())))
        assert len(again) == packets
        assert not [item for item in again if isinstance(item, Oddity)]


@given(hostile_captures())
def test_graphs_and_pages(capture: bytes) -> None:
    read = journeys(capture)
    graph = Graph.of(read)
    ET.fromstring(svg(graph, "t"))
    dot(graph).encode()
    mermaid(graph).encode()
    page = io.StringIO()
    write_report(read, page, "t", Links("https://x.example/{path}#{line}"))
    text = page.getvalue()
    text.encode()
    assert len(re.findall("<script", text)) == len(re.findall("</script>", text)) == 3


@settings(max_examples=15)
@given(hostile_captures())
def test_parquet(capture: bytes) -> None:
    read = journeys(capture)
    with TemporaryDirectory() as folder:
        write_parquet(read, Path(folder))
        assert pq.read_table(Path(folder, "hops.parquet")).num_rows == sum(
            len(journey.hops) for journey in read
        )
