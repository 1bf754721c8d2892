# SPDX-License-Identifier: BSD-2-Clause
"""Traces for Perfetto: by the Trace Event Format, and as far as its viewers rely on it."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dtkit.trace.journey.detect import read_any
from dtkit.trace.journey.model import Hop, Journey, Place
from dtkit.trace.journey.snapshot import Snapshot
from dtkit.trace.views.perfetto import write_perfetto
from tests.trace.frames import ipv4, tcp

DATA = Path(__file__).parents[2] / "data"

NUMBER = {"type": "number", "minimum": 0}
WHOLE = {"type": "integer", "minimum": 0}


def event(phase: str | list[str], **more: Any) -> dict[str, Any]:
    """An event of the Trace Event Format: what it has to have, and has in no other form."""
    phases = [phase] if isinstance(phase, str) else phase
    properties = {"ph": {"enum": phases}, "name": {"type": "string"}, "pid": WHOLE, "tid": WHOLE}
    return {"properties": properties | more, "required": [*properties, *more], "type": "object"}


TEXT = {"type": "string"}
LOCAL = {
    "type": "object",
    "required": ["local"],
    "properties": {"local": {"type": "string", "pattern": "^0x[0-9a-f]+$"}},
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "required": ["traceEvents"],
    "properties": {
        "displayTimeUnit": {"enum": ["ms", "ns"]},
        "otherData": {"type": "object"},
        "traceEvents": {
            "type": "array",
            "items": {
                "oneOf": [
                    event("M", args={"type": "object", "required": ["name"]}),
                    event("X", ts=NUMBER, dur=NUMBER, cat=TEXT),
                    event(["b", "e"], ts=NUMBER, id2=LOCAL, cat=TEXT),
                    event(["s", "t", "f"], ts=NUMBER, id=WHOLE, cat=TEXT, bp={"const": "e"}),
                ]
            },
        },
    },
}


def written(*journeys: Journey) -> list[dict[str, Any]]:
    stream = io.BytesIO()
    list(write_perfetto(journeys, stream))
    trace = json.loads(stream.getvalue())
    jsonschema.Draft202012Validator(SCHEMA).validate(trace)
    events: list[dict[str, Any]] = trace["traceEvents"]
    check(events)
    return events


def track(one: dict[str, Any]) -> str:
    found: str = one["id2"]["local"]
    return found


def check(events: list[dict[str, Any]]) -> None:
    """Slices of a track nest, flows begin and end once and lie on slices, tracks have names."""
    stacks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    named = {(one["pid"], one["tid"]) for one in events if one["name"] == "thread_name"}
    processes = {one["pid"] for one in events if one["name"] == "process_name"}
    marks = {(one["pid"], one["tid"], one["ts"]) for one in events if one["ph"] == "X"}
    flows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for one in events:
        assert one["pid"] in processes
        if one["ph"] == "b":
            assert all(above["ts"] <= one["ts"] for above in stacks[track(one)])
            stacks[track(one)].append(one)
        elif one["ph"] == "e":
            opened = stacks[track(one)].pop()
            assert opened["name"] == one["name"]
            assert opened["ts"] <= one["ts"]
        elif one["ph"] == "X":
            assert (one["pid"], one["tid"]) in named
        elif one["ph"] in "stf":
            flows[one["id"]].append(one)
            assert (one["pid"], one["tid"], one["ts"]) in marks
    assert not any(stacks.values())
    for flow in flows.values():
        assert [one["ph"] for one in flow] == ["s", *["t"] * (len(flow) - 2), "f"]
        assert [one["ts"] for one in flow] == sorted(one["ts"] for one in flow)


def test_a_real_path() -> None:
    with (DATA / "path-epair-pf.txt").open("rb") as stream:
        journeys = [item for item in read_any(stream) if isinstance(item, Journey)]
    events = written(*journeys)
    begun = [one for one in events if one["ph"] == "b"]
    titles = [one for one in begun if one["name"].startswith("#")]
    assert [track(one) for one in titles] == ["0x1", "0x2", "0x3", "0x4"]
    assert titles[3]["args"]["outcome"] == "dropped: pf_test returned PF_DROP"
    assert len(begun) - 4 == sum(len(journey.hops) for journey in journeys)
    names = {one["args"]["name"] for one in events if one["name"] == "process_name"}
    assert names == {"journeys", "vnet host", "vnet router", "vnet bravo"}
    changed = [
        one for one in begun if "ipv4 ttl 64 -> 63" in one.get("args", {}).get("changes", [])
    ]
    assert changed
    assert "ICMP echo request" in changed[0]["args"]["packet"]
    # To the ns: the slices of a journey are as long as it says.
    for journey in journeys:
        mine = f"{journey.number:#x}"
        spans = [one["ts"] for one in events if one["ph"] in "be" and track(one) == mine]
        assert round((max(spans) - min(spans)) * 1000) == journey.duration


def followed(*times: int | None) -> Journey:
    hops = [Hop(Place(f"f{at}", f"f{at}"), None, time) for at, time in enumerate(times)]
    return Journey(1, times[0] if times else None, tuple(hops), "path")


def test_times_that_are_strange() -> None:
    written(followed(5))
    written(followed(100, 50, 70))
    written(followed(None, 3, None, 9))
    written(followed(10**18, 10**18 - 3 * 10**9), followed(10**18 - 10**12))
    assert [one["name"] for one in written(followed(None), followed())] == ["process_name"]


def test_journeys_without_times_are_told() -> None:
    with (DATA / "mbuf_trace-freebsd-14-epair.pcap").open("rb") as stream:
        journeys = [item for item in read_any(stream) if isinstance(item, Journey)]
    assert list(write_perfetto(journeys, io.BytesIO())) == [False] * 15
    assert list(write_perfetto([followed(1, 2)], io.BytesIO())) == [True]


@pytest.mark.parametrize("text", ["</script>\x1b[31m", "\udcff", '"\\'])
def test_hostile_text(text: str) -> None:
    hop = Hop(Place(text, text), text, 5, 0, 1, text, text, text)
    snapshot = Snapshot(ipv4(tcp(b"x")))
    made = Journey(1, 5, (hop, snapshot, hop._replace(time=9)), text, None, text, (text,))
    assert written(made)
