# SPDX-License-Identifier: BSD-2-Clause
"""What dtrace(1) prints in front of a firing's own output: to the letter, or it is none."""

from __future__ import annotations

import pytest

from dtkit.output import Source
from dtkit.output.framing import frame, is_heading

PLAIN = Source(0, 19971, "tcp_input", "entry")

FRAMES: dict[str, tuple[str, tuple[Source, str] | None]] = {
    "a frame": ("  0  19971                  tcp_input:entry ", (PLAIN, "")),
    "without its last blank": ("  0  19971                  tcp_input:entry", (PLAIN, "")),
    "and text": ("  0  19971                  tcp_input:entry a  b ", (PLAIN, "a  b ")),
    "BEGIN": (
        "  3      1                           :BEGIN hello",
        (Source(3, 1, "", "BEGIN"), "hello"),
    ),
    "a wide CPU and id": (
        "1234 1234567                          f:entry x",
        (Source(1234, 1234567, "f", "entry"), "x"),
    ),
    "a wide name": (
        "  0      1 a_function_with_quite_a_long_name:entry x",
        (Source(0, 1, "a_function_with_quite_a_long_name", "entry"), "x"),
    ),
    "a name of 32": (
        f"  0      1 {'a' * 26}:entry x",
        (Source(0, 1, "a" * 26, "entry"), "x"),
    ),
    "a name of 32 and a blank too many": (f"  0      1  {'a' * 26}:entry x", None),
    "a blank too few": ("  0  19971                 tcp_input:entry ", None),
    "a zero in front": ("  0  09971                  tcp_input:entry ", None),
    "no id": ("  0                  tcp_input:entry ", None),
    "no name": ("  0  19971                  tcp_input: ", None),
    "text right behind": ("  0  19971                  tcp_input:entry:x ", None),
    "something in front": ("x  0  19971                  tcp_input:entry ", None),
    "an entry": (
        f"  0 {' -> tcp_input':<41} x",
        (Source(0, None, "tcp_input", "entry"), "x"),
    ),
    "a return": (
        f" 12 {'   <- tcp_input':<41} ",
        (Source(12, None, "tcp_input", "return"), ""),
    ),
    "a system call": (f"  0 {'=> read':<41} x", (Source(0, None, "read", "entry"), "x")),
    "its return": (f"  0 {'<= read':<41} x", (Source(0, None, "read", "return"), "x")),
    "another probe": (
        f"  0 {' | ip_input:receive':<41} x",
        (Source(0, None, "ip_input", "receive"), "x"),
    ),
    "its last blanks are cut": ("  0  -> tcp_input", (Source(0, None, "tcp_input", "entry"), "")),
    "a wide one": (f"  0  -> {'f' * 60} x", (Source(0, None, "f" * 60, "entry"), "x")),
    "an arrow with a name": (f"  0 {' -> tcp_input:entry':<41} x", None),
    "a bar without one": (f"  0 {' | tcp_input':<41} x", None),
    "a short field": (f"  0 {' -> tcp_input':<30} x", None),
    "an unknown arrow": (f"  0 {' ~> tcp_input':<41} x", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("line", "found"), FRAMES.values(), ids=FRAMES)
def test_frames(line: str, found: tuple[Source, str] | None) -> None:
    assert frame(line) == found


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("CPU     ID                    FUNCTION:NAME", True),
        ("CPU     ID                    FUNCTION:NAME  ", True),
        ("CPU FUNCTION                                 ", True),
        ("CPU FUNCTION", True),
        ("CPU     ID                   FUNCTION:NAME", False),
        ("CPU", False),
        ("CPU     ID                    FUNCTION:NAME x", False),
        (" CPU FUNCTION", False),
    ],
)
def test_headings(line: str, heading: bool) -> None:
    assert is_heading(line) is heading
