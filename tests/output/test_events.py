# SPDX-License-Identifier: BSD-2-Clause
"""What an output consists of, as numbers, lines and JSON."""

from __future__ import annotations

from typing import Any

import pytest

from dtkit.oddity import Oddity
from dtkit.output import (
    Annotation,
    Drop,
    Dump,
    Event,
    Fault,
    Firing,
    Message,
    Notice,
    Source,
    Stack,
)
from dtkit.output.events import to_dict

SOURCE = Source(1, 7, "tcp_input", "entry", "fbt:kernel:tcp_input:entry")
WHERE = {
    "cpu": 1,
    "id": 7,
    "function": "tcp_input",
    "name": "entry",
    "probe": "fbt:kernel:tcp_input:entry",
}
NOWHERE = dict.fromkeys(WHERE)
FAULT = Fault(5, 3, 4, "a:b:c:d", "BADADDR", 0x2A, 1, 12)
SAID = {"type": "fault", "epid": 3, "id": 4, "probe": "a:b:c:d", "flag": "BADADDR"}


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Message(5, "x"), {"type": "message", **NOWHERE, "text": "x", "line": 5}),
        (Stack(5, ("f", "g")), {"type": "stack", **NOWHERE, "frames": ("f", "g"), "line": 5}),
        (
            Annotation(5, "mbuf", {"t": "1"}),
            {"type": "annotation", **NOWHERE, "kind": "mbuf", "fields": {"t": "1"}, "line": 5},
        ),
        (FAULT, {**SAID, "illval": "0x2a", "action": 1, "offset": 12, "line": 5}),
        (
            Fault(5, 3, 4, "a:b:c:d", "BADADDR", None, None, None),
            {**SAID, "illval": None, "action": None, "offset": None, "line": 5},
        ),
        (Drop(5, 2, "", 1), {"type": "drop", "count": 2, "kind": "", "cpu": 1, "line": 5}),
        (Notice(5, "x"), {"type": "notice", "text": "x", "line": 5}),
        (Oddity("line", 5, "x", 2), {"type": "oddity", "text": "x", "unread": 2, "line": 5}),
    ],
    ids=["message", "stack", "annotation", "fault", "bare fault", "drop", "notice", "oddity"],
)
def test_events_as_json(event: Event, shown: dict[str, Any]) -> None:
    assert to_dict(event) == shown


def test_parts_of_a_firing_say_where_it_was() -> None:
    assert to_dict(Message(5, "x"), SOURCE) == {
        "type": "message",
        **WHERE,
        "text": "x",
        "line": 5,
    }
    # Of what dtrace(1) says itself, the firing around it tells nothing.
    assert "cpu" not in to_dict(Notice(5, "x"), SOURCE)


@pytest.mark.parametrize("event", [Firing(1, None, ()), Dump(1, b"x")], ids=["firing", "dump"])
def test_what_is_written_as_packets_has_no_form(event: Any) -> None:
    with pytest.raises(TypeError, match=f"^a {type(event).__name__} is written as packets$"):
        to_dict(event)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-5", -5),
        ("010", 10),
        ("0x1F", None),
        ("0x1f", 31),
        ("18446744073709551615", (1 << 64) - 1),
        ("18446744073709551616", None),
        ("-9223372036854775808", -(1 << 63)),
        ("-9223372036854775809", None),
        ("0xffffffffffffffff", (1 << 64) - 1),
        ("0x10000000000000000", None),
        ("", None),
        ("x", None),
        ("5 ", None),
        ("-0x5", None),
    ],
)
def test_numbers_of_annotations(text: str, number: int | None) -> None:
    assert Annotation(1, "mbuf", {"t": text}).number("t") == number
    assert Annotation(1, "mbuf", {"t": text}).number("u") is None


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (FAULT, "fault at a:b:c:d: BADADDR 0x2a in action 1"),
        (
            Fault(5, 3, 4, "a:b:c:d", "DIVZERO", None, None, None),
            "fault at a:b:c:d: DIVZERO in the predicate",
        ),
        (Drop(1, 1, "", None), "dropped 1 record"),
        (Drop(1, 2, "", 0), "dropped 2 records on CPU 0"),
        (Drop(1, 0, "aggregation", None), "dropped 0 aggregations"),
        (Notice(1, "x"), "dtrace: x"),
        (Notice(1, "invalid probe specifier f { }: why: so"), "dtrace: why: so"),
    ],
)
def test_lines_for_people(event: Event, line: str) -> None:
    assert str(event) == line
