# SPDX-License-Identifier: BSD-2-Clause
"""What one is given is told by its lines, however it comes in pieces."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest

from dtkit.oddity import Oddity
from dtkit.output import Dump, Event, Firing, Message, read_output
from dtkit.output.lines import LONGEST
from tests.output.dtrace_text import HEADING, dump, framed

DATA = bytes(range(20))
TEXT = framed(0, 7, "f", "entry", dump(DATA))
JSON = (
    '{"dtrace": {"probes": [{"timestamp": 9, "cpu": 0, "id": 7, "provider": "fbt", "module": "k", '
    '"function": "f", "name": "entry", "output": [{"tracemem": "0x' + DATA.hex() + '"}]}]}}\n'
)
HEX = "00000000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................\n00000010: 1011 1213\n"
XML = "<dtrace><probes>\n<probe/>\n</probes></dtrace>\n"


class Pieces(io.RawIOBase):
    """A stream that comes in pieces of some size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size, self._at = data, size, 0

    def read(self, size: int = -1) -> bytes:
        self._at += self._size
        return self._data[self._at - self._size : self._at]


def read(data: bytes, size: int = 1 << 20) -> list[Event]:
    return list(read_output(cast("BinaryIO", Pieces(data, size))))


def dumps(events: list[Event]) -> list[tuple[int, bytes]]:
    """The dumps, and the lines of their firings."""
    return [
        (event.line, part.data)
        for event in events
        if isinstance(event, Firing)
        for part in event.parts
        if isinstance(part, Dump)
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 1 << 20])
@pytest.mark.parametrize(
    ("text", "line"),
    [
        (TEXT, 1),
        (JSON, 1),
        (HEX, 1),
        ("\n\n" + TEXT, 3),
        ("\n\n" + JSON, 3),
        ("words\n" + JSON, 2),
        ("# words\n\n" + HEX, 3),
        ("words\nmore of them\n" + TEXT, 3),
    ],
    ids=[
        *("text", "JSON", "a hexdump", "text below", "JSON below"),
        *("JSON behind words", "a hexdump behind words", "text behind words"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_whatever_it_is_it_is_read(text: str, line: int, encoding: str, size: int) -> None:
    events = read(text.encode(encoding), size)
    assert dumps(events) == [(line, DATA)]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize(
    ("front", "line", "lines"), [("", 1, 3), ("a\nb\n", 3, 3)], ids=["alone", "behind words"]
)
def test_xml_is_named_and_what_is_read_instead(
    front: str, line: int, lines: int, size: int
) -> None:
    events = read((front + XML).encode(), size)
    odd = [one for one in events if isinstance(one, Oddity)]
    what = f"{lines} lines of XML of dtrace(1), which is not read: -x oformat=json is"
    assert odd[-1] == Oddity("line", line, what, lines)
    one = read(b"<dtrace><probes>\n")
    assert one == [Oddity("line", 1, what.replace("3 lines", "1 line"), 1)]


@pytest.mark.parametrize(
    ("above", "unread"),
    [("a\n", 0), ("a\n" * 4, 0), ("a\n" * 5, 1), ("a\n" * 7, 3), ("a\n\n", 1), ("a\n\nb\n", 1)],
    ids=["a line", "four", "five", "seven", "an empty line", "an empty line between"],
)
def test_what_a_program_says_right_above_a_hexdump_is_of_it(above: str, unread: int) -> None:
    events = read((above + HEX).encode())
    assert [one.text for one in events if isinstance(one, Message)] == above.split()
    assert sum(one.unread for one in events if isinstance(one, Oddity)) == unread
    assert dumps(events) == [(above.count("\n") + 1, DATA)]


def test_a_line_that_is_too_long_is_text_at_once() -> None:
    events = read(b"x" * (LONGEST + 5) + b"\n" + TEXT.encode(), 1000)
    assert [one.text for one in events if isinstance(one, Oddity)] == [
        f"a line of {LONGEST + 5} bytes is too long to keep"
    ]
    assert dumps(events) == [(2, DATA)]


def test_a_line_among_hexdumps_that_is_too_long_is_one_that_was_not_read() -> None:
    events = read(HEX.encode() + b"x" * (3 * LONGEST) + b"\n" + HEX.encode(), 1000)
    (odd,) = [one for one in events if isinstance(one, Oddity)]
    assert (odd.unit, odd.number, odd.unread) == ("line", HEX.count("\n") + 1, 1)
    assert odd.text == f"a line of {3 * LONGEST} bytes is too long to keep"


def test_utf16_that_is_damaged_is_read_as_far_as_it_is() -> None:
    data = TEXT.encode("utf-16")
    assert dumps(read(data[:-3] + b"\x00\xd8")) == [(1, DATA)]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize(
    "undo",
    [lambda text: text, lambda text: text.replace("  0      7", "0      7")],
    ids=["", "cut"],
)
def test_behind_a_quoted_heading_a_frame_tells_what_else_was_done(
    undo: Callable[[str], str], size: int
) -> None:
    """A heading alone does not tell whether the blanks that lines begin with were cut."""
    text = HEADING + undo(TEXT) + undo(TEXT)
    quoted = "".join(f"> {line}\n" for line in text.splitlines())
    events = read(quoted.encode(), size)
    assert dumps(events) == [(2, DATA), (7, DATA)]
    assert [type(one) for one in events] == [Firing, Firing]
    assert read(f"> {HEADING}".encode(), size) == []
