# SPDX-License-Identifier: BSD-2-Clause
"""The journey: places, nesting, its JSON."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtkit.foreign import decoded, encoded, plain, visible
from dtkit.packets.linktype import LinkType
from dtkit.trace.journey.model import Hop, Journey, Place, Step
from dtkit.trace.journey.schema import journey_schema
from dtkit.trace.journey.snapshot import Snapshot
from tests.trace.frames import PACKETS, edited, ipv4, tcp

VALIDATOR = jsonschema.Draft202012Validator(journey_schema())


def journey(*steps: str | bytes, time: int | None = 1_700_000_000_000_000_005) -> Journey:
    made: list[Step] = [
        Hop.parse(step.encode()) if isinstance(step, str) else Snapshot(step) for step in steps
    ]
    return Journey(7, time, tuple(made), "mbuf_trace 3")


@pytest.mark.parametrize(
    ("text", "file", "line", "direction", "label", "arguments"),
    [
        ("net/if.c:42: +ether_input", "net/if.c", 42, "+", "ether_input", None),
        ("net/if.c:42: -f(a, (b))", "net/if.c", 42, "-", "f", "a, (b)"),
        ("net/if.c:42", "net/if.c", 42, "", "", None),
        ("net/if.c:42: ", "net/if.c", 42, "", "", None),
        ("ip_input", None, None, "", "ip_input", None),
        ("rule 3:4: x", None, None, "", "rule 3:4: x", None),
        ("a:1234567890: x", None, None, "", "a:1234567890: x", None),
        ("dropped (no route)", None, None, "", "dropped (no route)", None),
        ("f(x) done", None, None, "", "f(x) done", None),
        ("+", None, None, "+", "", None),
        ("", None, None, "", "", None),
        ("a:1:2:3", "a", 1, "", "2:3", None),
    ],
)
def test_the_parts_of_a_string(
    text: str, file: str | None, line: int | None, direction: str, label: str, arguments: str | None
) -> None:
    hop = Hop.parse(text.encode())
    place = hop.place
    assert (place.file, place.line) == (file, line)
    assert (place.direction, place.label, hop.arguments) == (direction, label, arguments)
    assert hop.text == text


@given(st.binary())
def test_any_bytes_are_a_hop_and_none_are_lost(text: bytes) -> None:
    hop = Hop.parse(text)
    assert encoded(hop.text) == text
    assert decoded(text) == hop.text
    plain(hop.text).encode()
    assert visible(hop.text).isprintable()


@pytest.mark.parametrize(
    ("file", "path", "group"),
    [
        ("/usr/src/sys/netpfil/pf/pf.c", "netpfil/pf/pf.c", "netpfil/pf"),
        ("../../../net/if.c", "net/if.c", "net"),
        ("/home/me/sys/src/sys/dev/x.c", "dev/x.c", "dev"),
        ("net/if.c", "net/if.c", "net"),
        ("if.c", "if.c", ""),
        ("/etc/passwd", "etc/passwd", "etc"),
        ("../../sys/../../etc/passwd", "etc/passwd", "etc"),
    ],
)
def test_the_path_below_sys(file: str, path: str, group: str) -> None:
    place = Place.parse(f"{file}:1: x".encode())
    assert (place.path, place.group) == (path, group)


@pytest.mark.parametrize(
    ("steps", "depths"),
    [
        ("+a +b -b -a", "0 1 1 0"),
        ("+a x -a y", "0 1 0 0"),
        ("-a +b", "0 0"),
        ("+a +b -a +c", "0 1 0 0"),
        ("+a +a -a -a -a", "0 1 1 0 0"),
        ("+a -b x", "0 1 1"),
    ],
)
def test_depth_from_nesting(steps: str, depths: str) -> None:
    made = journey(*steps.split())
    assert made.depths == tuple(map(int, depths.split()))


@pytest.mark.parametrize(
    ("hops", "shown"),
    [
        # pf_test() on the way out knows its interface; what it calls says where it was received.
        ("a:em0 +pf_test:em1 state:em0 rule:em0 -pf_test:em1 b:em0", "em0 em1 em1 em1 em1 em0"),
        # An interface that is new within a function is told: it goes on to the next.
        ("a:em0 +ip_output:em1 +ether_output:lagg0 x:em0", "em0 em1 lagg0 lagg0"),
        ("+ip_output x:em0 y:em1", "None em0 em1"),
        ("+f:em0 -f:em0 a:em1 +g:em0 b:em1", "em0 em0 em1 em0 em0"),
        ("-f:em0 a:em1", "em0 em1"),
    ],
)
def test_the_interface_does_not_flip_inside_a_function(hops: str, shown: str) -> None:
    steps = []
    for word in hops.split():
        text, _, interface = word.partition(":")
        steps.append(Hop.parse(text.encode())._replace(interface=interface or None))
    made = Journey(1, None, tuple(steps))
    assert " ".join(map(str, made.interfaces)) == shown


def test_the_json_of_a_followed_packet() -> None:
    steps = (Hop(Place("tcp_input", "tcp_input", "+", module="kernel"), None, 2500, 1),)
    made = Journey(1, 1000, steps, "path", outcome="dropped: freed by tcp_input+0x12")
    VALIDATOR.validate(made.to_dict())
    assert made.to_dict()["steps"][0]["group"] == "kernel"
    assert str(made) == "#1 no packet bytes, 1 hop, dropped: freed by tcp_input+0x12"


def test_str_is_one_line() -> None:
    assert str(journey("a", "b\n", ipv4(tcp(b"x")))).endswith(" length 1, 2 hops")


def test_it_is_immutable_and_iterable() -> None:
    made = journey("a", b"x")
    assert list(made) == list(made.steps)
    assert len(made) == 2
    with pytest.raises(AttributeError):
        made.number = 3  # type: ignore[misc]


@given(st.lists(st.binary(max_size=20) | edited(), max_size=5))
def test_json_follows_the_schema(notes: list[bytes | tuple[bytes, bytes]]) -> None:
    steps: list[Step] = []
    for note in notes:
        if isinstance(note, bytes):
            steps.append(Hop.parse(note))
        else:
            steps += map(Snapshot, note)
    made = Journey(1, None, tuple(steps), "")
    text = json.dumps(made.to_dict(), ensure_ascii=False)
    text.encode()
    VALIDATOR.validate(json.loads(text))
    assert str(made)


@pytest.mark.parametrize("name", list(PACKETS))
def test_what_a_snapshot_starts_with(name: str) -> None:
    data = PACKETS[name]
    raw = bool(data) and data[0] >> 4 in (4, 6)
    if not data:
        assert Snapshot(data).linktype is LinkType.UNKNOWN
        return
    assert Snapshot(data).linktype is (LinkType.RAW if raw else LinkType.ETHERNET)
    if raw and data[0] >> 4 == 4:
        wrong = data[:10] + bytes([data[10] ^ 1, data[11]]) + data[12:]
        assert Snapshot(wrong).linktype is LinkType.ETHERNET
        # As on FreeBSD's lo0: the interface is to fill it in, and it never is.
        left = data[:10] + bytes(2) + data[12:]
        assert Snapshot(left).linktype is LinkType.RAW
        assert Snapshot(left + b"x").linktype is LinkType.ETHERNET
    if raw:
        assert Snapshot(data[:-1]).linktype is LinkType.ETHERNET
